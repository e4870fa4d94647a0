//! The same thing twice changes nothing and is answered the same.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::shop::Shop;

/// Rows of every table that a visit writes.
const ROWS: &str = "SELECT (SELECT count(*) FROM trip) + (SELECT count(*) FROM cart) + (SELECT count(*) FROM purchase)
    + (SELECT count(*) FROM purchase_line) + (SELECT count(*) FROM ledger_entry) + (SELECT count(*) FROM outbox)
    + (SELECT count(*) FROM gate_decision) + (SELECT count(*) FROM audit_entry) + (SELECT count(*) FROM alert)
    + (SELECT count(*) FROM debt) WHERE $1 = ''";

#[sqlx::test(migrations = "../migrations")]
async fn op_011_op_012_the_same_trip_again_gets_the_same_purchase_and_changes_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let first = shop.twin.send_cart(&tap, &demo_items(2)).await.unwrap();
    let rows = shop.number(ROWS, "").await;
    let same_request = shop.twin.repeat_cart(&first).await.unwrap();
    let new_request = shop.twin.send_cart(&tap, &demo_items(2)).await.unwrap();
    assert_eq!((same_request.answer.status, same_request.purchase_id()), (201, first.purchase_id()));
    assert_eq!((new_request.answer.status, new_request.purchase_id()), (201, first.purchase_id()));
    assert_eq!(shop.number(ROWS, "").await, rows, "before the payment");

    shop.settle().await;
    let rows = shop.number(ROWS, "").await;
    assert_eq!(shop.twin.repeat_cart(&first).await.unwrap().purchase_id(), first.purchase_id());
    assert_eq!(shop.number(ROWS, "").await, rows, "and after it");
    assert_eq!(shop.settle().await, 0);
    assert_eq!(shop.twin.truth().trip(tap.trip).capture_calls, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_empty_cart_again_stays_empty(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let first = shop.twin.send_cart(&tap, &[]).await.unwrap();
    let again = shop.twin.repeat_cart(&first).await.unwrap();
    assert_eq!((again.answer.status, again.purchase_id()), (201, Some("")));
    shop.settle().await;
    assert_eq!(shop.twin.truth().trip(tap.trip).cancel_calls, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_cart_under_the_same_trip_gets_the_first_purchase_and_a_person_hears_of_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let first = shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    let other = shop.twin.send_cart(&tap, &demo_items(3)).await.unwrap();
    assert_eq!((other.answer.status, other.purchase_id()), (201, first.purchase_id()));
    shop.settle().await;
    assert_eq!(shop.twin.truth().trip(tap.trip).captures_minor, [217], "the first cart is what is charged");
    assert_eq!(shop.alerts("cart_differs", tap.trip).await, 1);
    let kept = "SELECT jsonb_array_length(items -> 'items')::bigint FROM cart_conflict WHERE trip_id = $1";
    assert_eq!(shop.number(kept, tap.trip).await, 3);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_gate_event_again_gets_the_same_answer_even_when_a_debt_came_in_between(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("insufficient").await.unwrap();
    assert!(tap.admitted());
    shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    shop.settle().await;
    let rows = shop.number(ROWS, "").await;
    let again = shop.twin.repeat_tap(&tap).await.unwrap();
    assert_eq!(again.answer.body, tap.answer.body);
    assert_eq!(shop.number(ROWS, "").await, rows);
    assert!(!shop.twin.tap("insufficient").await.unwrap().admitted(), "a new tap is a new question");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_cart_sent_many_times_at_once_is_one_purchase_and_one_charge(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let lines = demo_items(2);
    let (a, b, c, d) = tokio::join!(
        shop.twin.send_cart(&tap, &lines),
        shop.twin.send_cart(&tap, &lines),
        shop.twin.send_cart(&tap, &lines),
        shop.twin.send_cart(&tap, &lines),
    );
    let answers: Vec<_> = [a, b, c, d].into_iter().map(Result::unwrap).collect();
    for answer in &answers {
        assert_eq!((answer.answer.status, answer.purchase_id()), (201, answers[0].purchase_id()));
    }
    shop.settle().await;
    assert_eq!(shop.number("SELECT count(*) FROM purchase WHERE trip_id = $1", tap.trip).await, 1);
    assert_eq!(shop.twin.truth().trip(tap.trip).capture_calls, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g03_several_workers_at_once_charge_each_trip_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let mut trips = vec![];
    for _ in 0..6 {
        trips.push(shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip);
    }
    let work = || server::worker::run_due(&shop.worker);
    let (a, b, c, d) = tokio::join!(work(), work(), work(), work());
    for done in [a, b, c, d] {
        done.unwrap();
    }
    shop.settle().await;
    let truth = shop.twin.truth();
    for trip in trips {
        assert_eq!((truth.trip(trip).adjust_calls, truth.trip(trip).capture_calls), (1, 1));
        assert_eq!(shop.state(trip).await, "captured");
    }
    shop.close().await;
}
