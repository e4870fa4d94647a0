//! When an effect that a step asks for is due, and when it is too late for it.

use time::{Duration, OffsetDateTime};

use super::Effect;
use crate::outbox::backoff;
use crate::trip::Trip;

/// The deadline is our reckoning; Amazon knows. A cart that comes after it is still tried for this long before it is a debt.
pub const GRACE: Duration = Duration::hours(1);

/// How long before the deadline a person hears of a cart that is not charged yet (test plan, IF-021).
pub const WARN_BEFORE: Duration = Duration::hours(4);

/// How long a cart that comes later than that has before a person hears of it.
const WARN_AFTER: Duration = Duration::minutes(15);

/// When a visit that a call is still out for is looked at again at its deadline.
pub const LOOK_AGAIN: Duration = Duration::minutes(15);

/// When an effect is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Not before then.
    pub due_at: OffsetDateTime,
    /// When it is too late for it. `None`: never.
    pub deadline_at: Option<OffsetDateTime>,
}

/// What of a visit a plan needs.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The visit's state, the step done.
    pub trip: Trip,
    /// When its payment token ends, by our reckoning.
    pub deadline_at: OffsetDateTime,
    /// How long its store lets a bad cart wait.
    pub review_limit: Duration,
    /// The time.
    pub now: OffsetDateTime,
}

impl Effect {
    /// Is one that waits enough? Several outcomes make one report, which reads the amounts when it is sent. One look at the deadline
    /// is enough, too.
    #[must_use]
    pub fn is_coalesced(&self) -> bool {
        matches!(self, Self::ReportPaymentStatus { .. } | Self::CheckDeadline { .. })
    }

    /// When it is to happen.
    #[must_use]
    pub fn plan(&self, moment: Moment) -> Plan {
        let Moment { trip, deadline_at, review_limit, now } = moment;
        match self {
            Self::CheckDeadline { .. } => Plan { due_at: first_look(deadline_at, now), deadline_at: None },
            // Well before the token ends, so that what was recognised can still be charged.
            Self::CheckReview { .. } => {
                let limit = now.saturating_add(review_limit).min(deadline_at.saturating_sub(GRACE));
                Plan { due_at: limit.max(now), deadline_at: None }
            }
            // A capture in doubt may still be under way: its witness is asked later and later.
            Self::FetchTransactionalData { .. } => {
                Plan { due_at: now.saturating_add(doubt(trip)), deadline_at: Some(deadline_at) }
            }
            // What is promised is given back however late.
            Self::RefundCharge { .. }
            | Self::SendRefundNotice { .. }
            | Self::SendDisputeNotice { .. }
            | Self::SendPayoffNotice { .. }
            | Self::CheckPayoff { .. } => Plan { due_at: now, deadline_at: None },
            Self::AdjustCharge { .. }
            | Self::CaptureCharge { .. }
            | Self::CancelCharge { .. }
            | Self::FetchShopperIdentity { .. }
            | Self::ReportPaymentStatus { .. }
            | Self::SendReceipt { .. }
            | Self::SendDebtNotice { .. }
            | Self::MailSignInCode { .. }
            | Self::MailPaymentLink { .. }
            | Self::SendSignInCode { .. }
            | Self::CheckEntry { .. } => Plan { due_at: now, deadline_at: Some(deadline_at) },
        }
    }
}

/// What a look at the deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineLook {
    /// It is near: a person hears of what is not charged.
    Near {
        /// When it will have passed.
        again_at: OffsetDateTime,
    },
    /// It has passed.
    Passed,
}

/// What a look at `now` is for.
#[must_use]
pub fn deadline_look(deadline_at: OffsetDateTime, now: OffsetDateTime) -> DeadlineLook {
    if now >= deadline_at {
        return DeadlineLook::Passed;
    }
    let rest_of_grace = GRACE.saturating_sub(WARN_AFTER);
    DeadlineLook::Near { again_at: deadline_at.max(now.saturating_add(rest_of_grace)) }
}

/// When to look first: well before the deadline, or a while after a cart that came late, or when it has passed.
fn first_look(deadline_at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    let warn_at = deadline_at.saturating_sub(WARN_BEFORE).max(now.saturating_add(WARN_AFTER));
    if warn_at < deadline_at { warn_at } else { deadline_at.max(now.saturating_add(GRACE)) }
}

/// Is there a cart in this state that nobody has charged?
#[must_use]
pub fn is_uncharged(trip: Trip) -> bool {
    match trip {
        Trip::InReview | Trip::Adjusting { .. } | Trip::Capturing { .. } | Trip::CaptureUnknown { .. } => true,
        Trip::Entered
        | Trip::CaptureUnconfirmed { .. }
        | Trip::Captured { .. }
        | Trip::PartlyCaptured { .. }
        | Trip::Uncollected { .. }
        | Trip::Recovered { .. }
        | Trip::Cancelling
        | Trip::Cancelled => false,
    }
}

/// How long to wait for whoever may still be at work on a capture.
fn doubt(trip: Trip) -> Duration {
    match trip {
        Trip::CaptureUnknown { doubts, .. } => backoff(doubts, 0),
        Trip::Entered
        | Trip::InReview
        | Trip::Adjusting { .. }
        | Trip::Capturing { .. }
        | Trip::CaptureUnconfirmed { .. }
        | Trip::Captured { .. }
        | Trip::PartlyCaptured { .. }
        | Trip::Uncollected { .. }
        | Trip::Recovered { .. }
        | Trip::Cancelling
        | Trip::Cancelled => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn if_021_a_deadline_is_looked_at_well_before_it_and_when_it_has_passed() {
        let minutes = |minutes| NOW + Duration::minutes(minutes);
        // The deadline, the first look, and the look after that: in minutes from the cart on.
        for (deadline, first, second) in [
            (46 * 60, 42 * 60, Some(46 * 60)),
            (5 * 60, 60, Some(5 * 60)),
            (4 * 60, 15, Some(4 * 60)),
            // A cart that comes so late is tried for an hour, whatever the deadline.
            (20, 15, Some(60)),
            (15, 60, None),
            (-60, 60, None),
        ] {
            let at = first_look(minutes(deadline), NOW);
            assert_eq!(at, minutes(first), "{deadline}");
            let look = deadline_look(minutes(deadline), at);
            let again = second.map_or(DeadlineLook::Passed, |it| DeadlineLook::Near { again_at: minutes(it) });
            assert_eq!(look, again, "{deadline}");
        }
        assert_eq!(deadline_look(NOW, NOW), DeadlineLook::Passed);
    }
}
