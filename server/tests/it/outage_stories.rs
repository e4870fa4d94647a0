//! What a shopper sees while a neighbour is away: their own rows, one plain sentence, and nothing half done.

use server::client::mail::{MailClient, MailSettings};
use server::secret::Secret;
use server::worker::{Worker, run_due};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, Times, demo_items};

use crate::browser::{Browser, code_to};
use crate::payoffs::{OWES, signed_in, with_debtor};
use crate::shop::Shop;

/// The same worker, in front of a mail server that is away.
fn without_mail(shop: &Shop) -> Worker {
    let settings = MailSettings { url: Secret::new("smtp://127.0.0.1:1"), from: "receipts@example.com".to_owned() };
    Worker { mail: MailClient::new(&settings).unwrap(), ..shop.worker.clone() }
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_013_while_mail_is_away_the_page_for_the_code_says_so_and_the_code_comes_later(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, _) = with_debtor(connect).await;
    let mut browser = Browser::new(&shop);
    browser.post("/api/request_code", "/sign-in", &[("email", OWES)]).await;
    let (_, page) = browser.get("/sign-in/code").await;
    assert!(!page.contains("emails are late"), "{page}");
    run_due(&without_mail(&shop)).await.unwrap();
    let (status, page) = browser.get("/sign-in/code").await;
    assert_eq!(status, 200);
    assert!(page.contains("Our emails are late just now") && page.contains("kept and sent"), "{page}");

    shop.pass(Duration::minutes(5)).await;
    let code = code_to(&shop, OWES).await;
    let next = browser.post("/api/sign_in", "/sign-in/code", &[("code", &code)]).await;
    assert!(!next.contains("__err"), "the code of before is still good: {next}");
    let (_, page) = Browser::new(&shop).get("/sign-in/code").await;
    assert!(!page.contains("emails are late"), "{page}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_013_while_amazon_is_away_every_page_shows_its_rows_and_the_trip_says_that_it_takes_longer(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, owed) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    for api in [Api::Adjust, Api::Capture, Api::Refund, Api::TransactionalData, Api::ShopperIdentity] {
        shop.twin.fault(api, Fault::TooManyRequests, Times::Always);
    }
    // Somebody else's trip meets it first.
    let walk = shop.twin.walk("visa", &demo_items(2)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(walk.trip).await, "adjusting");
    let pages = [
        "/trips".to_owned(),
        format!("/trips/{owed}"),
        "/balance".to_owned(),
        format!("/trips/{owed}/refund"),
        format!("/trips/{owed}/dispute"),
    ];
    for path in &pages {
        let (status, page) = browser.get(path).await;
        assert_eq!(status, 200, "{path}: {page}");
    }
    // Whose card is known from another trip reads the one that waits.
    for api in [Api::Adjust, Api::Capture, Api::Refund, Api::TransactionalData, Api::ShopperIdentity] {
        shop.twin.clear_faults(api);
    }
    shop.pass(Duration::minutes(30)).await;
    assert_eq!(shop.state(walk.trip).await, "captured", "finished later");
    let mut visa = Browser::new(&shop);
    visa.sign_in("visa.shopper@example.com").await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, Times::Always);
    let late = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let (status, page) = visa.get(&format!("/trips/{}", late.trip)).await;
    assert_eq!(status, 200);
    for part in ["Your card is being charged", "Payments take longer just now", "nothing is charged twice"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let (_, refund) = visa.get(&format!("/trips/{}/refund", late.trip)).await;
    assert!(refund.contains("Nothing has been charged for this trip yet"), "{refund}");
    shop.twin.clear_faults(Api::Adjust);
    shop.pass(Duration::minutes(30)).await;
    assert_eq!(shop.state(late.trip).await, "captured");
    shop.close().await;
}
