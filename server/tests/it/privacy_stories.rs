//! What is kept of people: taken along, erased when they ask, forgotten by age, and shown to nobody else.

use reqwest::StatusCode;
use reqwest::header::COOKIE;
use serde_json::Value;
use server::flow::erase::forget_personal;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::browser::{Browser, code_to};
use crate::canary::has_digits;
use crate::shop::{Shop, vault};

const VISA: &str = "visa.shopper@example.com";

async fn download(shop: &Shop, browser: &Browser<'_>) -> (StatusCode, String) {
    let request = shop.http.get(format!("{}/privacy/data.json", shop.url)).header(COOKIE, browser.cookie());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status(), answer.text().await.unwrap())
}

#[sqlx::test(migrations = "../migrations")]
async fn pp_001_people_take_their_own_data_along_and_nobody_elses(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let mine = shop.twin.walk("visa", &demo_items(3)).await.unwrap().trip.to_string();
    let theirs = shop.twin.walk("mastercard", &demo_items(1)).await.unwrap().trip.to_string();
    shop.settle().await;
    let signed_out = shop.http.get(format!("{}/privacy/data.json", shop.url)).send().await.unwrap();
    assert_eq!(signed_out.headers()["location"], "/sign-in?next=/privacy");
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let (status, text) = download(&shop, &browser).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!text.contains(&theirs) && !text.contains("mastercard"), "{text}");
    let all: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&all["email"], &all["is_complete"]), (&Value::from(VISA), &Value::from(true)));
    assert_eq!(all["trips"][0]["trip"], mine.as_str());
    assert_eq!(all["trips"][0]["receipt"]["lines"].as_array().unwrap().len(), 3);
    assert_eq!(all["trips"][0]["receipt"]["card"]["tail"], "4242");
    assert_eq!(all["sessions_end_at"].as_array().unwrap().len(), 1);
    let told =
        "SELECT count(*) FROM audit_entry WHERE action = 'data_downloaded' AND actor LIKE 'shopper:%' AND $1 = ''";
    assert_eq!(shop.number(told, "").await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pp_001_who_asks_is_erased_and_a_later_visit_begins_anew(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(3)).await.unwrap().trip;
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let (mut elsewhere, page) = (Browser::new(&shop), "/privacy/erase");
    elsewhere.sign_in(VISA).await;
    let unticked = browser.post("/api/erase_data", page, &[]).await;
    assert!(unticked.contains("__err"), "{unticked}");
    assert_eq!(shop.card_facts(trip).await.unwrap().tail.as_deref(), Some("4242"), "nothing has happened");
    shop.pass(time::Duration::minutes(11)).await;
    assert!(browser.get(page).await.1.contains("href=\"/confirm?next=/privacy/erase\""));
    assert!(browser.post("/api/erase_data", page, &[("agreed", "yes")]).await.contains("__err"), "not young enough");
    let asked = browser.post("/api/request_confirmation", "/confirm", &[("next", page)]).await;
    assert_eq!(asked, "/confirm/code?next=/privacy/erase");
    let code = code_to(&shop, VISA).await;
    assert_eq!(browser.post("/api/confirm", &asked, &[("code", &code), ("next", page)]).await, page);
    assert!(browser.get(page).await.1.contains("What is erased"));
    assert_eq!(browser.post("/api/erase_data", page, &[("agreed", "yes")]).await, "/privacy/erased");

    for gone in [&mut browser, &mut elsewhere] {
        assert_eq!(gone.get("/trips").await.0, StatusCode::FOUND, "signed out everywhere");
    }
    let facts = shop.card_facts(trip).await.unwrap();
    assert!(facts.tail.is_none() && facts.card_statement_transaction_id.is_none() && facts.expiration_year.is_none());
    assert!(facts.brand.is_some() && facts.reconciliation_id.is_some(), "what the books need");
    let addresses = "SELECT count(*) FROM shopper WHERE num_nonnulls(email, email_sealed, email_index) > 0 AND $1 = ''";
    assert_eq!(shop.number(addresses, "").await, 0);
    let audited = "SELECT count(*) FROM audit_entry WHERE action = 'data_erased' AND $1 = ''";
    assert_eq!(shop.number(audited, "").await, 1);
    let mails = shop.mails_to(VISA).len();
    Browser::new(&shop).post("/api/request_code", "/sign-in", &[("email", VISA)]).await;
    shop.settle().await;
    assert_eq!(shop.mails_to(VISA).len(), mails, "nobody is known by that address");

    shop.pass(time::Duration::minutes(1)).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.mails_to(VISA).len(), mails + 1, "the receipt of the new visit");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pp_001_what_amazon_tells_of_a_visit_from_before_is_not_kept(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let before = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    assert_eq!(browser.post("/api/erase_data", "/privacy/erase", &[("agreed", "yes")]).await, "/privacy/erased");
    let mails = shop.mails_to(VISA).len();
    let ask_again =
        "UPDATE outbox SET state = 'waiting', due_at = created_at, ended_at = NULL, tries = 0 WHERE trip_id = $1
         AND kind IN ('fetch_shopper_identity', 'fetch_transactional_data', 'send_receipt')";
    let asked = sqlx::query(ask_again).bind(before.to_string()).execute(&shop.database).await.unwrap();
    assert!(asked.rows_affected() >= 2);
    shop.settle().await;
    let known = "SELECT count(*) FROM instrument WHERE shopper_id IS NOT NULL AND $1 = ''";
    assert_eq!(shop.number(known, "").await, 0);
    assert!(shop.card_facts(before).await.unwrap().tail.is_none());
    assert_eq!(shop.mails_to(VISA).len(), mails);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pp_001_whoever_owes_is_told_what_must_be_over_first(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("insufficient", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in("insufficient.shopper@example.com").await;
    assert!(browser.get("/privacy/erase").await.1.contains("Not yet: something is still open"));
    let refused = browser.post("/api/erase_data", "/privacy/erase", &[("agreed", "yes")]).await;
    assert!(refused.contains("__err"), "{refused}");
    assert_eq!(browser.get("/balance").await.0, StatusCode::OK, "still signed in, and everything is there");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_002_cards_and_addresses_are_forgotten_when_stores_have_kept_them_long_enough(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let paid = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    let owed = shop.twin.walk("insufficient", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let now = shop.worker.clock.now();
    let forget =
        async |days| forget_personal(&shop.database, &vault(), now + time::Duration::days(days)).await.unwrap();
    assert_eq!(forget(399).await, (0, 0));
    let (cards, shoppers) = forget(401).await;
    assert!((1..=2).contains(&cards) && shoppers == 1, "{cards} {shoppers}");
    assert!(shop.card_facts(paid).await.unwrap().tail.is_none());
    let addresses = "SELECT count(*) FROM shopper WHERE email_sealed IS NOT NULL AND $1 = ''";
    assert_eq!(shop.number(addresses, "").await, 1, "a debtor's stays: {owed}");
    assert_eq!(forget(401).await, (0, 0));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_012_what_is_personal_is_masked_and_in_no_title_and_no_cache(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let facts = shop.card_facts(trip).await.unwrap();
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let receipt = format!("/trips/{trip}");
    for path in ["/", "/trips", &receipt, "/balance", "/privacy", "/privacy/erase"] {
        let answer =
            shop.http.get(format!("{}{path}", shop.url)).header(COOKIE, browser.cookie()).send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["cache-control"]),
            (StatusCode::OK, &"no-store".parse().unwrap())
        );
        let page = answer.text().await.unwrap();
        assert!(!page.contains(VISA) && !page.contains("visa.shopper"), "{path} shows the address");
        let title = page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap().to_owned();
        for personal in ["4242", "@", facts.card_statement_transaction_id.as_deref().unwrap()] {
            assert!(!title.contains(personal), "{path}: {title}");
        }
        for link in page.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap()) {
            assert!(!has_digits(link, "4242") && !link.contains('@'), "{path}: {link}");
        }
    }
    shop.close().await;
}
