//! One visit and everything that happened to it, for people who look into it.

use domain::id::TripId;
use sqlx::PgPool;

use crate::store::trip::TripRow;
use crate::store::trip::story::Happened;
use crate::store::{self, StoreError};

/// A visit and its story, the oldest first. `None`: there is no such visit.
///
/// # Errors
///
/// A database that is away.
pub async fn show_trip(db: &PgPool, trip: &TripId) -> Result<Option<(TripRow, Vec<Happened>)>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(row) = store::trip::get(&mut conn, trip).await? else { return Ok(None) };
    Ok(Some((row, store::trip::story::list(&mut conn, trip).await?)))
}
