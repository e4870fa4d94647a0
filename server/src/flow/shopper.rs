//! What a viewer may read: their own visits and debts, and nobody else's.

use domain::id::{EmailAddress, ShopperId, TripId};
use domain::receipt::Merchant;
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::read_receipt::{TripPaper, paper};
use crate::store::audit::AuditEntry;
use crate::store::debt::OwedTrip;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Whom to ask: every store, by its name.
///
/// # Errors
///
/// A database that is away.
pub async fn merchants(db: &PgPool) -> Result<Vec<Merchant>, StoreError> {
    store::settings::list_merchants(&mut *db.acquire().await?).await
}

/// One visit. `None` also when it is somebody else's: from outside the two look alike. Who reads card facts is in the audit.
///
/// # Errors
///
/// A database that is away.
pub async fn trip(
    db: &PgPool,
    vault: &Vault,
    viewer: &Viewer,
    trip: &TripId,
    now: OffsetDateTime,
) -> Result<Option<TripPaper>, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    if !store::trip::is_within(&mut conn, trip, &reach).await? {
        return Ok(None);
    }
    let Some(row) = store::trip::get(&mut conn, trip).await? else { return Ok(None) };
    let paper = paper(&mut conn, vault, &row).await?;
    if matches!(&paper, TripPaper::Receipt(receipt) if receipt.card.is_some()) {
        record_read(&mut conn, viewer, "card_facts_read", trip.as_str(), now).await?;
    }
    Ok(Some(paper))
}

/// Writes that somebody has read what is personal.
pub(super) async fn record_read(
    conn: &mut PgConnection,
    viewer: &Viewer,
    action: &str,
    subject: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let entry = AuditEntry { actor: &viewer.to_string(), action, subject, detail: json!({}) };
    store::audit::insert(conn, entry, now).await
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
