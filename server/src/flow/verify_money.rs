//! Proves the law of money over everything there is: the ledger, each trip with its debt, each instrument.

use domain::law::MoneyViolation;
use sqlx::{PgConnection, PgPool};

use super::verify::Told;
use crate::store::StoreError;
use crate::store::money_law::{self, Extent};

/// Ledger transactions in one question.
const TRANSACTIONS: i64 = 100_000;

/// Trips in one question: so many that reading whole tables is quicker than looking each trip up.
const TRIPS: i64 = 200_000;

/// Violations told at once, of those that are asked for over everything.
const TOLD: i64 = 1_000;

/// What a verification came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyVerified {
    /// Trips that were looked at.
    pub trips: u64,
    /// How many violations were told.
    pub violations: u64,
}

/// Verifies the law of money. Others go on writing meanwhile: each trip is seen as it is at one moment, together with its debt and
/// its entries.
///
/// # Errors
///
/// A database that is away.
pub async fn verify_money(
    db: &PgPool,
    mut tell: impl FnMut(Told<MoneyViolation>),
) -> Result<MoneyVerified, StoreError> {
    // Nothing is written: the transaction only keeps settings, and each question in it sees what is committed by then.
    let mut conn = db.begin().await?;
    money_law::expect_many_rows(&mut conn).await?;
    let extent = money_law::extent(&mut conn).await?;
    let mut tally = Tally::new(extent, &mut tell);
    verify_transactions(&mut conn, extent, &mut tally).await?;
    let trips = verify_trips(&mut conn, &mut tally).await?;
    verify_instruments(&mut conn, &mut tally).await?;
    verify_captures(&mut conn, &mut tally).await?;
    Ok(MoneyVerified { trips, violations: tally.violations })
}

/// How far it is, and how much was found.
struct Tally<'a, F> {
    done: u64,
    of: u64,
    violations: u64,
    tell: &'a mut F,
}

impl<'a, F: FnMut(Told<MoneyViolation>)> Tally<'a, F> {
    fn new(extent: Extent, tell: &'a mut F) -> Self {
        let transactions = extent.transactions.map_or(0, |(first, last)| last.saturating_sub(first));
        Self { done: 0, of: count(transactions.saturating_add(extent.trips)), violations: 0, tell }
    }

    fn found(&mut self, violations: Vec<MoneyViolation>) {
        for violation in violations {
            self.violations = self.violations.saturating_add(1);
            (self.tell)(Told::Found(violation));
        }
    }

    fn step(&mut self, done: i64) {
        self.done = self.done.saturating_add(count(done));
        (self.tell)(Told::Step { done: self.done.min(self.of), of: self.of });
    }
}

async fn verify_transactions<F: FnMut(Told<MoneyViolation>)>(
    conn: &mut PgConnection,
    extent: Extent,
    tally: &mut Tally<'_, F>,
) -> Result<(), StoreError> {
    let Some((first, last)) = extent.transactions else { return Ok(()) };
    let mut next = first;
    while next <= last {
        let end = next.saturating_add(TRANSACTIONS.saturating_sub(1)).min(last);
        tally.found(money_law::list_of_transactions(&mut *conn, next..=end).await?);
        tally.step(end.saturating_sub(next));
        next = end.saturating_add(1);
    }
    Ok(())
}

async fn verify_trips<F: FnMut(Told<MoneyViolation>)>(
    conn: &mut PgConnection,
    tally: &mut Tally<'_, F>,
) -> Result<u64, StoreError> {
    let (mut after, mut trips) = (String::new(), 0_u64);
    while let Some((last, page)) = money_law::next_page(&mut *conn, &after, TRIPS).await? {
        tally.found(money_law::list_of_trips(&mut *conn, &after, &last).await?);
        tally.step(page);
        trips = trips.saturating_add(count(page));
        after = last.as_str().to_owned();
    }
    Ok(trips)
}

async fn verify_instruments<F: FnMut(Told<MoneyViolation>)>(
    conn: &mut PgConnection,
    tally: &mut Tally<'_, F>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let (violations, last) = money_law::list_of_instruments(&mut *conn, &after, TOLD).await?;
        tally.found(violations);
        let Some(last) = last else { return Ok(()) };
        after = last;
    }
}

async fn verify_captures<F: FnMut(Told<MoneyViolation>)>(
    conn: &mut PgConnection,
    tally: &mut Tally<'_, F>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let (violations, last) = money_law::list_captured_again(&mut *conn, &after, TOLD).await?;
        tally.found(violations);
        let Some(last) = last else { return Ok(()) };
        after = last;
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
