//! When an effect that a step asks for is due, and when it is too late for it.

use time::{Duration, OffsetDateTime};

use super::Effect;
use crate::outbox::backoff;
use crate::trip::Trip;

/// The deadline is our reckoning; Amazon knows. A cart that comes after it is still tried for this long before it is a debt.
pub const GRACE: Duration = Duration::hours(1);

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
            Self::CheckDeadline { .. } => {
                Plan { due_at: deadline_at.max(now.saturating_add(GRACE)), deadline_at: None }
            }
            // Well before the token ends, so that what was recognised can still be charged.
            Self::CheckReview { .. } => {
                let limit = now.saturating_add(review_limit).min(deadline_at.saturating_sub(GRACE));
                Plan { due_at: limit.max(now), deadline_at: None }
            }
            // A capture in doubt may still be under way: its witness is asked later and later.
            Self::FetchTransactionalData { .. } => {
                Plan { due_at: now.saturating_add(doubt(trip)), deadline_at: Some(deadline_at) }
            }
            Self::AdjustCharge { .. }
            | Self::CaptureCharge { .. }
            | Self::CancelCharge { .. }
            | Self::FetchShopperIdentity { .. }
            | Self::ReportPaymentStatus { .. }
            | Self::SendReceipt { .. }
            | Self::SendDebtNotice { .. }
            | Self::SendSignInCode { .. }
            | Self::CheckEntry { .. } => Plan { due_at: now, deadline_at: Some(deadline_at) },
        }
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
