//! Visits that nobody made: whoever signs in with facts of their cards has stolen them.

use domain::id::TripId;
use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::staff::{Person, UnknownStaff};
use crate::store::audit::AuditEntry;
use crate::store::{self, StoreError};

/// Why no canary was added.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// Nobody of this name.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// There is no such visit.
    #[error("there is no trip {0}")]
    NoTrip(TripId),
    /// It is one already.
    #[error("trip {0} is a canary already")]
    Known(TripId),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CanaryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a visit a canary: a sign-in with facts of its card opens an alert from now on.
///
/// # Errors
///
/// See [`CanaryError`].
pub async fn add_canary(
    db: &PgPool,
    trip: &TripId,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), CanaryError> {
    let mut tx = db.begin().await?;
    person.check(&mut tx).await??;
    if store::trip::get(&mut tx, trip).await?.is_none() {
        return Err(CanaryError::NoTrip(trip.clone()));
    }
    if !store::canary::insert(&mut tx, trip, now).await? {
        return Err(CanaryError::Known(trip.clone()));
    }
    let detail = json!({ "reason": person.reason });
    let entry = AuditEntry { actor: person.by, action: "canary_added", subject: trip.as_str(), detail };
    store::audit::insert(&mut tx, entry, now).await?;
    Ok(tx.commit().await?)
}

/// Every canary, the first one first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_canaries(db: &PgPool) -> Result<Vec<TripId>, StoreError> {
    store::canary::list(&mut *db.acquire().await?).await
}
