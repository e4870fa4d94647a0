//! A shopper who owes pays through Stripe, and walks in again: whatever is lost, doubled, late or pressed twice.

use domain::debt::PaymentMeans;
use domain::money::{Currency, Money};
use reqwest::StatusCode;
use server::flow::settle_debt::{DebtChange, Decider, settle_debt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{EventSettings, Fault, PayOutcome, SendOrder, SessionStatus, StripeCall, Telling};

use crate::browser::Browser;
use crate::payoffs::{
    BAD, GOOD, LITTLE, TOTAL, admits, breaks, debt, pay, press_pay, session_at, signed_in, states, trip_id, way_back,
    webhooks, with_debtor, with_two_debts,
};
use crate::shop::Shop;

/// The end of every story in which a debtor has paid: the page, the mail, Amazon, the books, and the gate.
async fn is_settled(shop: &Shop, browser: &mut Browser<'_>, trip: uuid::Uuid, page: &str) {
    let (status, text) = browser.get(page).await;
    assert_eq!(status, 200);
    for part in ["You paid $10.32", "You owe nothing more", "opens for your card now", page.rsplit('/').next().unwrap()]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    shop.settle().await;
    assert_eq!(debt(shop, trip).await, (0, TOTAL));
    assert_eq!(states(shop).await, ["paid"]);
    let mails: Vec<_> =
        shop.mails_to(crate::payoffs::OWES).into_iter().filter(|it| it.subject.contains("You paid")).collect();
    assert_eq!(mails.len(), 1, "one confirmation");
    assert!(
        mails[0].text.contains("USD 10.32") && mails[0].text.contains("opens for your card now"),
        "{}",
        mails[0].text
    );
    let told: Vec<_> = shop.twin.truth().trip(trip).feedback.iter().map(|it| it.settled_minor).collect();
    assert_eq!(told, [0, TOTAL], "Amazon hears of it once");
    let paid =
        "SELECT count(*) FROM debt_event JOIN debt USING (debt_id) WHERE trip_id = $1 AND debt_event.kind = 'paid'";
    assert_eq!(shop.number(paid, trip).await, 1, "counted once");
    assert!(admits(shop).await, "and the gate opens");
    assert_eq!(breaks(shop).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_pp_008_ptl_008_ptl_010_if_018_a_declined_shopper_pays_and_walks_in_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    assert!(!admits(&shop).await);
    let mut browser = signed_in(&shop).await;
    let (_, balance) = browser.get("/balance").await;
    assert!(balance.contains("action=\"/balance/check\"") && balance.contains("2 items"), "{balance}");
    let (status, check) = browser.get(&format!("/balance/check?trip={trip}")).await;
    assert_eq!(status, 200);
    assert!(check.contains("$10.32") && check.contains("action=\"/api/pay\""), "{check}");

    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    assert_eq!(session.amount_minor, TOTAL);
    assert!(!admits(&shop).await, "nobody has told yet");
    assert!(webhooks(&shop).await.iter().all(|it| *it == 200));
    assert!(admits(&shop).await, "told, and open at once");
    is_settled(&shop, &mut browser, trip, &way_back(&session, &shop)).await;
    let accounts = "SELECT string_agg(account || ' ' || amount, ', ' ORDER BY account) FROM (
        SELECT entry.account, sum(amount_minor) AS amount FROM ledger_entry entry JOIN ledger_transaction posting USING (ledger_transaction_id)
        WHERE posting.trip_id = $1 GROUP BY 1 HAVING sum(amount_minor) <> 0) balance";
    let wanted = "payoff_clearing 1032, sales -948, tax_payable -84";
    assert_eq!(shop.text(accounts, trip).await.as_deref(), Some(wanted));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_a_lost_webhook_is_made_good_by_the_way_back(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    shop.twin.stripe().tell(Telling::Never);
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    is_settled(&shop, &mut browser, trip, &way_back(&session, &shop)).await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_a_lost_webhook_of_a_shopper_who_never_comes_back_is_made_good_by_the_poller(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    shop.twin.stripe().tell(Telling::Never);
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    shop.pass(time::Duration::minutes(3)).await;
    assert!(admits(&shop).await);
    is_settled(&shop, &mut browser, trip, &way_back(&session, &shop)).await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_g7_webhooks_twice_in_the_wrong_order_after_the_way_back_count_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    shop.twin.stripe().tell(EventSettings { telling: Telling::Held, times: 2 });
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    let page = way_back(&session, &shop);
    let (_, text) = browser.get(&page).await;
    assert!(text.contains("You paid $10.32"), "{text}");
    let answers = shop.twin.stripe().send(SendOrder::NewestFirst).await.unwrap();
    assert!(answers.len() >= 4 && answers.iter().all(|it| *it == 200), "{answers:?}");
    let again: Vec<_> = shop.twin.stripe().events().iter().map(|it| it.id.clone()).collect();
    for event in again {
        assert_eq!(shop.twin.stripe().send_again(&event).await.unwrap(), 200);
    }
    shop.pass(time::Duration::minutes(3)).await;
    is_settled(&shop, &mut browser, trip, &page).await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_a_webhook_before_the_redirect_is_committed_finds_its_payoff(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    shop.twin.stripe().fault(StripeCall::CreateSession, Fault::LoseAnswer, 1);
    let refused = press_pay(&mut browser, &[trip], TOTAL).await;
    assert!(refused.contains("__err"), "no address is known: {refused}");
    assert_eq!(states(&shop).await, ["created"]);
    let session = shop.twin.stripe().newest();
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    is_settled(&shop, &mut browser, trip, &way_back(&session, &shop)).await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_call_without_an_answer_is_repeated_with_its_key_and_finds_the_same_page(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    shop.twin.stripe().fault(StripeCall::CreateSession, Fault::LoseAnswer, 1);
    assert!(press_pay(&mut browser, &[trip], TOTAL).await.contains("__err"));
    let address = press_pay(&mut browser, &[trip], TOTAL).await;
    assert_eq!(shop.twin.stripe().sessions().len(), 1, "one page, though it was asked for twice");
    assert_eq!(session_at(&shop, &address).status, SessionStatus::Open);
    assert_eq!(states(&shop).await, ["open"]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failure_that_stripe_keeps_under_its_key_is_followed_by_another_key(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    shop.twin.stripe().fault(StripeCall::CreateSession, Fault::ServiceException, 1);
    assert!(press_pay(&mut browser, &[trip], TOTAL).await.contains("__err"));
    assert_eq!(states(&shop).await, ["abandoned"]);
    let address = press_pay(&mut browser, &[trip], TOTAL).await;
    session_at(&shop, &address);
    assert_eq!(states(&shop).await, ["abandoned", "open"]);
    assert_eq!(debt(&shop, trip).await, (TOTAL, 0));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_009_if_009_pp_009_a_part_is_paid_and_the_gate_stays_closed(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, first, second) = with_two_debts(connect).await;
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[second], LITTLE).await;
    webhooks(&shop).await;
    let (_, page) = browser.get(&way_back(&session, &shop)).await;
    for part in ["You paid $2.17", "Still owed: $10.32", "stays closed for your card"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert_eq!((debt(&shop, first).await, debt(&shop, second).await), ((TOTAL, 0), (0, LITTLE)));
    assert!(!admits(&shop).await);
    let session = pay(&shop, &mut browser, &[first], TOTAL).await;
    webhooks(&shop).await;
    let (_, page) = browser.get(&way_back(&session, &shop)).await;
    assert!(page.contains("opens for your card now"), "{page}");
    assert!(admits(&shop).await);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_declined_or_abandoned_payment_leaves_everything_as_it_was(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let address = press_pay(&mut browser, &[trip], TOTAL).await;
    let session = session_at(&shop, &address);
    let page = way_back(&session, &shop);
    let (_, text) = browser.get(&page).await;
    assert!(text.contains("You have not paid yet") && text.contains(&address), "{text}");
    assert_eq!(shop.twin.stripe().pay(&session.id, BAD).await, PayOutcome::Declined("generic_decline"));
    webhooks(&shop).await;
    let (_, text) = browser.get(&page).await;
    assert!(text.contains("Your card was declined") && text.contains(&address), "{text}");
    let asks = "4000 0025 0000 3155";
    assert_eq!(shop.twin.stripe().pay(&session.id, asks).await, PayOutcome::NeedsAuthentication);
    assert!(matches!(shop.twin.stripe().authenticate(&session.id, asks, false).await, PayOutcome::Declined(_)));
    assert_eq!((debt(&shop, trip).await, states(&shop).await), ((TOTAL, 0), vec!["open".to_owned()]));
    assert!(!admits(&shop).await);

    // Nobody goes on: the page closes, and another try is another page.
    shop.pass(time::Duration::minutes(70)).await;
    assert_eq!(states(&shop).await, ["expired"]);
    let mut browser = signed_in(&shop).await;
    let (_, text) = browser.get(&page).await;
    assert!(text.contains("This payment was not made"), "{text}");
    let entries = "SELECT count(*) FROM ledger_entry WHERE account = 'payoff_clearing' AND $1 = ''";
    assert_eq!((shop.number(entries, "").await, debt(&shop, trip).await), (0, (TOTAL, 0)));
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    assert_eq!(shop.twin.stripe().authenticate(&session.id, asks, true).await, PayOutcome::NotOpen, "paid is paid");
    webhooks(&shop).await;
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_presses_and_two_tabs_make_one_page_and_another_wish_ends_the_one_before(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, first, second) = with_two_debts(connect).await;
    let (mut tab, mut other) = (signed_in(&shop).await, signed_in(&shop).await);
    let trips = [first];
    let (one, two) = tokio::join!(press_pay(&mut tab, &trips, TOTAL), press_pay(&mut other, &trips, TOTAL));
    assert_eq!(one, two, "the same trips lead to the same page");
    assert_eq!(press_pay(&mut tab, &[first], TOTAL).await, one);
    assert_eq!(shop.twin.stripe().sessions().len(), 1);

    let both = press_pay(&mut other, &[first, second], TOTAL + LITTLE).await;
    assert_ne!(both, one);
    assert_eq!(session_at(&shop, &one).status, SessionStatus::Expired, "it cannot be paid any more");
    assert_eq!(states(&shop).await, ["expired", "open"]);
    assert_eq!(shop.twin.stripe().pay(&session_at(&shop, &one).id, GOOD).await, PayOutcome::NotOpen);

    // Paid in one tab while the other wishes for something else: counted, and nothing is left to wish for.
    let paid = session_at(&shop, &both);
    assert_eq!(shop.twin.stripe().pay(&paid.id, GOOD).await, PayOutcome::Paid);
    assert!(press_pay(&mut tab, &[first], TOTAL).await.contains("__err"));
    assert_eq!((debt(&shop, first).await, debt(&shop, second).await), ((0, TOTAL), (0, LITTLE)));
    webhooks(&shop).await;
    assert_eq!(states(&shop).await, ["expired", "paid"]);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_agreed_to_is_what_is_paid_or_nothing_is(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    for (trips, minor) in [(vec![trip], TOTAL - 1), (vec![], 0), (vec![uuid::Uuid::new_v4()], TOTAL), (vec![trip], -5)]
    {
        assert!(press_pay(&mut browser, &trips, minor).await.contains("__err"), "{trips:?} {minor}");
    }
    let mut stranger = Browser::new(&shop);
    shop.twin.walk("visa", &twin::demo_items(1)).await.unwrap();
    shop.settle().await;
    stranger.sign_in("visa.shopper@example.com").await;
    assert!(press_pay(&mut stranger, &[trip], TOTAL).await.contains("__err"), "nobody pays what others owe unseen");
    assert_eq!(shop.twin.stripe().sessions().len(), 0);

    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    webhooks(&shop).await;
    let page = way_back(&session, &shop);
    assert_eq!(stranger.get(&page).await.0, StatusCode::NOT_FOUND);
    assert_eq!(Browser::new(&shop).get(&page).await.0, StatusCode::FOUND, "who is not signed in signs in first");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_paid_at_the_till_meanwhile_makes_the_rest_the_shoppers(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let address = press_pay(&mut browser, &[trip], TOTAL).await;
    let session = session_at(&shop, &address);
    let ann = Decider { by: "ann", second: None, reason: "the shopper came to the desk" };
    let amount = Money::new(1000, Currency::USD);
    let change = DebtChange::Pay { amount, means: PaymentMeans::InStore, reference: "till-1" };
    settle_debt(&shop.database, &trip_id(trip), change, ann, shop.worker.clock.now()).await.unwrap();
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    let credit =
        "SELECT -sum(amount_minor)::bigint FROM ledger_entry WHERE account = 'shopper_credit' AND trip_id = $1";
    assert_eq!(shop.number(credit, trip).await, 1000, "what is beyond it is owed to the shopper");
    assert_eq!(shop.alerts("shopper_credit", trip).await, 1);
    let refund = "SELECT amount_minor FROM refund WHERE trip_id = $1 AND kind = 'credit'";
    assert_eq!(shop.number(refund, trip).await, 1000, "and waits for a person to give it back");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_not_signed_by_stripe_moves_nothing(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    pay(&shop, &mut browser, &[trip], TOTAL).await;
    let event = shop.twin.stripe().events().into_iter().find(|it| it.kind == "checkout.session.completed").unwrap();
    let body = event.body.to_string();
    for signature in ["", "t=1,v1=00", "t=soon,v1=00"] {
        assert_eq!(shop.twin.stripe().post(&body, Some(signature)).await.unwrap(), 400, "{signature}");
    }
    assert_eq!(shop.twin.stripe().post("{", None).await.unwrap(), 400, "signed, and no event");
    assert_eq!(debt(&shop, trip).await, (TOTAL, 0));
    // Signed, and of another amount than was asked for: a person looks.
    let mut other = event.body.clone();
    other["id"] = serde_json::json!("evt_other");
    other["data"]["object"]["amount_total"] = serde_json::json!(1);
    assert_eq!(shop.twin.stripe().post(&other.to_string(), None).await.unwrap(), 200);
    assert_eq!(debt(&shop, trip).await, (TOTAL, 0));
    assert_eq!(shop.number("SELECT count(*) FROM alert WHERE kind = 'payoff_implausible' AND $1 = ''", "").await, 1);
    webhooks(&shop).await;
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_013_when_stripe_is_away_the_balance_shows_and_nothing_is_half_done(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    shop.twin.stripe().fault(StripeCall::CreateSession, Fault::ServiceUnavailable { retry_after_seconds: 5 }, 1);
    let back = press_pay(&mut browser, &[trip], TOTAL).await;
    let (_, page) = browser.get(back.strip_prefix(&shop.url).unwrap_or(&back)).await;
    assert!(page.contains("Paying online does not work right now") && page.contains("Nothing was taken"), "{page}");
    assert_eq!(browser.get("/balance").await.0, 200);
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    shop.twin.stripe().fault(StripeCall::RetrieveSession, Fault::Hang, 1);
    let (status, page) = browser.get(&way_back(&session, &shop)).await;
    assert_eq!(status, 200);
    assert!(page.contains("waiting for word of your payment"), "{page}");
    webhooks(&shop).await;
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_daily_match_counts_what_every_word_of_was_lost_and_lists_the_rest(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    shop.twin.stripe().tell(Telling::Never);
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    assert_eq!(debt(&shop, trip).await, (TOTAL, 0));
    assert_eq!(breaks(&shop).await, [], "found, and counted");
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));

    // Somebody gives a part back at Stripe, past our books.
    assert!(shop.twin.stripe().refund(&session.id, 32));
    let id = way_back(&session, &shop).rsplit('/').next().unwrap().to_owned();
    assert_eq!(breaks(&shop).await, [(id.parse().unwrap(), "refunded_there")]);
    assert_eq!(shop.alerts("payoff_unmatched", &id).await, 1);
    assert!(shop.twin.stripe().refund(&session.id, -32));
    shop.settle().await;
    shop.close().await;
}
