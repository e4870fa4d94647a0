//! When an effect is tried, by whom, and when it is given up. Times and chance are arguments.

use time::{Duration, OffsetDateTime};

/// Tries an effect has before it is kept for a person, the first one included.
pub const TRIES_MAX: u32 = 12;

/// The wait after the first failure; each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::seconds(1);

/// The longest wait that we choose ourselves. Amazon may ask for more.
const BACKOFF_MAX: Duration = Duration::minutes(10);

/// The longest wait before an answer that is pending is asked for again.
const PENDING_WAIT_MAX: Duration = Duration::minutes(15);

/// How long before the deadline an answer that is still pending is given up: a person has this long to act.
pub const PENDING_ENDS_BEFORE: Duration = Duration::minutes(30);

/// How long a worker may hold an effect before another may take it. Longer than any call's timeout, so that an effect is only
/// taken from a worker that is gone.
pub const LEASE: Duration = Duration::seconds(60);

/// Where an effect in the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    /// To be tried at `due_at`.
    Waiting {
        /// Not before then.
        due_at: OffsetDateTime,
    },
    /// With one worker, until then.
    Claimed {
        /// The lease's end.
        until: OffsetDateTime,
    },
    /// Happened.
    Done,
    /// Out of tries. Stays until a person decides.
    Exhausted,
    /// Not wanted any more: the state it came from has gone on.
    Dropped,
}

impl OutboxState {
    /// Is there nothing more to do for it?
    #[must_use]
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Waiting { .. } | Self::Claimed { .. } => false,
            Self::Done | Self::Exhausted | Self::Dropped => true,
        }
    }
}

/// One lease on one effect. The number rises with every claim: a worker that comes back late holds an old one, and may not
/// send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// Why a try did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It may work later; Amazon may have said when.
    TryAgain {
        /// What `Retry-After` or `retryAfter` asked for.
        retry_after: Option<Duration>,
    },
    /// Amazon is busy and says so: no fault of this effect. It does not run out of tries before it is too late anyway.
    Throttled {
        /// What `Retry-After` or `retryAfter` asked for.
        retry_after: Duration,
    },
    /// A repeat would change nothing.
    Final,
}

/// What becomes of an effect whose try failed.
///
/// `tries` counts the failed one. `deadline_at` is when it is too late for it. `jitter` is chance, 0 to 999: it shortens our
/// own wait by up to half, so that many waiting effects do not come back at once. A wait that Amazon asked for is never
/// shortened.
#[must_use]
pub fn after_failure(
    tries: u32,
    failure: Failure,
    now: OffsetDateTime,
    deadline_at: Option<OffsetDateTime>,
    jitter: u16,
) -> OutboxState {
    let own = backoff(tries, jitter);
    let is_last = tries >= TRIES_MAX && uses_try(failure, now, deadline_at);
    let (wait, is_over) = match failure {
        Failure::Final => (own, true),
        Failure::TryAgain { retry_after } => (retry_after.map_or(own, |asked| asked.max(own)), is_last),
        Failure::Throttled { retry_after } => (retry_after.max(own), is_last),
    };
    if is_over { OutboxState::Exhausted } else { OutboxState::Waiting { due_at: now.saturating_add(wait) } }
}

/// Does a failure count among the tries? Being asked to wait does not: it is no fault of the effect's. Once it is too late it does, so
/// that it ends some time.
#[must_use]
pub fn uses_try(failure: Failure, now: OffsetDateTime, deadline_at: Option<OffsetDateTime>) -> bool {
    match failure {
        Failure::TryAgain { .. } | Failure::Final => true,
        Failure::Throttled { .. } => deadline_at.is_none_or(|deadline| now >= deadline),
    }
}

/// When to ask again for an answer that was neither yes nor no (Adjust Charge's `PENDING`; test plan, AC-003), or that it is enough.
///
/// Such an answer is no failure: it is asked for 1, 2, 4 … seconds later up to a quarter of an hour, less up to half by chance, until
/// [`PENDING_ENDS_BEFORE`] the deadline. `polls` counts this answer. The number of them is bounded by that: not 400 in 46 hours.
#[must_use]
pub fn after_pending(polls: u32, now: OffsetDateTime, deadline_at: OffsetDateTime, jitter: u16) -> OutboxState {
    let due_at = now.saturating_add(doubled(polls, PENDING_WAIT_MAX, jitter));
    if due_at < deadline_at.saturating_sub(PENDING_ENDS_BEFORE) {
        OutboxState::Waiting { due_at }
    } else {
        OutboxState::Exhausted
    }
}

/// Our own wait after `tries` failures: 1, 2, 4 … seconds up to ten minutes, less up to half by chance.
#[must_use]
pub fn backoff(tries: u32, jitter: u16) -> Duration {
    doubled(tries, BACKOFF_MAX, jitter)
}

/// A second, doubled `times` less one times up to `longest`, less up to half by chance.
fn doubled(times: u32, longest: Duration, jitter: u16) -> Duration {
    let doublings = times.saturating_sub(1).min(30);
    let whole = BACKOFF_FIRST.saturating_mul(1_i32.checked_shl(doublings).unwrap_or(i32::MAX)).min(longest);
    let millis = whole.whole_milliseconds();
    let off = millis.saturating_mul(jitter.min(999).into()).saturating_div(2_000);
    Duration::milliseconds(i64::try_from(millis.saturating_sub(off)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn due(tries: u32, retry_after: Option<Duration>, jitter: u16) -> Duration {
        match after_failure(tries, Failure::TryAgain { retry_after }, NOW, None, jitter) {
            OutboxState::Waiting { due_at } => due_at - NOW,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let waits: Vec<_> = (1..TRIES_MAX).map(|tries| due(tries, None, 0).whole_seconds()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]);
    }

    #[test]
    fn chance_takes_at_most_half() {
        assert_eq!(due(4, None, 999).whole_milliseconds(), 4004);
        assert_eq!(due(4, None, 500).whole_milliseconds(), 6000);
        assert_eq!(due(4, None, u16::MAX), due(4, None, 999));
    }

    #[test]
    fn what_amazon_asks_for_is_never_shortened_and_ours_never_either() {
        assert_eq!(due(1, Some(Duration::seconds(600)), 999).whole_seconds(), 600);
        assert_eq!(due(10, Some(Duration::ZERO), 0).whole_seconds(), 512);
    }

    #[test]
    fn g12_the_cap_is_the_number_of_tries_and_not_one_more() {
        let again = Failure::TryAgain { retry_after: None };
        assert!(matches!(after_failure(TRIES_MAX - 1, again, NOW, None, 0), OutboxState::Waiting { .. }));
        assert_eq!(after_failure(TRIES_MAX, again, NOW, None, 0), OutboxState::Exhausted);
        assert_eq!(after_failure(1, Failure::Final, NOW, None, 0), OutboxState::Exhausted);
    }

    #[test]
    fn being_asked_to_wait_uses_no_try_up_before_the_deadline() {
        let throttled = Failure::Throttled { retry_after: Duration::seconds(600) };
        let deadline = Some(NOW + Duration::HOUR);
        let wanted = OutboxState::Waiting { due_at: NOW + Duration::seconds(600) };
        assert_eq!(after_failure(500, throttled, NOW, deadline, 999), wanted);
        assert_eq!(after_failure(TRIES_MAX, throttled, NOW + Duration::HOUR, deadline, 0), OutboxState::Exhausted);
        assert_eq!(after_failure(TRIES_MAX, throttled, NOW, None, 0), OutboxState::Exhausted);
    }

    #[test]
    fn g12_being_asked_to_wait_counts_among_the_tries_only_when_it_is_too_late() {
        let throttled = Failure::Throttled { retry_after: Duration::seconds(600) };
        let deadline = Some(NOW + Duration::HOUR);
        assert!(!uses_try(throttled, NOW, deadline));
        assert!(uses_try(throttled, NOW + Duration::HOUR, deadline));
        assert!(uses_try(throttled, NOW, None), "what has no deadline would else be tried for ever");
        for failure in [Failure::Final, Failure::TryAgain { retry_after: Some(Duration::HOUR) }] {
            assert!(uses_try(failure, NOW, deadline), "{failure:?}");
        }
    }

    #[test]
    fn ac_003_a_pending_answer_is_asked_for_until_shortly_before_the_deadline_and_a_bounded_number_of_times() {
        let deadline = NOW + Duration::hours(46);
        for jitter in [0, 999] {
            let (mut now, mut polls, mut waits) = (NOW, 0, vec![]);
            while let OutboxState::Waiting { due_at } = after_pending(polls + 1, now, deadline, jitter) {
                waits.push(due_at - now);
                (now, polls) = (due_at, polls + 1);
            }
            assert!(waits.is_sorted() && waits[0] <= Duration::SECOND, "{waits:?}");
            assert!(polls > 100 && polls < 400, "{polls}");
            let left = deadline - now;
            assert!(left >= PENDING_ENDS_BEFORE && left <= PENDING_ENDS_BEFORE + PENDING_WAIT_MAX, "{left}");
        }
        assert_eq!(after_pending(1, deadline, deadline, 0), OutboxState::Exhausted);
    }
}
