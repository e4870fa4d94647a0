//! Who may call, how often, and over what kind of line.

use std::time::Duration;

use serde_json::{Value, json};
use server::client::amazon::{AdjustCharge, AmazonClient};
use server::connector::caller::{ARN_HEADER, SECRET_HEADER};
use server::rate::Rate;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::AsyncReadExt;

use crate::connector_stories::{cart, tap};
use crate::shop::{CARTS, Front, GATE, GATEWAY_ROLE, GATEWAY_SECRET, Shop, amazon_settings};

/// Three calls at once, and then one a second.
fn slow() -> Rate {
    Rate::parse("1/3").unwrap()
}

async fn call_as(shop: &Shop, path: &str, secret: &str, arn: &str, body: &Value) -> u16 {
    let request = shop.http.post(format!("{}{path}", shop.url)).json(body);
    request.header(SECRET_HEADER, secret).header(ARN_HEADER, arn).send().await.unwrap().status().as_u16()
}

#[sqlx::test(migrations = "../migrations")]
async fn op_017_pf_003_a_caller_that_is_too_fast_is_asked_to_wait_and_its_cart_is_taken_once_it_has(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open_behind(connect, Front { connector_rate: slow(), ..Front::default() }).await;
    let carts: Vec<Value> = (0..16).map(|_| cart()).collect();
    let mut refused = vec![];
    for cart in &carts {
        let response = shop.post(CARTS, cart).send().await.unwrap();
        if response.status() == 429 {
            let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            let body: Value = response.json().await.unwrap();
            assert!(wait >= 1);
            assert_eq!(body, json!({ "errorMsg": "Too Many Requests", "retryAfter": wait.to_string() }));
            refused.push((cart, wait));
        } else {
            assert_eq!(response.status(), 201);
        }
    }
    assert!(!refused.is_empty(), "nobody was too fast");
    let kept = shop.number("SELECT count(*) FROM trip WHERE $1 = ''", "").await;
    assert_eq!(kept, 16 - i64::try_from(refused.len()).unwrap(), "nothing is kept of what was refused");

    // Fair: neither another caller nor the gate waits for it.
    let gate_only = "arn:aws:iam::123456789012:role/gate-only";
    assert_eq!(call_as(&shop, GATE, GATEWAY_SECRET, gate_only, &tap()).await, 200);
    assert_eq!(call_as(&shop, GATE, GATEWAY_SECRET, GATEWAY_ROLE, &tap()).await, 200);
    // Who is not let in has no bucket to empty.
    for _ in 0..5 {
        assert_eq!(call_as(&shop, GATE, "a-guess-of-somebody", gate_only, &tap()).await, 401);
    }

    let (cart, wait) = refused.pop().unwrap();
    tokio::time::sleep(Duration::from_secs(wait)).await;
    let (status, answer) = shop.call(CARTS, cart).await;
    assert_eq!(status, 201, "{answer}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pf_003_an_event_feed_that_is_too_fast_is_asked_to_send_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open_behind(connect, Front { event_rate: slow(), ..Front::default() }).await;
    let mut statuses = vec![];
    for number in 0..16 {
        statuses.push(shop.feed(&json!({ "id": format!("event-{number}"), "detail": {} })).await);
    }
    assert_eq!(statuses[..3], [200; 3]);
    assert!(statuses[3..].contains(&429), "{statuses:?}");
    let stored = i64::try_from(statuses.iter().filter(|it| **it == 200).count()).unwrap();
    assert_eq!(shop.number("SELECT count(*) FROM payment_event WHERE $1 = ''", "").await, stored);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_016_a_flood_of_strangers_is_refused_and_does_not_fill_the_database(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for _ in 0..300 {
        assert_eq!(call_as(&shop, GATE, "a-guess-of-somebody", GATEWAY_ROLE, &tap()).await, 401);
    }
    let recorded = "SELECT sum(times) FROM security_event WHERE kind = $1";
    let recorded = shop.number(recorded, "connector_caller_declined").await;
    assert!((50..300).contains(&recorded), "{recorded} of 300 were written down");
    assert_eq!(shop.call(GATE, &tap()).await.0, 200);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_001_the_gateways_secret_is_replaced_while_it_calls_and_nothing_is_restarted(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let file = std::env::temp_dir().join(format!("storeside-gateway-{}", uuid::Uuid::new_v4()));
    let next = "the-next-secret-of-the-gateway";
    std::fs::write(&file, GATEWAY_SECRET).unwrap();
    let gateway_secrets = format!("file:{}", file.display());
    let shop = Shop::open_behind(connect, Front { gateway_secrets, ..Front::default() }).await;
    let known = async || {
        [
            call_as(&shop, CARTS, GATEWAY_SECRET, GATEWAY_ROLE, &cart()).await,
            call_as(&shop, CARTS, next, GATEWAY_ROLE, &cart()).await,
        ]
    };
    assert_eq!(known().await, [201, 401]);
    std::fs::write(&file, format!("{GATEWAY_SECRET}\n{next}\n")).unwrap();
    assert_eq!(known().await, [201, 201]);
    std::fs::write(&file, next).unwrap();
    assert_eq!(known().await, [401, 201]);
    std::fs::remove_file(&file).unwrap();
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_016_a_role_is_listed_and_withdrawn_while_the_program_runs(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let file = shop.folder.join("principals.json");
    let list = |roles: &[&str]| {
        let entries = roles.iter().map(|role| {
            json!({ "role_arn": format!("arn:aws:iam::123456789012:role/{role}"), "connectors": ["create_purchases"] })
        });
        std::fs::write(&file, Value::from_iter(entries).to_string()).unwrap();
    };
    let known = async || {
        let mut known = [0; 2];
        for (status, role) in known.iter_mut().zip(["old", "new"]) {
            let session = format!("arn:aws:sts::123456789012:assumed-role/{role}/session-1");
            *status = call_as(&shop, CARTS, GATEWAY_SECRET, &session, &cart()).await;
        }
        known
    };
    list(&["old"]);
    assert_eq!(known().await, [201, 401]);
    list(&["old", "new"]);
    assert_eq!(known().await, [201, 201]);
    list(&["new"]);
    assert_eq!(known().await, [401, 201]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_001_what_came_by_plain_http_is_not_answered_where_https_is_the_address(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open_behind(connect, Front { is_https: true, ..Front::default() }).await;
    let by = async |scheme: &str| {
        let request = shop.post(CARTS, &cart()).header("x-forwarded-proto", scheme);
        request.send().await.unwrap()
    };
    assert_eq!(by("http").await.status(), 403);
    let answered = by("https").await;
    assert_eq!(answered.status(), 201);
    assert!(answered.headers()["strict-transport-security"].to_str().unwrap().starts_with("max-age="));
    let page = shop.http.get(&shop.url).header("x-forwarded-proto", "http").send().await.unwrap();
    assert_eq!(page.status(), 403);
    let health = shop.http.get(format!("{}/health/live", shop.url)).header("x-forwarded-proto", "http");
    assert_eq!(health.send().await.unwrap().status(), 200, "a load balancer asks from inside");
    assert_eq!(shop.number("SELECT count(*) FROM trip WHERE $1 = ''", "").await, 1);
    shop.close().await;
}

#[tokio::test]
async fn sec_001_a_call_to_amazon_says_nothing_before_the_line_is_encrypted() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = amazon_settings(&format!("https://{}", listener.local_addr().unwrap()));
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 16 * 1024];
        let read = stream.read(&mut heard).await.unwrap();
        heard.truncate(read);
        heard
    });
    let adjust = AdjustCharge {
        store: "TEST_STORE_001".parse().unwrap(),
        trip: "a-trip-that-nobody-may-read".parse().unwrap(),
        amount: domain::money::Money::new(1599, domain::money::Currency::USD),
    };
    let call = AmazonClient::new(&settings).unwrap().send(time::OffsetDateTime::now_utc(), &adjust).await;
    assert!(call.outcome.is_err(), "nobody there can prove to be Amazon");
    let heard = heard.await.unwrap();
    assert_eq!(heard[..2], [0x16, 0x03], "a TLS handshake comes first");
    let text = String::from_utf8_lossy(&heard);
    assert!(!text.contains("a-trip-that") && !text.contains("AKIDSTORESIDEDEMO") && !text.contains("15.99"));
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_015_a_tap_that_nobody_could_keep_is_refused_with_503_and_answered_when_amazon_asks_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open_behind(connect, Front { gate_budget: Duration::from_millis(50), ..Front::default() }).await;
    // Neither the database nor the disk takes anything.
    std::fs::remove_dir_all(shop.folder.join("gate-journal")).unwrap();
    let mut held = vec![];
    for _ in 0..shop.database.options().get_max_connections() {
        held.push(shop.database.acquire().await.unwrap());
    }
    let back = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(held);
    };
    let (tap, ()) = tokio::join!(shop.twin.tap("visa"), back);
    let tap = tap.unwrap();
    assert!(tap.admitted() && tap.answer.tries > 1, "the first try was refused: {:?}", tap.answer);
    assert_eq!(shop.number("SELECT count(*) FROM gate_decision WHERE $1 = ''", "").await, 1, "decided once");
    shop.close().await;
}
