//! What the event feed says of payments: late, twice, out of order, before the answer, and not at all.

use domain::debt::PaymentMeans;
use domain::id::TripId;
use domain::money::{Currency, Money};
use serde_json::{Value, json};
use server::flow::settle_debt::{DebtChange, Decider, settle_debt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use twin::{Api, EventName, EventSettings, Fault, SendOrder, Telling, Times, demo_items};
use uuid::Uuid;

use crate::shop::{CARTS, Shop};

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

/// A shop that is told events when the story says so.
async fn open(connect: PgConnectOptions) -> Shop {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(Telling::Held);
    shop
}

/// Nothing but the feed says what became of a capture in doubt.
async fn without_another_witness(shop: &Shop) {
    let alone = "UPDATE store SET transactional_data_proves_capture = false, capture_repeat_is_safe = false";
    sqlx::query(alone).execute(&shop.database).await.unwrap();
}

/// A capture that fails is repeated, and no card facts say that it was made all the same.
async fn without_card_facts_as_witness(shop: &Shop) {
    sqlx::query("UPDATE store SET transactional_data_proves_capture = false").execute(&shop.database).await.unwrap();
}

/// What became of each event of a visit, in the order in which they happened.
async fn fates(shop: &Shop, trip: Uuid) -> Vec<String> {
    let sql = "SELECT name || ' ' || coalesce(ignored, state) FROM payment_event WHERE trip_id = $1
        AND name NOT LIKE 'Authorization%' ORDER BY occurred_at, received_at";
    sqlx::query_scalar(sql).bind(trip.to_string()).fetch_all(&shop.database).await.unwrap()
}

/// How many movements of this kind a visit has in the ledger.
async fn postings(shop: &Shop, trip: Uuid, kind: &str) -> i64 {
    let sql = "SELECT count(*) FROM ledger_transaction WHERE trip_id || ' ' || kind = $1";
    shop.number(sql, format!("{trip} {kind}")).await
}

/// Cause, incurred and outstanding of a visit's debt.
async fn debt(shop: &Shop, trip: Uuid) -> Option<String> {
    let sql = "SELECT cause || ' ' || incurred_minor || ' ' || outstanding_minor FROM debt WHERE trip_id = $1";
    shop.text(sql, trip).await
}

/// An event by hand, with a time and an amount of the story's own.
fn event(shop: &Shop, name: &str, trip: impl ToString, ago: Duration, amount: Value) -> Value {
    let at: OffsetDateTime = shop.worker.clock.now() - ago;
    json!({
        "version": "0", "id": Uuid::new_v4(), "detail-type": "Payment", "source": "test", "account": "1",
        "time": at.format(&Rfc3339).unwrap(), "region": "us-east-1", "resources": [],
        "detail": { "type": "PAYMENT", "payment": { "event": name, "tripId": trip.to_string(), "amount": amount } },
    })
}

fn usd(minor: i64) -> Value {
    json!({ "value": format!("{}.{:02}", minor / 100, minor % 100), "currencyCode": "USD" })
}

#[sqlx::test(migrations = "../migrations")]
async fn if_012_cap_004_a_capture_that_is_approved_after_its_debt_was_booked_settles_it_and_the_gate_opens_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    without_card_facts_as_witness(&shop).await;
    shop.twin.fault(Api::Capture, Fault::FailAfterEffect, Times::Always);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.pass(Duration::hours(3)).await;
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_failed {TOTAL} {TOTAL}"));
    assert!(!shop.twin.tap("visa").await.unwrap().admitted());

    assert_eq!(shop.twin.send_events(SendOrder::OldestFirst).await.unwrap(), [200; 3]);
    assert_eq!(shop.state(trip).await, "recovered");
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_failed {TOTAL} 0"));
    assert!(shop.twin.tap("visa").await.unwrap().admitted(), "at once");
    shop.settle().await;
    let truth = shop.twin.truth();
    let told = truth.trip(trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect::<Vec<_>>();
    assert_eq!(told, [(TOTAL, 0), (TOTAL, TOTAL)]);
    assert_eq!(truth.trip(trip).captures_minor, [TOTAL], "and was charged once");
    shop.close().await;
}

/// A visit that was captured and is a debt, of which the shopper then paid this much at a till.
async fn paid_at_the_till(shop: &Shop, minor: i64) -> Uuid {
    without_card_facts_as_witness(shop).await;
    shop.twin.fault(Api::Capture, Fault::FailAfterEffect, Times::Always);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.pass(Duration::hours(3)).await;
    let amount = Money::new(minor, Currency::USD);
    let change = DebtChange::Pay { amount, means: PaymentMeans::InStore, reference: "till-1" };
    let decider = Decider { by: "ann", second: None, reason: "paid at the till" };
    let id = TripId::new(&trip.to_string()).unwrap();
    settle_debt(&shop.database, &id, change, decider, shop.worker.clock.now()).await.unwrap();
    trip
}

/// What is in an account for a visit.
async fn booked(shop: &Shop, trip: Uuid, account: &str) -> i64 {
    let sql = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry JOIN ledger_transaction posting
        USING (ledger_transaction_id) WHERE posting.trip_id || ' ' || account = $1";
    shop.number(sql, format!("{trip} {account}")).await
}

#[sqlx::test(migrations = "../migrations")]
async fn g07_what_a_late_capture_takes_beyond_the_debt_is_the_shoppers_and_goes_when_it_is_declined_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    let trip = paid_at_the_till(&shop, 1000).await;
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    assert_eq!(shop.state(trip).await, "recovered");
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_failed {TOTAL} 0"));
    assert_eq!(booked(&shop, trip, "shopper_credit").await, -1000, "paid twice: at the till and by card");
    assert_eq!(shop.alerts("shopper_credit", trip).await, 1);
    assert!(shop.twin.tap("visa").await.unwrap().admitted());

    shop.pass(Duration::minutes(1)).await;
    assert!(shop.twin.decline_capture(trip).await);
    assert_eq!(shop.twin.send_events(SendOrder::OldestFirst).await.unwrap(), [200; 2]);
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved applied", "CaptureDeclined applied"]);
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_failed {TOTAL} {}", TOTAL - 1000));
    assert_eq!(booked(&shop, trip, "shopper_credit").await, 0);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_004_rpt_002_a_capture_that_is_declined_later_is_taken_back_by_entries_and_the_next_tap_is_denied(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    assert_eq!(shop.twin.send_events(SendOrder::OldestFirst).await.unwrap(), [200; 3]);
    assert_eq!((shop.state(trip).await.as_str(), debt(&shop, trip).await), ("captured", None));
    assert!(shop.twin.tap("visa").await.unwrap().admitted());

    shop.pass(Duration::minutes(1)).await;
    assert!(shop.twin.decline_capture(trip).await);
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    assert_eq!(shop.state(trip).await, "uncollected");
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_declined {TOTAL} {TOTAL}"));
    let reversed = [postings(&shop, trip, "captured").await, postings(&shop, trip, "capture_reversed").await];
    assert_eq!(reversed, [1, 1], "reversed by an entry, never edited");
    assert_eq!(shop.alerts("capture_declined", trip).await, 1);
    assert!(!shop.twin.tap("visa").await.unwrap().admitted());
    shop.settle().await;
    assert_eq!(shop.twin.truth().trip(trip).feedback.last().map(|it| it.settled_minor), Some(0));
    assert_eq!(shop.twin.truth().trip(trip).capture_calls, 1, "nothing is captured again by itself");

    // And the bank changes its mind once more.
    shop.pass(Duration::minutes(1)).await;
    let again = event(&shop, "CaptureApproved", trip, Duration::ZERO, usd(TOTAL));
    assert_eq!(shop.feed(&again).await, 200);
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_declined {TOTAL} 0"));
    assert!(shop.twin.tap("visa").await.unwrap().admitted());
    // The twin's bank did not: its books and ours part here, so the story ends without comparing them.
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_001_eh_006_a_capture_without_an_answer_is_settled_by_its_event_and_not_sent_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    without_another_witness(&shop).await;
    shop.twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.pass(Duration::hours(1)).await;
    assert_eq!(shop.state(trip).await, "capture_unknown");
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    assert_eq!(shop.state(trip).await, "captured");
    shop.pass(Duration::hours(48)).await;
    assert_eq!((shop.state(trip).await.as_str(), debt(&shop, trip).await), ("captured", None));
    assert_eq!(shop.twin.truth().trip(trip).capture_calls, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_nobody_knew_of_in_time_leaves_suspense_when_its_event_comes(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    without_another_witness(&shop).await;
    shop.twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.pass(Duration::hours(48)).await;
    assert_eq!((shop.state(trip).await.as_str(), debt(&shop, trip).await), ("capture_unconfirmed", None));
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    assert_eq!(shop.state(trip).await, "captured");
    let suspense = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'capture_suspense' AND $1 = ''";
    assert_eq!(shop.number(suspense, "").await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g05_g07_g08_an_event_before_its_answer_and_a_doubled_one_count_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(EventSettings { telling: Telling::BeforeAnswer, times: 2 });
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    assert_eq!((shop.state(trip).await.as_str(), debt(&shop, trip).await), ("captured", None));
    assert_eq!(postings(&shop, trip, "captured").await, 1);
    assert_eq!(shop.attempts(trip, "capture_charge").await, ["answered"], "the answer came after it");
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved applied"], "a doubled event is one row");
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1, "one receipt");
    let truth = shop.twin.truth();
    let answers: Vec<_> = truth.events.iter().map(|it| it.answers.clone()).collect();
    assert_eq!(answers, [[200, 200], [200, 200], [200, 200]]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g05_an_event_after_its_answer_changes_nothing(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let rows = "SELECT (SELECT count(*) FROM ledger_entry) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit_entry)
        + (SELECT count(*) FROM alert) + (SELECT count(*) FROM debt) WHERE $1 = ''";
    let before = shop.number(rows, "").await;
    shop.twin.send_events(SendOrder::NewestFirst).await.unwrap();
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved applied"]);
    assert_eq!((shop.number(rows, "").await, shop.settle().await), (before, 0));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g07_two_events_of_one_capture_at_once_count_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = open(connect).await;
    without_another_witness(&shop).await;
    shop.twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    // Of the same moment, so that neither is older than the other.
    let mut twice = [(); 2].map(|()| event(&shop, "CaptureApproved", trip, Duration::ZERO, usd(TOTAL)));
    twice[1]["time"] = twice[0]["time"].clone();
    let (url, http) = (format!("{}/v1/events", shop.url), shop.http.clone());
    let mut sending = tokio::task::JoinSet::new();
    for body in twice.iter().cycle().take(16) {
        let request = http.post(&url).header("x-api-key", "demo-event-feed-key").json(body);
        sending.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    assert_eq!(sending.join_all().await, [200; 16]);
    assert_eq!(shop.state(trip).await, "captured");
    assert_eq!(postings(&shop, trip, "captured").await, 1);
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved applied", "CaptureApproved applied"]);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_newest_event_about_a_capture_counts_whatever_order_they_come_in(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    shop.pass(Duration::minutes(1)).await;
    shop.twin.decline_capture(trip).await;
    shop.twin.send_events(SendOrder::NewestFirst).await.unwrap();
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved stale", "CaptureDeclined applied"]);
    assert_eq!(shop.state(trip).await, "uncollected");

    // The other way round: an old decline after a newer approval.
    let other = shop.twin.walk("amex", &demo_items(2)).await.unwrap().trip;
    shop.pass(Duration::minutes(1)).await;
    shop.twin.send_events(SendOrder::OldestFirst).await.unwrap();
    let old = event(&shop, "CaptureDeclined", other, Duration::hours(1), usd(TOTAL));
    assert_eq!(shop.feed(&old).await, 200);
    assert_eq!(fates(&shop, other).await, ["CaptureDeclined stale", "CaptureApproved applied"]);
    assert_eq!((shop.state(other).await.as_str(), debt(&shop, other).await), ("captured", None));

    // A decline that was applied, and is delivered once more when an approval has overruled it.
    let declined = event(&shop, "CaptureDeclined", other, Duration::ZERO, usd(TOTAL));
    assert_eq!(shop.feed(&declined).await, 200);
    assert_eq!(shop.state(other).await, "uncollected");
    shop.pass(Duration::minutes(1)).await;
    assert_eq!(shop.feed(&event(&shop, "CaptureApproved", other, Duration::ZERO, usd(TOTAL))).await, 200);
    assert_eq!(shop.feed(&declined).await, 200);
    assert_eq!(shop.state(other).await, "recovered");
    assert_eq!(fates(&shop, other).await[2..], ["CaptureDeclined applied", "CaptureApproved applied"]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_we_never_asked_for_moves_nothing_and_a_person_is_told(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = open(connect).await;
    let trip = shop.twin.walk("pending-forever", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    shop.twin.send_event(EventName::CaptureApproved, trip, Some(TOTAL)).await.unwrap();
    shop.twin.send_event(EventName::AuthorizationCancelled, trip, None).await.unwrap();
    assert_eq!(shop.state(trip).await, "adjusting");
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved unasked"]);
    assert_eq!([shop.alerts("late_capture", trip).await, shop.alerts("hold_cancelled", trip).await], [1, 1]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn rpt_002_a_declined_authorization_is_seen_and_our_own_answer_decides(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.twin.send_event(EventName::AuthorizationDeclined, trip, Some(TOTAL)).await.unwrap();
    assert_eq!((shop.state(trip).await.as_str(), shop.alerts("payment_declined", trip).await), ("adjusting", 1));
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_002_an_absurd_amount_moves_nothing_and_the_right_one_settles_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    without_another_witness(&shop).await;
    shop.twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let absurd = [
        usd(TOTAL + 1),
        json!({ "amount": -10.32, "code": "USD" }),
        json!({ "amount": 10.32, "code": "EUR" }),
        json!({ "amount": "10.321", "currencyCode": "USD" }),
    ];
    for amount in &absurd {
        let event = event(&shop, "CAPTURE_APPROVED", trip, Duration::ZERO, amount.clone());
        assert_eq!(shop.feed(&event).await, 200);
        assert_eq!(shop.state(trip).await, "capture_unknown", "{amount}");
    }
    assert_eq!(shop.alerts("absurd_event_amount", trip).await, 4);
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved absurd_amount"; 4]);
    // Without an amount it is what our capture asked for.
    let event = event(&shop, "CAPTURE_APPROVED", trip, Duration::ZERO, json!(null));
    assert_eq!(shop.feed(&event).await, 200);
    assert_eq!(shop.state(trip).await, "captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g17_an_event_of_an_unknown_trip_is_parked_and_told_when_the_trip_appears(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    let trip = Uuid::new_v4();
    let early = event(&shop, "AuthorizationCancelled", trip, Duration::ZERO, json!(null));
    assert_eq!(shop.feed(&early).await, 200);
    shop.settle().await;
    let state = "SELECT state FROM payment_event WHERE trip_id = $1";
    assert_eq!(shop.text(state, trip).await.as_deref(), Some("parked"));
    assert_eq!(shop.feed(&early).await, 200);
    assert_eq!(shop.alerts("unknown_event_trip", trip).await, 1, "told once");

    let empty = json!({
        "requestId": Uuid::new_v4(), "idempotentShoppingTripId": trip, "storeId": "TEST_STORE_001",
        "shoppingTrip": {
            "startTime": "2026-01-01T09:00:00Z", "endTime": "2026-01-01T09:01:00Z",
            "authEvents": [{ "id": Uuid::new_v4(), "timestamp": "2026-01-01T09:00:00Z", "payloadType": "FINANCIAL" }],
        },
        "cartItems": [],
    });
    assert_eq!(shop.call(CARTS, &empty).await.0, 201);
    shop.settle().await;
    assert_eq!(shop.text(state, trip).await.as_deref(), Some("applied"));
    assert_eq!(shop.state(trip).await, "cancelled", "the event says that the hold is released");
    assert_eq!(shop.attempts(trip, "cancel_charge").await, [""; 0], "so nobody asks for it again");
    let open = "SELECT count(*) FROM alert WHERE kind = 'unknown_event_trip' AND closed_at IS NULL AND subject = $1";
    assert_eq!(shop.number(open, trip).await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g05_a_decline_that_is_told_before_the_captures_own_answer_is_a_debt_and_no_late_capture(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    shop.twin.fault(Api::Capture, Fault::Delay(std::time::Duration::from_millis(1500)), 1);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    let told = async {
        while shop.twin.truth().count(Api::Capture, trip) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let declined = event(&shop, "CaptureDeclined", trip, Duration::ZERO, json!(null));
        assert_eq!(shop.feed(&declined).await, 200);
        assert_eq!(shop.state(trip).await, "uncollected", "before the answer");
    };
    tokio::join!(shop.settle(), told);
    assert_eq!(shop.state(trip).await, "uncollected");
    assert_eq!(debt(&shop, trip).await.unwrap(), format!("capture_declined {TOTAL} {TOTAL}"));
    assert_eq!(shop.alerts("late_capture", trip).await, 0, "the answer says nothing new");
    assert_eq!(shop.alerts("bad_debt", trip).await, 1);
    shop.twin.decline_capture(trip).await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g06_an_event_whose_receiver_died_after_storing_it_is_told_by_a_worker(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = open(connect).await;
    without_another_witness(&shop).await;
    shop.twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let stored = "INSERT INTO payment_event (event_id, family, name, trip_id, detail, occurred_at, received_at, state)
        VALUES ('left-behind', 'payment', 'CaptureApproved', $1, '{}', $2, $2, 'waiting')";
    let now = shop.worker.clock.now();
    sqlx::query(stored).bind(trip.to_string()).bind(now).execute(&shop.database).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "capture_unknown", "whoever received it may be at it still");
    shop.pass(Duration::minutes(1)).await;
    assert_eq!(shop.state(trip).await, "captured");
    assert_eq!(fates(&shop, trip).await, ["CaptureApproved applied"]);
    shop.close().await;
}
