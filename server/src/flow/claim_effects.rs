//! What a worker takes in hand: the probes of pauses that are over, then what is most urgent of everything that is not paused.

use domain::alert::AlertKind;
use domain::outbox::{Fence, LEASE};
use domain::pause::{Pause, PauseEvent};
use sqlx::{Connection, PgConnection, PgPool};
use time::OffsetDateTime;

use super::pause;
use crate::failpoint::{self, Commit};
use crate::store::outbox::Claim;
use crate::store::pause::PauseRow;
use crate::store::{self, StoreError};

/// Takes up to `limit` effects under a lease.
///
/// # Errors
///
/// A database that is away. Nothing is taken then, or its lease ends by itself.
pub async fn claim_effects(db: &PgPool, limit: usize, now: OffsetDateTime) -> Result<Vec<Claim>, StoreError> {
    let mut conn = db.acquire().await?;
    let mut claims = vec![];
    for row in store::pause::list(&mut conn).await? {
        if row.pause.probe_at().is_some_and(|at| now >= at) && claims.len() < limit {
            claims.extend(claim_probe(&mut conn, row, now).await?);
        }
        if !row.has_alerted {
            warn_of_deadline(&mut conn, row, now).await?;
        }
    }
    let left = i64::try_from(limit.saturating_sub(claims.len())).unwrap_or(1);
    if left > 0 {
        claims.extend(store::outbox::claim(&mut conn, left, now, now.saturating_add(LEASE)).await?);
    }
    Ok(claims)
}

/// One worker of the fleet gets the most urgent effect that waits for the API, if there is one.
async fn claim_probe(
    conn: &mut PgConnection,
    seen: PauseRow,
    now: OffsetDateTime,
) -> Result<Option<Claim>, StoreError> {
    let mut tx = conn.begin().await?;
    let Some(row) = store::pause::lock_if_free(&mut tx, seen.api).await? else { return Ok(None) };
    let fence = Fence(row.fence.0.saturating_add(1));
    let Ok(probing) = row.pause.apply(PauseEvent::ProbeWanted(fence), now) else { return Ok(None) };
    let until = now.saturating_add(LEASE);
    let Some(claim) = store::outbox::claim_probe(&mut tx, row.api, fence, now, until).await? else { return Ok(None) };
    pause::save(&mut tx, row, probing, "worker", None, now).await?;
    failpoint::commit(tx, Commit::ProbeClaimed).await?;
    Ok(Some(claim))
}

/// A person hears once of a pause that ends after the deadline of something that waits for it.
async fn warn_of_deadline(conn: &mut PgConnection, seen: PauseRow, now: OffsetDateTime) -> Result<(), StoreError> {
    let until = match seen.pause {
        Pause::Asked { until } | Pause::Tripped { until, .. } => until,
        Pause::Flowing { .. } | Pause::Probing { .. } => return Ok(()),
    };
    if !store::outbox::has_deadline_between(&mut *conn, seen.api, now, until).await? {
        return Ok(());
    }
    let mut tx = conn.begin().await?;
    let Some(row) = store::pause::lock_if_free(&mut tx, seen.api).await? else { return Ok(()) };
    if row == seen {
        store::pause::save(&mut tx, &PauseRow { has_alerted: true, ..row }, now).await?;
        store::alert::open(&mut tx, AlertKind::PauseOutlivesDeadline, row.api.as_str(), now).await?;
    }
    Ok(tx.commit().await?)
}
