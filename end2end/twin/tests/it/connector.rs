use serde_json::{Value, json};
use twin::{CartLine, Twin, TwinOptions, Visit, WalkError, demo_items};
use uuid::Uuid;

use crate::support::FakeStoreside;

async fn start() -> (Twin, FakeStoreside) {
    let twin = Twin::start(TwinOptions { tries_max: 3, ..TwinOptions::for_tests() }).await.unwrap();
    let fake = FakeStoreside::beside(&twin).await;
    (twin, fake)
}

fn without(mut body: Value, fields: &[&str]) -> Value {
    for field in fields {
        body.as_object_mut().unwrap().remove(*field);
    }
    body
}

#[tokio::test]
async fn a_tap_sends_the_shopper_authorization_of_the_contract() {
    let (twin, fake) = start().await;
    let tap = twin.tap("visa").await.unwrap();
    let (path, headers, body) = fake.received.lock().unwrap()[0].clone();
    assert_eq!(path, "/v1/fraudandabuse/shopperauthorization");
    assert!(headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential=AKIDAMAZONDEMO/"));
    let at = body["shopperInteraction"]["gateAuthenticationEvent"]["timestamp"].clone();
    assert!(at.as_str().unwrap().ends_with('Z') && !at.as_str().unwrap().contains('.'), "{at}");
    let want = json!({
        "storeId": "TEST_STORE_001",
        "shopperIdentity": { "id": "shopper-visa-0001" },
        "authorizedAmount": { "value": "50.00".parse::<serde_json::Number>().unwrap(), "currencyCode": "USD" },
        "shopperInteraction": {
            "shoppingTripId": tap.trip,
            "gateAuthenticationEvent": {
                "id": tap.gate_event,
                "type": "CREDIT_CARD",
                "interactionType": "TAP",
                "timestamp": at,
                "location": "ENTRY"
            },
            "recommendation": { "shopperAuthorized": true, "authorizationConditions": [], "shopperRisks": [] }
        }
    });
    assert_eq!(body, want);
}

#[tokio::test]
async fn the_kind_of_card_shows_at_the_gate() {
    let (twin, fake) = start().await;
    for card in ["expired", "invalid", "amazon-one", "wallet"] {
        twin.tap(card).await.unwrap();
    }
    let seen: Vec<Value> = fake.bodies().into_iter().map(|mut body| body["shopperInteraction"].take()).collect();
    assert_eq!(seen[0]["recommendation"]["shopperRisks"], json!(["ExpiredCard"]));
    assert_eq!(seen[0]["recommendation"]["shopperAuthorized"], json!(false));
    assert_eq!(seen[1]["recommendation"]["shopperRisks"], json!(["InvalidCard"]));
    assert_eq!(seen[2]["gateAuthenticationEvent"]["type"], "AMAZON_ONE");
    assert_eq!(seen[3]["gateAuthenticationEvent"]["type"], "MOBILE_WALLET");
    assert_eq!(seen[3]["gateAuthenticationEvent"]["interactionType"], Value::Null);
}

#[tokio::test]
async fn a_cart_is_the_create_purchases_of_the_contract() {
    let (twin, fake) = start().await;
    let tap = twin.tap("visa").await.unwrap();
    let lines = [CartLine::units("SKU-001", "2.0"), CartLine::pounds("SKU-006", "1.5")];
    let cart = twin.send_cart(&tap, &lines).await.unwrap();
    assert_eq!((cart.answer.status, cart.purchase_id()), (201, Some("purchase-1")));
    let body = fake.bodies().remove(1);
    Uuid::parse_str(body["requestId"].as_str().unwrap()).unwrap();
    let trip = &body["shoppingTrip"];
    assert_eq!(trip["authEvents"][0]["id"], json!(tap.gate_event));
    assert_eq!(trip["authEvents"][0]["payloadType"], "FINANCIAL");
    assert_eq!(trip["authEvents"][0]["location"], "ENTRY");
    assert_eq!(body["idempotentShoppingTripId"], json!(tap.trip));
    let items = json!([
        { "id": "SKU-001", "type": "SKU", "quantity": { "value": "2.0", "unit": "unit" }, "lineItemId": "line-1" },
        { "id": "SKU-006", "type": "SKU", "quantity": { "value": "1.5", "unit": "lb" }, "lineItemId": "line-2" }
    ]);
    assert_eq!(body["cartItems"], items);
}

#[tokio::test]
async fn a_condition_in_the_answer_changes_the_hold() {
    let (twin, fake) = start().await;
    let amount = json!({ "value": 25.5, "currencyCode": "USD" });
    let conditions = json!([{ "type": "ADJUST", "amount": amount }]);
    fake.will_answer(200, json!({ "shopperAuthorized": true, "authorizationConditions": conditions }));
    let tap = twin.tap("visa").await.unwrap();
    assert_eq!((tap.hold_minor, twin.truth().trip(tap.trip).hold_minor), (2550, 2550));
}

#[tokio::test]
async fn a_denied_shopper_has_no_trip_for_the_payment_apis() {
    let (twin, fake) = start().await;
    fake.will_answer(200, json!({ "shopperAuthorized": false, "shopperRisks": ["BadDebt"] }));
    let walk = twin.walk("visa", &demo_items(3)).await.unwrap();
    assert!(!walk.admitted && walk.cart.is_none());
    assert_eq!(fake.bodies().len(), 1, "no cart is sent");
    assert_eq!(twin.truth().trip(walk.trip).hold_minor, 0);
    let unknown = crate::support::post(&twin, crate::support::CANCEL, &crate::support::trip(walk.trip)).await;
    assert_eq!(unknown.error().1, "UnknownShoppingTrip");
}

#[tokio::test]
async fn a_failing_storeside_is_tried_again_for_the_same_trip_with_a_new_request_id() {
    let (twin, fake) = start().await;
    let tap = twin.tap("visa").await.unwrap();
    fake.will_answer(500, json!({}));
    fake.will_answer(429, json!({}));
    let cart = twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    assert_eq!((cart.answer.status, cart.answer.tries), (201, 3));
    let sent = fake.bodies().split_off(1);
    let same: Vec<_> = sent.iter().map(|body| without(body.clone(), &["requestId"])).collect();
    assert!(same.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(sent.windows(2).all(|pair| pair[0]["requestId"] != pair[1]["requestId"]));
}

#[tokio::test]
async fn tries_are_bounded_and_a_refusal_is_not_tried_again() {
    let (twin, fake) = start().await;
    let tap = twin.tap("visa").await.unwrap();
    for _ in 0..3 {
        fake.will_answer(503, json!({}));
    }
    assert_eq!(twin.send_cart(&tap, &[]).await.unwrap().answer.status, 503);
    fake.will_answer(400, json!({ "message": "cartItems" }));
    let refused = twin.send_cart(&tap, &[]).await.unwrap();
    assert_eq!((refused.answer.status, refused.answer.tries), (400, 1));
}

#[tokio::test]
async fn a_repeated_tap_and_a_repeated_cart_are_the_very_same_request() {
    let (twin, fake) = start().await;
    let tap = twin.tap("visa").await.unwrap();
    twin.repeat_tap(&tap).await.unwrap();
    let cart = twin.send_cart(&tap, &demo_items(2)).await.unwrap();
    twin.repeat_cart(&cart).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[2], bodies[3]);
    assert_eq!(twin.truth().trips.len(), 1);
}

#[tokio::test]
async fn what_stops_a_walk_is_named() {
    let twin = Twin::start(TwinOptions { tries_max: 2, ..TwinOptions::for_tests() }).await.unwrap();
    assert!(matches!(twin.tap("gold").await, Err(WalkError::UnknownCard(card)) if card == "gold"));
    assert!(matches!(twin.tap("visa").await, Err(WalkError::NoStoreside)));
    twin.point_at("not an address");
    assert!(matches!(twin.tap("visa").await, Err(WalkError::BadAddress(_))));
    // Port 1 of loopback: nobody listens there.
    twin.point_at("http://127.0.0.1:1");
    assert!(matches!(twin.tap("visa").await, Err(WalkError::Unreachable { tries: 2, .. })));
}

#[tokio::test]
async fn a_visit_may_be_to_another_store_with_another_hold() {
    let (twin, fake) = start().await;
    let tap = twin.tap(Visit::of("visa").in_store("SECOND_STORE").holding_minor(7000)).await.unwrap();
    assert_eq!(fake.bodies()[0]["storeId"], "SECOND_STORE");
    assert_eq!(fake.bodies()[0]["authorizedAmount"]["value"].to_string(), "70.00");
    assert_eq!(twin.truth().trip(tap.trip).hold_minor, 7000);
}
