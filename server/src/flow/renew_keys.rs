//! The newest key seals what an older one did: the last step but one of changing a key, and the first after an update that seals more.

use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::staff::{Person, UnknownStaff};
use crate::store::audit::AuditEntry;
use crate::store::renewal::{self, Part};
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Rows that were sealed again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Addresses of shoppers.
    pub shoppers: u64,
    /// Addresses of loyalty accounts.
    pub loyalty_accounts: u64,
    /// Card facts of visits.
    pub cards: u64,
    /// Notes of refunds and disputes.
    pub notes: u64,
}

/// Why nothing, or not everything, was sealed again. What was, stays; asking again does the rest.
#[derive(Debug, thiserror::Error)]
pub enum RenewKeysError {
    /// Nobody of this name works here.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// The database is away, or has a row that no key of the setting opens.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RenewKeysError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Seals everything with the newest key. `step` hears of every part that is done. Others go on reading and writing meanwhile.
///
/// # Errors
///
/// See [`RenewKeysError`].
pub async fn renew_keys(
    db: &PgPool,
    vault: &Vault,
    person: Person<'_>,
    now: OffsetDateTime,
    mut step: impl FnMut(Renewed),
) -> Result<Renewed, RenewKeysError> {
    let mut conn = db.acquire().await?;
    person.check(&mut conn).await??;
    drop(conn);
    let mut done = Renewed::default();
    let shoppers = async |conn: &mut PgConnection, after| renewal::shoppers(conn, vault, after).await;
    walk(db, Uuid::nil(), shoppers, |count| {
        done.shoppers = done.shoppers.saturating_add(count);
        step(done);
    })
    .await?;
    let accounts = async |conn: &mut PgConnection, after| renewal::loyalty_accounts(conn, vault, after).await;
    walk(db, String::new(), accounts, |count| {
        done.loyalty_accounts = done.loyalty_accounts.saturating_add(count);
        step(done);
    })
    .await?;
    let cards = async |conn: &mut PgConnection, after| renewal::cards(conn, vault, after).await;
    walk(db, String::new(), cards, |count| {
        done.cards = done.cards.saturating_add(count);
        step(done);
    })
    .await?;
    let notes = async |conn: &mut PgConnection, after| renewal::notes(conn, vault, after).await;
    walk(db, Uuid::nil(), notes, |count| {
        done.notes = done.notes.saturating_add(count);
        step(done);
    })
    .await?;
    let mut tx = db.begin().await?;
    let detail = json!({
        "shoppers": done.shoppers,
        "loyalty_accounts": done.loyalty_accounts,
        "cards": done.cards,
        "notes": done.notes,
        "reason": person.reason,
    });
    let entry = AuditEntry { actor: person.by, action: "keys_renewed", subject: "STORESIDE_SECRET_KEY", detail };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(done)
}

/// Walks one table, each part in a transaction of its own.
async fn walk<K>(
    db: &PgPool,
    first: K,
    part: impl AsyncFn(&mut PgConnection, K) -> Result<Part<K>, StoreError>,
    mut told: impl FnMut(u64),
) -> Result<(), RenewKeysError> {
    let mut after = Some(first);
    while let Some(from) = after {
        let mut tx = db.begin().await?;
        let walked = part(&mut tx, from).await?;
        tx.commit().await?;
        after = walked.next;
        told(walked.renewed);
    }
    Ok(())
}
