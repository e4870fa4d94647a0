//! Erasing what is personal: because somebody asks, or because it is long over. Purchases, payments and refunds stay, as the law wants
//! books to be kept; whose they are goes.
//!
//! Amazon may still answer a question about a visit from before: that answer is not kept. A visit that begins later is a new reason to
//! ask, and its answer is.

use domain::id::ShopperId;
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::store::audit::AuditEntry;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError, personal};
use crate::vault::Vault;

/// Rows that one transaction of the chore takes.
const BATCH: i64 = 200;

/// Transactions of one run at most: what is left is forgotten at the next.
const BATCHES_MAX: usize = 50;

/// Why nothing is erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// Who asks has proven a card, not an address: it could be another's.
    #[error("only whoever has proven an address may erase")]
    NotByAddress,
    /// A charge, a debt, a refund or a payment is not over.
    #[error("something is not over yet")]
    StillOpen,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for EraseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Could this viewer's data be erased now?
///
/// # Errors
///
/// Why not.
pub async fn check_erasure(db: &PgPool, viewer: &Viewer) -> Result<(), EraseError> {
    check(&mut *db.acquire().await?, viewer).await.map(drop)
}

async fn check(conn: &mut PgConnection, viewer: &Viewer) -> Result<ShopperId, EraseError> {
    let Viewer::Shopper(shopper) = viewer else { return Err(EraseError::NotByAddress) };
    let reach = store::viewer::reach(&mut *conn, viewer).await?;
    if personal::is_any_open(conn, &reach).await? { Err(EraseError::StillOpen) } else { Ok(*shopper) }
}

/// Erases what is personal of whoever asks, and signs them out everywhere.
///
/// # Errors
///
/// See [`EraseError`]. Nothing has changed then.
pub async fn erase(db: &PgPool, vault: &Vault, viewer: &Viewer, now: OffsetDateTime) -> Result<(), EraseError> {
    let mut tx = db.begin().await?;
    let shopper = check(&mut tx, viewer).await?;
    erase_shopper(&mut tx, vault, shopper, (&viewer.to_string(), "data_erased"), now).await?;
    Ok(tx.commit().await?)
}

async fn erase_shopper(
    conn: &mut PgConnection,
    vault: &Vault,
    shopper: ShopperId,
    (actor, action): (&str, &str),
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let instruments = personal::erase_shopper(&mut *conn, shopper, now).await?;
    for instrument in &instruments {
        store::session::delete_all_but(&mut *conn, &Viewer::Card(instrument.clone()), 0).await?;
    }
    let cards = personal::reduce_cards(&mut *conn, vault, &instruments, now).await?;
    let detail = json!({ "instruments": instruments.len(), "cards": cards });
    let subject = format!("shopper:{shopper}");
    store::audit::insert(conn, AuditEntry { actor, action, subject: &subject, detail }, now).await
}

/// Forgets what stores have kept long enough: card facts, then addresses. Gives how many visits and shoppers that were.
///
/// # Errors
///
/// A database that is away.
pub async fn forget_personal(db: &PgPool, vault: &Vault, now: OffsetDateTime) -> Result<(u64, u64), StoreError> {
    let (mut cards, mut shoppers) = (0_u64, 0_u64);
    for _ in 0..BATCHES_MAX {
        let mut tx = db.begin().await?;
        let count = personal::reduce_old_cards(&mut tx, vault, now, BATCH).await?;
        if count == 0 {
            break;
        }
        let detail = json!({ "count": count });
        let entry = AuditEntry { actor: "schedule", action: "cards_forgotten", subject: "card_facts", detail };
        store::audit::insert(&mut tx, entry, now).await?;
        tx.commit().await?;
        cards = cards.saturating_add(count);
    }
    for _ in 0..BATCHES_MAX {
        let mut tx = db.begin().await?;
        let old = personal::list_old_shoppers(&mut tx, now, BATCH).await?;
        for shopper in &old {
            erase_shopper(&mut tx, vault, *shopper, ("schedule", "address_forgotten"), now).await?;
        }
        tx.commit().await?;
        if old.is_empty() {
            break;
        }
        shoppers = shoppers.saturating_add(old.len() as u64);
    }
    Ok((cards, shoppers))
}

/// Was whoever made this visit erased since it began? What is learned of it now is not kept then.
pub(super) async fn is_erased(conn: &mut PgConnection, row: &TripRow) -> Result<bool, StoreError> {
    let Some(instrument) = &row.instrument else { return Ok(false) };
    let erased = personal::lock_erased_at(conn, instrument).await?;
    Ok(erased.is_some_and(|at| row.started_at <= at))
}
