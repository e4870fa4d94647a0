//! Alerts: what a person must look at, and that somebody has.

use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::staff::{Person, UnknownStaff};
use crate::store::alert::ListedAlert;
use crate::store::audit::AuditEntry;
use crate::store::{self, StoreError};

/// Why an alert stays open.
#[derive(Debug, thiserror::Error)]
pub enum CloseAlertError {
    /// Nobody of this name works here.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// There is no such alert, or it is closed.
    #[error("there is no open alert {0}: `storeside alert list` shows them")]
    NotOpen(i64),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CloseAlertError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Open alerts, the oldest first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_alerts(db: &PgPool) -> Result<Vec<ListedAlert>, StoreError> {
    store::alert::list_open(&mut *db.acquire().await?).await
}

/// A person has looked at what an alert told of.
///
/// # Errors
///
/// See [`CloseAlertError`]. Nothing has changed then.
pub async fn close_alert(db: &PgPool, id: i64, person: Person<'_>, now: OffsetDateTime) -> Result<(), CloseAlertError> {
    let mut tx = db.begin().await?;
    person.check(&mut tx).await??;
    let closed = store::alert::close_by_id(&mut tx, id, now).await?;
    let (kind, subject) = closed.ok_or(CloseAlertError::NotOpen(id))?;
    let detail = json!({"alert": id, "kind": kind, "reason": person.reason});
    let entry = AuditEntry { actor: person.by, action: "alert_closed", subject: &subject, detail };
    store::audit::insert(&mut tx, entry, now).await?;
    Ok(tx.commit().await?)
}
