//! What pages about refunds are made of.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::id::{ReconciliationId, RefundId, TripId};
use domain::money::Money;
use domain::note::Note;
use rust_decimal::Decimal;
use time::OffsetDateTime;

/// Why a shopper brings something back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnReason {
    /// It was broken.
    Damaged,
    /// It was too old.
    Expired,
    /// It is not wanted after all.
    Unwanted,
    /// Anything else.
    Other,
}

impl ReturnReason {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Damaged, Self::Expired, Self::Unwanted, Self::Other];

    /// How forms spell it, which is how Amazon does.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Damaged => "DAMAGED_ITEM",
            Self::Expired => "EXPIRED_ITEM",
            Self::Unwanted => "UNWANTED_ITEM",
            Self::Other => "OTHER",
        }
    }
}

/// No such reason is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchReason;

impl FromStr for ReturnReason {
    type Err = NoSuchReason;
    fn from_str(word: &str) -> Result<Self, NoSuchReason> {
        Self::ALL.into_iter().find(|it| it.word() == word).ok_or(NoSuchReason)
    }
}

/// What of a trip can come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundForm {
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Where to ask.
    pub contact: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// Until when it can be asked for.
    pub until: OffsetDateTime,
    /// What was bought, in the order of the cart.
    pub lines: Vec<ReturnableLine>,
    /// Why nothing can be asked for now.
    pub bar: Option<RefundBar>,
}

/// One line of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnableLine {
    /// Position in the cart, from 1.
    pub line_no: u32,
    /// The article's name.
    pub name: String,
    /// `unit` for pieces, else the unit of weight.
    pub unit: String,
    /// How much was bought.
    pub bought: Decimal,
    /// How much of it can still come back.
    pub left: Decimal,
    /// What it cost before promotions and added tax.
    pub price: Money,
}

/// Why nothing of a trip can be asked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundBar {
    /// Nothing was charged, or nobody knows yet whether it was.
    NotCharged,
    /// It is too long ago.
    WindowOver {
        /// The store's window.
        days: i64,
    },
    /// Another refund of the trip is not finished.
    Open(RefundId),
    /// Everything has come back.
    NothingLeft,
    /// Only the store can say.
    AskStore,
}

/// What a shopper wants to bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnChoice {
    /// How much of which line.
    pub lines: BTreeMap<u32, Decimal>,
    /// Why.
    pub reason: ReturnReason,
}

/// What a shopper agrees to before asking for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundCheck {
    /// The id that the refund will have: asking twice with the same one is asking once.
    pub id: RefundId,
    /// What comes back.
    pub lines: Vec<ReturnedLine>,
    /// What is given back in all.
    pub amount: Money,
    /// How.
    pub ways: RefundWays,
    /// Will a person look at it first?
    pub is_reviewed: bool,
}

/// How a refund is given. They add up to its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundWays {
    /// Comes off what is owed for the trip.
    pub off_debt: Money,
    /// Goes back to the card.
    pub to_card: Money,
    /// Is given back as it was paid.
    pub elsewhere: Money,
}

/// Something that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedLine {
    /// The article's name.
    pub name: String,
    /// How much of it.
    pub quantity: Decimal,
    /// `unit` for pieces, else the unit of weight.
    pub unit: String,
    /// What is given back for it, with tax and deposit.
    pub amount: Money,
}

/// A refund that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundWish {
    /// Its id, made beforehand.
    pub id: RefundId,
    /// The visit.
    pub trip: TripId,
    /// What and why.
    pub choice: ReturnChoice,
    /// What the shopper adds.
    pub note: Option<Note>,
    /// What it was said to come to.
    pub agreed: Money,
}

/// How a refund stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPage {
    /// Its reference.
    pub id: RefundId,
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Where to ask.
    pub contact: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// When it was asked for.
    pub requested_at: OffsetDateTime,
    /// How much.
    pub amount: Money,
    /// What comes back.
    pub lines: Vec<ReturnedLine>,
    /// How far it is.
    pub stage: RefundStage,
    /// How it is given, once it is approved.
    pub ways: Option<RefundWays>,
    /// Amazon's number for it, once it is given back.
    pub reconciliation: Option<ReconciliationId>,
}

/// How far a refund is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStage {
    /// A person looks at it.
    InReview,
    /// Approved; waits for the word that the payment went through.
    Waiting,
    /// Approved, and on its way.
    Sending {
        /// Does the other side not answer as it should?
        is_late: bool,
    },
    /// A person gives it back.
    ByHand,
    /// Given back.
    Refunded,
    /// Came off what was owed.
    Credited,
    /// Not given.
    Declined {
        /// In the store's words.
        because: String,
    },
}
