//! What a call to Amazon is worth before it is made, and what its outcome means for the visit, with what the rows know besides.

use crate::effect::Effect;
use crate::money::Money;
use crate::reason::DebtCause;
use crate::store::Store;
use crate::trip::{Trip, TripEvent};

/// Does a visit still want an effect?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Yes.
    Yes,
    /// No: the visit has gone on without it.
    No,
    /// As long as no card facts of the visit are known.
    WithoutFacts,
    /// As long as nobody has asked whose the instrument is.
    WithoutIdentity,
    /// As long as its refund is to be sent.
    ByRefund,
}

/// Does a visit in this state still want the effect?
#[must_use]
pub fn wanted(effect: &Effect, trip: Trip) -> Wanted {
    let when = |wanted| if wanted { Wanted::Yes } else { Wanted::No };
    match effect {
        Effect::AdjustCharge { amount, .. } => {
            when(matches!(trip, Trip::Adjusting { search, .. } if search.asked == *amount))
        }
        Effect::CaptureCharge { amount, .. } => {
            when(matches!(trip, Trip::Capturing { amount: it, .. } if it == *amount))
        }
        Effect::CancelCharge { .. } => when(matches!(trip, Trip::Cancelling | Trip::Uncollected { .. })),
        Effect::FetchTransactionalData { .. } => Wanted::WithoutFacts,
        Effect::FetchShopperIdentity { .. } => Wanted::WithoutIdentity,
        Effect::RefundCharge { .. } => Wanted::ByRefund,
        Effect::ReportPaymentStatus { .. }
        | Effect::SendReceipt { .. }
        | Effect::SendDebtNotice { .. }
        | Effect::SendRefundNotice { .. }
        | Effect::MailSignInCode { .. }
        | Effect::SendDisputeNotice { .. }
        | Effect::MailPaymentLink { .. }
        | Effect::SendPayoffNotice { .. }
        | Effect::CheckPayoff { .. }
        | Effect::SendSignInCode { .. }
        | Effect::CheckDeadline { .. }
        | Effect::CheckReview { .. }
        | Effect::CheckEntry { .. } => Wanted::Yes,
    }
}

/// What it means for the visit that an earlier try was recorded as sent and its worker is gone. `None`: nothing, it is made again.
///
/// Capturing again could charge twice: the witness is asked first.
#[must_use]
pub fn left_as_sent(effect: &Effect) -> Option<TripEvent> {
    matches!(effect, Effect::CaptureCharge { .. }).then_some(TripEvent::CaptureUnanswered)
}

/// May what this event means depend on earlier tries of its effect?
#[must_use]
pub fn depends_on_failures(effect: &Effect, event: TripEvent) -> bool {
    let refuses = matches!(event, TripEvent::CaptureRefused { .. } | TripEvent::TokenExpired);
    matches!(effect, Effect::CaptureCharge { .. }) && refuses
}

/// A refused capture means another thing after a failure on Amazon's side, which may have come after the effect; so does one that is
/// refused because the token has ended meanwhile.
#[must_use]
pub fn informed(effect: &Effect, event: TripEvent, had_failure: bool) -> TripEvent {
    match (effect, event) {
        (Effect::CaptureCharge { .. }, TripEvent::CaptureRefused { .. }) => {
            TripEvent::CaptureRefused { after_failure: had_failure }
        }
        (Effect::CaptureCharge { .. }, TripEvent::TokenExpired) if had_failure => {
            TripEvent::CaptureRefused { after_failure: true }
        }
        (_, other) => other,
    }
}

/// What it means for the visit that a try failed on Amazon's side, with an answer. `None`: nothing, it is made again later.
///
/// A 500 may come after the effect. Where a second capture would be a second charge, it is not repeated: the witness is asked, and the
/// event feed is heard.
#[must_use]
pub fn failed_once(effect: &Effect, store: &Store) -> Option<TripEvent> {
    let is_in_doubt = matches!(effect, Effect::CaptureCharge { .. }) && !store.capture_repeat_is_safe;
    is_in_doubt.then_some(TripEvent::CaptureUnanswered)
}

/// What it means for the visit that the tries of an effect are over. `answered`: the last one had an answer; `had_failure`: some try
/// failed on Amazon's side.
///
/// Tries that surely never reached Amazon are no failures of the card: those wait for a person, and for the deadline.
#[must_use]
pub fn exhausted(effect: &Effect, answered: bool, had_failure: bool) -> Option<TripEvent> {
    let failed = matches!(effect, Effect::CaptureCharge { .. }) && (answered || had_failure);
    failed.then_some(TripEvent::CaptureFailed)
}

/// What card facts of a visit say about its capture, where they prove one
/// ([`Store::transactional_data_proves_capture`](crate::store::Store::transactional_data_proves_capture)). `None`: nothing. `asked` is
/// what its last capture asked for that may have reached Amazon.
#[must_use]
pub fn witnessed(trip: Trip, asked: Option<Money>) -> Option<TripEvent> {
    match trip {
        Trip::CaptureUnknown { .. } | Trip::CaptureUnconfirmed { .. } => Some(TripEvent::CaptureWitnessed),
        // The debt was a mistake: what our capture asked for was taken after all.
        Trip::Uncollected { cause: DebtCause::CaptureFailed, .. } => Some(TripEvent::CaptureApproved { amount: asked }),
        Trip::Entered
        | Trip::InReview
        | Trip::Adjusting { .. }
        | Trip::Capturing { .. }
        | Trip::Captured { .. }
        | Trip::PartlyCaptured { .. }
        | Trip::Uncollected { .. }
        | Trip::Recovered { .. }
        | Trip::Cancelling
        | Trip::Cancelled => None,
    }
}

/// A call that may still succeed, although the visit's time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The kind of effect.
    pub kind: &'static str,
    /// Does one that waits for its next try count, too? One that is out always does.
    pub even_waiting: bool,
}

/// Which call decides instead of the deadline. `None`: the deadline does.
///
/// An adjustment that waits for its next try may be dropped; one that is out, or any capture, may not.
#[must_use]
pub fn awaited(trip: Trip) -> Option<Awaited> {
    match trip {
        Trip::Adjusting { .. } => Some(Awaited { kind: "adjust_charge", even_waiting: false }),
        Trip::Capturing { .. } => Some(Awaited { kind: "capture_charge", even_waiting: true }),
        Trip::Entered
        | Trip::InReview
        | Trip::CaptureUnknown { .. }
        | Trip::CaptureUnconfirmed { .. }
        | Trip::Captured { .. }
        | Trip::PartlyCaptured { .. }
        | Trip::Uncollected { .. }
        | Trip::Recovered { .. }
        | Trip::Cancelling
        | Trip::Cancelled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{StoreId, TripId};
    use crate::money::Currency;

    #[test]
    fn a_token_that_ends_after_a_failure_proves_no_more_than_a_refusal_does() {
        let (trip, store) = (TripId::new("trip").unwrap(), StoreId::new("store").unwrap());
        let amount = Money::new(2599, Currency::USD);
        let capture = Effect::CaptureCharge { trip: trip.clone(), store: store.clone(), amount };
        let adjust = Effect::AdjustCharge { trip, store, amount };
        let doubted = TripEvent::CaptureRefused { after_failure: true };
        assert!(depends_on_failures(&capture, TripEvent::TokenExpired));
        assert_eq!(informed(&capture, TripEvent::TokenExpired, true), doubted);
        assert_eq!(informed(&capture, TripEvent::TokenExpired, false), TripEvent::TokenExpired);
        assert_eq!(informed(&capture, TripEvent::CaptureRefused { after_failure: false }, true), doubted);
        assert!(!depends_on_failures(&adjust, TripEvent::TokenExpired));
        assert_eq!(informed(&adjust, TripEvent::TokenExpired, true), TripEvent::TokenExpired);
    }
}
