//! Whatever is sent is taken or refused by name: never a failure of ours, and nothing is kept or logged of what was refused.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::{Value, json};
use server::connector::caller::{ARN_HEADER, SECRET_HEADER};
use server::http::event_feed::KEY_HEADER;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::connector_stories::{cart, tap, with};
use crate::programs::Programs;
use crate::shop::{CARTS, EVENT_KEY, FEED, GATE, GATEWAY_ROLE, GATEWAY_SECRET, Shop};

/// Everything that a call may leave behind.
const ROWS: &str = "SELECT (SELECT count(*) FROM trip) + (SELECT count(*) FROM cart) + (SELECT count(*) FROM purchase)
    + (SELECT count(*) FROM gate_decision) + (SELECT count(*) FROM instrument) + (SELECT count(*) FROM outbox)
    + (SELECT count(*) FROM payment_event) + (SELECT count(*) FROM alert) WHERE $1 = ''";

/// Status and answer of any body, by everybody's way in at once.
async fn send(shop: &Shop, path: &str, content_type: &str, body: Vec<u8>) -> (u16, Value) {
    let request = shop.http.post(format!("{}{path}", shop.url)).header("content-type", content_type).body(body);
    let request = request.header(SECRET_HEADER, GATEWAY_SECRET).header(ARN_HEADER, GATEWAY_ROLE);
    let response = request.header(KEY_HEADER, EVENT_KEY).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

const JSON: &str = "application/json";

/// Bodies that must be refused, and the field that each answer names.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let gate = |path: &str, value: Value| (GATE, with(&tap(), path, Some(value)).to_string().into_bytes());
    let carts = |path: &str, value: Value| (CARTS, with(&cart(), path, Some(value)).to_string().into_bytes());
    let raw = |path: &'static str, body: &Value, sent: &str, becomes: &str| {
        let text = body.to_string();
        assert!(text.contains(sent), "{sent} is not in {text}");
        (path, text.replacen(sent, becomes, 1).into_bytes())
    };
    let sql = "'; DROP TABLE trip; --";
    let bidi = "SKU\u{202e}100";
    let gate_event = "/shopperInteraction/gateAuthenticationEvent";
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let cases = [
        (gate("/storeId", json!(sql)), "storeId"),
        (carts("/storeId", json!(sql)), "storeId"),
        (gate("/shopperInteraction/shoppingTripId", json!(sql)), "shopperInteraction.shoppingTripId"),
        (carts("/idempotentShoppingTripId", json!(sql)), "idempotentShoppingTripId"),
        (gate("/shopperIdentity/id", json!("a\u{0}b")), "shopperIdentity.id"),
        (carts("/cartItems/0/id", json!("a\u{0}b")), "cartItems[0].id"),
        (gate("/shopperIdentity/id", json!(bidi)), "shopperIdentity.id"),
        (gate(&format!("{gate_event}/id"), json!(bidi)), "shopperInteraction.gateAuthenticationEvent.id"),
        (carts("/cartItems/0/id", json!(bidi)), "cartItems[0].id"),
        (carts("/shopperDeviceId", json!(bidi)), "shopperDeviceId"),
        (raw(GATE, &tap(), "50.0", "1e400"), "authorizedAmount.value"),
        (raw(GATE, &tap(), "50.0", "-0.01"), "authorizedAmount.value"),
        (raw(GATE, &tap(), "50.0", "50.001"), "authorizedAmount.value"),
        (raw(GATE, &tap(), "50.0", "99999999999999999999"), "authorizedAmount.value"),
        (raw(CARTS, &cart(), "\"1.0\"", "1e400"), "cartItems[0].quantity.value"),
        (raw(CARTS, &cart(), "\"1.0\"", "\"1e400\""), "cartItems[0].quantity.value"),
        (raw(CARTS, &cart(), "\"1.0\"", "-1"), "cartItems[0].quantity.value"),
        (raw(CARTS, &cart(), "\"1.0\"", "NaN"), "body"),
        (gate("/authorizedAmount/currencyCode", json!("XXX")), "authorizedAmount.currencyCode"),
        (gate("/authorizedAmount/currencyCode", json!("usd")), "authorizedAmount.currencyCode"),
        (carts("/shoppingTrip/startTime", json!("1999-12-31T23:59:59Z")), "shoppingTrip.startTime"),
        (carts("/shoppingTrip/endTime", json!("99999-01-01T00:00:00Z")), "shoppingTrip.endTime"),
        (raw(GATE, &tap(), "{\"authorizedAmount\"", "{\"storeId\":\"TEST_STORE_001\",\"authorizedAmount\""), "body"),
        (raw(CARTS, &cart(), "\"unit\":\"unit\"", "\"unit\":\"unit\",\"unit\":\"lb\""), "cartItems[0].quantity"),
        ((GATE, deep("[", "]").into_bytes()), "body"),
        (raw(CARTS, &cart(), "\"1.0\"", &deep("[", "]")), "body"),
        (raw(GATE, &tap(), "\"TEST_STORE_001\"", &deep("{\"a\":[", "]}")), "storeId"),
        (carts("/cartItems/0/quantity", json!(["1", "unit"])), "cartItems[0].quantity"),
        (carts("/shopperIdentity", json!(["instrument-1"])), "shopperIdentity"),
        (gate("/shopperInteraction/recommendation", json!([true, [], []])), "shopperInteraction.recommendation"),
        ((CARTS, b"\xff\xfe{}".to_vec()), "body"),
    ];
    cases.into_iter().map(|((path, body), field)| (path, body, field)).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_003_each_hostile_body_is_refused_by_its_field_and_nothing_is_kept(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let rows = shop.number(ROWS, "").await;
    for (path, body, field) in hostile() {
        let told = String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
        let (status, answer) = send(&shop, path, JSON, body).await;
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{told}: {answer}");
        assert!(!answer.to_string().contains("DROP") && !answer.to_string().contains('\u{202e}'), "{answer}");
    }
    for (path, body) in [(GATE, tap()), (CARTS, cart())] {
        for other in ["application/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let (status, answer) = send(&shop, path, other, body.to_string().into_bytes()).await;
            assert_eq!((status, &answer["field"]), (400, &json!("content-type")), "{other}");
        }
    }
    for path in [GATE, CARTS, FEED] {
        let (status, _) = send(&shop, path, JSON, vec![b' '; 10 * 1024 * 1024]).await;
        assert_eq!(status, 413, "{path}");
    }
    let event = json!({ "id": "event-1", "detail": {} }).to_string();
    for (content_type, body) in [("text/xml", event.clone()), (JSON, event.replace("{}", "{\"a\":1,\"a\":2}"))] {
        assert_eq!(send(&shop, FEED, content_type, body.into_bytes()).await.0, 400, "{content_type}");
    }
    assert_eq!(shop.number(ROWS, "").await, rows);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_003_a_text_that_looks_like_sql_is_kept_as_the_text_that_it_is(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let sql = "x'; UPDATE trip SET state = 'captured'; --";
    assert_eq!(shop.call(GATE, &with(&tap(), "/shopperIdentity/id", Some(json!(sql)))).await.0, 200);
    let kept = "SELECT count(*) FROM instrument WHERE instrument_id = $1";
    assert_eq!(shop.number(kept, sql).await, 1);
    let cart = with(&cart(), "/cartItems/0/id", Some(json!(sql)));
    assert_eq!(shop.call(CARTS, &cart).await.0, 201, "an article nobody knows");
    assert_eq!(shop.state(cart["idempotentShoppingTripId"].as_str().unwrap().parse().unwrap()).await, "in_review");
    shop.close().await;
}

/// What a value of a body is replaced by.
fn any_value() -> impl Strategy<Value = Value> {
    let number =
        prop_oneof![Just("1e400"), Just("-1"), Just("0"), Just("0.000000000000000000000000001"), Just("1e-400")];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(|it| serde_json::from_str(it).unwrap()),
        any::<f64>().prop_filter("JSON has no other", |it| it.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![
            Just("\u{0}"),
            Just("\u{202e}"),
            Just(" "),
            Just(""),
            Just("ENTRY"),
            Just("9999-12-31T23:59:59-23:59")
        ]
        .prop_map(Value::from),
        (250_usize..260).prop_map(|length| "x".repeat(length).into()),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[[{ "id": [] }]]]])),
    ]
}

/// Every place of a body, as a pointer.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| places(value, &format!("{path}/{key}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{path}/{index}"), found));
        }
        _ => {}
    }
}

/// A valid body with one or two places changed, and then perhaps cut or with a byte of it turned.
fn mutated(valid: fn() -> Value) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..3);
    let scar =
        prop_oneof![4 => Just(None), 1 => (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(Some)];
    (changes, scar).prop_map(move |(changes, scar)| {
        let mut body = valid();
        for (place, value) in changes {
            let mut found = vec![];
            places(&body, "", &mut found);
            *body.pointer_mut(&found[place.index(found.len())]).unwrap() = value;
        }
        let mut bytes = body.to_string().into_bytes();
        if let Some((place, byte, is_cut)) = scar {
            let at = place.index(bytes.len());
            if is_cut { bytes.truncate(at) } else { bytes[at] = byte }
        }
        bytes
    })
}

fn event() -> Value {
    json!({
        "id": uuid::Uuid::new_v4(), "time": "2026-11-21T09:00:00Z", "detail-type": "Payment", "source": "test",
        "detail": { "eventName": "CaptureApproved", "storeId": "TEST_STORE_001", "shoppingTripId": uuid::Uuid::new_v4(),
            "amount": { "amount": 2.17, "code": "USD" } }
    })
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_003_eh_002_a_valid_body_that_was_tampered_with_is_taken_or_refused_and_never_a_failure(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    for (path, valid, allowed) in
        [(GATE, tap as fn() -> Value, &[200, 400, 404][..]), (CARTS, cart, &[201, 400]), (FEED, event, &[200, 400])]
    {
        let strategy = prop_oneof![8 => mutated(valid), 1 => prop::collection::vec(any::<u8>(), 0..300)];
        let (mut taken, mut refused) = (0, 0);
        for _ in 0..250 {
            let body = strategy.new_tree(&mut runner).unwrap().current();
            let rows = shop.number(ROWS, "").await;
            let (status, answer) = send(&shop, path, JSON, body.clone()).await;
            assert!(allowed.contains(&status), "{status} {answer}: {}", String::from_utf8_lossy(&body));
            if status >= 400 {
                refused += 1;
                assert_eq!(shop.number(ROWS, "").await, rows, "{}", String::from_utf8_lossy(&body));
            } else {
                taken += 1;
            }
        }
        assert!(taken > 0 && refused > 0, "{path}: {taken} taken, {refused} refused");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_003_nothing_of_what_was_refused_is_in_the_log(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::prepare(connect).await;
    let marker = "kept-by-nobody";
    let http = reqwest::Client::new();
    let gate = with(&tap(), "/storeId", Some(json!(format!("{marker}!"))));
    let carts = with(&cart(), "/cartItems/0/type", Some(json!(marker)));
    let role = "arn:aws:iam::123456789012:role/amazon-jwo-gateway-demo";
    for (path, body) in [(GATE, gate.to_string()), (CARTS, carts.to_string()), (GATE, format!("{{\"{marker}\":"))] {
        for (secret, caller, status) in [
            (GATEWAY_SECRET, role, 400),
            (GATEWAY_SECRET, "arn:aws:iam::123456789012:role/kept-by-nobody", 401),
            (marker, role, 401),
        ] {
            let request = http.post(format!("http://{}{path}?{marker}", programs.addr)).body(body.clone());
            let request = request.header(SECRET_HEADER, secret).header(ARN_HEADER, caller);
            let request = request.header("authorization", marker).header("x-forwarded-for", marker);
            assert_eq!(request.send().await.unwrap().status(), status, "{path} {secret} {caller}");
        }
    }
    let log = programs.log_text();
    assert!(log.contains("a caller was declined") && log.contains("a request cannot be used"), "{log}");
    assert!(!log.contains(marker), "{log}");
}
