//! A total that the gate's hold is, to the cent: captured as it is where the store says so.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, Settings, Times, Visit, demo_items};
use uuid::Uuid;

use crate::shop::Shop;

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

async fn open(connect: PgConnectOptions, capture_before_adjust: bool) -> Shop {
    let shop = Shop::open(connect).await;
    shop.twin.set(Settings { capture_before_adjust, ..Settings::default() });
    sqlx::query("UPDATE store SET skip_adjust = true").execute(&shop.database).await.unwrap();
    shop
}

/// Walks with a hold of this much, and gives the calls for money: how often adjust and capture were asked for, and what was charged.
async fn walk(shop: &Shop, hold_minor: i64) -> Uuid {
    let visit = Visit::of("visa").holding_minor(hold_minor);
    shop.twin.walk(visit, &demo_items(2)).await.unwrap().trip
}

fn calls(shop: &Shop, trip: Uuid) -> (u32, u32, Vec<i64>) {
    let truth = shop.twin.truth();
    let trip = truth.trip(trip);
    (trip.adjust_calls, trip.capture_calls, trip.captures_minor.clone())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_total_that_is_held_is_captured_in_one_call_and_any_other_is_adjusted(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect, true).await;
    let held = walk(&shop, TOTAL).await;
    shop.settle().await;
    assert_eq!((calls(&shop, held), shop.state(held).await.as_str()), ((0, 1, vec![TOTAL]), "captured"));
    for hold in [TOTAL + 1, TOTAL - 1] {
        let other = walk(&shop, hold).await;
        shop.settle().await;
        assert_eq!(calls(&shop, other), (1, 1, vec![TOTAL]), "a hold of {hold}");
    }
    sqlx::query("UPDATE store SET skip_adjust = false").execute(&shop.database).await.unwrap();
    let asked = walk(&shop, TOTAL).await;
    shop.settle().await;
    assert_eq!(calls(&shop, asked), (1, 1, vec![TOTAL]), "where the store does not say so");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_that_wants_an_adjustment_first_is_adjusted_and_charged_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect, false).await;
    let trip = walk(&shop, TOTAL).await;
    shop.settle().await;
    assert_eq!((calls(&shop, trip), shop.state(trip).await.as_str()), ((1, 2, vec![TOTAL]), "captured"));
    assert_eq!(shop.attempts(trip, "capture_charge").await, ["refused", "answered"]);
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", trip).await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_without_an_adjustment_whose_answer_is_lost_is_charged_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    for fault in [Fault::LoseAnswer, Fault::FailAfterEffect] {
        let shop = open(connect.clone(), true).await;
        shop.twin.fault(Api::Capture, fault, Times::from(1));
        let trip = walk(&shop, TOTAL).await;
        shop.pass(Duration::minutes(5)).await;
        let (adjusts, _, charged) = calls(&shop, trip);
        assert_eq!((adjusts, charged, shop.state(trip).await.as_str()), (0, vec![TOTAL], "captured"), "{fault:?}");
        shop.close().await;
    }
}
