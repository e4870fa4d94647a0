//! Refunds where the money was not simply taken: a capture without confirmation, a debt, a payment at the till, a credit.

use domain::debt::PaymentMeans;
use domain::id::RefundId;
use domain::money::{Currency, Money};
use domain::refund::RefundRefusal;
use server::flow::decide_refund::Decision;
use server::flow::read_refund::list_refunds_of_trip;
use server::flow::request_refund::{RequestRefundError, Wish};
use server::flow::settle_debt::{DebtChange, Decider, settle_debt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, EventName, Fault, SendOrder, Telling, Times, demo_items};
use uuid::Uuid;

use crate::refunds::{FIRST, TOTAL, ask, decide, everything, given, lines, state, trip_id, visit};
use crate::shop::Shop;

const ANN: Decider<'static> = Decider { by: "ann", second: Some("ben"), reason: "the shopper came to the desk" };

async fn change(shop: &Shop, trip: Uuid, change: DebtChange<'_>) {
    let now = shop.worker.clock.now();
    settle_debt(&shop.database, &trip_id(trip), change, ANN, now).await.unwrap();
}

async fn owed(shop: &Shop, trip: Uuid) -> i64 {
    shop.number("SELECT outstanding_minor FROM debt WHERE trip_id = $1", trip).await
}

fn told(shop: &Shop, trip: Uuid) -> Option<(i64, i64)> {
    shop.twin.truth().trip(trip).feedback.last().map(|it| (it.total_minor, it.settled_minor))
}

/// A card that bears 5.00 of 14.81, in a store that takes what it can.
async fn half_paid(connect: PgConnectOptions) -> (Shop, Uuid) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET decline = 'capture_authorized'").execute(&shop.database).await.unwrap();
    let trip = visit(&shop, "partial").await;
    assert_eq!((owed(&shop, trip).await, shop.state(trip).await.as_str()), (TOTAL - 500, "partly_captured"));
    (shop, trip)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_before_the_captures_confirmation_waits_for_it_or_a_day(_: PgPoolOptions, connect: PgConnectOptions) {
    for witness in [true, false] {
        let shop = Shop::open(connect.clone()).await;
        shop.twin.tell_events(Telling::Held);
        shop.twin.fault(Api::TransactionalData, Fault::ServiceException, Times::Always);
        let trip = visit(&shop, "visa").await;
        let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
        assert_eq!(refund.state.name(), "waiting");
        shop.settle().await;
        assert_eq!(shop.twin.truth().count(Api::Refund, trip), 0, "not before the capture went through");
        if witness {
            shop.twin.clear_faults(Api::TransactionalData);
            shop.pass(Duration::minutes(30)).await;
        } else {
            shop.pass(Duration::hours(23)).await;
            assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("waiting", vec![]));
            shop.pass(Duration::hours(2)).await;
        }
        assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("refunded", vec![FIRST]));
        shop.close().await;
    }
}

/// A captured visit whose card facts and events nobody has heard yet, and a refund of its first line that waits for them.
async fn waiting(connect: PgConnectOptions) -> (Shop, Uuid, RefundId) {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(Telling::Held);
    shop.twin.fault(Api::TransactionalData, Fault::ServiceException, Times::Always);
    let trip = visit(&shop, "visa").await;
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    assert_eq!((refund.state.name(), shop.state(trip).await.as_str()), ("waiting", "captured"));
    (shop, trip, refund.id)
}

#[sqlx::test(migrations = "../migrations")]
async fn the_event_that_confirms_the_capture_sends_the_refund_on_its_way(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip, refund) = waiting(connect).await;
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    shop.settle().await;
    assert_eq!((state(&shop, refund).await, given(&shop, trip)), ("refunded", vec![FIRST]));
    let posted = "SELECT count(*) FROM ledger_transaction WHERE trip_id = $1 AND kind = 'refund_done'";
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.number(posted, trip).await, 1, "g18: an event that comes again pays nothing");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_that_is_taken_back_while_a_refund_waits_turns_its_cash_into_a_credit(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip, refund) = waiting(connect).await;
    shop.twin.send_event(EventName::CaptureDeclined, trip, Some(TOTAL)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "uncollected");
    assert_eq!((state(&shop, refund).await, owed(&shop, trip).await), ("credited", TOTAL - FIRST));
    assert_eq!((shop.twin.truth().count(Api::Refund, trip), told(&shop, trip)), (0, Some((TOTAL - FIRST, 0))));
    let clearing = "SELECT sum(amount_minor)::bigint FROM ledger_entry WHERE trip_id = $1 AND account IN ('card_clearing', 'refund_clearing')";
    assert_eq!(shop.number(clearing, trip).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_given_back_of_what_is_not_taken_yet(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Capture, Fault::ServiceException, Times::Always);
    let trip = visit(&shop, "visa").await;
    assert_eq!(shop.state(trip).await, "capturing");
    let early = ask(&shop, trip, everything()).await;
    assert!(matches!(early, Err(RequestRefundError::Refused(RefundRefusal::NotCharged))), "{early:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_with_an_open_debt_reduces_the_debt_first_and_amazon_hears_of_a_lower_total(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = half_paid(connect).await;
    assert_eq!(told(&shop, trip), Some((TOTAL, 500)));
    let first = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    assert_eq!((first.state.name(), owed(&shop, trip).await), ("credited", TOTAL - 500 - FIRST));
    shop.settle().await;
    assert_eq!(told(&shop, trip), Some((TOTAL - FIRST, 500)), "a credit lowers the total");
    assert_eq!(shop.twin.truth().count(Api::Refund, trip), 0, "no money goes out");

    let rest = ask(&shop, trip, everything()).await.unwrap();
    shop.settle().await;
    assert_eq!((state(&shop, rest.id).await, owed(&shop, trip).await, given(&shop, trip)), ("refunded", 0, vec![500]));
    assert_eq!(told(&shop, trip), Some((500, 500)), "the cash changes neither");
    assert!(shop.twin.tap("partial").await.unwrap().admitted(), "nothing is owed any more");
    let tax = "SELECT sum(amount_minor)::bigint FROM ledger_entry WHERE trip_id = $1 AND account IN ('tax_payable', 'sales', 'sales_returns')";
    assert_eq!(shop.number(tax, trip).await, 0, "all of it came back, down to the tax");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_paid_at_the_till_is_given_back_by_a_person(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = half_paid(connect).await;
    let amount = Money::new(TOTAL - 500, Currency::USD);
    change(&shop, trip, DebtChange::Pay { amount, means: PaymentMeans::InStore, reference: "till-1" }).await;
    let refund = ask(&shop, trip, everything()).await.unwrap();
    shop.settle().await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("by_hand", vec![500]), "the card's part first");
    assert_eq!(shop.alerts("refund_by_hand", refund.id).await, 1);
    decide(&shop, refund.id, Decision::DoneByHand { amazon_did_not: false }, "ben").await.unwrap();
    let left = "SELECT sum(amount_minor)::bigint FROM ledger_entry WHERE trip_id = $1
        AND account IN ('card_clearing', 'external_payments', 'refund_clearing')";
    assert_eq!(shop.number(left, trip).await, 0, "every cent that was paid is given back");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_that_was_given_up_is_decided_about_before_its_goods_come_back(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = half_paid(connect).await;
    change(&shop, trip, DebtChange::WriteOff).await;
    let early = ask(&shop, trip, lines(&[(1, 1)])).await;
    assert!(matches!(early, Err(RequestRefundError::Refused(RefundRefusal::WrittenOff))), "{early:?}");
    change(&shop, trip, DebtChange::Reopen).await;
    assert_eq!(ask(&shop, trip, lines(&[(1, 1)])).await.unwrap().state.name(), "credited");
    shop.settle().await;
    shop.close().await;
}

/// A visit that was captured late, when 10.00 of its debt had been paid at a till: that much is the shopper's. Events are held.
async fn overpaid(connect: PgConnectOptions) -> (Shop, Uuid) {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(Telling::Held);
    // The capture is done, and every answer says that it failed; later its card facts tell of it.
    shop.twin.fault(Api::Capture, Fault::FailAfterEffect, Times::Always);
    shop.twin.fault(Api::TransactionalData, Fault::ServiceException, Times::Always);
    sqlx::query("UPDATE store SET transactional_data_proves_capture = false").execute(&shop.database).await.unwrap();
    let trip = shop.twin.walk("visa", &demo_items(3)).await.unwrap().trip;
    while shop.state(trip).await != "uncollected" {
        shop.pass(Duration::minutes(1)).await;
    }
    let amount = Money::new(1000, Currency::USD);
    change(&shop, trip, DebtChange::Pay { amount, means: PaymentMeans::InStore, reference: "till-1" }).await;
    sqlx::query("UPDATE store SET transactional_data_proves_capture = true").execute(&shop.database).await.unwrap();
    shop.twin.clear_faults(Api::TransactionalData);
    shop.pass(Duration::hours(1)).await;
    assert_eq!(shop.state(trip).await, "recovered");
    (shop, trip)
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_taken_beyond_what_was_owed_waits_as_a_refund_of_the_credit(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = overpaid(connect).await;
    let [credit] = &list_refunds_of_trip(&shop.database, &trip_id(trip)).await.unwrap()[..] else { panic!() };
    assert_eq!((credit.amount.minor(), credit.state.name(), credit.kind.as_str()), (1000, "in_review", "credit"));
    assert_eq!(shop.alerts("shopper_credit", trip).await, 1);
    assert_eq!(given(&shop, trip), [0; 0], "a person agrees first");
    decide(&shop, credit.id, Decision::Approve, "ann").await.unwrap();
    shop.settle().await;
    assert_eq!((state(&shop, credit.id).await, given(&shop, trip)), ("refunded", vec![1000]));
    let left = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE trip_id = $1 AND account = 'shopper_credit'";
    assert_eq!(shop.number(left, trip).await, 0);
    let again = ask(&shop, trip, Wish::Credit).await;
    assert!(matches!(again, Err(RequestRefundError::Refused(RefundRefusal::Nothing))), "{again:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_credit_that_waits_for_a_person_is_withdrawn_when_the_bank_takes_the_money_back(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = overpaid(connect).await;
    let [credit] = &list_refunds_of_trip(&shop.database, &trip_id(trip)).await.unwrap()[..] else { panic!() };
    assert_eq!((credit.amount.minor(), credit.state.name()), (1000, "in_review"));
    assert!(shop.twin.decline_capture(trip).await);
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "uncollected");
    assert_eq!(state(&shop, credit.id).await, "declined");
    assert_eq!(owed(&shop, trip).await, TOTAL - 1000, "what was paid at the till stays paid");
    let left = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE trip_id = $1 AND account = 'shopper_credit'";
    assert_eq!(shop.number(left, trip).await, 0);
    let late = decide(&shop, credit.id, Decision::Approve, "ann").await;
    assert!(late.is_err(), "{late:?}");
    shop.settle().await;
    assert_eq!(given(&shop, trip), [0; 0]);
    assert_eq!(
        shop.mails_to("visa.shopper@example.com").iter().filter(|it| it.subject.contains("refund")).count(),
        0,
        "of a credit that was never approved nobody hears"
    );
    shop.close().await;
}
