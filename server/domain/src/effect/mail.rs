//! Which mails a visit asks for.

use super::Effect;
use crate::id::TripId;
use crate::trip::Trip;

impl Effect {
    /// The mails about a visit in this state: the receipt when something was taken, the notice when something is owed.
    #[must_use]
    pub fn mails(trip: &TripId, state: Trip) -> Vec<Self> {
        let receipt = Self::SendReceipt { trip: trip.clone() };
        let notice = Self::SendDebtNotice { trip: trip.clone() };
        match state {
            Trip::Captured { .. } | Trip::Recovered { .. } => vec![receipt],
            Trip::PartlyCaptured { .. } => vec![receipt, notice],
            Trip::Uncollected { .. } => vec![notice],
            Trip::Entered
            | Trip::InReview
            | Trip::Adjusting { .. }
            | Trip::Capturing { .. }
            | Trip::CaptureUnknown { .. }
            | Trip::CaptureUnconfirmed { .. }
            | Trip::Cancelling
            | Trip::Cancelled => vec![],
        }
    }
}
