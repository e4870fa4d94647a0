//! Asks whose an instrument is, once.

use domain::id::{EmailAddress, InstrumentId, StoreId, TripId};

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, GetShopperIdentity};
use crate::flow::attempt::Meaning;
use crate::store::StoreError;
use crate::store::outbox::Claim;

pub(super) async fn act(
    worker: &Worker,
    claim: &Claim,
    trip: &TripId,
    store: &StoreId,
    instrument: &InstrumentId,
) -> Result<Option<Claim>, StoreError> {
    let request = GetShopperIdentity { store: store.clone(), instrument: instrument.clone() };
    call(worker, claim, trip, request, |outcome| meaning(outcome, instrument)).await
}

fn meaning(outcome: &Result<Option<EmailAddress>, CallError>, instrument: &InstrumentId) -> Meaning {
    let known = |email| Meaning::Identity { instrument: instrument.clone(), email };
    match outcome {
        Ok(email) => known(email.clone()),
        // An id that Amazon does not know is a 200 on one page and a 400 on another: nobody either way.
        Err(CallError::Refused { .. } | CallError::Invalid { .. }) => known(None),
        Err(error) => failed(error),
    }
}
