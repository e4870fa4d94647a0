//! Capture Charge: takes the money. Page: `capture_charge.html`.

use domain::attempt::Api;
use domain::id::{StoreId, TripId};
use domain::money::Money;
use serde_json::{Value, json};

use super::{AmazonRequest, Invalid, amount};

/// `POST /v1/capture/charge`. The contract has no key against doing it twice: whoever sends this must know that no capture of
/// the trip is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureCharge {
    /// The store.
    pub store: StoreId,
    /// The visit.
    pub trip: TripId,
    /// More than zero, and never more than is held.
    pub amount: Money,
}

impl AmazonRequest for CaptureCharge {
    /// A 200 says that the capture has begun, and nothing else.
    type Answer = ();
    const API: Api = Api::CaptureCharge;
    const BODY_NEEDED: bool = false;

    fn body(&self) -> Value {
        json!({
            "storeId": self.store.as_str(),
            "shoppingTripId": self.trip.as_str(),
            "amount": amount::to_wire(self.amount),
        })
    }

    /// Tests 16 and 17 of the page `payment_service_capture_charge.html`: zero and less get 400.
    fn check(&self) -> Result<(), Invalid> {
        if self.amount.is_positive() { Ok(()) } else { Err(Invalid("amount.amount")) }
    }

    fn read(&self, _body: &[u8]) -> Option<()> {
        Some(())
    }
}
