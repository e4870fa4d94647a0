//! What an event means for the visit it is about.

use time::OffsetDateTime;

use super::{EventAmount, EventName, Ignored, PaymentEvent};
use crate::alert::AlertKind;
use crate::money::Money;
use crate::trip::{Trip, TripEvent};

/// What is known besides the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Where the visit is.
    pub trip: Trip,
    /// What our last capture asked for that may have reached Amazon. `None`: none may have.
    pub asked: Option<Money>,
    /// The newest event about the visit's capture that was told to it before, and when that happened.
    pub newest: Option<(EventName, OffsetDateTime)>,
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The visit hears of this.
    Tell(TripEvent),
    /// It says what is known; the visit has nothing to decide.
    Heard,
    /// It is kept without consequence, and a person may have to look.
    Ignore(Ignored, Option<AlertKind>),
}

/// Decides what an event of this name means.
///
/// Of the capture, the newest event by its own time counts, whatever order they come in. An authorization is decided by the
/// answer to our own adjust, which is asked for until it comes: the feed does not say which authorization it means, the gate's
/// or the cart's.
#[must_use]
pub fn judge(event: &PaymentEvent, name: EventName, known: Known) -> Judgement {
    match name {
        EventName::CaptureApproved | EventName::CaptureDeclined => capture(event, name, known),
        EventName::AuthorizationApproved => Judgement::Ignore(Ignored::AnswerCounts, None),
        EventName::AuthorizationDeclined => Judgement::Ignore(Ignored::AnswerCounts, Some(AlertKind::PaymentDeclined)),
        EventName::AuthorizationCancelled => cancelled(known.trip),
    }
}

fn capture(event: &PaymentEvent, name: EventName, known: Known) -> Judgement {
    if let Some((newest, at)) = known.newest {
        if at > event.occurred_at {
            return Judgement::Ignore(Ignored::Stale, None);
        }
        if at == event.occurred_at && newest != name {
            return Judgement::Ignore(Ignored::Disagrees, Some(AlertKind::EventsDisagree));
        }
    }
    let approved = name == EventName::CaptureApproved;
    let Some(asked) = known.asked else {
        let alert = if approved { AlertKind::LateCapture } else { AlertKind::CaptureDeclined };
        return Judgement::Ignore(Ignored::Unasked, Some(alert));
    };
    let amount = match event.amount {
        EventAmount::Unsaid => asked,
        EventAmount::Said(amount) if is_plausible(amount, asked, known.trip) => amount,
        // Whatever the amount of a decline: that it was declined is what counts.
        EventAmount::Said(_) | EventAmount::Absurd if !approved => asked,
        EventAmount::Said(_) | EventAmount::Absurd => {
            return Judgement::Ignore(Ignored::AbsurdAmount, Some(AlertKind::AbsurdEventAmount));
        }
    };
    Judgement::Tell(if approved {
        TripEvent::CaptureApproved { amount: Some(amount) }
    } else {
        TripEvent::CaptureDeclined
    })
}

/// Our captures take what they ask for. Only where all of it is a debt can less be booked as it is said.
fn is_plausible(amount: Money, asked: Money, trip: Trip) -> bool {
    let all_is_owed = matches!(trip, Trip::Uncollected { .. });
    let is_less = amount.currency() == asked.currency() && amount.is_positive() && amount.minor() < asked.minor();
    amount == asked || (all_is_owed && is_less)
}

/// The hold was released: by us, or because nothing of it was to be taken; else a person must know.
fn cancelled(trip: Trip) -> Judgement {
    match trip {
        Trip::Cancelling => Judgement::Tell(TripEvent::CancelInitiated),
        Trip::Cancelled | Trip::Uncollected { .. } => Judgement::Heard,
        Trip::Entered
        | Trip::InReview
        | Trip::Adjusting { .. }
        | Trip::Capturing { .. }
        | Trip::CaptureUnknown { .. }
        | Trip::CaptureUnconfirmed { .. }
        | Trip::Captured { .. }
        | Trip::PartlyCaptured { .. }
        | Trip::Recovered { .. } => Judgement::Ignore(Ignored::Unasked, Some(AlertKind::HoldCancelled)),
    }
}
