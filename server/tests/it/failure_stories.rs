//! Amazon says later, says no, or says nothing.

use std::time::Duration as StdDuration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, Times, demo_items};
use uuid::Uuid;

use crate::shop::Shop;

async fn walk(shop: &Shop, card: &str) -> Uuid {
    shop.twin.walk(card, &demo_items(1)).await.unwrap().trip
}

#[sqlx::test(migrations = "../migrations")]
async fn ac_006_a_rate_limit_is_obeyed_for_as_long_as_amazon_says(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::seconds(590)).await;
    assert_eq!(shop.twin.truth().count(Api::Adjust, trip), 1, "not a second before Retry-After");
    shop.pass(Duration::seconds(20)).await;
    assert_eq!(shop.state(trip).await, "captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_011_each_wait_is_longer_than_the_last_and_what_amazon_asks_for_is_waited(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::ServiceException, 6);
    shop.twin.fault(Api::Adjust, Fault::ServiceUnavailable { retry_after_seconds: 300 }, 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::minutes(20)).await;
    let waits: Vec<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM sent_at - lag(sent_at) OVER (ORDER BY sent_at))::float8 FROM attempt
         WHERE trip_id = $1 AND api = 'adjust_charge' ORDER BY sent_at OFFSET 1",
    )
    .bind(trip.to_string())
    .fetch_all(&shop.database)
    .await
    .unwrap();
    assert_eq!(waits.len(), 7);
    // Each is between half of its power of two and all of it, and a second of the story's own clock.
    for (wait, whole) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]) {
        assert!((whole / 2.0..=whole + 2.5).contains(wait), "{waits:?}");
    }
    assert!(waits[6] >= 300.0, "{waits:?}");
    assert_eq!(shop.state(trip).await, "captured");
    shop.close().await;
}

/// An API that fails twice and then works, and its name in the attempts.
async fn fails_and_recovers(connect: PgConnectOptions, api: Api, name: &str, card: &str, empty: bool) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(api, Fault::ServiceException, 1);
    shop.twin.fault(api, Fault::ServiceUnavailable { retry_after_seconds: 2 }, 1);
    let lines = if empty { vec![] } else { demo_items(1) };
    let trip = shop.twin.walk(card, &lines).await.unwrap().trip;
    shop.pass(Duration::minutes(1)).await;
    assert_eq!(shop.attempts(trip, name).await[..3], ["busy", "busy", "answered"]);
    assert_eq!(shop.state(trip).await, if empty { "cancelled" } else { "captured" });
    shop.close().await;
}

/// An API that fails for good: tried twelve times, then kept for a person.
async fn fails_for_good(connect: PgConnectOptions, api: Api, kind: &str, name: &str, empty: bool) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(api, Fault::ServiceException, Times::Always);
    let lines = if empty { vec![] } else { demo_items(1) };
    let trip = shop.twin.walk("visa", &lines).await.unwrap().trip;
    shop.pass(Duration::hours(3)).await;
    assert_eq!(shop.attempts(trip, name).await, vec!["busy"; 12], "{name}");
    let kept = "SELECT outbox_id::text FROM outbox WHERE state = 'exhausted' AND trip_id || ' ' || kind = $1";
    let effect = shop.text(kept, format!("{trip} {kind}")).await.expect("the effect is kept");
    assert_eq!(shop.alerts("effect_exhausted", effect).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ac_007_adjust_is_retried_with_longer_waits_and_succeeds(_: PgPoolOptions, connect: PgConnectOptions) {
    fails_and_recovers(connect.clone(), Api::Adjust, "adjust_charge", "visa", false).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_010_eh_004_adjust_stops_after_its_last_try_and_a_person_is_told(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    fails_for_good(connect, Api::Adjust, "adjust_charge", "adjust_charge", false).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cc_005_cancel_is_retried(_: PgPoolOptions, connect: PgConnectOptions) {
    fails_and_recovers(connect, Api::Cancel, "cancel_charge", "visa", true).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_005_cancel_stops_after_its_last_try_and_a_person_is_told(_: PgPoolOptions, connect: PgConnectOptions) {
    fails_for_good(connect, Api::Cancel, "cancel_charge", "cancel_charge", true).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn capture_is_retried_after_an_answered_failure_and_charges_once(_: PgPoolOptions, connect: PgConnectOptions) {
    fails_and_recovers(connect, Api::Capture, "capture_charge", "visa", false).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn td_006_transactional_data_is_retried(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::TransactionalData, Fault::TooManyRequests, 1);
    shop.twin.fault(Api::TransactionalData, Fault::ServiceException, 1);
    shop.twin.fault(Api::TransactionalData, Fault::ServiceUnavailable { retry_after_seconds: 5 }, 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::minutes(20)).await;
    assert_eq!(shop.attempts(trip, "get_transactional_data").await, ["busy", "busy", "busy", "answered"]);
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1, "the receipt waits for the card facts");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_008_a_receipt_without_card_facts_is_better_than_none(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect.clone()).await;
    shop.twin.fault(Api::TransactionalData, Fault::ServiceException, Times::Always);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::hours(3)).await;
    assert_eq!(shop.attempts(trip, "get_transactional_data").await, vec!["busy"; 12]);
    let effect = "SELECT outbox_id::text FROM outbox WHERE state = 'exhausted' AND trip_id = $1";
    let effect = shop.text(effect, trip).await.expect("the effect is kept");
    assert_eq!(shop.alerts("effect_exhausted", effect).await, 1);
    let mails = shop.mails_to("visa.shopper@example.com");
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].text.contains("ending in"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn si_006_the_identity_is_asked_again_after_each_kind_of_failure(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::ShopperIdentity, Fault::TooManyRequests, 1);
    shop.twin.fault(Api::ShopperIdentity, Fault::ServiceException, 1);
    shop.twin.fault(Api::ShopperIdentity, Fault::ServiceUnavailable { retry_after_seconds: 5 }, 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::minutes(20)).await;
    assert_eq!(shop.attempts(trip, "get_shopper_identity").await, ["busy", "busy", "busy", "answered"]);
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_009_the_identity_is_given_up_after_its_last_try_and_a_person_is_told(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    fails_for_good(connect, Api::ShopperIdentity, "fetch_shopper_identity", "get_shopper_identity", false).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fbk_006_feedback_is_retried_and_in_the_end_a_person_is_told(_: PgPoolOptions, connect: PgConnectOptions) {
    fails_for_good(connect.clone(), Api::PaymentStatus, "report_payment_status", "report_payment_status", false).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ac_005_a_trip_that_amazon_does_not_know_is_charged_nothing_and_a_person_is_told(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    // The gate never admitted this visit at Amazon's; its cart comes all the same.
    shop.twin.put_card(twin::Card { risks: vec!["ExpiredCard".to_owned()], ..twin::Card::visa_named("stranger") });
    let tap = shop.twin.tap("stranger").await.unwrap();
    assert!(!tap.admitted());
    let cart = shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    assert_eq!(cart.answer.status, 201);
    shop.pass(Duration::minutes(10)).await;
    assert_eq!(shop.attempts(tap.trip, "adjust_charge").await, ["refused"], "a repeat would change nothing");
    assert_eq!(shop.alerts("unknown_trip", tap.trip).await, 1);
    assert_eq!(shop.twin.truth().count(Api::Capture, tap.trip), 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pp_005_if_012_a_capture_that_fails_on_every_answered_try_is_a_debt(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Capture, Fault::ServiceException, Times::Always);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::hours(3)).await;
    assert_eq!(shop.attempts(trip, "capture_charge").await, vec!["busy"; 12]);
    let debt = shop.text("SELECT cause || ' ' || outstanding_minor FROM debt WHERE trip_id = $1", trip).await;
    assert_eq!(debt.as_deref(), Some("capture_failed 217"));
    assert_eq!(shop.alerts("bad_debt", trip).await, 1);
    let truth = shop.twin.truth();
    assert_eq!(
        truth.trip(trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect::<Vec<_>>(),
        [(217, 0)]
    );
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_011_pp_006_a_trip_that_is_charged_after_its_token_ended_is_a_debt(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    // Nobody works for 47 hours.
    shop.jump(Duration::hours(47));
    shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.attempts(tap.trip, "adjust_charge").await, ["refused"], "ShoppingTripExpiredException");
    let debt = shop.text("SELECT cause || ' ' || outstanding_minor FROM debt WHERE trip_id = $1", tap.trip).await;
    assert_eq!(debt.as_deref(), Some("preauth_expired 217"));
    assert_eq!(shop.alerts("bad_debt", tap.trip).await, 1);
    let truth = shop.twin.truth();
    let reports: Vec<_> = truth.trip(tap.trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
    assert_eq!(reports, [(217, 0)]);
    assert!(!shop.twin.tap("visa").await.unwrap().admitted());
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_whose_answer_is_lost_is_found_by_its_witness_and_not_sent_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.set(twin::Settings { duplicate_capture: twin::DuplicateCapture::Charged, ..twin::Settings::default() });
    shop.twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::minutes(5)).await;
    assert_eq!(shop.attempts(trip, "capture_charge").await, ["no_answer"]);
    assert_eq!(shop.state(trip).await, "captured");
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217], "once, though a second would have been charged");
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g07_an_answer_that_comes_after_we_gave_up_is_found_by_its_witness(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.set(twin::Settings { duplicate_capture: twin::DuplicateCapture::Charged, ..twin::Settings::default() });
    shop.twin.fault(Api::Capture, Fault::Delay(StdDuration::from_secs(3)), 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::minutes(5)).await;
    assert_eq!(shop.state(trip).await, "captured");
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_that_never_arrived_is_repeated_only_where_that_is_proven_safe(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    for safe in [true, false] {
        let shop = Shop::open(connect.clone()).await;
        sqlx::query("UPDATE store SET capture_repeat_is_safe = $1").bind(safe).execute(&shop.database).await.unwrap();
        shop.twin.fault(Api::Capture, Fault::Hang, 1);
        let trip = walk(&shop, "visa").await;
        shop.pass(Duration::hours(50)).await;
        let (state, captures): (_, &[i64]) = if safe { ("captured", &[217]) } else { ("capture_unconfirmed", &[]) };
        assert_eq!(shop.state(trip).await, state);
        assert_eq!(shop.twin.truth().trip(trip).captures_minor, captures);
        assert_eq!(
            shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", trip).await,
            0,
            "never a debt for money perhaps taken"
        );
        assert_eq!(shop.alerts("capture_unknown", trip).await, 1);
        if !safe {
            assert_eq!(shop.alerts("capture_unconfirmed", trip).await, 1);
            assert!(shop.twin.tap("visa").await.unwrap().admitted(), "and never a denial");
        }
        shop.close().await;
        sqlx::query("TRUNCATE outbox CASCADE")
            .execute(&sqlx::PgPool::connect_with(connect.clone()).await.unwrap())
            .await
            .unwrap();
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_call_that_charges_nothing_is_simply_made_again_when_its_answer_is_lost(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for (api, name) in [
        (Api::Adjust, "adjust_charge"),
        (Api::TransactionalData, "get_transactional_data"),
        (Api::ShopperIdentity, "get_shopper_identity"),
        (Api::PaymentStatus, "report_payment_status"),
    ] {
        shop.twin.put_card(twin::Card {
            instrument: format!("shopper-{name}"),
            email: Some("someone@example.com".to_owned()),
            ..twin::Card::visa_named(name)
        });
        shop.twin.fault(api, Fault::LoseAnswer, 1);
        let trip = walk(&shop, name).await;
        shop.pass(Duration::minutes(1)).await;
        assert_eq!(shop.attempts(trip, name).await, ["no_answer", "answered"], "{name}");
        assert_eq!(shop.state(trip).await, "captured", "{name}");
        assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217], "{name}");
    }
    assert_eq!(shop.mails_to("someone@example.com").len(), 4);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_whose_lease_was_passed_on_sends_nothing(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = walk(&shop, "visa").await;
    let now = shop.worker.clock.now();
    let mut conn = shop.database.acquire().await.unwrap();
    let late = server::store::outbox::claim(&mut conn, 1, now, now + Duration::SECOND).await.unwrap();
    shop.pass(Duration::minutes(5)).await;
    assert_eq!(shop.state(trip).await, "captured", "another took it when the lease had ended");
    let (id, nothing) = (trip.to_string().parse().unwrap(), serde_json::Value::Null);
    let now = shop.worker.clock.now();
    let begun = server::flow::attempt::begin(&shop.database, &late[0], &id, &nothing, now);
    assert_eq!(begun.await.unwrap(), server::flow::attempt::Begin::Stop);
    assert_eq!(shop.twin.truth().trip(trip).adjust_calls, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_server_that_is_away_delays_the_receipt_and_loses_none(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut shop = Shop::open(connect).await;
    let settings = server::client::mail::MailSettings {
        url: server::secret::Secret::new("smtp://127.0.0.1:9"),
        from: "receipts@example.com".to_owned(),
    };
    let there = std::mem::replace(&mut shop.worker.mail, server::client::mail::MailClient::new(&settings).unwrap());
    let trip = walk(&shop, "visa").await;
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "captured", "the money does not wait for the mail");
    assert_eq!(shop.twin.mails().unwrap().len(), 0);
    shop.worker.mail = there;
    shop.pass(Duration::minutes(1)).await;
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failure_after_the_effect_is_neither_a_second_charge_nor_a_debt(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.set(twin::Settings { duplicate_capture: twin::DuplicateCapture::Refused, ..twin::Settings::default() });
    shop.twin.fault(Api::Capture, Fault::FailAfterEffect, 1);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::minutes(5)).await;
    assert_eq!(shop.attempts(trip, "capture_charge").await, ["busy", "refused"]);
    assert_eq!(shop.state(trip).await, "captured", "the witness knew");
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", trip).await, 0);
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [217]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_009_failures_on_every_try_after_the_effect_end_in_one_charge(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Capture, Fault::FailAfterEffect, Times::Always);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::hours(3)).await;
    assert_eq!(shop.attempts(trip, "capture_charge").await, vec!["busy"; 12]);
    assert_eq!((shop.state(trip).await.as_str(), shop.twin.truth().trip(trip).captures_minor.len()), ("captured", 1));
    assert!(shop.twin.tap("visa").await.unwrap().admitted());
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_that_is_never_answered_is_sent_a_few_times_and_left_to_a_person(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut shop = Shop::open(connect).await;
    let settings = server::client::amazon::AmazonSettings {
        timeout: StdDuration::from_millis(200),
        ..crate::shop::amazon_settings(&shop.twin.url())
    };
    shop.worker.amazon = server::client::amazon::AmazonClient::new(&settings).unwrap();
    shop.twin.fault(Api::Capture, Fault::Hang, Times::Always);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::hours(50)).await;
    assert_eq!(shop.attempts(trip, "capture_charge").await, vec!["no_answer"; 6]);
    assert_eq!(shop.state(trip).await, "capture_unconfirmed");
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", trip).await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn being_throttled_for_hours_is_no_debt(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Adjust, Fault::TooManyRequests, 20);
    shop.twin.fault(Api::Capture, Fault::TooManyRequests, 20);
    let trip = walk(&shop, "visa").await;
    shop.pass(Duration::hours(8)).await;
    assert_eq!(shop.attempts(trip, "adjust_charge").await.len(), 21);
    assert_eq!(shop.attempts(trip, "capture_charge").await.len(), 21);
    assert_eq!((shop.state(trip).await.as_str(), shop.twin.truth().trip(trip).captures_minor.len()), ("captured", 1));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn captures_that_are_never_let_in_are_a_debt_at_the_deadline_and_not_stuck(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut shop = Shop::open(connect).await;
    let trip = walk(&shop, "visa").await;
    shop.twin.fault(Api::Capture, Fault::TooManyRequests, 1);
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "capturing");
    let settings = server::client::amazon::AmazonSettings {
        secret_access_key: server::secret::Secret::new("a-key-that-was-changed"),
        ..crate::shop::amazon_settings(&shop.twin.url())
    };
    shop.worker.amazon = server::client::amazon::AmazonClient::new(&settings).unwrap();
    shop.pass(Duration::hours(3)).await;
    assert_eq!(shop.state(trip).await, "capturing", "a wrong key of ours is no reason to call it a debt yet");
    assert!(shop.alerts("access_denied", "capture_charge").await > 0);
    shop.pass(Duration::hours(48)).await;
    let debt = shop.text("SELECT cause || ' ' || outstanding_minor FROM debt WHERE trip_id = $1", trip).await;
    assert_eq!(debt.as_deref(), Some("preauth_expired 217"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_visits_of_a_new_card_at_once_get_both_their_receipts(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trips = [walk(&shop, "visa").await, walk(&shop, "visa").await];
    let work = || server::worker::run_due(&shop.worker);
    let (a, b) = tokio::join!(work(), work());
    a.unwrap();
    b.unwrap();
    shop.pass(Duration::minutes(1)).await;
    let mails = shop.mails_to("visa.shopper@example.com");
    for trip in trips {
        assert_eq!(mails.iter().filter(|mail| mail.text.contains(&trip.to_string())).count(), 1, "{trip}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_effect_of_tomorrow_does_not_hold_up_todays(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let strange = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO outbox (outbox_id, kind, payload, state, due_at, created_at) VALUES ($1, 'teleport', '{\"kind\": \"teleport\"}', 'waiting', $2, $2)",
    )
    .bind(strange)
    .bind(shop.worker.clock.now() - Duration::HOUR)
    .execute(&shop.database)
    .await
    .unwrap();
    let mut trips = vec![];
    for _ in 0..3 {
        trips.push(walk(&shop, "visa").await);
    }
    let mut conn = shop.database.acquire().await.unwrap();
    let now = shop.worker.clock.now();
    let claims = server::store::outbox::claim(&mut conn, 32, now, now + Duration::SECOND).await.unwrap();
    assert_eq!(claims.len(), 3, "the three adjustments, without the one that nobody here can read");
    drop(conn);
    assert_eq!(shop.alerts("unreadable_effect", strange).await, 1);
    shop.move_on_and_settle().await;
    for trip in trips {
        assert_eq!(shop.state(trip).await, "captured");
    }
    sqlx::query(
        "UPDATE outbox SET state = 'dropped', claimed_until = NULL, ended_at = created_at WHERE outbox_id = $1",
    )
    .bind(strange)
    .execute(&shop.database)
    .await
    .unwrap();
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_that_was_held_up_until_its_lease_was_almost_over_sends_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = walk(&shop, "visa").await;
    let now = shop.worker.clock.now();
    let mut conn = shop.database.acquire().await.unwrap();
    let held_up = server::store::outbox::claim(&mut conn, 1, now, now + Duration::seconds(5)).await.unwrap();
    drop(conn);
    shop.worker.act(&held_up[0]).await.unwrap();
    assert_eq!(shop.twin.truth().trip(trip).adjust_calls, 0, "a call could outlive the lease");
    shop.pass(Duration::minutes(1)).await;
    assert_eq!((shop.state(trip).await.as_str(), shop.twin.truth().trip(trip).capture_calls), ("captured", 1));
    shop.close().await;
}
