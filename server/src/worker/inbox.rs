//! Events that wait, of Amazon's and of Stripe's: their visit or payment has appeared by now, or whoever received them has died.

use std::time::Duration;

use tokio::sync::watch;

use super::Worker;
use crate::flow::apply_event::apply_open_events;
use crate::flow::payoff::apply_open_words;
use crate::log::chain;

/// How often they are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks until `stop` turns true.
pub async fn run(worker: Worker, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = apply_open_events(&worker.database, worker.clock.now()).await {
            tracing::error!(error = chain(&error), "waiting events could not be looked for");
        }
        if let Err(error) = apply_open_words(&worker.database, worker.clock.now()).await {
            tracing::error!(error = chain(&error), "waiting events of Stripe's could not be looked for");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
