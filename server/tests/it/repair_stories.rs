//! Whoever repairs, refunds or looks again does not break what is done: lessons of others' bugs that no other file tells.

use domain::id::TripId;
use server::flow::apply_event::apply_open_events;
use server::flow::check_deadline::check_deadline;
use server::flow::check_entry::check_entry;
use server::flow::decide_refund::Decision;
use server::flow::review_cart::check_review;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{EventName, SendOrder, Telling, demo_items};
use uuid::Uuid;

use crate::programs::until;
use crate::refunds::{self, ask, decide, given, trip_id};
use crate::shop::Shop;

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

/// Everything that anybody could have written about a visit.
async fn rows(shop: &Shop) -> i64 {
    let rows = "SELECT (SELECT count(*) FROM ledger_entry) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit_entry)
        + (SELECT count(*) FROM debt) + (SELECT count(*) FROM alert) + (SELECT count(*) FROM attempt) WHERE $1 = ''";
    shop.number(rows, "").await
}

/// All that looks at a visit again by the clock.
async fn look_again(shop: &Shop, trip: &TripId) {
    let now = shop.worker.clock.now();
    check_entry(&shop.database, trip, now).await.unwrap();
    check_review(&shop.database, trip, now).await.unwrap();
    check_deadline(&shop.database, trip, now).await.unwrap();
    apply_open_events(&shop.database, now).await.unwrap();
}

/// So many wait for a lock that somebody else has.
async fn until_wait(shop: &Shop, count: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0 AND $1 = ''";
    until("they wait for the visit", async || shop.number(waiting, "").await == count).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g04_who_repairs_decides_by_what_is_true_once_the_lock_is_theirs(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let trip = trip_id(tap.trip);
    let mut holder = shop.database.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM trip WHERE trip_id = $1 FOR UPDATE")
        .bind(trip.as_str())
        .execute(&mut *holder)
        .await
        .unwrap();
    let (now, lines) = (shop.worker.clock.now(), demo_items(2));
    // The visit has no cart when the look at it begins, and has one when its turn comes.
    let (cart, looked, ()) = tokio::join!(
        shop.twin.send_cart(&tap, &lines),
        async {
            until_wait(&shop, 1).await;
            check_entry(&shop.database, &trip, now).await
        },
        async {
            until_wait(&shop, 2).await;
            holder.rollback().await.unwrap();
        },
    );
    looked.unwrap();
    assert_eq!((cart.unwrap().answer.status, shop.state(tap.trip).await.as_str()), (201, "adjusting"));
    shop.settle().await;
    assert_eq!((shop.state(tap.trip).await.as_str(), shop.twin.truth().trip(tap.trip).cancel_calls), ("captured", 0));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g04_no_look_at_a_visit_that_has_ended_moves_it_backwards(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let captured = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    let declined = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    let cancelled = shop.twin.walk("amex", &[]).await.unwrap().trip;
    shop.settle().await;
    for hours in [1, 12, 30, 50] {
        shop.pass(Duration::hours(hours)).await;
        let before = rows(&shop).await;
        for (trip, state) in [(captured, "captured"), (declined, "uncollected"), (cancelled, "cancelled")] {
            look_again(&shop, &trip_id(trip)).await;
            assert_eq!(shop.state(trip).await, state);
        }
        assert_eq!(rows(&shop).await, before, "and nothing is written");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g10_neither_a_refund_nor_an_event_sends_the_receipt_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(Telling::Held);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let receipts = || {
        let mails = shop.mails_to("visa.shopper@example.com");
        (mails.iter().filter(|mail| mail.subject.contains("receipt")).count(), mails.len())
    };
    assert_eq!(receipts(), (1, 1));
    ask(&shop, trip, refunds::lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    let after_refund = receipts();
    assert!(after_refund.0 == 1 && after_refund.1 > 1, "the shopper hears of the refund: {after_refund:?}");
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    shop.twin.send_event(EventName::CaptureApproved, trip, Some(TOTAL)).await.unwrap();
    shop.twin.send_event(EventName::AuthorizationCancelled, trip, None).await.unwrap();
    shop.pass(Duration::hours(2)).await;
    assert_eq!(receipts(), after_refund);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g13_every_stored_amount_is_a_whole_number_of_minor_units_and_the_parts_add_up(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let odd = "SELECT string_agg(table_name || '.' || column_name || ' ' || data_type, ', ') FROM information_schema.columns
        WHERE table_schema = 'public' AND $1 = ''
          AND (data_type IN ('real', 'double precision', 'money') OR (column_name LIKE '%\\_minor' AND udt_name NOT IN ('int8', '_int8')))";
    assert_eq!(shop.text(odd, "").await, None);
    let amounts = "SELECT count(*) FROM information_schema.columns WHERE column_name LIKE '%\\_minor' AND $1 = ''";
    assert!(shop.number(amounts, "").await > 30, "the columns were found");
    for count in 1..=5 {
        shop.twin.walk("visa", &demo_items(count)).await.unwrap();
    }
    shop.settle().await;
    let off = "SELECT count(*) FROM purchase it WHERE $1 = '' AND (
            total_minor <> price_minor - promotions_minor + tax_minor + deposits_minor
            OR (price_minor, tax_minor) <> (SELECT sum(price_minor), sum(tax_minor) FROM purchase_line line WHERE line.purchase_id = it.purchase_id))";
    assert_eq!(shop.number(off, "").await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn story_13_a_refund_that_was_given_is_final_whoever_says_otherwise(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip: Uuid = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let refund = ask(&shop, trip, refunds::lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    let before = (rows(&shop).await, given(&shop, trip));
    for decision in [
        Decision::Approve,
        Decision::Decline,
        Decision::DoneByHand { amazon_did_not: true },
        Decision::Found { reconciliation: domain::id::ReconciliationId::new("rec-of-another").unwrap() },
        Decision::Retry,
    ] {
        let said = format!("{decision:?}");
        assert!(decide(&shop, refund.id, decision, "ben").await.is_err(), "{said}");
    }
    shop.settle().await;
    assert_eq!((rows(&shop).await, given(&shop, trip)), before);
    assert_eq!(refunds::state(&shop, refund.id).await, "refunded");
    let edit = sqlx::query("UPDATE ledger_entry SET amount_minor = 1").execute(&shop.database).await;
    assert!(edit.is_err(), "what is booked stays");
    shop.close().await;
}
