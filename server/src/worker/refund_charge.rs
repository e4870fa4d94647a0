//! Gives money back to the card. A call without an answer is simply made again: the key is the same for ever.

use domain::id::{RefundId, StoreId, TripId};
use domain::money::Money;
use domain::refund::{RefundEvent, RefundReason};

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, RefundAnswer, RefundCharge};
use crate::flow::attempt::Meaning;
use crate::store::StoreError;
use crate::store::outbox::Claim;

/// What the effect says.
pub(super) struct Order<'a> {
    pub(super) refund: RefundId,
    pub(super) trip: &'a TripId,
    pub(super) store: &'a StoreId,
    pub(super) amount: Money,
    pub(super) reason: RefundReason,
}

pub(super) async fn act(worker: &Worker, claim: &Claim, order: Order<'_>) -> Result<(), StoreError> {
    let Order { refund, trip, store, amount, reason } = order;
    let request = RefundCharge { store: store.clone(), trip: trip.clone(), amount, refund, reason };
    call(worker, claim, trip, request, meaning).await
}

fn meaning(outcome: &Result<RefundAnswer, CallError>) -> Meaning {
    match outcome {
        Ok(RefundAnswer::Given { reconciliation }) => {
            Meaning::Refund(RefundEvent::Answered { reconciliation: reconciliation.clone() })
        }
        // Whether an earlier try may have done it is read from the attempts.
        Ok(RefundAnswer::Declined) | Err(CallError::Refused { .. } | CallError::Invalid { .. }) => {
            Meaning::Refund(RefundEvent::Refused { in_doubt: false })
        }
        Err(error) => failed(error),
    }
}
