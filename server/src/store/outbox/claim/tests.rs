use domain::effect::{Effect, SignInCode};
use domain::id::{EmailAddress, TripId};
use domain::outbox::OutboxState;
use domain::pause::Pause;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;

use super::super::super::fixture::{self, NOW, add_trip, id, race, usd};
use super::super::super::pause::{self, PauseRow};
use super::super::{forgive_try, lock_claim, next_due_at, push, save};
use super::*;

const UNTIL: OffsetDateTime = time::macros::datetime!(2026-11-21 09:01 UTC);

fn report(trip: &str) -> Effect {
    Effect::ReportPaymentStatus { trip: id(trip), store: id("store-1") }
}

fn capture(trip: &str) -> Effect {
    Effect::CaptureCharge { trip: id(trip), store: id("store-1"), amount: usd(815) }
}

fn mail() -> Effect {
    Effect::SendSignInCode { to: EmailAddress::new("a@example.com").unwrap(), code: SignInCode("31415926".to_owned()) }
}

async fn pause_captures(conn: &mut PgConnection, until: OffsetDateTime) {
    let row = pause::lock(conn, Api::CaptureCharge, NOW).await.unwrap();
    pause::save(conn, &PauseRow { pause: Pause::Asked { until }, ..row }, NOW).await.unwrap();
}

fn kinds(claims: &[Claim]) -> Vec<&'static str> {
    claims.iter().map(|claim| claim.effect.kind()).collect()
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn nothing_that_calls_a_paused_api_is_claimed_but_its_probe(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    for trip in ["trip-1", "trip-2", "trip-3"] {
        add_trip(&mut conn, trip).await;
    }
    let over_at = NOW + Duration::minutes(10);
    pause_captures(&mut conn, over_at).await;
    let later = push(&mut conn, &capture("trip-1"), NOW, Some(NOW + Duration::hours(2)), NOW).await.unwrap();
    let sooner = push(&mut conn, &capture("trip-2"), NOW, Some(NOW + Duration::hours(1)), NOW).await.unwrap();
    assert_eq!(next_due_at(&mut conn).await.unwrap(), Some(over_at), "what is due waits until the pause is over");
    push(&mut conn, &report("trip-3"), NOW, None, NOW).await.unwrap();
    push(&mut conn, &mail(), NOW, None, NOW).await.unwrap();
    let mut others = kinds(&claim(&mut conn, 10, NOW, UNTIL).await.unwrap());
    others.sort_unstable();
    assert_eq!(others, ["report_payment_status", "send_sign_in_code"]);

    let probe = claim_probe(&mut conn, Api::CaptureCharge, Fence(1), NOW, UNTIL).await.unwrap().unwrap();
    assert_eq!((probe.id, probe.probe), (sooner, Some(Fence(1))), "the nearest deadline goes first");
    assert!(claim_probe(&mut conn, Api::AdjustCharge, Fence(1), NOW, UNTIL).await.unwrap().is_none());
    let row = pause::lock(&mut conn, Api::CaptureCharge, NOW).await.unwrap();
    pause::save(&mut conn, &PauseRow { pause: Pause::FLOWING, ..row }, NOW).await.unwrap();
    let rest = claim(&mut conn, 10, NOW, UNTIL).await.unwrap();
    assert_eq!(rest.iter().map(|it| (it.id, it.tries)).collect::<Vec<_>>(), [(later, 1)], "waiting used up no try");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn while_one_effect_calls_for_a_trip_no_other_does_and_its_mails_go_out(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    add_trip(&mut conn, "trip-2").await;
    let first = push(&mut conn, &capture("trip-1"), NOW, Some(NOW), NOW).await.unwrap();
    push(&mut conn, &report("trip-1"), NOW, None, NOW).await.unwrap();
    let claims = claim(&mut conn, 10, NOW, UNTIL).await.unwrap();
    assert_eq!(claims.iter().map(|it| it.id).collect::<Vec<_>>(), [first], "one of two in the same claim");
    push(&mut conn, &Effect::SendReceipt { trip: id::<TripId>("trip-1") }, NOW, None, NOW).await.unwrap();
    push(&mut conn, &report("trip-2"), NOW, None, NOW).await.unwrap();
    let mut others = kinds(&claim(&mut conn, 10, NOW, UNTIL).await.unwrap());
    others.sort_unstable();
    assert_eq!(others, ["report_payment_status", "send_receipt"], "another trip's, and what calls nobody");
    assert_eq!(claim(&mut conn, 10, NOW, UNTIL).await.unwrap().len(), 0);
    let both = "UPDATE outbox SET state = 'claimed', due_at = NULL, claimed_until = created_at WHERE state = 'waiting'";
    assert_eq!(fixture::refusal(fixture::run(&mut conn, both).await), "outbox_one_call_per_trip");

    save(&mut conn, &claims[0], OutboxState::Done, None, NOW).await.unwrap();
    assert_eq!(kinds(&claim(&mut conn, 10, NOW, UNTIL).await.unwrap()), ["report_payment_status"]);
    assert_eq!(kinds(&claim(&mut conn, 10, UNTIL, UNTIL + Duration::HOUR).await.unwrap()).len(), 3, "leases pass on");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn workers_that_claim_at_once_never_call_for_one_trip_twice(_: PgPoolOptions, database: PgConnectOptions) {
    const TRIPS: usize = 12;
    const EACH: usize = 8;
    let pool = fixture::pool(database).await;
    let mut conn = pool.acquire().await.unwrap();
    for number in 0..TRIPS * EACH {
        let trip = format!("trip-{}", number % TRIPS);
        if number < TRIPS {
            add_trip(&mut conn, &trip).await;
        }
        push(&mut conn, &report(&trip), NOW, None, NOW).await.unwrap();
    }
    for round in 0..EACH {
        let claims = race(&pool, 8, |mut conn| async move {
            let mut mine = vec![];
            for _ in 0..6 {
                mine.extend(claim(&mut conn, 3, NOW, UNTIL).await.unwrap());
            }
            mine
        });
        let claims: Vec<_> = claims.await.into_iter().flatten().collect();
        let trips: BTreeSet<_> = claims.iter().map(|it| it.effect.trip().unwrap().to_string()).collect();
        assert_eq!((claims.len(), trips.len()), (TRIPS, TRIPS), "round {round}: each trip once, and none is left out");
        for done in claims {
            save(&mut conn, &done, OutboxState::Done, None, NOW).await.unwrap();
        }
    }
    assert_eq!(claim(&mut conn, 10, NOW, UNTIL).await.unwrap().len(), 0);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_lost_claim_of_a_paused_api_does_not_hold_up_the_trips_other_calls(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    push(&mut conn, &capture("trip-1"), NOW, None, NOW).await.unwrap();
    let lost = claim(&mut conn, 1, NOW, UNTIL).await.unwrap().remove(0);
    pause_captures(&mut conn, UNTIL + Duration::HOUR).await;
    push(&mut conn, &report("trip-1"), NOW, None, NOW).await.unwrap();
    assert_eq!(claim(&mut conn, 10, NOW, UNTIL).await.unwrap().len(), 0, "its worker may still be at it");
    assert_eq!(kinds(&claim(&mut conn, 10, UNTIL, UNTIL).await.unwrap()), ["report_payment_status"]);
    assert!(!lock_claim(&mut conn, &lost).await.unwrap(), "the lease has ended, whoever has it now");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn of_more_than_one_claim_looks_at_the_nearest_deadlines_still_go_first(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    // All of one lane; what has waited longest has the most time left.
    let many = "INSERT INTO outbox (outbox_id, kind, lane, payload, state, due_at, deadline_at, created_at)
        SELECT gen_random_uuid(), 'send_sign_in_code', 'own', '{\"kind\": \"send_sign_in_code\", \"to\": \"a@example.com\", \"code\": \"1\"}', 'waiting',
            '2026-11-21 09:00Z'::timestamptz - interval '1 second' * number,
            '2026-11-21 09:00Z'::timestamptz + interval '1 minute' * number, '2026-11-21 08:00Z'
        FROM generate_series(1, 1000) number";
    fixture::run(&mut conn, many).await.unwrap();
    let claims = claim(&mut conn, 32, NOW, UNTIL).await.unwrap();
    let deadlines: Vec<_> = claims.iter().map(|it| (it.deadline_at.unwrap() - NOW).whole_minutes()).collect();
    assert_eq!(deadlines, (1..=32).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_try_is_forgiven_only_to_who_holds_it(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    push(&mut conn, &mail(), NOW, None, NOW).await.unwrap();
    let old = claim(&mut conn, 1, NOW, UNTIL).await.unwrap().remove(0);
    let new = claim(&mut conn, 1, UNTIL, UNTIL + Duration::HOUR).await.unwrap().remove(0);
    forgive_try(&mut conn, &old).await.unwrap();
    let tries =
        async |conn: &mut PgConnection| sqlx::query_scalar::<_, i32>("SELECT tries FROM outbox").fetch_one(conn).await;
    assert_eq!(tries(&mut conn).await.unwrap(), 2);
    forgive_try(&mut conn, &new).await.unwrap();
    assert_eq!(tries(&mut conn).await.unwrap(), 1);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn workers_hear_of_what_others_ask_for_and_not_of_what_they_ask_for_themselves(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let pool = fixture::pool(database.clone()).await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&pool).await.unwrap();
    listener.listen("outbox").await.unwrap();
    let mut theirs = pool.acquire().await.unwrap();
    let mut workers = fixture::connect(crate::database::for_workers(database)).await;
    push(&mut workers, &mail(), NOW, None, NOW).await.unwrap();
    fixture::run(&mut theirs, "NOTIFY outbox, 'mark'").await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "mark", "the worker's own came first and was not called out");
    push(&mut theirs, &mail(), NOW, None, NOW).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn each_lane_says_what_is_due_and_for_how_long(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    for due_at in [NOW - Duration::minutes(5), NOW, NOW + Duration::SECOND] {
        push(&mut conn, &report("trip-1"), due_at, None, NOW).await.unwrap();
    }
    let lanes = super::super::waiting_by_lane(&mut conn, NOW).await.unwrap();
    assert_eq!(lanes.len(), Api::ALL.len() + 1, "also those in which nothing waits");
    for lane in lanes {
        let expected = if lane.lane == "report_payment_status" { (2, 300) } else { (0, 0) };
        assert_eq!((lane.due, lane.oldest_seconds), expected, "{}", lane.lane);
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_next_call_is_the_visits_own_due_and_flowing_and_the_nearest_to_its_deadline(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let trips = ["trip-1", "trip-2"];
    for trip in trips {
        add_trip(&mut conn, trip).await;
    }
    let trip: TripId = id("trip-1");
    push(&mut conn, &report("trip-2"), NOW, None, NOW).await.unwrap();
    push(&mut conn, &Effect::CheckEntry { trip: trip.clone() }, NOW, None, NOW).await.unwrap();
    push(&mut conn, &report("trip-1"), NOW + Duration::SECOND, Some(NOW + Duration::hours(2)), NOW).await.unwrap();
    assert!(claim_next(&mut conn, &trip, NOW, UNTIL).await.unwrap().is_none(), "another's, no call, not due");

    pause_captures(&mut conn, NOW + Duration::minutes(10)).await;
    let paused = push(&mut conn, &capture("trip-1"), NOW, Some(NOW + Duration::HOUR), NOW).await.unwrap();
    assert!(claim_next(&mut conn, &trip, NOW, UNTIL).await.unwrap().is_none(), "paused");
    let row = pause::lock(&mut conn, Api::CaptureCharge, NOW).await.unwrap();
    pause::save(&mut conn, &PauseRow { pause: Pause::FLOWING, ..row }, NOW).await.unwrap();
    let later = NOW + Duration::SECOND;
    let next = claim_next(&mut conn, &trip, later, UNTIL).await.unwrap().unwrap();
    assert_eq!((next.id, next.fence, next.tries, next.until), (paused, Fence(1), 1, UNTIL));
    assert!(next.probe.is_none() && next.begun.is_none());
    save(&mut conn, &next, OutboxState::Done, None, later).await.unwrap();
    assert_eq!(
        claim_next(&mut conn, &trip, later, UNTIL).await.unwrap().unwrap().effect.kind(),
        "report_payment_status"
    );
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn who_ends_no_call_cannot_take_the_place_of_the_one_that_is_out(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_trip(&mut conn, "trip-1").await;
    push(&mut conn, &capture("trip-1"), NOW, None, NOW).await.unwrap();
    push(&mut conn, &report("trip-1"), NOW, None, NOW).await.unwrap();
    assert_eq!(claim(&mut conn, 1, NOW, UNTIL).await.unwrap().len(), 1);
    let stolen = claim_next(&mut conn, &id("trip-1"), NOW, UNTIL).await;
    assert_eq!(fixture::refusal(stolen), "outbox_one_call_per_trip");
}
