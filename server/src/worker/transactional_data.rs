//! Fetches the card facts of a trip, which also witness a capture.

use domain::id::{StoreId, TripId};
use domain::receipt::CardFacts;

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, GetTransactionalData};
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

pub(super) fn request(trip: &TripId, store: &StoreId) -> GetTransactionalData {
    GetTransactionalData { store: store.clone(), trip: trip.clone() }
}

fn meaning(outcome: &Result<CardFacts, CallError>) -> Meaning {
    match outcome {
        Ok(facts) if *facts != CardFacts::default() => Meaning::Facts(Box::new(facts.clone())),
        // An answer that says nothing witnesses nothing.
        Ok(_) | Err(CallError::Refused { .. }) => Meaning::NoFacts,
        Err(error) => failed(error),
    }
}
