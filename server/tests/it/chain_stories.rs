//! One answer leads to the trip's next call, which is taken and recorded together with it: who may take it, and when nobody may.
//!
//! Broken by hand, one at a time, each seen to be caught and then restored:
//!
//! | break | caught by |
//! |---|---|
//! | an effect of a paused API is claimed | `nothing_that_calls_a_paused_api_is_claimed_but_its_probe` |
//! | the next call of a paused API is taken | `the_next_call_of_a_paused_api_…` below, `cap_009_…` |
//! | who has lost its lease takes the next call | `an_answer_that_comes_after_its_lease_was_passed_on_…` below |
//! | the index of one call a trip is dropped | `who_ends_no_call_cannot_take_the_place_of_the_one_that_is_out` |
//! | `Retry-After` counts as a second | `ac_006_…` in `failure_stories` and `pause_stories` |
//! | a call is made although its lease is almost over | `a_worker_that_was_held_up_until_its_lease_was_almost_over_…` |
//! | what was claimed is called for although its API is paused by then | `what_was_claimed_before_a_pause_began_is_given_back_unsent` |
//! | a mail is sent without a look at its lease | `g15_a_worker_that_wakes_with_a_mail_in_its_hand_…` |
//!
//! Nothing caught a call or a mail whose worker looks at the time of its lease and not at its number, as that takes a clock that is
//! behind: the last story here is for them. Not caught: a call that is recorded for an effect that somebody held before, without a look
//! at what became of the calls then.

use domain::effect::Effect;
use server::flow::claim_effects::claim_effects;
use server::store::outbox::Claim;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, demo_items};

use crate::shop::Shop;

/// Captures of a trip that nobody holds.
const WAITING: &str =
    "SELECT count(*) FROM outbox WHERE trip_id = $1 AND kind = 'capture_charge' AND state = 'waiting' AND tries = 0";

#[sqlx::test(migrations = "../migrations")]
async fn one_claim_leads_a_trip_from_its_adjustment_to_its_report_each_call_recorded_before_it_is_made(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    let claims = claim_effects(&shop.database, 8, shop.worker.clock.now()).await.unwrap();
    assert_eq!(claims.len(), 1);
    let done = shop.worker.act(&claims[0]).await.unwrap();
    assert_eq!(shop.state(trip).await, "captured");
    let apis = "SELECT string_agg(api, ' ' ORDER BY api) FROM attempt WHERE trip_id = $1 AND outcome = 'answered' AND fence = 1";
    let apis = shop.text(apis, trip).await.unwrap();
    for api in ["adjust_charge", "capture_charge", "get_transactional_data", "report_payment_status"] {
        assert!(apis.contains(api), "{api} is not among {apis}");
    }
    assert_eq!(done, apis.split(' ').count(), "each of them was one effect");
    let held = "SELECT count(*) FROM outbox WHERE trip_id = $1 AND state = 'claimed'";
    assert_eq!(shop.number(held, trip).await, 0, "nothing is left in its hand");
    let truth = shop.twin.truth();
    let told = truth.trip(trip).feedback.last().map(|it| (it.total_minor, it.settled_minor));
    assert_eq!(told, Some((217, 217)), "and what was recorded of the report is what was sent");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_next_call_of_a_paused_api_waits_and_uses_up_no_try(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let pause = "INSERT INTO pause (api, state, until_at, changed_at) VALUES ('capture_charge', 'asked', $1, $1)";
    let until = shop.worker.clock.now() + Duration::minutes(10);
    sqlx::query(pause).bind(until).execute(&shop.database).await.unwrap();
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    assert_eq!((shop.state(trip).await.as_str(), shop.number(WAITING, trip).await), ("capturing", 1));
    assert_eq!(shop.twin.truth().trip(trip).capture_calls, 0);
    assert!(shop.attempts(trip, "capture_charge").await.is_empty(), "and nothing says that it was about to be sent");
    shop.pass(Duration::minutes(11)).await;
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_answer_that_comes_after_its_lease_was_passed_on_counts_and_takes_no_further_call(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::Delay(std::time::Duration::from_millis(1500)), 1);
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    let claims = claim_effects(&shop.database, 8, shop.worker.clock.now()).await.unwrap();
    let (worker, claim) = (shop.worker.clone(), claims[0].clone());
    let late = tokio::spawn(async move { worker.act(&claim).await });
    while shop.attempts(trip, "adjust_charge").await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    shop.jump(Duration::seconds(61));
    let again = claim_effects(&shop.database, 8, shop.worker.clock.now()).await.unwrap();
    assert_eq!(again.len(), 1, "another has its lease");
    assert_eq!(late.await.unwrap().unwrap(), 1, "what it was told is kept, and it goes no further");
    assert_eq!((shop.state(trip).await.as_str(), shop.number(WAITING, trip).await), ("capturing", 1));
    shop.worker.act(&again[0]).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "captured");
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_whose_clock_is_behind_neither_calls_nor_mails_under_a_lease_that_was_passed_on(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    // By its own clock, its leases last for another hour.
    let behind = |claim: Claim| Claim { until: claim.until + Duration::HOUR, ..claim };
    let first = behind(claim_effects(&shop.database, 1, shop.worker.clock.now()).await.unwrap().remove(0));
    shop.jump(Duration::seconds(61));
    let second = claim_effects(&shop.database, 1, shop.worker.clock.now()).await.unwrap().remove(0);
    assert_eq!(first.id, second.id);
    shop.worker.act(&first).await.unwrap();
    assert_eq!(shop.twin.truth().trip(trip).adjust_calls, 0, "the call is the second one's to make");
    shop.worker.act(&second).await.unwrap();
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);

    let mail = loop {
        let claim = claim_effects(&shop.database, 1, shop.worker.clock.now()).await.unwrap().remove(0);
        if matches!(claim.effect, Effect::SendReceipt { .. }) {
            break behind(claim);
        }
        shop.worker.act(&claim).await.unwrap();
    };
    shop.jump(Duration::seconds(61));
    shop.settle().await;
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1, "another has sent it");
    shop.worker.act(&mail).await.unwrap();
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1);
    shop.close().await;
}
