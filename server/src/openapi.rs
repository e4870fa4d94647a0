//! Everything that machines call, described by OpenAPI 3.1: at `/openapi.json` for programs, at `/openapi` for people, in
//! `server/openapi.json` for whoever reads the code. All three are generated from the types that read and write what is sent.

mod page;

use std::sync::LazyLock;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use serde_json::Value;
use utoipa::openapi::{ContactBuilder, Info, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::connector;
use crate::http::{event_feed, health};

/// For people: how everything hangs together.
const ABOUT: &str = "What a Just Walk Out store's retailer hosts: the two connectors that Amazon calls, the event feed that \
    EventBridge delivers, and two questions for load balancers. Fields that are not named are ignored; numbers are read digit by \
    digit; every refusal says what is wrong.";

/// The whole description.
#[must_use]
pub fn describe() -> OpenApi {
    let mut whole = OpenApiBuilder::new().info(info()).build();
    for part in [connector::openapi::describe(), event_feed::openapi::describe(), health::describe()] {
        whole.merge(part);
    }
    whole
}

fn info() -> Info {
    let contact = ContactBuilder::new().name(Some("Storeside")).build();
    InfoBuilder::new().title("Storeside").version("1").description(Some(ABOUT)).contact(Some(contact)).build()
}

/// The description as it is kept in the repository, without the line break at its end.
///
/// # Errors
///
/// When it has no JSON form, which a test would have found.
pub fn text() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&describe())
}

/// `GET /openapi.json` and `GET /openapi`. Both say nothing that is not in Amazon's own pages.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    static TEXT: LazyLock<String> = LazyLock::new(|| text().unwrap_or_default());
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let description: Value = serde_json::from_str(&TEXT).unwrap_or_default();
        page::render(&description)
    });
    let json = [(header::CONTENT_TYPE, "application/json"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let html = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ];
    Router::new()
        .route("/openapi.json", get(async move || (json, TEXT.as_str()).into_response()))
        .route("/openapi", get(async move || (html, PAGE.as_str()).into_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_in_the_repository_is_what_the_types_say() {
        let kept = include_str!("../openapi.json");
        assert!(kept.trim_end() == text().unwrap(), "run: storeside openapi > server/openapi.json");
    }

    #[test]
    fn everything_that_is_called_is_described_and_every_refusal_of_it() {
        let description = serde_json::to_value(describe()).unwrap();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
        let answers = |path: &str, method: &str| {
            let answers = description["paths"][path][method]["responses"].as_object();
            answers.unwrap_or_else(|| panic!("{path}")).keys().cloned().collect::<Vec<_>>().join(" ")
        };
        let described = [
            ("/v1/fraudandabuse/shopperauthorization", "post", "200 400 401 404 408 413 429 503"),
            ("/v1/order/purchases", "post", "201 400 401 408 413 429 503"),
            ("/v1/events", "post", "200 400 401 408 413 429 503"),
            ("/health/live", "get", "200"),
            ("/health/ready", "get", "200 503"),
        ];
        for (path, method, statuses) in described {
            assert_eq!(answers(path, method), statuses, "{path}");
        }
        assert_eq!(description["paths"].as_object().unwrap().len(), described.len());
    }

    #[test]
    fn the_samples_are_taken_by_the_types_that_they_describe() {
        let description = serde_json::to_value(describe()).unwrap();
        let sample = |name: &str| description["components"]["schemas"][name]["example"].to_string();
        crate::connector::shopper_authorization::parse(sample("ShopperAuthorizationRequest").as_bytes()).unwrap();
        crate::connector::create_purchases::parse(sample("CreatePurchasesRequest").as_bytes()).unwrap();
    }
}
