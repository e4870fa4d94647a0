//! `storeside simulate`: do the rules hold whatever goes wrong?

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::say;
use crate::simulation::{self, Broken, Fault, Report, Settings};

/// Broken laws that are told; there is more to learn from one than from a hundred.
const TOLD_MAX: usize = 10;

/// The words after `storeside simulate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many runs, each from a seed of its own.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Trips of each run.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    trips: u16,
    /// The first seed; the others follow.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Play this seed alone.
    #[arg(long, conflicts_with_all = ["seeds", "first_seed"])]
    seed: Option<u64>,
    /// Tell everything that happens.
    #[arg(long, requires = "seed")]
    verbose: bool,
}

/// Plays the seeds, on all processors.
///
/// # Errors
///
/// A broken law, with the seed that breaks it again; a fault that never fell in many runs, about which nothing was proved.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match arguments.seed {
        Some(seed) => replay(seed, arguments),
        None => run_many(arguments),
    }
}

fn replay(seed: u64, arguments: &Arguments) -> anyhow::Result<()> {
    let settings = Settings { trips: arguments.trips.into(), tells: arguments.verbose, mistake: None };
    let run = simulation::run(seed, settings)?;
    run.story.iter().for_each(|line| say(line));
    tell(&run.report);
    match run.broken {
        Some(broken) => bail!("{}", text(seed, &broken, arguments)),
        None => Ok(()),
    }
}

fn run_many(arguments: &Arguments) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}");
    let bar = ProgressBar::new(arguments.seeds).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let found = play(arguments, || bar.inc(1));
    bar.finish_and_clear();
    let (report, mut broken) = found?;
    tell(&report);
    broken.sort_by_key(|(seed, _)| *seed);
    for (seed, broken) in broken.iter().take(TOLD_MAX) {
        say(&text(*seed, broken, arguments));
    }
    if !broken.is_empty() {
        bail!("{} of {} seeds break a law", broken.len(), report.seeds);
    }
    let missing: Vec<&str> = report.missing().into_iter().map(Fault::word).collect();
    if !missing.is_empty() {
        bail!("nothing was proved about what never happened: {}; play more seeds", missing.join(", "));
    }
    Ok(())
}

type Found = (Report, Vec<(u64, Broken)>);

/// Each processor takes the next seed; what one seed does depends on no other.
fn play(arguments: &Arguments, played: impl Fn() + Sync) -> anyhow::Result<Found> {
    let settings = Settings { trips: arguments.trips.into(), tells: false, mistake: None };
    let end = arguments.first_seed.checked_add(arguments.seeds).context("there are no seeds that high")?;
    let next = AtomicU64::new(arguments.first_seed);
    let found = Mutex::new(Found::default());
    let work = || -> anyhow::Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return Ok(());
            }
            let run = simulation::run(seed, settings)?;
            let mut found = found.lock().ok().context("another thread failed")?;
            found.0.add(&run.report);
            found.1.extend(run.broken.map(|broken| (seed, broken)));
            played();
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|it| it.join().ok().context("a run has panicked")?)
    })?;
    found.into_inner().ok().context("another thread failed")
}

fn tell(report: &Report) {
    for (fault, count) in Fault::ALL.iter().zip(&report.faults) {
        say(&format!("{count:>12}  {}", fault.word()));
    }
    for (what, ends) in [("Trips", &report.ends), ("Refunds", &report.refunds), ("Payoffs", &report.payoffs)] {
        let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{count} {state}")).collect();
        say(&format!("{what}: {}.", ends.join(", ")));
    }
    let Report { seeds, steps, calls, mails, .. } = report;
    say(&format!("{seeds} seeds, {steps} steps, {calls} calls to Amazon, {mails} mails."));
}

fn text(seed: u64, broken: &Broken, arguments: &Arguments) -> String {
    let Broken { law, trip, what } = broken;
    let again = format!("storeside simulate --seed {seed} --trips {} --verbose", arguments.trips);
    format!("{law:?} is broken: trip-{trip}: {what}\n  again: {again}")
}
