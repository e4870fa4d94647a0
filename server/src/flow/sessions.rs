//! The sessions of one viewer: listed, ended one by one or all, and never more than a few.

use domain::viewer::Viewer;
use sqlx::PgPool;
use time::OffsetDateTime;

pub use crate::store::session::{ListedSession, SessionHash};
use crate::store::{self, StoreError};

/// Sessions that a viewer may have at once. One more ends the oldest.
pub const SESSIONS_MAX: i64 = 5;

/// Those that have not ended, the newest first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_sessions(
    db: &PgPool,
    viewer: &Viewer,
    now: OffsetDateTime,
) -> Result<Vec<ListedSession>, StoreError> {
    store::session::list(&mut *db.acquire().await?, viewer, now).await
}

/// Ends one. `false`: this viewer has none of this name.
///
/// # Errors
///
/// A database that is away.
pub async fn end_session(db: &PgPool, viewer: &Viewer, hash: &SessionHash) -> Result<bool, StoreError> {
    store::session::delete_of(&mut *db.acquire().await?, viewer, hash).await
}

/// Ends all.
///
/// # Errors
///
/// A database that is away.
pub async fn end_sessions(db: &PgPool, viewer: &Viewer) -> Result<(), StoreError> {
    store::session::delete_all_but(&mut *db.acquire().await?, viewer, 0).await.map(drop)
}

/// Makes room for one more.
///
/// # Errors
///
/// A database that is away.
pub async fn end_oldest_sessions(db: &PgPool, viewer: &Viewer) -> Result<(), StoreError> {
    let left = SESSIONS_MAX.saturating_sub(1);
    store::session::delete_all_but(&mut *db.acquire().await?, viewer, left).await.map(drop)
}
