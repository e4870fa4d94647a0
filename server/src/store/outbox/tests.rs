use std::collections::BTreeSet;

use domain::alert::AlertKind;
use domain::effect::{RefundNews, SignInCode};
use domain::id::{EmailAddress, RefundId};
use domain::refund::RefundReason;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::types::Json;
use time::Duration;

use super::super::alert;
use super::super::fixture::{self, NOW, add_trip, assert_refused, id, race, usd};
use super::*;

/// When leases in these tests end.
const UNTIL: OffsetDateTime = time::macros::datetime!(2026-11-21 09:01 UTC);

const CODE: &str = "31415926";

fn check_deadline() -> Effect {
    Effect::CheckDeadline { trip: id("trip-1") }
}

fn sign_in_code() -> Effect {
    Effect::SendSignInCode { to: EmailAddress::new("a@example.com").unwrap(), code: SignInCode(CODE.to_owned()) }
}

/// One of each that calls Amazon or sends something, each of a visit of its own.
fn every_effect() -> [Effect; 12] {
    let refund: RefundId = id("550e8400-e29b-41d4-a716-446655440000");
    let mut number = 0;
    let mut trip = || {
        number += 1;
        id::<TripId>(&format!("trip-{number}"))
    };
    let store: domain::id::StoreId = id("store-1");
    [
        Effect::AdjustCharge { trip: trip(), store: store.clone(), amount: usd(815) },
        Effect::CaptureCharge { trip: trip(), store: store.clone(), amount: usd(815) },
        Effect::CancelCharge { trip: trip(), store: store.clone() },
        Effect::FetchTransactionalData { trip: trip(), store: store.clone() },
        Effect::FetchShopperIdentity { trip: trip(), store: store.clone(), instrument: fixture::card() },
        Effect::RefundCharge {
            refund,
            trip: trip(),
            store: store.clone(),
            amount: usd(815),
            reason: RefundReason::DamagedItem,
        },
        Effect::SendRefundNotice { trip: trip(), refund, news: RefundNews::Approved },
        Effect::ReportPaymentStatus { trip: trip(), store },
        Effect::SendReceipt { trip: trip() },
        Effect::SendDebtNotice { trip: trip() },
        sign_in_code(),
        Effect::CheckDeadline { trip: trip() },
    ]
}

/// The columns that say where a row is: state, due, claimed until, ended, last problem.
type Place = (String, Option<OffsetDateTime>, Option<OffsetDateTime>, Option<OffsetDateTime>, Option<String>);

async fn place(conn: &mut PgConnection, row: OutboxId) -> Place {
    let sql = "SELECT state, due_at, claimed_until, ended_at, last_problem FROM outbox WHERE outbox_id = $1";
    sqlx::query_as(sql).bind(row.0).fetch_one(conn).await.unwrap()
}

/// Pushes an effect that is due, and claims it.
async fn claimed(conn: &mut PgConnection, effect: &Effect) -> Claim {
    let row = push(conn, effect, NOW, None, NOW).await.unwrap();
    let claims = claim(conn, 1, NOW, UNTIL).await.unwrap();
    assert_eq!(claims[0].id, row);
    claims.into_iter().next().unwrap()
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn every_effect_is_claimed_as_it_was_pushed(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let deadline = NOW + Duration::hours(46);
    let mut pushed = vec![];
    for effect in every_effect() {
        if let Some(trip) = effect.trip() {
            add_trip(&mut conn, trip.as_str()).await;
        }
        pushed.push((push(&mut conn, &effect, NOW, Some(deadline), NOW).await.unwrap(), effect));
    }
    let claims = claim(&mut conn, 100, NOW, UNTIL).await.unwrap();
    assert_eq!(claims.len(), pushed.len());
    for (row, effect) in &pushed {
        let claim = claims.iter().find(|claim| claim.id == *row).unwrap();
        assert_eq!((&claim.effect, claim.fence, claim.tries, claim.deadline_at), (effect, Fence(1), 1, Some(deadline)));
        assert_eq!((claim.polls, claim.probe, claim.due_at), (0, None, NOW));
        assert_eq!(place(&mut conn, *row).await, ("claimed".to_owned(), None, Some(UNTIL), None, None));
    }
    assert_eq!(claim(&mut conn, 100, NOW, UNTIL).await.unwrap().len(), 0, "all of them are with a worker");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_is_not_yet_due_is_not_claimed(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    assert_eq!(next_due_at(&mut conn).await.unwrap(), None);
    let due_at = NOW + Duration::seconds(10);
    push(&mut conn, &sign_in_code(), due_at, Some(NOW), NOW).await.unwrap();
    assert_eq!(next_due_at(&mut conn).await.unwrap(), Some(due_at));
    let before = due_at - Duration::microseconds(1);
    assert_eq!(claim(&mut conn, 10, before, UNTIL).await.unwrap().len(), 0);
    assert_eq!(claim(&mut conn, 10, due_at, UNTIL).await.unwrap().len(), 1);
    assert_eq!(next_due_at(&mut conn).await.unwrap(), Some(UNTIL), "then its lease ends");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_is_nearest_to_its_deadline_goes_first_and_what_has_none_by_when_it_was_due(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let hours = |hours| NOW + Duration::hours(hours);
    let mut rows = vec![];
    for (deadline_at, due_at) in
        [(None, hours(-1)), (Some(hours(46)), NOW), (None, hours(-2)), (Some(hours(1)), NOW), (Some(hours(5)), NOW)]
    {
        rows.push(push(&mut conn, &sign_in_code(), due_at, deadline_at, NOW).await.unwrap());
    }
    let order = [rows[2], rows[0], rows[3], rows[4], rows[1]];
    let claimed = |claims: Vec<Claim>| claims.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(claimed(claim(&mut conn, 3, NOW, UNTIL).await.unwrap()), order[..3]);
    for expected in &order[3..] {
        assert_eq!(claimed(claim(&mut conn, 1, NOW, UNTIL).await.unwrap()), [*expected]);
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn workers_that_claim_at_once_never_get_one_row_twice(_: PgPoolOptions, database: PgConnectOptions) {
    const ROWS: usize = 120;
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    for _ in 0..ROWS {
        push(&mut conn, &sign_in_code(), NOW, None, NOW).await.unwrap();
    }
    let claims = race(&pool, 8, |mut conn| async move {
        let mut mine = vec![];
        loop {
            let claims = claim(&mut conn, 3, NOW, UNTIL).await.unwrap();
            if claims.is_empty() {
                return mine;
            }
            mine.extend(claims);
        }
    })
    .await;
    let claims: Vec<_> = claims.into_iter().flatten().collect();
    assert_eq!(claims.len(), ROWS);
    assert_eq!(claims.iter().map(|claim| claim.id).collect::<BTreeSet<_>>().len(), ROWS);
    assert!(claims.iter().all(|claim| claim.fence == Fence(1)));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_worker_neither_waits_for_another_nor_gets_its_rows(_: PgPoolOptions, database: PgConnectOptions) {
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    for _ in 0..5 {
        push(&mut conn, &sign_in_code(), NOW, None, NOW).await.unwrap();
    }
    let mut first = conn.begin().await.unwrap();
    let theirs = claim(&mut first, 3, NOW, UNTIL).await.unwrap();
    let mut other = pool.acquire().await.unwrap();
    let mine = claim(&mut other, 10, NOW, UNTIL).await.expect("it does not wait for what another has");
    first.commit().await.unwrap();
    assert_eq!((theirs.len(), mine.len()), (3, 2));
    assert!(mine.iter().all(|mine| theirs.iter().all(|theirs| theirs.id != mine.id)));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn an_ended_lease_passes_to_one_worker_and_the_old_one_can_do_nothing(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    let old = claimed(&mut conn, &sign_in_code()).await;
    let before = UNTIL - Duration::microseconds(1);
    assert_eq!(claim(&mut conn, 1, before, UNTIL).await.unwrap().len(), 0, "the lease still runs");
    assert!(lock_claim(&mut conn, &old).await.unwrap());

    let later = UNTIL + Duration::minutes(1);
    let claims = race(&pool, 6, move |mut conn| async move { claim(&mut conn, 1, UNTIL, later).await.unwrap() }).await;
    let claims: Vec<_> = claims.into_iter().flatten().collect();
    assert_eq!(claims.len(), 1);
    let new = &claims[0];
    assert_eq!((new.id, new.fence, new.tries), (old.id, Fence(2), 2));

    assert!(!lock_claim(&mut conn, &old).await.unwrap());
    assert!(lock_claim(&mut conn, new).await.unwrap());
    for state in [OutboxState::Done, OutboxState::Dropped, OutboxState::Exhausted, OutboxState::Waiting { due_at: NOW }]
    {
        save(&mut conn, &old, state, Some("late"), NOW).await.unwrap();
        assert_eq!(place(&mut conn, old.id).await, ("claimed".to_owned(), None, Some(later), None, None));
    }
    save(&mut conn, new, OutboxState::Done, None, NOW).await.unwrap();
    assert!(!lock_claim(&mut conn, new).await.unwrap(), "what has ended is nobody's");
    assert_eq!(claim(&mut conn, 1, later + Duration::days(1), later).await.unwrap().len(), 0);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_claim_is_not_taken_from_who_has_locked_it_however_late_it_is(_: PgPoolOptions, database: PgConnectOptions) {
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    let mine = claimed(&mut conn, &sign_in_code()).await;
    let mut tx = conn.begin().await.unwrap();
    assert!(lock_claim(&mut tx, &mine).await.unwrap());
    let later = UNTIL + Duration::minutes(1);
    let mut other = pool.acquire().await.unwrap();
    assert_eq!(claim(&mut other, 1, later, later).await.unwrap().len(), 0);
    save(&mut tx, &mine, OutboxState::Done, None, NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&mut other, 1, later, later).await.unwrap().len(), 0);
    assert_eq!(place(&mut other, mine.id).await.0, "done");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_claim_ends_in_every_state_with_the_columns_of_that_state(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let due_at = NOW + Duration::seconds(8);
    let ended =
        |word: &str, problem: Option<&str>| (word.to_owned(), None, None, Some(NOW), problem.map(ToOwned::to_owned));
    let mut row = claimed(&mut conn, &check_deadline()).await;
    save(&mut conn, &row, OutboxState::Claimed { until: UNTIL }, Some("unused"), NOW).await.unwrap();
    assert_eq!(place(&mut conn, row.id).await, ("claimed".to_owned(), None, Some(UNTIL), None, None));

    save(&mut conn, &row, OutboxState::Waiting { due_at }, Some("busy"), NOW).await.unwrap();
    let busy = Some("busy".to_owned());
    assert_eq!(place(&mut conn, row.id).await, ("waiting".to_owned(), Some(due_at), None, None, busy));
    row = claim(&mut conn, 1, due_at, due_at + Duration::minutes(1)).await.unwrap().remove(0);
    assert_eq!((row.fence, row.tries), (Fence(2), 2));
    save(&mut conn, &row, OutboxState::Done, None, NOW).await.unwrap();
    assert_eq!(place(&mut conn, row.id).await, ended("done", Some("busy")), "the last problem stays");

    let row = claimed(&mut conn, &check_deadline()).await;
    save(&mut conn, &row, OutboxState::Exhausted, Some("refused"), NOW).await.unwrap();
    assert_eq!(place(&mut conn, row.id).await, ended("exhausted", Some("refused")));
    let row = claimed(&mut conn, &check_deadline()).await;
    save(&mut conn, &row, OutboxState::Dropped, None, NOW).await.unwrap();
    assert_eq!(place(&mut conn, row.id).await, ended("dropped", None));
    assert_eq!(next_due_at(&mut conn).await.unwrap(), None);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_sign_in_code_is_in_its_row_while_it_must_be_sent_and_not_a_moment_longer(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let has_code = "SELECT outbox::text LIKE '%' || $2 || '%' FROM outbox WHERE outbox_id = $1";
    for state in [OutboxState::Done, OutboxState::Exhausted, OutboxState::Dropped] {
        let first = claimed(&mut conn, &sign_in_code()).await;
        save(&mut conn, &first, OutboxState::Waiting { due_at: NOW }, None, NOW).await.unwrap();
        let code_of = |row: OutboxId| sqlx::query_scalar::<_, bool>(has_code).bind(row.0).bind(CODE);
        assert!(code_of(first.id).fetch_one(&mut conn).await.unwrap(), "it must be sent again");
        let again = claim(&mut conn, 1, NOW, UNTIL).await.unwrap().remove(0);
        assert_eq!(again.effect, sign_in_code());
        save(&mut conn, &again, state, None, NOW).await.unwrap();
        assert!(!code_of(again.id).fetch_one(&mut conn).await.unwrap(), "{state:?}");
    }
    let other = claimed(&mut conn, &check_deadline()).await;
    save(&mut conn, &other, OutboxState::Done, None, NOW).await.unwrap();
    let kept = sqlx::query_scalar("SELECT payload FROM outbox WHERE outbox_id = $1").bind(other.id.0);
    let kept: Json<Effect> = kept.fetch_one(&mut conn).await.unwrap();
    assert_eq!(kept.0, check_deadline(), "what is no secret stays to be read");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_a_newer_version_wrote_holds_nothing_up_and_a_person_hears_of_it(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let newer = push(&mut conn, &sign_in_code(), NOW, Some(NOW), NOW).await.unwrap();
    fixture::run(&mut conn, r#"UPDATE outbox SET payload = '{"kind": "from_the_future"}'"#).await.unwrap();
    let known = push(&mut conn, &sign_in_code(), NOW, None, NOW).await.unwrap();
    let claims = claim(&mut conn, 10, NOW, UNTIL).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.id).collect::<Vec<_>>(), [known]);
    assert_eq!(alert::times_open(&mut conn, AlertKind::UnreadableEffect, &newer.to_string()).await.unwrap(), 1);
    assert_eq!(place(&mut conn, newer).await, ("claimed".to_owned(), None, Some(UNTIL), None, None), "it is kept");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_row_with_the_wrong_columns_for_its_state_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    push(&mut conn, &sign_in_code(), NOW, None, NOW).await.unwrap();
    let changes = [
        ("state = 'lost', due_at = NULL", "outbox_state"),
        ("due_at = NULL", "outbox_due_by_state"),
        ("state = 'claimed', claimed_until = due_at", "outbox_due_by_state"),
        ("state = 'claimed', due_at = NULL", "outbox_claim_by_state"),
        ("claimed_until = due_at", "outbox_claim_by_state"),
        ("state = 'done', due_at = NULL", "outbox_end_by_state"),
        ("state = 'exhausted', due_at = NULL", "outbox_end_by_state"),
        ("state = 'dropped', due_at = NULL", "outbox_end_by_state"),
        ("ended_at = due_at", "outbox_end_by_state"),
        ("fence = -1", "outbox_fence"),
        ("tries = -1", "outbox_tries"),
        ("trip_id = 'trip-2'", "outbox_trip"),
    ];
    assert_refused(&mut conn, "outbox", &changes).await;
    let unknown = Effect::CheckDeadline { trip: id("trip-2") };
    assert_eq!(fixture::refusal(push(&mut conn, &unknown, NOW, None, NOW).await), "outbox_trip");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_was_ever_asked_for_what_waits_and_what_is_left_are_told_apart(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let trip = add_trip(&mut conn, "trip-1").await.id;
    add_trip(&mut conn, "trip-2").await;
    let kind = check_deadline().kind();
    let asked = async |conn: &mut PgConnection| {
        let Live { waiting, claimed } = live(conn, kind, &trip).await.unwrap();
        (waiting, claimed)
    };
    let again = async |conn: &mut PgConnection| push_once(conn, &check_deadline(), &trip, NOW).await.unwrap();
    push(&mut conn, &Effect::CheckDeadline { trip: id("trip-2") }, UNTIL, None, NOW).await.unwrap();
    push(&mut conn, &Effect::SendReceipt { trip: trip.clone() }, UNTIL, None, NOW).await.unwrap();
    assert_eq!(asked(&mut conn).await, (false, false));
    assert!(again(&mut conn).await, "another visit's is not this one's");
    assert_eq!((again(&mut conn).await, asked(&mut conn).await), (false, (true, false)));
    let claim = claim(&mut conn, 1, NOW, UNTIL).await.unwrap().remove(0);
    assert_eq!(claim.effect, check_deadline());
    assert_eq!((again(&mut conn).await, asked(&mut conn).await), (false, (false, true)));
    let backlog_of = async |conn: &mut PgConnection| backlog(conn).await.unwrap().into_iter().collect::<BTreeSet<_>>();
    let counts = |counts: &[(&str, i64)]| counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
    assert_eq!(backlog_of(&mut conn).await, counts(&[("waiting", 2), ("claimed", 1)]));
    save(&mut conn, &claim, OutboxState::Exhausted, None, NOW).await.unwrap();
    assert_eq!((again(&mut conn).await, asked(&mut conn).await), (false, (false, false)), "ever");
    assert_eq!(backlog_of(&mut conn).await, counts(&[("waiting", 2), ("exhausted", 1)]));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_waits_for_others_is_not_read_for_one_visit_whatever_the_planner_knows(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    const READ: &str =
        "SELECT (seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_xact_user_tables WHERE relname = 'outbox'";
    let mut conn = fixture::connect(database).await;
    let trip = add_trip(&mut conn, "trip-1").await.id;
    let others = "INSERT INTO outbox (outbox_id, kind, lane, payload, state, due_at, created_at)
        SELECT gen_random_uuid(), 'mail', 'own', '{}', 'waiting', $1, $1 FROM generate_series(1, 5000)";
    sqlx::query(others).bind(UNTIL).execute(&mut conn).await.unwrap();
    // As workers' connections are.
    sqlx::query("SET plan_cache_mode = force_generic_plan").execute(&mut conn).await.unwrap();
    let mut tx = conn.begin().await.unwrap();
    let read = async |conn: &mut PgConnection| sqlx::query_scalar::<_, i64>(READ).fetch_one(conn).await.unwrap();
    let report = Effect::ReportPaymentStatus { trip: trip.clone(), store: id("store-1") };
    let plan = Plan { due_at: NOW, deadline_at: None };
    for _ in 0..2 {
        push_all(&mut tx, &[(&report, plan)], NOW).await.unwrap();
    }
    assert!(push_once(&mut tx, &check_deadline(), &trip, NOW).await.unwrap());
    let many = read(&mut tx).await;
    assert!(many < 100, "{many} rows");
    let waiting = "SELECT count(*) FROM outbox WHERE kind = 'report_payment_status'";
    assert_eq!(sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *tx).await.unwrap(), 1, "one is enough");
    assert!(read(&mut tx).await > 5000, "and what is read is counted");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn workers_hear_of_what_is_due_and_not_of_what_is_due_in_hours(_: PgPoolOptions, database: PgConnectOptions) {
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    add_trip(&mut conn, "trip-1").await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&pool).await.unwrap();
    listener.listen("outbox").await.unwrap();
    push(&mut conn, &check_deadline(), NOW + Duration::hours(12), None, NOW).await.unwrap();
    sqlx::query("SELECT pg_notify('outbox', 'after the one that is due later')").execute(&mut *conn).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "after the one that is due later");
    push(&mut conn, &check_deadline(), NOW, None, NOW).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "", "the one that is due");
    sqlx::query("SET storeside.wakes = off").execute(&mut *conn).await.unwrap();
    push(&mut conn, &check_deadline(), NOW, None, NOW).await.unwrap();
    sqlx::query("SELECT pg_notify('outbox', 'after one of a worker')").execute(&mut *conn).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "after one of a worker");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn effects_that_are_asked_for_together_wait_each_for_its_time_and_one_that_waits_is_enough(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    let capture = Effect::CaptureCharge { trip: id("trip-1"), store: id("store-1"), amount: usd(815) };
    let (look, now) = (check_deadline(), Plan { due_at: NOW, deadline_at: Some(UNTIL) });
    let later = Plan { due_at: UNTIL, deadline_at: None };
    push_all(&mut conn, &[], NOW).await.unwrap();
    push_all(&mut conn, &[(&capture, now), (&look, later)], NOW).await.unwrap();
    push_all(&mut conn, &[(&look, now), (&capture, later)], NOW).await.unwrap();
    let rows: Vec<(String, String, OffsetDateTime, Option<OffsetDateTime>, String)> =
        sqlx::query_as("SELECT kind, lane, due_at, deadline_at, state FROM outbox ORDER BY kind, due_at")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    let row = |kind: &str, lane: &str, due_at, deadline_at| {
        (kind.to_owned(), lane.to_owned(), due_at, deadline_at, "waiting".to_owned())
    };
    let expected = [
        row("capture_charge", "capture_charge", NOW, Some(UNTIL)),
        row("capture_charge", "capture_charge", UNTIL, None),
        row("check_deadline", "own", UNTIL, None),
    ];
    assert_eq!(rows, expected, "one look at the deadline is enough, two captures are two");
}
