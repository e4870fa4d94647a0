//! The list of trips, and a trip without a receipt.

use app::backend::{TripPage, TripStatus};

use crate::browser::open;
use crate::fake::{Fake, summary, visit};

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
