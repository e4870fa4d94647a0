//! Deterministic simulation: the rules of `domain` over tables in memory and an Amazon that fails in every way we know of, in one thread,
//! on a clock of its own, with all its chance from one seed.
//!
//! **Invariant**: no decision is made here that `domain` makes. What the flows and workers do around those decisions, the order of
//! transactions, leases, attempts, is played again in `visit`, `attempt`, `arrival`, `refund`, `payoff`, `payer`, `mail`, `worker` and
//! `network`; a change of order there is to be made here as well.

mod agenda;
mod amazon;
mod arrival;
mod attempt;
mod books;
mod desk;
mod fault;
mod law;
mod mail;
mod network;
mod payer;
mod payoff;
mod payoff_law;
mod quiet;
mod random;
mod refund;
mod refund_law;
mod scenario;
mod stripe;
mod tables;
mod visit;
mod worker;
mod world;

use std::collections::BTreeMap;

use domain::id::IdError;

pub use self::fault::Fault;
pub use self::law::{Broken, Law};
pub use self::scenario::Mistake;
use self::world::World;

/// What came of a run, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Runs.
    pub seeds: u64,
    /// Things that happened, each checked.
    pub steps: u64,
    /// Requests to Amazon.
    pub calls: u64,
    /// How many trips ended in each state; `denied` never began.
    pub ends: BTreeMap<&'static str, u64>,
    /// How many refunds ended in each state.
    pub refunds: BTreeMap<&'static str, u64>,
    /// How many payoffs ended in each state.
    pub payoffs: BTreeMap<&'static str, u64>,
    /// Mails that left.
    pub mails: u64,
    /// How often each fault fell, in the order of [`Fault::ALL`].
    pub faults: Vec<u64>,
}

impl Report {
    /// Adds what came of other runs.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.calls += other.calls;
        for (state, count) in &other.ends {
            *self.ends.entry(state).or_default() += count;
        }
        for (state, count) in &other.refunds {
            *self.refunds.entry(state).or_default() += count;
        }
        for (state, count) in &other.payoffs {
            *self.payoffs.entry(state).or_default() += count;
        }
        self.mails += other.mails;
        self.faults.resize(Fault::ALL.len(), 0);
        for (sum, count) in self.faults.iter_mut().zip(&other.faults) {
            *sum += count;
        }
    }

    /// Faults that never fell: about them nothing was proved.
    #[must_use]
    pub fn missing(&self) -> Vec<Fault> {
        let counts = self.faults.iter().chain(std::iter::repeat(&0));
        Fault::ALL.iter().zip(counts).filter(|(_, count)| **count == 0).map(|(fault, _)| *fault).collect()
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    /// What happened.
    pub report: Report,
    /// The law it broke, if it did.
    pub broken: Option<Broken>,
    /// What happened in words, where that was asked for.
    pub story: Vec<String>,
}

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Trips of the run.
    pub trips: usize,
    /// Is everything told in words?
    pub tells: bool,
    /// A mistake that the laws must find.
    pub mistake: Option<Mistake>,
}

/// Plays one seed. The same seed and settings always give the same run.
///
/// # Errors
///
/// Never, in truth: the names that it makes up are all well spelled.
pub fn run(seed: u64, settings: Settings) -> Result<Run, IdError> {
    let mut world = World::new(seed, settings.trips, settings.mistake)?;
    world.tables.story = settings.tells.then(Vec::new);
    let broken = world.run();
    let mut ends = BTreeMap::new();
    for trip in &world.tables.trips {
        *ends.entry(trip.as_ref().map_or("denied", |it| it.state.name())).or_default() += 1;
    }
    let mut refunds = BTreeMap::new();
    for refund in world.tables.refunds.iter().flatten() {
        *refunds.entry(refund.state.name()).or_default() += 1;
    }
    let mut payoffs = BTreeMap::new();
    for payoff in &world.tables.payoffs {
        *payoffs.entry(payoff.state.name()).or_default() += 1;
    }
    let mails = world.mailed.iter().map(|it| it.len() as u64).sum();
    let (steps, faults) = (world.steps as u64, world.faults.counts.clone());
    let report = Report { seeds: 1, steps, calls: world.sent, ends, refunds, payoffs, mails, faults };
    Ok(Run { report, broken, story: world.tables.story.take().unwrap_or_default() })
}

#[cfg(test)]
mod tests;
