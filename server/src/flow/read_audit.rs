//! What the audit says of one subject.

use domain::audit::AuditRow;
use sqlx::PgPool;

use crate::store::{self, StoreError};

/// Rows read at once.
const PAGE: i64 = 500;

/// Tells each row of a subject, the oldest first: a trip, an instrument, a gate event, a rule set.
///
/// # Errors
///
/// A database that is away.
pub async fn read_audit(db: &PgPool, subject: &str, mut tell: impl FnMut(AuditRow)) -> Result<(), StoreError> {
    let (mut conn, mut after) = (db.acquire().await?, 0);
    loop {
        let rows = store::audit::list_by_subject(&mut conn, subject, after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        rows.into_iter().for_each(&mut tell);
    }
}
