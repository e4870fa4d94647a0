//! May a refund be asked for, and must a person look at it?

use rust_decimal::Decimal;
use time::{Duration, OffsetDateTime};

use crate::id::RefundId;
use crate::money::{Currency, Money, MoneyError};

use super::{Funds, RefundError, RefundKind, Split};

/// A store's rules for refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundRules {
    /// How long after the start of a trip goods of it may come back: 30 days (seed "Refund Operations"). Amazon's own window may
    /// be shorter; what it refuses is given back by hand.
    pub window: Duration,
    /// How long a refund waits at most for the confirmation that the trip's capture went through.
    pub after: Duration,
    /// Up to this amount nobody must look. Nothing: always.
    pub auto_limit: Money,
    /// So many refunds of one instrument in 30 days need nobody to look. Nothing: always.
    pub auto_count: u32,
}

impl RefundRules {
    /// What a store has that says nothing: 30 days, a wait of 24 hours, and nobody looks at up to 50.00 and three refunds in 30
    /// days.
    #[must_use]
    pub const fn plain(currency: Currency) -> Self {
        Self {
            window: Duration::days(30),
            after: Duration::hours(24),
            auto_limit: Money::new(5000, currency),
            auto_count: 3,
        }
    }
}

/// What is known when a refund is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Goods or a credit.
    pub kind: RefundKind,
    /// What would be given back.
    pub amount: Money,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// Where its money is. `None`: nobody knows yet what became of it.
    pub funds: Option<Funds>,
    /// What of its debt was given up.
    pub written_off: Money,
    /// A refund of the visit that is open.
    pub open: Option<RefundId>,
    /// The instrument's other refunds of the last 30 days that were not declined. `None`: nobody is known to have paid.
    pub recent: Option<u32>,
    /// The time.
    pub now: OffsetDateTime,
}

/// What follows from the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within the store's limits: approved at once.
    Automatic,
    /// A person looks at it.
    Review,
}

/// Why a refund cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefusal {
    /// The visit has not been charged, or nobody knows yet whether it was.
    #[error("the trip has not been charged, or it is not known yet whether it was")]
    NotCharged,
    /// Too late.
    #[error("the refund window of {days} days is over")]
    WindowOver {
        /// The store's window.
        days: i64,
    },
    /// One at a time.
    #[error("the trip has a refund already that is not finished: {0}")]
    AlreadyOpen(RefundId),
    /// The purchase has no such line.
    #[error("the purchase has no line {line_no} that was charged")]
    NoSuchLine {
        /// The line.
        line_no: u32,
    },
    /// Not more than nothing, a fraction of a piece, or too exact.
    #[error("line {line_no}: the quantity must be more than nothing, and whole where the article is sold by the piece")]
    Quantity {
        /// The line.
        line_no: u32,
    },
    /// So much has not been bought, or has come back before.
    #[error("line {line_no}: only {left} can still come back")]
    ReturnedBefore {
        /// The line.
        line_no: u32,
        /// How much has not come back.
        left: Decimal,
    },
    /// Everything has come back, or it cost nothing.
    #[error("there is nothing left to give back")]
    Nothing,
    /// It is more than was paid and not given back.
    #[error("it is more than was paid for the trip and not given back")]
    MoreThanTaken,
    /// A part of the trip's debt was given up: whether that or money is given back is for a person to say first.
    #[error("the trip's debt is written off: reopen it first")]
    WrittenOff,
    /// Amounts that cannot be added.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// Decides whether a refund may be asked for.
///
/// # Errors
///
/// The first reason why not, in the order of [`RefundRefusal`].
pub fn check(asked: &Asked, rules: &RefundRules) -> Result<Verdict, RefundRefusal> {
    let Some(funds) = asked.funds else { return Err(RefundRefusal::NotCharged) };
    // What was taken beyond what was owed is the shopper's for ever.
    let has_window = asked.kind == RefundKind::Goods;
    if has_window && asked.now > asked.started_at.saturating_add(rules.window) {
        return Err(RefundRefusal::WindowOver { days: rules.window.whole_days() });
    }
    if let Some(open) = asked.open {
        return Err(RefundRefusal::AlreadyOpen(open));
    }
    if !asked.amount.is_positive() {
        return Err(RefundRefusal::Nothing);
    }
    if has_window && asked.written_off.is_positive() {
        return Err(RefundRefusal::WrittenOff);
    }
    match Split::of(asked.amount, funds) {
        Ok(_) => {}
        Err(RefundError::Amount(error)) => return Err(error.into()),
        Err(RefundError::MoreThanTaken | RefundError::MovedOn) => return Err(RefundRefusal::MoreThanTaken),
    }
    let is_small = rules.auto_limit.checked_sub(asked.amount)?.minor() >= 0;
    let is_rare = asked.recent.is_some_and(|recent| recent < rules.auto_count);
    let is_goods = asked.kind == RefundKind::Goods;
    Ok(if is_goods && is_small && is_rare { Verdict::Automatic } else { Verdict::Review })
}
