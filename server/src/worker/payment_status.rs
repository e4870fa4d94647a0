//! Tells Amazon what became of a payment, with the amounts as they are now.

use domain::alert::AlertKind;
use domain::id::{StoreId, TripId};
use domain::outbox::OutboxState;

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, FeedbackAnswer, ReportPaymentStatus};
use crate::flow::attempt::Meaning;
use crate::flow::report_status::payment_status;
use crate::store::StoreError;
use crate::store::outbox::Claim;

pub(super) async fn act(worker: &Worker, claim: &Claim, trip: &TripId, store: &StoreId) -> Result<(), StoreError> {
    let Some(status) = payment_status(&worker.database, trip).await? else {
        return worker.end(claim, OutboxState::Dropped, Some("there is no such trip")).await;
    };
    let request = ReportPaymentStatus {
        store: store.clone(),
        trip: trip.clone(),
        total: status.total,
        settled: status.settled,
        at: worker.clock.now(),
    };
    call(worker, claim, trip, request, meaning).await
}

fn meaning(outcome: &Result<FeedbackAnswer, CallError>) -> Meaning {
    match outcome {
        Ok(FeedbackAnswer::Accepted) => Meaning::Done,
        // A 200 that is a no: not delivered, and not repeated blindly.
        Ok(FeedbackAnswer::Rejected) => Meaning::GiveUp(AlertKind::FeedbackRejected),
        Err(error) => failed(error),
    }
}
