//! Keeps what is known last current: hears of every change by `LISTEN`, reads what changed, and once a second makes sure that it has heard
//! of all.

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

/// How often the database is asked whether it is there and has no news, however much is heard meanwhile.
const CONFIRMED_EVERY: Duration = Duration::from_secs(1);

/// How long the database may take for one answer, and the pause before it is tried again.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Rules may come into force without anybody changing anything.
const RULES_READ_EVERY: Duration = Duration::from_secs(60);

/// Who owes what is called out; everything is read now and then all the same, for a pooler that passes no call on. More often it would be
/// felt: with a hundred thousand debtors it takes 0.2 s of a processor, and as much of the database's.
const ALL_READ_EVERY: Duration = Duration::from_secs(600);

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
    let (mut all_read_at, mut rules_read_at, mut confirmed_at) = (Instant::now(), Instant::now(), Instant::now());
    loop {
        if all_read_at.elapsed() >= ALL_READ_EVERY {
            read_all(own, known, clock).await?;
            (all_read_at, rules_read_at) = (Instant::now(), Instant::now());
        } else if rules_read_at.elapsed() >= RULES_READ_EVERY {
            in_time(async { known.read_rules(&mut *own.acquire().await?, clock.now()).await }).await?;
            rules_read_at = Instant::now();
        }
        let heard = match tokio::time::timeout(CONFIRMED_EVERY, listener.try_recv()).await {
            Ok(Ok(None)) => return Ok(()),
            Ok(heard) => heard?,
            Err(_quiet) => None,
        };
        let asked_at = (confirmed_at.elapsed() >= CONFIRMED_EVERY).then(|| clock.now());
        if asked_at.is_some() {
            // Whatever was called out before has been heard when the answer is there.
            in_time(async { Ok(listener.unlisten(NOBODYS_CHANNEL).await?) }).await?;
        }
        let mut next = heard;
        while let Some(first) = next {
            let mut changed = Changed::default();
            changed.add(first.payload());
            while let Some(more) = (changed.instruments.len() < BATCH).then(|| listener.next_buffered()).flatten() {
                changed.add(more.payload());
            }
            match changed.everything {
                true => read_all(own, known, clock).await?,
                false => in_time(changed.read(own, known, clock)).await?,
            }
            next = listener.next_buffered();
        }
        if let Some(asked_at) = asked_at {
            known.confirm(asked_at);
            confirmed_at = Instant::now();
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::*;

    /// Until this is so. The test ends by itself where it never is.
    async fn until(mut is_so: impl AsyncFnMut() -> bool) {
        let patience = tokio::time::timeout(Duration::from_secs(20), async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        patience.await.expect("within 20 seconds");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn what_is_known_is_as_of_now_however_much_is_called_out(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = PgPoolOptions::new().max_connections(4).connect_with(database).await.unwrap();
        let (known, clock) = (Arc::new(LastKnown::default()), Clock::System);
        let listening = tokio::spawn({
            let (own, known, clock) = (pool.clone(), Arc::clone(&known), clock.clone());
            async move { keep_current(own, &known, &clock).await }
        });
        until(async || known.as_of().is_some()).await;
        let began = clock.now();
        until(async || {
            sqlx::query("SELECT pg_notify('standing', 'card-1')").execute(&pool).await.unwrap();
            known.as_of().is_some_and(|as_of| as_of > began)
        })
        .await;
        listening.abort();
    }
}
