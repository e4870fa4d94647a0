//! What we know of an instrument at the gate.

use time::OffsetDateTime;

use super::{BAD_DEBT, NO_RISK_EVALUATION, Recommendation};
use crate::money::{Currency, Money};
use crate::reason::closed_list;

closed_list!(
    /// The lists that staff keep of instruments.
    GateList {
        /// The gate stays closed for it.
        Block = "block",
        /// The gate opens for it, whatever it owes and whatever is said of it.
        Allow = "allow",
    }
);

/// An instrument's place on a list, which ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Which list.
    pub list: GateList,
    /// It counts before this moment only.
    pub until: OffsetDateTime,
}

/// What we know of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Sum of its open debts in the store's currency, over all stores. What was given up or is disputed is in it until staff clear
    /// it.
    pub outstanding: Money,
    /// When each of those debts was incurred, in no particular order; and each that was settled after the oldest of them was incurred,
    /// since a repeat offender who pays one of three has three until all are paid (test plan 9.10). Empty where nothing is owed.
    pub incidents: Vec<OffsetDateTime>,
    /// When its last debt was settled. `None`: none ever was.
    pub settled_at: Option<OffsetDateTime>,
    /// When Amazon last recommended to open, without a word of a debt; remembered once after each settlement.
    pub unflagged_at: Option<OffsetDateTime>,
    /// Its places on lists, of this store's or of all stores.
    pub listed: Vec<Listing>,
}

impl Standing {
    /// Nothing is known: what an instrument has that was never seen.
    #[must_use]
    pub const fn nothing(currency: Currency) -> Self {
        Self {
            outstanding: Money::zero(currency),
            incidents: vec![],
            settled_at: None,
            unflagged_at: None,
            listed: vec![],
        }
    }

    /// Is it on this list at `now`?
    #[must_use]
    pub fn is_listed(&self, list: GateList, now: OffsetDateTime) -> bool {
        self.listed.iter().any(|it| it.list == list && now < it.until)
    }

    /// Is Amazon's `BadDebt` flag older than our last settlement?
    ///
    /// Amazon tells no time of a flag: a recommendation says what is flagged at the tap, and the feedback API answers no more than
    /// that it took note. So a flag counts as the old one until Amazon was seen without it after the settlement; one that is there
    /// again after that is a new one.
    #[must_use]
    pub fn is_flag_outdated(&self) -> bool {
        !self.outstanding.is_positive() && self.awaits_clear_flag()
    }

    /// Does this tap show that Amazon has cleared its flag since our last settlement? Then that must be remembered.
    #[must_use]
    pub fn shows_clear_flag(&self, recommendation: &Recommendation) -> bool {
        let says_nothing = |risk: &String| risk == BAD_DEBT || risk == NO_RISK_EVALUATION;
        self.awaits_clear_flag()
            && recommendation.authorized == Some(true)
            && !recommendation.risks.iter().any(says_nothing)
    }

    fn awaits_clear_flag(&self) -> bool {
        self.settled_at.is_some_and(|settled| self.unflagged_at.is_none_or(|unflagged| unflagged < settled))
    }
}
