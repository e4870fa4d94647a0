//! Takes the money. The one call that is not simply repeated when its answer is lost: Amazon knows no key that would make a
//! second one harmless. After an answered failure it is.

use domain::id::{StoreId, TripId};
use domain::money::Money;
use domain::trip::TripEvent;

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, CaptureCharge, RefusalName};
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

pub(super) fn request(trip: &TripId, store: &StoreId, amount: Money) -> CaptureCharge {
    CaptureCharge { store: store.clone(), trip: trip.clone(), amount }
}

fn meaning(outcome: &Result<(), CallError>) -> Meaning {
    match outcome {
        Ok(()) => Meaning::Event(TripEvent::CaptureInitiated),
        Err(CallError::NoAnswer { .. } | CallError::Unreadable { .. }) => Meaning::Event(TripEvent::CaptureUnanswered),
        Err(CallError::Refused { name: RefusalName::ShoppingTripExpired, .. }) => {
            Meaning::Event(TripEvent::TokenExpired)
        }
        Err(CallError::Refused { .. }) => Meaning::Event(TripEvent::CaptureRefused { after_failure: false }),
        Err(error) => failed(error),
    }
}
