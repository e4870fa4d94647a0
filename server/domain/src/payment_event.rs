//! What Amazon's event feed says happened to a payment: a witness, told late, twice, or out of order.
//!
//! The feed's schema is not published (only the names of its events are: seed "Well-Architected Review", 6.3), so a reader
//! elsewhere finds these fields in whatever it is sent; what they mean for a visit is decided here.

use time::{Duration, OffsetDateTime};

use crate::id::{PaymentEventId, StoreId, TripId};
use crate::money::Money;
use crate::reason::closed_list;

mod judge;

pub use judge::{Judgement, Known, judge};

/// How long events are kept: a dispute may come half a year after its payment, and who compares a month with the year before looks back
/// 13 months (400 days have both). What happened longer ago is not heard any more, so that an old event that is sent again cannot pass
/// for a new one once it is forgotten.
pub const KEPT_FOR: Duration = Duration::days(400);

/// Longest name of an event that is kept, in characters. The longest known one has 22.
pub const NAME_CHARS_MAX: usize = 100;

closed_list!(
    /// The events of type `PAYMENT` (seed "Well-Architected Review", 6.3, and the test plan's section 18).
    EventName {
        /// The bank holds an amount.
        AuthorizationApproved = "AuthorizationApproved",
        /// The bank does not hold it.
        AuthorizationDeclined = "AuthorizationDeclined",
        /// A hold was released.
        AuthorizationCancelled = "AuthorizationCancelled",
        /// The money was taken.
        CaptureApproved = "CaptureApproved",
        /// The money was not taken, or was taken back.
        CaptureDeclined = "CaptureDeclined",
    }
);

closed_list!(
    /// The type of an event: what it is about.
    EventFamily {
        /// `PAYMENT`
        Payment = "payment",
        /// `CART` or `ORDERING`: the carts reach us by their own connector.
        Cart = "cart",
        /// `SHOPPER`
        Shopper = "shopper",
        /// Another, or none that could be found.
        Other = "other",
    }
);

closed_list!(
    /// Why an event is without consequence.
    Ignored {
        /// Nothing here depends on events of its family.
        NotUsed = "not_used",
        /// Its name is in no list of ours.
        UnknownName = "unknown_name",
        /// Its store is not served here.
        UnknownStore = "unknown_store",
        /// Its visit is another store's.
        OtherStore = "other_store",
        /// Something newer about the same capture was applied before.
        Stale = "stale",
        /// Another of the same moment says the opposite.
        Disagrees = "disagrees",
        /// Its amount cannot be right, or is not what our capture asked for.
        AbsurdAmount = "absurd_amount",
        /// It tells of a capture that we never asked for, or of a release that was not ours.
        Unasked = "unasked",
        /// The answer to our own call, which is asked for until it comes, counts.
        AnswerCounts = "answer_counts",
        /// The visit has nothing to do with it any more.
        MovedOn = "moved_on",
        /// A person gave it up: its visit never appeared.
        GivenUp = "given_up",
    }
);

/// What has become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Stored, and not looked at yet.
    Waiting,
    /// Its visit is not known here; it is told as soon as the visit appears.
    Parked,
    /// It was told to its visit.
    Applied,
    /// Kept, and without consequence.
    Ignored(Ignored),
}

impl Fate {
    /// The spelling in rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Applied => "applied",
            Self::Ignored(_) => "ignored",
        }
    }

    /// Why it is without consequence, where it is.
    #[must_use]
    pub const fn ignored(self) -> Option<Ignored> {
        match self {
            Self::Ignored(why) => Some(why),
            Self::Waiting | Self::Parked | Self::Applied => None,
        }
    }

    /// May it still be told to its visit?
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::Parked => true,
            Self::Applied | Self::Ignored(_) => false,
        }
    }
}

/// How much an event says it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAmount {
    /// It does not say, or says several.
    Unsaid,
    /// This much; any sign, any currency.
    Said(Money),
    /// A number that no money is: a fraction of a minor unit, or beyond 64 bits.
    Absurd,
}

/// One event, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The same on every delivery.
    pub id: PaymentEventId,
    /// What it is about.
    pub family: EventFamily,
    /// In Amazon's spelling, at most [`NAME_CHARS_MAX`] characters; our own spelling where it is a known one.
    pub name: String,
    /// The visit, where it names one.
    pub trip: Option<TripId>,
    /// The store, where it names one.
    pub store: Option<StoreId>,
    /// How much.
    pub amount: EventAmount,
    /// Amazon's id of the transaction in its reports, at most 255 characters.
    pub reconciliation: Option<String>,
    /// When it happened, by the envelope; never later than it was received.
    pub occurred_at: OffsetDateTime,
}

impl PaymentEvent {
    /// Which of the known ones it is.
    #[must_use]
    pub fn known(&self) -> Option<EventName> {
        self.name.parse().ok()
    }
}

#[cfg(test)]
mod tests;
