//! What pages about disputes are made of.

use std::str::FromStr;

use domain::id::{DisputeId, TripId};
use domain::money::Money;
use domain::note::Note;
use time::OffsetDateTime;

/// What a shopper says of a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeClaim {
    /// It was paid already.
    AlreadyPaid,
    /// It is not theirs.
    NotMine,
}

impl DisputeClaim {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::AlreadyPaid, Self::NotMine];

    /// How forms spell it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AlreadyPaid => "already_paid",
            Self::NotMine => "not_mine",
        }
    }
}

/// Nothing like this can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchClaim;

impl FromStr for DisputeClaim {
    type Err = NoSuchClaim;
    fn from_str(word: &str) -> Result<Self, NoSuchClaim> {
        Self::ALL.into_iter().find(|it| it.word() == word).ok_or(NoSuchClaim)
    }
}

/// A debt that can be disputed, or why it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeForm {
    /// The id that the dispute will have: sending it twice is sending it once.
    pub id: DisputeId,
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Where to ask.
    pub contact: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// What is owed, or why it cannot be disputed.
    pub owed: Result<Money, DisputeBar>,
}

/// Why a trip cannot be disputed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeBar {
    /// Nothing is owed for it.
    NotOwed,
    /// A person looks at it already.
    Open(DisputeId),
    /// It was looked at often enough.
    TooOften,
}

/// What a shopper says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeWish {
    /// Its id, made beforehand.
    pub id: DisputeId,
    /// The visit.
    pub trip: TripId,
    /// What.
    pub claim: DisputeClaim,
    /// What they add.
    pub note: Option<Note>,
}

/// How a dispute stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputePage {
    /// Its reference.
    pub id: DisputeId,
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Where to ask.
    pub contact: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// What the shopper said.
    pub claim: DisputeClaim,
    /// When.
    pub opened_at: OffsetDateTime,
    /// What was owed then.
    pub amount: Money,
    /// What is owed for the trip now.
    pub outstanding: Money,
    /// How far it is.
    pub stage: DisputeStage,
}

/// How far a dispute is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisputeStage {
    /// A person looks at it.
    Open,
    /// The shopper is right.
    Upheld,
    /// The debt stays.
    Rejected {
        /// In the store's words.
        because: String,
    },
}

/// A dispute, as the balance shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwedDispute {
    /// Which.
    pub id: DisputeId,
    /// Does a person still look at it?
    pub is_open: bool,
}
