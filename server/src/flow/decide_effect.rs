//! Effects that are out of tries: what a person does about them.

use domain::alert::AlertKind;
use domain::effect::Effect;
use domain::id::OutboxId;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::attempt::is_wanted;
use super::staff::{Person, UnknownStaff};
use crate::store::audit::AuditEntry;
use crate::store::outbox::listed::{self, ListedEffect};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Why an effect stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DecideEffectError {
    /// Nobody of this name works here.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// There is no such effect.
    #[error("there is no effect {0}: `storeside effect list` shows those that are out of tries")]
    NotFound(OutboxId),
    /// It has not run out of tries.
    #[error("the effect is not out of tries: it is {0}")]
    NotExhausted(String),
    /// What it said is gone, or was written by a newer version.
    #[error("what the effect must do cannot be read any more: a code for signing in is asked for anew by the shopper")]
    Unreadable,
    /// A try would be dropped.
    #[error("the trip is {0} by now, and nothing waits for this effect any more: `storeside effect resolve` ends it")]
    NotWanted(&'static str),
    /// Nobody but Amazon can say what becomes of the money.
    #[error(
        "the trip is {0} and waits for this: `storeside effect retry` asks Amazon again, and at its deadline the trip ends by itself. \
         Only Amazon can say what becomes of the charge, so that it is not resolved by hand"
    )]
    StillWanted(&'static str),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DecideEffectError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Effects in a state, of one kind or of all, the nearest deadline first, at most `limit`.
///
/// # Errors
///
/// A database that is away.
pub async fn list_effects(
    db: &PgPool,
    state: &str,
    kind: Option<&str>,
    limit: i64,
) -> Result<Vec<ListedEffect>, StoreError> {
    listed::list(&mut *db.acquire().await?, state, kind, limit).await
}

/// Puts an effect that is out of tries back, with all its tries, to be tried at once.
///
/// # Errors
///
/// See [`DecideEffectError`]. Nothing has changed then.
pub async fn retry_effect(
    db: &PgPool,
    id: OutboxId,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), DecideEffectError> {
    let mut tx = db.begin().await?;
    let (effect, row) = lock_exhausted(&mut tx, id, person).await?;
    let effect = effect.ok_or(DecideEffectError::Unreadable)?;
    if let Some(row) = &row
        && !is_wanted(&mut tx, &effect, row, now).await?
    {
        return Err(DecideEffectError::NotWanted(row.state.name()));
    }
    listed::put_back(&mut tx, id, now).await?;
    record(&mut tx, "effect_retried", id, Some(&effect), person, now).await?;
    Ok(tx.commit().await?)
}

/// Ends an effect that is out of tries: somebody has done by hand what it was for, or it does not matter any more.
///
/// # Errors
///
/// See [`DecideEffectError`]. Nothing has changed then.
pub async fn resolve_effect(
    db: &PgPool,
    id: OutboxId,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), DecideEffectError> {
    let mut tx = db.begin().await?;
    let (effect, row) = lock_exhausted(&mut tx, id, person).await?;
    if let (Some(effect @ (Effect::AdjustCharge { .. } | Effect::CaptureCharge { .. })), Some(row)) = (&effect, &row)
        && is_wanted(&mut tx, effect, row, now).await?
    {
        return Err(DecideEffectError::StillWanted(row.state.name()));
    }
    listed::drop_kept(&mut tx, id, &format!("resolved by {}: {}", person.by, person.reason)).await?;
    record(&mut tx, "effect_resolved", id, effect.as_ref(), person, now).await?;
    Ok(tx.commit().await?)
}

/// The visit first, then the effect: the order in which attempts take them.
async fn lock_exhausted(
    conn: &mut PgConnection,
    id: OutboxId,
    person: Person<'_>,
) -> Result<(Option<Effect>, Option<TripRow>), DecideEffectError> {
    person.check(&mut *conn).await??;
    let trip = listed::trip_of(&mut *conn, id).await?.ok_or(DecideEffectError::NotFound(id))?;
    let row = match &trip {
        Some(trip) => store::trip::lock(&mut *conn, trip).await?,
        None => None,
    };
    let kept = listed::lock(&mut *conn, id).await?.ok_or(DecideEffectError::NotFound(id))?;
    if kept.state != "exhausted" {
        return Err(DecideEffectError::NotExhausted(kept.state));
    }
    Ok((kept.effect, row))
}

async fn record(
    conn: &mut PgConnection,
    action: &'static str,
    id: OutboxId,
    effect: Option<&Effect>,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    store::alert::close(&mut *conn, AlertKind::EffectExhausted, &id.to_string(), now).await?;
    let detail = json!({"kind": effect.map(Effect::kind), "reason": person.reason});
    let entry = AuditEntry { actor: person.by, action, subject: &id.to_string(), detail };
    store::audit::insert(conn, entry, now).await
}
