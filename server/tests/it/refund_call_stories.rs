//! Refund calls that get lost, fail, come late or all at once: one key, and never more than was taken.

use domain::id::RefundId;
use domain::refund::{RefundReason, RefundRefusal};
use server::flow::decide_refund::{DecideRefundError, Decision};
use server::flow::request_refund::{RefundOrder, RequestRefundError, Requester, request_refund};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use tokio::task::JoinSet;
use twin::{Api, Fault, Times};
use uuid::Uuid;

use crate::proof::{progress, race_rounds};
use crate::refunds::{FIRST, TOTAL, ask, decide, everything, given, lines, state, trip_id, visit};
use crate::shop::Shop;

/// The keys that were sent for a visit's refunds, by our own record.
async fn keys(shop: &Shop, trip: Uuid) -> Vec<String> {
    let sql = "SELECT DISTINCT request ->> 'refundRequestId' FROM attempt WHERE trip_id = $1 AND api = 'refund_charge'";
    sqlx::query_scalar(sql).bind(trip.to_string()).fetch_all(&shop.database).await.unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn ref_002_g02_eh_007_a_lost_answer_is_asked_for_again_with_the_same_key_and_paid_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    shop.twin.fault(Api::Refund, Fault::LoseAnswer, 2);
    shop.twin.fault(Api::Refund, Fault::FailAfterEffect, 2);
    shop.twin.fault(Api::Refund, Fault::ServiceException, 1);
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    assert_eq!(state(&shop, refund.id).await, "sending", "no answer is no refusal");
    shop.pass(Duration::hours(1)).await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("refunded", vec![FIRST]));
    let tries = shop.attempts(trip, "refund_charge").await;
    assert_eq!(tries, ["no_answer", "no_answer", "busy", "busy", "busy", "answered"]);
    assert_eq!(keys(&shop, trip).await, [refund.id.to_string()]);
    let booked = "SELECT count(*) FROM ledger_transaction WHERE trip_id = $1 AND kind = 'refund_done'";
    assert_eq!(shop.number(booked, trip).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ref_007_being_throttled_is_waited_for_and_pays_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    shop.twin.fault(Api::Refund, Fault::TooManyRequests, 1);
    shop.twin.fault(Api::Refund, Fault::ServiceUnavailable { retry_after_seconds: 120 }, 1);
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    shop.pass(Duration::minutes(9)).await;
    assert_eq!(shop.twin.truth().count(Api::Refund, trip), 1, "600 seconds were asked for");
    shop.pass(Duration::minutes(10)).await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("refunded", vec![FIRST]));
    let at: Vec<_> = shop.twin.truth().calls_for(Api::Refund, trip).map(|call| call.at).collect();
    assert!(at[1] - at[0] >= Duration::seconds(600) && at[2] - at[1] >= Duration::seconds(120), "{at:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_007_eh_010_a_refund_out_of_tries_stays_alerts_and_is_asked_for_again_with_the_same_key(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    // Done by the first call, and nobody ever says so.
    shop.twin.fault(Api::Refund, Fault::FailAfterEffect, Times::Always);
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.pass(Duration::days(3)).await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("sending", vec![FIRST]));
    assert_eq!(shop.attempts(trip, "refund_charge").await.len(), 12);
    assert_eq!(shop.alerts("refund_stuck", refund.id).await, 1);
    assert_eq!(refused_open(ask(&shop, trip, lines(&[(2, 1)])).await), refund.id, "it still holds its money");

    shop.twin.clear_faults(Api::Refund);
    decide(&shop, refund.id, Decision::Retry, "ben").await.unwrap();
    let twice = decide(&shop, refund.id, Decision::Retry, "ben").await;
    assert!(matches!(twice, Err(DecideRefundError::OnItsWay)), "{twice:?}");
    shop.settle().await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("refunded", vec![FIRST]));
    assert_eq!(keys(&shop, trip).await, [refund.id.to_string()], "one key for life");
    shop.close().await;
}

fn refused_open<T: std::fmt::Debug>(asked: Result<T, RequestRefundError>) -> RefundId {
    match asked.unwrap_err() {
        RequestRefundError::Refused(RefundRefusal::AlreadyOpen(id)) => id,
        other => panic!("{other}"),
    }
}

/// A worker takes a refund's effect, records its attempt, and dies.
#[sqlx::test(migrations = "../migrations")]
async fn g02_a_worker_that_died_during_the_call_is_followed_by_one_with_the_same_key(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.twin.fault(Api::Refund, Fault::Delay(std::time::Duration::from_millis(600)), 1);
    let worker = shop.worker.clone();
    let dying = tokio::spawn(async move { server::worker::run_due(&worker).await });
    while given(&shop, trip).is_empty() {
        tokio::task::yield_now().await;
    }
    dying.abort();
    let _ = dying.await;
    assert_eq!(state(&shop, refund.id).await, "sending", "done, and nobody here knows");
    shop.jump(Duration::minutes(2));
    shop.settle().await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("refunded", vec![FIRST]));
    assert_eq!(keys(&shop, trip).await, [refund.id.to_string()]);
    assert_eq!(shop.attempts(trip, "refund_charge").await, ["no_answer", "answered"]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g01_sixty_four_refunds_at_once_never_exceed_the_capture(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect.clone()).await;
    sqlx::query(
        "UPDATE store SET refund_auto_count = 9999, refund_auto_same_article = 9999, refund_auto_share_percent = 100",
    )
    .execute(&shop.database)
    .await
    .unwrap();
    // More at once than a process has connections for: those wait their turn.
    let options = server::database::pool_options().max_connections(16).acquire_timeout(Duration::MINUTE.unsigned_abs());
    let racing = options.connect_with(connect).await.unwrap();
    for round in 0..race_rounds() {
        let walk = shop.twin.walk("visa", &[twin::CartLine::units("SKU-001", "2")]).await.unwrap();
        shop.settle().await;
        let trip = trip_id(walk.trip);
        let mut racers = JoinSet::new();
        for racer in 0..64 {
            let (database, trip, now) = (racing.clone(), trip.clone(), shop.worker.clock.now());
            racers.spawn(async move {
                let wish = if racer % 2 == 0 { everything() } else { lines(&[(1, 1)]) };
                let (reason, by) = (RefundReason::Other, Requester::Staff("ann"));
                let id = RefundId::new(Uuid::new_v4()).unwrap();
                let order = RefundOrder { id, trip: &trip, wish, reason, because: None, note: None, agreed: None, by };
                request_refund(&database, &order, now).await
            });
        }
        // Workers are at it meanwhile, so that a refund ends and lets the next one in.
        let (mut asked, mut refusals) = (0, 0);
        while let Some(joined) = racers.join_next().await {
            match joined.unwrap() {
                Ok(_) => asked += 1,
                Err(RequestRefundError::Refused(_)) => refusals += 1,
                Err(other) => panic!("{other:?}"),
            }
            if (asked + refusals) % 8 == 0 {
                shop.settle().await;
            }
        }
        assert!(asked >= 1 && asked + refusals == 64, "round {round}: {asked} + {refusals}");
        let (back, truth) = (given(&shop, walk.trip), shop.twin.truth());
        let captured = truth.trip(walk.trip).captured_minor();
        assert!(back.iter().sum::<i64>() <= captured, "round {round}: {back:?} of {captured}");
        assert_eq!(back.len(), asked, "round {round}");
        progress("refunds of one trip", round + 1, race_rounds());
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_approvals_at_once_are_one(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 0").execute(&shop.database).await.unwrap();
    let trip = visit(&shop, "visa").await;
    let refund = ask(&shop, trip, everything()).await.unwrap();
    let decisions = [Decision::Approve, Decision::Approve, Decision::Decline, Decision::Approve];
    let [a, b, c, d] = decisions.map(|decision| decide(&shop, refund.id, decision, "ben"));
    let outcomes = <[_; 4]>::from(tokio::join!(a, b, c, d));
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1, "{outcomes:?}");
    shop.settle().await;
    let paid = if state(&shop, refund.id).await == "declined" { vec![] } else { vec![TOTAL] };
    assert_eq!(given(&shop, trip), paid);
    shop.close().await;
}
