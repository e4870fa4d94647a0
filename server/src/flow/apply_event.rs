//! Tells a stored event to the visit it is about.

use domain::alert::AlertKind;
use domain::id::PaymentEventId;
use domain::payment_event::Fate;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::store::{self, StoreError};

/// Tells one event to its visit, once, or parks it until the visit is known.
///
/// # Errors
///
/// A database that is away. The event waits then, and is looked at again.
pub async fn apply_event(db: &PgPool, id: &PaymentEventId, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let Some(stored) = store::payment_event::lock(&mut tx, id).await? else { return Ok(()) };
    let Some(trip) = &stored.event.trip else { return Ok(()) };
    if stored.fate == Fate::Waiting && store::trip::lock(&mut tx, trip).await?.is_none() {
        store::payment_event::save(&mut tx, id, Fate::Parked, now).await?;
        store::alert::open(&mut tx, AlertKind::UnknownEventTrip, trip.as_str(), now).await?;
        tx.commit().await?;
    }
    Ok(())
}
