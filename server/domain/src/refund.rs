//! Money or goods given back for one trip: from the wish to the money.
//!
//! [`check`] says whether a refund may be asked for and whether a person must look at it; [`Refund::apply`] decides what every
//! later event does. A refund reduces what is still owed for the trip first; only the rest is cash. One [`RefundId`] is the key of
//! the intent with Amazon for its whole life, so that a call without an answer is simply made again.

use time::{Duration, OffsetDateTime};

use crate::alert::AlertKind;
use crate::effect::{Effect, RefundNews};
use crate::id::{ReconciliationId, RefundId, StoreId, TripId};
use crate::money::{Money, MoneyError};
use crate::reason::closed_list;
use crate::receipt::RefundProgress;

/// How long a refund of an instrument counts towards the limit on their number.
pub const COUNTED_FOR: Duration = Duration::days(30);

pub mod amount;
mod books;
mod rule;
mod state;

pub use books::{MovedParts, refund_entries};
pub use rule::{Asked, Habits, RefundRefusal, RefundRules, ReviewReason, Verdict, WATCHED_FOR, check, review_reasons};

closed_list!(
    /// Why goods come back, in Amazon's words (Refund page, `refundReasonCode`).
    RefundReason {
        /// It was broken.
        DamagedItem = "DAMAGED_ITEM",
        /// It was too old.
        ExpiredItem = "EXPIRED_ITEM",
        /// It is not wanted after all.
        UnwantedItem = "UNWANTED_ITEM",
        /// The store took it for something that was not taken.
        JwoTechError = "JWO_TECH_ERROR",
        /// Anything else.
        Other = "OTHER",
    }
);

closed_list!(
    /// What is given back.
    RefundKind {
        /// What goods cost.
        Goods = "goods",
        /// What was taken beyond what was owed.
        Credit = "credit",
    }
);

/// Where the money of a trip is, when a refund is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funds {
    /// Taken from the card and not given back: what Amazon can give back.
    pub card: Money,
    /// Paid to the store in another way and not given back.
    pub elsewhere: Money,
    /// Still owed for the trip.
    pub owed: Money,
}

/// How a refund is given. The three add up to its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// Not to be paid any more: reduces the trip's debt.
    pub credit: Money,
    /// Given back to the card, by Amazon.
    pub card: Money,
    /// Given back by a person, since it had not been taken from the card.
    pub elsewhere: Money,
}

impl Split {
    /// The debt first, then the card, then what was paid in another way.
    ///
    /// # Errors
    ///
    /// [`RefundError::MoreThanTaken`] when that is not enough: nobody gets back more than was paid.
    pub fn of(amount: Money, funds: Funds) -> Result<Self, RefundError> {
        let credit = least(amount, funds.owed)?;
        let rest = amount.checked_sub(credit)?;
        let taken = funds.card.checked_add(funds.elsewhere)?;
        let card = least(least(rest, funds.card)?, taken)?;
        let rest = rest.checked_sub(card)?;
        let elsewhere = least(least(rest, funds.elsewhere)?, taken.checked_sub(card)?)?;
        if elsewhere == rest { Ok(Self { credit, card, elsewhere }) } else { Err(RefundError::MoreThanTaken) }
    }

    /// What goes out.
    ///
    /// # Errors
    ///
    /// Refuses a sum past 64 bits.
    pub fn cash(&self) -> Result<Money, MoneyError> {
        self.card.checked_add(self.elsewhere)
    }
}

/// The lesser of two amounts, and never less than nothing.
fn least(a: Money, b: Money) -> Result<Money, MoneyError> {
    let difference = a.checked_sub(b)?;
    let lesser = if difference.is_positive() { b } else { a };
    Ok(if lesser.is_positive() { lesser } else { Money::zero(lesser.currency()) })
}

/// What became of the card's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardPart {
    /// Amazon has not given it back, as far as we know.
    Unpaid,
    /// Amazon has.
    Paid {
        /// Amazon's number for it. `None`: Amazon said none.
        reconciliation: Option<ReconciliationId>,
    },
}

/// Where a refund is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refund {
    /// Asked for. No money moves until a person, or the store's limits, approve it.
    InReview,
    /// Approved. Waits until the trip's capture is confirmed, or for so long at most.
    Waiting {
        /// How it is given.
        split: Split,
        /// Then it is sent all the same.
        until: OffsetDateTime,
    },
    /// Amazon is asked, with the same key every time, until it answers.
    Sending {
        /// How it is given.
        split: Split,
    },
    /// A person must give it back in another way: Amazon refused, or it had not been taken from the card.
    ByHand {
        /// How it was to be given.
        split: Split,
        /// What the person must give back.
        left: Money,
        /// May Amazon have given back the card's part before it refused? Then a person asks Amazon first.
        in_doubt: bool,
        /// The card's part.
        card: CardPart,
    },
    /// Given back.
    Refunded {
        /// How it was to be given.
        split: Split,
        /// What of it a person gave back.
        by_hand: Money,
        /// The card's part.
        card: CardPart,
    },
    /// All of it reduced the debt; no money goes out.
    Credited {
        /// How it was given.
        split: Split,
    },
    /// Not given.
    Declined,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundEvent {
    /// A person, or the store's limits, said yes.
    Approved {
        /// Where the money is now.
        funds: Funds,
        /// How long it waits for the capture's confirmation at most. `None`: that has come.
        until: Option<OffsetDateTime>,
    },
    /// A person said no.
    Declined,
    /// The wait is over, and Amazon is about to be asked.
    Due {
        /// Where the money is now: a capture may have been taken back meanwhile.
        funds: Funds,
    },
    /// Amazon gave the card's part back, or a person found that it had.
    Answered {
        /// Amazon's number for it.
        reconciliation: Option<ReconciliationId>,
    },
    /// Amazon will not, and a repeat would not change it.
    Refused {
        /// Was there a try before without an answer, or with a failure? It may have been done all the same.
        in_doubt: bool,
    },
    /// Amazon was asked often enough for now. The key stays, and so does the refund.
    TriesExhausted,
    /// A person gave back what was left.
    DoneByHand,
}

/// Money that moves in a step. The ledger makes balanced entries of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundMovement {
    /// Reduces the trip's debt.
    Credited(Money),
    /// Will go out; negative when it will not, after all.
    Approved(Money),
    /// Amazon gave it back to the card.
    Refunded(Money),
    /// A person gave it back.
    PaidByHand(Money),
}

/// What an event leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundStep {
    /// The next state.
    pub refund: Refund,
    /// Money that moves.
    pub movements: Vec<RefundMovement>,
    /// What must happen outside.
    pub effects: Vec<Effect>,
    /// What a person must look at.
    pub alerts: Vec<AlertKind>,
}

/// Why a refund refused an event. Each is an expected outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// This state has nothing to do with this event: it came late, or twice.
    #[error("the refund has moved on")]
    MovedOn,
    /// It is more than was taken and not given back.
    #[error("it is more than was paid and not given back")]
    MoreThanTaken,
    /// Another currency, or too large.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// The refund that a [`Refund`] is the state of: what its effects need to know.
#[derive(Debug, Clone, Copy)]
pub struct RefundCase<'a> {
    /// Its id, which is Amazon's key as well.
    pub id: RefundId,
    /// The visit.
    pub trip: &'a TripId,
    /// Its store.
    pub store: &'a StoreId,
    /// Goods or a credit.
    pub kind: RefundKind,
    /// What is given back in all; more than nothing.
    pub amount: Money,
    /// Why.
    pub reason: RefundReason,
}

impl RefundCase<'_> {
    fn charge(&self, amount: Money) -> Effect {
        Effect::RefundCharge {
            refund: self.id,
            trip: self.trip.clone(),
            store: self.store.clone(),
            amount,
            reason: self.reason,
        }
    }

    fn tell(&self, news: RefundNews) -> Effect {
        Effect::SendRefundNotice { trip: self.trip.clone(), refund: self.id, news }
    }
}

impl RefundStep {
    fn to(refund: Refund) -> Self {
        Self { refund, movements: vec![], effects: vec![], alerts: vec![] }
    }

    fn moving(mut self, movement: RefundMovement) -> Self {
        let (RefundMovement::Credited(amount)
        | RefundMovement::Approved(amount)
        | RefundMovement::Refunded(amount)
        | RefundMovement::PaidByHand(amount)) = movement;
        if !amount.is_zero() {
            self.movements.push(movement);
        }
        self
    }

    fn then(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    fn alert(mut self, kind: AlertKind) -> Self {
        self.alerts.push(kind);
        self
    }
}

impl Refund {
    /// A refund was asked for. Within the store's limits, [`RefundEvent::Approved`] follows at once.
    #[must_use]
    pub fn ask(verdict: Verdict, case: RefundCase<'_>) -> RefundStep {
        let step = RefundStep::to(Self::InReview);
        match (verdict, case.kind) {
            (Verdict::Automatic, _) => step,
            (Verdict::Review, RefundKind::Goods) => {
                step.then(case.tell(RefundNews::InReview)).alert(AlertKind::RefundInReview)
            }
            // Nobody asked for it: the shopper hears of it once it is approved.
            (Verdict::Review, RefundKind::Credit) => step.alert(AlertKind::RefundInReview),
        }
    }

    /// Decides what `event` does. No `_` arm: a new state or event must be decided here to compile.
    ///
    /// # Errors
    ///
    /// [`RefundError::MovedOn`] for what came late or twice, [`RefundError::MoreThanTaken`] for an approval of what was never
    /// paid: nothing changes.
    pub fn apply(self, event: RefundEvent, case: RefundCase<'_>) -> Result<RefundStep, RefundError> {
        match self {
            Self::InReview => state::in_review(event, case),
            Self::Waiting { split, until } => state::waiting(split, until, event, case),
            Self::Sending { split } => state::sending(split, event, case),
            Self::ByHand { split, left, in_doubt, card } => {
                state::by_hand(state::Hand { split, left, in_doubt, card }, event, case)
            }
            Self::Refunded { split, by_hand, card } => state::refunded(split, by_hand, card, event),
            Self::Credited { .. } | Self::Declined => Err(RefundError::MovedOn),
        }
    }

    /// The spelling of the state in rows.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::InReview => "in_review",
            Self::Waiting { .. } => "waiting",
            Self::Sending { .. } => "sending",
            Self::ByHand { .. } => "by_hand",
            Self::Refunded { .. } => "refunded",
            Self::Credited { .. } => "credited",
            Self::Declined => "declined",
        }
    }

    /// How far it is, in a shopper's words.
    #[must_use]
    pub fn progress(&self) -> RefundProgress {
        match self {
            Self::InReview => RefundProgress::InReview,
            Self::Waiting { .. } | Self::Sending { .. } | Self::ByHand { .. } => RefundProgress::OnItsWay,
            Self::Refunded { .. } => RefundProgress::Refunded,
            Self::Credited { .. } => RefundProgress::Credited,
            Self::Declined => RefundProgress::Declined,
        }
    }

    /// Is something still to come? While one refund of a trip is open, no other is opened.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::InReview | Self::Waiting { .. } | Self::Sending { .. } | Self::ByHand { .. } => true,
            Self::Refunded { .. } | Self::Credited { .. } | Self::Declined => false,
        }
    }

    /// How it is given, once it is approved.
    #[must_use]
    pub fn split(&self) -> Option<Split> {
        match self {
            Self::Waiting { split, .. }
            | Self::Sending { split }
            | Self::ByHand { split, .. }
            | Self::Refunded { split, .. }
            | Self::Credited { split } => Some(*split),
            Self::InReview | Self::Declined => None,
        }
    }

    /// Amazon's number, once it is known.
    #[must_use]
    pub fn reconciliation(&self) -> Option<&ReconciliationId> {
        match self {
            Self::ByHand { card: CardPart::Paid { reconciliation }, .. }
            | Self::Refunded { card: CardPart::Paid { reconciliation }, .. } => reconciliation.as_ref(),
            Self::InReview
            | Self::Waiting { .. }
            | Self::Sending { .. }
            | Self::ByHand { card: CardPart::Unpaid, .. }
            | Self::Refunded { card: CardPart::Unpaid, .. }
            | Self::Credited { .. }
            | Self::Declined => None,
        }
    }
}

#[cfg(test)]
mod tests;
