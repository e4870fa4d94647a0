//! Cancel Charge: releases the hold. Page: `cancel_charge.html`.

use domain::attempt::Api;
use domain::id::{StoreId, TripId};
use serde_json::{Value, json};

use super::{AmazonRequest, Invalid};

/// `POST /v1/cancel/charge`. Never after a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelCharge {
    /// The store.
    pub store: StoreId,
    /// The visit.
    pub trip: TripId,
}

impl AmazonRequest for CancelCharge {
    /// A 200 says that the cancelling has begun, and nothing else.
    type Answer = ();
    const API: Api = Api::CancelCharge;
    const BODY_NEEDED: bool = false;

    fn body(&self) -> Value {
        json!({ "storeId": self.store.as_str(), "shoppingTripId": self.trip.as_str() })
    }

    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    fn read(&self, _body: &[u8]) -> Option<()> {
        Some(())
    }
}
