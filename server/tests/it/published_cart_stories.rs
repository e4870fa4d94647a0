//! The cases that Amazon publishes for Create Purchases (`create_purchases_test_cases.html`), by their numbers there.

use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::connector_stories::{cart, with};
use crate::loyalty_stories::import;
use crate::shop::{CARTS, Shop};

const EVENT: &str = "/shoppingTrip/authEvents/0";
const ITEM: &str = "/cartItems/0";

fn event(payload: &str, scan: Option<(&str, &str)>) -> Value {
    let mut event = json!({ "id": Uuid::new_v4(), "timestamp": "2024-03-22T17:00:00Z", "location": "ENTRY", "payloadType": payload });
    if let Some((id, kind)) = scan {
        event["scanResult"] = json!({ "id": id, "type": kind });
    }
    event
}

fn line(id: &str, kind: &str, value: &str, unit: &str) -> Value {
    json!({ "id": id, "type": kind, "quantity": { "value": value, "unit": unit } })
}

/// A cart with these lines.
fn of(lines: &[Value]) -> Value {
    with(&cart(), "/cartItems", Some(json!(lines)))
}

/// A cart of people who came in so.
fn by(events: &[Value]) -> Value {
    with(&cart(), "/shoppingTrip/authEvents", Some(json!(events)))
}

/// 1.1 to 1.15, and what the seed adds (8.19).
fn accepted() -> Vec<(&'static str, Value)> {
    let identifiers = json!([{ "id": "012345678905", "type": "UPC" }]);
    let mut bare = cart();
    let event_fields = bare.pointer_mut(EVENT).unwrap().as_object_mut().unwrap();
    event_fields.remove("timestamp");
    event_fields.remove("location");
    vec![
        ("1.1 single item sold by unit", cart()),
        ("1.2 many items", of(&[line("SKU-001", "SKU", "2", "unit"), line("SKU-002", "SKU", "1", "unit")])),
        ("1.3 by weight", of(&[line("SKU-006", "SKU", "1.5", "lb")])),
        ("1.4 SCANCODE", of(&[line("042100005264", "SCANCODE", "1.0", "unit")])),
        ("1.5 external identifiers", with(&cart(), "/cartItems/0/externalIdentifiers", Some(identifiers))),
        ("1.6 lineItemId", with(&cart(), "/cartItems/0/lineItemId", Some(json!("line-1")))),
        ("1.7 empty cart", of(&[])),
        ("1.8 card entry", by(&[event("FINANCIAL", None)])),
        ("1.9 QR entry", by(&[event("SCAN_CODE", Some(("shopper-001", "SHOPPER")))])),
        ("1.10 associate", by(&[event("SCAN_CODE", Some(("associate-1", "ASSOCIATE")))])),
        ("1.11 cash shopper", by(&[event("SCAN_CODE", Some(("cash-1", "CASH_SHOPPER")))])),
        ("1.12 loyalty shopper", by(&[event("SCAN_CODE", Some(("L-100", "LOYALTY_SHOPPER")))])),
        (
            "1.13 group",
            by(&[event("FINANCIAL", None), event("SCAN_CODE", Some(("s", "SHOPPER"))), event("FINANCIAL", None)]),
        ),
        ("1.14 MANUAL_IN_STORE", with(&cart(), "/shoppingTrip/authEvents/0/location", Some(json!("MANUAL_IN_STORE")))),
        ("1.15 optional fields omitted", bare),
        ("8.19 a field of tomorrow", with(&cart(), "/cartItems/0/newFutureField", Some(json!([1])))),
    ]
}

#[sqlx::test(migrations = "../migrations")]
async fn op_001_op_008_op_009_each_published_cart_is_taken_and_again_with_the_same_answer(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for (case, cart) in accepted() {
        let (status, answer) = shop.call(CARTS, &cart).await;
        assert_eq!(status, 201, "{case}: {answer}");
        assert_eq!(answer["purchaseId"] == "", case.starts_with("1.7"), "{case}: {answer}");
        // 2: the key is the trip, not the request.
        for request in [cart.clone(), with(&cart, "/requestId", Some(json!(Uuid::new_v4())))] {
            assert_eq!(shop.call(CARTS, &request).await, (201, answer.clone()), "{case}");
        }
        let trip = cart["idempotentShoppingTripId"].as_str().unwrap();
        let purchases = shop.number("SELECT count(*) FROM purchase WHERE trip_id = $1", trip).await;
        assert_eq!(purchases, i64::from(!case.starts_with("1.7")), "{case}");
    }
    shop.close().await;
}

/// 3.1 to 3.34: where a field is changed, to what (or taken away), and which field is named.
fn refused() -> Vec<(&'static str, String, Option<Value>)> {
    let long = || Some(json!("x".repeat(256)));
    let at = |parent: &str, field: &str| format!("{parent}/{field}");
    let scan = |id: Value, kind: &str| Some(json!({ "id": id, "type": kind }));
    let identifier = |id: &str, kind: &str| Some(json!([{ "id": id, "type": kind }]));
    vec![
        ("3.1 requestId", "/requestId".into(), None),
        ("3.2 requestId", "/requestId".into(), Some(json!("invalid-format"))),
        ("3.3 idempotentShoppingTripId", "/idempotentShoppingTripId".into(), None),
        ("3.4 storeId", "/storeId".into(), None),
        ("3.5 storeId", "/storeId".into(), long()),
        ("3.6 shoppingTrip", "/shoppingTrip".into(), None),
        ("3.7 shoppingTrip.startTime", "/shoppingTrip/startTime".into(), None),
        ("3.8 shoppingTrip.endTime", "/shoppingTrip/endTime".into(), None),
        ("3.9 shoppingTrip.startTime", "/shoppingTrip/startTime".into(), Some(json!("22 March 2024"))),
        ("3.10 shoppingTrip.endTime", "/shoppingTrip/endTime".into(), Some(json!("2024-03-22T16:00:00Z"))),
        ("3.11 shoppingTrip.authEvents", "/shoppingTrip/authEvents".into(), None),
        ("3.12 shoppingTrip.authEvents[0].id", at(EVENT, "id"), None),
        ("3.13 shoppingTrip.authEvents[0].id", at(EVENT, "id"), Some(json!("invalid-format"))),
        ("3.14 shoppingTrip.authEvents[0].id", at(EVENT, "id"), long()),
        ("3.15 shoppingTrip.authEvents[0].payloadType", at(EVENT, "payloadType"), None),
        ("3.16 shoppingTrip.authEvents[0].payloadType", at(EVENT, "payloadType"), Some(json!("INVALID"))),
        ("3.17 shoppingTrip.authEvents[0].location", at(EVENT, "location"), Some(json!("INVALID"))),
        ("3.18 cartItems", "/cartItems".into(), None),
        ("3.19 cartItems[0].id", at(ITEM, "id"), None),
        ("3.20 cartItems[0].id", at(ITEM, "id"), long()),
        ("3.21 cartItems[0].type", at(ITEM, "type"), None),
        ("3.22 cartItems[0].type", at(ITEM, "type"), Some(json!("INVALID"))),
        ("3.23 cartItems[0].quantity", at(ITEM, "quantity"), None),
        ("3.24 cartItems[0].quantity.value", at(ITEM, "quantity/value"), None),
        ("3.25 cartItems[0].quantity.value", at(ITEM, "quantity/value"), Some(json!("12345678901"))),
        ("3.26 cartItems[0].quantity.unit", at(ITEM, "quantity/unit"), None),
        ("3.27 cartItems[0].externalIdentifiers[0].type", at(ITEM, "externalIdentifiers"), identifier("1", "INVALID")),
        (
            "3.28 cartItems[0].externalIdentifiers[0].id",
            at(ITEM, "externalIdentifiers"),
            identifier(&"1".repeat(256), "UPC"),
        ),
        ("3.29 shoppingTrip.authEvents[0].scanResult.type", at(EVENT, "scanResult"), scan(json!("s"), "no kind")),
        (
            "3.30 shoppingTrip.authEvents[0].scanResult.id",
            at(EVENT, "scanResult"),
            scan(json!("x".repeat(256)), "SHOPPER"),
        ),
        ("3.31 shopperIdentity.id", "/shopperIdentity".into(), Some(json!({ "id": "x".repeat(256) }))),
        ("3.32 shopperDeviceId", "/shopperDeviceId".into(), long()),
        ("3.33 cartItems[0].lineItemId", at(ITEM, "lineItemId"), long()),
    ]
}

#[sqlx::test(migrations = "../migrations")]
async fn op_013_op_014_op_015_each_published_mistake_is_refused_by_its_field_and_nothing_is_kept(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for (case, path, value) in refused() {
        let (status, answer) = shop.call(CARTS, &with(&cart(), &path, value)).await;
        let (_, field) = case.split_once(' ').unwrap();
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{case}: {answer}");
        assert!(answer["errorMsg"].as_str().unwrap().starts_with("BadRequestException"), "{case}: {answer}");
    }
    let named = |id: &str| with(&line("SKU-001", "SKU", "1", "unit"), "/lineItemId", Some(json!(id)));
    let (status, answer) = shop.call(CARTS, &of(&[named("a"), named("a")])).await;
    assert_eq!((status, &answer["field"]), (400, &json!("cartItems[1].lineItemId")), "3.34");
    assert_eq!(shop.call(CARTS, &json!({})).await.0, 400, "3.35");
    for table in ["trip", "cart", "purchase", "outbox"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let kept: i64 = sqlx::query_scalar(sql).fetch_one(&shop.database).await.unwrap();
        assert_eq!(kept, 0, "{table}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_009_a_code_at_the_gate_links_the_loyalty_account_that_it_stands_for(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    import(&shop, "loyalty_number,email\nL-100,jane@example.com\n", false).await.unwrap();
    let after = shop.worker.clock.now() + time::Duration::minutes(1);
    let after = json!(after.format(&time::format_description::well_known::Rfc3339).unwrap());
    let entered = |events: &[Value]| {
        let cart = with(&by(events), "/shoppingTrip/startTime", Some(after.clone()));
        with(&cart, "/shoppingTrip/endTime", Some(after.clone()))
    };
    let member = event("SCAN_CODE", Some(("L-100", "SHOPPER")));
    let guest = event("FINANCIAL", None);
    let associate = event("SCAN_CODE", Some(("L-100", "ASSOCIATE")));
    for (events, account) in
        [(&[member.clone()][..], Some("L-100")), (&[guest.clone(), member], Some("L-100")), (&[guest, associate], None)]
    {
        let cart = entered(events);
        assert_eq!(shop.call(CARTS, &cart).await.0, 201);
        let trip = cart["idempotentShoppingTripId"].as_str().unwrap();
        let linked = shop.text("SELECT loyalty_number FROM loyalty_visit WHERE trip_id = $1", trip).await;
        assert_eq!(linked.as_deref(), account, "{events:?}");
    }
    shop.close().await;
}
