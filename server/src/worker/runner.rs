//! Takes what is due and does it, many at a time, until asked to stop.

use std::time::Duration;

use domain::outbox::LEASE;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::Worker;
use crate::flow::apply_event::apply_open_events;
use crate::log::chain;
use crate::store::outbox::Claim;
use crate::store::{self, StoreError};

/// Effects one process has in hand at most. Each waits for a network most of its time.
const IN_HAND_MAX: usize = 32;

/// How often an idle worker looks. What an effect leads to is looked for at once.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long a worker that cannot reach its database waits before it looks again.
const DATABASE_AWAY: Duration = Duration::from_secs(1);

/// Works until `stop` turns true, then finishes what is in hand.
pub async fn run(worker: Worker, mut stop: watch::Receiver<bool>) {
    let mut in_hand = JoinSet::new();
    while !*stop.borrow() {
        let pause = match claim(&worker, IN_HAND_MAX - in_hand.len()).await {
            Ok(claims) => {
                for claim in claims {
                    in_hand.spawn(act(worker.clone(), claim));
                }
                LOOK_EVERY
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "nothing could be claimed");
                DATABASE_AWAY
            }
        };
        tokio::select! {
            // Done with one: what it led to may be due.
            Some(_) = in_hand.join_next() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
        while in_hand.try_join_next().is_some() {}
    }
    tracing::info!(in_hand = in_hand.len(), "worker stops after what it has in hand");
    while in_hand.join_next().await.is_some() {}
}

/// Tells the events that wait, does everything that is due now and what it leads to, one after the other. How many effects that
/// were.
///
/// # Errors
///
/// A database that is away.
pub async fn run_due(worker: &Worker) -> Result<usize, StoreError> {
    apply_open_events(&worker.database, worker.clock.now()).await?;
    let mut done = 0;
    loop {
        let claims = claim(worker, 1).await?;
        let Some(claim) = claims.into_iter().next() else { return Ok(done) };
        worker.act(&claim).await?;
        done += 1;
    }
}

async fn claim(worker: &Worker, limit: usize) -> Result<Vec<Claim>, StoreError> {
    if limit == 0 {
        return Ok(vec![]);
    }
    let now = worker.clock.now();
    let mut conn = worker.database.acquire().await?;
    store::outbox::claim(&mut conn, i64::try_from(limit).unwrap_or(1), now, now + LEASE).await
}

async fn act(worker: Worker, claim: Claim) {
    let kind = claim.effect.kind();
    let span =
        tracing::info_span!("effect", kind, effect.id = %claim.id, trip.id = claim.effect.trip().map(|it| it.as_str()));
    let acted = worker.act(&claim).instrument(span).await;
    let outcome = if acted.is_ok() { "done" } else { "database" };
    metrics::counter!("storeside_effects_total", "kind" => kind, "outcome" => outcome).increment(1);
    if let Err(error) = acted {
        // Nothing is lost: the lease ends, and another takes it.
        tracing::error!(kind, effect.id = %claim.id, error = chain(&error), "effect not finished");
    }
}
