//! A shopper says that what is owed for a trip was paid already, or is not theirs.
//!
//! No money moves by a dispute: a person decides. Upheld, what is still outstanding then need not be paid; a payment that was found is
//! counted as one first. A debt that is disputed stays what it is, counts at the gate, and can still be paid.

use crate::money::Money;
use crate::reason::closed_list;

closed_list!(
    /// What the shopper says.
    DisputeKind {
        /// It was paid, in another way than we know of.
        AlreadyPaid = "already_paid",
        /// Somebody else was in the store, or these things were not taken.
        NotMine = "not_mine",
    }
);

closed_list!(
    /// What a shopper is told of a dispute.
    DisputeNews {
        /// They are right.
        Upheld = "upheld",
        /// They are not, and why.
        Rejected = "rejected",
    }
);

/// Where a dispute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispute {
    /// A person looks at it.
    Open,
    /// The shopper is right.
    Upheld {
        /// What need not be paid because of it; nothing where nothing was outstanding any more.
        cleared: Money,
    },
    /// The debt stays.
    Rejected,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeEvent {
    /// The shopper is right.
    Upheld {
        /// What is outstanding of the debt.
        outstanding: Money,
    },
    /// The debt stays.
    Rejected,
}

/// It is decided already: who decides second changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dispute is decided already")]
pub struct Decided;

impl Dispute {
    /// Decides what `event` does.
    ///
    /// # Errors
    ///
    /// [`Decided`] for all but an open one.
    pub fn apply(self, event: DisputeEvent) -> Result<Self, Decided> {
        match (self, event) {
            (Self::Open, DisputeEvent::Upheld { outstanding }) => Ok(Self::Upheld { cleared: outstanding }),
            (Self::Open, DisputeEvent::Rejected) => Ok(Self::Rejected),
            (Self::Upheld { .. } | Self::Rejected, DisputeEvent::Upheld { .. } | DisputeEvent::Rejected) => {
                Err(Decided)
            }
        }
    }

    /// The spelling of the state in rows.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Upheld { .. } => "upheld",
            Self::Rejected => "rejected",
        }
    }

    /// What the shopper is told. `None` while nobody has decided.
    #[must_use]
    pub const fn news(&self) -> Option<DisputeNews> {
        match self {
            Self::Open => None,
            Self::Upheld { .. } => Some(DisputeNews::Upheld),
            Self::Rejected => Some(DisputeNews::Rejected),
        }
    }
}

/// May one person uphold it alone? What need not be paid any more is given up, as by a write-off.
#[must_use]
pub fn takes_two(outstanding: Money, write_off_alone: Money) -> bool {
    outstanding.currency() != write_off_alone.currency() || outstanding.minor() > write_off_alone.minor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn an_open_dispute_is_decided_once_and_stays_decided() {
        let events = [DisputeEvent::Upheld { outstanding: usd(500) }, DisputeEvent::Rejected];
        let decided = [Dispute::Upheld { cleared: usd(500) }, Dispute::Rejected];
        for (event, want) in events.into_iter().zip(decided) {
            assert_eq!(Dispute::Open.apply(event), Ok(want));
            for late in events {
                assert_eq!(want.apply(late), Err(Decided), "{want:?} {late:?}");
            }
            assert_eq!(want.news().map(DisputeNews::as_str), Some(want.name()));
        }
        assert_eq!((Dispute::Open.name(), Dispute::Open.news()), ("open", None));
    }

    #[test]
    fn above_the_limit_of_a_write_off_it_takes_two() {
        assert!(!takes_two(usd(5000), usd(5000)) && takes_two(usd(5001), usd(5000)));
        assert!(takes_two(Money::new(1, Currency::JPY), usd(5000)), "amounts that cannot be compared take two");
    }
}
