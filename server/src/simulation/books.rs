//! The ledger, in memory: balances, and what was posted that cannot be.

use domain::id::{InstrumentId, TripId};
use domain::ledger::{Account, Entry, Subject};

/// Balances in minor units.
#[derive(Debug)]
pub(super) struct Books {
    /// Of each visit, each account.
    of_trip: Vec<Vec<i64>>,
    /// Of each instrument, what it owes.
    of_instrument: Vec<i64>,
}

/// Whom a posting is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parties<'a> {
    pub(super) trip: (usize, &'a TripId),
    pub(super) instrument: Option<(usize, &'a InstrumentId)>,
}

impl Books {
    pub(super) fn new(trips: usize, instruments: usize) -> Self {
        Self { of_trip: vec![vec![0; Account::ALL.len()]; trips], of_instrument: vec![0; instruments] }
    }

    /// Books entries.
    ///
    /// # Errors
    ///
    /// Entries that do not add up to nothing, or that are somebody else's.
    pub(super) fn post(&mut self, parties: Parties<'_>, entries: &[Entry]) -> Result<(), String> {
        let sum: i64 = entries.iter().map(|it| it.amount.minor()).sum();
        if sum != 0 {
            return Err(format!("a posting adds up to {sum}: {entries:?}"));
        }
        for entry in entries {
            let balance = match (&entry.subject, parties.instrument) {
                (Subject::Trip(id), _) if id == parties.trip.1 => {
                    &mut self.of_trip[parties.trip.0][entry.account as usize]
                }
                (Subject::Instrument(id), Some((at, known)))
                    if id == known && entry.account == Account::ShopperReceivable =>
                {
                    &mut self.of_instrument[at]
                }
                _ => return Err(format!("an entry is somebody else's: {entry:?}")),
            };
            *balance += entry.amount.minor();
        }
        Ok(())
    }

    pub(super) fn trip(&self, trip: usize, account: Account) -> i64 {
        self.of_trip[trip][account as usize]
    }

    pub(super) fn instrument(&self, instrument: usize) -> i64 {
        self.of_instrument[instrument]
    }
}
