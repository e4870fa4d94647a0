//! A receipt on screen, on paper and by mail, and who may have it.

use lopdf::Document;
use mail_parser::MimeHeaders;
use reqwest::StatusCode;
use reqwest::header::COOKIE;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::browser::Browser;
use crate::shop::Shop;

const VISA: &str = "visa.shopper@example.com";

/// The text of a PDF, every blank one blank.
fn text(bytes: &[u8]) -> String {
    let file = Document::load_mem(bytes).unwrap();
    let pages: Vec<u32> = file.get_pages().into_keys().collect();
    file.extract_text(&pages).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn download(shop: &Shop, browser: &Browser<'_>, path: &str) -> reqwest::Response {
    shop.http.get(format!("{}{path}", shop.url)).header(COOKIE, browser.cookie()).send().await.unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_003_a_receipt_is_downloaded_as_a_pdf_by_whoever_it_belongs_to(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(3)).await.unwrap();
    shop.twin.walk("mastercard", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let path = format!("/trips/{}/receipt.pdf", walk.trip);
    let mut browser = Browser::new(&shop);
    let signed_out = shop.http.get(format!("{}{path}", shop.url)).send().await.unwrap();
    assert_eq!(signed_out.status(), StatusCode::SEE_OTHER);
    assert_eq!(signed_out.headers()["location"], format!("/sign-in?next=/trips/{}", walk.trip));
    browser.sign_in(VISA).await;
    let paper = download(&shop, &browser, &path).await;
    assert_eq!(
        (paper.status(), &paper.headers()["content-type"]),
        (StatusCode::OK, &"application/pdf".parse().unwrap())
    );
    assert_eq!(paper.headers()["cache-control"], "no-store");
    let disposition = paper.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; filename=\"receipt-20") && disposition.len() < 50, "{disposition}");
    let bytes = paper.bytes().await.unwrap();
    let statement = shop.card_facts(walk.trip).await.unwrap().card_statement_transaction_id.unwrap();
    let read = text(&bytes);
    for part in ["Turkey sandwich", "$7.49", "Sales tax 8.875%", "$0.84", "$14.81", "VISA ending in 4242", &statement] {
        assert!(read.contains(part), "{part} is not in {read}");
    }
    assert_eq!(download(&shop, &browser, &path).await.bytes().await.unwrap(), bytes, "the same bytes each time");

    let mut other = Browser::new(&shop);
    other.sign_in("mastercard.shopper@example.com").await;
    let theirs = download(&shop, &other, &path).await;
    let nothing = download(&shop, &other, "/trips/no-such-trip/receipt.pdf").await;
    assert_eq!((theirs.status(), nothing.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(theirs.text().await.unwrap(), nothing.text().await.unwrap());
    let reads =
        "SELECT count(*) FROM audit_entry WHERE action = 'card_facts_read' AND actor LIKE 'shopper:%' AND subject = $1";
    assert_eq!(shop.number(reads, walk.trip).await, 2, "each time the card was shown, and never to the other");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn comp_003_the_receipt_comes_by_mail_with_the_pdf_and_again_when_asked(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(3)).await.unwrap();
    shop.settle().await;
    let mails = || -> Vec<String> {
        let mails = shop.mails_to(VISA).into_iter().filter(|mail| mail.subject.contains("Your receipt"));
        mails.map(|mail| mail.file).collect()
    };
    let first = mails();
    assert_eq!(first.len(), 1);
    let message = std::fs::read(shop.folder.join("mail").join(&first[0])).unwrap();
    let message = mail_parser::MessageParser::default().parse(&message).unwrap();
    let file = message.attachments().next().unwrap();
    assert!(file.attachment_name().unwrap().starts_with("receipt-20"));
    assert!(text(file.contents()).contains("$14.81"));

    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let page = format!("/trips/{}", walk.trip);
    let trip = walk.trip.to_string();
    let mut other = Browser::new(&shop);
    for _ in 0..5 {
        let next = browser.post("/api/send_receipt", &page, &[("trip", &trip)]).await;
        assert_eq!(next, format!("{page}?mailed=1"));
        shop.settle().await;
    }
    assert_eq!(mails().len(), 6);
    let refused = browser.post("/api/send_receipt", &page, &[("trip", &trip)]).await;
    assert!(refused.contains("__err"), "{refused}");
    shop.settle().await;
    assert_eq!(mails().len(), 6, "a mailbox is not flooded");
    shop.pass(time::Duration::hours(1)).await;
    browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    assert!(!browser.post("/api/send_receipt", &page, &[("trip", &trip)]).await.contains("__err"), "in an hour again");
    shop.settle().await;
    assert_eq!(mails().len(), 7);

    shop.twin.walk("mastercard", &demo_items(1)).await.unwrap();
    shop.settle().await;
    other.sign_in("mastercard.shopper@example.com").await;
    assert!(other.post("/api/send_receipt", &page, &[("trip", &trip)]).await.contains("__err"), "not theirs");
    shop.settle().await;
    assert_eq!(mails().len(), 7);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_003_trips_are_found_by_day_by_page_and_by_the_number_on_the_statement(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let mut trips = vec![];
    for _ in 0..23 {
        trips.push(shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip);
    }
    let theirs = shop.twin.walk("mastercard", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let (status, first) = browser.get("/trips").await;
    assert_eq!((status, first.matches("class=\"trip-date\"").count()), (StatusCode::OK, 20));
    let older = first.split("href=\"/trips?").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let (_, second) = browser.get(&format!("/trips?{older}")).await;
    assert_eq!(second.matches("class=\"trip-date\"").count(), 3);
    for trip in &trips {
        let link = format!("href=\"/trips/{trip}\"");
        assert_eq!(first.matches(&link).count() + second.matches(&link).count(), 1, "{trip}");
    }
    let (_, none) = browser.get("/trips?from=2001-01-01&to=2001-12-31").await;
    assert!(none.contains("No trip matches"), "{none}");
    let number = async |trip| shop.card_facts(trip).await.unwrap().card_statement_transaction_id.unwrap();
    let found = browser.post("/api/find_payment", "/trips", &[("number", &number(trips[5]).await)]).await;
    assert_eq!(found, format!("/trips/{}", trips[5]));
    let not_mine = browser.post("/api/find_payment", "/trips", &[("number", &number(theirs).await)]).await;
    assert!(not_mine.contains("__err"), "{not_mine}");
    shop.close().await;
}
