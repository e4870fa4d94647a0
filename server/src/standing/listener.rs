//! Keeps what is known last current: hears of every change by `LISTEN`, reads what changed, and once a second makes sure that the
//! connection it listens on still carries something.

use std::time::{Duration, Instant};

use domain::id::InstrumentId;
use sqlx::PgPool;
use sqlx::postgres::PgListener;

use super::last_known::LastKnown;
use crate::clock::Clock;
use crate::log::chain;
use crate::store::StoreError;

/// What the triggers call out on: an instrument, or nothing for "read everything again".
const CHANNEL: &str = "standing";

/// A channel that nobody calls out on. To stop listening there is a question that any live connection answers.
const NOBODYS_CHANNEL: &str = "standing_nobody";

/// How long nothing may be heard before the connection is asked whether it is alive.
const QUIET_MAX: Duration = Duration::from_secs(1);

/// How long the database may take for one answer, and the pause before it is tried again.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long what was read as a whole counts: rules may come into force without anybody changing anything.
const READ_ALL_EVERY: Duration = Duration::from_secs(60);

/// Changes that are read at once.
const BATCH: usize = 200;

/// Keeps `known` current for ever. `own` is a pool of two connections that nothing else uses: one listens, one reads.
pub async fn keep_current(own: PgPool, known: &LastKnown, clock: &Clock) {
    loop {
        if let Err(error) = listen_until_cut_off(&own, known, clock).await {
            tracing::warn!(error = chain(&error), "the gate's last known balances are not renewed");
        }
        tokio::time::sleep(TRY_AGAIN_AFTER).await;
    }
}

/// Listens first and reads everything then: what changes in between is heard of.
async fn listen_until_cut_off(own: &PgPool, known: &LastKnown, clock: &Clock) -> Result<(), StoreError> {
    let mut listener = in_time(async {
        let mut listener = PgListener::connect_with(own).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    })
    .await?;
    read_all(own, known, clock).await?;
    let mut read_all_at = Instant::now();
    loop {
        if read_all_at.elapsed() >= READ_ALL_EVERY {
            read_all(own, known, clock).await?;
            read_all_at = Instant::now();
        }
        let now = clock.now();
        match tokio::time::timeout(QUIET_MAX, listener.try_recv()).await {
            Ok(Ok(Some(first))) => {
                let mut changed = Changed::default();
                changed.add(first.payload());
                while let Some(next) = (changed.instruments.len() < BATCH).then(|| listener.next_buffered()).flatten() {
                    changed.add(next.payload());
                }
                match changed.everything {
                    true => read_all(own, known, clock).await?,
                    false => in_time(changed.read(own, known, clock)).await?,
                }
            }
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_quiet) => {
                in_time(async { Ok(listener.unlisten(NOBODYS_CHANNEL).await?) }).await?;
                known.confirm(now);
            }
        }
    }
}

async fn read_all(own: &PgPool, known: &LastKnown, clock: &Clock) -> Result<(), StoreError> {
    let now = clock.now();
    in_time(async { known.read_all(&mut *own.acquire().await?, now).await }).await?;
    tracing::debug!(owing = known.count_owing(), "the gate has read everything again");
    Ok(())
}

/// What was called out.
#[derive(Debug, Default)]
struct Changed {
    everything: bool,
    instruments: Vec<InstrumentId>,
}

impl Changed {
    fn add(&mut self, payload: &str) {
        match InstrumentId::new(payload) {
            Ok(instrument) if self.instruments.contains(&instrument) => {}
            Ok(instrument) => self.instruments.push(instrument),
            Err(_) => self.everything = true,
        }
    }

    async fn read(&self, own: &PgPool, known: &LastKnown, clock: &Clock) -> Result<(), StoreError> {
        let now = clock.now();
        known.read_some(&mut *own.acquire().await?, &self.instruments, now).await
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answered = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
    answered.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
}
