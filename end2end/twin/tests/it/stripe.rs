//! The twin's Stripe over HTTP: keys, idempotency, the life of a session, and the page on which a card is typed.

use serde_json::Value;
use twin::{PayOutcome, SendOrder, SessionStatus, Twin, TwinOptions};

use crate::support::client;

const KEY: &str = "sk_test_storeside_demo";

fn wish(minor: i64) -> Vec<(String, String)> {
    let expires = time::OffsetDateTime::now_utc().unix_timestamp() + 3600;
    let pairs = [
        ("mode", "payment".to_owned()),
        ("line_items[0][price_data][currency]", "usd".to_owned()),
        ("line_items[0][price_data][unit_amount]", minor.to_string()),
        ("line_items[0][price_data][product_data][name]", "Unpaid trips".to_owned()),
        ("line_items[0][quantity]", "1".to_owned()),
        ("client_reference_id", "ours".to_owned()),
        ("success_url", "http://shop.example/paid".to_owned()),
        ("cancel_url", "http://shop.example/back".to_owned()),
        ("expires_at", expires.to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn create(twin: &Twin, key: &str, secret: &str, wish: &[(String, String)]) -> (u16, Value) {
    let url = format!("{}/v1/checkout/sessions", twin.url());
    let sent = client().post(url).bearer_auth(secret).header("idempotency-key", key).form(wish).send().await.unwrap();
    (sent.status().as_u16(), sent.json().await.unwrap())
}

#[tokio::test]
async fn the_same_key_gets_the_same_session_and_another_body_is_refused() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    assert_eq!(create(&twin, "k", "sk_test_of_somebody_else", &wish(100)).await.0, 401);
    let wish_of_100 = wish(100);
    let (status, first) = create(&twin, "k", KEY, &wish_of_100).await;
    assert_eq!((status, &first["object"], &first["amount_total"]), (200, &"checkout.session".into(), &100.into()));
    assert_eq!(create(&twin, "k", KEY, &wish_of_100).await, (200, first));
    let (status, refused) = create(&twin, "k", KEY, &wish(101)).await;
    assert_eq!((status, &refused["error"]["type"]), (400, &"idempotency_error".into()));
    assert_eq!(create(&twin, "little", KEY, &wish(49)).await.0, 400);
    assert_eq!(twin.stripe().sessions().len(), 1);
}

#[tokio::test]
async fn a_card_is_typed_declined_and_approved_on_a_page_without_script() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let (_, session) = create(&twin, "k", KEY, &wish(1032)).await;
    let url = session["url"].as_str().unwrap().to_owned();
    let page = client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("10.32 USD") && page.contains("http://shop.example/back"), "{page}");
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let declined = http.post(&url).form(&[("number", "4000 0000 0000 0002")]).send().await.unwrap();
    assert!(declined.text().await.unwrap().contains("declined"));
    let asks = http.post(&url).form(&[("number", "4000002500003155")]).send().await.unwrap();
    assert!(asks.text().await.unwrap().contains("Complete authentication"));
    let paid = http.post(&url).form(&[("number", "4242424242424242")]).send().await.unwrap();
    assert_eq!(
        (paid.status().as_u16(), &paid.headers()["location"]),
        (303, &"http://shop.example/paid".parse().unwrap())
    );
    let id = session["id"].as_str().unwrap();
    assert_eq!(twin.stripe().newest().status, SessionStatus::Complete);
    assert_eq!(twin.stripe().pay(id, "4242424242424242").await, PayOutcome::NotOpen);
    assert_eq!(twin.stripe().net_minor(), 1032);
    let kinds: Vec<_> = twin.stripe().events().into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ["payment_intent.payment_failed", "payment_intent.succeeded", "checkout.session.completed"]);
}

#[tokio::test]
async fn a_bank_takes_a_payment_back_and_gives_it_back() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let (_, session) = create(&twin, "k", KEY, &wish(1032)).await;
    let id = session["id"].as_str().unwrap();
    assert!(!twin.stripe().dispute(id, None).await, "nothing is paid");
    twin.stripe().pay(id, "4242424242424242").await;
    assert!(twin.stripe().dispute(id, None).await);
    assert_eq!(twin.stripe().net_minor(), 0);
    assert!(twin.stripe().close_dispute(id, true).await && !twin.stripe().close_dispute(id, false).await);
    assert_eq!(twin.stripe().net_minor(), 1032);
    assert!(twin.stripe().send(SendOrder::OldestFirst).await.is_err(), "there is no Storeside");
}
