//! When calls should begin: decided before the first is made, whatever becomes of those before.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How arrivals are spread over the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Spread {
    /// As people come: independent of each other, with a fixed rate (a Poisson process), as pgbench does with `--rate`.
    Poisson,
    /// One after the other, the same time apart.
    Even,
}

/// The moments at which calls begin, counted from the start.
#[derive(Debug)]
pub struct Arrivals {
    spread: Spread,
    apart: Duration,
    next: Duration,
    end: Duration,
    random: StdRng,
}

impl Arrivals {
    /// So many a second, until `end`. The same `seed` gives the same moments.
    #[must_use]
    pub fn new(spread: Spread, per_second: u32, end: Duration, seed: u64) -> Self {
        let apart = Duration::from_secs(1) / per_second.max(1);
        let end = if per_second == 0 { Duration::ZERO } else { end };
        Self { spread, apart, next: Duration::ZERO, end, random: StdRng::seed_from_u64(seed) }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let at = self.next;
        let gap = match self.spread {
            Spread::Even => self.apart,
            // The gap between two of a Poisson process.
            Spread::Poisson => self.apart.mul_f64(-(1.0 - self.random.random_range(0.0..1.0_f64)).ln()),
        };
        self.next = at.saturating_add(gap);
        (at < self.end).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_SECONDS: Duration = Duration::from_secs(10);

    #[test]
    fn even_arrivals_are_the_same_time_apart() {
        let moments: Vec<_> = Arrivals::new(Spread::Even, 4, Duration::from_secs(1), 0).collect();
        assert_eq!(moments, [0, 250, 500, 750].map(Duration::from_millis));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_not_the_distance() {
        let moments: Vec<_> = Arrivals::new(Spread::Poisson, 500, TEN_SECONDS, 1).collect();
        assert!((4_800..5_200).contains(&moments.len()), "{}", moments.len());
        assert!(moments.is_sorted() && moments.iter().all(|it| *it < TEN_SECONDS));
        let gaps: Vec<_> = moments.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(gaps.iter().any(|it| *it > Duration::from_millis(6)), "some wait long");
        assert!(gaps.iter().filter(|it| **it < Duration::from_micros(500)).count() > 500, "some come together");
    }

    #[test]
    fn nobody_comes_at_rate_zero() {
        assert_eq!(Arrivals::new(Spread::Even, 0, TEN_SECONDS, 0).count(), 0);
    }
}
