//! Chance that can be had again: everything random in a run comes from its seed, in one order.

use domain::money::Money;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use time::Duration;

/// The one source of chance of a run. Its numbers depend on the seed alone, on every machine.
#[derive(Debug)]
pub(super) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// At least `least`, below `end`.
    pub(super) fn between(&mut self, least: i64, end: i64) -> i64 {
        self.0.random_range(least..end.max(least + 1))
    }

    /// Below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    /// True `times` times in ten thousand.
    pub(super) fn falls(&mut self, times: u32) -> bool {
        times > 0 && self.0.random_range(0..10_000) < times
    }

    pub(super) fn percent(&mut self, times: u32) -> bool {
        self.falls(times * 100)
    }

    pub(super) fn millis(&mut self, least: i64, end: i64) -> Duration {
        Duration::milliseconds(self.between(least, end))
    }

    pub(super) fn minutes(&mut self, least: i64, end: i64) -> Duration {
        self.millis(least * 60_000, end * 60_000)
    }

    pub(super) fn hours(&mut self, least: i64, end: i64) -> Duration {
        self.minutes(least * 60, end * 60)
    }

    /// Chance for a wait, 0 to 999, as the worker draws it.
    pub(super) fn jitter(&mut self) -> u16 {
        self.0.random_range(0..1000)
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// At least one minor unit, at most `most`, and all of it every third time.
    pub(super) fn part_of(&mut self, most: Money) -> Money {
        let minor = if self.percent(33) { most.minor() } else { self.between(1, most.minor() + 1) };
        Money::new(minor, most.currency())
    }
}
