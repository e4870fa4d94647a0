//! The table `refund_line`: which goods come back. Written once, with their refund.

use std::collections::BTreeMap;

use domain::id::{PurchaseId, RefundId, TripId};
use domain::money::{Currency, Money};
use domain::pricing::LineTax;
use domain::refund::amount::RefundLine;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{Result, read};

/// Writes the lines of a refund.
pub async fn insert(
    conn: &mut PgConnection,
    refund: RefundId,
    purchase: PurchaseId,
    lines: &[RefundLine],
) -> Result<()> {
    for line in lines {
        sqlx::query!(
            "INSERT INTO refund_line (refund_id, purchase_id, line_no, quantity, price_minor, promotions_minor, tax_minor,
                 tax_included_minor, deposit_minor, amount_minor, taxes)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            refund.uuid(),
            purchase.0,
            i32::try_from(line.line_no).unwrap_or(i32::MAX),
            line.quantity,
            line.price.minor(),
            line.promotions.minor(),
            line.tax.minor(),
            line.tax_included.minor(),
            line.deposit.minor(),
            line.amount.minor(),
            Json(&line.taxes) as _,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The lines of a refund, in the order of the cart.
pub async fn list(conn: &mut PgConnection, refund: RefundId, currency: Currency) -> Result<Vec<RefundLine>> {
    let rows = sqlx::query!(
        r#"SELECT refund_line.line_no, name, refund_line.quantity, unit, refund_line.price_minor, promotions_minor,
               refund_line.tax_minor, refund_line.tax_included_minor, refund_line.deposit_minor, amount_minor,
               refund_line.taxes AS "taxes: Json<Vec<LineTax>>"
           FROM refund_line JOIN purchase_line USING (purchase_id, line_no) WHERE refund_id = $1 ORDER BY line_no"#,
        refund.uuid(),
    );
    let money = |minor| Money::new(minor, currency);
    let lines = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(RefundLine {
            line_no: read(u32::try_from(row.line_no), "refund_line.line_no")?,
            name: row.name,
            quantity: row.quantity,
            unit: row.unit,
            price: money(row.price_minor),
            promotions: money(row.promotions_minor),
            taxes: row.taxes.0,
            tax: money(row.tax_minor),
            tax_included: money(row.tax_included_minor),
            deposit: money(row.deposit_minor),
            amount: money(row.amount_minor),
        })
    });
    lines.collect()
}

/// How much of each line of a visit's purchase has come back, or is on its way.
pub async fn returned(conn: &mut PgConnection, trip: &TripId) -> Result<BTreeMap<u32, Decimal>> {
    let rows = sqlx::query!(
        r#"SELECT line_no, sum(quantity) AS "quantity!" FROM refund_line JOIN refund USING (refund_id)
           WHERE trip_id = $1 AND state <> 'declined' GROUP BY line_no"#,
        trip.as_str(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| Ok((read(u32::try_from(row.line_no), "refund_line.line_no")?, row.quantity))).collect()
}
