//! A shopper in the portal, without a program in the browser: forms, cookies and pages.

use reqwest::StatusCode;
use reqwest::header::COOKIE;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinSet;
use twin::demo_items;

use crate::browser::{Browser, code_to};
use crate::shop::Shop;

const VISA: &str = "visa.shopper@example.com";
const OWES: &str = "insufficient.shopper@example.com";

#[sqlx::test(migrations = "../migrations")]
async fn a_shopper_signs_in_by_code_and_reads_the_receipt(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(3)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let (status, trips) = browser.get("/trips").await;
    assert_eq!(status, 200);
    assert!(trips.contains("$14.81") && trips.contains("VISA ending in 4242"), "{trips}");
    let (status, receipt) = browser.get(&format!("/trips/{}", walk.trip)).await;
    assert_eq!(status, 200);
    let statement = shop.card_facts(walk.trip).await.unwrap().card_statement_transaction_id;
    for part in ["Turkey sandwich", "$7.49", "8.875", "$0.84", "$14.81", "VISA ending in 4242", &statement.unwrap()] {
        assert!(receipt.contains(part), "{part} is not in\n{receipt}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_007_a_shopper_sees_the_balance_by_trip(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    // Two visits before either is charged: the gate cannot know yet.
    let (first, second) = (shop.twin.tap("insufficient").await.unwrap(), shop.twin.tap("insufficient").await.unwrap());
    shop.twin.send_cart(&first, &demo_items(1)).await.unwrap();
    shop.twin.send_cart(&second, &demo_items(2)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(OWES).await;
    let (status, balance) = browser.get("/balance").await;
    assert_eq!(status, 200);
    for part in ["$2.17", "$10.32", "$12.49", &first.trip.to_string(), &second.trip.to_string()] {
        assert!(balance.contains(part), "{part} is not in\n{balance}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_reads_what_is_not_theirs(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.twin.walk("mastercard", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    let theirs = format!("/trips/{}", walk.trip);
    for path in ["/trips", "/balance", &theirs] {
        let (status, page) = browser.get(path).await;
        assert_eq!(status, StatusCode::FOUND, "{path} sends whoever is not signed in to the sign-in page");
        assert!(!page.contains("$2.17"));
    }
    browser.sign_in("mastercard.shopper@example.com").await;
    let (theirs_status, theirs_page) = browser.get(&theirs).await;
    let (nothing_status, nothing_page) = browser.get("/trips/550e8400-e29b-41d4-a716-446655440000").await;
    assert_eq!((theirs_status, nothing_status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(theirs_page.len(), nothing_page.len(), "somebody else's looks like nobody's");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_bears_five_answers_is_good_once_and_only_in_its_browser(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.post("/api/request_code", "/sign-in", &[("email", VISA)]).await;
    let code = code_to(&shop, VISA).await;

    let mut thief = Browser::new(&shop);
    assert!(thief.post("/api/sign_in", "/sign-in/code", &[("code", &code)]).await.contains("__err"));
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    for _ in 0..5 {
        assert!(browser.post("/api/sign_in", "/sign-in/code", &[("code", wrong)]).await.contains("__err"));
    }
    assert!(browser.post("/api/sign_in", "/sign-in/code", &[("code", &code)]).await.contains("__err"), "used up");

    let mut second = Browser::new(&shop);
    second.sign_in(VISA).await;
    let newest = code_to(&shop, VISA).await;
    assert!(second.post("/api/sign_in", "/sign-in/code", &[("code", &newest)]).await.contains("__err"), "good once");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_code_is_over_after_ten_minutes_and_a_session_after_fifteen_idle_ones(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut late = Browser::new(&shop);
    late.post("/api/request_code", "/sign-in", &[("email", VISA)]).await;
    let code = code_to(&shop, VISA).await;
    shop.pass(time::Duration::minutes(11)).await;
    assert!(late.post("/api/sign_in", "/sign-in/code", &[("code", &code)]).await.contains("__err"));

    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    for _ in 0..2 {
        shop.pass(time::Duration::minutes(14)).await;
        assert_eq!(browser.get("/trips").await.0, 200, "whoever is active stays");
    }
    shop.pass(time::Duration::minutes(16)).await;
    assert_eq!(browser.get("/trips").await.0, StatusCode::FOUND);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_is_over_after_two_hours_however_active(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let mut pages = 0;
    while browser.get("/trips").await.0 == 200 {
        pages += 1;
        shop.pass(time::Duration::minutes(10)).await;
    }
    assert_eq!(pages, 12);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_that_nobody_has_is_answered_like_one_that_somebody_has(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mails = shop.twin.mails().unwrap().len();
    let mut answers = vec![];
    for email in [VISA, "nobody@example.com"] {
        let mut browser = Browser::new(&shop);
        let next = browser.post("/api/request_code", "/sign-in", &[("email", email)]).await;
        let (status, page) = browser.get(&next).await;
        answers.push((next, status, page.len()));
    }
    assert_eq!(answers[0], answers[1]);
    shop.settle().await;
    assert_eq!(shop.twin.mails().unwrap().len(), mails + 1, "one mail, to the one who exists");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g14_an_address_is_not_flooded_with_codes(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    for _ in 0..8 {
        let mut browser = Browser::new(&shop);
        browser.post("/api/request_code", "/sign-in", &[("email", VISA)]).await;
    }
    shop.settle().await;
    let codes = shop.mails_to(VISA).iter().filter(|mail| mail.subject.contains("code")).count();
    assert_eq!(codes, 5);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_of_another_site_changes_nothing(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let request = shop.http.post(format!("{}/api/request_code", shop.url)).form(&[("email", VISA)]);
    let response = request.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(shop.number("SELECT count(*) FROM sign_in_code WHERE $1 = ''", "").await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_is_for_one_person_and_runs_no_foreign_script(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let response = shop.http.get(&shop.url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("'nonce-") && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    let again = shop.http.get(&shop.url).send().await.unwrap();
    assert_ne!(again.headers()["content-security-policy"].to_str().unwrap(), policy, "each page has its own nonce");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_signs_out_stays_out_whatever_was_under_way(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    for _ in 0..3 {
        let mut browser = Browser::new(&shop);
        browser.sign_in(VISA).await;
        let cookie = browser.cookie();
        let page = || shop.http.get(format!("{}/trips", shop.url)).header(COOKIE, cookie.clone()).send();
        assert_eq!(page().await.unwrap().status(), StatusCode::OK);
        let under_way: JoinSet<_> = std::iter::repeat_with(page).take(8).collect();
        browser.post("/api/sign_out", "/trips", &[]).await;
        under_way.join_all().await;
        assert_ne!(page().await.unwrap().status(), StatusCode::OK, "the cookie of before opens nothing");
    }
    shop.close().await;
}
