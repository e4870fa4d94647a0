use std::collections::BTreeSet;

use domain::id::EmailAddress;
use domain::reason::DebtCause;
use domain::receipt::CardFacts;
use domain::viewer::Viewer;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::super::fixture::{self, NOW, add_trip, assert_refused, id, usd, vault, visit};
use super::super::{card_facts, instrument, shopper, viewer};
use super::listed::{Wanted, find_by_statement, list, list_cards};
use super::*;

fn adjusting(total: Money) -> Trip {
    Trip::Adjusting { total, search: Search::start(total) }
}

/// A state of each kind, and each of its flags and causes.
fn every_state() -> Vec<Trip> {
    let (total, part) = (usd(1000), usd(400));
    let causes = DebtCause::ALL.iter().map(|cause| Trip::Uncollected { total, cause: *cause });
    let others = [
        Trip::Entered,
        Trip::InReview,
        adjusting(total),
        Trip::Adjusting {
            total,
            search: Search { asked: part, ceiling: Some(total), held: Some(usd(7)), calls: 3, skipped: false },
        },
        Trip::Adjusting { total, search: Search { skipped: true, ..Search::start(total) } },
        Trip::Capturing { total, amount: total, doubts: 0, skipped_adjust: true },
        Trip::Capturing { total, amount: part, doubts: 2, skipped_adjust: false },
        Trip::CaptureUnknown { total, amount: part, doubts: 1, failed: false },
        Trip::CaptureUnknown { total, amount: total, doubts: 3, failed: true },
        Trip::CaptureUnconfirmed { total, amount: part },
        Trip::Captured { total },
        Trip::PartlyCaptured { total, captured: part },
        Trip::Recovered { total, cause: DebtCause::CaptureFailed, captured: usd(1200) },
        Trip::Cancelling,
        Trip::Cancelled,
    ];
    others.into_iter().chain(causes).collect()
}

/// All fields of a row, to compare.
fn facts(row: &TripRow) -> String {
    format!("{row:?}")
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn every_state_reads_back_as_it_was_saved_whatever_was_there_before(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let mut row = add_trip(&mut conn, "trip-1").await;
    for before in every_state() {
        for after in every_state() {
            for state in [before, after] {
                row.state = state;
                save(&mut conn, &row, NOW).await.unwrap();
                let read = get(&mut conn, &row.id).await.unwrap().unwrap();
                assert_eq!(facts(&read), facts(&row), "{} after {}", after.name(), before.name());
            }
        }
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_table_knows_every_state_and_no_other(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let known: Vec<String> = sqlx::query_scalar(
        "SELECT (regexp_matches(pg_get_constraintdef(oid), '''([^'']+)''', 'g'))[1] FROM pg_constraint
         WHERE conname = 'trip_state'",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let ours: BTreeSet<_> = every_state().iter().map(Trip::name).collect();
    assert_eq!(known.iter().map(String::as_str).collect::<BTreeSet<_>>(), ours);
    assert_eq!(ours.len(), 12);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_visit_that_nobody_is_known_for_and_without_minor_units_reads_back(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let yen = TripRow { instrument: None, hold: None, currency: Currency::JPY, ..visit("trip-2") };
    assert!(insert(&mut conn, &yen, NOW).await.unwrap());
    assert_eq!(facts(&get(&mut conn, &yen.id).await.unwrap().unwrap()), facts(&yen));
    let earlier = NOW - time::Duration::hours(2);
    let state = Trip::Captured { total: Money::new(1200, Currency::JPY) };
    let found = TripRow { instrument: Some(fixture::card()), started_at: earlier, state, ..yen };
    save(&mut conn, &found, NOW).await.unwrap();
    assert_eq!(facts(&get(&mut conn, &found.id).await.unwrap().unwrap()), facts(&found));
    assert_eq!(facts(&lock(&mut conn, &found.id).await.unwrap().unwrap()), facts(&found));
    assert!(get(&mut conn, &id("trip-3")).await.unwrap().is_none());
    assert!(lock(&mut conn, &id("trip-3")).await.unwrap().is_none());
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_visit_that_is_there_already_is_not_begun_again(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let mut row = add_trip(&mut conn, "trip-1").await;
    row.state = Trip::Cancelled;
    save(&mut conn, &row, NOW).await.unwrap();
    assert!(!insert(&mut conn, &visit("trip-1"), NOW).await.unwrap());
    assert_eq!(get(&mut conn, &row.id).await.unwrap().unwrap().state, Trip::Cancelled);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_state_with_the_wrong_columns_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let changes = [
        ("state = 'lost'", "trip_state"),
        ("state = 'adjusting'", "trip_total_by_state"),
        ("total_minor = 100", "trip_total_by_state"),
        ("state = 'adjusting', total_minor = 0", "trip_total"),
        ("state = 'adjusting', total_minor = -1", "trip_total"),
        ("state = 'capturing', total_minor = 100", "trip_capture_by_state"),
        ("state = 'adjusting', total_minor = 100, capture_minor = 50", "trip_capture_by_state"),
        ("state = 'capturing', total_minor = 100, capture_minor = 101", "trip_capture"),
        ("state = 'capture_unknown', total_minor = 100, capture_minor = 0, capture_doubts = 1", "trip_capture"),
        ("state = 'captured', total_minor = 100, capture_minor = 99", "trip_captured_whole"),
        ("state = 'partly_captured', total_minor = 100, capture_minor = 100", "trip_captured_partly"),
        ("capture_doubts = -1", "trip_capture_doubts"),
        ("capture_doubts = 1", "trip_doubts_by_state"),
        (
            "state = 'capture_unconfirmed', total_minor = 9, capture_minor = 9, capture_doubts = 1",
            "trip_doubts_by_state",
        ),
        ("state = 'capture_unknown', total_minor = 9, capture_minor = 9", "trip_unknown_has_doubts"),
        ("capture_failed = true", "trip_failed_by_state"),
        ("state = 'capturing', total_minor = 9, capture_minor = 9, capture_failed = true", "trip_failed_by_state"),
        ("state = 'uncollected', total_minor = 100", "trip_cause_by_state"),
        ("cause = 'late_cart'", "trip_cause_by_state"),
        ("state = 'uncollected', total_minor = 100, cause = 'bad luck'", "trip_cause"),
        ("hold_minor = -1", "trip_hold"),
        ("trip_id = 'trip 1'", "trip_id_shape"),
        ("store_id = 'store-2'", "trip_store"),
        ("instrument_id = 'card-2'", "trip_instrument"),
    ];
    assert_refused(&mut conn, "trip", &changes).await;
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn who_locks_a_visit_second_waits_and_then_reads_what_the_first_one_saved(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    let mut row = add_trip(&mut conn, "trip-1").await;
    let mut first = conn.begin().await.unwrap();
    lock(&mut first, &row.id).await.unwrap().unwrap();
    row.state = adjusting(usd(815));
    save(&mut first, &row, NOW).await.unwrap();
    let second = fixture::race_behind(&pool, first, 1, |mut conn| async move {
        let mut tx = conn.begin().await.unwrap();
        lock(&mut tx, &id("trip-1")).await.unwrap().unwrap().state
    });
    assert_eq!(second.await, [row.state]);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn who_decides_under_the_lock_overwrites_nobody(_: PgPoolOptions, database: PgConnectOptions) {
    const RACERS: usize = 8;
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    let mut row = add_trip(&mut conn, "trip-1").await;
    row.state = adjusting(usd(1));
    save(&mut conn, &row, NOW).await.unwrap();
    let mut holder = conn.begin().await.unwrap();
    lock(&mut holder, &row.id).await.unwrap().unwrap();
    fixture::race_behind(&pool, holder, RACERS, |mut conn| async move {
        let mut tx = conn.begin().await.unwrap();
        let mut row = lock(&mut tx, &id("trip-1")).await.unwrap().unwrap();
        let total = row.state.total().unwrap().checked_add(usd(1)).unwrap();
        row.state = adjusting(total);
        save(&mut tx, &row, NOW).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(get(&mut conn, &row.id).await.unwrap().unwrap().state, adjusting(usd(9)));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_shopper_sees_the_visits_of_all_own_cards_and_of_no_other(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let mine =
        shopper::find_or_insert(&mut conn, &vault(), &EmailAddress::new("a@example.com").unwrap(), NOW).await.unwrap();
    let other =
        shopper::find_or_insert(&mut conn, &vault(), &EmailAddress::new("b@example.com").unwrap(), NOW).await.unwrap();
    add_trip(&mut conn, "oldest").await;
    for (card, owner) in [("card-1", Some(mine)), ("card-2", Some(mine)), ("card-3", Some(other)), ("card-4", None)] {
        instrument::insert(&mut conn, &id(card), NOW).await.unwrap();
        instrument::save_identity(&mut conn, &id(card), owner, NOW).await.unwrap();
    }
    let visits = [("newest", "card-2", 3), ("between", "card-1", 2), ("theirs", "card-3", 4), ("nobodys", "card-4", 5)];
    for (name, card, hours) in visits {
        let started_at = NOW + time::Duration::hours(hours);
        let row = TripRow { instrument: Some(id(card)), started_at, ..visit(name) };
        insert(&mut conn, &row, NOW).await.unwrap();
    }
    let reach = viewer::reach(&mut conn, &Viewer::Shopper(mine)).await.unwrap();
    let listed = list(&mut conn, &vault(), &reach, &Wanted::default(), 10).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.row.id.as_str()).collect::<Vec<_>>(), ["newest", "between", "oldest"]);
    assert_eq!(listed[0].store_name, "Corner Store");
    assert!(listed[0].outstanding == usd(0) && listed[0].card.is_none());
    let first = list(&mut conn, &vault(), &reach, &Wanted::default(), 1).await.unwrap();
    assert_eq!(first.iter().map(|it| it.row.id.as_str()).collect::<Vec<_>>(), ["newest"]);
    for (name, found) in [("newest", true), ("oldest", true), ("theirs", false), ("nobodys", false), ("none", false)] {
        assert_eq!(is_within(&mut conn, &id(name), &reach).await.unwrap(), found, "{name}");
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_card_opens_its_own_visits_and_a_link_opens_one(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "first").await;
    let second = TripRow { started_at: NOW + time::Duration::hours(1), ..visit("second") };
    insert(&mut conn, &second, NOW).await.unwrap();
    instrument::insert(&mut conn, &id("card-2"), NOW).await.unwrap();
    insert(&mut conn, &TripRow { instrument: Some(id("card-2")), ..visit("theirs") }, NOW).await.unwrap();
    let seen = [
        (Viewer::Card(second.instrument.clone().unwrap()), vec!["second", "first"]),
        (Viewer::Card(id("card-3")), vec![]),
        (Viewer::Visit(id("theirs")), vec!["theirs"]),
        (Viewer::Visit(id("none")), vec![]),
    ];
    for (viewer, expected) in seen {
        let reach = viewer::reach(&mut conn, &viewer).await.unwrap();
        let listed = list(&mut conn, &vault(), &reach, &Wanted::default(), 10).await.unwrap();
        assert_eq!(listed.iter().map(|it| it.row.id.as_str()).collect::<Vec<_>>(), expected, "{viewer:?}");
        for name in ["first", "second", "theirs"] {
            let found = is_within(&mut conn, &id(name), &reach).await.unwrap();
            assert_eq!(found, expected.contains(&name), "{viewer:?} {name}");
        }
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_list_goes_on_where_it_stopped_and_keeps_to_the_days(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let first = add_trip(&mut conn, "trip-00").await;
    // Three at each moment, so that pages end between visits of one beginning.
    for number in 1..21 {
        let started_at = NOW + time::Duration::hours(number / 3);
        insert(&mut conn, &TripRow { started_at, ..visit(&format!("trip-{number:02}")) }, NOW).await.unwrap();
    }
    let reach = viewer::reach(&mut conn, &Viewer::Card(first.instrument.unwrap())).await.unwrap();
    let all = list(&mut conn, &vault(), &reach, &Wanted::default(), 100).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|it| (it.row.started_at, it.row.id)).collect();
    assert!(all.len() == 21 && all.is_sorted_by(|a, b| a > b));
    let (mut wanted, mut seen) = (Wanted::default(), vec![]);
    loop {
        let page = list(&mut conn, &vault(), &reach, &wanted, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        wanted.after = Some((last.row.started_at, last.row.id.clone()));
        seen.extend(page.into_iter().map(|it| (it.row.started_at, it.row.id)));
    }
    assert_eq!(seen, all, "each once, in order");
    let (from, until) = (Some(NOW + time::Duration::hours(2)), Some(NOW + time::Duration::hours(4)));
    let wanted = Wanted { from, until, ..Wanted::default() };
    let between = list(&mut conn, &vault(), &reach, &wanted, 100).await.unwrap();
    assert_eq!(between.len(), 6);
    assert!(between.iter().all(|it| Some(it.row.started_at) >= from && Some(it.row.started_at) < until));
    let of_trip = viewer::reach(&mut conn, &Viewer::Visit(id("trip-08"))).await.unwrap();
    assert_eq!(list(&mut conn, &vault(), &of_trip, &wanted, 100).await.unwrap().len(), 1);
    assert_eq!(
        list(&mut conn, &vault(), &of_trip, &Wanted { until: from, ..Wanted::default() }, 9).await.unwrap().len(),
        0
    );
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_payment_is_found_by_its_number_by_whoever_may_see_it(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let mine = add_trip(&mut conn, "mine").await;
    instrument::insert(&mut conn, &id("card-2"), NOW).await.unwrap();
    insert(&mut conn, &TripRow { instrument: Some(id("card-2")), ..visit("theirs") }, NOW).await.unwrap();
    for (trip, tail) in [("mine", "1111"), ("theirs", "2222")] {
        let text = |it: &str| Some(it.to_owned());
        let card_statement_transaction_id = text(&format!("number of {trip}"));
        let facts = CardFacts { tail: text(tail), card_statement_transaction_id, ..CardFacts::default() };
        card_facts::insert(&mut conn, &vault(), &id(trip), &facts, NOW).await.unwrap();
    }
    let reach = viewer::reach(&mut conn, &Viewer::Card(mine.instrument.clone().unwrap())).await.unwrap();
    for (number, found) in
        [("number of mine", Some(id("mine"))), ("number of theirs", None), ("number of", None), ("", None)]
    {
        assert_eq!(find_by_statement(&mut conn, &vault(), &reach, number).await.unwrap(), found, "{number}");
    }
    let cards = list_cards(&mut conn, &vault(), &reach).await.unwrap();
    assert_eq!(cards.iter().map(|(_, card)| card.tail.as_deref()).collect::<Vec<_>>(), [Some("1111")]);
    let narrowed = |wanted: &str| reach.clone().narrowed(wanted, |it| format!("hash of {it}"));
    let own = narrowed(&format!("hash of {}", mine.instrument.unwrap().as_str()));
    assert_eq!(list(&mut conn, &vault(), &own, &Wanted::default(), 9).await.unwrap().len(), 1);
    assert_eq!(list(&mut conn, &vault(), &narrowed("hash of card-2"), &Wanted::default(), 9).await.unwrap().len(), 0);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn money_at_risk_is_what_is_in_flight_and_must_be_charged_by_then(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let total = usd(1000);
    let capturing = Trip::Capturing { total, amount: usd(400), doubts: 0, skipped_adjust: false };
    for (name, state, hours) in [
        ("soon", adjusting(total), 1),
        ("later", capturing, 6),
        ("too-late", adjusting(total), 7),
        ("taken", Trip::Captured { total }, 1),
        ("owed", Trip::Uncollected { total, cause: DebtCause::PaymentDeclined }, 1),
        ("no-cart", Trip::Entered, 1),
    ] {
        let row = TripRow { deadline_at: NOW + time::Duration::hours(hours), state, ..add_trip(&mut conn, name).await };
        save(&mut conn, &row, NOW).await.unwrap();
    }
    assert_eq!(in_flight_until(&mut conn, NOW + time::Duration::hours(6)).await.unwrap(), [usd(2000)]);
    assert_eq!(in_flight_until(&mut conn, NOW).await.unwrap(), [usd(0)], "a currency without any is told of, too");
}
