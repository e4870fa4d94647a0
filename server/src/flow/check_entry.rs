//! A visit whose cart should have come long ago: the hold is released.

use domain::alert::AlertKind;
use domain::id::TripId;
use domain::trip::TripEvent;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::advance::{Said, advance};
use crate::failpoint::{self, Commit};
use crate::store::{self, StoreError};

/// Gives a visit up that has no cart yet; any other does not mind.
///
/// # Errors
///
/// A database that is away.
pub async fn check_entry(db: &PgPool, trip: &TripId, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let Some(mut row) = store::trip::lock(&mut tx, trip).await? else { return Ok(()) };
    let Some(settings) = store::settings::get(&mut tx, &row.store).await? else { return Ok(()) };
    let said = Said { by: "entry", parts: None, at: now };
    let before = row.state;
    advance(&mut tx, &settings, &mut row, TripEvent::EntryStale, said).await?;
    if row.state != before {
        // Amazon sends a cart for every visit and repeats one that we did not take: somebody must ask where this one is.
        store::alert::open(&mut tx, AlertKind::CartMissing, trip.as_str(), now).await?;
    }
    failpoint::commit(tx, Commit::EntryChecked).await?;
    Ok(())
}
