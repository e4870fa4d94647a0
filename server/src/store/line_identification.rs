//! The table `line_identification`: what people found bad lines to be.

use std::collections::BTreeMap;

use domain::id::{Sku, TripId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// Who found it, and why.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The person.
    pub by: &'a str,
    /// For auditors.
    pub reason: &'a str,
    /// When.
    pub at: OffsetDateTime,
}

/// Keeps which article a line is; a later finding takes the place of an earlier one.
pub async fn save(conn: &mut PgConnection, trip: &TripId, line_no: u32, sku: &Sku, said: Said<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO line_identification (trip_id, line_no, sku, identified_by, reason, identified_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT line_identification_pk
         DO UPDATE SET sku = $3, identified_by = $4, reason = $5, identified_at = $6",
        trip.as_str(),
        i32::try_from(line_no).unwrap_or(i32::MAX),
        sku.as_str(),
        said.by,
        said.reason,
        said.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The lines of a visit's cart that were identified, and as what.
pub async fn list(conn: &mut PgConnection, trip: &TripId) -> Result<BTreeMap<u32, Sku>> {
    let rows = sqlx::query!("SELECT line_no, sku FROM line_identification WHERE trip_id = $1", trip.as_str());
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| {
        let line_no = read(u32::try_from(row.line_no), "line_identification.line_no")?;
        Ok((line_no, read(Sku::new(&row.sku), "line_identification.sku")?))
    })
    .collect()
}
