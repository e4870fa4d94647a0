//! A shopper whose card is declined, and who comes back.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::shop::Shop;

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

#[sqlx::test(migrations = "../migrations")]
async fn if_003_pp_003_ac_002_fbk_003_a_declined_trip_is_a_debt_in_full_that_amazon_hears_of(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap();
    shop.settle().await;

    let debt = "SELECT cause || ' ' || outstanding_minor || ' ' || instrument_id FROM debt WHERE trip_id = $1";
    let wanted = format!("payment_declined {TOTAL} shopper-insufficient-0001");
    assert_eq!(shop.text(debt, walk.trip).await, Some(wanted));
    let truth = shop.twin.truth();
    let trip = truth.trip(walk.trip);
    assert_eq!(trip.capture_calls, 0, "nothing is captured after a decline");
    assert_eq!(trip.feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect::<Vec<_>>(), [(TOTAL, 0)]);
    assert!(trip.cancelled, "what was left of the hold is released");
    assert_eq!(shop.alerts("payment_declined", walk.trip).await, 1);

    let accounts = "SELECT string_agg(account || ' ' || amount, ', ' ORDER BY account) FROM (
        SELECT entry.account, sum(amount_minor) AS amount FROM ledger_entry entry JOIN ledger_transaction posting USING (ledger_transaction_id)
        WHERE posting.trip_id = $1 GROUP BY 1 HAVING sum(amount_minor) <> 0) balance";
    let wanted = "sales -948, shopper_receivable 1032, tax_payable -84";
    assert_eq!(shop.text(accounts, walk.trip).await.as_deref(), Some(wanted));

    let mails = shop.mails_to("insufficient.shopper@example.com");
    assert_eq!(mails.len(), 1, "the shopper is told once");
    assert!(mails[0].text.contains("You owe USD 10.32"), "{}", mails[0].text);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_006_pp_007_fa_009_a_shopper_who_owes_is_denied_at_the_next_tap_with_the_reason_recorded(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap();
    shop.settle().await;

    let tap = shop.twin.tap("insufficient").await.unwrap();
    assert_eq!(tap.answer.status, 200, "a denial is an answer, not an error");
    assert_eq!(tap.answer.body["shopperAuthorized"], false);
    assert_eq!(tap.answer.body["shopperRisks"], serde_json::json!(["BadDebt"]));

    let kept =
        "SELECT reason || ' ' || outstanding_minor || ' ' || is_override FROM gate_decision WHERE gate_event_id = $1";
    let wanted = format!("outstanding_balance {TOTAL} true");
    assert_eq!(shop.text(kept, tap.gate_event).await, Some(wanted), "against Amazon's own recommendation");
    let audited =
        "SELECT count(*) FROM audit_entry WHERE action = 'entry_denied' AND subject = 'shopper-insufficient-0001'
        AND detail ->> 'gate_event' = $1 AND detail ->> 'outstanding_minor' = '1032'";
    assert_eq!(shop.number(audited, tap.gate_event).await, 1);
    assert_eq!(shop.number("SELECT count(*) FROM trip WHERE trip_id = $1", tap.trip).await, 0, "no visit begins");
    assert!(shop.twin.tap("visa").await.unwrap().admitted(), "another shopper's debt is nobody else's");
    assert_eq!(shop.state(walk.trip).await, "uncollected");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_011_a_shopper_who_owes_stays_denied_when_amazon_flags_it_too(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("insufficient", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut flagged = twin::Card { risks: vec!["BadDebt".to_owned()], ..shop.twin.card("insufficient").unwrap() };
    shop.twin.put_card(flagged.clone());
    let tap = shop.twin.tap("insufficient").await.unwrap();
    assert_eq!(tap.answer.body["shopperAuthorized"], false);
    assert_eq!(tap.answer.body["shopperRisks"], serde_json::json!(["BadDebt"]), "said once");

    // Under `customer_managed` ours are the books: Amazon's flag alone keeps nobody out.
    flagged.name = "cleared".to_owned();
    flagged.instrument = "shopper-cleared-0001".to_owned();
    shop.twin.put_card(flagged);
    assert!(shop.twin.tap("cleared").await.unwrap().admitted());
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_004_pp_004_fbk_002_a_store_may_capture_what_is_authorized_and_the_rest_is_owed(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET decline = 'capture_authorized'").execute(&shop.database).await.unwrap();
    shop.twin.put_card(twin::Card { limit_minor: 300, ..twin::Card::visa_named("little") });
    let walk = shop.twin.walk(twin::Visit::of("little").holding_minor(300), &demo_items(2)).await.unwrap();
    shop.settle().await;
    let truth = shop.twin.truth();
    let trip = truth.trip(walk.trip);
    assert_eq!(trip.captures_minor, [300]);
    assert_eq!(trip.feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect::<Vec<_>>(), [(TOTAL, 300)]);
    let debt = shop.text("SELECT cause || ' ' || outstanding_minor FROM debt WHERE trip_id = $1", walk.trip).await;
    assert_eq!(debt.as_deref(), Some("partial_capture 732"));
    assert!(!shop.twin.tap("little").await.unwrap().admitted(), "and counts at the gate");
    shop.close().await;
}
