//! One call to Amazon, whichever: recorded, made, and its outcome handed to the flow.

use std::time::{Duration as StdDuration, Instant};

use domain::alert::AlertKind;
use domain::effect::Effect;
use domain::feedback::PaymentStatus;
use domain::id::{AttemptId, TripId};
use domain::pause::Answer;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{Worker, adjust_charge, cancel_charge, capture_charge, jitter, payment_status, transactional_data};
use crate::client::amazon::{AmazonRequest, AmazonSettings, Call, CallError, RefusalName};
use crate::failpoint::{self, Failpoint};
use crate::flow::attempt::{Begin, Finished, Meaning, begin, finish};
use crate::store::StoreError;
use crate::store::outbox::Claim;

/// What Amazon asks for by default when it is asked too often (Capture Charge page, 429: `Retry-After: 600`).
const THROTTLED_FOR: Duration = Duration::seconds(600);

/// A call is only made while the lease outlives it.
const CALL_TAKES: Duration = Duration::seconds(AmazonSettings::TIMEOUT_DEFAULT.as_secs() as i64);

/// Waits between tries to keep an outcome; together well within the lease.
const KEEP_PAUSES: [StdDuration; 4] =
    [StdDuration::from_millis(200), StdDuration::from_secs(1), StdDuration::from_secs(4), StdDuration::from_secs(10)];

/// Makes the call if it is still wanted. `meaning` says what the answer means for the visit. Gives the visit's next call, if one is due.
pub(super) async fn call<R: AmazonRequest>(
    worker: &Worker,
    claim: &Claim,
    trip: &TripId,
    request: R,
    meaning: impl FnOnce(&Result<R::Answer, CallError>) -> Meaning,
) -> Result<Option<Claim>, StoreError> {
    let began = Instant::now();
    let begun = match claim.begun {
        Some(begun) => Begin::Go(begun.attempt),
        None => begin(&worker.database, claim, trip, &request.body(), worker.clock.now()).await?,
    };
    let Begin::Go(attempt) = begun else { return Ok(None) };
    if worker.clock.now().saturating_add(CALL_TAKES) > claim.until {
        // This process was held up for so long that another may be at it: it sends nothing, and the lease passes on.
        tracing::warn!(trip.id = %trip, effect.id = %claim.id, "held up until the lease was almost over; nothing is sent");
        return Ok(None);
    }
    let call = worker.amazon.send(worker.clock.now(), &request).await;
    failpoint::reach(Failpoint::Answered(R::API));
    let problem = call.outcome.as_ref().err().map(ToString::to_string);
    if let Some(problem) = &problem {
        tracing::warn!(trip.id = %trip, api = R::API.as_str(), status = call.status, tries = claim.tries, problem, "call failed");
    } else {
        tracing::info!(trip.id = %trip, api = R::API.as_str(), duration_ms = millis(&call), "call answered");
    }
    let finished = Finished {
        outcome: call.attempt_outcome(),
        status: call.status,
        duration: call.took,
        alert: alert(&call),
        answer: answer(&call.outcome),
        meaning: meaning(&call.outcome),
        jitter: jitter(),
        problem,
    };
    let took = call.took;
    let kept = keep(worker, claim, attempt, &finished).await;
    // What a call costs beside what Amazon takes: two commits, the signature, the rules.
    metrics::histogram!("storeside_call_own_seconds", "api" => R::API.as_str())
        .record(began.elapsed().saturating_sub(took));
    kept
}

/// What Amazon answered is not thrown away because the database is away for a moment: a capture that is known would be one in
/// doubt.
async fn keep(
    worker: &Worker,
    claim: &Claim,
    attempt: AttemptId,
    finished: &Finished,
) -> Result<Option<Claim>, StoreError> {
    let mut pauses = KEEP_PAUSES.into_iter();
    loop {
        let kept = finish(&worker.database, &worker.vault, claim, attempt, finished, body_of, worker.clock.now()).await;
        match (kept, pauses.next()) {
            (Err(StoreError::Query(error)), Some(pause)) => {
                tracing::warn!(effect.id = %claim.id, problem = %error, "an outcome could not be kept; trying again");
                tokio::time::sleep(pause).await;
            }
            (kept, _) => return kept,
        }
    }
}

/// What the attempt of an effect's call keeps, where the effect says everything that the call does.
fn body_of(effect: &Effect, told: Option<PaymentStatus>, at: OffsetDateTime) -> Option<Value> {
    Some(match effect {
        Effect::AdjustCharge { trip, store, amount } => adjust_charge::request(trip, store, *amount).body(),
        Effect::CaptureCharge { trip, store, amount } => capture_charge::request(trip, store, *amount).body(),
        Effect::CancelCharge { trip, store } => cancel_charge::request(trip, store).body(),
        Effect::FetchTransactionalData { trip, store } => transactional_data::request(trip, store).body(),
        Effect::ReportPaymentStatus { trip, store } => payment_status::request(trip, store, told?, at).body(),
        _ => return None,
    })
}

fn millis<T>(call: &Call<T>) -> u64 {
    u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX)
}

/// A wrong setting, or an answer that cannot be right, is worth a person's look at the first try, not the last.
fn alert<T>(call: &Call<T>) -> Option<AlertKind> {
    match call.outcome {
        Err(CallError::Misconfigured { .. }) => Some(AlertKind::AccessDenied),
        Err(CallError::Unreadable { .. }) => Some(AlertKind::ImplausibleAnswer),
        Ok(_) | Err(_) => None,
    }
}

/// What a call says about its API. A wrong key, or an answer that cannot be read, is still an answer: leaving the API alone would
/// not mend it.
fn answer<T>(outcome: &Result<T, CallError>) -> Answer {
    match outcome {
        Err(CallError::Throttled { retry_after }) => Answer::Wait(retry_after.map_or(THROTTLED_FOR, wait)),
        Err(CallError::Busy { status: 503, retry_after: Some(asked), .. }) => Answer::Wait(wait(*asked)),
        Err(CallError::Busy { .. } | CallError::NoAnswer { .. } | CallError::NotSent { .. }) => Answer::Fails,
        Ok(_)
        | Err(
            CallError::Invalid { .. }
            | CallError::Refused { .. }
            | CallError::Misconfigured { .. }
            | CallError::Unreadable { .. },
        ) => Answer::Works,
    }
}

/// What a failed call means where nothing more particular holds.
pub(super) fn failed(error: &CallError) -> Meaning {
    let again = |retry_after, answered| Meaning::TryAgain { retry_after, answered };
    match error {
        CallError::Refused { name: RefusalName::UnknownShoppingTrip, .. } => Meaning::GiveUp(AlertKind::UnknownTrip),
        CallError::Invalid { .. } | CallError::Refused { .. } => Meaning::GiveUp(AlertKind::CallRefused),
        CallError::Throttled { retry_after } => {
            Meaning::Throttled { retry_after: retry_after.map_or(THROTTLED_FOR, wait) }
        }
        CallError::Busy { status: 503, retry_after: Some(asked), .. } => {
            Meaning::Throttled { retry_after: wait(*asked) }
        }
        CallError::Busy { retry_after, .. } => again(retry_after.map(wait), true),
        CallError::Misconfigured { .. }
        | CallError::NotSent { .. }
        | CallError::NoAnswer { .. }
        | CallError::Unreadable { .. } => again(None, false),
    }
}

fn wait(asked: std::time::Duration) -> Duration {
    Duration::try_from(asked).unwrap_or(Duration::MAX)
}
