//! Tells Amazon what became of a payment, with the amounts as they are now.

use domain::alert::AlertKind;
use domain::feedback::PaymentStatus;
use domain::id::{StoreId, TripId};
use domain::outbox::OutboxState;
use time::OffsetDateTime;

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, FeedbackAnswer, ReportPaymentStatus};
use crate::flow::attempt::Meaning;
use crate::flow::report_status::payment_status;
use crate::store::StoreError;
use crate::store::outbox::Claim;

pub(super) async fn act(
    worker: &Worker,
    claim: &Claim,
    trip: &TripId,
    store: &StoreId,
) -> Result<Option<Claim>, StoreError> {
    let begun = claim.begun.and_then(|it| Some((it.told?, it.at)));
    let (status, at) = match begun {
        Some(begun) => begun,
        None => {
            let Some(status) = payment_status(&worker.database, trip).await? else {
                worker.end(claim, OutboxState::Dropped, Some("there is no such trip")).await?;
                return Ok(None);
            };
            (status, worker.clock.now())
        }
    };
    call(worker, claim, trip, request(trip, store, status, at), meaning).await
}

pub(super) fn request(
    trip: &TripId,
    store: &StoreId,
    status: PaymentStatus,
    at: OffsetDateTime,
) -> ReportPaymentStatus {
    let (store, trip) = (store.clone(), trip.clone());
    ReportPaymentStatus { store, trip, total: status.total, settled: status.settled, at }
}

fn meaning(outcome: &Result<FeedbackAnswer, CallError>) -> Meaning {
    match outcome {
        Ok(FeedbackAnswer::Accepted) => Meaning::Done,
        // A 200 that is a no: not delivered, and not repeated blindly.
        Ok(FeedbackAnswer::Rejected) => Meaning::GiveUp(AlertKind::FeedbackRejected),
        Err(error) => failed(error),
    }
}
