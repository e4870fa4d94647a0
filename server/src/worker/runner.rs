//! Takes what is due and does it, many at a time, until asked to stop.

use std::time::Duration;

use domain::effect::Effect;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::Worker;
use super::wake::Wake;
use crate::flow::apply_event::apply_open_events;
use crate::flow::claim_effects::claim_effects;
use crate::flow::payoff::apply_open_words;
use crate::log::chain;
use crate::store::StoreError;
use crate::store::outbox::Claim;

/// Effects one process has in hand at most. Each waits for a network most of its time.
const IN_HAND_MAX: usize = 32;

/// How often an idle worker looks. What an effect leads to is looked for at once, and what others ask for when they call.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// No worker looks more often, so that many effects at once are taken together.
const LOOKS_APART: Duration = Duration::from_millis(4);

/// While more waits than fits, a worker lets several be done before it looks again: looking for each would cost more than doing it.
const BEHIND_WAITS: Duration = Duration::from_millis(50);

/// How long a worker that cannot reach its database waits before it looks again.
pub(super) const DATABASE_AWAY: Duration = Duration::from_secs(1);

/// Works until `stop` turns true, then finishes what is in hand.
pub async fn run(worker: Worker, mut stop: watch::Receiver<bool>) {
    let mut in_hand = JoinSet::new();
    let wake = Wake::listen(&worker.database);
    let mut pace = tokio::time::interval(LOOKS_APART);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !*stop.borrow() {
        pace.tick().await;
        let room = IN_HAND_MAX - in_hand.len();
        let mut is_behind = false;
        let pause = match claim(&worker, room).await {
            Ok(claims) => {
                is_behind = room > 0 && claims.len() >= room;
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
        let look_at = Instant::now() + pause;
        loop {
            tokio::select! {
                // Done with one: what it led to may be due.
                Some(led_on) = in_hand.join_next() => if is_behind || led_on.unwrap_or(true) { break },
                () = wake.rung() => break,
                () = tokio::time::sleep_until(look_at) => break,
                _ = stop.changed() => break,
            }
        }
        if is_behind {
            let half_done = async { while in_hand.len() > IN_HAND_MAX / 2 && in_hand.join_next().await.is_some() {} };
            // Else slow calls would keep the other half from work.
            let _ = tokio::time::timeout(BEHIND_WAITS, half_done).await;
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
    apply_open_words(&worker.database, worker.clock.now()).await?;
    let mut done = 0;
    loop {
        let claims = claim(worker, 1).await?;
        if claims.is_empty() {
            return Ok(done);
        }
        for claim in claims {
            done += worker.act(&claim).await?;
        }
    }
}

async fn claim(worker: &Worker, limit: usize) -> Result<Vec<Claim>, StoreError> {
    if limit == 0 {
        return Ok(vec![]);
    }
    claim_effects(&worker.database, limit, worker.clock.now()).await
}

/// `false`: it has led to nothing that another look would find. A mail leads to nothing.
async fn act(worker: Worker, claim: Claim) -> bool {
    let acted = worker.act(&claim).await;
    acted.is_err() || !matches!(claim.effect, Effect::SendReceipt { .. } | Effect::SendDebtNotice { .. })
}
