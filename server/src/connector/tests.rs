//! What a caller hears before any row is touched: the database of these tests is never there.

use axum::body::{Body, to_bytes};
use http::Request;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use tower::ServiceExt;

use super::caller::tests::{callers, signed};
use super::*;
use crate::standing::journal::Journal;

const GATE: &str = "/v1/fraudandabuse/shopperauthorization";
const PURCHASES: &str = "/v1/order/purchases";

struct Heard {
    status: StatusCode,
    retry_after: Option<String>,
    body: Value,
}

async fn hear(request: Request<Bytes>) -> Heard {
    let (callers, _file) = callers();
    let database = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(20))
        .connect_lazy("postgres://nobody@127.0.0.1:1/nowhere")
        .unwrap();
    let folder = std::env::temp_dir().join(format!("storeside-connector-{}", uuid::Uuid::new_v4()));
    let journal = Journal::open(&folder).unwrap();
    let gate = Arc::new(Gate::new(database.clone(), journal, Duration::from_millis(60)));
    let state = ConnectorState { database, gate, callers: Arc::new(callers), clock: Clock::System };
    let response = routes::<()>(state).oneshot(request.map(Body::from)).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let status = response.status();
    let retry_after = response.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
    Heard { status, retry_after, body: serde_json::from_slice(&body).unwrap_or_default() }
}

#[tokio::test]
async fn who_is_not_admitted_hears_one_and_the_same() {
    for path in [GATE, PURCHASES] {
        let unsigned = Request::post(path).body(Bytes::from_static(b"{}")).unwrap();
        let mut altered = signed(path, b"{}");
        *altered.body_mut() = Bytes::from_static(b"{ }");
        let guessed = Request::post(path).header(caller::SECRET_HEADER, "guess").body(Bytes::new()).unwrap();
        for request in [unsigned, altered, guessed] {
            let heard = hear(request).await;
            assert_eq!(heard.status, StatusCode::UNAUTHORIZED);
            assert_eq!(heard.body, json!({ "errorMsg": "Authorization declined" }));
        }
    }
}

#[tokio::test]
async fn a_bad_request_names_its_fields() {
    let heard = hear(signed(PURCHASES, b"{}")).await;
    assert_eq!(heard.status, StatusCode::BAD_REQUEST);
    assert_eq!(heard.body["errorMsg"], "BadRequestException: requestId is required");
    assert_eq!(heard.body["field"], "requestId");
    assert_eq!(heard.body["fields"].as_array().unwrap().len(), 5);

    let heard = hear(signed(GATE, br#"{"storeId":1}"#)).await;
    assert_eq!(heard.status, StatusCode::BAD_REQUEST);
    assert_eq!(heard.body["errorMsg"], "BadRequestException: storeId has the wrong JSON type");
    assert_eq!(heard.body["field"], "storeId");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_anything_else() {
    let heard = hear(signed(PURCHASES, &vec![b' '; BODY_BYTES_MAX + 1])).await;
    assert_eq!(heard.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(heard.body["field"], "body");
    let heard = hear(signed(PURCHASES, &vec![b' '; BODY_BYTES_MAX])).await;
    assert_eq!(heard.status, StatusCode::BAD_REQUEST, "a body at the limit is read");
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    for path in [GATE, PURCHASES] {
        let heard = hear(Request::get(path).body(Bytes::new()).unwrap()).await;
        assert_eq!(heard.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn without_the_database_a_caller_is_asked_to_come_again() {
    let gate = json!({
        "storeId": "TEST_STORE_001",
        "shopperIdentity": { "id": "instrument-1" },
        "authorizedAmount": { "value": 50.00, "currencyCode": "USD" },
        "shopperInteraction": { "gateAuthenticationEvent": {
            "id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "type": "CREDIT_CARD",
            "timestamp": "2024-03-22T17:00:00Z",
            "location": "ENTRY"
        } }
    });
    let cart = json!({
        "requestId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "idempotentShoppingTripId": "11111111-2222-3333-4444-555555555555",
        "storeId": "TEST_STORE_001",
        "shoppingTrip": {
            "startTime": "2024-03-22T17:00:00Z",
            "endTime": "2024-03-22T17:09:39Z",
            "authEvents": [{ "id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "payloadType": "FINANCIAL" }]
        },
        "cartItems": []
    });
    for (path, body) in [(GATE, gate), (PURCHASES, cart)] {
        let heard = hear(signed(path, body.to_string().as_bytes())).await;
        assert_eq!(heard.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(heard.retry_after.as_deref(), Some("1"));
        assert_eq!(heard.body, json!({ "errorMsg": "ServiceUnavailableException", "retryAfter": "1" }));
    }
}

mod fuzz {
    use proptest::prelude::*;

    use super::super::{create_purchases, shopper_authorization};

    /// Texts that look like JSON, of words that mean something.
    fn any_body() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            prop::sample::select(
                &[
                    "{",
                    "}",
                    "[",
                    "]",
                    ":",
                    ",",
                    "\"storeId\"",
                    "\"cartItems\"",
                    "\"quantity\"",
                    "\"value\"",
                    "\"shoppingTrip\"",
                    "\"shopperInteraction\"",
                    "\"recommendation\"",
                    "\"authorizationConditions\"",
                    "\"ADJUST\"",
                    "1e400",
                    "-0",
                    "null",
                    "\"\\ud800\"",
                    "\"\\u0000\"",
                    "true",
                    "{\"amount\":",
                ][..]
            )
            .prop_map(str::to_owned),
            "[ -~]{0,6}",
        ];
        let words = prop::collection::vec(word, 0..40).prop_map(|it| it.concat().into_bytes());
        prop_oneof![3 => words, 1 => prop::collection::vec(any::<u8>(), 0..200)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sec_003_any_bytes_are_read_or_refused_by_name(body in any_body()) {
            let refused = [shopper_authorization::parse(&body).err(), create_purchases::parse(&body).err()];
            for problems in refused.into_iter().flatten() {
                prop_assert!(!problems.all().is_empty() && problems.all().iter().all(|it| !it.field.is_empty()));
            }
        }
    }
}
