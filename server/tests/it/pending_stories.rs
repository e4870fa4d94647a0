//! Adjust Charge says neither yes nor no.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, demo_items};
use uuid::Uuid;

use crate::shop::Shop;

const ADJUST: &str = "SELECT state || ' ' || tries FROM outbox WHERE kind = 'adjust_charge' AND trip_id = $1";

async fn walk(shop: &Shop, card: &str) -> Uuid {
    shop.twin.walk(card, &demo_items(1)).await.unwrap().trip
}

#[sqlx::test(migrations = "../migrations")]
async fn ac_003_a_pending_adjustment_is_asked_about_until_it_is_decided(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = walk(&shop, "pending").await;
    shop.pass(Duration::minutes(1)).await;
    assert_eq!(shop.state(trip).await, "captured");
    assert!(shop.twin.truth().trip(trip).adjust_calls > 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ac_003_an_adjustment_that_stays_pending_is_kept_for_a_person_shortly_before_the_deadline(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = walk(&shop, "pending-forever").await;
    shop.pass(Duration::hours(45)).await;
    assert_eq!(shop.state(trip).await, "adjusting", "no debt is made of an answer that has not come");
    assert!(shop.twin.truth().trip(trip).adjust_calls > 100, "and it is asked for all the time");
    assert_eq!(shop.text(ADJUST, trip).await.as_deref(), Some("waiting 0"), "none of which was a failure");

    shop.pass(Duration::minutes(45)).await;
    assert_eq!(shop.text(ADJUST, trip).await.as_deref(), Some("exhausted 1"));
    let effect = shop.text("SELECT outbox_id::text FROM outbox WHERE state = 'exhausted' AND trip_id = $1", trip).await;
    assert_eq!(shop.alerts("effect_exhausted", effect.unwrap()).await, 1);
    assert_eq!(shop.state(trip).await, "adjusting", "a person still has the time until the deadline");
    assert!(shop.twin.tap("pending-forever").await.unwrap().admitted());

    shop.pass(Duration::hours(1)).await;
    let debt = shop.text("SELECT cause || ' ' || outstanding_minor FROM debt WHERE trip_id = $1", trip).await;
    assert_eq!(debt.as_deref(), Some("preauth_expired 217"));
    assert_eq!(shop.twin.truth().trip(trip).capture_calls, 0, "what was never approved is never captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn failures_between_pending_answers_have_all_their_tries(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = walk(&shop, "pending-forever").await;
    shop.pass(Duration::hours(10)).await;
    assert!(shop.twin.truth().trip(trip).adjust_calls > 20);
    shop.twin.fault(Api::Adjust, Fault::ServiceException, 11);
    shop.pass(Duration::hours(2)).await;
    assert_eq!(shop.attempts(trip, "adjust_charge").await.iter().filter(|it| *it == "busy").count(), 11);
    assert_eq!(shop.text(ADJUST, trip).await.as_deref(), Some("waiting 11"), "the twelfth would be the last");
    shop.close().await;
}
