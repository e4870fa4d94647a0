//! How much a card will bear, when it was declined for the whole: which lower amount Adjust Charge is asked for next.

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};
use crate::store::DeclinePolicy;

/// The rungs of the ladder, in percent of the total (test plan, IF-005: 75, 50, 25).
const RUNGS: [i64; 3] = [75, 50, 25];

/// Calls a bisection may spend on one trip, the first one included. Seven halvings leave less than a hundredth of the total.
pub const BISECT_CALLS_MAX: u32 = 8;

/// A bisection ends where less than this part of the total is left to find.
const WORTH_ONE_IN: i64 = 100;

/// What was asked of Adjust Charge so far, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// What Amazon is asked to hold now: the total at first, then less.
    pub asked: Money,
    /// The lowest amount that was declined. `None`: none was.
    pub ceiling: Option<Money>,
    /// What is surely held, by Amazon's last word. `None`: Amazon has not said.
    pub held: Option<Money>,
    /// Answers so far that decided something.
    pub calls: u32,
    /// Was the total captured without an adjustment before, and refused? If the event feed tells of a capture then, it was that one.
    #[serde(default)]
    pub skipped: bool,
}

impl Search {
    /// The first question: the whole total.
    #[must_use]
    pub fn start(total: Money) -> Self {
        Self { asked: total, ceiling: None, held: None, calls: 0, skipped: false }
    }

    /// `authorized` is held now.
    #[must_use]
    pub fn approved(self, authorized: Money) -> Self {
        Self { held: Some(authorized), calls: self.calls.saturating_add(1), ..self }
    }

    /// What was asked for is too much; what is held still is `authorized`, where Amazon says.
    #[must_use]
    pub fn declined(self, authorized: Option<Money>) -> Self {
        Self { ceiling: Some(self.asked), held: authorized.or(self.held), calls: self.calls.saturating_add(1), ..self }
    }

    /// What may be captured: no more than is held, and no more than is owed. `None`: nothing.
    #[must_use]
    pub fn capturable(self, total: Money) -> Option<Money> {
        let held = self.held.filter(|held| held.is_positive())?;
        Some(if held.minor() < total.minor() { held } else { total })
    }

    /// The next amount to ask for, always above what is held and below what was declined. `None`: the search is over.
    ///
    /// # Errors
    ///
    /// Refuses totals past 64 bits.
    pub fn next(self, policy: DeclinePolicy, total: Money) -> Result<Option<Self>, MoneyError> {
        let Some(ceiling) = self.ceiling else { return Ok(None) };
        let held = self.held.map_or(0, Money::minor).max(0);
        let asked = match policy {
            DeclinePolicy::DebtInFull | DeclinePolicy::CaptureAuthorized => None,
            DeclinePolicy::Ladder => {
                // A rung that was approved ends the ladder: it only goes down.
                let was_declined = self.asked == ceiling;
                let mut rungs = vec![];
                for percent in RUNGS {
                    rungs.push(part(total, percent, 100)?);
                }
                rungs.into_iter().find(|rung| was_declined && *rung < ceiling.minor() && *rung > held)
            }
            DeclinePolicy::Bisect => {
                let gap = ceiling.minor().saturating_sub(held);
                let worth = part(total, 1, WORTH_ONE_IN)?.max(1);
                let middle = held.saturating_add(gap.saturating_div(2));
                (self.calls < BISECT_CALLS_MAX && gap > worth && middle > held).then_some(middle)
            }
        };
        Ok(asked.map(|minor| Self { asked: Money::new(minor, total.currency()), ..self }))
    }
}

/// `numerator / denominator` of an amount, in minor units, rounded down.
fn part(total: Money, numerator: i64, denominator: i64) -> Result<i64, MoneyError> {
    let whole = i128::from(total.minor()).saturating_mul(numerator.into()).checked_div(denominator.into());
    whole.and_then(|it| i64::try_from(it).ok()).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    /// Plays a card that bears up to `limit`; gives what is captured in the end and the amounts asked for.
    fn play(policy: DeclinePolicy, total: i64, limit: i64) -> (i64, Vec<i64>) {
        let mut search = Search::start(usd(total));
        let mut asked = vec![];
        loop {
            asked.push(search.asked.minor());
            let held = search.held.map_or(0, Money::minor);
            search = if search.asked.minor() <= limit {
                search.approved(search.asked)
            } else {
                search.declined(Some(usd(held)))
            };
            match search.next(policy, usd(total)).unwrap() {
                Some(next) => search = next,
                None => return (search.capturable(usd(total)).map_or(0, Money::minor), asked),
            }
        }
    }

    #[test]
    fn if_005_the_ladder_asks_for_75_50_and_25_percent_and_stops_at_the_first_that_holds() {
        use DeclinePolicy::Ladder;
        assert_eq!(play(Ladder, 10_000, 6_000), (5_000, vec![10_000, 7_500, 5_000]));
        assert_eq!(play(Ladder, 10_000, 7_500), (7_500, vec![10_000, 7_500]));
        assert_eq!(play(Ladder, 10_000, 100), (0, vec![10_000, 7_500, 5_000, 2_500]));
        assert_eq!(play(Ladder, 10_000, 10_000), (10_000, vec![10_000]));
    }

    #[test]
    fn the_ladder_never_asks_for_less_than_is_held() {
        let declined = Search::start(usd(10_000)).declined(Some(usd(6_000)));
        let next = declined.next(DeclinePolicy::Ladder, usd(10_000)).unwrap().unwrap();
        assert_eq!(next.asked, usd(7_500));
        let again = next.declined(Some(usd(6_000)));
        assert_eq!(again.next(DeclinePolicy::Ladder, usd(10_000)), Ok(None));
        assert_eq!(again.capturable(usd(10_000)), Some(usd(6_000)));
    }

    #[test]
    fn a_bisection_comes_within_a_hundredth_of_what_the_card_bears_within_its_calls() {
        for limit in (0..10_000).step_by(37) {
            let (captured, asked) = play(DeclinePolicy::Bisect, 10_000, limit);
            assert!(captured <= limit && limit - captured <= 100, "{limit}: {captured}");
            assert!(asked.len() <= BISECT_CALLS_MAX as usize, "{limit}: {asked:?}");
        }
        assert_eq!(play(DeclinePolicy::Bisect, 1, 0), (0, vec![1]));
    }

    #[test]
    fn the_other_policies_ask_once() {
        for policy in [DeclinePolicy::DebtInFull, DeclinePolicy::CaptureAuthorized] {
            assert_eq!(play(policy, 10_000, 5_000), (0, vec![10_000]));
        }
    }

    #[test]
    fn no_more_is_captured_than_is_held_by_amazons_last_word() {
        let held = Search::start(usd(100)).approved(usd(60)).declined(Some(usd(0)));
        assert_eq!(held.capturable(usd(100)), None);
        let silent = Search::start(usd(100)).approved(usd(60)).declined(None);
        assert_eq!(silent.capturable(usd(100)), Some(usd(60)));
        assert_eq!(silent.capturable(usd(50)), Some(usd(50)));
    }
}
