//! The table `payment_event`: what the event feed told us, once per envelope.

use domain::id::{PaymentEventId, StoreId, TripId};
use domain::money::{Currency, Money};
use domain::payment_event::{EventAmount, EventName, Fate, PaymentEvent};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, StoreError, read};

pub mod listed;

/// Writes an event that has just arrived. `detail` is what a person may need of the rest. `false`: it was there already.
pub async fn insert(
    conn: &mut PgConnection,
    event: &PaymentEvent,
    detail: &Value,
    fate: Fate,
    now: OffsetDateTime,
) -> Result<bool> {
    let said = match event.amount {
        EventAmount::Said(amount) => Some(amount),
        EventAmount::Unsaid | EventAmount::Absurd => None,
    };
    let currency = said.map(Money::currency);
    let done = sqlx::query!(
        "INSERT INTO payment_event (event_id, family, name, trip_id, store_id, amount_minor, currency, amount_is_absurd,
             reconciliation_id, detail, occurred_at, received_at, state, ignored)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT ON CONSTRAINT payment_event_pk DO NOTHING",
        event.id.as_str(),
        event.family.as_str(),
        event.name,
        event.trip.as_ref().map(TripId::as_str),
        event.store.as_ref().map(StoreId::as_str),
        said.map(Money::minor),
        currency.as_ref().map(Currency::code),
        event.amount == EventAmount::Absurd,
        event.reconciliation,
        detail,
        event.occurred_at,
        now,
        fate.name(),
        fate.ignored().map(|it| it.as_str()),
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// What it says.
    pub event: PaymentEvent,
    /// What has become of it.
    pub fate: Fate,
}

/// Columns of a row, as `query!` gives them.
struct Columns {
    event_id: String,
    family: String,
    name: String,
    trip_id: Option<String>,
    store_id: Option<String>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    amount_is_absurd: bool,
    reconciliation_id: Option<String>,
    occurred_at: OffsetDateTime,
    state: String,
    ignored: Option<String>,
}

impl Columns {
    fn parse(self) -> Result<StoredEvent> {
        let amount = match (self.amount_minor, &self.currency) {
            (Some(minor), Some(currency)) => {
                EventAmount::Said(Money::new(minor, read(Currency::new(currency), "payment_event.currency")?))
            }
            _ if self.amount_is_absurd => EventAmount::Absurd,
            _ => EventAmount::Unsaid,
        };
        let fate = match (self.state.as_str(), &self.ignored) {
            ("waiting", None) => Fate::Waiting,
            ("parked", None) => Fate::Parked,
            ("applied", None) => Fate::Applied,
            ("ignored", Some(why)) => Fate::Ignored(read(why.parse(), "payment_event.ignored")?),
            _ => return Err(StoreError::Corrupt("payment_event.state")),
        };
        let trip = self.trip_id.map(|id| read(TripId::new(&id), "payment_event.trip_id")).transpose()?;
        let store = self.store_id.map(|id| read(StoreId::new(&id), "payment_event.store_id")).transpose()?;
        let event = PaymentEvent {
            id: read(PaymentEventId::new(&self.event_id), "payment_event.event_id")?,
            family: read(self.family.parse(), "payment_event.family")?,
            name: self.name,
            trip,
            store,
            amount,
            reconciliation: self.reconciliation_id,
            occurred_at: self.occurred_at,
        };
        Ok(StoredEvent { event, fate })
    }
}

/// One event.
pub async fn get(conn: &mut PgConnection, id: &PaymentEventId) -> Result<Option<StoredEvent>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT event_id, family, name, trip_id, store_id, amount_minor, currency, amount_is_absurd, reconciliation_id,
             occurred_at, state, ignored FROM payment_event WHERE event_id = $1",
        id.as_str(),
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// One event, locked until the transaction ends, so that it is told to its visit once. Lock the visit first.
pub async fn lock(conn: &mut PgConnection, id: &PaymentEventId) -> Result<Option<StoredEvent>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT event_id, family, name, trip_id, store_id, amount_minor, currency, amount_is_absurd, reconciliation_id,
             occurred_at, state, ignored FROM payment_event WHERE event_id = $1 FOR UPDATE",
        id.as_str(),
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// Writes what has become of an event.
pub async fn save(conn: &mut PgConnection, id: &PaymentEventId, fate: Fate, now: OffsetDateTime) -> Result<()> {
    let applied_at = (fate == Fate::Applied).then_some(now);
    sqlx::query!(
        "UPDATE payment_event SET state = $2, ignored = $3, applied_at = $4 WHERE event_id = $1",
        id.as_str(),
        fate.name(),
        fate.ignored().map(|it| it.as_str()),
        applied_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest event about the capture of a visit that was told to it.
pub async fn newest_capture(conn: &mut PgConnection, trip: &TripId) -> Result<Option<(EventName, OffsetDateTime)>> {
    let row = sqlx::query!(
        "SELECT name, occurred_at FROM payment_event
         WHERE trip_id = $1 AND state = 'applied' AND name IN ('CaptureApproved', 'CaptureDeclined')
         ORDER BY occurred_at DESC, applied_at DESC LIMIT 1",
        trip.as_str(),
    );
    let row = row.fetch_optional(conn).await?;
    row.map(|row| Ok((read(row.name.parse(), "payment_event.name")?, row.occurred_at))).transpose()
}

/// Events to look at (again), the oldest first: those that waited since `before`, and the parked whose visit is known by now.
pub async fn list_open(conn: &mut PgConnection, before: OffsetDateTime, limit: i64) -> Result<Vec<PaymentEventId>> {
    let ids = sqlx::query_scalar!(
        "SELECT event_id FROM payment_event
         WHERE state IN ('waiting', 'parked') AND (
             (state = 'waiting' AND received_at <= $1)
             OR (state = 'parked' AND EXISTS (SELECT 1 FROM trip WHERE trip.trip_id = payment_event.trip_id)))
         ORDER BY received_at LIMIT $2",
        before,
        limit,
    );
    ids.fetch_all(conn).await?.iter().map(|id| read(PaymentEventId::new(id), "payment_event.event_id")).collect()
}

/// Is no event of this visit parked any more?
pub async fn none_parked(conn: &mut PgConnection, trip: &TripId) -> Result<bool> {
    let parked = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM payment_event WHERE trip_id = $1 AND state = 'parked') AS "parked!""#,
        trip.as_str(),
    );
    Ok(!parked.fetch_one(conn).await?)
}

/// Forgets what was over before `before`, `limit` events at most, the oldest first. Gives how many that were.
pub async fn forget(conn: &mut PgConnection, before: OffsetDateTime, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM payment_event WHERE event_id IN (
             SELECT event_id FROM payment_event WHERE state IN ('applied', 'ignored') AND received_at < $1
             ORDER BY received_at LIMIT $2)",
        before,
        limit,
    );
    Ok(done.execute(conn).await?.rows_affected())
}

#[cfg(test)]
mod tests;
