//! A shopper who pays, and one who takes nothing.

use domain::effect::Effect;
use domain::outbox::LEASE;
use server::flow::claim_effects::claim_effects;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, CartLine, demo_items};

use crate::shop::Shop;

#[sqlx::test(migrations = "../migrations")]
async fn if_001_op_008_pp_001_a_trip_goes_from_the_gate_to_the_mailed_receipt(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    assert!(tap.admitted(), "{:?}", tap.answer);
    let link = shop.text("SELECT instrument_id FROM gate_decision WHERE trip_id = $1", tap.trip).await;
    assert_eq!(link.as_deref(), Some("shopper-visa-0001"));

    let cart = shop.twin.send_cart(&tap, &demo_items(3)).await.unwrap();
    assert_eq!(cart.answer.status, 201);
    let purchase = shop.text("SELECT purchase_id::text FROM purchase WHERE trip_id = $1", tap.trip).await;
    assert_eq!(cart.purchase_id(), purchase.as_deref());

    shop.settle().await;
    let truth = shop.twin.truth();
    let order: Vec<Api> = truth.calls.iter().map(|call| call.api).filter(|api| *api != Api::PaymentStatus).collect();
    assert_eq!(order, [Api::Adjust, Api::Capture, Api::TransactionalData, Api::ShopperIdentity]);
    // 1.99 + 7.49 + 4.49, and 8.875% on the first two, each rounded by itself: 0.18 + 0.66.
    assert_eq!(truth.trip(tap.trip).captures_minor, [1481]);

    let mails = shop.mails_to("visa.shopper@example.com");
    assert_eq!(mails.len(), 1, "one receipt");
    for part in [
        "Turkey sandwich",
        "Sales tax 8.875%",
        "USD 14.81",
        "VISA ending in 4242",
        "Transaction on your card statement: JWO",
    ] {
        assert!(mails[0].text.contains(part), "{part} is not in\n{}", mails[0].text);
    }
    assert_eq!(shop.state(tap.trip).await, "captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cap_001_cap_002_ac_001_the_total_is_adjusted_approved_and_captured_exactly(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    for (card, lines) in [("mastercard", demo_items(2)), ("amex", vec![CartLine::pounds("SKU-006", "1.5")])] {
        let shop = Shop::open(connect.clone()).await;
        let walk = shop.twin.walk(card, &lines).await.unwrap();
        shop.settle().await;
        let truth = shop.twin.truth();
        let trip = truth.trip(walk.trip);
        let total = shop.number("SELECT total_minor FROM purchase WHERE trip_id = $1", walk.trip).await;
        assert_eq!((trip.authorized_minor, &trip.captures_minor[..]), (total, &[total][..]), "{card}");
        assert_eq!((trip.adjust_calls, trip.capture_calls), (1, 1), "{card}");
        shop.close().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn fbk_001_a_captured_trip_is_reported_as_settled_in_full(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let truth = shop.twin.truth();
    let [report] = &truth.trip(walk.trip).feedback[..] else { panic!("{:?}", truth.trip(walk.trip).feedback) };
    assert_eq!((report.total_minor, report.settled_minor), (217, 217));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_002_cc_001_op_007_ac_004_an_empty_cart_is_cancelled_and_nothing_is_charged(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    let cart = shop.twin.send_cart(&tap, &[]).await.unwrap();
    assert_eq!((cart.answer.status, cart.purchase_id()), (201, Some("")));
    shop.settle().await;
    let truth = shop.twin.truth();
    let trip = truth.trip(tap.trip);
    assert!(trip.cancelled && trip.hold_minor == 0, "the hold is released");
    assert_eq!((trip.adjust_calls, trip.capture_calls, trip.cancel_calls), (0, 0, 1));
    assert_eq!(trip.feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(shop.number("SELECT count(*) FROM purchase WHERE trip_id = $1", tap.trip).await, 0);
    assert_eq!(shop.number("SELECT count(*) FROM ledger_transaction WHERE trip_id = $1", tap.trip).await, 0);
    assert_eq!(shop.state(tap.trip).await, "cancelled");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn td_001_td_002_the_card_facts_of_a_completed_trip_are_kept_and_well_formed(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let facts = shop.card_facts(walk.trip).await.unwrap();
    let has = |fact: &Option<String>, wanted: &str| assert_eq!(fact.as_deref(), Some(wanted));
    has(&facts.brand, "VISA");
    has(&facts.tail, "4242");
    has(&facts.expiration_month, "12");
    has(&facts.expiration_year, "2030");
    let hex = |fact: &Option<String>| fact.as_ref().is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(hex(&facts.application_id) && hex(&facts.cryptogram_information_data));
    assert_eq!(facts.cryptogram_information_data.as_ref().map(String::len), Some(2));
    assert!(facts.entry_mode().is_some(), "one of the five that are published");
    for fact in
        [facts.pan_sequence_number, facts.reconciliation_id, facts.card_statement_transaction_id, facts.terminal_id]
    {
        assert!(fact.is_some_and(|it| !it.is_empty()));
    }
    assert_eq!(shop.attempts(walk.trip, "get_transactional_data").await, ["answered"], "nothing is fetched twice");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn si_001_the_address_is_asked_for_once_per_instrument_and_kept(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for _ in 0..2 {
        shop.twin.walk("visa", &demo_items(1)).await.unwrap();
        shop.settle().await;
    }
    let asked = shop.twin.truth().calls.iter().filter(|call| call.api == Api::ShopperIdentity).count();
    assert_eq!((asked, shop.mails_to("visa.shopper@example.com").len()), (1, 2));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn si_003_a_shopper_without_an_address_is_charged_and_gets_no_mail(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("wallet", &demo_items(1)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(walk.trip).await, "captured");
    assert_eq!(shop.twin.mails().unwrap().len(), 0);
    let asked = "SELECT count(*) FROM instrument JOIN trip USING (instrument_id)
        WHERE trip_id = $1 AND shopper_id IS NULL AND identity_asked_at IS NOT NULL";
    assert_eq!(shop.number(asked, walk.trip).await, 1, "and is not asked about again");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_visit_whose_cart_never_comes_is_given_up_and_a_late_cart_keeps_nobody_out(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("visa").await.unwrap();
    shop.pass(time::Duration::hours(11)).await;
    assert_eq!(shop.state(tap.trip).await, "entered");
    shop.pass(time::Duration::hours(2)).await;
    assert_eq!(shop.state(tap.trip).await, "cancelled");
    assert!(shop.twin.truth().trip(tap.trip).cancelled, "the hold is released");

    let late = shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    assert_eq!(late.answer.status, 201, "a late cart is never refused");
    shop.settle().await;
    let debt = shop.text("SELECT cause || ' ' || counts_at_gate FROM debt WHERE trip_id = $1", tap.trip).await;
    assert_eq!(debt.as_deref(), Some("late_cart false"));
    assert_eq!(shop.twin.truth().trip(tap.trip).capture_calls, 0, "never a capture after a cancel");
    assert!(shop.twin.tap("visa").await.unwrap().admitted());
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g15_a_worker_that_wakes_with_a_mail_in_its_hand_that_another_has_sent_sends_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    for late in [Duration::seconds(61), Duration::seconds(20)] {
        let shop = Shop::open(connect.clone()).await;
        let walk = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
        let mail = loop {
            let claims = claim_effects(&shop.database, 1, shop.worker.clock.now()).await.unwrap();
            let claim = claims.into_iter().next().unwrap();
            if matches!(claim.effect, Effect::SendReceipt { .. }) {
                break claim;
            }
            shop.worker.act(&claim).await.unwrap();
        };
        shop.jump(late);
        if late > LEASE {
            shop.settle().await;
            assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1, "another has sent it");
        }
        let before = shop.mails_to("visa.shopper@example.com").len();
        shop.worker.act(&mail).await.unwrap();
        assert_eq!(shop.mails_to("visa.shopper@example.com").len(), before, "not by who is late");
        shop.jump(Duration::seconds(61));
        shop.settle().await;
        assert_eq!(shop.mails_to("visa.shopper@example.com").len(), 1);
        assert_eq!(shop.state(walk.trip).await, "captured");
        shop.close().await;
    }
}
