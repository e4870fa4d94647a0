//! What really happened, by the twin's own books.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Api, Event};

/// Everything the twin knows: every trip, every call it received, every event it had to tell, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Truth {
    /// The twin's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
    pub trips: Vec<Trip>,
    pub calls: Vec<Call>,
    pub events: Vec<Event>,
}

impl Truth {
    /// The truth about one trip.
    ///
    /// # Panics
    ///
    /// When the twin never made that trip: a test asks about the wrong one.
    #[must_use]
    #[track_caller]
    pub fn trip(&self, id: Uuid) -> &Trip {
        let found = self.trips.iter().find(|trip| trip.id == id);
        found.expect("only trips that this twin made are asked for")
    }

    /// The calls to one API about one trip, oldest first.
    pub fn calls_for(&self, api: Api, trip: Uuid) -> impl Iterator<Item = &Call> {
        let trip = trip.to_string();
        self.calls.iter().filter(move |call| call.api == api && call.trip.as_deref() == Some(&*trip))
    }

    /// How many calls there were to one API about one trip.
    #[must_use]
    pub fn count(&self, api: Api, trip: Uuid) -> usize {
        self.calls_for(api, trip).count()
    }

    /// Captured on all trips less refunded on all trips, in minor units of whatever currency they had.
    #[must_use]
    pub fn net_minor(&self) -> i64 {
        self.trips.iter().map(|trip| trip.captured_minor() - trip.refunded_minor()).sum()
    }
}

/// One visit. Amounts are in minor units of `currency`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trip {
    pub id: Uuid,
    pub store: String,
    pub card: String,
    pub instrument: String,
    pub gate_event: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub tapped_at: OffsetDateTime,
    pub currency: String,
    /// Whether Storeside let the shopper in. Without that the payment APIs do not know the trip.
    pub admitted: bool,
    /// What is held on the card now; 0 once it is captured or cancelled.
    pub hold_minor: i64,
    /// The last successful authorization: the most that a capture takes.
    pub authorized_minor: i64,
    /// The last answer to an adjust.
    pub adjust_status: Option<AdjustStatus>,
    pub adjust_calls: u32,
    /// Every charge made on the card, in order; more than one is a double charge.
    pub captures_minor: Vec<i64>,
    /// What the bank took back of them later: a capture that was declined after all.
    #[serde(default)]
    pub reversals_minor: Vec<i64>,
    /// Capture calls that reached the network, duplicates and refused ones included.
    pub capture_calls: u32,
    pub cancelled: bool,
    pub cancel_calls: u32,
    pub refunds: Vec<Refund>,
    pub feedback: Vec<Feedback>,
}

impl Trip {
    /// Everything charged and not taken back, in minor units. Refunds do not count.
    #[must_use]
    pub fn captured_minor(&self) -> i64 {
        self.captures_minor.iter().sum::<i64>() - self.reversals_minor.iter().sum::<i64>()
    }

    /// Everything refunded, in minor units.
    #[must_use]
    pub fn refunded_minor(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount_minor).sum()
    }
}

/// The three answers of Adjust Charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdjustStatus {
    Approved,
    Declined,
    Pending,
}

/// A refund that was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub refund_request_id: String,
    pub amount_minor: i64,
    pub reason_code: String,
    pub reconciliation_id: String,
}

/// A Report Payment Status that was accepted. Amounts are in minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    pub total_minor: i64,
    pub settled_minor: i64,
    pub currency: String,
    /// As sent: Unix seconds.
    pub payment_status_time: i64,
}

/// One call to one of Amazon's APIs, as the twin saw it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    pub api: Api,
    /// `shoppingTripId` of the body, if there was one.
    pub trip: Option<String>,
    /// `None` while there is no outcome: the call hangs, or is delayed.
    pub status: Option<u16>,
    /// Whether the answer was given back; a lost answer has a status and is not answered.
    pub answered: bool,
    /// Why it was refused, in words; Amazon would not say.
    pub reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When it was answered, or would have been. `None` while it hangs.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub done_at: Option<OffsetDateTime>,
}
