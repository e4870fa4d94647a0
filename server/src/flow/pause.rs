//! Pauses of Amazon's APIs: what calls say about them, who may call meanwhile, and a person who knows better. The one place where
//! [`domain::pause::Pause::apply`] is called.

use domain::alert::AlertKind;
use domain::attempt::Api;
use domain::pause::{Pause, PauseError, PauseEvent};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::staff::{Person, UnknownStaff};
use crate::failpoint::{self, Commit};
use crate::store::audit::AuditEntry;
use crate::store::outbox::Claim;
use crate::store::pause::PauseRow;
use crate::store::{self, StoreError};

/// Writes what happened to an API that was `before` a moment ago. Locks nothing where that changes nothing, which is what almost every
/// call does.
pub(super) async fn note(
    conn: &mut PgConnection,
    (api, before): (Api, Pause),
    event: PauseEvent,
    by: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if before.apply(event, now) == Ok(before) {
        return Ok(());
    }
    let row = store::pause::lock(&mut *conn, api, now).await?;
    // A refusal says that another was faster: nothing changes then.
    if let Ok(pause) = row.pause.apply(event, now) {
        save(conn, row, pause, by, None, now).await?;
    }
    Ok(())
}

/// A probe that had nothing to send lets another be it.
///
/// # Errors
///
/// A database that is away. Then the probe's lease ends by itself.
pub async fn return_probe(db: &PgPool, claim: &Claim, now: OffsetDateTime) -> Result<(), StoreError> {
    let (Some(fence), Some(api)) = (claim.probe, claim.effect.api()) else { return Ok(()) };
    let mut tx = db.begin().await?;
    let before = store::pause::get(&mut tx, api).await?;
    note(&mut tx, (api, before), PauseEvent::ProbeReturned(fence), "worker", now).await?;
    Ok(failpoint::commit(tx, Commit::ProbeReturned).await?)
}

/// Every API that is paused, or that fails.
///
/// # Errors
///
/// A database that is away.
pub async fn list_pauses(db: &PgPool) -> Result<Vec<PauseRow>, StoreError> {
    let rows = store::pause::list(&mut *db.acquire().await?).await?;
    Ok(rows.into_iter().filter(|row| row.pause != Pause::FLOWING).collect())
}

/// Why a pause was not lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftPauseError {
    /// Nobody of this name works here.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// There is nothing to lift.
    #[error(transparent)]
    Refused(PauseError),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LiftPauseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A person says that an API may be called again, before the time that Amazon or the breaker named.
///
/// # Errors
///
/// See [`LiftPauseError`]. Nothing has changed then.
pub async fn lift_pause(db: &PgPool, api: Api, person: Person<'_>, now: OffsetDateTime) -> Result<(), LiftPauseError> {
    let mut tx = db.begin().await?;
    person.check(&mut tx).await??;
    let row = store::pause::lock(&mut tx, api, now).await?;
    let pause = row.pause.apply(PauseEvent::Lifted, now).map_err(LiftPauseError::Refused)?;
    save(&mut tx, row, pause, person.by, Some(person.reason), now).await?;
    Ok(tx.commit().await?)
}

/// Writes the next state of a pause whose row is locked; its beginnings and ends are audited.
pub(super) async fn save(
    conn: &mut PgConnection,
    row: PauseRow,
    pause: Pause,
    by: &str,
    reason: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let (before, api) = (row.pause, row.api);
    let is_same_pause = before.probe_at() == pause.probe_at();
    store::pause::save(&mut *conn, &PauseRow { pause, has_alerted: row.has_alerted && is_same_pause, ..row }, now)
        .await?;
    if pause.name() == before.name() {
        return Ok(());
    }
    let until = pause.probe_at().map(OffsetDateTime::unix_timestamp);
    tracing::warn!(
        api = api.as_str(),
        from = before.name(),
        to = pause.name(),
        until_unix = until,
        "an API's pause changed"
    );
    metrics::counter!("storeside_pause_changes_total", "api" => api.as_str(), "to" => pause.name()).increment(1);
    if pause.is_flowing() {
        store::alert::close(&mut *conn, AlertKind::PauseOutlivesDeadline, api.as_str(), now).await?;
    }
    if pause.is_flowing() || before.is_flowing() {
        let action = if pause.is_flowing() { "api_resumed" } else { "api_paused" };
        let detail = json!({"from": before.name(), "to": pause.name(), "until_unix": until, "reason": reason});
        store::audit::insert(conn, AuditEntry { actor: by, action, subject: api.as_str(), detail }, now).await?;
    }
    Ok(())
}
