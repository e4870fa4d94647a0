//! What Amazon refuses, what it leaves open, and that we never ask for it, or know what to do with the answer.
//!
//! The calls that no code of ours would make are made here by hand, with the program's own client.

use domain::effect::Effect;
use domain::id::{InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use serde_json::Value;
use server::client::amazon::{
    AdjustAnswer, AdjustCharge, AmazonClient, AmazonRequest, CallError, CancelCharge, CaptureCharge,
    GetShopperIdentity, GetTransactionalData, Invalid, RefusalName, ReportPaymentStatus,
};
use server::secret::Secret;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Card, DuplicateCapture, Fault, Settings, Visit, demo_items};
use uuid::Uuid;

use crate::refunds::{ask, everything, given, trip_id};
use crate::shop::{Shop, amazon_settings};

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

fn store() -> StoreId {
    StoreId::new("TEST_STORE_001").unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn adjust(trip: &TripId, minor: i64) -> AdjustCharge {
    AdjustCharge { store: store(), trip: trip.clone(), amount: usd(minor) }
}

fn capture(trip: &TripId, minor: i64) -> CaptureCharge {
    CaptureCharge { store: store(), trip: trip.clone(), amount: usd(minor) }
}

fn cancel(trip: &TripId) -> CancelCharge {
    CancelCharge { store: store(), trip: trip.clone() }
}

fn facts(trip: &TripId) -> GetTransactionalData {
    GetTransactionalData { store: store(), trip: trip.clone() }
}

/// A request of which one field is another, or is missing.
struct Changed<R> {
    request: R,
    field: &'static str,
    value: Option<Value>,
}

impl<R: AmazonRequest> AmazonRequest for Changed<R> {
    type Answer = R::Answer;
    const API: domain::attempt::Api = R::API;
    const BODY_NEEDED: bool = R::BODY_NEEDED;
    const MESSAGE_KEPT: bool = R::MESSAGE_KEPT;

    fn body(&self) -> Value {
        let mut body = self.request.body();
        let fields = body.as_object_mut().unwrap();
        assert!(fields.remove(self.field).is_some(), "{} is a field that we send", self.field);
        fields.extend(self.value.clone().map(|value| (self.field.to_owned(), value)));
        body
    }

    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    fn read(&self, body: &[u8]) -> Option<R::Answer> {
        self.request.read(body)
    }
}

/// What Amazon says to a call that no code of ours makes.
async fn send<R: AmazonRequest>(shop: &Shop, request: &R) -> Result<R::Answer, CallError> {
    shop.worker.amazon.send(shop.worker.clock.now(), request).await.outcome
}

/// The name of a 400.
async fn refusal<R: AmazonRequest<Answer: std::fmt::Debug>>(shop: &Shop, request: &R) -> RefusalName {
    match send(shop, request).await {
        Err(CallError::Refused { status: 400, name, .. }) => name,
        other => panic!("{other:?}"),
    }
}

/// Somebody asks our worker for this, whatever the visit's state.
async fn push(shop: &Shop, effect: &Effect) {
    let now = shop.worker.clock.now();
    let mut conn = shop.database.acquire().await.unwrap();
    server::store::outbox::push(&mut conn, effect, now, None, now).await.unwrap();
}

/// Where the effects of one kind of a visit are.
async fn effects(shop: &Shop, trip: Uuid, kind: &str) -> Vec<String> {
    let sql = "SELECT state FROM outbox WHERE trip_id = $1 AND kind = $2 ORDER BY created_at, state DESC";
    sqlx::query_scalar(sql).bind(trip.to_string()).bind(kind).fetch_all(&shop.database).await.unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn cc_002_a_hold_that_was_adjusted_is_released_by_a_cancel_and_collects_nothing_after_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let trip = trip_id(tap.trip);
    assert_eq!(send(&shop, &adjust(&trip, TOTAL)).await.unwrap(), AdjustAnswer::Approved { authorized: usd(TOTAL) });
    assert_eq!(shop.twin.truth().trip(tap.trip).hold_minor, TOTAL);
    send(&shop, &cancel(&trip)).await.expect("accepted after an adjustment");
    assert_eq!(shop.twin.truth().trip(tap.trip).hold_minor, 0);
    send(&shop, &cancel(&trip)).await.expect("and a second time");
    assert_eq!(refusal(&shop, &capture(&trip, TOTAL)).await, RefusalName::BadRequest);

    // Ours: an adjusted visit is captured, and nobody cancels it meanwhile, also where somebody asks.
    let walk = shop.twin.walk("mastercard", &demo_items(2)).await.unwrap();
    shop.twin.fault(Api::Capture, Fault::ServiceUnavailable { retry_after_seconds: 60 }, 1);
    shop.settle().await;
    assert_eq!(shop.state(walk.trip).await, "capturing");
    push(&shop, &Effect::CancelCharge { trip: trip_id(walk.trip), store: store() }).await;
    shop.pass(Duration::minutes(2)).await;
    assert_eq!(effects(&shop, walk.trip, "cancel_charge").await, ["dropped"]);
    let truth = shop.twin.truth();
    assert_eq!((truth.trip(walk.trip).cancel_calls, truth.trip(walk.trip).captured_minor()), (0, TOTAL));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cc_003_a_captured_charge_is_never_cancelled_and_goes_back_as_a_refund(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    push(&shop, &Effect::CancelCharge { trip: trip_id(trip), store: store() }).await;
    shop.settle().await;
    let why = "SELECT state || ': ' || last_problem FROM outbox WHERE kind = 'cancel_charge' AND trip_id = $1";
    assert_eq!(shop.text(why, trip).await.as_deref(), Some("dropped: no longer wanted"), "and it is kept why");
    assert_eq!(shop.twin.truth().trip(trip).cancel_calls, 0, "nothing was sent");
    assert_eq!(refusal(&shop, &cancel(&trip_id(trip))).await, RefusalName::BadRequest, "Amazon would refuse it, too");

    let refund = ask(&shop, trip, everything()).await.unwrap();
    shop.settle().await;
    assert_eq!((given(&shop, trip), crate::refunds::state(&shop, refund.id).await), (vec![TOTAL], "refunded"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cc_004_cap_008_td_004_a_trip_that_amazon_does_not_know_is_a_400_of_that_name(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for trip in [trip_id(Uuid::new_v4()), TripId::new("no-such-trip").unwrap()] {
        assert_eq!(refusal(&shop, &cancel(&trip)).await, RefusalName::UnknownShoppingTrip);
        assert_eq!(refusal(&shop, &capture(&trip, 100)).await, RefusalName::UnknownShoppingTrip);
        assert_eq!(refusal(&shop, &facts(&trip)).await, RefusalName::UnknownShoppingTrip);
    }

    // Ours: an empty cart of a visit that Amazon never let in.
    shop.twin.put_card(Card { risks: vec!["ExpiredCard".to_owned()], ..Card::visa_named("stranger") });
    let tap = shop.twin.tap("stranger").await.unwrap();
    assert!(!tap.admitted());
    assert_eq!(shop.twin.send_cart(&tap, &[]).await.unwrap().answer.status, 201);
    shop.pass(Duration::hours(1)).await;
    assert_eq!(shop.attempts(tap.trip, "cancel_charge").await, ["refused"], "a repeat would change nothing");
    assert_eq!(shop.alerts("unknown_trip", tap.trip).await, 1);
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", tap.trip).await, 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_003_less_than_the_hold_is_captured_and_the_rest_of_it_released(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk(Visit::of("visa").holding_minor(7500), &demo_items(2)).await.unwrap();
    assert_eq!(shop.twin.truth().trip(walk.trip).hold_minor, 7500);
    shop.settle().await;
    let truth = shop.twin.truth();
    let trip = truth.trip(walk.trip);
    assert_eq!((&trip.captures_minor[..], trip.hold_minor), (&[TOTAL][..], 0));
    let booked = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'card_clearing' AND trip_id = $1";
    assert_eq!(shop.number(booked, walk.trip).await, TOTAL);
    let row = "SELECT total_minor || ' ' || capture_minor FROM trip WHERE trip_id = $1";
    assert_eq!(shop.text(row, walk.trip).await, Some(format!("{TOTAL} {TOTAL}")));
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", walk.trip).await, 0);

    // And less than what an adjustment got.
    let tap = shop.twin.tap("amex").await.unwrap();
    let trip = trip_id(tap.trip);
    send(&shop, &adjust(&trip, 1000)).await.unwrap();
    send(&shop, &capture(&trip, 600)).await.unwrap();
    let truth = shop.twin.truth();
    assert_eq!((&truth.trip(tap.trip).captures_minor[..], truth.trip(tap.trip).hold_minor), (&[600][..], 0));
    // That visit's capture was made by hand, behind the back of our books: the story ends without comparing them.
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_006_nothing_is_captured_after_a_declined_adjustment(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "uncollected");
    push(&shop, &Effect::CaptureCharge { trip: trip_id(trip), store: store(), amount: usd(TOTAL) }).await;
    shop.settle().await;
    assert_eq!(effects(&shop, trip, "capture_charge").await, ["dropped"]);
    assert_eq!(shop.twin.truth().trip(trip).capture_calls, 0, "ours asks for nothing that was declined");
    assert_eq!(refusal(&shop, &capture(&trip_id(trip), TOTAL)).await, RefusalName::BadRequest);

    // Without the cancel that ours sends after a decline.
    let tap = shop.twin.tap("partial").await.unwrap();
    let declined = trip_id(tap.trip);
    let answer = send(&shop, &adjust(&declined, TOTAL)).await.unwrap();
    assert_eq!(answer, AdjustAnswer::Declined { authorized: usd(500) });
    assert_eq!(refusal(&shop, &capture(&declined, TOTAL)).await, RefusalName::BadRequest);
    assert_eq!(shop.twin.truth().trip(tap.trip).captures_minor, [0_i64; 0]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_007_the_same_capture_asked_for_again_is_not_sent_whatever_amazon_would_do_with_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for duplicate in [DuplicateCapture::Ignored, DuplicateCapture::Charged, DuplicateCapture::Refused] {
        shop.twin.set(Settings { duplicate_capture: duplicate, ..Settings::default() });
        let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
        shop.settle().await;
        let entries = "SELECT count(*) FROM ledger_transaction WHERE trip_id = $1";
        let before = shop.number(entries, trip).await;
        push(&shop, &Effect::CaptureCharge { trip: trip_id(trip), store: store(), amount: usd(TOTAL) }).await;
        shop.settle().await;
        assert_eq!(effects(&shop, trip, "capture_charge").await, ["done", "dropped"], "{duplicate:?}");
        let truth = shop.twin.truth();
        assert_eq!((truth.trip(trip).capture_calls, &truth.trip(trip).captures_minor[..]), (1, &[TOTAL][..]));
        assert_eq!(shop.number(entries, trip).await, before, "and nothing is booked twice");
    }
    // Where Amazon keeps its word, a second request charges nothing either.
    shop.twin.set(Settings::default());
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    send(&shop, &capture(&trip_id(trip), TOTAL)).await.unwrap();
    assert_eq!(shop.twin.truth().trip(trip).captures_minor, [TOTAL]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn td_003_the_original_charge_its_refund_and_the_net_amount_stand_together(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let before = send(&shop, &facts(&trip_id(trip))).await.unwrap();
    let refund = ask(&shop, trip, crate::refunds::lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;

    // Amazon's page has no field for refunds: the original charge is told of as before.
    assert_eq!(send(&shop, &facts(&trip_id(trip))).await.unwrap(), before);
    let mail = server::flow::read_receipt::trip_mail(&shop.database, &crate::shop::vault(), &trip_id(trip))
        .await
        .unwrap()
        .unwrap();
    let receipt = mail.receipt;
    assert_eq!(receipt.card.as_ref().and_then(|it| it.reconciliation_id.clone()), Some(format!("rec-{trip}")));
    assert_eq!((receipt.total, receipt.captured), (usd(TOTAL), usd(TOTAL)));
    let [told] = &receipt.refunds[..] else { panic!("{:?}", receipt.refunds) };
    let truth = shop.twin.truth();
    let paid = &truth.trip(trip).refunds[0];
    assert_eq!((told.reference, told.amount), (refund.id, usd(crate::refunds::FIRST)));
    assert_eq!(told.reconciliation.as_ref().map(ToString::to_string), Some(paid.reconciliation_id.clone()));
    let net = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'card_clearing' AND trip_id = $1";
    assert_eq!(shop.number(net, trip).await, TOTAL - crate::refunds::FIRST);
    assert_eq!(truth.net_minor(), TOTAL - crate::refunds::FIRST);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn td_005_card_facts_before_the_capture_prove_nothing_where_amazon_has_them_then(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    for early in [false, true] {
        let shop = Shop::open(connect.clone()).await;
        shop.twin.set(Settings { data_before_capture: early, ..Settings::default() });
        let tap = shop.twin.tap("mastercard").await.unwrap();
        let trip = trip_id(tap.trip);
        send(&shop, &adjust(&trip, TOTAL)).await.unwrap();
        match early {
            // What the demo is set up for: facts only after a capture.
            false => assert_eq!(refusal(&shop, &facts(&trip)).await, RefusalName::BadRequest),
            true => assert!(send(&shop, &facts(&trip)).await.unwrap().tail.is_some(), "after the adjustment already"),
        }
        // Ours, where the store's setting says which of the two it is: a capture that never arrived.
        let proves = "UPDATE store SET transactional_data_proves_capture = $1, capture_repeat_is_safe = false";
        sqlx::query(proves).bind(!early).execute(&shop.database).await.unwrap();
        shop.twin.fault(Api::Capture, Fault::Hang, 1);
        let card = if early { "amex" } else { "visa" };
        let walk = shop.twin.walk(card, &demo_items(2)).await.unwrap().trip;
        shop.pass(Duration::hours(1)).await;
        assert_eq!(shop.state(walk).await, "capture_unknown", "facts before a capture: {early}");
        let booked = "SELECT count(*) FROM ledger_entry WHERE account = 'card_clearing' AND trip_id = $1";
        assert_eq!(shop.number(booked, walk).await, 0);
        assert_eq!(shop.twin.truth().trip(walk).captures_minor, [0_i64; 0]);
        shop.close().await;
        let owner = sqlx::PgPool::connect_with(connect.clone()).await.unwrap();
        sqlx::query("TRUNCATE outbox CASCADE").execute(&owner).await.unwrap();
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn si_002_an_id_that_no_shopper_has_is_a_400_and_ends_the_question(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let request = || GetShopperIdentity { store: store(), instrument: InstrumentId::new("nobody").unwrap() };
    for id in ["", "  ", "two words", "a/b", "x@example.com"] {
        let value = Some(serde_json::json!({ "id": id }));
        let wrong = Changed { request: request(), field: "shopperId", value };
        assert_eq!(refusal(&shop, &wrong).await, RefusalName::BadRequest, "{id:?}");
    }
    let wrong = Changed { request: request(), field: "shopperId", value: None };
    assert_eq!(refusal(&shop, &wrong).await, RefusalName::BadRequest);
    // Of an id that could be one, Amazon's test page wants a 200 without an address.
    assert_eq!(send(&shop, &request()).await.unwrap(), None);

    // Ours: a shop that Amazon does not know any more gets a 400 for whatever it asks.
    shop.twin.fault(Api::ShopperIdentity, Fault::ServiceException, 1);
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let closed =
        "UPDATE outbox SET payload = jsonb_set(payload, '{store}', '\"CLOSED\"') WHERE kind = 'fetch_shopper_identity'";
    sqlx::query(closed).execute(&shop.database).await.unwrap();
    shop.pass(Duration::hours(1)).await;
    assert_eq!(shop.attempts(trip, "get_shopper_identity").await, ["busy", "refused"], "and not again");
    assert_eq!(
        (shop.state(trip).await.as_str(), shop.twin.mails().unwrap().len()),
        ("captured", 0),
        "nobody is written to"
    );
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn si_004_who_may_not_ask_for_an_address_is_told_403_and_a_person_sees_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut shop = Shop::open(connect).await;
    shop.twin.fault(Api::ShopperIdentity, Fault::ServiceException, 1);
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    assert_eq!(shop.attempts(trip, "get_shopper_identity").await, ["busy"]);
    let settings = amazon_settings(&shop.twin.url());
    let wrong = server::client::amazon::AmazonSettings {
        secret_access_key: Secret::new("a-key-that-was-changed"),
        ..amazon_settings(&shop.twin.url())
    };
    shop.worker.amazon = AmazonClient::new(&wrong).unwrap();
    shop.pass(Duration::seconds(10)).await;
    let denied = "SELECT count(*) FROM attempt WHERE api = 'get_shopper_identity' AND status = 403 AND trip_id = $1";
    assert!(shop.number(denied, trip).await >= 1, "every try is on record");
    assert!(shop.alerts("access_denied", "fetch_shopper_identity").await >= 1);
    let address = "SELECT count(*) FROM instrument WHERE shopper_id IS NOT NULL AND $1 = ''";
    assert_eq!((shop.number(address, "").await, shop.twin.mails().unwrap().len()), (0, 0));

    shop.worker.amazon = AmazonClient::new(&settings).unwrap();
    shop.pass(Duration::hours(1)).await;
    assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1, "the receipt has waited");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fbk_005_a_report_without_one_of_its_fields_is_a_400_and_ours_have_them_all(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let fields = ["storeId", "shoppingTripId", "totalAmount", "settledAmount", "paymentStatusTime"];
    let report = || ReportPaymentStatus {
        store: store(),
        trip: trip_id(trip),
        total: usd(TOTAL),
        settled: usd(TOTAL),
        at: shop.worker.clock.now(),
    };
    for field in fields {
        let without = Changed { request: report(), field, value: None };
        assert_eq!(refusal(&shop, &without).await, RefusalName::BadRequest, "{field}");
    }
    send(&shop, &report()).await.expect("nothing is missing now");
    let sent = "SELECT request::text FROM attempt WHERE api = 'report_payment_status' AND trip_id = $1";
    let sent: Value = serde_json::from_str(&shop.text(sent, trip).await.unwrap()).unwrap();
    for field in fields {
        assert!(sent.get(field).is_some_and(|it| !it.is_null()), "{field} in {sent}");
    }
    // A report that contradicts itself does not even leave.
    let wrong = ReportPaymentStatus { settled: usd(TOTAL + 1), ..report() };
    let calls = shop.twin.truth().count(Api::PaymentStatus, trip);
    assert!(matches!(send(&shop, &wrong).await, Err(CallError::Invalid { field: "settledAmount.amount" })));
    assert_eq!(shop.twin.truth().count(Api::PaymentStatus, trip), calls);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fbk_007_amazon_hears_of_every_outcome_and_its_balance_is_ours(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let captured = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    let declined = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    let cancelled = shop.twin.walk("amex", &[]).await.unwrap().trip;
    shop.settle().await;
    sqlx::query("UPDATE store SET decline = 'capture_authorized'").execute(&shop.database).await.unwrap();
    shop.twin.put_card(Card { limit_minor: 300, ..Card::visa_named("little") });
    let partial = shop.twin.walk(Visit::of("little").holding_minor(300), &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let truth = shop.twin.truth();
    for (trip, told) in
        [(captured, (TOTAL, TOTAL)), (declined, (TOTAL, 0)), (partial, (TOTAL, 300)), (cancelled, (0, 0))]
    {
        let feedback: Vec<_> = truth.trip(trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
        assert_eq!(feedback, [told], "once, and what became of it");
        let owed = "SELECT coalesce(sum(outstanding_minor), 0)::bigint FROM debt WHERE trip_id = $1";
        assert_eq!(shop.number(owed, trip).await, told.0 - told.1, "what Amazon takes as owed is what we do");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_003_a_cart_that_is_refused_is_sent_again_later_and_later_and_one_that_never_came_through_is_told_of(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect.clone()).await;
    let owner = sqlx::PgPool::connect_with(connect).await.unwrap();
    let tap = shop.twin.tap("visa").await.unwrap();
    sqlx::query("ALTER TABLE rule_set RENAME TO rule_set_away").execute(&owner).await.unwrap();
    let began = std::time::Instant::now();
    let cart = shop.twin.send_cart(&tap, &demo_items(2)).await.unwrap();
    assert!(cart.answer.status == 503 && cart.answer.tries >= 3, "{:?}", cart.answer);
    let waits = std::time::Duration::from_millis(50) * (2_u32.pow(cart.answer.tries - 1) - 1);
    assert!(began.elapsed() >= waits, "each wait is twice the one before");
    assert_eq!(shop.number("SELECT count(*) FROM purchase WHERE trip_id = $1", tap.trip).await, 0, "nothing half done");
    sqlx::query("ALTER TABLE rule_set_away RENAME TO rule_set").execute(&owner).await.unwrap();

    // Amazon has used up its tries, and nobody sends it again for half a day.
    shop.pass(Duration::hours(13)).await;
    assert_eq!(shop.alerts("cart_missing", tap.trip).await, 1);
    let open = "SELECT count(*) FROM alert WHERE kind = 'cart_missing' AND closed_at IS NULL AND subject = $1";
    assert_eq!(shop.number(open, tap.trip).await, 1);

    // Whoever was told lets Amazon send it, twice.
    let lines = demo_items(2);
    let (first, second) = tokio::join!(shop.twin.repeat_cart(&cart), shop.twin.send_cart(&tap, &lines));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.answer.status, second.answer.status), (201, 201));
    assert_eq!(first.purchase_id(), second.purchase_id(), "one trip is one purchase");
    assert_eq!(shop.number("SELECT count(*) FROM purchase WHERE trip_id = $1", tap.trip).await, 1);
    assert_eq!(shop.number(open, tap.trip).await, 0, "it is here now");
    shop.settle().await;
    shop.close().await;
}
