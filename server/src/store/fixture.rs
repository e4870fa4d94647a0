//! What row tests start from: connections as the program has them, and one of everything.

use std::fmt::Debug;
use std::str::FromStr;
use std::time::Duration;

use domain::cart::{CartItem, CartItemKind, Quantity};
use domain::catalog::{CatalogItem, RuleSet, RuleSetId, SoldBy};
use domain::gate::{CardInteraction, GateEventKind, GateRequest, Recommendation};
use domain::id::InstrumentId;
use domain::money::{Currency, Money, Rounding};
use domain::pricing::{
    AppliedPromotion, BadLine, BadLineCause, ENGINE_VERSION, LineTax, Occasion, PricingSettings, PromotionPolicy,
    Purchase, PurchaseLine, RoundingLevel, Step,
};
use domain::promotion::PromotionId;
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use domain::tax::TaxRate;
use domain::trip::Trip;
use rust_decimal::Decimal;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgQueryResult};
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, PgTransaction, Postgres};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::task::JoinSet;

use super::trip::TripRow;
use super::{Result, StoreError, instrument, rule_set, settings, trip};
use crate::database;
use crate::secret::Secret;
use crate::vault::Vault;

/// When every test happens.
pub(super) const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

/// SQLSTATE `insufficient_privilege`.
pub(super) const NO_PERMISSION: &str = "42501";

/// How long a statement waits for a lock. A test that would wait for ever fails instead.
const LOCK_TIMEOUT: &str = "20s";

/// Connections that work as the program's own role, so that what it may not do fails in a test as well.
pub(super) async fn pool(database: PgConnectOptions) -> PgPool {
    let options = database::pool_options().acquire_timeout(Duration::from_secs(60));
    options
        .connect_with(database.options([("lock_timeout", LOCK_TIMEOUT)]))
        .await
        .expect("the database was made for this test")
}

/// The vault that every test has.
pub(super) fn vault() -> Vault {
    Vault::new(&[Secret::new("a key for tests, long enough for anyone")])
}

/// One connection as the program's own role.
pub(super) async fn connect(database: PgConnectOptions) -> PgConnection {
    pool(database).await.acquire().await.expect("the pool has a connection open").detach()
}

/// Runs `racer` on `count` connections at once, which are all open before the first one starts, and gives what each came
/// back with.
pub(super) async fn race<T, F>(pool: &PgPool, count: usize, racer: impl Fn(PoolConnection<Postgres>) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut conns = vec![];
    for _ in 0..count {
        conns.push(pool.acquire().await.expect("the pool is larger than any race"));
    }
    conns.into_iter().map(racer).collect::<JoinSet<T>>().join_all().await
}

/// Runs `racer` on `count` connections that all need what `holder` has locked, and lets go once every one of them waits for it:
/// by then each has seen the rows as they were before.
pub(super) async fn race_behind<T, F>(
    pool: &PgPool,
    holder: PgTransaction<'_>,
    count: usize,
    racer: impl Fn(PoolConnection<Postgres>) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut racers = JoinSet::new();
    for _ in 0..count {
        racers.spawn(racer(pool.acquire().await.expect("the pool is larger than any race")));
    }
    let all_wait = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
        while usize::try_from(sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await?) != Ok(count) {}
        Ok::<_, sqlx::Error>(())
    };
    let waited = tokio::time::timeout(Duration::from_secs(15), all_wait).await;
    waited.expect("every racer waits for the lock").expect("the database says who waits");
    holder.commit().await.expect("the holder's changes can be committed");
    racers.join_all().await
}

/// SQL that no function of `store` has.
pub(super) async fn run(conn: &mut PgConnection, sql: &str) -> Result<PgQueryResult> {
    Ok(conn.execute(AssertSqlSafe(sql.to_owned())).await?)
}

/// How many rows `table` has.
pub(super) async fn count(conn: &mut PgConnection, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(conn).await.expect("the table is there and may be read")
}

/// The name of the constraint that refused.
pub(super) fn refusal<T: Debug>(result: Result<T>) -> String {
    let error = result.expect_err("a constraint refuses this");
    error.constraint().unwrap_or_else(|| panic!("refused by no constraint: {error:?}")).to_owned()
}

/// The SQLSTATE of a refusal.
pub(super) fn refusal_code<T: Debug>(result: Result<T>) -> String {
    match result.expect_err("this is refused") {
        StoreError::Query(sqlx::Error::Database(error)) => error.code().unwrap_or_default().into_owned(),
        other => panic!("not refused by the database: {other:?}"),
    }
}

/// Tries each change on the rows of `table`: `(what to set, the name of the constraint that must refuse it)`.
pub(super) async fn assert_refused(conn: &mut PgConnection, table: &str, changes: &[(&str, &str)]) {
    assert!(count(conn, table).await > 0, "a change of no rows is not refused");
    for (change, constraint) in changes {
        let result = run(conn, &format!("UPDATE {table} SET {change}")).await;
        assert_eq!(refusal(result), *constraint, "{table}: {change}");
    }
}

/// An id that is known to be well formed.
pub(super) fn id<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("ids in tests are well formed")
}

/// `minor` cents.
pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A number as it is written.
pub(super) fn decimal(text: &str) -> Decimal {
    text.parse().expect("numbers in tests are well formed")
}

/// A store.
pub(super) fn store() -> Store {
    Store {
        id: id("store-1"),
        merchant: Merchant {
            name: "Corner Store".to_owned(),
            address: "1 Market Street\nSpringfield".to_owned(),
            tax_number: "12-3456789".to_owned(),
            contact: "help@example.com".to_owned(),
        },
        currency: Currency::USD,
        gate_strategy: GateStrategy::CustomerManaged,
        debt_threshold: None,
        feedback: FeedbackPolicy::Always,
        bad_cart: BadCartPolicy::ChargeRecognised,
        review_limit: time::Duration::hours(24),
        decline: DeclinePolicy::DebtInFull,
        pricing: PricingSettings::plain("US-NY"),
        token_life: time::Duration::hours(46),
        capture_repeat_is_safe: true,
        transactional_data_proves_capture: false,
        skips_adjust: false,
        refund: RefundRules::plain(Currency::USD),
    }
}

/// The instrument of [`visit`].
pub(super) fn card() -> InstrumentId {
    id("card-1")
}

/// A visit that has just begun, in [`store`] and with [`card`].
pub(super) fn visit(name: &str) -> TripRow {
    TripRow {
        id: id(name),
        store: store().id,
        instrument: Some(card()),
        currency: Currency::USD,
        state: Trip::Entered,
        hold: Some(usd(2500)),
        started_at: NOW,
        deadline_at: NOW + store().token_life,
    }
}

/// Writes [`store`].
pub(super) async fn add_store(conn: &mut PgConnection) -> Store {
    settings::insert(conn, &store(), NOW).await.expect("a store is written");
    store()
}

/// Writes [`visit`], its store and its instrument.
pub(super) async fn add_trip(conn: &mut PgConnection, name: &str) -> TripRow {
    add_store(conn).await;
    instrument::insert(conn, &card(), NOW).await.expect("an instrument is written");
    let row = visit(name);
    assert!(trip::insert(conn, &row, NOW).await.expect("a trip is written"), "{name} was there already");
    row
}

/// An article that costs `cents`.
pub(super) fn article(sku: &str, cents: i64) -> CatalogItem {
    CatalogItem {
        sku: id(sku),
        name: format!("Article {sku}"),
        sold_by: SoldBy::Unit,
        unit_price: usd(cents),
        tax_category: "standard".into(),
        category: None,
        subcategory: None,
        brand: None,
        identifiers: vec![],
        deposits: vec![],
    }
}

/// The rate of the category that [`article`] has.
pub(super) fn standard_rate(percent: &str) -> TaxRate {
    TaxRate {
        jurisdiction: "US-NY".into(),
        tax_category: "standard".into(),
        name: "Sales tax".into(),
        percent: decimal(percent),
        included: false,
    }
}

/// Rules of these articles and rates, without promotions.
pub(super) fn rules(items: &[CatalogItem], tax_rates: &[TaxRate]) -> RuleSet {
    RuleSet { id: RuleSetId(0), items: items.to_vec(), promotions: vec![], tax_rates: tax_rates.to_vec() }
}

/// A cart line that names an article by its number.
pub(super) fn cart_item(sku: &str) -> CartItem {
    CartItem {
        id: sku.to_owned(),
        kind: CartItemKind::Sku,
        quantity: Quantity { value: decimal("2"), unit: "unit".to_owned() },
        external_identifiers: vec![],
        line_item_id: Some("line-a".to_owned()),
    }
}

/// Writes rules for [`store`], which must be there.
pub(super) async fn add_rule_set(conn: &mut PgConnection) -> RuleSetId {
    let rules = rules(&[article("tea", 250)], &[standard_rate("8.875")]);
    rule_set::insert(conn, &store().id, &rules, NOW, NOW).await.expect("a rule set is written")
}

/// When and for whom [`purchase`] was priced.
pub(super) fn occasion() -> Occasion {
    Occasion { at: NOW, member: true }
}

/// A purchase of two articles and of something unknown, with something in every field.
pub(super) fn purchase(rule_set: RuleSetId) -> Purchase {
    let tax = |included, minor| LineTax {
        jurisdiction: "US-NY".into(),
        name: if included { "VAT".into() } else { "Sales tax".into() },
        percent: decimal("8.875"),
        included,
        amount: usd(minor),
    };
    let applied = AppliedPromotion { id: PromotionId("tea-10".into()), name: "Tea week".into(), amount: usd(50) };
    let line = |line_no, sku, quantity, unit: &str, price| PurchaseLine {
        line_no,
        sku: id(sku),
        name: format!("Article {sku}"),
        quantity: decimal(quantity),
        unit: unit.to_owned(),
        unit_price: usd(250),
        price: usd(price),
        discount: usd(0),
        tax: usd(0),
        tax_included: usd(0),
        deposit: usd(0),
        taxes: vec![],
        applied: vec![],
        explanation: vec![],
        line_item_id: None,
    };
    let tea = PurchaseLine {
        discount: usd(50),
        tax: usd(40),
        deposit: usd(10),
        taxes: vec![tax(false, 40)],
        applied: vec![applied.clone()],
        explanation: vec![Step::Deposited { name: "Bottle".into(), each: usd(5), amount: usd(10) }],
        ..line(1, "tea", "2", "unit", 500)
    };
    let ham = PurchaseLine {
        tax_included: usd(20),
        taxes: vec![tax(true, 20)],
        line_item_id: Some("line-b".to_owned()),
        ..line(3, "ham", "0.995", "lb", 249)
    };
    Purchase {
        rule_set,
        engine_version: ENGINE_VERSION,
        settings: PricingSettings {
            rounding: Rounding::HalfEven,
            rounding_level: RoundingLevel::Invoice,
            promotion_policy: PromotionPolicy::BestDeal,
            promotions_max: Some(7),
            cart_discount_max: Some(usd(9000)),
            ..PricingSettings::plain("US-NY")
        },
        lines: vec![tea, ham],
        bad_lines: vec![BadLine { line_no: 2, item: cart_item("nobody-knows"), cause: BadLineCause::UnknownItem }],
        price: usd(749),
        promotions: usd(50),
        tax: usd(40),
        tax_included: usd(20),
        deposits: usd(10),
        total: usd(749),
        applied: vec![applied],
        explanation: vec![Step::NotCharged { lines: 1 }],
    }
}

/// A tap of `card` at [`store`] that begins the visit `trip-1`.
pub(super) fn tap(event: &str, card: &str) -> GateRequest {
    GateRequest {
        store: store().id,
        event: id(event),
        kind: GateEventKind::CreditCard,
        interaction: Some(CardInteraction::Tap),
        tapped_at: NOW,
        location: "ENTRY".to_owned(),
        instrument: id(card),
        trip: Some(id("trip-1")),
        hold: usd(2500),
        recommendation: Recommendation::default(),
    }
}
