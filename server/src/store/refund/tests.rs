use domain::id::PurchaseId;
use domain::ledger::{Account, Entry, Subject};
use domain::refund::amount::{Choice, expected};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;

use super::super::fixture::{self, NOW, add_rule_set, add_trip, assert_refused, card, id, refusal, usd};
use super::super::ledger::{self, Posting};
use super::super::{purchase, refund_line};
use super::*;

fn split(credit: i64, card: i64, elsewhere: i64) -> Split {
    Split { credit: usd(credit), card: usd(card), elsewhere: usd(elsewhere) }
}

/// A refund of 10.00 that was just asked for.
fn asked(trip: &str) -> RefundRow {
    RefundRow {
        id: RefundId::new(Uuid::new_v4()).unwrap(),
        trip: id(trip),
        store: id("store-1"),
        kind: RefundKind::Goods,
        reason: RefundReason::DamagedItem,
        amount: usd(1000),
        parts: RefundParts { sales: usd(900), tax: usd(80), deposits: usd(20) },
        state: Refund::InReview,
        requested_by: "ann".to_owned(),
        requested_because: Some("it was broken".to_owned()),
        decided_by: None,
        decided_because: None,
        requested_at: NOW,
        decided_at: None,
        ended_at: None,
    }
}

fn decided(row: RefundRow, state: Refund) -> RefundRow {
    let ended_at = (!state.is_open()).then_some(NOW);
    let because = Some("seen on the video".to_owned());
    RefundRow {
        state,
        decided_by: Some("ben".to_owned()),
        decided_because: because,
        decided_at: Some(NOW),
        ended_at,
        ..row
    }
}

/// So much was taken from the card of a visit that is there.
async fn take(conn: &mut PgConnection, trip: &str, minor: i64) {
    let (store, trip) = (id("store-1"), id::<TripId>(trip));
    let entry = |account, minor| Entry { account, subject: Subject::Trip(trip.clone()), amount: usd(minor) };
    let mut tx = conn.begin().await.unwrap();
    let posting = Posting { store: &store, currency: Currency::USD, trip: &trip, kind: "captured" };
    let entries = [entry(Account::CardClearing, minor), entry(Account::TripInFlight, -minor)];
    ledger::post(&mut tx, posting, &entries, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_refund_reads_back_in_every_state(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let number = || Some(ReconciliationId::new("rec-1").unwrap());
    let (paid, unpaid) = (CardPart::Paid { reconciliation: number() }, CardPart::Unpaid);
    let states = [
        Refund::Waiting { split: split(0, 1000, 0), until: NOW + Duration::hours(1) },
        Refund::Sending { split: split(200, 500, 300) },
        Refund::ByHand { split: split(0, 1000, 0), left: usd(1000), in_doubt: true, card: unpaid.clone() },
        Refund::ByHand { split: split(200, 500, 300), left: usd(300), in_doubt: false, card: paid.clone() },
        Refund::Refunded { split: split(0, 1000, 0), by_hand: usd(0), card: paid },
        Refund::Refunded { split: split(0, 1000, 0), by_hand: usd(0), card: CardPart::Paid { reconciliation: None } },
        Refund::Refunded { split: split(0, 1000, 0), by_hand: usd(1000), card: unpaid },
        Refund::Credited { split: split(1000, 0, 0) },
        Refund::Declined,
    ];
    for (number, state) in states.into_iter().enumerate() {
        let trip = format!("trip-{number}");
        add_trip(&mut conn, &trip).await;
        take(&mut conn, &trip, 1000).await;
        let first = asked(&trip);
        assert_eq!(get(&mut conn, first.id).await.unwrap(), None);
        insert(&mut conn, &first).await.unwrap();
        assert_eq!(get(&mut conn, first.id).await.unwrap().as_ref(), Some(&first));
        assert_eq!(open_of_trip(&mut conn, &first.trip).await.unwrap(), Some(first.id));
        let later = decided(first, state);
        save(&mut conn, &later, NOW).await.unwrap();
        assert_eq!(lock(&mut conn, later.id).await.unwrap().as_ref(), Some(&later));
        let open = later.state.is_open().then_some(later.id);
        assert_eq!(open_of_trip(&mut conn, &later.trip).await.unwrap(), open, "{:?}", later.state);
        assert_eq!(list_by_trip(&mut conn, &later.trip).await.unwrap(), [later]);
    }
    assert_eq!(
        (list(&mut conn, true, 99).await.unwrap().len(), list(&mut conn, false, 99).await.unwrap().len()),
        (4, 9)
    );
    assert_eq!(count_recent(&mut conn, &card(), NOW - Duration::SECOND).await.unwrap(), 8, "the declined one is none");
    assert_eq!(count_recent(&mut conn, &card(), NOW).await.unwrap(), 0);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn one_refund_of_a_trip_is_open_at_a_time(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let first = asked("trip-1");
    insert(&mut conn, &first).await.unwrap();
    assert_eq!(refusal(insert(&mut conn, &asked("trip-1")).await), "refund_open_once");
    save(&mut conn, &decided(first, Refund::Declined), NOW).await.unwrap();
    insert(&mut conn, &asked("trip-1")).await.unwrap();
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn g01_the_last_wall_refuses_more_than_was_taken_whoever_asks(_: PgPoolOptions, database: PgConnectOptions) {
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    add_trip(&mut conn, "trip-1").await;
    take(&mut conn, "trip-1", 2500).await;
    // The wall that allows one open refund is taken away, so that this one must hold alone.
    let racers = fixture::race(&pool, 4, |mut conn| async move {
        let row = RefundRow { id: RefundId::new(Uuid::new_v4()).unwrap(), ..asked("trip-1") };
        let card = CardPart::Paid { reconciliation: None };
        let refunded = Refund::Refunded { split: split(0, 1000, 0), by_hand: usd(0), card };
        let mut tx = conn.begin().await.unwrap();
        let done = async {
            insert(&mut tx, &row).await?;
            save(&mut tx, &decided(row, refunded), NOW).await
        };
        match done.await {
            Ok(()) => tx.commit().await.map_err(StoreError::from),
            refused => refused,
        }
    });
    let refused: Vec<String> = racers.await.into_iter().filter(Result::is_err).map(refusal).collect();
    assert_eq!(refused, ["refund_within_taken"; 2], "two of 10.00 fit into 25.00");
    let given: i64 =
        sqlx::query_scalar("SELECT sum(card_minor)::bigint FROM refund").fetch_one(&mut *conn).await.unwrap();
    assert_eq!(given, 2000);
    assert_eq!(taken(&mut conn, &id("trip-1"), Currency::USD).await.unwrap().card, usd(2500));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_line_comes_back_no_more_often_than_it_was_bought_and_is_never_rewritten(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let bought = fixture::purchase(add_rule_set(&mut conn).await);
    let purchase_id = PurchaseId(Uuid::from_u128(1));
    purchase::insert(&mut conn, purchase_id, &id("trip-1"), &bought, fixture::occasion(), NOW).await.unwrap();
    let two = expected(&bought, &Default::default(), &Choice::Everything).unwrap();
    assert_eq!(two.amount, usd(749));

    let first = asked("trip-1");
    insert(&mut conn, &first).await.unwrap();
    refund_line::insert(&mut conn, first.id, purchase_id, &two.lines).await.unwrap();
    assert_eq!(refund_line::list(&mut conn, first.id, Currency::USD).await.unwrap(), two.lines);
    let returned = refund_line::returned(&mut conn, &first.trip).await.unwrap();
    assert_eq!(returned, [(1, fixture::decimal("2")), (3, fixture::decimal("0.995"))].into());
    for sql in ["UPDATE refund_line SET quantity = 1", "DELETE FROM refund_line"] {
        assert_eq!(fixture::refusal_code(fixture::run(&mut conn, sql).await), fixture::NO_PERMISSION, "{sql}");
    }

    // A declined refund gives its lines free.
    save(&mut conn, &decided(first, Refund::Declined), NOW).await.unwrap();
    assert_eq!(refund_line::returned(&mut conn, &id("trip-1")).await.unwrap(), Default::default());
    let second = asked("trip-1");
    insert(&mut conn, &second).await.unwrap();
    refund_line::insert(&mut conn, second.id, purchase_id, &two.lines).await.unwrap();
    save(&mut conn, &decided(second, Refund::Credited { split: split(1000, 0, 0) }), NOW).await.unwrap();
    let third = asked("trip-1");
    insert(&mut conn, &third).await.unwrap();
    let again = refund_line::insert(&mut conn, third.id, purchase_id, &two.lines[..1]).await;
    assert_eq!(refusal(again), "refund_line_within_bought");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_row_that_no_refund_can_be_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    take(&mut conn, "trip-1", 1000).await;
    let row = asked("trip-1");
    insert(&mut conn, &row).await.unwrap();
    save(&mut conn, &decided(row, Refund::Sending { split: split(0, 1000, 0) }), NOW).await.unwrap();
    let changes = [
        ("refund_id = '01939a5c-6d2e-7000-8000-000000000000'", "refund_id_version"),
        ("kind = 'gift'", "refund_kind"),
        ("reason_code = 'damaged_item'", "refund_reason_code"),
        ("amount_minor = 0", "refund_amount"),
        ("tax_minor = tax_minor + 1", "refund_parts"),
        ("state = 'paid'", "refund_state"),
        ("credit_minor = NULL, card_minor = NULL, elsewhere_minor = NULL", "refund_split_by_state"),
        ("credit_minor = 1", "refund_split_is_amount"),
        ("card_minor = 0, credit_minor = 1000", "refund_sent_has_card"),
        ("by_hand_minor = 1", "refund_by_hand_by_state"),
        ("in_doubt = true", "refund_doubt_by_state"),
        ("waits_until = requested_at", "refund_wait_by_state"),
        ("card_paid = true", "refund_card_paid_by_state"),
        ("state = 'refunded', ended_at = requested_at, by_hand_minor = 0", "refund_whole_when_done"),
        ("state = 'credited', ended_at = requested_at", "refund_credited_whole"),
        ("decided_by = NULL", "refund_decided_by_state"),
        ("ended_at = requested_at", "refund_end_by_state"),
    ];
    assert_refused(&mut conn, "refund", &changes).await;
}
