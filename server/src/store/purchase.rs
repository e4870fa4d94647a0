//! The tables `purchase`, `purchase_line` and `bad_line`: priced carts.

use domain::cart::CartItem;
use domain::catalog::RuleSetId;
use domain::id::{PurchaseId, Sku, TripId};
use domain::money::{Currency, Money};
use domain::pricing::{AppliedPromotion, BadLine, LineTax, Occasion, PricingSettings, Purchase, PurchaseLine, Step};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::settings::{rounding, rounding_word};
use super::{Result, read};

/// Keeps a priced cart, as it was priced on this occasion.
pub async fn insert(
    conn: &mut PgConnection,
    id: PurchaseId,
    trip: &TripId,
    purchase: &Purchase,
    occasion: Occasion,
    now: OffsetDateTime,
) -> Result<()> {
    let (currency, settings) = (purchase.total.currency(), &purchase.settings);
    sqlx::query!(
        "INSERT INTO purchase (purchase_id, trip_id, rule_set_id, currency, rounding, price_minor, tax_minor, total_minor,
             priced_at, engine_version, rounding_level, promotion_policy, jurisdiction, promotions_max,
             cart_discount_max_minor, occasion_at, member, promotions_minor, tax_included_minor, deposits_minor, applied,
             explanation)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        id.0,
        trip.as_str(),
        purchase.rule_set.0,
        currency.code(),
        rounding_word(settings.rounding),
        purchase.price.minor(),
        purchase.tax.minor(),
        purchase.total.minor(),
        now,
        i32::try_from(purchase.engine_version).unwrap_or(i32::MAX),
        settings.rounding_level.as_str(),
        settings.promotion_policy.as_str(),
        settings.jurisdiction.as_str(),
        settings.promotions_max.map(i64::from),
        settings.cart_discount_max.map(Money::minor),
        occasion.at,
        occasion.member,
        purchase.promotions.minor(),
        purchase.tax_included.minor(),
        purchase.deposits.minor(),
        Json(&purchase.applied) as _,
        Json(&purchase.explanation) as _,
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, id, purchase).await
}

async fn insert_lines(conn: &mut PgConnection, id: PurchaseId, purchase: &Purchase) -> Result<()> {
    insert_priced_lines(&mut *conn, id, &purchase.lines).await?;
    for bad in &purchase.bad_lines {
        sqlx::query!(
            "INSERT INTO bad_line (purchase_id, line_no, item, cause) VALUES ($1, $2, $3, $4)",
            id.0,
            line_no_column(bad.line_no),
            Json(&bad.item) as _,
            bad.cause.as_str(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// All in one statement: Amazon waits for the answer to a cart, however long it is.
async fn insert_priced_lines(conn: &mut PgConnection, id: PurchaseId, lines: &[PurchaseLine]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO purchase_line (purchase_id, line_no, sku, name, quantity, unit, unit_price_minor, price_minor,
             discount_minor, tax_minor, tax_included_minor, deposit_minor, taxes, applied, explanation, line_item_id)
         SELECT $1, line.* FROM unnest($2::integer[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::bigint[],
             $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::jsonb[], $14::jsonb[], $15::jsonb[],
             $16::text[]) AS line",
        id.0,
        &column(lines, |it| line_no_column(it.line_no)),
        &column(lines, |it| it.sku.as_str()) as _,
        &column(lines, |it| it.name.as_str()) as _,
        &column(lines, |it| it.quantity) as _,
        &column(lines, |it| it.unit.as_str()) as _,
        &column(lines, |it| it.unit_price.minor()),
        &column(lines, |it| it.price.minor()),
        &column(lines, |it| it.discount.minor()),
        &column(lines, |it| it.tax.minor()),
        &column(lines, |it| it.tax_included.minor()),
        &column(lines, |it| it.deposit.minor()),
        &column(lines, |it| Json(&it.taxes)) as _,
        &column(lines, |it| Json(&it.applied)) as _,
        &column(lines, |it| Json(&it.explanation)) as _,
        &column(lines, |it| it.line_item_id.as_deref()) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, T>(lines: &'a [PurchaseLine], value: impl Fn(&'a PurchaseLine) -> T) -> Vec<T> {
    lines.iter().map(value).collect()
}

/// Puts another pricing of the same cart in the place of the first one, under the same id: lines of it were identified before anything
/// was charged.
pub async fn replace(conn: &mut PgConnection, id: PurchaseId, purchase: &Purchase, now: OffsetDateTime) -> Result<()> {
    sqlx::query!("DELETE FROM purchase_line WHERE purchase_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM bad_line WHERE purchase_id = $1", id.0).execute(&mut *conn).await?;
    sqlx::query!(
        "UPDATE purchase SET price_minor = $2, promotions_minor = $3, tax_minor = $4, tax_included_minor = $5,
             deposits_minor = $6, total_minor = $7, engine_version = $8, applied = $9, explanation = $10, priced_at = $11
         WHERE purchase_id = $1",
        id.0,
        purchase.price.minor(),
        purchase.promotions.minor(),
        purchase.tax.minor(),
        purchase.tax_included.minor(),
        purchase.deposits.minor(),
        purchase.total.minor(),
        i32::try_from(purchase.engine_version).unwrap_or(i32::MAX),
        Json(&purchase.applied) as _,
        Json(&purchase.explanation) as _,
        now,
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, id, purchase).await
}

/// The priced cart of a visit.
pub async fn get_by_trip(conn: &mut PgConnection, trip: &TripId) -> Result<Option<(PurchaseId, Purchase)>> {
    Ok(get_with_occasion(conn, trip).await?.map(|stored| (stored.id, stored.purchase)))
}

/// A priced cart with what is needed to price it again.
#[derive(Debug, Clone)]
pub struct StoredPurchase {
    /// Its id.
    pub id: PurchaseId,
    /// The priced cart.
    pub purchase: Purchase,
    /// When and for whom it was priced.
    pub occasion: Occasion,
}

/// The priced cart of a visit, with its occasion.
pub async fn get_with_occasion(conn: &mut PgConnection, trip: &TripId) -> Result<Option<StoredPurchase>> {
    let head = sqlx::query!(
        r#"SELECT purchase_id, rule_set_id, currency, rounding, price_minor, tax_minor, total_minor, engine_version, rounding_level,
               promotion_policy, jurisdiction, promotions_max, cart_discount_max_minor, occasion_at, member, promotions_minor,
               tax_included_minor, deposits_minor, applied AS "applied: Json<Vec<AppliedPromotion>>",
               explanation AS "explanation: Json<Vec<Step>>"
           FROM purchase WHERE trip_id = $1"#,
        trip.as_str(),
    );
    let Some(head) = head.fetch_optional(&mut *conn).await? else { return Ok(None) };
    let currency = read(Currency::new(&head.currency), "purchase.currency")?;
    let id = PurchaseId(head.purchase_id);
    let money = |minor| Money::new(minor, currency);
    let settings = PricingSettings {
        rounding: rounding(&head.rounding)?,
        rounding_level: read(head.rounding_level.parse(), "purchase.rounding_level")?,
        promotion_policy: read(head.promotion_policy.parse(), "purchase.promotion_policy")?,
        jurisdiction: head.jurisdiction.into(),
        promotions_max: read(head.promotions_max.map(u32::try_from).transpose(), "purchase.promotions_max")?,
        cart_discount_max: head.cart_discount_max_minor.map(money),
    };
    let purchase = Purchase {
        rule_set: RuleSetId(head.rule_set_id),
        engine_version: read(u32::try_from(head.engine_version), "purchase.engine_version")?,
        settings,
        lines: list_lines(&mut *conn, id, currency).await?,
        bad_lines: list_bad_lines(conn, id).await?,
        price: money(head.price_minor),
        promotions: money(head.promotions_minor),
        tax: money(head.tax_minor),
        tax_included: money(head.tax_included_minor),
        deposits: money(head.deposits_minor),
        total: money(head.total_minor),
        applied: head.applied.0,
        explanation: head.explanation.0,
    };
    Ok(Some(StoredPurchase { id, purchase, occasion: Occasion { at: head.occasion_at, member: head.member } }))
}

async fn list_lines(conn: &mut PgConnection, id: PurchaseId, currency: Currency) -> Result<Vec<PurchaseLine>> {
    let rows = sqlx::query!(
        r#"SELECT line_no, sku, name, quantity, unit, unit_price_minor, price_minor, discount_minor, tax_minor,
               tax_included_minor, deposit_minor, taxes AS "taxes: Json<Vec<LineTax>>",
               applied AS "applied: Json<Vec<AppliedPromotion>>", explanation AS "explanation: Json<Vec<Step>>", line_item_id
           FROM purchase_line WHERE purchase_id = $1 ORDER BY line_no"#,
        id.0,
    );
    let money = |minor| Money::new(minor, currency);
    let lines = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(PurchaseLine {
            line_no: line_no(row.line_no)?,
            sku: read(Sku::new(&row.sku), "purchase_line.sku")?,
            name: row.name,
            quantity: row.quantity,
            unit: row.unit,
            unit_price: money(row.unit_price_minor),
            price: money(row.price_minor),
            discount: money(row.discount_minor),
            tax: money(row.tax_minor),
            tax_included: money(row.tax_included_minor),
            deposit: money(row.deposit_minor),
            taxes: row.taxes.0,
            applied: row.applied.0,
            explanation: row.explanation.0,
            line_item_id: row.line_item_id,
        })
    });
    lines.collect()
}

/// Visits with a purchase, up to `limit` after `after` in the order of their ids.
pub async fn list_trips(conn: &mut PgConnection, after: Option<&TripId>, limit: i64) -> Result<Vec<TripId>> {
    let ids = sqlx::query_scalar!(
        "SELECT trip_id FROM purchase WHERE $1::text IS NULL OR trip_id > $1 ORDER BY trip_id LIMIT $2",
        after.map(TripId::as_str),
        limit,
    );
    ids.fetch_all(conn).await?.iter().map(|id| read(TripId::new(id), "purchase.trip_id")).collect()
}

/// A cart with lines that could not be priced, less those that a person has identified.
#[derive(Debug, Clone)]
pub struct BadCart {
    /// The visit.
    pub trip: TripId,
    /// The store.
    pub store: String,
    /// The visit's state, in one word: only `in_review` waits for a person.
    pub state: String,
    /// Until when something can be charged.
    pub deadline_at: OffsetDateTime,
    /// What the recognised lines cost.
    pub total: Money,
    /// The others.
    pub bad_lines: Vec<BadLine>,
}

/// Carts with lines that could not be priced and that nobody has identified, those in review first, the nearest deadline first.
pub async fn list_bad_carts(conn: &mut PgConnection) -> Result<Vec<BadCart>> {
    let rows = sqlx::query!(
        "SELECT purchase_id, trip_id, store_id, state, deadline_at, total_minor AS purchase_minor, purchase.currency
         FROM purchase JOIN (SELECT trip_id, store_id, state, deadline_at FROM trip) trip USING (trip_id)
         WHERE EXISTS (SELECT FROM bad_line WHERE bad_line.purchase_id = purchase.purchase_id
             AND NOT EXISTS (SELECT FROM line_identification it WHERE it.trip_id = purchase.trip_id AND it.line_no = bad_line.line_no))
         ORDER BY state = 'in_review' DESC, deadline_at, trip_id",
    );
    let mut carts = vec![];
    for row in rows.fetch_all(&mut *conn).await? {
        let trip = read(TripId::new(&row.trip_id), "purchase.trip_id")?;
        // Identified too late, a line stays a bad one of its purchase, which says what was charged.
        let identified = super::line_identification::list_all(&mut *conn, &trip).await?;
        let mut bad_lines = list_bad_lines(&mut *conn, PurchaseId(row.purchase_id)).await?;
        bad_lines.retain(|bad| !identified.contains_key(&bad.line_no));
        carts.push(BadCart {
            trip,
            store: row.store_id,
            state: row.state,
            deadline_at: row.deadline_at,
            total: Money::new(row.purchase_minor, read(Currency::new(&row.currency), "purchase.currency")?),
            bad_lines,
        });
    }
    Ok(carts)
}

/// How many purchases there are.
pub async fn count(conn: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM purchase"#).fetch_one(conn).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

async fn list_bad_lines(conn: &mut PgConnection, id: PurchaseId) -> Result<Vec<BadLine>> {
    let rows = sqlx::query!(
        r#"SELECT line_no, item AS "item: Json<CartItem>", cause FROM bad_line WHERE purchase_id = $1 ORDER BY line_no"#,
        id.0,
    );
    let lines = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(BadLine {
            line_no: line_no(row.line_no)?,
            item: row.item.0,
            cause: read(row.cause.parse(), "bad_line.cause")?,
        })
    });
    lines.collect()
}

/// A cart of more lines than the column holds does not fit into a request of ours either.
fn line_no_column(line_no: u32) -> i32 {
    i32::try_from(line_no).unwrap_or(i32::MAX)
}

fn line_no(column: i32) -> Result<u32> {
    read(u32::try_from(column), "line_no")
}

#[cfg(test)]
mod tests {
    use domain::catalog::RuleSetId;
    use rust_decimal::Decimal;
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use uuid::Uuid;

    use super::super::fixture::{self, NOW, add_rule_set, add_trip, assert_refused, id, occasion, refusal, usd};
    use super::*;

    const FIRST: PurchaseId = PurchaseId(Uuid::from_u128(1));

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_purchase_reads_back_with_its_lines_and_its_bad_lines(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let purchase = fixture::purchase(add_rule_set(&mut conn).await);
        assert_eq!(get_by_trip(&mut conn, &trip).await.unwrap(), None);
        insert(&mut conn, FIRST, &trip, &purchase, occasion(), NOW).await.unwrap();
        assert_eq!(get_by_trip(&mut conn, &trip).await.unwrap(), Some((FIRST, purchase)));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_purchase_keeps_its_occasion_and_another_pricing_takes_its_place_under_its_id(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let first = fixture::purchase(add_rule_set(&mut conn).await);
        insert(&mut conn, FIRST, &trip, &first, occasion(), NOW).await.unwrap();
        let mut again = first.clone();
        again.lines.push(PurchaseLine { line_no: 2, line_item_id: None, ..first.lines[1].clone() });
        again.bad_lines.clear();
        (again.price, again.tax_included, again.total) = (usd(998), usd(40), usd(998));
        replace(&mut conn, FIRST, &again, NOW).await.unwrap();
        let stored = get_with_occasion(&mut conn, &trip).await.unwrap().unwrap();
        again.lines.sort_by_key(|line| line.line_no);
        assert_eq!((stored.id, stored.purchase), (FIRST, again));
        assert_eq!((stored.occasion.at, stored.occasion.member), (NOW, true));
        assert_eq!(count(&mut conn).await.unwrap(), 1);
        assert_eq!(list_trips(&mut conn, None, 10).await.unwrap(), std::slice::from_ref(&trip));
        assert_eq!(list_trips(&mut conn, Some(&trip), 10).await.unwrap(), []);
        assert!(list_bad_carts(&mut conn).await.unwrap().is_empty(), "no line of it is bad any more");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_purchase_of_bad_lines_alone_costs_nothing_and_reads_back(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let whole = fixture::purchase(add_rule_set(&mut conn).await);
        let nothing = Purchase {
            lines: vec![],
            price: usd(0),
            promotions: usd(0),
            tax: usd(0),
            tax_included: usd(0),
            deposits: usd(0),
            total: usd(0),
            ..whole
        };
        insert(&mut conn, FIRST, &trip, &nothing, occasion(), NOW).await.unwrap();
        assert_eq!(get_by_trip(&mut conn, &trip).await.unwrap(), Some((FIRST, nothing)));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_visit_has_one_purchase(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let purchase = fixture::purchase(add_rule_set(&mut conn).await);
        insert(&mut conn, FIRST, &trip, &purchase, occasion(), NOW).await.unwrap();
        let second = insert(&mut conn, PurchaseId(Uuid::from_u128(2)), &trip, &purchase, occasion(), NOW).await;
        assert_eq!(refusal(second), "purchase_once_per_trip");
        let stranger =
            insert(&mut conn, PurchaseId(Uuid::from_u128(3)), &id("trip-2"), &purchase, occasion(), NOW).await;
        assert_eq!(refusal(stranger), "purchase_trip");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_purchase_that_does_not_add_up_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let right = fixture::purchase(add_rule_set(&mut conn).await);
        let with = |change: fn(&mut Purchase)| {
            let mut purchase = right.clone();
            change(&mut purchase);
            purchase
        };
        let wrong = [
            (with(|it| it.total = usd(750)), "purchase_total"),
            (with(|it| it.tax = usd(0)), "purchase_total"),
            (with(|it| it.promotions = usd(0)), "purchase_total"),
            (with(|it| it.deposits = usd(0)), "purchase_total"),
            (
                with(|it| (it.price, it.promotions, it.tax_included, it.total) = (usd(-1), usd(-1), usd(0), usd(50))),
                "purchase_price",
            ),
            (with(|it| (it.tax, it.total) = (usd(-40), usd(669))), "purchase_tax"),
            (with(|it| (it.deposits, it.total) = (usd(-10), usd(729))), "purchase_deposits"),
            (with(|it| (it.promotions, it.total) = (usd(-50), usd(849))), "purchase_promotions"),
            (with(|it| (it.promotions, it.total) = (usd(750), usd(49))), "purchase_promotions"),
            (with(|it| it.tax_included = usd(700)), "purchase_tax_included"),
            (with(|it| it.rule_set = RuleSetId(0)), "purchase_rule_set"),
            (with(|it| it.lines[0].quantity = Decimal::ZERO), "purchase_line_quantity"),
            (with(|it| it.lines[0].price = usd(-1)), "purchase_line_discount"),
            (with(|it| it.lines[0].tax = usd(-1)), "purchase_line_tax"),
            (with(|it| it.lines[0].discount = usd(-1)), "purchase_line_discount"),
            (with(|it| it.lines[0].discount = usd(501)), "purchase_line_discount"),
            (with(|it| it.lines[0].tax_included = usd(451)), "purchase_line_tax_included"),
            (with(|it| it.lines[0].deposit = usd(-1)), "purchase_line_deposit"),
            (with(|it| it.lines[1].line_no = 1), "purchase_line_pk"),
            (with(|it| it.bad_lines.push(it.bad_lines[0].clone())), "bad_line_pk"),
        ];
        for (wrong, constraint) in wrong {
            let mut tx = conn.begin().await.unwrap();
            assert_eq!(refusal(insert(&mut tx, FIRST, &trip, &wrong, occasion(), NOW).await), constraint);
        }
        insert(&mut conn, FIRST, &trip, &right, occasion(), NOW).await.unwrap();
        assert_refused(&mut conn, "bad_line", &[("cause = 'bad luck'", "bad_line_cause")]).await;
    }
}
