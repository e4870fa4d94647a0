//! How often one caller may call: a bucket of tokens each, in the memory of one process.
//!
//! Fair, since no caller draws from another's bucket. Several processes let through several times as much: the limit keeps one
//! process from drowning, and is no quota that anybody is billed by.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// So many calls a second for ever, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in a second.
    pub per_second: NonZeroU32,
    /// Tokens that a bucket holds.
    pub burst: NonZeroU32,
}

impl Default for Rate {
    fn default() -> Self {
        Self::CONNECTOR
    }
}

/// A setting is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be calls a second and how many at once, like 1000/2000, both from 1 to 1000000")]
pub struct NotARate;

impl Rate {
    /// What a caller of a connector has. A store's gate sees a few taps a second on its worst day.
    pub const CONNECTOR: Self = Self::of(1000, 2000);
    /// What the event feed has: EventBridge sends 300 a second unless told otherwise.
    pub const EVENT_FEED: Self = Self::of(500, 1000);
    /// Refusals that are written down. Each takes a connection that an honest call may need, and whoever is refused can call as
    /// often as they like: beyond this they are counted in the metrics and logged only.
    pub const RECORDS: Self = Self::of(5, 50);

    const fn of(per_second: u32, burst: u32) -> Self {
        match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
            (Some(per_second), Some(burst)) => Self { per_second, burst },
            _ => Self { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN },
        }
    }

    /// Largest number of either kind.
    const MAX: u32 = 1_000_000;

    /// Reads `PER_SECOND/BURST`.
    ///
    /// # Errors
    ///
    /// Refuses anything else, and nothing at all as a rate.
    pub fn parse(text: &str) -> Result<Self, NotARate> {
        let number = |text: &str| text.trim().parse().ok().filter(|it: &NonZeroU32| it.get() <= Self::MAX);
        let (per_second, burst) = text.split_once('/').ok_or(NotARate)?;
        Ok(Self { per_second: number(per_second).ok_or(NotARate)?, burst: number(burst).ok_or(NotARate)? })
    }
}

/// The buckets. Only callers that were let in get one, so that there are as many as the settings name.
pub struct Rates<K: std::hash::Hash + Eq + Clone> {
    buckets: RateLimiter<K, HashMapStateStore<K>, MonotonicClock, NoOpMiddleware<<MonotonicClock as Clock>::Instant>>,
}

impl<K: std::hash::Hash + Eq + Clone> Rates<K> {
    /// Full buckets for everyone.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self { buckets: RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock) }
    }

    /// Takes a token of `caller`'s.
    ///
    /// # Errors
    ///
    /// There is none; says after how many whole seconds, at least one, there will be.
    pub fn take(&self, caller: &K) -> Result<(), u64> {
        self.buckets.check_key(caller).map_err(|until| {
            let wait = until.wait_time_from(MonotonicClock.now());
            wait.saturating_add(Duration::from_nanos(999_999_999)).as_secs().max(1)
        })
    }
}

impl<K: std::hash::Hash + Eq + Clone> fmt::Debug for Rates<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").field("callers", &self.buckets.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_two_numbers_and_neither_is_nothing() {
        let rate = Rate::parse(" 1000 / 2000").unwrap();
        assert_eq!((rate.per_second.get(), rate.burst.get()), (1000, 2000));
        for text in ["", "1000", "1000/", "/1", "0/5", "5/0", "-1/5", "1.5/2", "1000001/1", "many/more", "1/2/3"] {
            assert_eq!(Rate::parse(text), Err(NotARate), "{text}");
        }
    }

    #[test]
    fn pf_003_a_caller_that_is_too_fast_waits_and_no_other_does() {
        let rates = Rates::new(Rate::parse("1/3").unwrap());
        assert_eq!([(); 3].map(|()| rates.take(&"loud")), [Ok(()); 3]);
        assert_eq!(rates.take(&"loud"), Err(1));
        assert_eq!(rates.take(&"quiet"), Ok(()), "a bucket each");
    }
}
