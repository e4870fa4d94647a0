//! What differs between two catalogs.

use domain::money::{Currency, Money};
use sqlx::PgConnection;

use super::super::Result;
use super::super::rule_part::PartId;

/// Most examples of each sort of change.
pub const EXAMPLES_MAX: i64 = 20;

/// One article in one catalog, as far as a comparison shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What a receipt calls it.
    pub name: String,
    /// The price of one unit.
    pub unit_price: Money,
}

/// One article that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub sku: String,
    /// `None`: it is new.
    pub before: Option<Seen>,
    /// `None`: it is gone.
    pub after: Option<Seen>,
}

/// How two catalogs differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Articles only in the second one.
    pub added: u64,
    /// Articles only in the first one.
    pub removed: u64,
    /// Articles that are not the same in both, in anything.
    pub changed: u64,
    /// Up to [`EXAMPLES_MAX`] of each, by article number.
    pub examples: Vec<Change>,
}

/// Compares two catalogs, article by article, inside the database.
pub async fn compare(conn: &mut PgConnection, currency: Currency, before: PartId, after: PartId) -> Result<Comparison> {
    let rows = sqlx::query!(
        r#"WITH whole AS (
               SELECT item.rule_part_id, item.sku, item.name, item.unit_price_minor,
                      concat_ws(E'\x1f', item.name, item.sold_by, item.unit_price_minor, item.tax_category,
                          coalesce(item.category, E'\x1e'), coalesce(item.subcategory, E'\x1e'), coalesce(item.brand, E'\x1e'),
                          array(SELECT kind || ' ' || identifier FROM catalog_identifier it
                                WHERE it.rule_part_id = item.rule_part_id AND it.sku = item.sku ORDER BY position),
                          array(SELECT it.name || ' ' || amount_minor FROM catalog_deposit it
                                WHERE it.rule_part_id = item.rule_part_id AND it.sku = item.sku ORDER BY it.name)) AS content
               FROM catalog_item item WHERE item.rule_part_id IN ($1, $2)),
           one AS (SELECT * FROM whole WHERE rule_part_id = $1),
           other AS (SELECT * FROM whole WHERE rule_part_id = $2),
           difference AS (
               SELECT coalesce(one.sku, other.sku) AS sku, one.name AS old_name, one.unit_price_minor AS old_minor,
                      other.name AS new_name, other.unit_price_minor AS new_minor,
                      (one.sku IS NULL)::integer - (other.sku IS NULL)::integer AS direction
               FROM one FULL JOIN other USING (sku) WHERE one.content IS DISTINCT FROM other.content),
           numbered AS (
               SELECT *, count(*) OVER (PARTITION BY direction) AS times,
                      row_number() OVER (PARTITION BY direction ORDER BY sku) AS position FROM difference)
           SELECT sku AS "sku!", old_name AS "old_name?", old_minor AS "old_minor?", new_name AS "new_name?",
                  new_minor AS "new_minor?", direction AS "direction!", times AS "times!"
           FROM numbered WHERE position <= $3 ORDER BY direction DESC, sku"#,
        before.0,
        after.0,
        EXAMPLES_MAX,
    );
    let mut comparison = Comparison::default();
    for row in rows.fetch_all(conn).await? {
        let times = u64::try_from(row.times).unwrap_or_default();
        match row.direction {
            1 => comparison.added = times,
            -1 => comparison.removed = times,
            _ => comparison.changed = times,
        }
        let seen = |name: Option<String>, minor: Option<i64>| {
            Some(Seen { name: name?, unit_price: Money::new(minor?, currency) })
        };
        comparison.examples.push(Change {
            sku: row.sku,
            before: seen(row.old_name, row.old_minor),
            after: seen(row.new_name, row.new_minor),
        });
    }
    Ok(comparison)
}
