//! Asks Amazon to hold the total. Asking again for the same total is harmless.

use domain::id::{StoreId, TripId};
use domain::money::Money;
use domain::trip::TripEvent;

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{AdjustAnswer, AdjustCharge, CallError, RefusalName};
use crate::flow::attempt::Meaning;
use crate::store::StoreError;
use crate::store::outbox::Claim;

pub(super) async fn act(
    worker: &Worker,
    claim: &Claim,
    trip: &TripId,
    store: &StoreId,
    amount: Money,
) -> Result<Option<Claim>, StoreError> {
    call(worker, claim, trip, request(trip, store, amount), meaning).await
}

pub(super) fn request(trip: &TripId, store: &StoreId, amount: Money) -> AdjustCharge {
    AdjustCharge { store: store.clone(), trip: trip.clone(), amount }
}

fn meaning(outcome: &Result<AdjustAnswer, CallError>) -> Meaning {
    match outcome {
        Ok(AdjustAnswer::Approved { authorized }) => {
            Meaning::Event(TripEvent::AdjustApproved { authorized: *authorized })
        }
        Ok(AdjustAnswer::Declined { authorized }) => {
            Meaning::Event(TripEvent::AdjustDeclined { authorized: Some(*authorized) })
        }
        // Asked again until it is one or the other; what a pending answer says is authorized is not (test plan, AC-003).
        Ok(AdjustAnswer::Pending) => Meaning::Pending,
        Err(CallError::Refused { name: RefusalName::ShoppingTripExpired, .. }) => {
            Meaning::Event(TripEvent::TokenExpired)
        }
        Err(error) => failed(error),
    }
}
