//! One tap at a gate, answered in time whatever the database does: decided from its rows, or from what was known last.

use std::time::{Duration, Instant};

use domain::gate::away::decide_away;
use domain::gate::{GateDecision, GateRequest, Standing};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::decide_gate::{DecideGateError, count, decide_gate};
use crate::log::chain;
use crate::standing::answers::Answers;
use crate::standing::breaker::Breaker;
use crate::standing::journal::{Journal, JournalError, Written};
use crate::standing::last_known::{KnownTap, LastKnown, Looked};

/// What one process answers taps with.
#[derive(Debug)]
pub struct Gate {
    /// The database.
    pub database: PgPool,
    /// How long the database may take for one tap.
    pub budget: Duration,
    /// Whether it is worth asking.
    pub breaker: Breaker,
    /// What is known without it.
    pub known: LastKnown,
    /// The answers of late.
    pub answers: Answers,
    /// Where decisions wait for it.
    pub journal: Journal,
}

impl Gate {
    /// A gate that knows nothing yet.
    #[must_use]
    pub fn new(database: PgPool, journal: Journal, budget: Duration) -> Self {
        let (breaker, known, answers) = (Breaker::default(), LastKnown::default(), Answers::default());
        Self { database, budget, breaker, known, answers, journal }
    }

    /// Sets what Prometheus reads of it.
    pub fn measure(&self, now: OffsetDateTime) {
        let whole = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        metrics::gauge!("storeside_gate_journal_waiting").set(whole(self.journal.count_waiting()));
        metrics::gauge!("storeside_gate_owing_known")
            .set(whole(self.known.count_owing().try_into().unwrap_or(u64::MAX)));
        let age = self.known.as_of().map_or(0, |as_of| (now - as_of).whole_seconds());
        metrics::gauge!("storeside_gate_balances_age_seconds").set(whole(age.try_into().unwrap_or(0)));
    }
}

/// Why a tap got no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerGateError {
    /// We do not serve this store.
    #[error("this store is not served here")]
    UnknownStore,
    /// The database is away, and was never there since this process began.
    #[error("nothing is known without the database")]
    NothingKnown,
    /// The decision could be kept nowhere.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Decides a tap within the gate's budget and the time the disk takes for one record. The decision is durable before it is given, and
/// the same tap gets the same one again.
///
/// # Errors
///
/// See [`AnswerGateError`].
pub async fn answer_gate(
    gate: &Gate,
    request: &GateRequest,
    now: OffsetDateTime,
) -> Result<GateDecision, AnswerGateError> {
    let why = match gate.breaker.ask(Instant::now()) {
        None => "left_alone",
        Some(leave) => {
            let asked = decide_gate(&gate.database, &gate.answers, request, now);
            match tokio::time::timeout(gate.budget, asked).await {
                Ok(Ok(decision)) => {
                    leave.answered();
                    return Ok(decision);
                }
                Ok(Err(DecideGateError::UnknownStore)) => {
                    leave.answered();
                    return Err(AnswerGateError::UnknownStore);
                }
                Ok(Err(DecideGateError::Store(error))) => {
                    tracing::error!(error = chain(&error), "the gate could not keep a decision in its rows");
                    if error.is_away() {
                        leave.missed(Instant::now())
                    } else {
                        leave.answered()
                    }
                    "failed"
                }
                Err(_) => {
                    leave.missed(Instant::now());
                    "slow"
                }
            }
        }
    };
    metrics::counter!("storeside_gate_without_database_total", "why" => why).increment(1);
    decide_without_rows(gate, request, now).await
}

async fn decide_without_rows(
    gate: &Gate,
    request: &GateRequest,
    now: OffsetDateTime,
) -> Result<GateDecision, AnswerGateError> {
    let known = match gate.known.look(&request.store, &request.instrument) {
        Looked::Known(known) => known,
        Looked::UnknownStore => return Err(AnswerGateError::UnknownStore),
        Looked::NothingKnown => return Err(AnswerGateError::NothingKnown),
    };
    let KnownTap { gate: store, mut standing, as_of } = *known;
    let is_young = now - as_of <= store.away.balance_age_max;
    if !is_young {
        // Lists end by themselves; a balance may have been paid long since.
        standing = Standing { listed: standing.listed, ..Standing::nothing(store.settings.currency) };
    }
    let decision = decide_away(request, &standing, &store.rules, &store.settings, store.away.default, now);
    // One that was decided before, here or by a transaction whose end nobody knows, is the answer.
    let decision = gate.answers.settle(request, &decision);
    let written = Written {
        request: request.clone(),
        outstanding: standing.outstanding,
        balances_as_of: is_young.then_some(as_of),
        decided_at: now,
        decision,
    };
    gate.journal.append(&written).await?;
    count(request, &written.decision);
    Ok(written.decision)
}
