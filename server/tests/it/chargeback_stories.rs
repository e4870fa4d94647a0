//! A payoff whose cardholder's bank takes it back.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{PayOutcome, SendOrder};

use crate::payoffs::{
    LITTLE, TOTAL, admits, breaks, debt, pay, press_pay, session_at, signed_in, states, way_back, webhooks,
    with_debtor, with_two_debts,
};

#[sqlx::test(migrations = "../migrations")]
async fn a_chargeback_reopens_the_debt_and_closes_the_gate_until_it_is_won(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    webhooks(&shop).await;
    shop.settle().await;
    assert!(admits(&shop).await);

    assert!(shop.twin.stripe().dispute(&session.id, None).await);
    webhooks(&shop).await;
    shop.settle().await;
    assert_eq!((debt(&shop, trip).await, states(&shop).await), ((TOTAL, 0), vec!["disputed".to_owned()]));
    assert!(!admits(&shop).await, "what was taken back is owed again");
    let page = way_back(&session, &shop);
    let (_, text) = browser.get(&page).await;
    assert!(text.contains("Your bank has taken this payment back") && text.contains("stays closed"), "{text}");
    let id = page.rsplit('/').next().unwrap().to_owned();
    assert_eq!(shop.alerts("payoff_disputed", &id).await, 1);
    let told: Vec<_> = shop.twin.truth().trip(trip).feedback.iter().map(|it| it.settled_minor).collect();
    assert_eq!(told, [0, TOTAL, 0], "Amazon hears of it");
    assert_eq!(breaks(&shop).await, []);

    assert!(shop.twin.stripe().close_dispute(&session.id, true).await);
    shop.twin.stripe().send(SendOrder::NewestFirst).await.unwrap();
    shop.settle().await;
    assert_eq!((debt(&shop, trip).await, states(&shop).await), ((0, TOTAL), vec!["won".to_owned()]));
    assert!(admits(&shop).await);
    for event in shop.twin.stripe().events() {
        shop.twin.stripe().send_again(&event.id).await.unwrap();
    }
    assert_eq!(debt(&shop, trip).await, (0, TOTAL), "old word changes nothing");
    assert_eq!(breaks(&shop).await, []);
    let kept = "SELECT string_agg(kind, ' ' ORDER BY debt_event_id) FROM debt_event JOIN debt USING (debt_id)
        WHERE trip_id = $1 AND debt_event.kind NOT IN ('feedback_accepted', 'entry_denied')";
    assert_eq!(shop.text(kept, trip).await.as_deref(), Some("incurred paid charged_back charge_restored"));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lost_dispute_may_be_paid_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[trip], TOTAL).await;
    webhooks(&shop).await;
    assert!(shop.twin.stripe().dispute(&session.id, None).await);
    assert!(shop.twin.stripe().close_dispute(&session.id, false).await);
    shop.twin.stripe().send(SendOrder::NewestFirst).await.unwrap();
    assert_eq!((debt(&shop, trip).await, states(&shop).await), ((TOTAL, 0), vec!["lost".to_owned()]));
    pay(&shop, &mut browser, &[trip], TOTAL).await;
    webhooks(&shop).await;
    assert_eq!(
        (debt(&shop, trip).await, states(&shop).await),
        ((0, TOTAL), vec!["lost".to_owned(), "paid".to_owned()])
    );
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_that_is_faster_than_word_of_its_payment_waits_for_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let address = press_pay(&mut browser, &[trip], TOTAL).await;
    let session = session_at(&shop, &address);
    assert_eq!(shop.twin.stripe().pay(&session.id, "4000 0000 0000 0259").await, PayOutcome::Paid);
    shop.twin.stripe().send(SendOrder::NewestFirst).await.unwrap();
    assert_eq!(debt(&shop, trip).await, (0, TOTAL), "paid, as told last");
    let parked = "SELECT count(*) FROM stripe_event WHERE state = 'parked' AND $1 = ''";
    assert_eq!(shop.number(parked, "").await, 2);
    shop.jump(time::Duration::seconds(11));
    shop.settle().await;
    assert_eq!((debt(&shop, trip).await, states(&shop).await), ((TOTAL, 0), vec!["disputed".to_owned()]));
    let open = "SELECT count(*) FROM alert WHERE kind = 'payoff_unknown' AND closed_at IS NULL AND $1 = ''";
    assert_eq!((shop.number(parked, "").await, shop.number(open, "").await), (0, 0));
    assert!(!admits(&shop).await);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_partial_chargeback_reopens_the_last_trips_first(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, first, second) = with_two_debts(connect).await;
    let mut browser = signed_in(&shop).await;
    let session = pay(&shop, &mut browser, &[first, second], TOTAL + LITTLE).await;
    webhooks(&shop).await;
    assert!(shop.twin.stripe().dispute(&session.id, Some(100)).await);
    webhooks(&shop).await;
    let outstanding = debt(&shop, first).await.0 + debt(&shop, second).await.0;
    assert_eq!(outstanding, 100, "as much as the bank took, and no more");
    assert_eq!(breaks(&shop).await, []);
    assert!(shop.twin.stripe().close_dispute(&session.id, true).await);
    webhooks(&shop).await;
    assert_eq!((debt(&shop, first).await, debt(&shop, second).await), ((0, TOTAL), (0, LITTLE)));
    shop.settle().await;
    shop.close().await;
}
