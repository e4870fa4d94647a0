//! Hears of new effects, so that a worker with nothing to do need not wait until its next look.

use std::sync::Arc;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::runner::DATABASE_AWAY;
use crate::log::chain;

/// What the database calls out when somebody who is no worker asks for an effect (`wake_workers` in the migrations).
const CHANNEL: &str = "outbox";

/// A bell that rings for new effects as long as this value lives.
pub(super) struct Wake {
    bell: Arc<Notify>,
    _listening: JoinSet<()>,
}

impl Wake {
    /// Listens on a connection of its own, so that work is not short of one.
    pub(super) fn listen(database: &PgPool) -> Self {
        let options = database.connect_options().as_ref().clone();
        let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let bell = Arc::new(Notify::new());
        let mut listening = JoinSet::new();
        listening.spawn(ring(own, Arc::clone(&bell)));
        Self { bell, _listening: listening }
    }

    /// Waits for the next ring. One that came since the last time counts.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}

/// Rings for ever. What was called out while nobody could listen is found by the next look, as if nobody had called.
async fn ring(database: PgPool, bell: Arc<Notify>) {
    loop {
        if let Err(error) = ring_until_cut_off(&database, &bell).await {
            tracing::warn!(error = chain(&error), "new effects are only found by looking for them");
        }
        tokio::time::sleep(DATABASE_AWAY).await;
    }
}

async fn ring_until_cut_off(database: &PgPool, bell: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(database).await?;
    listener.listen(CHANNEL).await?;
    loop {
        listener.recv().await?;
        bell.notify_one();
    }
}
