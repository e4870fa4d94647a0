//! Rows of an earlier version live on: what a migration makes of them, the program reads, and prices the same.

use domain::catalog::RuleSetId;
use domain::id::{StoreId, TripId};
use domain::money::{Currency, Money, Rounding};
use domain::pricing::BadLineCause;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection};
use time::macros::datetime;

use super::*;
use crate::flow::verify_prices::verify_prices;
use crate::store;

/// The last migration before rule parts, promotions, deposits and explanations.
const BEFORE_RULE_PARTS: i64 = 20_261_121_000_007;

/// A store with two versions of its rules, and a visit of each: one with a weighed line and a bad one, one that only waits.
const OLD_ROWS: &str = r#"
    INSERT INTO store VALUES ('store-1', 'Corner Shop', '1 Main Street', '12-3', 'help@example.com', 'USD', 'customer_managed', NULL,
        'always', 'charge_recognised', 'debt_in_full', 'half_even', 2760, true, true, '2026-01-01T00:00:00Z');
    INSERT INTO rule_set (store_id, in_force_from, created_at) VALUES
        ('store-1', '1970-01-01T00:00:00Z', '2026-01-01T00:00:00Z'), ('store-1', '2026-02-01T00:00:00Z', '2026-01-15T00:00:00Z');
    INSERT INTO catalog_item VALUES
        (1, 'tea', 'Tea', 'unit', 199, 'beverage'), (1, 'ham', 'Ham', 'lb', 1000, 'grocery'), (2, 'tea', 'Tea', 'unit', 299, 'beverage');
    INSERT INTO catalog_identifier VALUES (1, 'UPC', '036000291452', 'tea'), (2, 'UPC', '036000291452', 'tea');
    INSERT INTO tax_rate VALUES (1, 'beverage', 8.875), (1, 'grocery', 0), (2, 'beverage', 10);
    INSERT INTO trip (trip_id, store_id, currency, state, total_minor, capture_minor, started_at, deadline_at, updated_at) VALUES
        ('trip-1', 'store-1', 'USD', 'captured', 715, 715, '2026-01-20T10:00:00Z', '2026-01-22T08:00:00Z', '2026-01-20T10:30:00Z'),
        ('trip-2', 'store-1', 'USD', 'in_review', NULL, NULL, '2026-02-02T10:00:00Z', '2026-02-04T08:00:00Z', '2026-02-02T10:30:00Z');
    INSERT INTO cart (trip_id, request_id, ended_at, auth_events, items, items_sha256, received_at) VALUES
        ('trip-1', gen_random_uuid(), '2026-01-20T10:10:00Z', '[]', '{"items": [
            {"id": "0036000291452", "kind": "SCANCODE", "quantity": {"value": "1", "unit": "unit"}},
            {"id": "nobody-knows", "kind": "SKU", "quantity": {"value": "2", "unit": "unit"}},
            {"id": "ham", "kind": "SKU", "quantity": {"value": "0.498", "unit": "lb"}, "line_item_id": "line-c"}]}',
            decode(repeat('00', 32), 'hex'), '2026-01-20T10:20:00Z'),
        ('trip-2', gen_random_uuid(), '2026-02-02T10:10:00Z', '[]', '{"items": [
            {"id": "gone", "kind": "SKU", "quantity": {"value": "1", "unit": "unit"}}]}',
            decode(repeat('00', 32), 'hex'), '2026-02-02T10:20:00Z');
    INSERT INTO purchase VALUES
        ('00000000-0000-0000-0000-000000000001', 'trip-1', 1, 'USD', 'half_even', 697, 18, 715, '2026-01-20T10:20:00Z'),
        ('00000000-0000-0000-0000-000000000002', 'trip-2', 2, 'USD', 'half_even', 0, 0, 0, '2026-02-02T10:20:00Z');
    INSERT INTO purchase_line VALUES
        ('00000000-0000-0000-0000-000000000001', 1, 'tea', 'Tea', 1, 'unit', 199, 199, 8.875, 18, NULL),
        ('00000000-0000-0000-0000-000000000001', 3, 'ham', 'Ham', 0.498, 'lb', 1000, 498, 0, 0, 'line-c');
    INSERT INTO bad_line VALUES
        ('00000000-0000-0000-0000-000000000001', 2, '{"id": "nobody-knows", "kind": "SKU", "quantity": {"value": "2", "unit": "unit"}}',
            'unknown_item'),
        ('00000000-0000-0000-0000-000000000002', 1, '{"id": "gone", "kind": "SKU", "quantity": {"value": "1", "unit": "unit"}}',
            'unknown_item');
"#;

/// A database as the version before left it, then brought up to date.
async fn migrate_old_rows(options: &PgConnectOptions) -> PgPool {
    let mut conn = PgConnection::connect_with(options).await.unwrap();
    let before = MIGRATOR.iter().filter(|it| it.version <= BEFORE_RULE_PARTS).cloned().collect();
    Migrator::with_migrations(before).run_direct(None, &mut conn, false).await.unwrap();
    conn.execute(OLD_ROWS).await.unwrap();
    conn.close().await.unwrap();
    assert!(matches!(connect(options.clone()).await, Err(DatabaseError::NotMigrated)), "it is not up to date yet");
    assert_eq!(migrate(options).await.unwrap(), MIGRATOR.iter().count());
    connect(options.clone()).await.unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

#[sqlx::test(migrations = false)]
async fn purchases_of_the_version_before_say_when_they_were_priced_and_are_priced_the_same_again(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let pool = migrate_old_rows(&options).await;
    let mut conn = pool.acquire().await.unwrap();
    let (first, second) = (TripId::new("trip-1").unwrap(), TripId::new("trip-2").unwrap());
    let stored = store::purchase::get_with_occasion(&mut conn, &first).await.unwrap().unwrap();
    assert_eq!(stored.occasion.at, datetime!(2026-01-20 10:00 UTC), "the start of the visit, not when it was priced");
    assert!(!stored.occasion.member);
    let it = stored.purchase;
    assert_eq!(
        (it.rule_set, it.engine_version),
        (RuleSetId(1), 0),
        "an engine that is older than every one with a number"
    );
    assert_eq!((it.settings.rounding, it.settings.jurisdiction.as_str()), (Rounding::HalfEven, "US-NY"));
    let sums = [it.price, it.promotions, it.tax, it.tax_included, it.deposits, it.total];
    assert_eq!(sums, [697, 0, 18, 0, 0, 715].map(usd));
    let lines: Vec<_> =
        it.lines.iter().map(|line| (line.line_no, line.price, line.discount, line.tax, line.deposit)).collect();
    assert_eq!(lines, [(1, usd(199), usd(0), usd(18), usd(0)), (3, usd(498), usd(0), usd(0), usd(0))]);
    assert_eq!(it.lines[1].line_item_id.as_deref(), Some("line-c"));
    assert_eq!(
        it.bad_lines.iter().map(|bad| (bad.line_no, bad.cause)).collect::<Vec<_>>(),
        [(2, BadLineCause::UnknownItem)]
    );
    let stored = store::purchase::get_with_occasion(&mut conn, &second).await.unwrap().unwrap();
    assert_eq!((stored.occasion.at, stored.purchase.rule_set), (datetime!(2026-02-02 10:00 UTC), RuleSetId(2)));
    drop(conn);

    let verified = verify_prices(&pool, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences), (2, vec![]), "by the rules of then, cent by cent");
}

#[sqlx::test(migrations = false)]
async fn rules_of_the_version_before_become_parts_that_are_in_force_when_they_were(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let pool = migrate_old_rows(&options).await;
    let mut conn = pool.acquire().await.unwrap();
    let id = StoreId::new("store-1").unwrap();
    for (at, version) in [(datetime!(2026-01-31 23:59 UTC), 1), (datetime!(2026-02-01 00:00 UTC), 2)] {
        let in_force = store::rule_set::in_force(&mut conn, &id, at).await.unwrap().unwrap();
        assert_eq!(in_force.id, RuleSetId(version), "{at}");
        let rates = store::tax_rate::list(&mut conn, in_force.parts.taxes).await.unwrap();
        assert_eq!(rates.len(), if version == 1 { 2 } else { 1 }, "{at}");
        assert!(rates.iter().all(|rate| rate.jurisdiction.as_str() == "US-NY" && !rate.included));
        let promotions = store::promotion::list(&mut conn, in_force.parts.promotions, Currency::USD).await.unwrap();
        assert_eq!(promotions, []);
    }
    let next = store::rule_part::insert(
        &mut conn,
        &id,
        store::rule_part::PartKind::Taxes,
        "x",
        None,
        datetime!(2026-03-01 0:00 UTC),
    );
    assert!(next.await.unwrap().0 > 2, "numbers go on after those of the parts that were made");
}
