//! What was measured, for people: one line an operation.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::operation::{Answer, Operation};

/// Longest latency that is told apart, in microseconds: a minute.
const LONGEST_US: u64 = 60_000_000;

/// Latencies of one kind, to three digits.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    ///
    /// # Panics
    ///
    /// Never: the bounds are constants that the histogram takes.
    #[must_use]
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect("bounds that a histogram takes"))
    }

    /// One more. What is longer than a minute counts as a minute.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US));
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// So many in a thousand are no slower.
    #[must_use]
    pub fn per_mille(&self, part: u16) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(f64::from(part) / 1000.0))
    }

    /// What 99 of 100 stay below.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.per_mille(990)
    }

    /// The slowest.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999] = [500, 990, 999].map(|part| milliseconds(self.per_mille(part)));
        write!(f, "p50 {p50:>8}  p99 {p99:>8}  p99.9 {p999:>8}  max {:>8}", milliseconds(self.max()))
    }
}

/// `12.34 ms`.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    let micros = duration.as_micros();
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

/// Everything that was done in a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    done: BTreeMap<Operation, (Latencies, BTreeMap<Answer, u64>)>,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// One more answer.
    pub fn record(&mut self, operation: Operation, latency: Duration, answer: Answer) {
        let (latencies, answers) = self.done.entry(operation).or_default();
        latencies.record(latency);
        *answers.entry(answer).or_default() += 1;
    }

    /// The latencies of one operation, failures among them.
    #[must_use]
    pub fn latencies(&self, operation: Operation) -> Latencies {
        self.done.get(&operation).map(|(latencies, _)| latencies.clone()).unwrap_or_default()
    }

    /// How many were done in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.done.values().map(|(latencies, _)| latencies.count()).sum()
    }

    /// How many did not get what they hoped for.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let answers = self.done.values().flat_map(|(_, answers)| answers);
        answers.filter(|(answer, _)| **answer != Answer::Fine).map(|(_, times)| times).sum()
    }

    /// How many a second.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        per_second(self.count(), self.took)
    }
}

/// So many in such a time, as whole ones a second.
#[must_use]
pub fn per_second(count: u64, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1000) / millis
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (operation, (latencies, answers)) in &self.done {
            let rate = per_second(latencies.count(), self.took);
            write!(f, "  {:<5} {:>8} ({rate}/s)  {latencies}", operation.name(), latencies.count())?;
            for (answer, times) in answers {
                match answer {
                    Answer::Fine => {}
                    Answer::Status(status) => write!(f, "  {status}: {times}")?,
                    Answer::Nothing(why) => write!(f, "  {why}: {times}")?,
                }
            }
            writeln!(f)?;
        }
        let seconds = self.took.as_millis() / 1000;
        write!(f, "  {} in {seconds} s, {} a second, {} failed", self.count(), self.per_second(), self.failures())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_latencies_and_every_kind_of_failure() {
        let mut report = Report { took: Duration::from_secs(2), ..Report::default() };
        for ms in 1..=100 {
            report.record(Operation::Tap, Duration::from_millis(ms), Answer::Fine);
        }
        report.record(Operation::Cart, Duration::from_millis(3), Answer::Status(503));
        report.record(Operation::Cart, Duration::from_millis(4), Answer::Nothing("timeout"));
        assert_eq!((report.count(), report.failures(), report.per_second()), (102, 2, 51));
        assert_eq!(report.latencies(Operation::Tap).p99().as_millis(), 99);
        let text = report.to_string();
        for part in ["tap", "100 (50/s)", "503: 1", "timeout: 1", "2 failed"] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_latency_beyond_every_bound_is_not_lost() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_secs(3600));
        assert_eq!(latencies.count(), 1);
        assert!(latencies.max() >= Duration::from_secs(59));
    }
}
