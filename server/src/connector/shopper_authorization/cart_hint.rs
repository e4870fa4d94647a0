//! What the shopper is thought to carry already. Checked and not kept: no rule reads it, the cart itself comes later.

use domain::id::ID_CHARS_MAX;
use serde::Deserialize;
use utoipa::ToSchema;

use super::amount::{Amount, money};
use crate::connector::field::{self, Digits, Fields};
use crate::connector::openapi;

/// What the shopper is thought to carry already.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CartHint {
    #[serde(default, deserialize_with = "field::object")]
    total_price: Option<Amount>,
    #[serde(default, deserialize_with = "field::objects")]
    items: Option<Vec<Item>>,
}

/// One line of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CartHintItem)]
struct Item {
    #[schema(max_length = 255)]
    id: Option<String>,
    #[schema(max_length = 255)]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "field::object")]
    unit_price: Option<Amount>,
    #[serde(default, deserialize_with = "field::object")]
    quantity: Option<Quantity>,
    #[serde(default, deserialize_with = "field::objects")]
    external_identifiers: Option<Vec<Identifier>>,
}

/// How much of it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CartHintQuantity)]
struct Quantity {
    /// A number here, a string in Create Purchases; both are taken.
    #[schema(schema_with = openapi::optional_number)]
    value: Option<Digits>,
    #[schema(max_length = 255)]
    unit: Option<String>,
}

/// A number that is printed on the article.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CartHintIdentifier)]
struct Identifier {
    #[schema(max_length = 255)]
    id: Option<String>,
    /// Named `type` in Create Purchases.
    #[schema(max_length = 255)]
    external_identifier_type: Option<String>,
}

/// Notes what cannot be read. Nothing of it is required.
pub(super) fn check(fields: &mut Fields<'_>, hint: &CartHint) {
    if let Some(total) = &hint.total_price {
        money(&mut fields.inside("totalPrice"), total);
    }
    for (index, item) in hint.items.iter().flatten().enumerate() {
        check_item(&mut fields.item("items", index), item);
    }
}

fn check_item(fields: &mut Fields<'_>, item: &Item) {
    let text = |text: &str| field::short_text(text, ID_CHARS_MAX);
    fields.optional_text("id", &item.id, text);
    fields.optional_text("type", &item.r#type, text);
    if let Some(price) = &item.unit_price {
        money(&mut fields.inside("unitPrice"), price);
    }
    if let Some(quantity) = &item.quantity {
        let mut fields = fields.inside("quantity");
        if let Some(Digits::Number(digits) | Digits::Text(digits)) = &quantity.value
            && field::decimal(digits).is_none()
        {
            fields.refuse("value", "must be a decimal number, like 1.0");
        }
        fields.optional_text("unit", &quantity.unit, text);
    }
    for (index, identifier) in item.external_identifiers.iter().flatten().enumerate() {
        let mut fields = fields.item("externalIdentifiers", index);
        fields.optional_text("id", &identifier.id, text);
        fields.optional_text("externalIdentifierType", &identifier.external_identifier_type, text);
    }
}
