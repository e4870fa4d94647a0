//! A mail that did not leave: tried again, or kept for a person.

use domain::alert::AlertKind;
use domain::outbox::OutboxState;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::store::outbox::Claim;
use crate::store::{self, StoreError};

/// Writes what becomes of the effect, and an alert when its tries are over.
///
/// # Errors
///
/// A database that is away.
pub async fn mail_failed(
    db: &PgPool,
    claim: &Claim,
    state: OutboxState,
    problem: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    store::outbox::save(&mut tx, claim, state, Some(problem), now).await?;
    if state == OutboxState::Exhausted {
        store::alert::open(&mut tx, AlertKind::EffectExhausted, &claim.id.to_string(), now).await?;
    }
    tx.commit().await?;
    Ok(())
}
