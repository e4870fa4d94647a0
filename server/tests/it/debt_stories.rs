//! What becomes of a debt: paid at a till, given up, taken back, and what the gate makes of it.

use domain::debt::{DebtError, DebtStatus, PaymentMeans};
use domain::id::TripId;
use domain::money::{Currency, Money};
use server::flow::settle_debt::{
    DebtChange, Decider, SettleDebtError, balance, confirm_capture, debt_history, settle_debt,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Api, Fault, demo_items};
use uuid::Uuid;

use crate::shop::Shop;

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

/// Both work in the demo's store.
const ANN: Decider<'static> = Decider { by: "ann", second: None, reason: "the shopper came to the desk" };
const BOTH: Decider<'static> = Decider { second: Some("ben"), ..ANN };

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn id(trip: Uuid) -> TripId {
    TripId::new(&trip.to_string()).unwrap()
}

fn pay(minor: i64, reference: &str) -> DebtChange<'_> {
    DebtChange::Pay { amount: usd(minor), means: PaymentMeans::InStore, reference }
}

/// A shop where one shopper owes [`TOTAL`].
async fn with_debtor(connect: PgConnectOptions) -> (Shop, Uuid) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap();
    shop.settle().await;
    (shop, walk.trip)
}

async fn change(shop: &Shop, trip: Uuid, change: DebtChange<'_>, who: Decider<'_>) -> Result<Money, SettleDebtError> {
    let now = shop.worker.clock.now();
    settle_debt(&shop.database, &id(trip), change, who, now).await.map(|debt| debt.outstanding)
}

async fn stories(shop: &Shop, trip: Uuid) -> Vec<String> {
    let lines = debt_history(&shop.database, &id(trip)).await.unwrap();
    lines.iter().map(|line| format!("{} {}", line.story, line.amount.minor())).collect()
}

async fn admits(shop: &Shop, card: &str) -> bool {
    shop.twin.tap(card).await.unwrap().admitted()
}

#[sqlx::test(migrations = "../migrations")]
async fn if_018_fbk_004_a_debt_paid_at_the_till_is_told_to_amazon_and_opens_the_gate(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    assert!(!admits(&shop, "insufficient").await);
    assert_eq!(change(&shop, trip, pay(1000, "till-1"), ANN).await.unwrap(), usd(32));
    assert!(!admits(&shop, "insufficient").await, "a part is not enough");
    assert_eq!(change(&shop, trip, pay(32, "till-2"), ANN).await.unwrap(), usd(0));
    shop.settle().await;
    assert!(admits(&shop, "insufficient").await);

    let truth = shop.twin.truth();
    let told: Vec<_> = truth.trip(trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
    assert_eq!(told, [(TOTAL, 0), (TOTAL, TOTAL)], "both payments make one report");
    assert_eq!(truth.trip(trip).capture_calls, 0, "the card is left alone");
    let denied = format!("entry_denied {TOTAL}");
    let wanted = [
        "incurred 1032",
        "feedback_accepted 1032",
        &denied,
        "paid 1000",
        "entry_denied 32",
        "paid 32",
        "feedback_accepted 0",
    ];
    assert_eq!(stories(&shop, trip).await, wanted);
    let audited = "SELECT count(*) FROM audit_entry WHERE subject = $1 AND action = 'debt_moved' AND actor = 'ann'
        AND detail ->> 'reason' = 'the shopper came to the desk'";
    assert_eq!(shop.number(audited, trip).await, 2);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_is_counted_once_by_its_reference_also_when_it_is_typed_many_times_at_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let typed = || change(&shop, trip, pay(300, "till-1"), ANN);
    let (a, b, c, d) = tokio::join!(typed(), typed(), typed(), typed());
    let counted = [a, b, c, d].into_iter().filter(Result::is_ok).count();
    assert_eq!(counted, 1);
    assert!(matches!(typed().await, Err(SettleDebtError::CountedBefore(_))));
    let owed = "SELECT outstanding_minor FROM debt WHERE trip_id = $1";
    assert_eq!(shop.number(owed, trip).await, TOTAL - 300);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn more_than_is_owed_is_not_taken_and_nothing_changes(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let refused = change(&shop, trip, pay(TOTAL + 1, "till-1"), ANN).await;
    assert!(matches!(refused, Err(SettleDebtError::Refused(DebtError::MoreThanOutstanding, _))), "{refused:?}");
    let nobody = Decider { by: "zoe", ..ANN };
    let refused = change(&shop, trip, pay(TOTAL, "till-1"), nobody).await;
    assert!(matches!(refused, Err(SettleDebtError::UnknownStaff(_))), "{refused:?}");
    let unknown = change(&shop, Uuid::new_v4(), pay(1, "till-1"), ANN).await;
    assert!(matches!(unknown, Err(SettleDebtError::NotFound(_))), "{unknown:?}");
    assert_eq!(stories(&shop, trip).await, ["incurred 1032", "feedback_accepted 1032"]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_debt_above_the_limit_takes_two_people_to_give_up_and_still_counts_at_the_gate_until_it_is_cleared(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    sqlx::query("UPDATE store SET write_off_alone_minor = 1031").execute(&shop.database).await.unwrap();
    let alone = change(&shop, trip, DebtChange::WriteOff, ANN).await;
    assert!(matches!(alone, Err(SettleDebtError::SecondPerson { .. })), "{alone:?}");
    let twice = change(&shop, trip, DebtChange::WriteOff, Decider { second: Some("ann"), ..ANN }).await;
    assert!(matches!(twice, Err(SettleDebtError::SamePerson)), "{twice:?}");
    assert_eq!(change(&shop, trip, DebtChange::WriteOff, BOTH).await.unwrap(), usd(0));
    assert!(!admits(&shop, "insufficient").await, "given up is not forgiven");
    shop.settle().await;
    assert_eq!(shop.twin.truth().trip(trip).feedback.len(), 1, "a write-off is no settlement");

    change(&shop, trip, DebtChange::Clear, ANN).await.unwrap();
    assert!(admits(&shop, "insufficient").await);
    assert_eq!(change(&shop, trip, DebtChange::Reopen, ANN).await.unwrap(), usd(TOTAL));
    change(&shop, trip, DebtChange::Confirm, ANN).await.unwrap();
    assert!(!admits(&shop, "insufficient").await);
    let instrument = "shopper-insufficient-0001".parse().unwrap();
    let owed = balance(&shop.database, &instrument).await.unwrap();
    assert_eq!((owed[0].outstanding, owed[0].written_off, owed[0].at_gate), (usd(TOTAL), usd(0), usd(TOTAL)));
    let expense = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'bad_debt_expense' AND trip_id = $1";
    assert_eq!(shop.number(expense, trip).await, 0, "what was given up came back by entries");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_that_bounced_is_owed_again_and_the_gate_closes(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    change(&shop, trip, pay(TOTAL, "till-1"), ANN).await.unwrap();
    assert!(admits(&shop, "insufficient").await);
    let back = DebtChange::ReversePayment { amount: usd(TOTAL), means: PaymentMeans::InStore };
    assert_eq!(change(&shop, trip, back, ANN).await.unwrap(), usd(TOTAL));
    assert!(!admits(&shop, "insufficient").await);
    shop.settle().await;
    let truth = shop.twin.truth();
    let last = truth.trip(trip).feedback.last().unwrap();
    assert_eq!((last.total_minor, last.settled_minor), (TOTAL, 0), "Amazon hears of it");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_005_ac_006_a_declined_trip_asks_for_less_by_the_ladder_and_captures_what_holds(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET decline = 'ladder'").execute(&shop.database).await.unwrap();
    shop.twin.put_card(twin::Card { limit_minor: 600, ..twin::Card::visa_named("little") });
    let walk = shop.twin.walk(twin::Visit::of("little").holding_minor(100), &demo_items(2)).await.unwrap();
    shop.settle().await;
    let truth = shop.twin.truth();
    let trip = truth.trip(walk.trip);
    // 10.32, 7.74 and 5.16 are asked for.
    assert_eq!((trip.adjust_calls, trip.captures_minor.as_slice()), (3, &[516][..]));
    let debt = shop.text("SELECT cause || ' ' || outstanding_minor FROM debt WHERE trip_id = $1", walk.trip).await;
    assert_eq!(debt.as_deref(), Some("partial_capture 516"));
    let told: Vec<_> = trip.feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
    assert_eq!(told, [(TOTAL, 516)]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bisection_recovers_more_than_the_ladder_within_its_calls(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET decline = 'bisect'").execute(&shop.database).await.unwrap();
    shop.twin.put_card(twin::Card { limit_minor: 600, ..twin::Card::visa_named("little") });
    let walk = shop.twin.walk(twin::Visit::of("little").holding_minor(100), &demo_items(2)).await.unwrap();
    shop.settle().await;
    let truth = shop.twin.truth();
    let trip = truth.trip(walk.trip);
    let captured = trip.captured_minor();
    assert!((590..=600).contains(&captured), "{captured}");
    assert!(trip.adjust_calls <= 8, "{}", trip.adjust_calls);
    assert_eq!(trip.captures_minor.len(), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_settles_what_nobody_could_confirm_in_time_either_way(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET capture_repeat_is_safe = false, transactional_data_proves_capture = false")
        .execute(&shop.database)
        .await
        .unwrap();
    let mut trips = vec![];
    for fault in [Fault::LoseAnswer, Fault::Hang] {
        shop.twin.fault(Api::Capture, fault, 1);
        trips.push(shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip);
        shop.settle().await;
    }
    shop.pass(time::Duration::hours(48)).await;
    for trip in &trips {
        assert_eq!(shop.state(*trip).await, "capture_unconfirmed");
    }
    let now = shop.worker.clock.now();
    let taken = confirm_capture(&shop.database, &id(trips[0]), true, ANN, now).await.unwrap();
    let not_taken = confirm_capture(&shop.database, &id(trips[1]), false, ANN, now).await.unwrap();
    assert_eq!((taken.name(), not_taken.name()), ("captured", "uncollected"));
    let again = confirm_capture(&shop.database, &id(trips[0]), false, ANN, now).await;
    assert!(matches!(again, Err(SettleDebtError::NotUnconfirmed("captured"))), "{again:?}");
    shop.settle().await;
    let suspense = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'capture_suspense' AND $1 = ''";
    assert_eq!(shop.number(suspense, "").await, 0, "nothing is left in suspense");
    assert_eq!(stories(&shop, trips[1]).await[0], "incurred 1032");
    let status = shop.text("SELECT status FROM debt WHERE trip_id = $1", trips[1]).await;
    assert_eq!(status.as_deref(), Some(DebtStatus::Open.as_str()));
    shop.close().await;
}
