//! The ways to put load on: an open loop, a burst, and many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::bail;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::arrival::{Arrivals, Spread};
use crate::memory::Watch;
use crate::operation::{Answer, Crowd, Operation, perform};
use crate::report::Report;
use crate::target::Target;

/// No run is longer.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// Calls that may be under way at once. Beyond them the server has failed, and more would only exhaust this machine.
const UNDER_WAY_MAX: usize = 10_000;

/// How often the brake is looked at while it is on.
const BRAKED: Duration = Duration::from_millis(5);

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many operations a second, for so long.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Each operation with its rate.
    pub per_second: Vec<(Operation, u32)>,
    /// For how long calls begin.
    pub seconds: u32,
    /// How they are spread.
    pub spread: Spread,
    /// Chance, for the same arrivals again.
    pub seed: u64,
}

/// Calls at their intended moments, however slow the answers are. A latency counts from the intended moment.
///
/// # Errors
///
/// Refuses a run without an end.
pub async fn open_loop(target: &Target, crowd: Arc<Crowd>, rates: &Rates) -> anyhow::Result<Report> {
    let length = bounded(rates.seconds)?;
    let mut plan: Vec<(Duration, Operation)> = vec![];
    for (place, (operation, per_second)) in (0..).zip(&rates.per_second) {
        let arrivals = Arrivals::new(rates.spread, *per_second, length, rates.seed.wrapping_add(place));
        plan.extend(arrivals.map(|at| (at, *operation)));
    }
    plan.sort_unstable();
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut calls = JoinSet::new();
    let mut report = Report::default();
    let began = Instant::now();
    for (at, operation) in plan {
        let intended = began + at;
        sleep_until(intended).await;
        while calls.try_join_next().is_some() {}
        if calls.len() >= UNDER_WAY_MAX {
            report.record(operation, intended.elapsed(), Answer::Nothing("not sent"));
            continue;
        }
        let (target, crowd, tell) = (target.clone(), Arc::clone(&crowd), tell.clone());
        calls.spawn(async move {
            let answer = perform(operation, &target, &crowd).await;
            let _ = tell.send((operation, intended.elapsed(), answer));
        });
    }
    drop(tell);
    while let Some((operation, latency, answer)) = told.recv().await {
        report.record(operation, latency, answer);
    }
    report.took = began.elapsed();
    Ok(report)
}

/// So many of one operation at the same instant.
pub async fn burst(target: &Target, crowd: Arc<Crowd>, operation: Operation, times: usize) -> Report {
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..times {
        let (target, crowd) = (target.clone(), Arc::clone(&crowd));
        calls.spawn(async move { (perform(operation, &target, &crowd).await, began.elapsed()) });
    }
    let mut report = Report::default();
    while let Some(done) = calls.join_next().await {
        let (answer, latency) = done.unwrap_or((Answer::Nothing("broken off"), began.elapsed()));
        report.record(operation, latency, answer);
    }
    report.took = began.elapsed();
    report
}

/// Many at once, each beginning the next when one is answered, until the time is over.
#[derive(Debug, Clone)]
pub struct Soak {
    /// What is done, in turns: an operation may stand there more than once.
    pub mix: Vec<Operation>,
    /// How many at once.
    pub at_once: usize,
    /// For how long new ones begin.
    pub seconds: u32,
    /// While it is set, no new one begins.
    pub brake: Arc<AtomicBool>,
}

/// Keeps so many calls under way until the time is over, and watches the memory of the processes that answer.
///
/// # Errors
///
/// Refuses a run without an end, and a mix of nothing.
pub async fn soak(target: &Target, crowd: Arc<Crowd>, soak: &Soak, watch: &mut Watch) -> anyhow::Result<Report> {
    let length = bounded(soak.seconds)?;
    if soak.mix.is_empty() {
        bail!("there is nothing to do: give at least one operation");
    }
    let began = Instant::now();
    let end = began + length;
    let (tell, mut told) = mpsc::unbounded_channel();
    for place in 0..soak.at_once {
        let (target, crowd, tell, mix) = (target.clone(), Arc::clone(&crowd), tell.clone(), soak.mix.clone());
        let brake = Arc::clone(&soak.brake);
        tokio::spawn(async move {
            for operation in mix.iter().cycle().skip(place % mix.len()) {
                while brake.load(Ordering::Relaxed) && Instant::now() < end {
                    tokio::time::sleep(BRAKED).await;
                }
                let begun = Instant::now();
                if begun >= end {
                    return;
                }
                let answer = perform(*operation, &target, &crowd).await;
                let _ = tell.send((*operation, begun.elapsed(), answer));
            }
        });
    }
    drop(tell);
    let mut report = Report::default();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            done = told.recv() => match done {
                Some((operation, latency, answer)) => report.record(operation, latency, answer),
                None => break,
            },
            _ = look.tick() => watch.look(),
        }
    }
    report.took = began.elapsed();
    Ok(report)
}

fn bounded(seconds: u32) -> anyhow::Result<Duration> {
    let length = Duration::from_secs(seconds.into());
    if length.is_zero() || length > LONGEST {
        bail!("a run takes from 1 second to {} seconds: {seconds} was asked for", LONGEST.as_secs());
    }
    Ok(length)
}
