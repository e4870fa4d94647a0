//! Seals what the audit has gathered: chains committed rows by hash. Whoever writes audit rows waits for nobody.

use domain::alert::AlertKind;
use domain::audit::Head;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use crate::failpoint::{self, Commit};
use crate::store::{self, StoreError};

/// Rows sealed in one transaction.
const BATCH: usize = 500;

/// Transactions of one run at most: a first run over a long audit leaves room for others.
const BATCHES_MAX: usize = 100;

/// Seals what waits, in the order in which it is seen. Gives how many rows that were; none where another process is at it.
///
/// # Errors
///
/// A database that is away.
pub async fn seal_audit(db: &PgPool, now: OffsetDateTime) -> Result<u64, StoreError> {
    let mut sealed = 0_u64;
    for _ in 0..BATCHES_MAX {
        let count = seal_batch(db, now).await?;
        sealed = sealed.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if count < BATCH {
            break;
        }
    }
    Ok(sealed)
}

/// A row that waits longer than this has no sealer: each one that runs looks every two seconds.
pub const SEALED_WITHIN: Duration = Duration::minutes(15);

/// What the alert is about.
const SUBJECT: &str = "audit";

/// Opens an alert when audit rows wait too long for their seal, and closes it when they do not any more. Whoever looks need not be the
/// one that seals.
///
/// # Errors
///
/// A database that is away.
pub async fn watch_seals(db: &PgPool, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let since = store::audit_seal::waiting_since(&mut tx).await?;
    let is_late = since.is_some_and(|since| now.saturating_sub(SEALED_WITHIN) > since);
    let is_told = store::alert::times_open(&mut tx, AlertKind::AuditUnsealed, SUBJECT).await? > 0;
    match (is_late, is_told) {
        (true, false) => store::alert::open(&mut tx, AlertKind::AuditUnsealed, SUBJECT, now).await?,
        (false, true) => store::alert::close(&mut tx, AlertKind::AuditUnsealed, SUBJECT, now).await?,
        (true, true) | (false, false) => {}
    }
    Ok(tx.commit().await?)
}

async fn seal_batch(db: &PgPool, now: OffsetDateTime) -> Result<usize, StoreError> {
    let mut tx = db.begin().await?;
    if !store::audit_seal::try_lock(&mut tx).await? {
        return Ok(0);
    }
    let rows = store::audit_seal::list_unsealed(&mut tx, i64::try_from(BATCH).unwrap_or(i64::MAX)).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut head = store::audit_seal::get_head(&mut tx).await?;
    let seals: Vec<(i64, Head)> = rows
        .iter()
        .map(|row| {
            head = head.seal(row, now);
            (row.id, head)
        })
        .collect();
    store::audit_seal::insert(&mut tx, &seals, now).await?;
    failpoint::commit(tx, Commit::AuditSealed).await?;
    Ok(seals.len())
}

/// How far the chain reaches now.
///
/// # Errors
///
/// A database that is away.
pub async fn audit_head(db: &PgPool) -> Result<Head, StoreError> {
    store::audit_seal::get_head(&mut *db.acquire().await?).await
}
