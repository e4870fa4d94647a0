//! Events of the feed that are long over are forgotten; what is still open stays, however old.

use domain::payment_event::KEPT_FOR;
use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::store::audit::AuditEntry;
use crate::store::{self, StoreError};

/// Events forgotten in one transaction.
const BATCH: i64 = 1000;

/// Transactions of one run at most: what is left is forgotten an hour later.
const BATCHES_MAX: usize = 100;

/// Forgets events that came longer ago than [`KEPT_FOR`] and are over. Gives how many that were.
///
/// # Errors
///
/// A database that is away.
pub async fn forget_events(db: &PgPool, now: OffsetDateTime) -> Result<u64, StoreError> {
    let before = now.saturating_sub(KEPT_FOR);
    let mut forgotten = 0_u64;
    for _ in 0..BATCHES_MAX {
        let mut tx = db.begin().await?;
        let count = store::payment_event::forget(&mut tx, before, BATCH).await?;
        if count == 0 {
            break;
        }
        let detail = json!({ "count": count, "received_before": before.unix_timestamp() });
        let entry = AuditEntry { actor: "schedule", action: "events_forgotten", subject: "payment_event", detail };
        store::audit::insert(&mut tx, entry, now).await?;
        tx.commit().await?;
        forgotten = forgotten.saturating_add(count);
    }
    Ok(forgotten)
}
