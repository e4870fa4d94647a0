//! How much memory other processes hold, as Linux counts it.

use std::time::{Duration, Instant};

/// What one process held at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Since the first sample.
    pub at: Duration,
    /// Resident memory of all processes that are watched, in KiB. The largest of them counts.
    pub resident_kib: u64,
}

/// Resident memory of a process, in KiB. `None`: it is gone.
#[must_use]
pub fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Watches processes.
#[derive(Debug)]
pub struct Watch {
    pids: Vec<u32>,
    began: Instant,
    samples: Vec<Vec<Sample>>,
}

impl Watch {
    /// Of these processes.
    #[must_use]
    pub fn of(pids: &[u32]) -> Self {
        Self { pids: pids.to_vec(), began: Instant::now(), samples: vec![vec![]; pids.len()] }
    }

    /// Looks once.
    pub fn look(&mut self) {
        let at = self.began.elapsed();
        for (pid, samples) in self.pids.iter().zip(&mut self.samples) {
            samples.extend(resident_kib(*pid).map(|resident_kib| Sample { at, resident_kib }));
        }
    }

    /// What each process held at most, and how far it went up and down after `settled`, in per mille of what it held then.
    #[must_use]
    pub fn judge(&self, settled: Duration) -> Vec<Held> {
        let held = |(pid, samples): (&u32, &Vec<Sample>)| {
            let later: Vec<u64> = samples.iter().filter(|it| it.at >= settled).map(|it| it.resident_kib).collect();
            let first = later.first().copied().unwrap_or(0);
            let off = |kib: u64| kib.abs_diff(first).saturating_mul(1000) / first.max(1);
            Held {
                pid: *pid,
                most_kib: samples.iter().map(|it| it.resident_kib).max().unwrap_or(0),
                drift_per_mille: later.iter().map(|it| off(*it)).max().unwrap_or(0),
            }
        };
        self.pids.iter().zip(&self.samples).map(held).collect()
    }
}

/// What one process held over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which one.
    pub pid: u32,
    /// At most, in KiB.
    pub most_kib: u64,
    /// Farthest from what it held when it had settled, in thousandths of that.
    pub drift_per_mille: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_own_memory() {
        assert!(resident_kib(std::process::id()).is_some_and(|kib| kib > 500));
        assert_eq!(resident_kib(u32::MAX), None);
    }

    #[test]
    fn what_grows_after_it_had_settled_is_told() {
        let sample = |(second, resident_kib)| Sample { at: Duration::from_secs(second), resident_kib };
        let samples = [(0, 100), (300, 1000), (301, 1080), (302, 960)].map(sample).to_vec();
        let watch = Watch { pids: vec![7], began: Instant::now(), samples: vec![samples] };
        let held = watch.judge(Duration::from_secs(300));
        assert_eq!(held, [Held { pid: 7, most_kib: 1080, drift_per_mille: 80 }]);
    }
}
