//! Events that are parked, since nobody here has seen their visit: what a person does about them.

use domain::alert::AlertKind;
use domain::id::PaymentEventId;
use domain::payment_event::{Fate, Ignored};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::apply_event::apply_event;
use super::staff::{Person, UnknownStaff};
use crate::store::audit::AuditEntry;
use crate::store::payment_event::StoredEvent;
use crate::store::payment_event::listed::{self, ListedEvent};
use crate::store::{self, StoreError};

/// Why an event stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DecideEventError {
    /// Nobody of this name works here.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// There is no such event.
    #[error("there is no event {0}: `storeside event list` shows those that are parked")]
    NotFound(PaymentEventId),
    /// It was told, or is without consequence.
    #[error("the event is not parked: it is {0}")]
    NotParked(&'static str),
    /// Nobody can be told.
    #[error("the event names no trip, so that it can be told to none: `storeside event resolve` gives it up")]
    NoTrip,
    /// Nobody knows the visit yet.
    #[error(
        "nobody here has seen trip {0} yet: the event is told by itself once the trip appears, and `storeside event resolve` gives it up"
    )]
    NoSuchTrip(String),
    /// Its visit is here, and hears of it.
    #[error(
        "trip {0} is here by now: `storeside event retry` tells it, and what it says is not to be given up unheard"
    )]
    TripIsHere(String),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DecideEventError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Events that are `parked`, or that are `waiting` to be told, the oldest first, at most `limit`.
///
/// # Errors
///
/// A database that is away.
pub async fn list_events(db: &PgPool, state: &str, limit: i64) -> Result<Vec<ListedEvent>, StoreError> {
    listed::list(&mut *db.acquire().await?, state, limit).await
}

/// Tells a parked event to its visit, if that is known by now. Gives what has become of it.
///
/// # Errors
///
/// See [`DecideEventError`]. Nothing has changed then.
pub async fn retry_event(
    db: &PgPool,
    id: &PaymentEventId,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<Fate, DecideEventError> {
    let mut tx = db.begin().await?;
    let stored = lock_parked(&mut tx, id, person).await?;
    let trip = stored.event.trip.ok_or(DecideEventError::NoTrip)?;
    if store::trip::get(&mut tx, &trip).await?.is_none() {
        return Err(DecideEventError::NoSuchTrip(trip.to_string()));
    }
    record(&mut tx, "event_retried", id, &stored.event.name, person, now).await?;
    tx.commit().await?;
    apply_event(db, id, now).await?;
    let told = store::payment_event::get(&mut *db.acquire().await?, id).await?;
    told.map(|it| it.fate).ok_or_else(|| DecideEventError::NotFound(id.clone()))
}

/// Gives a parked event up: its visit is not ours, or never was.
///
/// # Errors
///
/// See [`DecideEventError`]. Nothing has changed then.
pub async fn resolve_event(
    db: &PgPool,
    id: &PaymentEventId,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), DecideEventError> {
    let mut tx = db.begin().await?;
    let stored = lock_parked(&mut tx, id, person).await?;
    let trip = stored.event.trip.as_ref();
    if let Some(trip) = trip
        && store::trip::get(&mut tx, trip).await?.is_some()
    {
        return Err(DecideEventError::TripIsHere(trip.to_string()));
    }
    store::payment_event::save(&mut tx, id, Fate::Ignored(Ignored::GivenUp), now).await?;
    let is_last = match trip {
        Some(trip) => store::payment_event::none_parked(&mut tx, trip).await?,
        None => true,
    };
    if is_last {
        let subject = trip.map_or(id.as_str(), |trip| trip.as_str());
        store::alert::close(&mut tx, AlertKind::UnknownEventTrip, subject, now).await?;
    }
    record(&mut tx, "event_resolved", id, &stored.event.name, person, now).await?;
    Ok(tx.commit().await?)
}

async fn lock_parked(
    conn: &mut PgConnection,
    id: &PaymentEventId,
    person: Person<'_>,
) -> Result<StoredEvent, DecideEventError> {
    person.check(&mut *conn).await??;
    let stored = store::payment_event::lock(&mut *conn, id).await?;
    let stored = stored.ok_or_else(|| DecideEventError::NotFound(id.clone()))?;
    if stored.fate == Fate::Parked { Ok(stored) } else { Err(DecideEventError::NotParked(stored.fate.name())) }
}

async fn record(
    conn: &mut PgConnection,
    action: &'static str,
    id: &PaymentEventId,
    name: &str,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let detail = json!({ "name": name, "reason": person.reason });
    store::audit::insert(conn, AuditEntry { actor: person.by, action, subject: id.as_str(), detail }, now).await
}
