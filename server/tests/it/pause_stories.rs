//! Amazon wants less of us all, or is away for a while.

use std::time::Duration as StdDuration;

use server::flow::claim_effects::claim_effects;
use server::worker::{Worker, run};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, Times, demo_items};
use uuid::Uuid;

use crate::shop::Shop;

const PAUSE: &str = "SELECT state FROM pause WHERE api = $1";
const TRIES: &str = "SELECT tries::bigint FROM outbox WHERE kind = 'adjust_charge' AND trip_id = $1";

async fn walk(shop: &Shop) -> Uuid {
    shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip
}

fn adjusts(shop: &Shop) -> usize {
    shop.twin.truth().calls.iter().filter(|call| call.api == Api::Adjust).count()
}

#[sqlx::test(migrations = "../migrations")]
async fn ac_006_a_rate_limit_that_one_trip_meets_holds_back_the_others_and_costs_them_no_try(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    let first = walk(&shop).await;
    shop.settle().await;
    let others = [walk(&shop).await, walk(&shop).await];
    shop.pass(Duration::seconds(590)).await;
    assert_eq!(adjusts(&shop), 1, "nobody calls before Retry-After");
    for trip in others {
        assert_eq!(shop.number(TRIES, trip).await, 0, "what is held back uses up no try");
    }
    assert_eq!(shop.text(PAUSE, "adjust_charge").await.as_deref(), Some("asked"));
    shop.pass(Duration::seconds(20)).await;
    for trip in [first, others[0], others[1]] {
        assert_eq!(shop.state(trip).await, "captured");
    }
    assert_eq!(adjusts(&shop), 4);
    assert_eq!(shop.text(PAUSE, "adjust_charge").await.as_deref(), Some("flowing"));
    let audited = "SELECT string_agg(action, ' ' ORDER BY audit_entry_id) FROM audit_entry WHERE subject = $1";
    assert_eq!(shop.text(audited, "adjust_charge").await.as_deref(), Some("api_paused api_resumed"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_009_a_pause_of_one_api_is_none_of_another(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Capture, Fault::ServiceUnavailable { retry_after_seconds: 300 }, 1);
    let first = walk(&shop).await;
    shop.settle().await;
    let second = walk(&shop).await;
    shop.settle().await;
    assert_eq!(shop.state(second).await, "capturing", "its adjustment was made meanwhile");
    assert_eq!(shop.twin.truth().trip(second).capture_calls, 0);
    shop.pass(Duration::minutes(6)).await;
    for trip in [first, second] {
        assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_011_an_api_that_is_down_is_left_alone_and_one_call_finds_that_it_is_back(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::ServiceException, Times::Always);
    let mut trips = vec![];
    for _ in 0..15 {
        trips.push(walk(&shop).await);
    }
    shop.settle().await;
    assert_eq!(adjusts(&shop), 10, "the breaker trips at the tenth");
    assert_eq!(shop.text(PAUSE, "adjust_charge").await.as_deref(), Some("tripped"));
    shop.pass(Duration::seconds(25)).await;
    assert_eq!(adjusts(&shop), 10);
    shop.pass(Duration::seconds(10)).await;
    assert_eq!(adjusts(&shop), 11, "one probe");
    shop.pass(Duration::minutes(30)).await;
    assert!(adjusts(&shop) < 20, "and each next one later: {}", adjusts(&shop));
    shop.twin.clear_faults(Api::Adjust);
    shop.pass(Duration::minutes(12)).await;
    for trip in trips {
        assert_eq!(shop.state(trip).await, "captured");
        assert!(shop.number(TRIES, trip).await < 12);
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_015_failures_of_adjust_and_then_of_capture_end_in_one_charge_and_no_debt(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for api in [Api::Adjust, Api::Capture, Api::TransactionalData, Api::PaymentStatus] {
        shop.twin.fault(api, Fault::ServiceException, 3);
        shop.twin.fault(api, Fault::TooManyRequests, 1);
        shop.twin.fault(api, Fault::ServiceUnavailable { retry_after_seconds: 60 }, 1);
    }
    let trips = [walk(&shop).await, walk(&shop).await, walk(&shop).await];
    shop.pass(Duration::hours(2)).await;
    for trip in trips {
        assert_eq!(shop.state(trip).await, "captured");
        assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);
        assert_eq!(shop.twin.truth().trip(trip).feedback.last().map(|it| it.settled_minor), Some(217));
    }
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE $1 = ''", "").await, 0);
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 3);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_pause_that_outlives_a_deadline_is_told_once_and_the_nearest_deadline_goes_first_after_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET token_life_minutes = 600").execute(&shop.database).await.unwrap();
    let early = shop.twin.tap("visa").await.unwrap();
    shop.jump(Duration::minutes(592));
    let late = walk(&shop).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    shop.settle().await;
    shop.twin.send_cart(&early, &demo_items(1)).await.unwrap();
    shop.settle().await;
    shop.settle().await;
    assert_eq!(adjusts(&shop), 1);
    assert_eq!(shop.alerts("pause_outlives_deadline", "adjust_charge").await, 1, "eight minutes are less than ten");
    shop.pass(Duration::minutes(11)).await;
    let calls: Vec<_> = shop.twin.truth().calls.into_iter().filter(|call| call.api == Api::Adjust).collect();
    assert_eq!(calls[1].trip, Some(early.trip.to_string()), "the probe is the most urgent of all");
    assert_eq!(shop.state(late).await, "captured");
    let open = "SELECT count(*) FROM alert WHERE kind = $1 AND closed_at IS NULL";
    assert_eq!(shop.number(open, "pause_outlives_deadline").await, 0, "over with the pause");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_prober_that_died_is_followed_by_another_and_by_one_only(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    let trips = [walk(&shop).await, walk(&shop).await, walk(&shop).await];
    shop.settle().await;
    shop.jump(Duration::seconds(601));
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let claims = futures_of(db, now, 6).await;
    assert_eq!(claims, 1, "six workers, one probe");
    shop.jump(Duration::seconds(50));
    assert_eq!(futures_of(db, shop.worker.clock.now(), 3).await, 0, "it may still come back");
    shop.pass(Duration::seconds(15)).await;
    for trip in trips {
        assert_eq!(shop.state(trip).await, "captured");
    }
    shop.close().await;
}

/// How many effects so many workers get that claim at once.
async fn futures_of(db: &sqlx::PgPool, now: time::OffsetDateTime, workers: usize) -> usize {
    let mut claiming = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let db = db.clone();
        claiming.spawn(async move { claim_effects(&db, 8, now).await.unwrap().len() });
    }
    claiming.join_all().await.into_iter().sum()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_probe_that_is_not_wanted_any_more_lets_another_be_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    let (gone, stays) = (walk(&shop).await, walk(&shop).await);
    shop.settle().await;
    sqlx::query("UPDATE trip SET state = 'cancelling', total_minor = NULL WHERE trip_id = $1")
        .bind(gone.to_string())
        .execute(&shop.database)
        .await
        .unwrap();
    shop.pass(Duration::seconds(610)).await;
    assert_eq!(shop.state(stays).await, "captured");
    assert_eq!(shop.text(PAUSE, "adjust_charge").await.as_deref(), Some("flowing"));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_claimed_before_a_pause_began_is_given_back_unsent(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    let trips = [walk(&shop).await, walk(&shop).await];
    let claims = claim_effects(&shop.database, 8, shop.worker.clock.now()).await.unwrap();
    assert_eq!(claims.len(), 2);
    for claim in &claims {
        shop.worker.act(claim).await.unwrap();
    }
    assert_eq!(adjusts(&shop), 1, "the second met the pause of the first");
    let tries = [shop.number(TRIES, trips[0]).await, shop.number(TRIES, trips[1]).await];
    assert_eq!(tries, [0, 0], "and neither has failed");
    shop.pass(Duration::seconds(610)).await;
    assert_eq!((shop.state(trips[0]).await, shop.state(trips[1]).await), ("captured".into(), "captured".into()));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eight_workers_with_two_hundred_effects_never_call_for_one_trip_twice_at_once_and_probe_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    const TRIPS: usize = 25;
    const EACH: usize = 8;
    let shop = Shop::open(connect).await;
    let mut trips = vec![];
    for _ in 0..TRIPS {
        trips.push(shop.twin.tap("visa").await.unwrap().trip);
    }
    let now = shop.worker.clock.now();
    let mut conn = shop.database.acquire().await.unwrap();
    for number in 0..TRIPS * EACH {
        let trip = trips[number % TRIPS].to_string().parse().unwrap();
        let effect = domain::effect::Effect::ReportPaymentStatus { trip, store: "TEST_STORE_001".parse().unwrap() };
        server::store::outbox::push(&mut conn, &effect, now, None, now).await.unwrap();
    }
    drop(conn);
    // Each answer takes its time, so that calls would meet; one of them stops everyone for a while.
    shop.twin.fault(Api::PaymentStatus, Fault::Delay(StdDuration::from_millis(15)), 60);
    shop.twin.fault(Api::PaymentStatus, Fault::TooManyRequests, 1);
    shop.twin.fault(Api::PaymentStatus, Fault::Delay(StdDuration::from_millis(15)), Times::Always);
    work_until(&shop, 8, "SELECT count(*) = 1 FROM pause WHERE state = 'asked'").await;
    let before = calls(&shop).len();
    shop.jump(Duration::seconds(601));
    shop.twin.clear_faults(Api::PaymentStatus);
    shop.twin.fault(Api::PaymentStatus, Fault::Delay(StdDuration::from_millis(300)), 1);
    shop.twin.fault(Api::PaymentStatus, Fault::Delay(StdDuration::from_millis(15)), Times::Always);
    work_until(
        &shop,
        8,
        "SELECT count(*) = 0 FROM outbox WHERE kind = 'report_payment_status' AND state IN ('waiting', 'claimed')",
    )
    .await;

    let calls = calls(&shop);
    assert_eq!(calls.len(), TRIPS * EACH + 1, "each once, and the one that was told to wait again");
    assert!(calls[before + 1].sent_at >= calls[before].done_at, "everyone waits for the probe's answer");
    for trip in &trips {
        let of_trip: Vec<_> = calls.iter().filter(|call| call.trip == trip.to_string()).collect();
        for pair in of_trip.windows(2) {
            assert!(pair[1].sent_at >= pair[0].done_at, "two calls for {trip} at once: {pair:?}");
        }
    }
    shop.close().await;
}

/// A call as the twin saw it.
#[derive(Debug)]
struct Seen {
    trip: String,
    sent_at: time::OffsetDateTime,
    done_at: time::OffsetDateTime,
}

fn calls(shop: &Shop) -> Vec<Seen> {
    let calls = shop.twin.truth().calls.into_iter().filter(|call| call.api == Api::PaymentStatus);
    let seen = calls.map(|call| Seen {
        trip: call.trip.unwrap_or_default(),
        sent_at: call.at,
        done_at: call.done_at.expect("every call has come back"),
    });
    seen.collect()
}

/// So many workers at once, until the database says that it is enough and everything in hand is finished.
async fn work_until(shop: &Shop, workers: usize, enough: &'static str) {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let worker: Worker = shop.worker.clone();
        working.spawn(run(worker, stopped.clone()));
    }
    crate::programs::until(enough, async || sqlx::query_scalar(enough).fetch_one(&shop.database).await.unwrap()).await;
    stop.send_replace(true);
    working.join_all().await;
}
