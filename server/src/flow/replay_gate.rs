//! Decisions that were made while the database was away become rows, each once: the answer that was sent is the answer.

use std::time::Duration;

use domain::alert::AlertKind;
use sqlx::{Connection, PgPool};
use time::OffsetDateTime;

use super::answer_gate::Gate;
use super::decide_gate::{audit, enter, join, remember};
use crate::log::chain;
use crate::standing::journal::{Contents, JournalError, JournalFile, Written};
use crate::store::{self, StoreError};

/// How long one decision may take: the database is slow, or gone again.
const KEPT_WITHIN: Duration = Duration::from_secs(10);

/// How long the database may take to say that it is there.
const REACHED_WITHIN: Duration = Duration::from_secs(1);

/// What was taken out of the journal and is not in rows yet. Lives as long as its process.
#[derive(Debug, Default)]
pub struct Replay {
    files: Vec<JournalFile>,
}

/// Why a replay stopped. What is left comes again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The database is away, still or again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal's folder.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of it.
    #[error("a file of the gate's journal cannot be read or removed")]
    File(#[from] std::io::Error),
}

/// What a replay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Decisions that are rows now and were none before.
    pub count: u64,
    /// When the first of them was made.
    pub oldest: Option<OffsetDateTime>,
}

impl Replay {
    /// Keeps what the journal has, of this process and of those that died.
    ///
    /// # Errors
    ///
    /// See [`ReplayError`].
    pub async fn run(&mut self, gate: &Gate, now: OffsetDateTime) -> Result<Replayed, ReplayError> {
        // While it is away everything stays where it is written.
        reach(&gate.database).await?;
        self.files.extend(gate.journal.take().await?);
        let mut replayed = Replayed::default();
        while let Some(file) = self.files.pop() {
            let (file, contents) = read(file).await?;
            let kept = keep_all(gate, &contents, now, &mut replayed).await;
            match kept {
                Ok(true) if contents.damaged_bytes == 0 => file.remove()?,
                Ok(_) => {
                    let bytes = contents.damaged_bytes;
                    let path = file.set_aside()?;
                    tracing::error!(path = %path.display(), damaged_bytes = bytes, "a file of the gate's journal is kept for a person");
                }
                Err(error) => {
                    self.files.push(file);
                    return Err(error.into());
                }
            }
        }
        if let Some(oldest) = replayed.oldest {
            let seconds = (now - oldest).whole_seconds();
            tracing::warn!(
                count = replayed.count,
                oldest_seconds = seconds,
                "taps decided without the database are kept now"
            );
        }
        Ok(replayed)
    }
}

async fn reach(database: &PgPool) -> Result<(), StoreError> {
    let asked = tokio::time::timeout(REACHED_WITHIN, async { database.acquire().await?.ping().await }).await;
    Ok(asked.unwrap_or(Err(sqlx::Error::PoolTimedOut))?)
}

async fn read(mut file: JournalFile) -> std::io::Result<(JournalFile, Contents)> {
    let reading = tokio::task::spawn_blocking(move || file.read().map(|contents| (file, contents)));
    reading.await.map_err(std::io::Error::other)?
}

/// `false`: some of them cannot be kept, now or ever, and a person is told.
async fn keep_all(
    gate: &Gate,
    contents: &Contents,
    now: OffsetDateTime,
    replayed: &mut Replayed,
) -> Result<bool, StoreError> {
    let mut all = true;
    for written in &contents.records {
        // For whoever comes again while the database goes once more: also what another process said.
        gate.answers.settle(&written.request, &written.decision);
        let kept = tokio::time::timeout(KEPT_WITHIN, keep(&gate.database, written, now)).await;
        match kept.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into())) {
            Ok(true) => {
                replayed.count += 1;
                replayed.oldest = Some(replayed.oldest.map_or(written.decided_at, |it| it.min(written.decided_at)));
            }
            Ok(false) => {}
            Err(error) if error.is_away() => return Err(error),
            Err(error) => {
                tracing::error!(error = chain(&error), gate_event.id = %written.request.event, "a decision cannot be kept");
                let event = written.request.event.as_str();
                store::alert::open(&mut *gate.database.acquire().await?, AlertKind::DecisionNotKept, event, now)
                    .await?;
                all = false;
            }
        }
    }
    Ok(all)
}

/// Everything that a tap leaves behind, in one transaction. `false`: it was kept before.
async fn keep(db: &PgPool, written: &Written, now: OffsetDateTime) -> Result<bool, StoreError> {
    let Written { request, decision, outstanding, balances_as_of, decided_at } = written;
    let mut tx = db.begin().await?;
    let settings = store::settings::get(&mut tx, &request.store).await?;
    let settings = settings.ok_or(StoreError::Corrupt("a decision of a store that is not there"))?;
    // The instrument first, then the visit, as everywhere.
    store::instrument::insert(&mut tx, &request.instrument, *decided_at).await?;
    join(&mut tx, request, now).await?;
    let known = store::gate::known(&mut tx, request, settings.currency, *decided_at).await?;
    let is_new = store::gate_decision::insert(&mut tx, request, *outstanding, decision, *decided_at).await?;
    if is_new {
        store::gate_decision::mark_replayed(&mut tx, request, *balances_as_of, now).await?;
        if decision.authorized {
            enter(&mut tx, request, decision, &settings, *decided_at).await?;
        }
        remember(&mut tx, request, &known, decision, *decided_at).await?;
        audit(&mut tx, request, decision, *outstanding, now).await?;
        let (kind, store) = (AlertKind::DecidedWithoutRecords, request.store.as_str());
        store::alert::count_one(&mut tx, kind, store, *decided_at).await?;
    } else if let Some(kept) = store::gate_decision::get(&mut tx, request).await? {
        if !kept.is_same {
            store::alert::open(&mut tx, AlertKind::GateEventReused, request.event.as_str(), now).await?;
        } else if kept.decision != *decision {
            store::alert::open(&mut tx, AlertKind::GateAnswersDiffer, request.event.as_str(), now).await?;
            if decision.authorized {
                // The gate may have opened for it.
                enter(&mut tx, request, decision, &settings, *decided_at).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(is_new)
}
