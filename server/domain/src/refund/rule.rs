//! May a refund be asked for, and must a person look at it?

use rust_decimal::Decimal;
use time::{Duration, OffsetDateTime};

use crate::id::RefundId;
use crate::money::{Currency, Money, MoneyError};
use crate::reason::closed_list;

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
    /// So many other visits of one instrument, within [`WATCHED_FOR`], of which the same article came back need nobody to look.
    pub auto_same_article: u32,
    /// Up to this share, in percent, of what an instrument bought within [`WATCHED_FOR`] nobody must look. It is asked from the third
    /// visit with a refund on: who brings back the first thing they ever bought has brought back everything.
    pub auto_share_percent: u32,
}

impl RefundRules {
    /// What a store has that says nothing: 30 days, a wait of 24 hours, and nobody looks at up to 50.00, three refunds in 30 days,
    /// the same article from two other visits, and half of what was bought.
    #[must_use]
    pub const fn plain(currency: Currency) -> Self {
        Self {
            window: Duration::days(30),
            after: Duration::hours(24),
            auto_limit: Money::new(5000, currency),
            auto_count: 3,
            auto_same_article: 2,
            auto_share_percent: 50,
        }
    }
}

/// How far back patterns are looked for.
pub const WATCHED_FOR: Duration = Duration::days(90);

/// Visits with a refund, this one included, from which on the share counts.
const SHARE_FROM_TRIPS: u32 = 3;

closed_list!(
    /// Why a person looks at a refund first.
    ReviewReason {
        /// More was taken than was owed; nobody asked for it back.
        Credit = "credit",
        /// More than nobody must look at.
        OverLimit = "over_limit",
        /// One of many in 30 days.
        Frequent = "frequent",
        /// Nobody is known to have paid.
        NobodyKnown = "nobody_known",
        /// The same article comes back again and again.
        SameArticle = "same_article",
        /// Much of what was bought comes back.
        MostlyReturned = "mostly_returned",
    }
);

/// What an instrument brought back before, declined refunds left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// Refunds of the last 30 days.
    pub recent: u32,
    /// Other visits within [`WATCHED_FOR`] of which one of these articles came back.
    pub same_article: u32,
    /// Other visits within [`WATCHED_FOR`] of which anything came back.
    pub trips: u32,
    /// What came back within [`WATCHED_FOR`].
    pub refunded: Money,
    /// What was bought within [`WATCHED_FOR`].
    pub bought: Money,
}

impl Habits {
    /// So many refunds in 30 days, and no pattern.
    #[must_use]
    pub const fn plain(recent: u32, currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self { recent, same_article: 0, trips: 0, refunded: nothing, bought: nothing }
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
    /// What the instrument brought back before. `None`: nobody is known to have paid.
    pub habits: Option<Habits>,
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
    Ok(if review_reasons(asked, rules)?.is_empty() { Verdict::Automatic } else { Verdict::Review })
}

/// Why a person must look at a refund that may be asked for. Empty: nobody must.
///
/// # Errors
///
/// Amounts of another currency, or past 64 bits.
pub fn review_reasons(asked: &Asked, rules: &RefundRules) -> Result<Vec<ReviewReason>, MoneyError> {
    let is_large = rules.auto_limit.checked_sub(asked.amount)?.minor() < 0;
    let known = |says: fn(&Habits, &RefundRules) -> bool| asked.habits.is_some_and(|it| says(&it, rules));
    let reasons = [
        (ReviewReason::Credit, asked.kind == RefundKind::Credit),
        (ReviewReason::OverLimit, is_large),
        (ReviewReason::Frequent, known(|it, rules| it.recent >= rules.auto_count)),
        (ReviewReason::NobodyKnown, asked.habits.is_none()),
        (
            ReviewReason::SameArticle,
            known(|it, rules| it.same_article > 0 && it.same_article >= rules.auto_same_article),
        ),
        (ReviewReason::MostlyReturned, is_mostly_returned(asked, rules)?),
    ];
    Ok(reasons.into_iter().filter_map(|(reason, holds)| holds.then_some(reason)).collect())
}

fn is_mostly_returned(asked: &Asked, rules: &RefundRules) -> Result<bool, MoneyError> {
    let Some(habits) = asked.habits else { return Ok(false) };
    let back = habits.refunded.checked_add(asked.amount)?;
    habits.bought.checked_sub(back)?;
    let share =
        |of: Money, percent: u32| i128::from(of.minor()).checked_mul(percent.into()).ok_or(MoneyError::Overflow);
    let is_much = share(back, 100)? > share(habits.bought, rules.auto_share_percent)?;
    Ok(habits.trips.saturating_add(1) >= SHARE_FROM_TRIPS && is_much)
}
