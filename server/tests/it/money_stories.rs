//! The law of money over real trips, and every way to break it.

use std::collections::BTreeSet;

use domain::law::MoneyLaw;
use server::flow::verify::Told;
use server::flow::verify_money::verify_money;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use twin::demo_items;
use uuid::Uuid;

use crate::shop::Shop;

/// One connection that may do anything, so that what is planted in a transaction is what is verified.
async fn planting(connect: PgConnectOptions) -> PgPool {
    let database = PgPoolOptions::new().max_connections(1).connect_with(connect).await.unwrap();
    database.execute("SET session_replication_role = replica").await.unwrap();
    database
}

/// The laws that do not hold and where, after `sql` and before it is undone.
async fn planted(database: &PgPool, sql: &str) -> Vec<(MoneyLaw, String)> {
    database.execute("BEGIN").await.unwrap();
    let done = database.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    assert!(done.rows_affected() > 0, "nothing is planted by {sql}");
    let found = violations(database).await;
    database.execute("ROLLBACK").await.unwrap();
    found
}

async fn violations(database: &PgPool) -> Vec<(MoneyLaw, String)> {
    let mut found = vec![];
    let verified = verify_money(database, |told| {
        if let Told::Found(violation) = told {
            assert_ne!(violation.expected, violation.found, "{violation}");
            found.push((violation.law, violation.subject));
        }
    });
    assert_eq!(verified.await.unwrap().violations, found.len() as u64);
    found
}

/// Trips of every end.
struct Trips {
    captured: Uuid,
    partly: Uuid,
    uncollected: Uuid,
    cancelled: Uuid,
    entered: Uuid,
}

async fn trade(shop: &Shop) -> Trips {
    let uncollected = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    let captured = shop.twin.walk("visa", &demo_items(3)).await.unwrap().trip;
    let cancelled = shop.twin.walk("amex", &[]).await.unwrap().trip;
    shop.settle().await;
    sqlx::query("UPDATE store SET decline = 'capture_authorized'").execute(&shop.database).await.unwrap();
    shop.twin.put_card(twin::Card { limit_minor: 300, ..twin::Card::visa_named("little") });
    let partly = shop.twin.walk(twin::Visit::of("little").holding_minor(300), &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let entered = shop.twin.tap("visa").await.unwrap().trip;
    for (trip, state) in [
        (captured, "captured"),
        (partly, "partly_captured"),
        (uncollected, "uncollected"),
        (cancelled, "cancelled"),
        (entered, "entered"),
    ] {
        assert_eq!(shop.state(trip).await, state);
    }
    Trips { captured, partly, uncollected, cancelled, entered }
}

/// An amount added to the entry of this account and kind of this trip.
fn shifted(trip: Uuid, account: &str, kind: &str) -> String {
    format!(
        "UPDATE ledger_entry SET amount_minor = amount_minor + 1 FROM ledger_transaction posting
         WHERE posting.ledger_transaction_id = ledger_entry.ledger_transaction_id AND posting.trip_id = '{trip}'
             AND account = '{account}' AND kind = '{kind}'"
    )
}

/// Two entries that balance, under a kind.
fn booked(trip: Uuid, kind: &str, debit: &str, credit: &str, amount: i64) -> String {
    format!(
        "WITH posting AS (
             INSERT INTO ledger_transaction (store_id, currency, trip_id, kind, posted_at)
             SELECT store_id, currency, trip_id, '{kind}', started_at FROM trip WHERE trip_id = '{trip}'
             RETURNING ledger_transaction_id, trip_id)
         INSERT INTO ledger_entry (ledger_transaction_id, entry_no, account, trip_id, amount_minor)
         SELECT ledger_transaction_id, 1, '{debit}', trip_id, {amount} FROM posting
         UNION ALL SELECT ledger_transaction_id, 2, '{credit}', trip_id, -{amount} FROM posting"
    )
}

/// Everything that is planted, each with the laws that it breaks.
fn plants(trips: &Trips) -> Vec<(String, Vec<MoneyLaw>)> {
    use MoneyLaw::*;
    let Trips { captured, partly, uncollected, cancelled, entered } = trips;
    let row = |table: &str, set: &str, trip: &Uuid| format!("UPDATE {table} SET {set} WHERE trip_id = '{trip}'");
    let without =
        |table: &str, constraint: &str, sql: String| format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}; {sql}");
    vec![
        // The ledger, entry by entry.
        (shifted(*captured, "sales", "priced"), vec![Balanced]),
        (shifted(*captured, "trip_in_flight", "priced"), vec![Balanced, TotalIsPriced, PurchaseIsPriced, InFlightByState]),
        (shifted(*captured, "tax_payable", "priced"), vec![Balanced, TaxIsPriced]),
        (shifted(*captured, "card_clearing", "captured"), vec![Balanced, Conserved, CapturedByState]),
        (shifted(*captured, "trip_in_flight", "captured"), vec![Balanced, Conserved, InFlightByState]),
        (
            shifted(*uncollected, "shopper_receivable", "debt_incurred"),
            vec![Balanced, Conserved, DebtIncurred, ReceivableOfTrip, ReceivableOfInstrument],
        ),
        (format!("DELETE FROM ledger_entry USING ledger_transaction posting
             WHERE posting.ledger_transaction_id = ledger_entry.ledger_transaction_id AND posting.trip_id = '{captured}' AND kind = 'captured'"),
            vec![Complete, InFlightByState, CapturedByState]),
        (format!("DELETE FROM ledger_transaction WHERE trip_id = '{partly}' AND kind = 'captured'"),
            vec![Complete, InFlightByState, CapturedByState]),
        (format!("UPDATE ledger_transaction SET kind = 'corrected' WHERE trip_id = '{captured}' AND kind = 'captured'"),
            vec![Conserved, CapturedByState]),
        (format!("UPDATE ledger_entry SET trip_id = '{partly}' WHERE trip_id = '{captured}' AND account = 'sales'"), vec![OwnTrip]),
        (format!("UPDATE ledger_transaction SET trip_id = '{cancelled}' WHERE trip_id = '{captured}' AND kind = 'captured'"),
            vec![OwnTrip, InFlightByState, InFlightByState, CapturedByState, CapturedByState]),
        (format!("UPDATE ledger_transaction SET store_id = 'another' WHERE trip_id = '{captured}' AND kind = 'captured'"), vec![OwnTrip]),
        (format!("UPDATE ledger_transaction SET currency = 'EUR' WHERE trip_id = '{captured}' AND kind = 'captured'"), vec![OneCurrency]),
        (row("purchase", "currency = 'EUR'", captured), vec![OneCurrency]),
        (row("debt", "currency = 'EUR'", uncollected), vec![OneCurrency, ReceivableOfInstrument, ReceivableOfInstrument]),
        // What a trip says.
        (row("trip", "total_minor = total_minor + 1, capture_minor = capture_minor + 1", captured), vec![TotalIsPriced, CapturedByState]),
        (row("trip", "capture_minor = capture_minor - 1", partly), vec![CapturedByState]),
        (row("trip", "state = 'capturing'", captured), vec![InFlightByState, CapturedByState]),
        (row("trip", "state = 'capture_unconfirmed'", captured), vec![SuspenseByState, CapturedByState]),
        (row("trip", "state = 'recovered', capture_minor = total_minor", uncollected), vec![RecoveredByState]),
        (row("trip", "state = 'cancelled', total_minor = NULL, capture_minor = NULL", captured), vec![TotalIsPriced, CapturedByState]),
        (row("trip", "state = 'uncollected', total_minor = 100, cause = 'system_error'", entered), vec![TotalIsPriced]),
        (row("purchase", "price_minor = price_minor + 1, total_minor = total_minor + 1", captured), vec![PurchaseIsPriced]),
        (row("purchase", "price_minor = price_minor + 1, tax_minor = tax_minor - 1", captured), vec![TaxIsPriced]),
        (row("purchase", "price_minor = price_minor - 1, deposits_minor = deposits_minor + 1", captured), vec![DepositsArePriced]),
        (format!("DELETE FROM purchase WHERE trip_id = '{captured}'"), vec![PurchaseIsPriced, TaxIsPriced]),
        // What a debt says.
        (without("debt", "debt_law", row("debt", "incurred_minor = incurred_minor + 1", uncollected)), vec![DebtConserved, DebtIncurred]),
        (row("debt", "outstanding_minor = outstanding_minor - 1, paid_minor = 1", uncollected),
            vec![DebtPaid, ReceivableOfTrip, ReceivableOfInstrument]),
        (row("debt", "outstanding_minor = outstanding_minor - 1, recovered_minor = 1", uncollected),
            vec![DebtRecovered, ReceivableOfTrip, ReceivableOfInstrument]),
        (row("debt", "outstanding_minor = outstanding_minor - 1, credited_minor = 1", uncollected),
            vec![DebtCredited, ReceivableOfTrip, ReceivableOfInstrument]),
        (row("debt", "outstanding_minor = outstanding_minor - 1, written_off_minor = 1", uncollected),
            vec![DebtWrittenOff, ReceivableOfTrip, ReceivableOfInstrument]),
        (row("debt", "instrument_id = NULL", uncollected), vec![ReceivableOfTrip, UnresolvedOfTrip, ReceivableOfInstrument]),
        (row("debt", "instrument_id = 'somebody-else'", uncollected), vec![ReceivableOfInstrument, ReceivableOfInstrument]),
        (format!("DELETE FROM debt WHERE trip_id = '{partly}'"), vec![DebtIncurred, ReceivableOfTrip, ReceivableOfInstrument]),
        ("UPDATE ledger_entry SET instrument_id = 'somebody-else' WHERE account = 'shopper_receivable' AND amount_minor > 800".to_owned(),
            vec![ReceivableOfInstrument, ReceivableOfInstrument]),
        // What is given back.
        (booked(*captured, "refund_done", "refund_clearing", "card_clearing", 1), vec![RefundedAsApproved]),
        (format!("{}; {}", booked(*partly, "refund_approved", "sales_returns", "refund_clearing", 301),
            booked(*partly, "refund_by_hand", "refund_clearing", "external_payments", 301)), vec![RefundedAtMost]),
        (booked(*captured, "credit_refund_approved", "shopper_credit", "refund_clearing", 1), vec![CreditAtMost]),
        (format!("INSERT INTO attempt (attempt_id, outbox_id, trip_id, api, fence, request, outcome, sent_at)
             SELECT gen_random_uuid(), outbox_id, trip_id, api, fence + 1, request, outcome, sent_at FROM attempt
             WHERE trip_id = '{captured}' AND api = 'capture_charge'"), vec![CapturedOnce]),
    ]
}

#[sqlx::test(migrations = "../migrations")]
async fn every_way_to_break_the_law_of_money_is_found_and_named(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect.clone()).await;
    let trips = trade(&shop).await;
    let database = planting(connect).await;
    assert_eq!(violations(&database).await, []);
    let mut seen = BTreeSet::new();
    let mut wrong = vec![];
    for (sql, laws) in plants(&trips) {
        let found = planted(&database, &sql).await;
        let mut broken: Vec<MoneyLaw> = found.iter().map(|(law, _)| *law).collect();
        broken.sort();
        seen.extend(broken.iter().copied());
        if broken != laws {
            wrong.push(format!("{sql}\n  wanted {laws:?}\n  found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let never: Vec<_> = MoneyLaw::ALL.iter().filter(|law| !seen.contains(law)).collect();
    assert_eq!(never, [&MoneyLaw::Complete; 0], "each law is broken once at least");
    assert_eq!(violations(&database).await, [], "what was planted is gone");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_violation_names_the_trip_the_instrument_or_the_transaction(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect.clone()).await;
    let trips = trade(&shop).await;
    let database = planting(connect).await;
    let found = planted(&database, &shifted(trips.uncollected, "shopper_receivable", "debt_incurred")).await;
    let number: i64 = sqlx::query_scalar(
        "SELECT ledger_transaction_id FROM ledger_transaction WHERE trip_id = $1 AND kind = 'debt_incurred'",
    )
    .bind(trips.uncollected.to_string())
    .fetch_one(&database)
    .await
    .unwrap();
    assert_eq!(found[0].1, format!("ledger transaction {number}"));
    assert_eq!(found[1].1, format!("trip {}", trips.uncollected));
    assert_eq!(found.last().unwrap().1, "instrument shopper-insufficient-0001 in USD");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_approved_and_taken_may_be_given_back_whole(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect.clone()).await;
    let trips = trade(&shop).await;
    let database = planting(connect).await;
    let whole = [
        booked(trips.partly, "refund_approved", "sales_returns", "refund_clearing", 300),
        booked(trips.partly, "refund_done", "refund_clearing", "card_clearing", 200),
        booked(trips.partly, "refund_by_hand", "refund_clearing", "external_payments", 100),
    ];
    assert_eq!(planted(&database, &whole.join("; ")).await, []);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_empty_database_has_nothing_to_violate(_: PgPoolOptions, connect: PgConnectOptions) {
    assert_eq!(violations(&planting(connect).await).await, []);
}
