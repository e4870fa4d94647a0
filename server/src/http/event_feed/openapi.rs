//! What the event feed takes and answers, described by OpenAPI.

use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi as _};

use super::KEY_HEADER;

#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    paths(super::post_event),
    tags((name = "EventBridge", description = "What becomes of payments, as Amazon's event feed tells it.")),
    modifiers(&Sender)
)]
struct Described;

/// The event feed.
#[must_use]
pub fn describe() -> OpenApi {
    Described::openapi()
}

/// How the sender shows who it is.
#[derive(Debug)]
struct Sender;

impl Modify for Sender {
    fn modify(&self, description: &mut OpenApi) {
        let key = ApiKeyValue::with_description(KEY_HEADER, "The key of the API destination's connection.");
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("eventKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}
