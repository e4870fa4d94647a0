//! What the budgets of signing in by card come to in a month, under a clock that costs nothing.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use std::collections::HashMap;

use domain::sign_in::{Admission, Fact, Tried, WINDOW, admit};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const BEGIN: OffsetDateTime = datetime!(2026-11-01 00:00 UTC);
const DAYS: i64 = 30;
const NETWORKS: u64 = 10_000;

/// Visits a day of the one store that everybody guesses about, which is a busy one.
const VISITS: u64 = 1_000;

/// Total most often paid there, of which every thirtieth visit is. Whoever guesses knows it.
const COMMON_TOTAL: u64 = 217;

/// Months in which cards expire that are in use.
const MONTHS: u64 = 60;

/// xorshift64*: the same month every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// A card and what was paid with it: last four, month of expiry, total.
type Visit = (u64, u64, u64);

fn visit(chance: &mut Chance) -> Visit {
    let total = if chance.below(30) == 0 { COMMON_TOTAL } else { 100 + chance.below(5_000) };
    (chance.below(10_000), chance.below(MONTHS), total)
}

/// The rows of `budget`, as the flow keeps them.
#[derive(Default)]
struct Budgets {
    networks: HashMap<u64, Tried>,
    cards: HashMap<(u64, u64), Tried>,
    store: Tried,
    statements: HashMap<u64, u32>,
}

impl Budgets {
    fn admit(&self, network: u64, card: (u64, u64), fact: Fact, now: OffsetDateTime) -> Admission {
        let tried = match fact {
            Fact::Statement => Tried { times: self.statements.get(&network).copied().unwrap_or(0), last_at: None },
            Fact::Total | Fact::Missing => self.networks.get(&network).copied().unwrap_or_default(),
        };
        admit(fact, tried, self.cards.get(&card).copied().unwrap_or_default(), self.store, now)
    }

    fn missed(&mut self, network: u64, card: (u64, u64), now: OffsetDateTime) {
        let network = self.networks.entry(network).or_default();
        for tried in [network, self.cards.entry(card).or_default(), &mut self.store] {
            *tried = Tried { times: tried.times + 1, last_at: Some(now) };
        }
    }
}

/// Receipts that the guessers get, and of the honest people how many tried and how many came in.
struct Month {
    receipts: u32,
    guesses: u32,
    honest: u32,
    let_in: u32,
}

fn month(seed: u64) -> Month {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut month = Month { receipts: 0, guesses: 0, honest: 0, let_in: 0 };
    for day in 0..DAYS {
        let midnight = BEGIN + Duration::days(day);
        // A day that is typed reaches twelve hours further on both sides: two days of visits can be hit.
        let visits: Vec<Visit> = (0..2 * VISITS).map(|_| visit(&mut chance)).collect();
        let mut budgets = Budgets::default();
        for minute in 0..WINDOW.whole_minutes() {
            let now = midnight + Duration::minutes(minute);
            guess(&mut month, &mut budgets, &mut chance, &visits, now);
            // Every second minute somebody honest wants a receipt.
            if minute % 2 == 0 {
                let mine = visits[usize::try_from(chance.below(VISITS)).unwrap()];
                month.honest += 1;
                month.let_in += u32::from(comes_in(&mut budgets, &mut chance, mine, now));
            }
        }
    }
    month
}

/// Every network tries again and again; each minute another part of them, more than are ever let through.
fn guess(month: &mut Month, budgets: &mut Budgets, chance: &mut Chance, visits: &[Visit], now: OffsetDateTime) {
    for _ in 0..NETWORKS / 400 {
        let (tail, expiry) = (chance.below(10_000), chance.below(MONTHS));
        let network = chance.below(NETWORKS);
        if budgets.admit(network, (tail, expiry), Fact::Total, now) != Admission::Go {
            continue;
        }
        month.guesses += 1;
        match visits.contains(&(tail, expiry, COMMON_TOTAL)) {
            true => month.receipts += 1,
            false => budgets.missed(network, (tail, expiry), now),
        }
    }
}

/// Somebody who was there, at home or in a network from which others guess, and who mistypes one time in ten. They wait where they are
/// told to, take out the statement where it is asked for, and give up after five tries.
fn comes_in(budgets: &mut Budgets, chance: &mut Chance, mine: Visit, from: OffsetDateTime) -> bool {
    let network = if chance.below(10) == 0 { chance.below(NETWORKS) } else { NETWORKS + chance.below(1_000_000) };
    let card = (mine.0, mine.1);
    let (mut fact, mut now) = (Fact::Total, from);
    for _ in 0..5 {
        match budgets.admit(network, card, fact, now) {
            Admission::Wait => now += Duration::minutes(15),
            Admission::AskStatement => fact = Fact::Statement,
            Admission::Go if chance.below(10) > 0 => return true,
            Admission::Go if fact == Fact::Statement => *budgets.statements.entry(network).or_default() += 1,
            Admission::Go => budgets.missed(network, card, now),
        }
        now += Duration::minutes(1);
    }
    false
}

#[test]
fn ptl_011_ten_thousand_networks_guess_for_a_month_and_get_one_receipt_at_most() {
    let mut receipts = 0;
    for seed in 1..=3 {
        let month = month(seed);
        assert!(month.receipts <= 1, "month {seed}: {} receipts", month.receipts);
        assert!(month.guesses > 0, "somebody guessed");
        receipts += month.receipts;
        let share = f64::from(month.let_in) / f64::from(month.honest);
        assert!(share >= 0.995, "month {seed}: {share} of {} honest people came in", month.honest);
    }
    assert!(receipts <= 1, "{receipts} receipts in three months");
}

#[test]
fn without_the_budget_of_the_store_the_same_guesses_would_succeed() {
    let mut chance = Chance(1);
    let visits: Vec<Visit> = (0..2 * VISITS).map(|_| visit(&mut chance)).collect();
    let mut budgets = Budgets::default();
    let mut hits = 0;
    for guess in 0..6 * i64::try_from(NETWORKS).unwrap() {
        let (tail, expiry) = (chance.below(10_000), chance.below(MONTHS));
        budgets.store = Tried::default();
        let now = BEGIN + Duration::seconds(guess);
        if budgets.admit(chance.below(NETWORKS), (tail, expiry), Fact::Total, now) == Admission::Go {
            hits += u32::from(visits.contains(&(tail, expiry, COMMON_TOTAL)));
        }
    }
    assert!(hits > 1, "the month above must be one in which guessing can succeed at all: {hits}");
}
