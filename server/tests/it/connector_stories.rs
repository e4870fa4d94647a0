//! What the connectors answer to whom, over HTTP.

use serde_json::{Value, json};
use server::connector::caller::{ARN_HEADER, SECRET_HEADER};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Twin, TwinOptions, demo_items};
use uuid::Uuid;

use crate::shop::{CARTS, GATE, GATEWAY_ROLE, GATEWAY_SECRET, Shop};

/// The request of the test plan's case FA-001.
pub(crate) fn tap() -> Value {
    json!({
        "storeId": "TEST_STORE_001",
        "shopperIdentity": { "id": "shopper-low-risk-001" },
        "authorizedAmount": { "value": 50.00, "currencyCode": "USD" },
        "shopperInteraction": {
            "shoppingTripId": Uuid::new_v4(),
            "gateAuthenticationEvent": {
                "id": Uuid::new_v4(), "type": "CREDIT_CARD", "interactionType": "TAP",
                "timestamp": "2024-03-22T17:00:00Z", "location": "ENTRY"
            },
            "recommendation": { "shopperAuthorized": true, "shopperRisks": [] }
        }
    })
}

/// The request of the test plan's case OP-001.
pub(crate) fn cart() -> Value {
    json!({
        "requestId": Uuid::new_v4(),
        "idempotentShoppingTripId": Uuid::new_v4(),
        "storeId": "TEST_STORE_001",
        "shoppingTrip": {
            "startTime": "2024-03-22T17:00:00Z", "endTime": "2024-03-22T17:09:39Z",
            "authEvents": [
                { "id": Uuid::new_v4(), "timestamp": "2024-03-22T17:00:00Z", "location": "ENTRY", "payloadType": "FINANCIAL" }
            ]
        },
        "cartItems": [{ "id": "SKU-001", "type": "SKU", "quantity": { "value": "1.0", "unit": "unit" } }]
    })
}

/// `value` with the field at `path` set, or removed.
pub(crate) fn with(value: &Value, path: &str, field: Option<Value>) -> Value {
    let mut value = value.clone();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match field {
        Some(field) => parent.insert(name.to_owned(), field),
        None => parent.remove(name),
    };
    value
}

/// `/shoppingTrip/authEvents/0/id` as a body names it.
fn named(path: &str) -> String {
    path.trim_start_matches('/').replace("/0", "[0]").replace('/', ".")
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_001_fa_008_a_shopper_without_risks_comes_in(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let (status, body) = shop.call(GATE, &tap()).await;
    assert_eq!(status, 200);
    assert_eq!(body, json!({ "shopperAuthorized": true, "authorizationConditions": [], "shopperRisks": [] }));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_002_fa_004_fa_005_a_shopper_whom_amazon_would_deny_stays_out_with_the_risks_named(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for risks in [&["CustomerFraud", "BadDebt"][..], &["InvalidCard"], &["ExpiredCard"]] {
        let recommendation = json!({ "shopperAuthorized": false, "shopperRisks": risks });
        let (status, body) =
            shop.call(GATE, &with(&tap(), "/shopperInteraction/recommendation", Some(recommendation))).await;
        assert_eq!((status, &body["shopperAuthorized"], &body["shopperRisks"]), (200, &json!(false), &json!(risks)));
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_006_each_risk_is_taken_and_a_new_one_does_not_fail(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let admitted = [
        ("InvalidCard", false),
        ("ExpiredCard", false),
        ("FailureToVetCard", true),
        ("BillingAddressInvalid", true),
        ("CustomerFraud", false),
        ("CustomerConfirmedFraud", false),
        ("BadDebt", true),
        ("AccountIssue", false),
        ("CreditCardFraud", false),
        ("CardNotSupported", false),
        ("NonpaymentLowRisk", true),
        ("NonpaymentMediumRisk", true),
        ("NonpaymentHighRisk", true),
        ("NoRiskEvaluationRun", true),
        ("SomethingOfTomorrow", true),
    ];
    for (risk, admitted) in admitted {
        let recommendation = json!({ "shopperAuthorized": true, "shopperRisks": [risk] });
        let (status, body) =
            shop.call(GATE, &with(&tap(), "/shopperInteraction/recommendation", Some(recommendation))).await;
        assert_eq!(
            (status, &body["shopperAuthorized"], &body["shopperRisks"]),
            (200, &json!(admitted), &json!([risk]))
        );
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_007_each_way_of_entering_is_decided(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let event = "/shopperInteraction/gateAuthenticationEvent";
    for (kind, interaction) in [
        ("CREDIT_CARD", Some("TAP")),
        ("CREDIT_CARD", Some("DIP")),
        ("CREDIT_CARD", Some("SWIPE")),
        ("AMAZON_ONE", None),
        ("QR", None),
        ("MOBILE_WALLET", None),
        ("UNRECOGNIZED", None),
    ] {
        let request = with(&tap(), &format!("{event}/type"), Some(json!(kind)));
        let request = with(&request, &format!("{event}/interactionType"), interaction.map(|it| json!(it)));
        let (status, body) = shop.call(GATE, &request).await;
        assert_eq!((status, &body["shopperAuthorized"]), (200, &json!(true)), "{kind}");
        let id = request.pointer(&format!("{event}/id")).unwrap().as_str().unwrap();
        assert_eq!(
            shop.text("SELECT gate_event_kind FROM gate_decision WHERE gate_event_id = $1", id).await.as_deref(),
            Some(kind)
        );
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_012_each_missing_field_of_a_tap_is_named_and_nothing_is_kept(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for path in [
        "/storeId",
        "/shopperIdentity/id",
        "/authorizedAmount/value",
        "/authorizedAmount/currencyCode",
        "/shopperInteraction/gateAuthenticationEvent/id",
        "/shopperInteraction/gateAuthenticationEvent/type",
        "/shopperInteraction/gateAuthenticationEvent/timestamp",
        "/shopperInteraction/gateAuthenticationEvent/location",
    ] {
        let (status, body) = shop.call(GATE, &with(&tap(), path, None)).await;
        assert_eq!((status, &body["field"]), (400, &json!(named(path))));
        assert!(body["errorMsg"].as_str().unwrap().starts_with("BadRequestException"), "{body}");
    }
    assert_eq!(shop.number("SELECT count(*) FROM gate_decision WHERE $1 = ''", "").await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_013_an_ill_formed_store_is_a_bad_request(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for store in
        [json!(""), json!("no store!"), json!("x".repeat(256)), json!(7), json!(null), json!("'; DROP TABLE store; --")]
    {
        let (status, body) = shop.call(GATE, &with(&tap(), "/storeId", Some(store))).await;
        assert_eq!((status, &body["field"]), (400, &json!("storeId")));
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_014_a_store_without_a_connector_is_not_found(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let (status, body) = shop.call(GATE, &with(&tap(), "/storeId", Some(json!("SOMEWHERE_ELSE")))).await;
    assert_eq!(status, 404);
    assert!(body["errorMsg"].as_str().unwrap().starts_with("NoConnectorConfiguredException"), "{body}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_001_op_002_op_003_op_004_op_005_op_006_every_kind_of_cart_line_is_priced(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let line = |id: &str, kind: &str, value: &str, unit: &str| json!({ "id": id, "type": kind, "quantity": { "value": value, "unit": unit } });
    let upc = json!([{ "id": "012345678905", "type": "UPC" }, { "id": "1", "type": "EAN" }, { "id": "2", "type": "GTIN" }, { "id": "3", "type": "PLU" }]);
    let cases = [
        (json!([line("SKU-001", "SKU", "1.0", "unit")]), 217),
        // 2 × 1.99, 1 × 7.49, 4 × 4.49; 8.875 % on the first two: 0.35 and 0.66.
        (
            json!([
                line("SKU-001", "SKU", "2", "unit"),
                line("SKU-002", "SKU", "1", "unit"),
                line("SKU-003", "SKU", "4", "unit")
            ]),
            398 + 35 + 749 + 66 + 1796,
        ),
        // 1.5 lb at 0.79, rounded up from 1.185.
        (json!([line("SKU-006", "SKU", "1.5", "lb")]), 119),
        (json!([line("042100005264", "SCANCODE", "1.0", "unit")]), 449),
        (json!([with(&line("renamed", "SKU", "1.0", "unit"), "/externalIdentifiers", Some(upc))]), 749 + 66),
        (json!([with(&line("SKU-003", "SKU", "1.0", "unit"), "/lineItemId", Some(json!("line-7")))]), 449),
    ];
    for (items, total) in cases {
        let request = with(&cart(), "/cartItems", Some(items));
        let (status, body) = shop.call(CARTS, &request).await;
        assert_eq!(status, 201, "{body}");
        let priced = "SELECT total_minor FROM purchase WHERE purchase_id::text = $1";
        assert_eq!(shop.number(priced, body["purchaseId"].as_str().unwrap()).await, total);
    }
    let correlated = "SELECT count(*) FROM purchase_line WHERE line_item_id = $1";
    assert_eq!(shop.number(correlated, "line-7").await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_009_a_group_trip_is_one_purchase_on_the_card_of_its_own_tap(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let gate = tap();
    shop.call(GATE, &gate).await;
    let trip = gate.pointer("/shopperInteraction/shoppingTripId").unwrap().clone();
    let other = json!({ "id": Uuid::new_v4(), "timestamp": "2024-03-22T17:01:00Z", "location": "ENTRY", "payloadType": "FINANCIAL" });
    let mut request = with(&cart(), "/idempotentShoppingTripId", Some(trip.clone()));
    request.pointer_mut("/shoppingTrip/authEvents").unwrap().as_array_mut().unwrap().push(other);
    assert_eq!(shop.call(CARTS, &request).await.0, 201);
    let kept = "SELECT instrument_id || ' ' || jsonb_array_length(auth_events) FROM trip JOIN cart USING (trip_id) WHERE trip_id = $1";
    assert_eq!(shop.text(kept, trip.as_str().unwrap()).await.as_deref(), Some("shopper-low-risk-001 2"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cart_finds_its_card_by_the_tap_when_the_gate_named_no_trip(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let gate = with(&tap(), "/shopperInteraction/shoppingTripId", None);
    shop.call(GATE, &gate).await;
    let event = gate.pointer("/shopperInteraction/gateAuthenticationEvent/id").unwrap().clone();
    let mut request = cart();
    *request.pointer_mut("/shoppingTrip/authEvents/0/id").unwrap() = event;
    assert_eq!(shop.call(CARTS, &request).await.0, 201);
    let trip = request["idempotentShoppingTripId"].as_str().unwrap();
    assert_eq!(
        shop.text("SELECT instrument_id FROM trip WHERE trip_id = $1", trip).await.as_deref(),
        Some("shopper-low-risk-001")
    );
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_010_if_016_an_unknown_article_is_kept_aside_and_the_rest_is_charged(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let lines = [twin::CartLine::units("UNKNOWN-SKU-999", "1.0"), twin::CartLine::units("SKU-001", "1.0")];
    let answer = shop.twin.send_cart(&tap, &lines).await.unwrap();
    assert_eq!(answer.answer.status, 201);
    shop.settle().await;
    assert_eq!(shop.twin.truth().trip(tap.trip).captures_minor, [217]);
    let bad =
        "SELECT cause || ' ' || (item ->> 'id') FROM bad_line JOIN purchase USING (purchase_id) WHERE trip_id = $1";
    assert_eq!(shop.text(bad, tap.trip).await.as_deref(), Some("unknown_item UNKNOWN-SKU-999"));
    assert_eq!(shop.alerts("bad_cart", tap.trip).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cart_of_nothing_known_waits_for_a_person_and_is_let_go_at_its_deadline(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    shop.twin.send_cart(&tap, &[twin::CartLine::units("UNKNOWN-SKU-999", "1.0")]).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(tap.trip).await, "in_review");
    shop.pass(time::Duration::hours(48)).await;
    assert_eq!(shop.state(tap.trip).await, "cancelled");
    assert_eq!(shop.alerts("revenue_lost", tap.trip).await, 1);
    assert!(shop.twin.truth().trip(tap.trip).cancelled);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_013_each_missing_field_of_a_cart_is_named(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for path in [
        "/requestId",
        "/idempotentShoppingTripId",
        "/storeId",
        "/shoppingTrip",
        "/shoppingTrip/startTime",
        "/shoppingTrip/endTime",
        "/shoppingTrip/authEvents",
        "/shoppingTrip/authEvents/0/id",
        "/shoppingTrip/authEvents/0/payloadType",
        "/cartItems",
        "/cartItems/0/id",
        "/cartItems/0/type",
        "/cartItems/0/quantity",
        "/cartItems/0/quantity/value",
        "/cartItems/0/quantity/unit",
    ] {
        let (status, body) = shop.call(CARTS, &with(&cart(), path, None)).await;
        assert_eq!((status, &body["field"]), (400, &json!(named(path))), "{body}");
    }
    assert_eq!(shop.number("SELECT count(*) FROM trip WHERE $1 = ''", "").await, 0, "nothing is kept");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_014_op_015_each_ill_formed_field_of_a_cart_is_named(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let long = "x".repeat(256);
    let cases = [
        ("/requestId", json!("not-a-uuid")),
        ("/storeId", json!(long)),
        ("/shoppingTrip/startTime", json!("yesterday")),
        ("/shoppingTrip/endTime", json!("2024-03-22T16:59:59Z")),
        ("/shoppingTrip/authEvents/0/id", json!("not-a-uuid")),
        ("/shoppingTrip/authEvents/0/payloadType", json!("CASH")),
        ("/cartItems/0/id", json!(long)),
        ("/cartItems/0/type", json!("BARCODE")),
        ("/cartItems/0/quantity/value", json!("1.000000000")),
        ("/cartItems/0/quantity/value", json!("-1")),
        ("/cartItems/0/quantity/value", json!("one")),
    ];
    for (path, value) in cases {
        let (status, body) = shop.call(CARTS, &with(&cart(), path, Some(value))).await;
        assert_eq!((status, &body["field"]), (400, &json!(named(path))), "{body}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_019_a_field_of_tomorrow_is_ignored(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    assert_eq!(shop.call(CARTS, &with(&cart(), "/newFutureField", Some(json!("value")))).await.0, 201);
    assert_eq!(shop.call(GATE, &with(&tap(), "/newFutureField", Some(json!({ "a": 1 })))).await.0, 200);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_input_is_a_clear_no_and_never_a_fault_of_ours(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for path in [GATE, CARTS] {
        for body in ["", "{", "null", "[]", "7", "\"text\"", "{}", "\u{feff}{}", "{\"storeId\": \"\\u0000\"}"] {
            let request = shop.http.post(format!("{}{path}", shop.url)).body(body);
            let request = request.header(SECRET_HEADER, GATEWAY_SECRET).header(ARN_HEADER, GATEWAY_ROLE);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 400, "{path} {body:?}");
            let body: Value = response.json().await.unwrap();
            assert!(body["field"].is_string() && body["errorMsg"].is_string(), "{body}");
        }
        let huge = shop.post(path, &json!("x".repeat(2_000_000))).send().await.unwrap();
        assert_eq!(huge.status(), 413);
        assert_eq!(shop.http.get(format!("{}{path}", shop.url)).send().await.unwrap().status(), 405);
    }
    let (status, body) = shop.call(CARTS, &with(&cart(), "/storeId", Some(json!("SOMEWHERE_ELSE")))).await;
    assert_eq!((status, &body["field"]), (400, &json!("storeId")));
    let huge = json!([{ "id": "SKU-001", "type": "SKU", "quantity": { "value": "9999999999", "unit": "unit" } }]);
    let (status, _) = shop.call(CARTS, &with(&cart(), "/cartItems", Some(huge))).await;
    assert!(status == 201 || status == 400, "{status}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_016_who_is_not_allowed_is_declined_in_the_same_words_and_recorded(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let other_role = "arn:aws:iam::123456789012:role/other";
    let gate_only = "arn:aws:sts::123456789012:assumed-role/gate-only/session";
    let cases = [
        (CARTS, None, Some(GATEWAY_ROLE)),
        (CARTS, Some("wrong"), Some(GATEWAY_ROLE)),
        (CARTS, Some(GATEWAY_SECRET), None),
        (CARTS, Some(GATEWAY_SECRET), Some(other_role)),
        (CARTS, Some(GATEWAY_SECRET), Some(gate_only)),
        (GATE, Some(GATEWAY_SECRET), Some(other_role)),
    ];
    for (path, secret, arn) in cases {
        let mut request = shop.http.post(format!("{}{path}", shop.url)).json(&cart());
        if let Some(secret) = secret {
            request = request.header(SECRET_HEADER, secret);
        }
        if let Some(arn) = arn {
            request = request.header(ARN_HEADER, arn);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{path} {secret:?} {arn:?}");
        assert_eq!(response.json::<Value>().await.unwrap(), json!({ "errorMsg": "Authorization declined" }));
    }
    assert_eq!(
        shop.number("SELECT sum(times) FROM security_event WHERE kind = $1", "connector_caller_declined").await,
        6
    );
    assert_eq!(shop.number("SELECT count(*) FROM trip WHERE $1 = ''", "").await, 0, "nothing is kept of them");

    let allowed = shop.http.post(format!("{}{GATE}", shop.url)).json(&tap());
    let allowed = allowed.header(SECRET_HEADER, GATEWAY_SECRET).header(ARN_HEADER, gate_only).send().await.unwrap();
    assert_eq!(allowed.status(), 200, "and who is, at the gate, is not");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_signature_with_another_secret_is_declined(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let options = TwinOptions {
        storeside_url: Some(shop.url.clone()),
        connector_credentials: twin::Credentials::new("AKIDAMAZONDEMO", "another-secret"),
        ..TwinOptions::for_tests()
    };
    let stranger = Twin::start(options).await.unwrap();
    let tap = stranger.tap("visa").await.unwrap();
    assert_eq!((tap.answer.status, tap.admitted()), (401, false));
    let cart = stranger.send_cart(&tap, &demo_items(1)).await.unwrap();
    assert_eq!(cart.answer.status, 401);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_017_eh_003_a_cart_that_failed_here_is_taken_when_amazon_sends_it_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect.clone()).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    // The store's prices are away for a moment, as in a deploy that went wrong.
    let owner = sqlx::PgPool::connect_with(connect).await.unwrap();
    sqlx::query("ALTER TABLE rule_set RENAME TO rule_set_away").execute(&owner).await.unwrap();
    let (back, cart) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(120)).await;
            sqlx::query("ALTER TABLE rule_set_away RENAME TO rule_set").execute(&owner).await
        },
        async { shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap() },
    );
    back.unwrap();
    assert_eq!(cart.answer.status, 201);
    assert!(cart.answer.tries > 1, "it was refused at first, with 503");
    shop.settle().await;
    assert_eq!(shop.number("SELECT count(*) FROM purchase WHERE trip_id = $1", tap.trip).await, 1);
    assert_eq!(shop.twin.truth().trip(tap.trip).captures_minor, [217]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_trip_of_one_store_takes_no_cart_of_another(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    sqlx::query("INSERT INTO store SELECT (jsonb_populate_record(store, '{\"store_id\": \"OTHER\"}')).* FROM store")
        .execute(&shop.database)
        .await
        .unwrap();
    let request = cart();
    assert_eq!(shop.call(CARTS, &request).await.0, 201);
    let (status, body) = shop.call(CARTS, &with(&request, "/storeId", Some(json!("OTHER")))).await;
    assert_eq!((status, &body["field"]), (400, &json!("storeId")));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_time_that_no_clock_shows_is_refused_and_an_old_one_is_taken(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for time in
        ["9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.9999999Z", "0000-01-01T00:00:00Z", "1969-07-20T20:17:40Z"]
    {
        let event = "/shopperInteraction/gateAuthenticationEvent/timestamp";
        let (status, body) = shop.call(GATE, &with(&tap(), event, Some(json!(time)))).await;
        assert_eq!((status, &body["field"]), (400, &json!(named(event))), "{time}");
        let (status, body) = shop.call(CARTS, &with(&cart(), "/shoppingTrip/endTime", Some(json!(time)))).await;
        assert_eq!((status, &body["field"]), (400, &json!("shoppingTrip.endTime")), "{time}");
    }
    // A tap as the contract's sample has it, and a cart of today: the two need not agree.
    let gate =
        with(&tap(), "/shopperInteraction/gateAuthenticationEvent/timestamp", Some(json!("2025-03-11T14:45:36Z")));
    assert_eq!(shop.call(GATE, &gate).await.0, 200);
    let trip = gate.pointer("/shopperInteraction/shoppingTripId").unwrap().clone();
    let request = with(&cart(), "/idempotentShoppingTripId", Some(trip));
    let request = with(&request, "/shoppingTrip/startTime", Some(json!("2026-11-20T10:00:00Z")));
    let request = with(&request, "/shoppingTrip/endTime", Some(json!("2026-11-20T10:09:00Z")));
    assert_eq!(shop.call(CARTS, &request).await.0, 201);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tap_and_a_cart_of_a_new_card_at_once_do_not_wait_for_each_other(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for number in 0..25 {
        let instrument = json!({ "id": format!("shopper-new-{number}") });
        let gate = with(&tap(), "/shopperIdentity", Some(instrument.clone()));
        let trip = gate.pointer("/shopperInteraction/shoppingTripId").unwrap().clone();
        let request = with(&cart(), "/idempotentShoppingTripId", Some(trip.clone()));
        let request = with(&request, "/shopperIdentity", Some(instrument));
        let (decided, priced) = tokio::join!(shop.call(GATE, &gate), shop.call(CARTS, &request));
        assert_eq!((decided.0, priced.0), (200, 201), "{number}");
        let owner = shop.text("SELECT instrument_id FROM trip WHERE trip_id = $1", trip.as_str().unwrap()).await;
        assert_eq!(owner, Some(format!("shopper-new-{number}")));
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_that_nobody_was_known_to_owe_is_the_cards_whose_tap_comes_later(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect.clone()).await;
    let entry = shop.twin.tap("insufficient").await.unwrap();
    // As if the tap had not reached us: its cart is the first we hear of.
    let owner = sqlx::PgPool::connect_with(connect).await.unwrap();
    for sql in ["DELETE FROM outbox", "DELETE FROM trip", "DELETE FROM gate_decision", "DELETE FROM instrument"] {
        sqlx::query(sql).execute(&owner).await.unwrap();
    }
    shop.twin.send_cart(&entry, &demo_items(1)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.alerts("unresolved_instrument", entry.trip).await, 1);
    assert!(shop.mails_to("insufficient.shopper@example.com").is_empty(), "nobody is known to be told");

    let late = with(&tap(), "/shopperInteraction/shoppingTripId", Some(json!(entry.trip)));
    let late = with(&late, "/shopperIdentity/id", Some(json!("shopper-insufficient-0001")));
    let (status, answer) = shop.call(GATE, &late).await;
    let said = (status, answer["shopperAuthorized"].as_bool());
    assert_eq!(said, (200, Some(false)), "what is owed counts from the moment that we know whose it is");
    shop.pass(time::Duration::minutes(1)).await;
    let debt = shop.text("SELECT instrument_id FROM debt WHERE trip_id = $1", entry.trip).await;
    assert_eq!(debt.as_deref(), Some("shopper-insufficient-0001"));
    let open = "SELECT count(*) FROM alert WHERE kind = 'unresolved_instrument' AND subject = $1 AND closed_at IS NULL";
    assert_eq!(shop.number(open, entry.trip).await, 0);
    let unresolved = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'unresolved_receivable' AND trip_id = $1";
    assert_eq!(shop.number(unresolved, entry.trip).await, 0);
    assert_eq!(shop.mails_to("insufficient.shopper@example.com").len(), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_source_that_no_gate_has_seen_makes_nobody_a_debtor(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let request = with(&cart(), "/paymentSource", Some(json!({ "id": "visa" })));
    assert_eq!(shop.call(CARTS, &request).await.0, 201);
    let trip = request["idempotentShoppingTripId"].as_str().unwrap();
    assert_eq!(shop.text("SELECT instrument_id FROM trip WHERE trip_id = $1", trip).await, None);
    shop.close().await;
}
