//! The table `tax_rate`.

use domain::tax::TaxRate;
use sqlx::PgConnection;

use super::Result;
use super::rule_part::PartId;

/// All rates of a part, in the order of their names.
pub async fn list(conn: &mut PgConnection, part: PartId) -> Result<Vec<TaxRate>> {
    let rows = sqlx::query!(
        "SELECT jurisdiction, tax_category, name, percent, included FROM tax_rate WHERE rule_part_id = $1
         ORDER BY jurisdiction, tax_category, name",
        part.0,
    );
    let rates = rows.fetch_all(conn).await?.into_iter().map(|row| TaxRate {
        jurisdiction: row.jurisdiction.into(),
        tax_category: row.tax_category.into(),
        name: row.name.into(),
        percent: row.percent.normalize(),
        included: row.included,
    });
    Ok(rates.collect())
}

/// Writes rates.
pub async fn insert(conn: &mut PgConnection, part: PartId, rates: &[TaxRate]) -> Result<()> {
    for rate in rates {
        sqlx::query!(
            "INSERT INTO tax_rate (rule_part_id, jurisdiction, tax_category, name, percent, included)
             VALUES ($1, $2, $3, $4, $5, $6)",
            part.0,
            rate.jurisdiction.as_str(),
            rate.tax_category.as_str(),
            rate.name.as_str(),
            rate.percent,
            rate.included,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
