//! Events as people see them.

use domain::id::{PaymentEventId, TripId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::super::{Result, read};

/// An event as a list shows it.
#[derive(Debug, Clone)]
pub struct ListedEvent {
    /// The envelope's.
    pub id: PaymentEventId,
    /// In Amazon's spelling.
    pub name: String,
    /// The visit, where it names one.
    pub trip: Option<TripId>,
    /// Minor units with their currency, where it says how much.
    pub amount: Option<(i64, String)>,
    /// When it happened, by the envelope.
    pub occurred_at: OffsetDateTime,
    /// When it came.
    pub received_at: OffsetDateTime,
}

/// Events in a state, the oldest first, at most `limit`.
pub async fn list(conn: &mut PgConnection, state: &str, limit: i64) -> Result<Vec<ListedEvent>> {
    let rows = sqlx::query!(
        "SELECT event_id, name, trip_id, amount_minor, currency, occurred_at, received_at FROM payment_event
         WHERE state = $1 AND state IN ('waiting', 'parked') ORDER BY received_at, event_id LIMIT $2",
        state,
        limit,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(ListedEvent {
            id: read(PaymentEventId::new(&row.event_id), "payment_event.event_id")?,
            name: row.name,
            trip: row.trip_id.map(|id| read(TripId::new(&id), "payment_event.trip_id")).transpose()?,
            amount: row.amount_minor.zip(row.currency),
            occurred_at: row.occurred_at,
            received_at: row.received_at,
        })
    });
    rows.collect()
}
