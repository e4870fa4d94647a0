//! A visit's payment token has ended by our reckoning.

use domain::id::TripId;
use domain::trip::{Trip, TripEvent};
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use super::advance::{Said, advance};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// When to look again at a visit that a call is still out for.
const LOOK_AGAIN: Duration = Duration::minutes(15);

/// Tells the visit that its time is over; one that has ended before does not mind. While a call is out or to come that may
/// still succeed, its answer decides: gives when to look again.
///
/// # Errors
///
/// A database that is away.
pub async fn check_deadline(
    db: &PgPool,
    trip: &TripId,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let mut tx = db.begin().await?;
    let Some(mut row) = store::trip::lock(&mut tx, trip).await? else { return Ok(None) };
    let Some(settings) = store::settings::get(&mut tx, &row.store).await? else { return Ok(None) };
    if is_undecided(&mut tx, &row).await? {
        return Ok(Some(now.saturating_add(LOOK_AGAIN)));
    }
    let said = Said { by: "deadline", parts: None, at: now };
    advance(&mut tx, &settings, &mut row, TripEvent::DeadlinePassed, said).await?;
    tx.commit().await?;
    Ok(None)
}

/// An adjustment that waits for its next try may be dropped; one that is out, or any capture, may not.
async fn is_undecided(conn: &mut PgConnection, row: &TripRow) -> Result<bool, StoreError> {
    Ok(match row.state {
        Trip::Adjusting { .. } => store::outbox::live(conn, "adjust_charge", &row.id).await?.claimed,
        Trip::Capturing { .. } => {
            let live = store::outbox::live(conn, "capture_charge", &row.id).await?;
            live.waiting || live.claimed
        }
        Trip::Entered
        | Trip::InReview
        | Trip::CaptureUnknown { .. }
        | Trip::CaptureUnconfirmed { .. }
        | Trip::Captured { .. }
        | Trip::PartlyCaptured { .. }
        | Trip::Uncollected { .. }
        | Trip::Recovered { .. }
        | Trip::Cancelling
        | Trip::Cancelled => false,
    })
}
