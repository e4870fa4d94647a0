//! One visit, from the gate to the last cent. The heart of the matter.
//!
//! [`Trip::apply`] decides what an event does: the next state, the money that moves, what must happen outside, and what a
//! person must look at. Money is conserved in every step: what was priced is in flight, captured, a debt, in suspense, or lost.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::alert::AlertKind;
use crate::effect::Effect;
use crate::id::TripId;
use crate::money::{Money, MoneyError};
use crate::reason::DebtCause;
use crate::receipt::PaymentProgress;
use crate::search::Search;
use crate::store::{DeclinePolicy, Store};

mod closed;
mod open;

/// How long after the tap a visit without a cart is given up, and its hold released: well under the 46 hours of the payment
/// token and the 72 after which Amazon would do it (seed "Pre-authorization").
pub const ENTRY_STALE_AFTER: Duration = Duration::hours(12);

/// Who hears of a tap long after it may hear of its cart late as well: a visit has so long at least.
const STALE_HEARD_FOR: Duration = Duration::hours(1);

/// When a visit without a cart is given up: [`ENTRY_STALE_AFTER`] the tap, by Amazon's clock, and not at once where we hear of it late.
#[must_use]
pub fn entry_stale_at(tapped_at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    tapped_at.saturating_add(ENTRY_STALE_AFTER).max(now.saturating_add(STALE_HEARD_FOR))
}

/// Where a visit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Trip {
    /// The gate opened, or is about to; a hold is on the card; no cart yet.
    Entered,
    /// A cart we cannot price. Staff price or release it, or its time ends.
    InReview,
    /// Priced; Amazon is asked to hold the total.
    Adjusting {
        /// What the shopper is charged.
        total: Money,
        /// What is asked for now, and what came of earlier questions.
        search: Search,
    },
    /// The amount is authorized and asked for.
    Capturing {
        /// What the shopper is charged.
        total: Money,
        /// What is being taken: never more than was authorized.
        amount: Money,
        /// How often it was unknown already what became of a capture. Above zero, no refusal of a later one proves that nothing
        /// was taken.
        doubts: u32,
        /// Was Amazon never asked to adjust, since the total was held already? Then a refusal asks for that first.
        skipped_adjust: bool,
    },
    /// A capture was sent and nobody knows what became of it.
    CaptureUnknown {
        /// What the shopper is charged.
        total: Money,
        /// What may have been taken.
        amount: Money,
        /// How often that was so, this time included.
        doubts: u32,
        /// Was every try answered, each with a failure? Then without a witness nothing was taken.
        failed: bool,
    },
    /// Its time ended without a witness. No debt, no denial: a case for a person.
    CaptureUnconfirmed {
        /// What the shopper is charged.
        total: Money,
        /// What may have been taken.
        amount: Money,
    },
    /// Everything was taken.
    Captured {
        /// What was taken.
        total: Money,
    },
    /// A part was taken, the rest is a debt.
    PartlyCaptured {
        /// What the shopper is charged.
        total: Money,
        /// What was taken.
        captured: Money,
    },
    /// Nothing was taken, all of it is a debt.
    Uncollected {
        /// What the shopper owes.
        total: Money,
        /// Why.
        cause: DebtCause,
    },
    /// All of it was a debt when a capture was seen after all. What was taken has gone towards the debt.
    Recovered {
        /// What the shopper was charged.
        total: Money,
        /// Why it was a debt.
        cause: DebtCause,
        /// What was taken.
        captured: Money,
    },
    /// Nothing to charge; Amazon is asked to release the hold.
    Cancelling,
    /// The hold is released.
    Cancelled,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripEvent {
    /// The cart arrived and was priced.
    CartPriced(CartVerdict),
    /// A person, or the review's limit, decided about a cart that waited.
    Reviewed(CartVerdict),
    /// Adjust Charge answered APPROVED, with what is authorized now.
    AdjustApproved {
        /// The hold.
        authorized: Money,
    },
    /// Adjust Charge answered DECLINED, with what is authorized still; possibly nothing.
    AdjustDeclined {
        /// The last hold that succeeded, when Amazon says.
        authorized: Option<Money>,
    },
    /// Amazon says that the payment token has ended.
    TokenExpired,
    /// Capture Charge answered 200.
    CaptureInitiated,
    /// Capture Charge answered that it will not, and a repeat would not change it.
    CaptureRefused {
        /// Did an earlier try fail on Amazon's side? It may have been done all the same, and this be the refusal of a second.
        after_failure: bool,
    },
    /// Every try of Capture Charge was answered, each with a failure.
    CaptureFailed,
    /// Capture Charge was sent and no answer came, or the worker that sent it is gone.
    CaptureUnanswered,
    /// Something that only exists after a capture was seen.
    CaptureWitnessed,
    /// The event feed says that money was taken.
    CaptureApproved {
        /// How much: by the event, else what our last capture asked for. `None`: nobody knows of a capture of ours.
        amount: Option<Money>,
    },
    /// The event feed says that no money was taken, or that it was taken back.
    CaptureDeclined,
    /// The witness was asked and has nothing.
    NoWitness,
    /// Cancel Charge answered 200, or that there is nothing to cancel.
    CancelInitiated,
    /// Nobody has sent a cart for too long.
    EntryStale,
    /// The payment token's life is over.
    DeadlinePassed,
}

/// What pricing made of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartVerdict {
    /// A total above nothing.
    Payable(Money),
    /// Empty, or nothing that costs anything.
    NothingToPay,
    /// Lines that could not be identified, which the store's policy does not let pass.
    NeedsReview,
}

/// Money that moves in a step. The ledger makes balanced entries of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// The purchase is made: its total is in flight.
    Priced(Money),
    /// Taken from the card.
    Captured(Money),
    /// Owed by the shopper from now on.
    DebtIncurred {
        /// How much.
        amount: Money,
        /// Why.
        cause: DebtCause,
    },
    /// Perhaps taken: set apart until a person knows.
    Suspended(Money),
    /// What was set apart is in flight again: it is known now what became of it.
    Unsuspended(Money),
    /// The bank took a capture back.
    CaptureReversed(Money),
    /// Taken after all, when it was a debt already.
    LateCapture(Money),
    /// A late capture was taken back.
    LateCaptureReversed(Money),
}

/// What an event leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub trip: Trip,
    /// Money that moves.
    pub movements: Vec<Movement>,
    /// What must happen outside.
    pub effects: Vec<Effect>,
    /// What a person must look at.
    pub alerts: Vec<AlertKind>,
}

impl Step {
    fn to(trip: Trip) -> Self {
        Self { trip, movements: vec![], effects: vec![], alerts: vec![] }
    }

    fn moving(mut self, movement: Movement) -> Self {
        self.movements.push(movement);
        self
    }

    fn then(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }

    fn alert(mut self, kind: AlertKind) -> Self {
        self.alerts.push(kind);
        self
    }
}

/// Why a trip refused an event. Each is an expected outcome, of a late answer or of a repeated request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TripError {
    /// This state has nothing to do with this event: it came late, or twice.
    #[error("the trip has moved on")]
    MovedOn,
    /// Amazon answered in another currency, or with an impossible amount.
    #[error("the amount cannot be right")]
    Amount(#[from] MoneyError),
}

/// The visit that a [`Trip`] is the state of: what its effects need to know.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// Amazon's name of it.
    pub trip: &'a TripId,
    /// Its store.
    pub store: &'a Store,
    /// The hold that was placed at the gate, as far as we know.
    pub hold: Option<Money>,
}

impl Visit<'_> {
    fn adjust(&self, amount: Money) -> Effect {
        Effect::AdjustCharge { trip: self.trip.clone(), store: self.store.id.clone(), amount }
    }

    fn capture(&self, amount: Money) -> Effect {
        Effect::CaptureCharge { trip: self.trip.clone(), store: self.store.id.clone(), amount }
    }

    fn cancel(&self) -> Effect {
        Effect::CancelCharge { trip: self.trip.clone(), store: self.store.id.clone() }
    }

    fn transactional_data(&self) -> Effect {
        Effect::FetchTransactionalData { trip: self.trip.clone(), store: self.store.id.clone() }
    }

    fn check_deadline(&self) -> Effect {
        Effect::CheckDeadline { trip: self.trip.clone() }
    }

    fn check_review(&self) -> Effect {
        Effect::CheckReview { trip: self.trip.clone() }
    }

    fn report(&self) -> Option<Effect> {
        let report = Effect::ReportPaymentStatus { trip: self.trip.clone(), store: self.store.id.clone() };
        self.store.reports_feedback().then_some(report)
    }
}

impl Trip {
    /// Decides what `event` does. No `_` arm: a new state or event must be decided here to compile.
    ///
    /// # Errors
    ///
    /// [`TripError::MovedOn`] for what came late or twice: nothing changes. [`TripError::Amount`] for an answer of Amazon's that
    /// cannot be right.
    pub fn apply(self, event: TripEvent, visit: Visit<'_>) -> Result<Step, TripError> {
        match self {
            Self::Entered => open::entered(event, visit),
            Self::InReview => open::in_review(event, visit),
            Self::Adjusting { total, search } => open::adjusting(total, search, event, visit),
            Self::Capturing { total, amount, doubts, skipped_adjust } => {
                open::capturing(open::Capture { total, amount, doubts }, skipped_adjust, event, visit)
            }
            Self::CaptureUnknown { total, amount, doubts, failed } => {
                open::capture_unknown(open::Capture { total, amount, doubts }, failed, event, visit)
            }
            Self::Cancelling => open::cancelling(event, visit),
            Self::Cancelled => open::cancelled(event, visit),
            Self::CaptureUnconfirmed { total, amount } => closed::capture_unconfirmed(total, amount, event, visit),
            Self::Captured { total } => closed::captured(self, total, total, event, visit),
            Self::PartlyCaptured { total, captured } => closed::captured(self, total, captured, event, visit),
            Self::Uncollected { total, cause } => closed::uncollected(total, cause, event, visit),
            Self::Recovered { total, cause, captured } => closed::recovered(total, cause, captured, event, visit),
        }
    }

    /// The spelling of the state in rows.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::InReview => "in_review",
            Self::Adjusting { .. } => "adjusting",
            Self::Capturing { .. } => "capturing",
            Self::CaptureUnknown { .. } => "capture_unknown",
            Self::CaptureUnconfirmed { .. } => "capture_unconfirmed",
            Self::Captured { .. } => "captured",
            Self::PartlyCaptured { .. } => "partly_captured",
            Self::Uncollected { .. } => "uncollected",
            Self::Recovered { .. } => "recovered",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// What the shopper is charged, once there is a priced cart.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        match *self {
            Self::Adjusting { total, .. }
            | Self::Capturing { total, .. }
            | Self::CaptureUnknown { total, .. }
            | Self::CaptureUnconfirmed { total, .. }
            | Self::Captured { total }
            | Self::PartlyCaptured { total, .. }
            | Self::Uncollected { total, .. }
            | Self::Recovered { total, .. } => Some(total),
            Self::Entered | Self::InReview | Self::Cancelling | Self::Cancelled => None,
        }
    }

    /// What was surely taken from the card.
    #[must_use]
    pub fn captured(&self) -> Option<Money> {
        match *self {
            Self::Captured { total } => Some(total),
            Self::PartlyCaptured { captured, .. } | Self::Recovered { captured, .. } => Some(captured),
            Self::Uncollected { total, .. } => Some(Money::zero(total.currency())),
            Self::Entered
            | Self::InReview
            | Self::Adjusting { .. }
            | Self::Capturing { .. }
            | Self::CaptureUnknown { .. }
            | Self::CaptureUnconfirmed { .. }
            | Self::Cancelling
            | Self::Cancelled => None,
        }
    }

    /// What of the total is neither taken, nor owed, nor set apart yet.
    #[must_use]
    pub fn in_flight(&self) -> Option<Money> {
        match *self {
            Self::Adjusting { total, .. } | Self::Capturing { total, .. } | Self::CaptureUnknown { total, .. } => {
                Some(total)
            }
            Self::Entered
            | Self::InReview
            | Self::CaptureUnconfirmed { .. }
            | Self::Captured { .. }
            | Self::PartlyCaptured { .. }
            | Self::Uncollected { .. }
            | Self::Recovered { .. }
            | Self::Cancelling
            | Self::Cancelled => None,
        }
    }

    /// What is still held on the card. `at_gate` is the first hold, as far as it is known; Amazon releases what is left of one after a
    /// capture, a cancel, and at the token's end.
    #[must_use]
    pub fn held(&self, at_gate: Option<Money>) -> Option<Money> {
        match *self {
            Self::Entered | Self::InReview | Self::Adjusting { .. } => at_gate,
            Self::Capturing { amount, .. }
            | Self::CaptureUnknown { amount, .. }
            | Self::CaptureUnconfirmed { amount, .. } => Some(amount),
            Self::Captured { .. }
            | Self::PartlyCaptured { .. }
            | Self::Uncollected { .. }
            | Self::Recovered { .. }
            | Self::Cancelling
            | Self::Cancelled => None,
        }
    }

    /// How far the payment is, in a shopper's words. `outstanding` is what is still owed of this trip's debt.
    #[must_use]
    pub fn progress(&self, outstanding: Money) -> PaymentProgress {
        match self {
            Self::Cancelling | Self::Cancelled => PaymentProgress::NoCharge,
            Self::Captured { .. } | Self::PartlyCaptured { .. } | Self::Uncollected { .. } | Self::Recovered { .. } => {
                if outstanding.is_positive() {
                    PaymentProgress::Owed
                } else {
                    PaymentProgress::Paid
                }
            }
            Self::Entered
            | Self::InReview
            | Self::Adjusting { .. }
            | Self::Capturing { .. }
            | Self::CaptureUnknown { .. }
            | Self::CaptureUnconfirmed { .. } => PaymentProgress::InProgress,
        }
    }
}

#[cfg(test)]
mod tests;
