//! A shopper asks for a refund in the portal: chosen, checked, sent once, and told how it stands.

use domain::refund::ReviewReason;
use reqwest::StatusCode;
use server::flow::decide_refund::Decision;
use server::flow::read_refund::{refund_note, reviews};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, Times};
use uuid::Uuid;

use crate::browser::{Browser, field};
use crate::refunds::{FIRST, TOTAL, decide, given, visit};
use crate::shop::{Shop, vault};

const VISA: &str = "visa.shopper@example.com";
const FIRST_LINE: &str = "line-1=1&line-2=0&line-3=0&reason=DAMAGED_ITEM";
const ALL_LINES: &str = "line-1=1&line-2=1&line-3=1&reason=UNWANTED_ITEM";

async fn signed_in(shop: &Shop) -> Browser<'_> {
    let mut browser = Browser::new(shop);
    browser.sign_in(VISA).await;
    browser
}

fn check_address(trip: Uuid, query: &str) -> String {
    format!("/trips/{trip}/refund/check?{query}")
}

/// The page where a refund is checked.
async fn checked(browser: &mut Browser<'_>, trip: Uuid, query: &str) -> String {
    let (status, page) = browser.get(&check_address(trip, query)).await;
    assert_eq!(status, 200, "{page}");
    page
}

/// Sends the form of that page. Where it leads.
async fn send(browser: &mut Browser<'_>, from: (Uuid, &str), page: &str, note: &str) -> String {
    let names = ["trip", "refund", "lines", "reason", "agreed_minor", "currency"];
    let values = names.map(|name| (name, field(page, name)));
    let mut fields: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("note", note));
    browser.post("/api/ask_refund", &check_address(from.0, from.1), &fields).await
}

async fn count(shop: &Shop, trip: Uuid) -> i64 {
    shop.number("SELECT count(*) FROM refund WHERE trip_id = $1", trip).await
}

fn id_of(address: &str) -> domain::id::RefundId {
    address.strip_prefix("/refunds/").unwrap_or_else(|| panic!("{address}")).parse().unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_004_pp_002_a_shopper_chooses_checks_sends_and_reads_how_it_stands_until_the_money_is_back(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let mut browser = signed_in(&shop).await;
    let (_, receipt) = browser.get(&format!("/trips/{trip}")).await;
    assert!(receipt.contains(&format!("href=\"/trips/{trip}/refund\"")), "{receipt}");
    let (status, form) = browser.get(&format!("/trips/{trip}/refund")).await;
    assert_eq!(status, 200);
    for part in ["Sparkling water", "name=\"line-1\"", "DAMAGED_ITEM", "OTHER"] {
        assert!(form.contains(part), "{part} is not in\n{form}");
    }
    assert!(!form.contains("JWO_TECH_ERROR"), "what only staff may say");
    let page = checked(&mut browser, trip, FIRST_LINE).await;
    for part in ["$2.17", "goes back to the card", "It was broken or damaged"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert_eq!((count(&shop, trip).await, shop.twin.truth().count(Api::Refund, trip)), (0, 0), "looking asks nothing");

    let address = send(&mut browser, (trip, FIRST_LINE), &page, "Jane found it broken").await;
    let id = id_of(&address);
    let (_, status_page) = browser.get(&address).await;
    assert!(status_page.contains("approved") && status_page.contains(&id.to_string()), "{status_page}");
    // A second click, and the back button.
    assert_eq!(send(&mut browser, (trip, FIRST_LINE), &page, "Jane found it broken").await, address);
    shop.settle().await;
    let truth = shop.twin.truth();
    let theirs = &truth.trip(trip).refunds;
    assert_eq!((theirs.len(), theirs[0].amount_minor), (1, FIRST));
    assert_eq!((theirs[0].refund_request_id.clone(), theirs[0].reason_code.as_str()), (id.to_string(), "DAMAGED_ITEM"));
    let (_, done) = browser.get(&address).await;
    assert!(done.contains("Your refund is done") && done.contains(&theirs[0].reconciliation_id), "{done}");
    assert_eq!(
        send(&mut browser, (trip, FIRST_LINE), &page, "again").await,
        address,
        "a page that is sent later is the same"
    );
    assert_eq!(given(&shop, trip), [FIRST]);
    let (_, receipt) = browser.get(&format!("/trips/{trip}")).await;
    assert!(receipt.contains(&address), "the receipt leads to it");

    let subjects: Vec<String> = shop.mails_to(VISA).into_iter().map(|it| it.subject).collect();
    for part in ["Your refund is approved", "Your refund is done"] {
        assert_eq!(subjects.iter().filter(|it| it.starts_with(part)).count(), 1, "{part}: {subjects:?}");
    }
    let note = refund_note(&shop.database, &vault(), id).await.unwrap().unwrap();
    assert_eq!(note.expose(), "Jane found it broken", "the first words count");
    let kept = "SELECT (SELECT string_agg(refund::text, ' ') FROM refund WHERE trip_id = $1)
        || (SELECT string_agg(audit_entry::text, ' ') FROM audit_entry)";
    assert!(!shop.text(kept, trip).await.unwrap().contains("Jane"), "it lies sealed, and in no audit");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_005_outside_the_window_it_is_said_before_anything_is_sent(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let mut early = signed_in(&shop).await;
    let page = checked(&mut early, trip, FIRST_LINE).await;
    shop.jump(Duration::days(30) + Duration::minutes(1));
    let mut browser = signed_in(&shop).await;
    for address in [format!("/trips/{trip}/refund"), check_address(trip, FIRST_LINE)] {
        let (status, text) = browser.get(&address).await;
        assert_eq!(status, 200, "{address}");
        assert!(text.contains("within 30 days of a trip") && text.contains("help@"), "{text}");
        assert!(!text.contains("name=\"line-1\"") && !text.contains("/api/ask_refund"), "{text}");
    }
    let back = send(&mut browser, (trip, FIRST_LINE), &page, "").await;
    assert!(back.contains("__err"), "a page that lay open for a month: {back}");
    assert_eq!((count(&shop, trip).await, shop.twin.truth().count(Api::Refund, trip)), (0, 0));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_006_while_one_is_open_and_once_all_is_back_no_other_can_be_asked_for(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 0").execute(&shop.database).await.unwrap();
    let trip = visit(&shop, "visa").await;
    let mut browser = signed_in(&shop).await;
    let (one, other) = (checked(&mut browser, trip, ALL_LINES).await, checked(&mut browser, trip, FIRST_LINE).await);
    assert!(one.contains("A person looks at this refund first"), "{one}");
    let address = send(&mut browser, (trip, ALL_LINES), &one, "").await;
    let id = id_of(&address);
    // The other tab.
    let back = send(&mut browser, (trip, FIRST_LINE), &other, "").await;
    assert!(back.contains("__err"), "{back}");
    let (_, page) = browser.get(back.strip_prefix(&shop.url).unwrap_or(&back)).await;
    assert!(page.contains("already asked for a refund") && page.contains(&address), "{page}");
    assert_eq!(count(&shop, trip).await, 1);
    let (_, page) = browser.get(&address).await;
    assert!(page.contains("We have your request"), "{page}");
    let review = reviews(&shop.database, &[id]).await.unwrap().remove(&id).unwrap();
    assert_eq!((review.reasons, review.has_note), (vec![ReviewReason::OverLimit], false));

    decide(&shop, id, Decision::Approve, "ben").await.unwrap();
    shop.settle().await;
    assert_eq!(given(&shop, trip), [TOTAL]);
    let (_, page) = browser.get(&format!("/trips/{trip}/refund")).await;
    assert!(page.contains("has already been refunded"), "{page}");
    let subjects: Vec<String> = shop.mails_to(VISA).into_iter().map(|it| it.subject).collect();
    for part in ["We received your refund request", "Your refund is approved", "Your refund is done"] {
        assert_eq!(subjects.iter().filter(|it| it.starts_with(part)).count(), 1, "{part}: {subjects:?}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_declined_refund_says_why_and_leaves_the_trip_open_for_another(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 0").execute(&shop.database).await.unwrap();
    let trip = visit(&shop, "visa").await;
    let mut browser = signed_in(&shop).await;
    let page = checked(&mut browser, trip, FIRST_LINE).await;
    let address = send(&mut browser, (trip, FIRST_LINE), &page, "").await;
    decide(&shop, id_of(&address), Decision::Decline, "ben").await.unwrap();
    shop.settle().await;
    let (_, page) = browser.get(&address).await;
    assert!(page.contains("We cannot give this refund") && page.contains("seen on the video"), "{page}");
    assert!(shop.mails_to(VISA).iter().any(|it| it.text.contains("The reason: seen on the video")));
    assert_eq!(shop.twin.truth().count(Api::Refund, trip), 0);
    let again = checked(&mut browser, trip, FIRST_LINE).await;
    assert_ne!(send(&mut browser, (trip, FIRST_LINE), &again, "").await, address);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_asks_for_or_reads_a_refund_of_anothers_trip(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    visit(&shop, "mastercard").await;
    let mut browser = signed_in(&shop).await;
    let page = checked(&mut browser, trip, FIRST_LINE).await;
    let address = send(&mut browser, (trip, FIRST_LINE), &page, "").await;
    shop.settle().await;
    let fresh = checked(&mut browser, trip, "line-2=1&reason=OTHER").await;

    let mut stranger = Browser::new(&shop);
    let paths = [format!("/trips/{trip}/refund"), check_address(trip, FIRST_LINE), address.clone()];
    for path in &paths {
        assert_eq!(stranger.get(path).await.0, StatusCode::FOUND, "{path}: who is not signed in signs in first");
    }
    assert!(send(&mut stranger, (trip, FIRST_LINE), &fresh, "").await.contains("__err"));
    stranger.sign_in("mastercard.shopper@example.com").await;
    for path in &paths {
        let nobodys = path.replace(&trip.to_string(), &Uuid::new_v4().to_string());
        let nobodys = nobodys.replace(&id_of(&address).to_string(), &Uuid::new_v4().to_string());
        let (_, nothing) = stranger.get(&nobodys).await;
        let (status, page) = stranger.get(path).await;
        assert_eq!((status, page.len()), (StatusCode::NOT_FOUND, nothing.len()), "{path}: looks like nobody's");
    }
    assert!(send(&mut stranger, (trip, FIRST_LINE), &fresh, "").await.contains("__err"));
    assert_eq!(count(&shop, trip).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_wrong_is_said_at_its_field_and_nothing_is_kept_of_a_card_number(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let mut browser = signed_in(&shop).await;
    for (query, part) in [
        ("line-1=2&reason=OTHER", "type a number from 0 to 1"),
        ("line-1=0.5&reason=OTHER", "type a number from 0 to 1"),
        ("line-1=-1&reason=OTHER", "type a number from 0 to 1"),
        ("line-1=%F0%9F%8D%8E&reason=OTHER", "type a number from 0 to 1"),
        ("line-1=0&reason=OTHER", "Say how much of at least one item"),
        ("line-1=1", "Choose why it comes back"),
        ("line-1=1&reason=JWO_TECH_ERROR", "Choose why it comes back"),
        ("line-1=1&reason=%3Cscript%3E", "Choose why it comes back"),
    ] {
        let (status, page) = browser.get(&check_address(trip, query)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(
            page.contains(part) && page.contains("There is a problem") && !page.contains("<script>\""),
            "{query}: {page}"
        );
    }
    let page = checked(&mut browser, trip, FIRST_LINE).await;
    for (note, part) in
        [("my card is 4242 4242 4242 4242", "has a card number in it"), (&"ü".repeat(501) as &str, "longer than 500")]
    {
        let back = send(&mut browser, (trip, FIRST_LINE), &page, note).await;
        assert!(back.contains("__err") && !back.contains("4242"), "{back}");
        let (_, text) = browser.get(back.strip_prefix(&shop.url).unwrap_or(&back)).await;
        assert!(text.contains(part) && text.contains("There is a problem"), "{text}");
    }
    // The amount that is agreed to is the one that is sent.
    let other = page.replace("name=\"agreed_minor\" value=\"217\"", "name=\"agreed_minor\" value=\"216\"");
    assert_ne!(other, page);
    let back = send(&mut browser, (trip, FIRST_LINE), &other, "").await;
    let (_, text) = browser.get(back.strip_prefix(&shop.url).unwrap_or(&back)).await;
    assert!(text.contains("The amount has changed") && text.contains("$2.17"), "{text}");
    assert_eq!(count(&shop, trip).await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_article_from_trip_after_trip_is_looked_at_by_a_person(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_count = 99").execute(&shop.database).await.unwrap();
    let trips = [visit(&shop, "visa").await, visit(&shop, "visa").await, visit(&shop, "visa").await];
    let mut browser = signed_in(&shop).await;
    for (number, trip) in trips.into_iter().enumerate() {
        let page = checked(&mut browser, trip, FIRST_LINE).await;
        assert_eq!(page.contains("A person looks at this refund first"), number == 2, "{page}");
        let id = id_of(&send(&mut browser, (trip, FIRST_LINE), &page, "").await);
        let review = reviews(&shop.database, &[id]).await.unwrap().remove(&id).unwrap();
        let want = if number == 2 { vec![ReviewReason::SameArticle] } else { vec![] };
        assert_eq!(review.reasons, want);
        shop.settle().await;
    }
    // Another article of the same trips is no pattern; much of everything is.
    sqlx::query("UPDATE store SET refund_auto_share_percent = 20").execute(&shop.database).await.unwrap();
    decide_open(&shop, trips[2]).await;
    let page = checked(&mut browser, trips[2], "line-2=1&reason=OTHER").await;
    let id = id_of(&send(&mut browser, (trips[2], "line-2=1&reason=OTHER"), &page, "").await);
    let review = reviews(&shop.database, &[id]).await.unwrap().remove(&id).unwrap();
    assert_eq!(review.reasons, [ReviewReason::MostlyReturned]);
    shop.close().await;
}

async fn decide_open(shop: &Shop, trip: Uuid) {
    let open = shop.text("SELECT refund_id::text FROM refund WHERE trip_id = $1 AND state = 'in_review'", trip).await;
    decide(shop, open.unwrap().parse().unwrap(), Decision::Approve, "ben").await.unwrap();
    shop.settle().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_013_a_refund_api_that_fails_leaves_the_refund_queued_and_its_page_says_so(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let mut browser = signed_in(&shop).await;
    shop.twin.fault(Api::Refund, Fault::ServiceException, Times::Always);
    let page = checked(&mut browser, trip, FIRST_LINE).await;
    let address = send(&mut browser, (trip, FIRST_LINE), &page, "").await;
    shop.settle().await;
    let (status, text) = browser.get(&address).await;
    assert_eq!(status, 200);
    assert!(text.contains("We keep trying, nothing is lost"), "{text}");
    shop.twin.clear_faults(Api::Refund);
    shop.pass(Duration::minutes(10)).await;
    let (_, text) = browser.get(&address).await;
    assert!(text.contains("Your refund is done"), "{text}");
    assert_eq!(given(&shop, trip), [FIRST], "once");
    shop.close().await;
}
