//! Disputes as people read them: the desk's list, the shopper's page and mail.

use std::collections::BTreeMap;

use domain::id::{DisputeId, EmailAddress, TripId};
use domain::money::Money;
use domain::note::Note;
use domain::receipt::Merchant;
use domain::viewer::Viewer;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::DisputeRow;
use crate::flow::advance::settings_of;
use crate::store::instrument::Identity;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Disputes that are listed at most.
const LISTED_MAX: i64 = 500;

/// A dispute as its page and its mail show it.
#[derive(Debug, Clone)]
pub struct ShownDispute {
    /// The dispute.
    pub row: DisputeRow,
    /// Whose store.
    pub merchant: Merchant,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// What is still owed for the visit.
    pub outstanding: Money,
}

/// A mail about a dispute.
#[derive(Debug, Clone)]
pub struct DisputeMail {
    /// To whom.
    pub to: EmailAddress,
    /// How it stands.
    pub shown: ShownDispute,
}

/// Disputes: the open ones with the oldest first, or all of them with the newest first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_disputes(db: &PgPool, all: bool) -> Result<Vec<DisputeRow>, StoreError> {
    store::dispute::list(&mut *db.acquire().await?, !all, LISTED_MAX).await
}

/// The newest dispute of each of these visits that has one.
///
/// # Errors
///
/// A database that is away.
pub async fn newest_disputes(db: &PgPool, trips: &[TripId]) -> Result<BTreeMap<TripId, DisputeRow>, StoreError> {
    store::dispute::newest(&mut *db.acquire().await?, trips).await
}

/// What the shopper added.
///
/// # Errors
///
/// A database that is away; a note that no key opens.
pub async fn dispute_note(db: &PgPool, vault: &Vault, id: DisputeId) -> Result<Option<Note>, StoreError> {
    store::dispute::note(&mut *db.acquire().await?, vault, id).await
}

/// A dispute as its visit's viewer sees it. `None` also when it is somebody else's: from outside the two look alike.
///
/// # Errors
///
/// A database that is away.
pub async fn show_dispute(db: &PgPool, viewer: &Viewer, id: DisputeId) -> Result<Option<ShownDispute>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(row) = store::dispute::get(&mut conn, id).await? else { return Ok(None) };
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    if !store::trip::is_within(&mut conn, &row.trip, &reach).await? {
        return Ok(None);
    }
    let Some(trip) = store::trip::get(&mut conn, &row.trip).await? else { return Ok(None) };
    shown(&mut conn, row, &trip).await.map(Some)
}

async fn shown(conn: &mut PgConnection, row: DisputeRow, trip: &TripRow) -> Result<ShownDispute, StoreError> {
    let outstanding = store::debt::outstanding_of_trip(&mut *conn, &trip.id).await?;
    let outstanding = outstanding.unwrap_or(Money::zero(trip.currency));
    let merchant = settings_of(conn, trip).await?.merchant;
    Ok(ShownDispute { row, merchant, started_at: trip.started_at, outstanding })
}

/// What to mail about a dispute. `None`: nobody to write to.
///
/// # Errors
///
/// A database that is away.
pub async fn dispute_mail(db: &PgPool, vault: &Vault, id: DisputeId) -> Result<Option<DisputeMail>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(row) = store::dispute::get(&mut conn, id).await? else { return Ok(None) };
    let Some(trip) = store::trip::get(&mut conn, &row.trip).await? else { return Ok(None) };
    let Some(instrument) = &trip.instrument else { return Ok(None) };
    let Identity::Known(shopper) = store::instrument::identity(&mut conn, instrument).await? else { return Ok(None) };
    let Some(to) = store::shopper::email(&mut conn, vault, shopper).await? else { return Ok(None) };
    Ok(Some(DisputeMail { to, shown: shown(&mut conn, row, &trip).await? }))
}
