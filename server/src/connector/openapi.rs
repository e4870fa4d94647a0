//! What the connectors take and answer, described by OpenAPI from the types that read and write it.
//!
//! The description says what is really taken: where a text may be empty, it says so.

use utoipa::openapi::schema::{AnyOf, Array, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{KnownFormat, OpenApi, SchemaFormat};
use utoipa::{Modify, OpenApi as _};

use super::caller::{ARN_HEADER, SECRET_HEADER};
use domain::cart::QUANTITY_CHARS_MAX;
use domain::id::ID_CHARS_MAX;

/// A number without a sign, as texts write it.
const DIGITS: &str = "^[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$";

#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    paths(super::post_shopper_authorization, super::post_purchases),
    tags((name = "Amazon", description = "What Amazon calls while a shopper is in the store.")),
    modifiers(&Callers)
)]
struct Described;

/// Both connectors.
#[must_use]
pub fn describe() -> OpenApi {
    Described::openapi()
}

/// How callers show who they are.
#[derive(Debug)]
struct Callers;

impl Modify for Callers {
    fn modify(&self, description: &mut OpenApi) {
        let header =
            |name: &str, told: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, told)));
        let components = description.components.get_or_insert_default();
        for (name, scheme) in [
            ("gatewaySecret", header(SECRET_HEADER, "What the API gateway in front and we share.")),
            ("gatewayCaller", header(ARN_HEADER, "The ARN of the caller that the gateway has authenticated.")),
            ("signature", header("authorization", "AWS Signature Version 4 of a caller whose key we hold.")),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn text_or_null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

/// One of these.
pub(super) fn words(words: impl IntoIterator<Item = &'static str>) -> Schema {
    text().enum_values(Some(words)).into()
}

/// One of these, or nothing.
pub(super) fn optional_words(words: impl IntoIterator<Item = &'static str>) -> Schema {
    let words = words.into_iter().chain([""]).map(serde_json::Value::from).chain([serde_json::Value::Null]);
    text_or_null().enum_values(Some(words)).into()
}

/// A time, or nothing.
pub(super) fn optional_time() -> Schema {
    let time = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    any_of([time.build(), text_or_null().max_length(Some(0)).build()])
}

/// Texts, or nothing.
pub(super) fn optional_texts() -> Schema {
    let each: Object = text().min_length(Some(1)).max_length(Some(ID_CHARS_MAX)).build();
    let some: Array =
        ArrayBuilder::new().schema_type(SchemaType::from_iter([Type::Array, Type::Null])).items(each).build();
    Schema::Array(some)
}

/// How much of an article.
pub(super) fn quantity() -> Schema {
    any_of([text().max_length(Some(QUANTITY_CHARS_MAX)).pattern(Some(DIGITS)).build(), number().build()])
}

/// Any number, as a number or as a text, or nothing.
pub(super) fn optional_number() -> Schema {
    let number = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Number, Type::Null])).build();
    let signed = format!("^-?{}", DIGITS.trim_start_matches('^'));
    any_of([text().pattern(Some(signed)).build(), number])
}

/// An amount of money.
pub(super) fn money() -> Schema {
    number().into()
}

fn number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0))
}

fn any_of(either: [Object; 2]) -> Schema {
    Schema::AnyOf(AnyOf { items: either.map(|it| Schema::Object(it).into()).into(), ..AnyOf::default() })
}
