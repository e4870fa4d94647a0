//! The table `rule_set`: versions of what things cost. Each ties a catalog, a list of promotions, a table of taxes and, where the store has
//! them, rules for the gate together.

use domain::cart::Cart;
use domain::catalog::{RuleSet, RuleSetId, barcode_spellings};
use domain::id::StoreId;
use domain::money::Currency;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::rule_part::{PartId, PartKind, Parts};
use super::{Result, StoreError, catalog, promotion, rule_part, tax_rate};

/// A version, without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetRow {
    /// Its number.
    pub id: RuleSetId,
    /// What it ties together.
    pub parts: Parts,
    /// From when on it counts. `None`: it is a draft.
    pub in_force_from: Option<OffsetDateTime>,
    /// Who drafted it. `None`: the program.
    pub drafted_by: Option<String>,
    /// Who published it. `None`: a draft, or the program.
    pub published_by: Option<String>,
    /// The version that it brought back.
    pub restores: Option<RuleSetId>,
    /// When it was drafted.
    pub created_at: OffsetDateTime,
}

struct Row {
    rule_set_id: i64,
    catalog_id: i64,
    promotions_id: i64,
    taxes_id: i64,
    risk_id: Option<i64>,
    in_force_from: Option<OffsetDateTime>,
    drafted_by: Option<String>,
    published_by: Option<String>,
    restores: Option<i64>,
    created_at: OffsetDateTime,
}

impl From<Row> for RuleSetRow {
    fn from(row: Row) -> Self {
        Self {
            id: RuleSetId(row.rule_set_id),
            parts: Parts {
                catalog: PartId(row.catalog_id),
                promotions: PartId(row.promotions_id),
                taxes: PartId(row.taxes_id),
                risk: row.risk_id.map(PartId),
            },
            in_force_from: row.in_force_from,
            drafted_by: row.drafted_by,
            published_by: row.published_by,
            restores: row.restores.map(RuleSetId),
            created_at: row.created_at,
        }
    }
}

/// The version in force at `at`. A visit older than every version gets the first one, since a cart is never refused. `None`: the
/// store has none at all.
pub async fn in_force(conn: &mut PgConnection, store: &StoreId, at: OffsetDateTime) -> Result<Option<RuleSetRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT rule_set_id, catalog_id, promotions_id, taxes_id, risk_id, in_force_from, drafted_by, published_by, restores, created_at
         FROM rule_set WHERE store_id = $1 AND state = 'published'
         ORDER BY in_force_from <= $2 DESC, CASE WHEN in_force_from <= $2 THEN in_force_from END DESC, in_force_from LIMIT 1",
        store.as_str(),
        at,
    );
    Ok(row.fetch_optional(conn).await?.map(RuleSetRow::from))
}

/// One version of a store.
pub async fn get(conn: &mut PgConnection, store: &StoreId, id: RuleSetId) -> Result<Option<RuleSetRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT rule_set_id, catalog_id, promotions_id, taxes_id, risk_id, in_force_from, drafted_by, published_by, restores, created_at
         FROM rule_set WHERE store_id = $1 AND rule_set_id = $2",
        store.as_str(),
        id.0,
    );
    Ok(row.fetch_optional(conn).await?.map(RuleSetRow::from))
}

/// The store's draft, locked. A store has at most one.
pub async fn lock_draft(conn: &mut PgConnection, store: &StoreId) -> Result<Option<RuleSetRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT rule_set_id, catalog_id, promotions_id, taxes_id, risk_id, in_force_from, drafted_by, published_by, restores, created_at
         FROM rule_set WHERE store_id = $1 AND state = 'draft' FOR UPDATE",
        store.as_str(),
    );
    Ok(row.fetch_optional(conn).await?.map(RuleSetRow::from))
}

/// All versions of a store, the newest first.
pub async fn list(conn: &mut PgConnection, store: &StoreId) -> Result<Vec<RuleSetRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT rule_set_id, catalog_id, promotions_id, taxes_id, risk_id, in_force_from, drafted_by, published_by, restores, created_at
         FROM rule_set WHERE store_id = $1 ORDER BY rule_set_id DESC",
        store.as_str(),
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(RuleSetRow::from).collect())
}

/// The part of the version in force at `at` that `cart` needs. `None`: the store has no version at all.
pub async fn in_force_for(
    conn: &mut PgConnection,
    store: &StoreId,
    currency: Currency,
    at: OffsetDateTime,
    cart: &Cart,
) -> Result<Option<RuleSet>> {
    match in_force(&mut *conn, store, at).await? {
        Some(version) => load_for(conn, &version, currency, cart).await.map(Some),
        None => Ok(None),
    }
}

/// The part of a version that `cart` needs: the articles it names in any way, the promotions that can touch them, all tax rates.
pub async fn load_for(
    conn: &mut PgConnection,
    version: &RuleSetRow,
    currency: Currency,
    cart: &Cart,
) -> Result<RuleSet> {
    let items = catalog::list_named(&mut *conn, version.parts.catalog, currency, &names_in(cart)).await?;
    let skus: Vec<String> = items.iter().map(|item| item.sku.to_string()).collect();
    let categories = items.iter().flat_map(|item| [&item.category, &item.subcategory]).flatten();
    let categories: Vec<String> = categories.map(ToString::to_string).collect();
    Ok(RuleSet {
        id: version.id,
        promotions: promotion::list_touching(conn, version.parts.promotions, currency, &skus, &categories).await?,
        tax_rates: tax_rate::list(conn, version.parts.taxes).await?,
        items,
    })
}

/// Every number in a cart that may name an article, in each of its spellings.
fn names_in(cart: &Cart) -> Vec<String> {
    let further = cart.items.iter().flat_map(|item| &item.external_identifiers).map(|it| &it.id);
    let named = cart.items.iter().map(|item| &item.id);
    named.clone().cloned().chain(named.chain(further).flat_map(|id| barcode_spellings(id))).collect()
}

/// Begins a store's draft.
pub async fn insert_draft(
    conn: &mut PgConnection,
    store: &StoreId,
    parts: Parts,
    drafted_by: &str,
    now: OffsetDateTime,
) -> Result<RuleSetId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO rule_set (store_id, state, catalog_id, promotions_id, taxes_id, drafted_by, created_at, risk_id)
         VALUES ($1, 'draft', $2, $3, $4, $5, $6, $7) RETURNING rule_set_id",
        store.as_str(),
        parts.catalog.0,
        parts.promotions.0,
        parts.taxes.0,
        drafted_by,
        now,
        parts.risk.map(|it| it.0),
    );
    Ok(RuleSetId(id.fetch_one(conn).await?))
}

/// Gives a draft other parts.
pub async fn save_draft(conn: &mut PgConnection, id: RuleSetId, parts: Parts, drafted_by: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE rule_set SET catalog_id = $2, promotions_id = $3, taxes_id = $4, drafted_by = $5, risk_id = $6
         WHERE rule_set_id = $1",
        id.0,
        parts.catalog.0,
        parts.promotions.0,
        parts.taxes.0,
        drafted_by,
        parts.risk.map(|it| it.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Publishes a draft.
pub async fn publish(
    conn: &mut PgConnection,
    id: RuleSetId,
    published_by: &str,
    in_force_from: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "UPDATE rule_set SET state = 'published', published_by = $2, in_force_from = $3, published_at = $4
         WHERE rule_set_id = $1",
        id.0,
        published_by,
        in_force_from,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who brings what back.
#[derive(Debug, Clone, Copy)]
pub struct Restored<'a> {
    /// The person.
    pub by: &'a str,
    /// The version.
    pub from: RuleSetId,
}

/// Writes a version that is published already: one that the program made, or one that brings another back.
pub async fn insert_published(
    conn: &mut PgConnection,
    store: &StoreId,
    parts: Parts,
    in_force_from: OffsetDateTime,
    restored: Option<Restored<'_>>,
    now: OffsetDateTime,
) -> Result<RuleSetId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO rule_set (store_id, state, catalog_id, promotions_id, taxes_id, in_force_from, drafted_by, published_by,
             restores, published_at, created_at, risk_id)
         VALUES ($1, 'published', $2, $3, $4, $5, $6, $6, $7, $8, $8, $9) RETURNING rule_set_id",
        store.as_str(),
        parts.catalog.0,
        parts.promotions.0,
        parts.taxes.0,
        in_force_from,
        restored.map(|it| it.by),
        restored.map(|it| it.from.0),
        now,
        parts.risk.map(|it| it.0),
    );
    Ok(RuleSetId(id.fetch_one(conn).await?))
}

/// Writes a whole version of the program's own, all its rows included.
pub async fn insert(
    conn: &mut PgConnection,
    store: &StoreId,
    rules: &RuleSet,
    in_force_from: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<RuleSetId> {
    let mut ids = vec![];
    for kind in PartKind::OF_EVERY_SET {
        ids.push(rule_part::insert(&mut *conn, store, kind, "seed", None, now).await?);
    }
    let [catalog_id, promotions, taxes] = ids[..] else { return Err(StoreError::Corrupt("rule_part")) };
    let parts = Parts { catalog: catalog_id, promotions, taxes, risk: None };
    let mut copy = catalog::CatalogCopy::begin(&mut *conn, catalog_id).await?;
    for (line_no, item) in (1..).zip(&rules.items) {
        copy.push(line_no, item).await?;
    }
    let articles = copy.finish().await?;
    catalog::keep(&mut *conn, catalog_id).await?;
    promotion::insert(&mut *conn, promotions, &rules.promotions).await?;
    tax_rate::insert(&mut *conn, taxes, &rules.tax_rates).await?;
    let counts = [articles, rules.promotions.len() as u64, rules.tax_rates.len() as u64];
    for (part, count) in ids.into_iter().zip(counts) {
        rule_part::save_row_count(&mut *conn, part, count).await?;
    }
    insert_published(conn, store, parts, in_force_from, None, now).await
}

#[cfg(test)]
mod tests {
    use domain::cart::{CartItem, CartItemKind, ExternalIdentifier, IdentifierKind};
    use domain::catalog::{CatalogItem, SoldBy};
    use domain::tax::TaxRate;
    use domain::unit::WeightUnit;
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{
        self, NOW, add_store, article, assert_refused, cart_item, id, refusal, rules as rules_of, standard_rate,
    };
    use super::super::{settings, staff};
    use super::*;

    fn cart_of(sku: &str) -> Cart {
        Cart { items: vec![cart_item(sku)] }
    }

    async fn found(conn: &mut PgConnection, at: OffsetDateTime, cart: &Cart) -> RuleSet {
        in_force_for(conn, &id("store-1"), Currency::USD, at, cart).await.unwrap().unwrap()
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn the_rules_of_a_visit_are_the_newest_that_are_not_after_it(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let none = in_force_for(&mut conn, &store.id, store.currency, NOW, &cart_of("tea")).await.unwrap();
        assert_eq!(none, None, "the store has no rules at all");

        let other = domain::store::Store { id: id("store-2"), ..store.clone() };
        settings::insert(&mut conn, &other, NOW).await.unwrap();
        let day = |day: i64| NOW + Duration::days(day);
        let mut ids = vec![];
        // Not in the order of time, so that neither the id nor the order of writing can decide.
        for (from, price) in [(10, 210), (0, 200), (20, 220)] {
            let rules =
                insert(&mut conn, &store.id, &rules_of(&[article("tea", price)], &[]), day(from), NOW).await.unwrap();
            ids.push(rules);
            insert(&mut conn, &other.id, &rules_of(&[article("tea", 999)], &[]), day(from + 1), NOW).await.unwrap();
        }
        let [tenth, first, last] = ids[..] else { panic!("{ids:?}") };
        let instant = Duration::microseconds(1);
        for (at, rules, price) in [
            (day(-100), first, 200),
            (day(0), first, 200),
            (day(10) - instant, first, 200),
            (day(10), tenth, 210),
            (day(20) - instant, tenth, 210),
            (day(20), last, 220),
            (day(1000), last, 220),
        ] {
            let found = found(&mut conn, at, &cart_of("tea")).await;
            assert_eq!((found.id, found.items[0].unit_price.minor()), (rules, price), "{at}");
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_cart_gets_the_articles_it_names_in_any_way_and_all_tax_rates(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let identifiers =
            catalog::IDENTIFIER_KINDS.map(|(_, kind)| ExternalIdentifier { kind, id: format!("tea-{kind:?}") });
        let barcode = |id: &str| vec![ExternalIdentifier { kind: IdentifierKind::Upc, id: id.to_owned() }];
        let tea = CatalogItem { identifiers: identifiers.to_vec(), ..article("tea", 250) };
        let ham = CatalogItem {
            sold_by: SoldBy::Weight(WeightUnit::Lb),
            tax_category: "food".into(),
            identifiers: barcode("0ham"),
            ..article("ham", 999)
        };
        let bread = CatalogItem { identifiers: barcode("0bread"), ..article("bread", 0) };
        let unasked = CatalogItem { identifiers: barcode("0milk"), ..article("milk", 120) };
        let food = TaxRate { tax_category: "food".into(), ..standard_rate("0") };
        let rates = [food, standard_rate("8.875")];
        let items = [tea.clone(), ham.clone(), bread.clone(), unasked];
        let rules = insert(&mut conn, &store.id, &rules_of(&items, &rates), NOW, NOW).await.unwrap();

        let scanned = CartItem { kind: CartItemKind::Scancode, ..cart_item("0ham") };
        let renamed = CartItem { external_identifiers: barcode("0bread"), ..cart_item("old-number") };
        let cart = Cart { items: vec![cart_item("tea"), scanned, renamed, cart_item("nobody-knows")] };
        let mut read = found(&mut conn, NOW, &cart).await;
        read.tax_rates.sort_by(|one, other| one.tax_category.cmp(&other.tax_category));
        assert_eq!(read, RuleSet { id: rules, ..rules_of(&[bread, ham, tea], &rates) });
        assert_eq!(found(&mut conn, NOW, &Cart::default()).await.items, [], "an empty cart needs no article");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn rules_that_contradict_themselves_are_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let upc = ExternalIdentifier { kind: IdentifierKind::Upc, id: "012345".to_owned() };
        let marked = |sku| CatalogItem { identifiers: vec![upc.clone()], ..article(sku, 1) };
        let rate = || standard_rate("8.875");
        let cases = [
            (vec![article("tea", -1)], vec![rate()], "catalog_item_unit_price"),
            (vec![article("tea", 1), article("tea", 2)], vec![rate()], "catalog_item_pk"),
            (vec![marked("tea"), marked("ham")], vec![rate()], "catalog_identifier_pk"),
            (vec![CatalogItem { name: String::new(), ..article("tea", 1) }], vec![rate()], "catalog_item_name"),
            (vec![], vec![standard_rate("-0.1")], "tax_rate_percent"),
            (vec![], vec![standard_rate("1000.1")], "tax_rate_percent"),
            (vec![], vec![rate(), rate()], "tax_rate_pk"),
        ];
        for (items, rates, constraint) in cases {
            let mut tx = conn.begin().await.unwrap();
            assert_eq!(refusal(insert(&mut tx, &store.id, &rules_of(&items, &rates), NOW, NOW).await), constraint);
        }
        insert(&mut conn, &store.id, &rules_of(&[marked("tea")], &[]), NOW, NOW).await.unwrap();
        let again = insert(&mut conn, &store.id, &rules_of(&[], &[]), NOW, NOW).await;
        assert_eq!(refusal(again), "rule_set_in_force_once");
        assert_eq!(refusal(insert(&mut conn, &id("store-2"), &rules_of(&[], &[]), NOW, NOW).await), "rule_part_store");
        assert_refused(&mut conn, "catalog_item", &[("sold_by = ''", "catalog_item_sold_by")]).await;
        let changes = [("kind = 'QR'", "catalog_identifier_kind"), ("sku = 'ham'", "catalog_identifier_item")];
        assert_refused(&mut conn, "catalog_identifier", &changes).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_draft_is_one_of_its_store_and_takes_two_people_and_what_is_published_stays(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        for name in ["ann", "ben"] {
            staff::insert(&mut conn, name, NOW).await.unwrap();
        }
        let first = insert(&mut conn, &store.id, &rules_of(&[article("tea", 1)], &[]), NOW, NOW).await.unwrap();
        let parts = get(&mut conn, &store.id, first).await.unwrap().unwrap().parts;
        assert_eq!(lock_draft(&mut conn, &store.id).await.unwrap(), None);
        let draft = insert_draft(&mut conn, &store.id, parts, "ann", NOW).await.unwrap();
        assert_eq!(lock_draft(&mut conn, &store.id).await.unwrap().map(|it| it.id), Some(draft));
        let second = insert_draft(&mut conn, &store.id, parts, "ben", NOW).await;
        assert_eq!(refusal(second), "rule_set_one_draft");
        let swapped = parts.with(PartKind::Catalog, parts.taxes);
        assert_eq!(refusal(save_draft(&mut conn, draft, swapped, "ann").await), "rule_set_catalog");
        let other = domain::store::Store { id: id("store-2"), ..store.clone() };
        settings::insert(&mut conn, &other, NOW).await.unwrap();
        let strange = insert_draft(&mut conn, &other.id, parts, "ann", NOW).await;
        assert!(refusal(strange).starts_with("rule_set_"), "parts of another store");
        let later = NOW + Duration::hours(1);
        assert_eq!(refusal(publish(&mut conn, draft, "ann", later, NOW).await), "rule_set_two_people");
        assert_eq!(refusal(publish(&mut conn, draft, "cleo", later, NOW).await), "rule_set_published_by");
        assert_eq!(refusal(publish(&mut conn, draft, "ben", NOW, NOW).await), "rule_set_in_force_once");
        publish(&mut conn, draft, "ben", later, NOW).await.unwrap();
        assert_eq!(refusal(save_draft(&mut conn, draft, parts, "ann").await), "rule_set_published_stays");
        assert_eq!(in_force(&mut conn, &store.id, later).await.unwrap().map(|it| it.id), Some(draft));
        let back = Restored { by: "ann", from: first };
        let at = later + Duration::hours(1);
        let third = insert_published(&mut conn, &store.id, parts, at, Some(back), NOW).await.unwrap();
        let versions = list(&mut conn, &store.id).await.unwrap();
        assert_eq!(versions.iter().map(|it| it.id).collect::<Vec<_>>(), [third, draft, first]);
        assert_eq!((versions[0].restores, versions[0].published_by.as_deref()), (Some(first), Some("ann")));
    }
}
