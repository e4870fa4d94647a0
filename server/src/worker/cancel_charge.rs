//! Releases the hold. Asking again is harmless.

use domain::id::{StoreId, TripId};
use domain::trip::TripEvent;

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, CancelCharge, RefusalName};
use crate::flow::attempt::Meaning;
use crate::store::StoreError;
use crate::store::outbox::Claim;

pub(super) async fn act(
    worker: &Worker,
    claim: &Claim,
    trip: &TripId,
    store: &StoreId,
) -> Result<Option<Claim>, StoreError> {
    call(worker, claim, trip, request(trip, store), meaning).await
}

pub(super) fn request(trip: &TripId, store: &StoreId) -> CancelCharge {
    CancelCharge { store: store.clone(), trip: trip.clone() }
}

fn meaning(outcome: &Result<(), CallError>) -> Meaning {
    match outcome {
        // What Amazon does not know, or has let go, has no hold left.
        Ok(())
        | Err(CallError::Refused {
            name: RefusalName::UnknownShoppingTrip | RefusalName::ShoppingTripExpired, ..
        }) => Meaning::Event(TripEvent::CancelInitiated),
        Err(error) => failed(error),
    }
}
