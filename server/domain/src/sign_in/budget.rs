//! How often facts of cards may be tried. Each rule costs somebody who guesses a day, and somebody who mistypes a minute.
//!
//! Three things are counted, and misses only: the network that asks, the card that is asked about, and the store. The first two delay the
//! next try, longer and longer, and never for ever. The store's count is what holds against many networks: past it, only the number on the
//! statement opens anything, until the next day. That number cannot be guessed, so whoever has it is never kept out by others' guesses.

use time::{Duration, OffsetDateTime};

use crate::reason::closed_list;

closed_list!(
    /// How strong the last fact of a claim is.
    Fact {
        /// The number on the statement: nobody guesses it.
        Statement = "statement",
        /// The exact total: one of some thousands.
        Total = "total",
        /// None.
        Missing = "missing",
    }
);

/// Misses of networks, cards and stores are counted over this long.
pub const WINDOW: Duration = Duration::days(1);

/// Tries with a number of a statement are counted over this long.
pub const STATEMENT_WINDOW: Duration = Duration::hours(1);

/// Tries with a number of a statement that one network has in [`STATEMENT_WINDOW`].
pub const STATEMENT_TRIES: u32 = 60;

/// Misses after which the next try has to wait.
pub const CARD_TRIES_FREE: u32 = 3;

/// The first wait; each one after it is twice as long.
const WAIT_FIRST: Duration = Duration::seconds(30);

/// No wait is longer.
pub const WAIT_MAX: Duration = Duration::minutes(15);

/// Misses at one store within [`WINDOW`] after which the number on the statement is asked for. A store of a thousand visits a day has a
/// handful of people who mistype, and guessing goes on for months before so few tries hit.
pub const STORE_MISSES: u32 = 10;

/// What was tried before, in its window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tried {
    /// Misses; for numbers of statements, tries.
    pub times: u32,
    /// When the last miss was.
    pub last_at: Option<OffsetDateTime>,
}

/// May it be tried now?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Go,
    /// Later.
    Wait,
    /// Only with the number on the statement.
    AskStatement,
}

/// Decides whether a claim is looked up, before anybody knows whether it is right. For a number of a statement `network` is what its
/// network tried in [`STATEMENT_WINDOW`]; the card and the store do not matter then.
#[must_use]
pub fn admit(fact: Fact, network: Tried, card: Tried, store: Tried, now: OffsetDateTime) -> Admission {
    match fact {
        Fact::Statement if network.times < STATEMENT_TRIES => Admission::Go,
        Fact::Statement => Admission::Wait,
        Fact::Total | Fact::Missing if waits(network, now) || waits(card, now) => Admission::Wait,
        Fact::Total | Fact::Missing if store.times >= STORE_MISSES => Admission::AskStatement,
        Fact::Total | Fact::Missing => Admission::Go,
    }
}

fn waits(tried: Tried, now: OffsetDateTime) -> bool {
    tried.last_at.is_some_and(|last| now < last.saturating_add(wait_after(tried.times)))
}

/// How long after the last of so many misses the next try may come.
fn wait_after(misses: u32) -> Duration {
    let Some(doubled) = misses.checked_sub(CARD_TRIES_FREE) else { return Duration::ZERO };
    // Six times doubled is past the longest wait already.
    let times = 1_i32.checked_shl(doubled.min(6)).unwrap_or(i32::MAX);
    WAIT_FIRST.checked_mul(times).unwrap_or(WAIT_MAX).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

    fn tried(times: u32) -> Tried {
        Tried { times, last_at: (times > 0).then_some(NOW) }
    }

    #[test]
    fn ptl_011_who_misses_waits_longer_each_time_and_never_longer_than_a_quarter_of_an_hour() {
        let waits = [0, 0, 0, 30, 60, 120, 240, 480, 900, 900];
        for (misses, seconds) in (0..).zip(waits) {
            let (tried, wait) = (tried(misses), Duration::seconds(seconds));
            for (network, card) in [(tried, Tried::default()), (Tried::default(), tried)] {
                let at = |now| admit(Fact::Total, network, card, Tried::default(), now);
                assert_eq!(at(NOW + wait), Admission::Go, "{misses}");
                if seconds > 0 {
                    assert_eq!(at(NOW + wait - Duration::SECOND), Admission::Wait, "{misses}");
                }
            }
        }
        assert_eq!(wait_after(u32::MAX), WAIT_MAX);
    }

    #[test]
    fn a_store_under_attack_asks_for_the_statement_and_whoever_has_it_comes_in() {
        let (nobody, late) = (Tried::default(), NOW + Duration::hours(1));
        for fact in [Fact::Total, Fact::Missing] {
            assert_eq!(admit(fact, nobody, nobody, tried(STORE_MISSES - 1), late), Admission::Go);
            assert_eq!(admit(fact, nobody, nobody, tried(STORE_MISSES), late), Admission::AskStatement);
        }
        let many = tried(1_000_000);
        assert_eq!(admit(Fact::Statement, nobody, many, many, NOW), Admission::Go, "others' guesses keep nobody out");
        assert_eq!(admit(Fact::Statement, tried(STATEMENT_TRIES - 1), many, many, NOW), Admission::Go);
        assert_eq!(admit(Fact::Statement, tried(STATEMENT_TRIES), nobody, nobody, NOW), Admission::Wait);
    }
}
