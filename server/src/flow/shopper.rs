//! What a viewer may read: their own visits and debts, and nobody else's.

use domain::id::{EmailAddress, ShopperId, TripId};
use domain::receipt::Merchant;
use domain::viewer::Viewer;
use sqlx::PgPool;

use super::read_receipt::{TripPaper, paper};
use crate::store::debt::OwedTrip;
use crate::store::trip::ListedTrip;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Visits that one page lists.
const TRIPS_MAX: i64 = 200;

/// Whom to ask: every store, by its name.
///
/// # Errors
///
/// A database that is away.
pub async fn merchants(db: &PgPool) -> Result<Vec<Merchant>, StoreError> {
    store::settings::list_merchants(&mut *db.acquire().await?).await
}

/// A viewer's visits, the newest first.
///
/// # Errors
///
/// A database that is away.
pub async fn trips(db: &PgPool, vault: &Vault, viewer: &Viewer) -> Result<Vec<ListedTrip>, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    store::trip::list(&mut conn, vault, &reach, TRIPS_MAX).await
}

/// One visit. `None` also when it is somebody else's: from outside the two look alike.
///
/// # Errors
///
/// A database that is away.
pub async fn trip(db: &PgPool, vault: &Vault, viewer: &Viewer, trip: &TripId) -> Result<Option<TripPaper>, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    if !store::trip::is_within(&mut conn, trip, &reach).await? {
        return Ok(None);
    }
    let Some(row) = store::trip::get(&mut conn, trip).await? else { return Ok(None) };
    paper(&mut conn, vault, &row).await.map(Some)
}

/// What a viewer owes, by visit. A debtor may pay it, and see no more of it than the sum.
///
/// # Errors
///
/// A database that is away.
pub async fn owed(db: &PgPool, viewer: &Viewer) -> Result<Vec<OwedTrip>, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach_debts(&mut conn, viewer).await?;
    store::debt::list_open(&mut conn, &reach).await
}

/// A shopper's address. `None`: the shopper is gone.
///
/// # Errors
///
/// A database that is away.
pub async fn email(db: &PgPool, vault: &Vault, shopper: ShopperId) -> Result<Option<EmailAddress>, StoreError> {
    store::shopper::email(&mut *db.acquire().await?, vault, shopper).await
}
