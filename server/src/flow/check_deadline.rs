//! A visit's payment token ends soon, or has ended, by our reckoning.

use domain::alert::AlertKind;
use domain::attempt::rule::awaited;
use domain::effect::{DeadlineLook, LOOK_AGAIN, deadline_look, is_uncharged};
use domain::id::TripId;
use domain::trip::{Trip, TripEvent};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::advance::{Said, advance};
use super::book_loss::book_loss;
use crate::failpoint::{self, Commit};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Before its time is over, a person hears of a visit that is not charged. Then tells the visit that its time is over; one that has ended before does not mind. While a call is out or to come that may
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
    if let DeadlineLook::Near { again_at } = deadline_look(row.deadline_at, now) {
        if !is_uncharged(row.state) {
            return Ok(None);
        }
        store::alert::open(&mut tx, AlertKind::DeadlineNear, trip.as_str(), now).await?;
        failpoint::commit(tx, Commit::DeadlineChecked).await?;
        return Ok(Some(again_at));
    }
    if is_undecided(&mut tx, &row).await? {
        return Ok(Some(now.saturating_add(LOOK_AGAIN)));
    }
    let was_in_review = row.state == Trip::InReview;
    let said = Said { by: "deadline", parts: None, at: now };
    advance(&mut tx, &settings, &mut row, TripEvent::DeadlinePassed, said).await?;
    if was_in_review && let Some((_, recognised)) = store::purchase::get_by_trip(&mut tx, trip).await? {
        book_loss(&mut tx, &row, &recognised, None, now).await?;
    }
    // What became of it has its own alert, where it needs one.
    store::alert::close(&mut tx, AlertKind::DeadlineNear, trip.as_str(), now).await?;
    failpoint::commit(tx, Commit::DeadlineChecked).await?;
    Ok(None)
}

/// Is a call out or to come that decides instead of the deadline?
async fn is_undecided(conn: &mut PgConnection, row: &TripRow) -> Result<bool, StoreError> {
    let Some(awaited) = awaited(row.state) else { return Ok(false) };
    let live = store::outbox::live(conn, awaited.kind, &row.id).await?;
    Ok(live.claimed || (awaited.even_waiting && live.waiting))
}
