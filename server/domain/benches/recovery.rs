//! How much of declined trips each policy recovers, and with how many calls: `cargo bench -p domain --bench recovery`. Against an oracle
//! that knows what every card bears. The same numbers every time.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a benchmark that overflows has failed")]

use domain::money::{Currency, Money};
use domain::search::Search;
use domain::store::DeclinePolicy;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

const TRIPS: u64 = 100_000;

/// What bisection must recover of what the oracle does, in hundredths.
const BISECT_TARGET: i64 = 97;

/// A trip whose card does not bear it.
#[derive(Debug, Clone, Copy)]
struct Declined {
    total: i64,
    /// What the card bears, below the total.
    limit: i64,
    /// What the gate had authorized: never more than the card bears.
    hold: i64,
}

/// At least 0, below `end`.
fn below(rng: &mut TestRng, end: i64) -> i64 {
    i64::try_from(rng.next_u64() % u64::try_from(end).unwrap()).unwrap()
}

/// Totals from 1 to 300 dollars; a fifth of the cards bear nothing, the others any part; the gate held up to 10 dollars.
fn declined(rng: &mut TestRng) -> Declined {
    let total = 100 + below(rng, 29_900);
    let limit = if below(rng, 5) == 0 { 0 } else { below(rng, total) };
    Declined { total, limit, hold: below(rng, 1_001).min(limit) }
}

/// What is captured, and how many calls of Adjust Charge that takes.
fn play(policy: DeclinePolicy, trip: Declined) -> (i64, u32) {
    let usd = |minor| Money::new(minor, Currency::USD);
    let (mut search, mut authorized, mut calls) = (Search::start(usd(trip.total)), trip.hold, 0);
    loop {
        calls += 1;
        search = if search.asked.minor() <= trip.limit {
            authorized = search.asked.minor();
            search.approved(search.asked)
        } else {
            search.declined(Some(usd(authorized)))
        };
        match search.next(policy, usd(trip.total)).unwrap() {
            Some(next) => search = next,
            None if policy == DeclinePolicy::DebtInFull => return (0, calls),
            None => return (search.capturable(usd(trip.total)).map_or(0, Money::minor), calls),
        }
    }
}

/// `part` of `whole` as `0.1234`.
fn ratio(part: i64, whole: i64) -> String {
    let share = i128::from(part) * 10_000 / i128::from(whole);
    format!("{}.{:04}", share / 10_000, share % 10_000)
}

fn main() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let trips: Vec<Declined> = (0..TRIPS).map(|_| declined(&mut rng)).collect();
    let oracle: i64 = trips.iter().map(|it| it.limit).sum();
    let owed: i64 = trips.iter().map(|it| it.total).sum();
    println!("{TRIPS} declined trips, {} dollars; the cards bear {} of it.", owed / 100, ratio(oracle, owed));
    println!("{:<20} {:>10} {:>12} {:>11}", "policy", "recovered", "of oracle", "mean calls");
    let mut bisected = 0;
    for policy in DeclinePolicy::ALL {
        let (mut recovered, mut calls) = (0, 0_i64);
        for trip in &trips {
            let (captured, spent) = play(*policy, *trip);
            assert!(captured <= trip.limit, "never more than the card bears: {trip:?}");
            recovered += captured;
            calls += i64::from(spent);
        }
        if *policy == DeclinePolicy::Bisect {
            bisected = recovered;
        }
        let (dollars, mean) = (recovered / 100, ratio(calls, i64::try_from(TRIPS).unwrap()));
        println!("{:<20} {dollars:>10} {:>12} {mean:>11}", policy.as_str(), ratio(recovered, oracle));
    }
    assert!(bisected * 100 >= oracle * BISECT_TARGET, "bisection recovers less than {BISECT_TARGET} % of the oracle");
}
