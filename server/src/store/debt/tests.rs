use domain::debt::{DebtEvent, PaymentMeans};
use domain::id::EmailAddress;
use domain::viewer::Viewer;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use super::super::fixture::{self, NOW, add_trip, assert_refused, card, id, refusal, usd, vault};
use super::super::trip::TripRow;
use super::super::{gate, instrument, shopper, trip, viewer};
use super::*;

fn owed(minor: i64, cause: DebtCause) -> Debt {
    Debt::incur(usd(minor), cause).unwrap()
}

fn paid(debt: Debt, minor: i64) -> Debt {
    debt.apply(DebtEvent::Paid { amount: usd(minor), means: PaymentMeans::InStore }).unwrap().debt
}

fn given_up(debt: Debt) -> Debt {
    debt.apply(DebtEvent::WrittenOff).unwrap().debt
}

/// Writes a debt of [`card`], together with its visit.
async fn add(conn: &mut PgConnection, trip: &str, debt: &Debt) {
    let trip = add_trip(conn, trip).await.id;
    insert(conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), debt, NOW).await.unwrap();
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_debt_is_kept_as_it_was_born_whatever_its_cause(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    type Row = (String, String, i64, i64, bool, String, Option<String>, OffsetDateTime);
    for cause in DebtCause::ALL {
        let (trip, debt) = (id(&format!("of_{cause}")), paid(owed(815, *cause), 15));
        assert_eq!(outstanding_of_trip(&mut conn, &trip).await.unwrap(), None);
        add(&mut conn, trip.as_str(), &debt).await;
        assert_eq!(outstanding_of_trip(&mut conn, &trip).await.unwrap(), Some(usd(800)));
        let row: Row = sqlx::query_as(
            "SELECT cause, status, incurred_minor, outstanding_minor, counts_at_gate, currency, instrument_id, incurred_at
             FROM debt WHERE trip_id = $1",
        )
        .bind(trip.as_str())
        .fetch_one(&mut conn)
        .await
        .unwrap();
        let expected = (cause.to_string(), "open".to_owned(), 815, 800, debt.counts_at_gate, "USD".to_owned());
        let expected = (expected, Some("card-1".to_owned()), NOW);
        assert_eq!(((row.0, row.1, row.2, row.3, row.4, row.5), row.6, row.7), expected);
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_gate_sums_what_counts_of_one_instrument_and_one_currency(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let nothing = (usd(0), 0);
    assert_eq!(owed_at_gate(&mut conn, "card-1", Currency::USD).await, nothing);
    add(&mut conn, "declined", &owed(300, DebtCause::PaymentDeclined)).await;
    add(&mut conn, "partly", &paid(owed(200, DebtCause::PartialCapture), 150)).await;
    add(&mut conn, "given-up", &given_up(owed(7, DebtCause::CaptureFailed))).await;
    add(&mut conn, "late", &owed(1000, DebtCause::LateCart)).await;
    add(&mut conn, "settled", &paid(owed(5000, DebtCause::CaptureDeclined), 5000)).await;
    let yen = Debt::incur(Money::new(40, Currency::JPY), DebtCause::SystemError).unwrap();
    add(&mut conn, "yen", &yen).await;
    let unknown = add_trip(&mut conn, "unknown").await.id;
    insert(&mut conn, DebtId(Uuid::new_v4()), &unknown, None, &owed(9, DebtCause::SystemError), NOW).await.unwrap();

    assert_eq!(owed_at_gate(&mut conn, "card-1", Currency::USD).await, (usd(357), 3));
    assert_eq!(owed_at_gate(&mut conn, "card-1", Currency::JPY).await, (Money::new(40, Currency::JPY), 1));
    assert_eq!(owed_at_gate(&mut conn, "card-2", Currency::USD).await, nothing);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_debt_that_nobody_is_known_to_owe_gets_its_owner_once(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let trip = add_trip(&mut conn, "trip-1").await.id;
    instrument::insert(&mut conn, &id("card-2"), NOW).await.unwrap();
    assert_eq!(assign(&mut conn, &trip, &card(), NOW).await.unwrap(), None, "there is no debt");
    let debt = paid(owed(815, DebtCause::PaymentDeclined), 15);
    let debt_id = DebtId(Uuid::new_v4());
    insert(&mut conn, debt_id, &trip, None, &debt, NOW).await.unwrap();
    assert_eq!(assign(&mut conn, &trip, &card(), NOW).await.unwrap(), Some((debt_id, usd(800))));
    assert_eq!(assign(&mut conn, &trip, &id("card-2"), NOW).await.unwrap(), None, "somebody owes it already");
    assert_eq!(owed_at_gate(&mut conn, "card-1", Currency::USD).await, (usd(800), 1));
    assert_eq!(owed_at_gate(&mut conn, "card-2", Currency::USD).await, (usd(0), 0));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_debt_reads_back_as_every_event_leaves_it(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let mut debt = owed(815, DebtCause::CaptureFailed);
    add(&mut conn, "trip-1", &debt).await;
    let means = PaymentMeans::ByPhone;
    let events = [
        DebtEvent::Paid { amount: usd(15), means },
        DebtEvent::WrittenOff,
        DebtEvent::Cleared,
        DebtEvent::CaptureRecovered(usd(900)),
        DebtEvent::PaymentReversed { amount: usd(5), means },
        DebtEvent::Credited(usd(2)),
        DebtEvent::Increased(usd(40)),
    ];
    for event in events {
        let held = lock(&mut conn, &id("trip-1")).await.unwrap().unwrap();
        assert_eq!((held.debt, held.instrument), (debt, Some(card())));
        debt = debt.apply(event).unwrap().debt;
        save(&mut conn, held.id, &debt, NOW).await.unwrap();
    }
    assert_eq!(lock(&mut conn, &id("trip-1")).await.unwrap().unwrap().debt, debt);
    assert!(lock(&mut conn, &id("trip-2")).await.unwrap().is_none());
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_debt_that_does_not_add_up_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let debt = owed(815, DebtCause::PaymentDeclined);
    let trip = add_trip(&mut conn, "trip-1").await.id;
    let wrong = [
        (Debt { outstanding: usd(816), ..debt }, "debt_law"),
        (Debt { outstanding: usd(0), ..debt }, "debt_law"),
        (Debt { outstanding: usd(-5), paid: usd(820), status: DebtStatus::Settled, ..debt }, "debt_outstanding"),
        (Debt { outstanding: usd(814), paid: usd(-1), written_off: usd(2), ..debt }, "debt_paid"),
        (Debt { status: DebtStatus::Settled, ..debt }, "debt_status_by_amount"),
        (Debt { outstanding: usd(0), written_off: usd(815), ..debt }, "debt_status_by_amount"),
        (Debt { incurred: usd(0), outstanding: usd(0), status: DebtStatus::Settled, ..debt }, "debt_incurred"),
        (Debt { incurred: usd(-5), outstanding: usd(-5), ..debt }, "debt_incurred"),
    ];
    for (wrong, constraint) in wrong {
        let result = insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), &wrong, NOW).await;
        assert_eq!(refusal(result), constraint, "{wrong:?}");
    }
    let stranger = insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&id("card-2")), &debt, NOW).await;
    assert_eq!(refusal(stranger), "debt_instrument");
    insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), &debt, NOW).await.unwrap();
    let second = insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), &debt, NOW).await;
    assert_eq!(refusal(second), "debt_once_per_trip");
    let changes = [
        ("cause = 'bad luck'", "debt_cause"),
        ("status = 'forgotten'", "debt_status"),
        ("trip_id = 'trip-2'", "debt_trip"),
    ];
    assert_refused(&mut conn, "debt", &changes).await;
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_shopper_sees_what_all_own_cards_owe_the_oldest_visit_first(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let mine =
        shopper::find_or_insert(&mut conn, &vault(), &EmailAddress::new("a@example.com").unwrap(), NOW).await.unwrap();
    add(&mut conn, "older", &owed(300, DebtCause::PaymentDeclined)).await;
    add(&mut conn, "paid", &paid(owed(200, DebtCause::PaymentDeclined), 200)).await;
    let newer = TripRow { started_at: NOW + time::Duration::hours(1), ..add_trip(&mut conn, "newer").await };
    trip::save(&mut conn, &newer, NOW).await.unwrap();
    let late = owed(40, DebtCause::LateCart);
    insert(&mut conn, DebtId(Uuid::new_v4()), &newer.id, Some(&card()), &late, NOW).await.unwrap();
    let theirs = Viewer::Shopper(mine);
    let reach = viewer::reach(&mut conn, &theirs).await.unwrap();
    assert_eq!(list_open(&mut conn, &reach).await.unwrap().len(), 0, "the card is nobody's yet");

    instrument::save_identity(&mut conn, &card(), Some(mine), NOW).await.unwrap();
    let reach = viewer::reach(&mut conn, &theirs).await.unwrap();
    let listed = list_open(&mut conn, &reach).await.unwrap();
    let facts: Vec<_> = listed.iter().map(|it| (it.trip.as_str(), it.outstanding, it.cause)).collect();
    assert_eq!(facts, [("older", usd(300), DebtCause::PaymentDeclined), ("newer", usd(40), DebtCause::LateCart)]);
    assert_eq!((listed[0].store_name.as_str(), listed[0].contact.as_str()), ("Corner Store", "help@example.com"));
    assert_eq!(listed[1].started_at, newer.started_at);
}

/// What the gate counts of an instrument, and for how many visits.
async fn owed_at_gate(conn: &mut PgConnection, card: &str, currency: Currency) -> (Money, usize) {
    let known = gate::known(conn, &fixture::tap("a-tap", card), currency, NOW).await.unwrap();
    (known.standing.outstanding, known.standing.incidents.len())
}
