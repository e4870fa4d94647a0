//! The tables `catalog_item`, `catalog_identifier` and `catalog_deposit`: what things cost.

use domain::cart::{ExternalIdentifier, IdentifierKind};
use domain::catalog::{CatalogItem, Deposit};
use domain::id::Sku;
use domain::label::Label;
use domain::money::{Currency, Money};
use sqlx::PgConnection;

use super::rule_part::PartId;
use super::{Result, StoreError, read};

mod compare;
mod import;

pub use compare::{Change, Comparison, EXAMPLES_MAX, Seen, compare};
pub use import::{CatalogCopy, Duplicate, keep, list_duplicates};

/// The articles that any of these numbers may mean, by article number or by barcode.
pub async fn list_named(
    conn: &mut PgConnection,
    part: PartId,
    currency: Currency,
    names: &[String],
) -> Result<Vec<CatalogItem>> {
    let skus = sqlx::query_scalar!(
        r#"SELECT sku AS "sku!" FROM catalog_item WHERE rule_part_id = $1 AND sku = ANY($2)
           UNION SELECT sku FROM catalog_identifier WHERE rule_part_id = $1 AND identifier = ANY($2) ORDER BY 1"#,
        part.0,
        names,
    );
    let skus = skus.fetch_all(&mut *conn).await?;
    list(conn, part, currency, &skus).await
}

/// The dearest article of every combination of category, subcategory, tax category and unit. What no article of these can get, no
/// article can: enough of a million rows to check promotions and taxes against.
pub async fn list_dearest(conn: &mut PgConnection, part: PartId, currency: Currency) -> Result<Vec<CatalogItem>> {
    let skus = sqlx::query_scalar!(
        "SELECT DISTINCT ON (category, subcategory, tax_category, sold_by) sku FROM catalog_item WHERE rule_part_id = $1
         ORDER BY category, subcategory, tax_category, sold_by, unit_price_minor DESC, sku",
        part.0,
    );
    let skus = skus.fetch_all(&mut *conn).await?;
    list(conn, part, currency, &skus).await
}

/// Up to `limit` articles after `after` (from the first on: `None`), in the order of their numbers.
pub async fn list_page(
    conn: &mut PgConnection,
    part: PartId,
    currency: Currency,
    after: Option<&Sku>,
    limit: i64,
) -> Result<Vec<CatalogItem>> {
    let skus = sqlx::query_scalar!(
        "SELECT sku FROM catalog_item WHERE rule_part_id = $1 AND ($2::text IS NULL OR sku > $2) ORDER BY sku LIMIT $3",
        part.0,
        after.map(Sku::as_str),
        limit,
    );
    let skus = skus.fetch_all(&mut *conn).await?;
    list(conn, part, currency, &skus).await
}

/// The articles of these numbers that are there, in the order of their numbers.
pub async fn list(
    conn: &mut PgConnection,
    part: PartId,
    currency: Currency,
    skus: &[String],
) -> Result<Vec<CatalogItem>> {
    let mut known = list_identifiers(&mut *conn, part, skus).await?.into_iter().peekable();
    let mut deposits = list_deposits(&mut *conn, part, currency, skus).await?.into_iter().peekable();
    let rows = sqlx::query!(
        "SELECT sku, name, sold_by, unit_price_minor, tax_category, category, subcategory, brand
         FROM catalog_item WHERE rule_part_id = $1 AND sku = ANY($2) ORDER BY sku",
        part.0,
        skus,
    );
    let items = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let mut item = CatalogItem {
            sku: read(Sku::new(&row.sku), "catalog_item.sku")?,
            name: row.name,
            sold_by: read(row.sold_by.parse(), "catalog_item.sold_by")?,
            unit_price: Money::new(row.unit_price_minor, currency),
            tax_category: row.tax_category.into(),
            category: row.category.map(Label::from),
            subcategory: row.subcategory.map(Label::from),
            brand: row.brand.map(Label::from),
            identifiers: vec![],
            deposits: vec![],
        };
        // All three lists are in the order of the article numbers.
        while let Some((_, identifier)) = known.next_if(|(sku, _)| *sku == row.sku) {
            item.identifiers.push(identifier);
        }
        while let Some((_, deposit)) = deposits.next_if(|(sku, _)| *sku == row.sku) {
            item.deposits.push(deposit);
        }
        Ok(item)
    });
    items.collect()
}

async fn list_identifiers(
    conn: &mut PgConnection,
    part: PartId,
    skus: &[String],
) -> Result<Vec<(String, ExternalIdentifier)>> {
    let rows = sqlx::query!(
        "SELECT sku, kind, identifier FROM catalog_identifier WHERE rule_part_id = $1 AND sku = ANY($2)
         ORDER BY sku, position, identifier, kind",
        part.0,
        skus,
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| Ok((row.sku, ExternalIdentifier { kind: identifier_kind(&row.kind)?, id: row.identifier })))
        .collect()
}

async fn list_deposits(
    conn: &mut PgConnection,
    part: PartId,
    currency: Currency,
    skus: &[String],
) -> Result<Vec<(String, Deposit)>> {
    let rows = sqlx::query!(
        "SELECT sku, name, amount_minor FROM catalog_deposit WHERE rule_part_id = $1 AND sku = ANY($2) ORDER BY sku, name",
        part.0,
        skus,
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    let deposit = |row: (String, i64)| Deposit { name: row.0.into(), amount: Money::new(row.1, currency) };
    Ok(rows.map(|row| (row.sku, deposit((row.name, row.amount_minor)))).collect())
}

/// The kinds and their names in rows and files.
pub const IDENTIFIER_KINDS: [(&str, IdentifierKind); 6] = [
    ("UPC", IdentifierKind::Upc),
    ("EAN", IdentifierKind::Ean),
    ("EAN8", IdentifierKind::Ean8),
    ("GTIN", IdentifierKind::Gtin),
    ("PLU", IdentifierKind::Plu),
    ("ISBN", IdentifierKind::Isbn),
];

fn identifier_kind(word: &str) -> Result<IdentifierKind> {
    let known = IDENTIFIER_KINDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, kind)| *kind).ok_or(StoreError::Corrupt("catalog_identifier.kind"))
}

/// The name of a kind in rows and files.
#[must_use]
pub fn identifier_word(kind: IdentifierKind) -> &'static str {
    match kind {
        IdentifierKind::Upc => "UPC",
        IdentifierKind::Ean => "EAN",
        IdentifierKind::Ean8 => "EAN8",
        IdentifierKind::Gtin => "GTIN",
        IdentifierKind::Plu => "PLU",
        IdentifierKind::Isbn => "ISBN",
    }
}

#[cfg(test)]
mod tests {
    use domain::catalog::SoldBy;
    use domain::unit::WeightUnit;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_store, article, usd};
    use super::super::rule_part::{self, PartKind};
    use super::*;

    fn identifier(kind: IdentifierKind, id: &str) -> ExternalIdentifier {
        ExternalIdentifier { kind, id: id.to_owned() }
    }

    fn deposit(name: &str, minor: i64) -> Deposit {
        Deposit { name: name.into(), amount: usd(minor) }
    }

    async fn part(conn: &mut PgConnection) -> PartId {
        rule_part::insert(conn, &fixture::store().id, PartKind::Catalog, "x", None, NOW).await.unwrap()
    }

    async fn write(conn: &mut PgConnection, part: PartId, items: &[CatalogItem]) {
        let mut copy = CatalogCopy::begin(conn, part).await.unwrap();
        for (line_no, item) in (2..).zip(items) {
            copy.push(line_no, item).await.unwrap();
        }
        assert_eq!(copy.finish().await.unwrap(), items.len() as u64);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_article_reads_back_as_it_was_sent_whatever_is_in_its_texts(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let part = part(&mut conn).await;
        let odd = "a\ttab, a \\ and a \\N, \"quotes\", {braces},\nlines\r, ÿ 茶 NULL";
        let whole = CatalogItem {
            name: odd.to_owned(),
            sold_by: SoldBy::Weight(WeightUnit::Oz),
            tax_category: odd.into(),
            category: Some("\\N".into()),
            subcategory: Some("NULL".into()),
            brand: Some(odd.into()),
            identifiers: vec![identifier(IdentifierKind::Upc, "9"), identifier(IdentifierKind::Plu, odd)],
            deposits: vec![deposit("Bottle", 5), deposit(odd, 7)],
            ..article("b", 0)
        };
        let items = [article("a", i64::MAX), whole, article("c", 5)];
        write(&mut conn, part, &items).await;
        assert_eq!(list_duplicates(&mut conn, part, 10).await.unwrap(), []);
        keep(&mut conn, part).await.unwrap();
        assert_eq!(list_page(&mut conn, part, store.currency, None, 10).await.unwrap(), items);
        let rest = list_page(&mut conn, part, store.currency, Some(&items[0].sku), 1).await.unwrap();
        assert_eq!(rest, items[1..2]);
        assert_eq!(fixture::count(&mut conn, "catalog_row").await, 0, "nothing is left waiting");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_number_of_two_articles_is_found_with_both_lines_and_in_every_spelling(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        add_store(&mut conn).await;
        let part = part(&mut conn).await;
        let marked = |sku, numbers: &[(IdentifierKind, &str)]| CatalogItem {
            identifiers: numbers.iter().map(|(kind, id)| identifier(*kind, id)).collect(),
            ..article(sku, 1)
        };
        use IdentifierKind::{Ean, Gtin, Isbn, Plu, Upc};
        let items = [
            // Two spellings of one number, and one number of two kinds, are fine within one article.
            marked("a", &[(Upc, "036000291452"), (Ean, "0036000291452"), (Plu, "4011")]),
            marked("b", &[(Isbn, "4011")]),
            marked("c", &[(Gtin, "00036000291452")]),
            marked("d", &[(Plu, "4011")]),
            marked("a", &[]),
        ];
        write(&mut conn, part, &items).await;
        let found = list_duplicates(&mut conn, part, 10).await.unwrap();
        let found: Vec<_> =
            found.iter().map(|it| (it.line_no, it.first_line_no, it.number.as_str(), it.is_sku)).collect();
        assert_eq!(found, [(6, 2, "a", true), (4, 2, "00036000291452", false), (5, 2, "4011", false)]);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn two_catalogs_are_compared_in_everything_an_article_has(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let (before, after) = (part(&mut conn).await, part(&mut conn).await);
        let skus = ["gone", "same", "price", "brand", "number", "deposit"];
        let old: Vec<_> = skus.iter().map(|sku| article(sku, 100)).collect();
        let mut new: Vec<_> = old[1..].to_vec();
        new[1].unit_price = usd(110);
        new[2].brand = Some("Alba".into());
        new[3].identifiers = vec![identifier(IdentifierKind::Upc, "036000291452")];
        new[4].deposits = vec![deposit("Bottle", 5)];
        new.push(article("new", 1));
        for (part, items) in [(before, &old), (after, &new)] {
            write(&mut conn, part, items).await;
            keep(&mut conn, part).await.unwrap();
        }
        let compared = compare(&mut conn, store.currency, before, after).await.unwrap();
        assert_eq!((compared.added, compared.removed, compared.changed), (1, 1, 4));
        let price = compared.examples.iter().find(|it| it.sku == "price").unwrap();
        let minors = [&price.before, &price.after].map(|it| it.as_ref().map(|it| it.unit_price));
        assert_eq!(minors, [Some(usd(100)), Some(usd(110))]);
        assert!(compared.examples.iter().all(|it| it.sku != "same"));
        let nothing = compare(&mut conn, store.currency, after, after).await.unwrap();
        assert_eq!(nothing, Comparison::default());
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn the_dearest_of_each_sort_stand_for_all(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let part = part(&mut conn).await;
        let in_category =
            |sku, cents, category: &str| CatalogItem { category: Some(category.into()), ..article(sku, cents) };
        let weighed = CatalogItem { sold_by: SoldBy::Weight(WeightUnit::Lb), ..in_category("w", 1, "Food") };
        let items =
            [article("a", 5), article("b", 9), in_category("c", 3, "Food"), in_category("d", 2, "Food"), weighed];
        write(&mut conn, part, &items).await;
        keep(&mut conn, part).await.unwrap();
        let dearest = list_dearest(&mut conn, part, store.currency).await.unwrap();
        assert_eq!(dearest.iter().map(|it| it.sku.as_str()).collect::<Vec<_>>(), ["b", "c", "w"]);
    }
}
