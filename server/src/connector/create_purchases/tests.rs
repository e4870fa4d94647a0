use serde_json::{Value, json};
use time::macros::datetime;

use super::*;

fn sample() -> Value {
    json!({
        "requestId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "idempotentShoppingTripId": "11111111-2222-3333-4444-555555555555",
        "storeId": "TEST_STORE_001",
        "shoppingTrip": {
            "startTime": "2024-03-22T17:00:00Z",
            "endTime": "2024-03-22T17:09:39Z",
            "authEvents": [{
                "id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                "timestamp": "2024-03-22T17:00:00Z",
                "location": "ENTRY",
                "payloadType": "FINANCIAL",
                "scanResult": { "id": "shopper-001", "type": "SHOPPER" }
            }]
        },
        "cartItems": [{
            "id": "SKU-001",
            "type": "SKU",
            "quantity": { "value": "1.0", "unit": "unit" },
            "externalIdentifiers": [{ "id": "012345678905", "type": "UPC" }],
            "lineItemId": "line-1"
        }],
        "shopperIdentity": { "id": "instrument-1" },
        "shopperDeviceId": "device-1",
        "paymentSource": { "id": "source-1" }
    })
}

const TRIP: &str = "/shoppingTrip";
const EVENT: &str = "/shoppingTrip/authEvents/0";
const ITEM: &str = "/cartItems/0";

/// `pointer` as a path in a problem: `/cartItems/0/id` is `cartItems[0].id`.
fn path(pointer: &str) -> String {
    pointer[1..].replace("/0", "[0]").replace('/', ".")
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = sample();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    body
}

fn without(pointer: &str) -> Value {
    let mut body = sample();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    body
}

fn cart(body: &Value) -> CartReceived {
    parse(body.to_string().as_bytes()).unwrap()
}

fn problems(body: &Value) -> Vec<String> {
    let told = parse(body.to_string().as_bytes()).unwrap_err();
    told.all().iter().map(|it| format!("{} {}", it.field, it.problem)).collect()
}

#[test]
fn a_whole_request_becomes_a_cart() {
    let expected = CartReceived {
        request_id: "a1b2c3d4-e5f6-7890-abcd-ef1234567890".parse().unwrap(),
        trip: TripId::new("11111111-2222-3333-4444-555555555555").unwrap(),
        store: StoreId::new("TEST_STORE_001").unwrap(),
        started_at: datetime!(2024-03-22 17:00:00 UTC),
        ended_at: datetime!(2024-03-22 17:09:39 UTC),
        auth_events: vec![AuthEvent {
            id: GateEventId::new("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee").unwrap(),
            at: Some(datetime!(2024-03-22 17:00:00 UTC)),
            location: Some("ENTRY".to_owned()),
            payload_kind: PayloadKind::Financial,
            scan: Some(Scan { id: "shopper-001".to_owned(), kind: "SHOPPER".to_owned() }),
        }],
        cart: Cart {
            items: vec![CartItem {
                id: "SKU-001".to_owned(),
                kind: CartItemKind::Sku,
                quantity: Quantity { value: Decimal::ONE, unit: "unit".to_owned() },
                external_identifiers: vec![ExternalIdentifier {
                    kind: IdentifierKind::Upc,
                    id: "012345678905".to_owned(),
                }],
                line_item_id: Some("line-1".to_owned()),
            }],
        },
        instrument: Some(InstrumentId::new("instrument-1").unwrap()),
        device: Some("device-1".to_owned()),
        payment_source: Some("source-1".to_owned()),
    };
    assert_eq!(cart(&sample()), expected);
}

#[test]
fn what_is_optional_may_be_missing_or_null() {
    let optional = [
        "/shopperIdentity",
        "/shopperIdentity/id",
        "/shopperDeviceId",
        "/paymentSource",
        "/paymentSource/id",
        &format!("{EVENT}/timestamp"),
        &format!("{EVENT}/location"),
        &format!("{EVENT}/scanResult"),
        &format!("{ITEM}/externalIdentifiers"),
        &format!("{ITEM}/lineItemId"),
    ];
    for pointer in optional {
        cart(&without(pointer));
        cart(&with(pointer, Value::Null));
    }
    for pointer in ["/shopperIdentity/id", "/shopperDeviceId", "/paymentSource/id", &format!("{ITEM}/lineItemId")] {
        assert_eq!(cart(&with(pointer, json!(""))), cart(&without(pointer)), "{pointer} is empty");
    }
}

#[test]
fn fields_we_do_not_know_are_ignored() {
    for parent in
        ["", TRIP, EVENT, ITEM, "/cartItems/0/quantity", "/cartItems/0/externalIdentifiers/0", "/paymentSource"]
    {
        let extended = with(&format!("{parent}/newFutureField"), json!("value"));
        assert_eq!(cart(&extended), cart(&sample()), "{parent}");
    }
}

#[test]
fn an_empty_cart_is_a_cart() {
    assert_eq!(cart(&with("/cartItems", json!([]))).cart, Cart::default());
}

#[test]
fn a_group_has_several_auth_events() {
    let event = |id: &str, kind: &str| json!({ "id": id, "payloadType": kind });
    let ids = ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "AAAAAAAA-bbbb-cccc-dddd-ffffffffffff"];
    let group = json!([event(ids[0], "FINANCIAL"), event(ids[1], "SCAN_CODE")]);
    let events = cart(&with(&format!("{TRIP}/authEvents"), group)).auth_events;
    let found: Vec<_> = events.iter().map(|it| (it.id.as_str(), it.payload_kind)).collect();
    assert_eq!(found, [(ids[0], PayloadKind::Financial), (ids[1], PayloadKind::ScanCode)]);
}

#[test]
fn every_closed_word_is_known() {
    for (word, kind) in ITEM_KINDS {
        assert_eq!(cart(&with(&format!("{ITEM}/type"), json!(word))).cart.items[0].kind, kind);
    }
    for (word, kind) in IDENTIFIER_KINDS {
        let items = cart(&with(&format!("{ITEM}/externalIdentifiers/0/type"), json!(word))).cart.items;
        assert_eq!(items[0].external_identifiers[0].kind, kind);
    }
    for location in ["ENTRY", "EXIT", "MANUAL_IN_STORE"] {
        let events = cart(&with(&format!("{EVENT}/location"), json!(location))).auth_events;
        assert_eq!(events[0].location.as_deref(), Some(location));
    }
    let cash = cart(&with(&format!("{EVENT}/scanResult/type"), json!("CASH_SHOPPER"))).auth_events;
    assert_eq!(cash[0].scan.as_ref().unwrap().kind, "CASH_SHOPPER", "the pages show that there are more words");
}

#[test]
fn each_missing_field_is_named() {
    let required = [
        "/requestId",
        "/idempotentShoppingTripId",
        "/storeId",
        TRIP,
        &format!("{TRIP}/startTime"),
        &format!("{TRIP}/endTime"),
        &format!("{TRIP}/authEvents"),
        &format!("{EVENT}/id"),
        &format!("{EVENT}/payloadType"),
        &format!("{EVENT}/scanResult/id"),
        &format!("{EVENT}/scanResult/type"),
        "/cartItems",
        &format!("{ITEM}/id"),
        &format!("{ITEM}/type"),
        &format!("{ITEM}/quantity"),
        &format!("{ITEM}/quantity/value"),
        &format!("{ITEM}/quantity/unit"),
        &format!("{ITEM}/externalIdentifiers/0/id"),
        &format!("{ITEM}/externalIdentifiers/0/type"),
    ];
    for pointer in required {
        let told = [format!("{} is required", path(pointer))];
        assert_eq!(problems(&without(pointer)), told);
        assert_eq!(problems(&with(pointer, Value::Null)), told);
    }
}

#[test]
fn an_empty_request_names_every_required_field() {
    let names = ["requestId", "idempotentShoppingTripId", "storeId", "shoppingTrip", "cartItems"];
    assert_eq!(problems(&json!({})), names.map(|name| format!("{name} is required")));
    assert_eq!(parse(b"").unwrap_err(), Problems::one("body", "is empty"));
}

#[test]
fn each_unusable_value_is_named() {
    let long = "x".repeat(256);
    let table = [
        ("/requestId", json!("not-a-uuid")),
        ("/requestId", json!("a1b2c3d4e5f67890abcdef1234567890")),
        ("/idempotentShoppingTripId", json!("")),
        ("/idempotentShoppingTripId", json!("trip/1")),
        ("/storeId", json!("")),
        ("/storeId", json!(long)),
        ("/shoppingTrip/startTime", json!("yesterday")),
        ("/shoppingTrip/endTime", json!("2024-03-22 17:09")),
        ("/shoppingTrip/endTime", json!("2024-03-22T16:59:59Z")),
        ("/shoppingTrip/endTime", json!("2024-03-22T18:59:59+02:00")),
        ("/shoppingTrip/authEvents", json!([])),
        ("/shoppingTrip/authEvents", json!({})),
        ("/shoppingTrip/authEvents/0/id", json!("gate-event-1")),
        ("/shoppingTrip/authEvents/0/id", json!(long)),
        ("/shoppingTrip/authEvents/0/timestamp", json!("noon")),
        ("/shoppingTrip/authEvents/0/location", json!("ROOF")),
        ("/shoppingTrip/authEvents/0/payloadType", json!("CASH")),
        ("/shoppingTrip/authEvents/0/scanResult/type", json!("shopper")),
        ("/shoppingTrip/authEvents/0/scanResult/type", json!("X".repeat(65))),
        ("/shoppingTrip/authEvents/0/scanResult/id", json!(long)),
        ("/cartItems", json!("SKU-001")),
        ("/cartItems/0/id", json!(" ")),
        ("/cartItems/0/id", json!(long)),
        ("/cartItems/0/id", json!("SKU\u{0}")),
        ("/cartItems/0/type", json!("sku")),
        ("/cartItems/0/quantity", json!(1)),
        ("/cartItems/0/quantity/value", json!("12345678.90")),
        ("/cartItems/0/quantity/value", json!("one")),
        ("/cartItems/0/quantity/value", json!("1_0")),
        ("/cartItems/0/quantity/value", json!("")),
        ("/cartItems/0/quantity/value", json!("-1")),
        ("/cartItems/0/quantity/value", json!(-0.5)),
        ("/cartItems/0/quantity/value", json!([1])),
        ("/cartItems/0/quantity/unit", json!("")),
        ("/cartItems/0/externalIdentifiers/0/type", json!("VIN")),
        ("/cartItems/0/externalIdentifiers/0/id", json!(long)),
        ("/cartItems/0/lineItemId", json!(long)),
        ("/shopperIdentity/id", json!(long)),
        ("/shopperDeviceId", json!(long)),
        ("/paymentSource/id", json!(long)),
    ];
    for (pointer, value) in table {
        let told = problems(&with(pointer, value.clone()));
        assert_eq!(told.len(), 1, "{pointer} = {value}: {told:?}");
        assert!(told[0].starts_with(&format!("{} ", path(pointer))), "{pointer} = {value}: {told:?}");
    }
}

#[test]
fn a_trip_may_end_at_the_moment_it_began() {
    let visit = cart(&with("/shoppingTrip/endTime", json!("2024-03-22T18:00:00+01:00")));
    assert_eq!(visit.started_at, visit.ended_at);
}

#[test]
fn a_line_item_id_twice_is_named_at_its_second_line() {
    let line =
        |id: Value| json!({ "id": "A", "type": "SKU", "quantity": { "value": "1", "unit": "unit" }, "lineItemId": id });
    let twice = with("/cartItems", json!([line(json!("1")), line(json!("2")), line(json!("1"))]));
    assert_eq!(problems(&twice), ["cartItems[2].lineItemId is on another line of this cart too"]);
    let none = with("/cartItems", json!([line(json!("")), line(json!("")), line(Value::Null)]));
    assert_eq!(cart(&none).cart.items.len(), 3);
}

#[test]
fn a_quantity_is_exact_as_a_string_and_as_a_number() {
    let value = |value: Value| cart(&with(&format!("{ITEM}/quantity/value"), value)).cart.items[0].quantity.value;
    for (wire, exact) in [
        (json!("1.5"), "1.5"),
        (json!("0.1"), "0.1"),
        (json!("0"), "0"),
        (json!("1234567890"), "1234567890"),
        (json!("1.2e1"), "12"),
        (json!(0.1), "0.1"),
        (json!(3), "3"),
    ] {
        assert_eq!(value(wire.clone()).normalize().to_string(), exact, "{wire}");
    }
}

#[test]
fn a_value_of_the_wrong_json_type_is_named_in_its_line() {
    let items = json!([
        { "id": "A", "type": "SKU", "quantity": { "value": "1", "unit": "unit" } },
        { "id": "B", "type": "SKU", "quantity": { "value": "1", "unit": 5 } }
    ]);
    assert_eq!(problems(&with("/cartItems", items)), ["cartItems[1].quantity.unit has the wrong JSON type"]);
}

#[test]
fn an_answer_is_the_purchase_or_nothing() {
    let purchase = PurchaseId(Uuid::from_u128(7));
    let body = |purchase| serde_json::to_string(&answer(purchase)).unwrap();
    assert_eq!(body(Some(purchase)), r#"{"purchaseId":"00000000-0000-0000-0000-000000000007"}"#);
    assert_eq!(body(None), r#"{"purchaseId":""}"#);
}
