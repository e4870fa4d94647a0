//! The table `dispute`: what a shopper says of a debt, and what a person decided.

use std::collections::BTreeMap;

use domain::dispute::{Dispute, DisputeKind};
use domain::id::{DebtId, DisputeId, TripId};
use domain::money::{Currency, Money};
use domain::note::Note;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, StoreError, read};
use crate::vault::{Place, Sealed, Vault};

/// A dispute as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeRow {
    /// Its id.
    pub id: DisputeId,
    /// Of which debt.
    pub debt: DebtId,
    /// Of which visit.
    pub trip: TripId,
    /// What the shopper says.
    pub kind: DisputeKind,
    /// What was outstanding when it was opened.
    pub amount: Money,
    /// Where it is.
    pub state: Dispute,
    /// By whom: a viewer.
    pub opened_by: String,
    /// Who decided it.
    pub decided_by: Option<String>,
    /// Why; the shopper reads it.
    pub decided_because: Option<String>,
    /// When it was opened.
    pub opened_at: OffsetDateTime,
    /// When it was decided.
    pub decided_at: Option<OffsetDateTime>,
}

/// Columns of a row, as `query!` gives them.
struct Columns {
    dispute_id: Uuid,
    debt_id: Uuid,
    trip_id: String,
    kind: String,
    state: String,
    currency: String,
    amount_minor: i64,
    cleared_minor: Option<i64>,
    opened_by: String,
    decided_by: Option<String>,
    decided_because: Option<String>,
    opened_at: OffsetDateTime,
    decided_at: Option<OffsetDateTime>,
}

impl Columns {
    fn parse(self) -> Result<DisputeRow> {
        let currency = read(Currency::new(&self.currency), "dispute.currency")?;
        let state = match (self.state.as_str(), self.cleared_minor) {
            ("open", None) => Dispute::Open,
            ("upheld", Some(minor)) => Dispute::Upheld { cleared: Money::new(minor, currency) },
            ("rejected", None) => Dispute::Rejected,
            _ => return Err(StoreError::Corrupt("dispute.state")),
        };
        Ok(DisputeRow {
            id: DisputeId(self.dispute_id),
            debt: DebtId(self.debt_id),
            trip: read(TripId::new(&self.trip_id), "dispute.trip_id")?,
            kind: read(self.kind.parse(), "dispute.kind")?,
            amount: Money::new(self.amount_minor, currency),
            state,
            opened_by: self.opened_by,
            decided_by: self.decided_by,
            decided_because: self.decided_because,
            opened_at: self.opened_at,
            decided_at: self.decided_at,
        })
    }
}

fn place(row: &str) -> Place<'_> {
    Place { column: "dispute.note", row }
}

/// Writes a dispute that was just opened, and what the shopper added. The visit's row is locked.
pub async fn insert(conn: &mut PgConnection, vault: &Vault, row: &DisputeRow, note: Option<&Note>) -> Result<()> {
    let sealed = note.map(|note| vault.seal(place(&row.id.to_string()), note.expose()));
    let currency = row.amount.currency();
    sqlx::query!(
        "INSERT INTO dispute (dispute_id, debt_id, trip_id, kind, state, currency, amount_minor, note_sealed, opened_by, opened_at)
         VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9)",
        row.id.0,
        row.debt.0,
        row.trip.as_str(),
        row.kind.as_str(),
        currency.code(),
        row.amount.minor(),
        sealed.as_ref().map(Sealed::bytes),
        row.opened_by,
        row.opened_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One dispute.
pub async fn get(conn: &mut PgConnection, id: DisputeId) -> Result<Option<DisputeRow>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT dispute_id, debt_id, trip_id, kind, state, currency, amount_minor, cleared_minor, opened_by, decided_by,
             decided_because, opened_at, decided_at FROM dispute WHERE dispute_id = $1",
        id.0,
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// The disputes of a visit's debt, the first one first. Where the visit's row is locked, no other is opened or decided meanwhile.
pub async fn list_by_trip(conn: &mut PgConnection, trip: &TripId) -> Result<Vec<DisputeRow>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT dispute_id, debt_id, trip_id, kind, state, currency, amount_minor, cleared_minor, opened_by, decided_by,
             decided_because, opened_at, decided_at FROM dispute WHERE trip_id = $1 ORDER BY opened_at, dispute_id",
        trip.as_str(),
    );
    rows.fetch_all(conn).await?.into_iter().map(Columns::parse).collect()
}

/// The newest dispute of each of these visits that has one.
pub async fn newest(conn: &mut PgConnection, trips: &[TripId]) -> Result<BTreeMap<TripId, DisputeRow>> {
    let trips: Vec<String> = trips.iter().map(|trip| trip.as_str().to_owned()).collect();
    let rows = sqlx::query_as!(
        Columns,
        "SELECT DISTINCT ON (trip_id) dispute_id, debt_id, trip_id, kind, state, currency, amount_minor, cleared_minor, opened_by,
             decided_by, decided_because, opened_at, decided_at FROM dispute WHERE trip_id = ANY($1)
         ORDER BY trip_id, opened_at DESC, dispute_id",
        &trips,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(Columns::parse);
    rows.map(|row| row.map(|row| (row.trip.clone(), row))).collect()
}

/// Disputes of all visits, at most `limit`: the open ones with the oldest first, or all with the newest first.
pub async fn list(conn: &mut PgConnection, open_only: bool, limit: i64) -> Result<Vec<DisputeRow>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT dispute_id, debt_id, trip_id, kind, state, currency, amount_minor, cleared_minor, opened_by, decided_by,
             decided_because, opened_at, decided_at FROM dispute WHERE NOT $1 OR state = 'open'
         ORDER BY CASE WHEN $1 THEN opened_at END, opened_at DESC, dispute_id LIMIT $2",
        open_only,
        limit,
    );
    rows.fetch_all(conn).await?.into_iter().map(Columns::parse).collect()
}

/// Writes what a person decided. `false`: somebody had decided before.
pub async fn save(conn: &mut PgConnection, row: &DisputeRow) -> Result<bool> {
    let cleared = match row.state {
        Dispute::Upheld { cleared } => Some(cleared.minor()),
        Dispute::Open | Dispute::Rejected => None,
    };
    let done = sqlx::query!(
        "UPDATE dispute SET state = $2, cleared_minor = $3, decided_by = $4, decided_because = $5, decided_at = $6
         WHERE dispute_id = $1 AND state = 'open'",
        row.id.0,
        row.state.name(),
        cleared,
        row.decided_by,
        row.decided_because,
        row.decided_at,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// What the shopper added. `None`: nothing.
pub async fn note(conn: &mut PgConnection, vault: &Vault, id: DisputeId) -> Result<Option<Note>> {
    let sealed = sqlx::query_scalar!("SELECT note_sealed FROM dispute WHERE dispute_id = $1", id.0);
    let Some(sealed) = sealed.fetch_optional(conn).await?.flatten() else { return Ok(None) };
    let text = read(vault.open(place(&id.to_string()), &Sealed::new(sealed)), "dispute.note_sealed")?;
    read(Note::new(&text), "dispute.note_sealed")
}

/// Seals a note again with the newest key.
pub(super) async fn renew(conn: &mut PgConnection, vault: &Vault, id: DisputeId) -> Result<()> {
    let Some(note) = note(&mut *conn, vault, id).await? else { return Ok(()) };
    let sealed = vault.seal(place(&id.to_string()), note.expose());
    sqlx::query!("UPDATE dispute SET note_sealed = $2 WHERE dispute_id = $1", id.0, sealed.bytes())
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
