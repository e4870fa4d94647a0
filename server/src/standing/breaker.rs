//! Whether the database is worth asking at this moment: taps that follow one another do not each wait for one that is away.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Taps in a row that the database left without an answer before it is left alone.
const MISSES_MAX: u32 = 3;

/// How long it is left alone; then one tap tries.
const OPEN_FOR: Duration = Duration::from_millis(500);

/// A breaker of one process.
#[derive(Debug, Default)]
pub struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { misses: u32 },
    Open { until: Instant },
    Probing,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { misses: 0 }
    }
}

/// Leave to ask the database once. One that is dropped without a word counts as no answer where it was the probe, and as nothing else.
#[derive(Debug)]
pub struct Leave<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    is_told: bool,
}

impl Breaker {
    /// Leave to ask, if it is worth it.
    pub fn ask(&self, now: Instant) -> Option<Leave<'_>> {
        let mut state = self.lock();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if now >= until => {
                *state = State::Probing;
                true
            }
            State::Open { .. } | State::Probing => return None,
        };
        Some(Leave { breaker: self, is_probe, is_told: false })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// The database answered.
    pub fn answered(mut self) {
        self.is_told = true;
        let mut state = self.breaker.lock();
        // Who asked before it went away says nothing about now.
        if self.is_probe || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { misses: 0 };
        }
    }

    /// It did not, in time or at all.
    pub fn missed(mut self, now: Instant) {
        self.is_told = true;
        self.miss(now);
    }

    fn miss(&self, now: Instant) {
        let mut state = self.breaker.lock();
        let open = State::Open { until: now + OPEN_FOR };
        *state = match *state {
            _ if self.is_probe => open,
            State::Closed { misses } if misses + 1 < MISSES_MAX => State::Closed { misses: misses + 1 },
            State::Closed { .. } => open,
            other => other,
        };
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.is_probe && !self.is_told {
            self.miss(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fa_016_after_three_misses_in_a_row_nobody_asks_until_one_tries_again() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..2 {
            breaker.ask(start).unwrap().missed(start);
        }
        breaker.ask(start).unwrap().answered();
        for _ in 0..MISSES_MAX {
            breaker.ask(start).unwrap().missed(start);
        }
        assert!(breaker.ask(start).is_none() && breaker.ask(start + OPEN_FOR / 2).is_none());
        let probe = breaker.ask(start + OPEN_FOR).unwrap();
        assert!(breaker.ask(start + OPEN_FOR).is_none(), "one tries, the others do not wait for it");
        probe.missed(start + OPEN_FOR);
        assert!(breaker.ask(start + OPEN_FOR).is_none());
        breaker.ask(start + OPEN_FOR * 2).unwrap().answered();
        assert!(breaker.ask(start + OPEN_FOR * 2).is_some());
    }

    #[test]
    fn a_probe_that_vanishes_and_an_answer_from_before_leave_the_breaker_open_and_not_stuck() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        let early = breaker.ask(start).unwrap();
        for _ in 0..MISSES_MAX {
            breaker.ask(start).unwrap().missed(start);
        }
        early.answered();
        assert!(breaker.ask(start).is_none(), "who asked before it went away says nothing about now");
        drop(breaker.ask(start + OPEN_FOR).unwrap());
        assert!(breaker.ask(start).is_none());
        assert!(breaker.ask(Instant::now() + OPEN_FOR).is_some());
    }
}
