//! What `POST /v1/events` answers to whom.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::{Value, json};
use server::http::event_feed::KEY_HEADER;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::shop::{EVENT_KEY, FEED, NEXT_EVENT_KEY, Shop};

/// Status and what it says of one body, with these keys.
async fn send(shop: &Shop, keys: &[&str], body: Vec<u8>) -> (u16, String) {
    let mut request = shop.http.post(format!("{}{FEED}", shop.url)).body(body);
    for key in keys {
        request = request.header(KEY_HEADER, *key);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap_or_default();
    (status, body["error"].as_str().unwrap_or_default().to_owned())
}

fn event(detail: Value) -> Value {
    json!({ "id": Uuid::new_v4(), "time": "2026-11-21T09:00:00Z", "detail-type": "Event", "source": "test", "detail": detail })
}

const ROWS: &str = "SELECT count(*) FROM payment_event WHERE $1 = ''";

#[sqlx::test(migrations = "../migrations")]
async fn mon_004_only_who_has_a_key_may_tell_and_who_has_none_is_recorded(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let body = || event(json!({ "eventName": "CaptureApproved", "shoppingTripId": "trip-1" })).to_string().into_bytes();
    for keys in [&[][..], &["wrong-key"], &[""], &[EVENT_KEY, EVENT_KEY]] {
        let (status, said) = send(&shop, keys, body()).await;
        assert_eq!(status, 401, "{keys:?}");
        assert!(!said.contains(EVENT_KEY), "{said}");
    }
    assert_eq!(send(&shop, &["wrong-key"], b"not JSON".to_vec()).await.0, 401, "the key comes first");
    assert_eq!(shop.number(ROWS, "").await, 0, "nothing of it is kept");
    let refused = "SELECT sum(times) FROM security_event WHERE kind = 'event_feed_declined' AND subject = $1";
    assert_eq!([shop.number(refused, "no_key").await, shop.number(refused, "wrong_key").await], [2, 3]);
    for key in [EVENT_KEY, NEXT_EVENT_KEY] {
        assert_eq!(send(&shop, &[key], body()).await.0, 200, "two keys are valid while one follows the other");
    }
    assert_eq!(shop.number(ROWS, "").await, 2);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_002_a_body_that_is_no_event_is_refused_with_what_is_wrong(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for (body, said) in [
        ("", "The body is empty."),
        ("{\"id\":", "The body is not JSON (line 1, column 6)."),
        ("[1]", "The body is not a JSON object."),
        ("{\"detail\":{}}", "id is required."),
    ] {
        assert_eq!(send(&shop, &[EVENT_KEY], body.into()).await, (400, said.to_owned()));
    }
    let deep = format!("{{\"id\":\"1\",\"detail\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(send(&shop, &[EVENT_KEY], deep.into()).await.0, 400);
    let large = event(json!({ "eventName": "x".repeat(300 * 1024) })).to_string();
    assert_eq!(send(&shop, &[EVENT_KEY], large.into()).await.0, 413);
    assert_eq!(shop.number(ROWS, "").await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn rpt_001_what_nobody_knows_is_kept_and_told_and_answered_200(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let kept = async |body: &Value| {
        let sql = "SELECT family || ' ' || coalesce(ignored, state) FROM payment_event WHERE event_id = $1";
        shop.text(sql, body["id"].as_str().unwrap()).await.unwrap()
    };
    let unknown = event(json!({ "eventType": "PAYMENT", "eventName": "CaptureReversed" }));
    let cart =
        event(json!({ "eventType": "CART", "eventName": "CartCreated", "shopper": { "email": "jo@example.com" } }));
    let abroad = event(json!({ "eventName": "CaptureApproved", "storeId": "STORE_OF_OTHERS", "tripId": "trip-1" }));
    let nameless = event(json!({ "eventName": "CaptureApproved" }));
    for _ in 0..2 {
        for body in [&unknown, &cart, &abroad, &nameless] {
            assert_eq!(shop.feed(body).await, 200);
        }
    }
    assert_eq!(kept(&unknown).await, "payment unknown_name");
    assert_eq!(kept(&cart).await, "cart not_used");
    assert_eq!(kept(&abroad).await, "payment unknown_store");
    assert_eq!(kept(&nameless).await, "payment parked");
    assert_eq!(shop.alerts("unknown_event", "CaptureReversed").await, 1, "a repeat is told once");
    assert_eq!(shop.alerts("unknown_event_store", "STORE_OF_OTHERS").await, 1);
    assert_eq!(shop.alerts("unknown_event_trip", nameless["id"].as_str().unwrap()).await, 1);
    let alerts = shop.number("SELECT count(*) FROM alert WHERE $1 = ''", "").await;
    assert_eq!(alerts, 3, "a cart's event is no news: carts come by their own connector");
    let personal = "SELECT count(*) FROM payment_event WHERE detail::text LIKE '%' || $1 || '%'";
    assert_eq!(shop.number(personal, "jo@").await, 0, "and nothing of who it is about is kept");
    shop.close().await;
}

/// Keys that mean something.
const KEYS: [&str; 10] =
    ["id", "detail", "detail-type", "time", "eventName", "tripId", "storeId", "amount", "code", "reason"];

/// Bodies that begin like an event and go on like nothing at all.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just("CaptureApproved".to_owned()),
        Just("AuthorizationCancelled".to_owned()),
        Just("TEST_STORE_001".to_owned()),
        Just("USD".to_owned()),
        Just("\u{0}".to_owned()),
        any::<String>()
    ];
    let number = prop_oneof![Just("1e400"), Just("-1e-400"), Just("10.32"), Just("99999999999999999999999999")];
    let leaf = prop_oneof![
        Just(Value::Null),
        number.prop_map(|it| serde_json::from_str(it).unwrap()),
        text.prop_map(Value::from),
    ];
    let key = prop_oneof![prop::sample::select(&KEYS[..]).prop_map(str::to_owned), any::<String>()];
    let value = leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    });
    let enveloped = value.clone().prop_map(|detail| event(detail).to_string().into_bytes());
    let bare = value.prop_map(|it| it.to_string().into_bytes());
    prop_oneof![4 => enveloped, 2 => bare, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_002_whatever_is_sent_is_stored_or_refused_and_never_a_failure(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut stored = 0;
    for _ in 0..300 {
        let body = any_body().new_tree(&mut runner).unwrap().current();
        let (status, _) = send(&shop, &[EVENT_KEY], body.clone()).await;
        assert!(matches!(status, 200 | 400), "{status}: {}", String::from_utf8_lossy(&body));
        stored += i64::from(status == 200);
    }
    assert!(stored > 100, "{stored}");
    assert_eq!(shop.number(ROWS, "").await, stored);
    shop.close().await;
}
