//! One call to Amazon, before and after: recorded before it is made, and its outcome applied to the visit.

use domain::alert::AlertKind;
use domain::attempt::AttemptOutcome;
use domain::attempt::rule::{self, Wanted};
use domain::effect::Effect;
use domain::id::{AttemptId, EmailAddress, InstrumentId, TripId};
use domain::outbox::{Failure, Fence, OutboxState, after_failure, after_pending, uses_try};
use domain::pause::{Answer, PauseEvent};
use domain::receipt::CardFacts;
use domain::refund::RefundEvent;
use domain::trip::{Trip, TripEvent};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::advance::{Said, advance, settings_of};
use super::erase::is_erased;
use super::notify_shopper::notify;
use super::pause;
use super::send_refund;
use crate::failpoint::{self, Commit};
use crate::store::attempt::Outcome;
use crate::store::instrument::Identity;
use crate::store::outbox::Claim;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};
use crate::vault::Vault;

pub use self::next_call::BodyOf;

mod next_call;

const SAID_BY: &str = "worker";

/// May the call be made?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Yes; it is recorded.
    Go(AttemptId),
    /// No: the lease was passed on, or the visit has moved on, or somebody before us sent it and never said what came of it.
    /// Everything there was to write is written.
    Stop,
}

/// Records that a call is about to be made, if it is still wanted and still ours to make.
///
/// # Errors
///
/// A database that is away. Then nothing may be sent.
pub async fn begin(
    db: &PgPool,
    claim: &Claim,
    trip: &TripId,
    request: &Value,
    now: OffsetDateTime,
) -> Result<Begin, StoreError> {
    let Some(api) = claim.effect.api() else { return Ok(Begin::Stop) };
    let mut tx = db.begin().await?;
    // The visit first, then the effect: the order in which `finish` takes them, so that the two cannot wait for each other.
    let mut row = lock_trip(&mut tx, trip).await?;
    let Some(pause) = store::outbox::lock_call(&mut tx, claim, api).await? else { return Ok(Begin::Stop) };
    if !pause.lets_call(claim.probe) {
        // Paused since it was claimed: it waits with the others, and has used up nothing.
        store::outbox::forgive_try(&mut tx, claim).await?;
        store::outbox::save(&mut tx, claim, OutboxState::Waiting { due_at: now }, None, now).await?;
        tx.commit().await?;
        return Ok(Begin::Stop);
    }
    if !is_wanted(&mut tx, &claim.effect, &row, now).await? {
        // Another visit may have brought what this one waits for.
        notify(&mut tx, &row, now).await?;
        store::outbox::save(&mut tx, claim, OutboxState::Dropped, Some("no longer wanted"), now).await?;
        tx.commit().await?;
        return Ok(Begin::Stop);
    }
    let was_sent = claim.fence != Fence(1) && store::attempt::give_up_sent(&mut tx, claim.id).await?;
    if let Some(event) = rule::left_as_sent(&claim.effect).filter(|_| was_sent) {
        apply(&mut tx, &mut row, event, now).await?;
        store::outbox::save(&mut tx, claim, OutboxState::Done, Some("sent, and no answer recorded"), now).await?;
        tx.commit().await?;
        return Ok(Begin::Stop);
    }
    let id = AttemptId(Uuid::new_v4());
    store::attempt::insert(&mut tx, id, claim, trip, api, request, now).await?;
    failpoint::commit(tx, Commit::Attempt(api)).await?;
    Ok(Begin::Go(id))
}

/// Does the visit's state still want this effect?
pub(super) async fn is_wanted(
    conn: &mut PgConnection,
    effect: &Effect,
    row: &TripRow,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    Ok(match rule::wanted(effect, row.state) {
        Wanted::Yes => true,
        Wanted::No => false,
        Wanted::WithoutFacts => !store::card_facts::exists(conn, &row.id).await?,
        Wanted::WithoutIdentity => match effect {
            Effect::FetchShopperIdentity { instrument, .. } => {
                store::instrument::identity_at(conn, instrument, row.started_at).await? == Identity::NotAsked
            }
            _ => true,
        },
        Wanted::ByRefund => match effect {
            Effect::RefundCharge { refund, amount, .. } => {
                send_refund::is_wanted(conn, row, *refund, *amount, now).await?
            }
            _ => true,
        },
    })
}

/// What a call came to, in what it means for the visit.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// Something happened to the visit; the effect is done.
    Event(TripEvent),
    /// Something happened to the refund; the effect is done.
    Refund(RefundEvent),
    /// The card facts.
    Facts(Box<CardFacts>),
    /// Amazon has no facts for this trip, or not yet.
    NoFacts,
    /// Whose the instrument is, as far as Amazon knows.
    Identity {
        /// Which one.
        instrument: InstrumentId,
        /// The address, where there is one.
        email: Option<EmailAddress>,
    },
    /// It was done, and the visit does not change.
    Done,
    /// It may work later.
    TryAgain {
        /// When Amazon said.
        retry_after: Option<Duration>,
        /// Was there an answer? A capture whose tries end without one is not known to have failed.
        answered: bool,
    },
    /// Neither yes nor no; asked again until it is one of them.
    Pending,
    /// Amazon asked to be left alone for so long.
    Throttled {
        /// What it asked for.
        retry_after: Duration,
    },
    /// A repeat would change nothing; a person must look.
    GiveUp(AlertKind),
}

/// A finished call.
#[derive(Debug)]
pub struct Finished {
    /// In one word.
    pub outcome: AttemptOutcome,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What went wrong, for the list of effects. Never personal.
    pub problem: Option<String>,
    /// How long it took.
    pub duration: std::time::Duration,
    /// What a person must look at whatever comes next.
    pub alert: Option<AlertKind>,
    /// What it says about its API, whatever it says about the visit.
    pub answer: Answer,
    /// What it means.
    pub meaning: Meaning,
    /// Chance for the wait before another try, 0 to 999.
    pub jitter: u16,
}

/// Writes what became of a call and applies it to the visit. An answer that comes after the lease was passed on is still
/// applied: it is true; only the effect's row is left to its new holder.
///
/// Gives the visit's next call where one is due: it is taken, and recorded where it could be, in the same transaction.
///
/// # Errors
///
/// A database that is away. The lease ends by itself then, and the attempt stays recorded as sent.
pub async fn finish(
    db: &PgPool,
    vault: &Vault,
    claim: &Claim,
    attempt: AttemptId,
    finished: &Finished,
    body_of: BodyOf,
    now: OffsetDateTime,
) -> Result<Option<Claim>, StoreError> {
    let mut tx = db.begin().await?;
    let trip = claim.effect.trip().ok_or(StoreError::Corrupt("an attempt without a trip"))?;
    let api = claim.effect.api().ok_or(StoreError::Corrupt("an attempt without an API"))?;
    let mut row = lock_trip(&mut tx, trip).await?;
    let outcome = Outcome {
        outcome: finished.outcome,
        status: finished.status,
        problem: finished.problem.as_deref(),
        duration_ms: i32::try_from(finished.duration.as_millis()).unwrap_or(i32::MAX),
    };
    store::attempt::save(&mut tx, attempt, &outcome).await?;
    if let Some(kind) = finished.alert {
        store::alert::open(&mut tx, kind, claim.effect.kind(), now).await?;
    }
    let state = conclude(&mut tx, vault, claim, &mut row, finished, now).await?;
    let problem = finished.problem.as_deref();
    let (is_ours, pause) = store::outbox::save_call(&mut tx, claim, api, state, problem, now).await?;
    // Last of all locks that are waited for, since the whole fleet may want it.
    let called = PauseEvent::Called { answer: finished.answer, probe: claim.probe };
    pause::note(&mut tx, (api, pause), called, SAID_BY, now).await?;
    let next = if is_ours && state.has_ended() { next_call::take(&mut tx, &row, body_of, now).await? } else { None };
    let commits: Vec<Commit> = [Commit::Outcome(api)].into_iter().chain(next_call::commits(next.as_ref())).collect();
    failpoint::commit_together(tx, &commits).await?;
    Ok(next)
}

async fn conclude(
    conn: &mut PgConnection,
    vault: &Vault,
    claim: &Claim,
    row: &mut TripRow,
    finished: &Finished,
    now: OffsetDateTime,
) -> Result<OutboxState, StoreError> {
    let jitter = finished.jitter;
    match finished.meaning.clone() {
        Meaning::Event(event) => {
            let event = informed(&mut *conn, claim, event).await?;
            apply(conn, row, event, now).await?;
            Ok(OutboxState::Done)
        }
        Meaning::Done => {
            if matches!(claim.effect, Effect::ReportPaymentStatus { .. }) {
                store::debt_event::insert_feedback(conn, &row.id, now).await?;
            }
            Ok(OutboxState::Done)
        }
        Meaning::Refund(event) => {
            if let Effect::RefundCharge { refund, .. } = &claim.effect {
                send_refund::conclude(conn, row, *refund, event, now).await?;
            }
            Ok(OutboxState::Done)
        }
        Meaning::Facts(facts) => {
            let facts = if is_erased(&mut *conn, row).await? { Box::new(facts.reduced()) } else { facts };
            store::card_facts::insert(&mut *conn, vault, &row.id, &facts, now).await?;
            take_facts_as_witness(&mut *conn, row, now).await?;
            send_refund::wake(&mut *conn, &row.id, now).await?;
            notify(conn, row, now).await?;
            Ok(OutboxState::Done)
        }
        Meaning::NoFacts => no_facts(conn, claim, row, jitter, now).await,
        Meaning::Identity { instrument, email } => {
            if !is_erased(&mut *conn, row).await? {
                save_identity(&mut *conn, vault, &instrument, email, now).await?;
            }
            notify(conn, row, now).await?;
            Ok(OutboxState::Done)
        }
        Meaning::TryAgain { retry_after, answered } => {
            let settings = settings_of(&mut *conn, row).await?;
            if let Some(event) = rule::failed_once(&claim.effect, &settings).filter(|_| answered) {
                apply(conn, row, event, now).await?;
                return Ok(OutboxState::Done);
            }
            let failure = Failure::TryAgain { retry_after };
            give_up_or_wait(conn, claim, row, (failure, answered), jitter, now).await
        }
        Meaning::Pending => pending(conn, claim, row, jitter, now).await,
        Meaning::Throttled { retry_after } => {
            give_up_or_wait(conn, claim, row, (Failure::Throttled { retry_after }, true), jitter, now).await
        }
        Meaning::GiveUp(kind) => {
            store::alert::open(&mut *conn, kind, row.id.as_str(), now).await?;
            exhausted(conn, claim, row, false, now).await?;
            Ok(OutboxState::Exhausted)
        }
    }
}

/// The event, with what earlier tries say about it.
async fn informed(conn: &mut PgConnection, claim: &Claim, event: TripEvent) -> Result<TripEvent, StoreError> {
    let asks = rule::depends_on_failures(&claim.effect, event);
    let had_failure = asks && store::attempt::had_failure(conn, claim.id).await?;
    Ok(rule::informed(&claim.effect, event, had_failure))
}

async fn give_up_or_wait(
    conn: &mut PgConnection,
    claim: &Claim,
    row: &mut TripRow,
    (failure, answered): (Failure, bool),
    jitter: u16,
    now: OffsetDateTime,
) -> Result<OutboxState, StoreError> {
    let state = after_failure(claim.tries, failure, now, claim.deadline_at, jitter);
    if state == OutboxState::Exhausted {
        exhausted(conn, claim, row, answered, now).await?;
    } else if !uses_try(failure, now, claim.deadline_at) {
        store::outbox::forgive_try(conn, claim).await?;
    }
    Ok(state)
}

/// An answer that is no answer yet uses up no try. It is asked for again until shortly before the deadline, and then kept for a
/// person, since nobody knows any more what Amazon will say.
async fn pending(
    conn: &mut PgConnection,
    claim: &Claim,
    row: &mut TripRow,
    jitter: u16,
    now: OffsetDateTime,
) -> Result<OutboxState, StoreError> {
    let polls = claim.polls.saturating_add(1);
    let state = after_pending(polls, now, row.deadline_at, jitter);
    if state == OutboxState::Exhausted {
        exhausted(conn, claim, row, true, now).await?;
    } else {
        store::outbox::count_poll(conn, claim).await?;
    }
    Ok(state)
}

/// Card facts that only exist after a capture say that there was one.
async fn take_facts_as_witness(
    conn: &mut PgConnection,
    row: &mut TripRow,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let asked = match row.state {
        Trip::Uncollected { .. } => store::attempt::last_capture(&mut *conn, &row.id).await?,
        _ => None,
    };
    match rule::witnessed(row.state, asked) {
        Some(event) if settings_of(&mut *conn, row).await?.transactional_data_proves_capture => {
            apply(conn, row, event, now).await
        }
        Some(_) | None => Ok(()),
    }
}

/// No card facts: no witness for a capture in doubt; else Amazon may have them later, and after a decline perhaps never.
async fn no_facts(
    conn: &mut PgConnection,
    claim: &Claim,
    row: &mut TripRow,
    jitter: u16,
    now: OffsetDateTime,
) -> Result<OutboxState, StoreError> {
    if matches!(row.state, Trip::CaptureUnknown { .. }) {
        apply(&mut *conn, row, TripEvent::NoWitness, now).await?;
        if !matches!(row.state, Trip::CaptureUnknown { .. }) {
            return Ok(OutboxState::Done);
        }
    }
    let again = Failure::TryAgain { retry_after: None };
    let state = after_failure(claim.tries, again, now, claim.deadline_at, jitter);
    match (state, row.state) {
        // Normal after a decline: there was no transaction to tell of.
        (OutboxState::Exhausted, Trip::Uncollected { .. }) => Ok(OutboxState::Dropped),
        (OutboxState::Exhausted, _) => {
            exhausted(conn, claim, row, true, now).await?;
            Ok(state)
        }
        _ => Ok(state),
    }
}

async fn save_identity(
    conn: &mut PgConnection,
    vault: &Vault,
    instrument: &InstrumentId,
    email: Option<EmailAddress>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let shopper = match email {
        Some(email) => Some(store::shopper::find_or_insert(&mut *conn, vault, &email, now).await?),
        None => None,
    };
    store::instrument::save_identity(conn, instrument, shopper, now).await
}

/// The tries are over: the effect stays for a person, and what waited for it goes on without it.
async fn exhausted(
    conn: &mut PgConnection,
    claim: &Claim,
    row: &mut TripRow,
    answered: bool,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    store::alert::open(&mut *conn, AlertKind::EffectExhausted, &claim.id.to_string(), now).await?;
    match claim.effect {
        Effect::CaptureCharge { .. } => {
            let had_failure = store::attempt::had_failure(&mut *conn, claim.id).await?;
            match rule::exhausted(&claim.effect, answered, had_failure) {
                Some(event) => apply(conn, row, event, now).await,
                None => Ok(()),
            }
        }
        Effect::RefundCharge { refund, .. } => {
            send_refund::conclude(conn, row, refund, RefundEvent::TriesExhausted, now).await
        }
        // A receipt without card facts is better than none.
        Effect::FetchTransactionalData { .. } => notify(conn, row, now).await,
        _ => Ok(()),
    }
}

async fn apply(
    conn: &mut PgConnection,
    row: &mut TripRow,
    event: TripEvent,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let settings = settings_of(&mut *conn, row).await?;
    advance(conn, &settings, row, event, Said { by: SAID_BY, parts: None, at: now }).await.map(drop)
}

async fn lock_trip(conn: &mut PgConnection, trip: &TripId) -> Result<TripRow, StoreError> {
    store::trip::lock(conn, trip).await?.ok_or(StoreError::Corrupt("an effect of a trip that is not there"))
}
