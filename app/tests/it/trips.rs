//! The list of trips, and a trip without a receipt.

use app::backend::find::{CardChoice, CardKey, TripPlace};
use app::backend::{TripPage, TripStatus, TripSummary};
use domain::receipt::Held;
use time::Duration;

use crate::browser::{open, send};
use crate::fake::{AT, Fake, summary, usd, visit};

#[tokio::test]
async fn each_trip_has_its_date_store_card_status_and_total() {
    let trips = vec![
        summary("T-1", Some(2599), TripStatus::Paid),
        summary("T-2", None, TripStatus::Coming),
        summary("T-3", None, TripStatus::NoCharge),
    ];
    let page = open(Fake { trips, ..Fake::signed_in() }, "/trips").await;
    let text = page.text();
    assert!(text.contains("21 November 2026, 14:05 UTC Corner Store VISA ending in 1234 Paid $25.99"), "{text}");
    assert!(text.contains("Receipt coming Not known yet") && text.contains("No charge Nothing"), "{text}");
    assert!(page.html.contains("href=\"/trips/T-1\"") && page.html.contains("href=\"/trips/T-2\""));
    assert!(page.html.contains("datetime=\"2026-11-21T14:05:00Z\""));
}

#[tokio::test]
async fn no_trips_is_said_in_words() {
    let page = open(Fake::signed_in(), "/trips").await;
    assert!(page.text().contains("No trips yet") && !page.html.contains("<table"));
}

#[tokio::test]
async fn a_visit_without_a_purchase_yet_explains_the_hold() {
    let page = Some(TripPage::Coming(visit()));
    let text = open(Fake { page, ..Fake::signed_in() }, "/trips/T-1").await.text();
    assert!(text.contains("Your receipt is coming"), "{text}");
    assert!(
        text.contains("$25.00 was set aside when you entered.") && text.contains("A hold is not a charge"),
        "{text}"
    );
}

#[tokio::test]
async fn a_visit_that_ended_without_a_purchase_costs_nothing() {
    let page = Some(TripPage::NoPurchase(visit()));
    let text = open(Fake { page, ..Fake::signed_in() }, "/trips/T-1").await.text();
    assert!(text.contains("Nothing was charged") && !text.contains("Your receipt is coming"), "{text}");
}

#[tokio::test]
async fn what_is_held_stands_beside_each_trip_with_the_day_it_ends() {
    let held = Some(Held { amount: usd(2500), until: AT + Duration::days(2) });
    let trips = vec![
        TripSummary { held, ..summary("T-1", None, TripStatus::Coming) },
        summary("T-2", Some(5), TripStatus::Paid),
    ];
    let text = open(Fake { trips, ..Fake::signed_in() }, "/trips").await.text();
    assert_eq!(text.matches("held until").count(), 1, "{text}");
    assert!(text.contains("$25.00 held until 23 November 2026 at the latest"), "{text}");
}

#[tokio::test]
async fn trips_are_looked_for_by_day_and_a_bad_day_is_named_beside_its_field() {
    let fake = || Fake { trips: vec![summary("T-1", Some(5), TripStatus::Paid)], ..Fake::signed_in() };
    let found = open(fake(), "/trips?from=2026-11-21&to=2026-11-21").await;
    assert!(found.html.contains("/trips/T-1") && found.html.contains("value=\"2026-11-21\""), "{}", found.html);
    let none = open(fake(), "/trips?from=2026-11-22&to=").await.text();
    assert!(none.contains("No trip matches") && none.contains("Show all trips"), "{none}");
    let bad = open(fake(), "/trips?from=21.11.2026&to=").await;
    assert!(bad.text().contains("Write the date as year, month and day") && bad.html.contains("value=\"21.11.2026\""));
    assert!(bad.html.contains("aria-invalid=\"true\"") && bad.title().starts_with("Error"), "{}", bad.title());
    let backwards = open(fake(), "/trips?from=2026-11-22&to=2026-11-21").await.text();
    assert!(backwards.contains("This day is before the first one"), "{backwards}");
    let hostile = open(fake(), "/trips?from=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&card=x&after=y").await;
    assert!(!hostile.html.contains("<script>alert"), "{}", hostile.html);
}

#[tokio::test]
async fn the_next_page_keeps_what_was_looked_for_and_a_card_is_chosen_by_name() {
    let choice = |key: &str, name: &str| CardChoice { key: CardKey::new(key).unwrap(), name: name.to_owned() };
    let cards =
        vec![choice("0123456789abcdef", "VISA ending in 1234"), choice("fedcba9876543210", "AMEX ending in 0005")];
    let next = TripPlace::new("5.T-1");
    let trips = vec![summary("T-1", Some(5), TripStatus::Paid)];
    let page =
        open(Fake { trips, next, cards, ..Fake::signed_in() }, "/trips?from=2026-11-01&card=fedcba9876543210").await;
    assert!(page.html.contains("/trips?from=2026-11-01&amp;card=fedcba9876543210&amp;after=5.T-1"), "{}", page.html);
    assert!(page.text().contains("AMEX ending in 0005") && page.html.contains("selected"), "{}", page.html);
}

#[tokio::test]
async fn a_payment_is_found_by_a_form_that_leaves_its_number_in_no_address() {
    let trips = vec![summary("T-1", Some(5), TripStatus::Paid)];
    let found = send(Fake { trips, ..Fake::signed_in() }, "/trips", "/api/find_payment", "number=P01-77").await;
    assert_eq!(found.location.as_deref(), Some("/trips/T-1"));
    let none = send(Fake::signed_in(), "/trips", "/api/find_payment", "number=P01-77").await;
    assert!(!none.location.unwrap().contains("P01-77"));
}
