//! The table `gate_listing`: instruments that staff keep out, or let in whatever is said of them.

use domain::gate::GateList;
use domain::id::{InstrumentId, StoreId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// A place on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateListing {
    /// Who.
    pub instrument: InstrumentId,
    /// Where. `None`: at every store.
    pub store: Option<StoreId>,
    /// On which list.
    pub list: GateList,
    /// Until when.
    pub until: OffsetDateTime,
    /// Why, for auditors.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// Since when.
    pub at: OffsetDateTime,
}

/// Puts an instrument on a list. The place that it had there must be cleared before.
pub async fn insert(conn: &mut PgConnection, listing: &GateListing) -> Result<()> {
    sqlx::query!(
        "INSERT INTO gate_listing (instrument_id, store_id, list, until_at, reason, listed_by, listed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        listing.instrument.as_str(),
        listing.store.as_ref().map(StoreId::as_str),
        listing.list.as_str(),
        listing.until,
        listing.reason,
        listing.by,
        listing.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes an instrument off a list, at one store or at every store alike. How many places it had there that have not ended.
pub async fn clear(
    conn: &mut PgConnection,
    instrument: &InstrumentId,
    store: Option<&StoreId>,
    list: GateList,
    by: &str,
    now: OffsetDateTime,
) -> Result<usize> {
    let cleared = sqlx::query_scalar!(
        "UPDATE gate_listing SET cleared_by = $4, cleared_at = $5
         WHERE instrument_id = $1 AND store_id IS NOT DISTINCT FROM $2 AND list = $3 AND cleared_at IS NULL RETURNING until_at",
        instrument.as_str(),
        store.map(StoreId::as_str),
        list.as_str(),
        by,
        now,
    );
    Ok(cleared.fetch_all(conn).await?.into_iter().filter(|until| now < *until).count())
}

/// The places that count at `now`, of one instrument or of all, those that end first in front.
pub async fn list(
    conn: &mut PgConnection,
    instrument: Option<&InstrumentId>,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<GateListing>> {
    let rows = sqlx::query!(
        "SELECT instrument_id, store_id, list, until_at, reason, listed_by, listed_at FROM gate_listing
         WHERE cleared_at IS NULL AND until_at > $2 AND ($1::text IS NULL OR instrument_id = $1)
         ORDER BY until_at, gate_listing_id LIMIT $3",
        instrument.map(InstrumentId::as_str),
        now,
        limit,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(GateListing {
            instrument: read(InstrumentId::new(&row.instrument_id), "gate_listing.instrument_id")?,
            store: row.store_id.map(|id| read(StoreId::new(&id), "gate_listing.store_id")).transpose()?,
            list: read(row.list.parse(), "gate_listing.list")?,
            until: row.until_at,
            reason: row.reason,
            by: row.listed_by,
            at: row.listed_at,
        })
    });
    rows.collect()
}
