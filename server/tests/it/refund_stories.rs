//! Refunds: asked for, decided, given back by Amazon or by a person, and never more than was paid.

use domain::id::{ReconciliationId, RefundId, ShopperId, TripId};
use domain::money::{Currency, Money};
use domain::refund::{RefundReason, RefundRefusal};
use domain::viewer::Viewer;
use server::flow::decide_refund::{DecideRefundError, Decision};
use server::flow::request_refund::{RefundOrder, RequestRefundError, Requester, request_refund};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, RefundAnswer, Settings};
use uuid::Uuid;

use crate::refunds::{FIRST, TOTAL, ask, ask_because, decide, everything, given, lines, state, trip_id, visit};
use crate::shop::Shop;

fn refused<T: std::fmt::Debug>(result: Result<T, RequestRefundError>) -> RefundRefusal {
    match result.unwrap_err() {
        RequestRefundError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn if_013_if_020_pp_002_ref_005_a_line_comes_back_and_its_exact_share_with_tax_is_given_back(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    assert_eq!((refund.amount.minor(), refund.state.name()), (FIRST, "sending"), "a small one needs nobody");
    shop.settle().await;

    let truth = shop.twin.truth();
    let theirs = &truth.trip(trip).refunds;
    assert_eq!((theirs.len(), theirs[0].amount_minor), (1, FIRST));
    assert_eq!(theirs[0].refund_request_id, refund.id.to_string(), "the refund's own id is the key");
    let row =
        shop.text("SELECT state || ' ' || reconciliation_id FROM refund WHERE refund_id = $1::uuid", refund.id).await;
    assert_eq!(row, Some(format!("refunded {}", theirs[0].reconciliation_id)), "the number of the answer is kept");
    assert_eq!((shop.state(trip).await.as_str(), truth.trip(trip).captured_minor()), ("captured", TOTAL));

    let balances = "SELECT string_agg(account || ' ' || balance, ', ' ORDER BY account) FROM (
            SELECT account, sum(amount_minor) AS balance FROM ledger_entry WHERE trip_id = $1 GROUP BY 1) balances";
    let want =
        "card_clearing 1264, refund_clearing 0, sales -1397, sales_returns 199, tax_payable -66, trip_in_flight 0";
    assert_eq!(
        shop.text(balances, trip).await.as_deref(),
        Some(want),
        "the tax share is not owed to the authority any more"
    );
    let told: Vec<_> = truth.trip(trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
    assert_eq!(told, [(TOTAL, TOTAL)], "cash that is given back changes neither");

    let mails: Vec<_> = shop.mails_to("visa.shopper@example.com");
    let about: Vec<&str> =
        mails.iter().filter(|it| it.text.contains(&refund.id.to_string())).map(|it| it.subject.as_str()).collect();
    assert_eq!(about.len(), 2, "{about:?}");
    assert!(about.iter().any(|it| it.starts_with("Your refund is done: USD 2.17")), "{about:?}");
    assert!(mails.iter().any(|it| it.text.contains(&theirs[0].reconciliation_id)));
    let receipts = mails.iter().filter(|it| it.subject.starts_with("Your receipt")).count();
    assert_eq!(receipts, 1, "g10: a refund does not send the receipt again");
    let audit = "SELECT string_agg(action || coalesce(':' || (detail ->> 'to'), ''), ' ' ORDER BY audit_entry_id)
        FROM audit_entry WHERE subject = $1";
    let audit = shop.text(audit, refund.id).await;
    assert_eq!(audit.as_deref(), Some("refund_requested refund_moved:sending refund_moved:refunded"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ref_001_each_reason_is_given_back_with_amazons_number(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for (number, reason) in RefundReason::ALL.iter().enumerate() {
        let card = format!("card-{number}");
        let instrument = format!("shopper-{card}");
        shop.twin.put_card(twin::Card { instrument, ..twin::Card::visa_named(&card) });
        let trip = visit(&shop, &card).await;
        let refund = ask_because(&shop, trip, everything(), *reason).await.unwrap();
        shop.settle().await;
        let truth = shop.twin.truth();
        let theirs = &truth.trip(trip).refunds[0];
        assert_eq!((theirs.reason_code.as_str(), theirs.amount_minor), (reason.as_str(), TOTAL));
        assert_eq!(state(&shop, refund.id).await, "refunded");
        assert_eq!(truth.net_minor(), 0);
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_empty_200_is_a_refund_as_well_and_nonsense_is_asked_about_again_with_the_same_key(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    shop.twin.set(Settings { refund_answer: RefundAnswer::Empty, ..Settings::default() });
    let empty = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    assert_eq!(state(&shop, empty.id).await, "refunded");
    assert_eq!(shop.text("SELECT reconciliation_id FROM refund WHERE refund_id = $1::uuid", empty.id).await, None);

    shop.twin.set(Settings { refund_answer: RefundAnswer::Unreadable, ..Settings::default() });
    let odd = ask(&shop, trip, lines(&[(2, 1)])).await.unwrap();
    shop.settle().await;
    assert_eq!(state(&shop, odd.id).await, "sending", "no money of ours moves on nonsense");
    shop.twin.set(Settings::default());
    shop.pass(Duration::minutes(1)).await;
    assert_eq!(state(&shop, odd.id).await, "refunded");
    assert_eq!(given(&shop, trip).len(), 2, "each once");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g09_g11_parts_come_back_one_after_the_other_and_the_last_one_takes_exactly_the_rest(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_count = 99").execute(&shop.database).await.unwrap();
    // Five of one article in one line: 5 x 1.99 and 8.875 % of it.
    let cart = [twin::CartLine::units("SKU-001", "5")];
    let walk = shop.twin.walk("visa", &cart).await.unwrap();
    shop.settle().await;
    for (count, want) in [(2, Ok(433)), (4, Err("only 3 can still come back")), (3, Ok(650)), (1, Err("only 0"))] {
        match (ask(&shop, walk.trip, lines(&[(1, count)])).await, want) {
            (Ok(refund), Ok(want)) => assert_eq!(refund.amount.minor(), want),
            (Err(error), Err(want)) => assert!(error.to_string().contains(want), "{error}"),
            other => panic!("{count}: {other:?}"),
        }
        shop.settle().await;
    }
    assert_eq!(refused(ask(&shop, walk.trip, everything()).await), RefundRefusal::Nothing);
    let truth = shop.twin.truth();
    assert_eq!((given(&shop, walk.trip), truth.trip(walk.trip).captured_minor()), (vec![433, 650], 1083));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ref_003_nothing_is_asked_of_amazon_once_the_window_is_over(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    shop.jump(Duration::days(30) - Duration::minutes(5));
    ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    shop.jump(Duration::minutes(10));
    assert_eq!(refused(ask(&shop, trip, lines(&[(2, 1)])).await), RefundRefusal::WindowOver { days: 30 });
    assert_eq!(shop.twin.truth().count(Api::Refund, trip), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ref_006_what_amazon_refuses_after_its_own_window_is_given_back_by_hand(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    shop.twin.set(Settings { refund_window_days: Some(7), ..Settings::default() });
    shop.jump(Duration::days(8));
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    assert_eq!(state(&shop, refund.id).await, "by_hand");
    assert_eq!(shop.attempts(trip, "refund_charge").await, ["refused"], "a 400 is not repeated");
    assert_eq!(shop.alerts("refund_refused", refund.id).await, 1);
    assert_eq!(given(&shop, trip), [0; 0]);

    let done = decide(&shop, refund.id, Decision::DoneByHand { amazon_did_not: false }, "ben").await.unwrap();
    assert_eq!(done.state.name(), "refunded");
    let open = "SELECT count(*) FROM alert WHERE subject = $1 AND closed_at IS NULL";
    assert_eq!(shop.number(open, refund.id).await, 0, "nothing is left to do");
    let paid =
        "SELECT sum(amount_minor)::bigint FROM ledger_entry WHERE trip_id = $1 AND account = 'external_payments'";
    assert_eq!(shop.number(paid, trip).await, -FIRST);
    let again = decide(&shop, refund.id, Decision::DoneByHand { amazon_did_not: false }, "ben").await;
    assert!(matches!(again, Err(DecideRefundError::MovedOn("refunded", "by_hand"))), "{again:?}");

    // The rest, and not a cent more: what was given by hand counts.
    shop.twin.set(Settings::default());
    let rest = ask(&shop, trip, everything()).await.unwrap();
    shop.settle().await;
    assert_eq!((rest.amount.minor(), given(&shop, trip)), (TOTAL - FIRST, vec![TOTAL - FIRST]));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ref_006_a_200_that_is_a_no_waits_for_a_person(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    shop.twin.set(Settings { refund_answer: RefundAnswer::Declined, ..Settings::default() });
    let refund = ask(&shop, trip, everything()).await.unwrap();
    shop.pass(Duration::days(1)).await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("by_hand", vec![]));
    assert_eq!((shop.twin.truth().count(Api::Refund, trip), shop.alerts("refund_refused", refund.id).await), (1, 1));
    let unknown = ask(&shop, Uuid::new_v4(), everything()).await;
    assert!(matches!(unknown, Err(RequestRefundError::NotFound)), "{unknown:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refusal_after_a_lost_answer_is_given_back_by_hand_only_once_somebody_has_looked(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    // The network did it, and says no to the second try: it forgot the key.
    shop.twin.fault(Api::Refund, Fault::LoseAnswer, 1);
    let refund = ask(&shop, trip, lines(&[(1, 1)])).await.unwrap();
    shop.settle().await;
    shop.twin.set(Settings { refund_answer: RefundAnswer::Declined, ..Settings::default() });
    shop.move_on_and_settle().await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("by_hand", vec![FIRST]));

    let blind = decide(&shop, refund.id, Decision::DoneByHand { amazon_did_not: false }, "ben").await;
    assert!(matches!(blind, Err(DecideRefundError::InDoubt)), "{blind:?}");
    let reconciliation = ReconciliationId::new(&shop.twin.truth().trip(trip).refunds[0].reconciliation_id).unwrap();
    let found = decide(&shop, refund.id, Decision::Found { reconciliation }, "ben").await.unwrap();
    assert_eq!(found.state.name(), "refunded");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn g18_what_is_over_the_limit_waits_for_another_person_and_nothing_goes_out_before(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 1480").execute(&shop.database).await.unwrap();
    let trip = visit(&shop, "visa").await;
    let refund = ask(&shop, trip, everything()).await.unwrap();
    shop.pass(Duration::days(2)).await;
    assert_eq!((state(&shop, refund.id).await, shop.twin.truth().count(Api::Refund, trip)), ("in_review", 0));
    assert_eq!(shop.alerts("refund_in_review", refund.id).await, 1);
    assert_eq!(refused(ask(&shop, trip, lines(&[(1, 1)])).await), RefundRefusal::AlreadyOpen(refund.id));

    let own = decide(&shop, refund.id, Decision::Approve, "ann").await;
    assert!(matches!(own, Err(DecideRefundError::SamePerson(_))), "{own:?}");
    let nobody = decide(&shop, refund.id, Decision::Approve, "zoe").await;
    assert!(matches!(nobody, Err(DecideRefundError::UnknownStaff(_))), "{nobody:?}");
    decide(&shop, refund.id, Decision::Approve, "ben").await.unwrap();
    shop.settle().await;
    assert_eq!((state(&shop, refund.id).await, given(&shop, trip)), ("refunded", vec![TOTAL]));
    let subjects: Vec<String> = shop.mails_to("visa.shopper@example.com").into_iter().map(|it| it.subject).collect();
    for part in ["We received your refund request", "Your refund is approved", "Your refund is done"] {
        assert_eq!(subjects.iter().filter(|it| it.starts_with(part)).count(), 1, "{part}: {subjects:?}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_declined_refund_says_why_moves_no_money_and_can_be_asked_for_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 0").execute(&shop.database).await.unwrap();
    let trip = visit(&shop, "visa").await;
    let refund = ask(&shop, trip, everything()).await.unwrap();
    decide(&shop, refund.id, Decision::Decline, "ann").await.unwrap();
    shop.settle().await;
    let mail = &shop.mails_to("visa.shopper@example.com")[0];
    assert!(mail.subject.starts_with("Your refund was declined"), "{}", mail.subject);
    assert!(mail.text.contains("The reason: seen on the video"), "{}", mail.text);
    let late = decide(&shop, refund.id, Decision::Approve, "ben").await;
    assert!(matches!(late, Err(DecideRefundError::MovedOn("declined", "in_review"))), "{late:?}");
    assert_eq!(
        shop.number("SELECT count(*) FROM ledger_transaction WHERE kind LIKE 'refund%' AND trip_id = $1", trip).await,
        0
    );
    ask(&shop, trip, everything()).await.unwrap();
    assert_eq!(shop.twin.truth().count(Api::Refund, trip), 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_request_sent_twice_is_one_refund_and_a_strangers_visit_is_not_there(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = visit(&shop, "visa").await;
    let shopper: Uuid = sqlx::query_scalar("SELECT shopper_id FROM shopper").fetch_one(&shop.database).await.unwrap();
    let (trip, now) = (trip_id(trip), shop.worker.clock.now());
    let id = RefundId::new(Uuid::new_v4()).unwrap();
    let (own, strange) = (Viewer::Shopper(ShopperId(shopper)), Viewer::Shopper(ShopperId(Uuid::new_v4())));
    let order = |trip, viewer| RefundOrder {
        id,
        trip,
        wish: lines(&[(1, 1)]),
        reason: RefundReason::UnwantedItem,
        because: None,
        note: None,
        agreed: None,
        by: Requester::Viewer(viewer),
    };
    let first = request_refund(&shop.database, &order(&trip, &own), now).await.unwrap();
    shop.settle().await;
    let again = request_refund(&shop.database, &order(&trip, &own), now).await.unwrap();
    assert_eq!((first.id, again.id, again.state.name()), (id, id, "refunded"));
    let stranger = request_refund(&shop.database, &order(&trip, &strange), now).await;
    assert!(matches!(stranger, Err(RequestRefundError::NotFound)), "{stranger:?}");
    let elsewhere: TripId = trip_id(visit(&shop, "visa").await);
    let reused = request_refund(&shop.database, &order(&elsewhere, &own), now).await;
    assert!(matches!(reused, Err(RequestRefundError::NotFound)), "{reused:?}");
    assert_eq!(shop.number("SELECT count(*) FROM refund WHERE requested_by = 'shopper:' || $1", shopper).await, 1);
    assert_eq!(first.amount, Money::new(FIRST, Currency::USD));
    shop.close().await;
}
