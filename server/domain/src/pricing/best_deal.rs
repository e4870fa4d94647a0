//! Which of the candidates are used.
//!
//! A *combination* is some of the candidates, applied in their order; what exclusive promotions and limits forbid in it takes
//! nothing off. The best deal is the combination with the lowest total, taxes included. Of several, it is the one of the fewest
//! promotions, and of those the one whose promotions come first. With no more than
//! [`EXACT_PROMOTIONS_MAX`] candidates all combinations are compared, so one more promotion never makes a cart dearer. With
//! more, the candidates are applied in their order as under `stack`.

use std::cmp::Reverse;

use super::basket::{Basket, sum};
use super::candidate::Candidate;
use super::discount::Progress;
use super::rates::{self, Rates};
use super::{EXACT_PROMOTIONS_MAX, PricingSettings, PromotionPolicy};

/// The candidates that are used, by place, and whether every combination was compared.
pub(super) struct Choice {
    pub(super) used: Vec<bool>,
    pub(super) exact: bool,
}

/// What a combination costs, then how many promotions it has, then which: the first candidate is the highest bit.
type Score = (i64, u32, Reverse<u32>);

struct Search<'b, 'a> {
    candidates: &'b [Candidate<'a>],
    basket: &'b Basket<'a>,
    rates: &'b Rates<'a>,
    settings: &'b PricingSettings,
    best: Option<Score>,
}

/// Chooses by the store's policy. `None` past 64 bits.
pub(super) fn choose<'a>(
    candidates: &[Candidate<'a>],
    basket: &Basket<'a>,
    rates: &Rates<'a>,
    settings: &PricingSettings,
) -> Option<Choice> {
    let all = || Choice { used: vec![true; candidates.len()], exact: false };
    match settings.promotion_policy {
        PromotionPolicy::Stack => Some(all()),
        PromotionPolicy::BestDeal if candidates.len() > EXACT_PROMOTIONS_MAX => Some(all()),
        PromotionPolicy::BestDeal => {
            let mut search = Search { candidates, basket, rates, settings, best: None };
            search.explore(0, Progress::new(basket), 0)?;
            let (_, _, Reverse(chosen)) = search.best?;
            let used = (0..candidates.len()).map(|place| chosen & bit(place) != 0);
            Some(Choice { used: used.collect(), exact: true })
        }
    }
}

const fn bit(place: usize) -> u32 {
    // Places are below EXACT_PROMOTIONS_MAX.
    1_u32.rotate_right(1) >> place
}

impl Search<'_, '_> {
    /// All combinations that begin as `progress` has, and go on with candidates from `place` on.
    fn explore(&mut self, place: usize, progress: Progress, chosen: u32) -> Option<()> {
        let Some(candidate) = self.candidates.get(place) else {
            let left = sum(progress.lines.iter().copied())?;
            let tax = rates::added(self.basket, &progress.lines, self.rates, self.settings)?;
            let score = (left.checked_add(tax)?, chosen.count_ones(), Reverse(chosen));
            self.best = Some(self.best.map_or(score, |best| best.min(score)));
            return Some(());
        };
        let next = place.checked_add(1)?;
        let mut with = progress.clone();
        // Where it takes nothing off, the combination without it is the same, with one promotion fewer.
        if with.apply(candidate, self.basket, self.settings)?.is_ok() {
            self.explore(next, with, chosen | bit(place))?;
        }
        self.explore(next, progress, chosen)
    }
}
