//! What one promotion takes off, after those before it.
//!
//! An article that costs nothing any more takes no part. Discounts are whole minor units: what an article gets is rounded by
//! the store's mode, and what is reckoned for several articles together (sets at a price, basket, limits) is split over them
//! in proportion to what they cost, by largest remainder. What an article gets is split over its lines in the same way.

use rust_decimal::Decimal;

use crate::money::ratio::{apportion, round_ratio};
use crate::money::{Money, Rounding};
use crate::promotion::PromotionKind;

use super::basket::{Article, Basket, sum};
use super::candidate::Candidate;
use super::sets;
use super::{PricingSettings, Unused};

/// Has an article been made cheaper, and may it be once more?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Not,
    Stackable,
    Exclusive,
}

/// A line's share of one promotion's discount.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) line: usize,
    pub(super) amount: i64,
    /// What the line costs from there on.
    pub(super) left: i64,
}

/// How far the reckoning has come: what everything still costs.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// Of every line.
    pub(super) lines: Vec<i64>,
    articles: Vec<i64>,
    touched: Vec<Touch>,
    /// Taken off so far.
    pub(super) off: i64,
    /// Promotions so far.
    used: u32,
}

/// What a promotion did: its shares by line, and whether a limit cut them.
pub(super) struct Taken {
    pub(super) shares: Vec<Share>,
    pub(super) amount: i64,
    pub(super) capped: bool,
}

/// What a promotion takes off an article.
#[derive(Debug, Clone, Copy)]
pub(super) struct Off {
    pub(super) article: usize,
    pub(super) amount: i64,
}

/// An article that a promotion may touch.
pub(super) struct Eligible<'b, 'a> {
    pub(super) index: usize,
    pub(super) article: &'b Article<'a>,
    /// What it still costs, more than nothing.
    pub(super) left: i64,
}

impl Progress {
    pub(super) fn new(basket: &Basket<'_>) -> Self {
        Self {
            lines: basket.lines.iter().map(|line| line.price).collect(),
            articles: basket.articles.iter().map(|article| article.price).collect(),
            touched: vec![Touch::Not; basket.articles.len()],
            off: 0,
            used: 0,
        }
    }

    /// Applies a promotion. `None` past 64 bits.
    pub(super) fn apply(
        &mut self,
        candidate: &Candidate<'_>,
        basket: &Basket<'_>,
        settings: &PricingSettings,
    ) -> Option<Result<Taken, Unused>> {
        if settings.promotions_max.is_some_and(|most| self.used >= most) {
            return Some(Err(Unused::CartLimit));
        }
        let eligible = self.eligible(&candidate.articles, candidate, basket)?;
        if eligible.is_empty() {
            return Some(Err(self.why_none(candidate)));
        }
        let bought = self.eligible(&candidate.bought, candidate, basket)?;
        let bought = sum(bought.iter().map(|it| it.article.pieces))?;
        let mut off = match reckon(candidate, &eligible, bought, settings)? {
            Ok(off) => off,
            Err(unused) => return Some(Err(unused)),
        };
        // Nothing is ever below zero, whatever an unchecked rule says.
        for it in &mut off {
            it.amount = it.amount.clamp(0, *self.articles.get(it.article)?);
        }
        // Of equal fractions of a limit, the lower article number gets the last unit.
        off.sort_unstable_by_key(|it| it.article);
        let whole = sum(off.iter().map(|it| it.amount))?;
        let of_cart = settings.cart_discount_max.map(|most| most.minor().saturating_sub(self.off).max(0));
        let of_promotion = candidate.promotion.discount_max.map(|most| most.minor().max(0));
        let amount = [of_cart, of_promotion].into_iter().flatten().fold(whole, i64::min);
        if amount == 0 {
            let stopped = whole > 0 && of_cart == Some(0);
            return Some(Err(if stopped { Unused::CartLimit } else { Unused::NothingToTakeOff }));
        }
        if amount < whole {
            let weights: Vec<i128> = off.iter().map(|it| it.amount.into()).collect();
            off.iter_mut().zip(apportion(amount, &weights)?).for_each(|(it, part)| it.amount = part);
        }
        let shares = self.take(&off, candidate.promotion.exclusive, basket)?;
        self.off = self.off.checked_add(amount)?;
        self.used = self.used.checked_add(1)?;
        Some(Ok(Taken { shares, amount, capped: amount < whole }))
    }

    fn eligible<'b, 'a>(
        &self,
        articles: &[usize],
        candidate: &Candidate<'_>,
        basket: &'b Basket<'a>,
    ) -> Option<Vec<Eligible<'b, 'a>>> {
        let mut eligible = Vec::with_capacity(articles.len());
        for index in articles {
            let left = *self.articles.get(*index)?;
            if left > 0 && self.may_touch(*index, candidate.promotion.exclusive) {
                eligible.push(Eligible { index: *index, article: basket.articles.get(*index)?, left });
            }
        }
        Some(eligible)
    }

    fn may_touch(&self, article: usize, exclusive: bool) -> bool {
        match self.touched.get(article) {
            None | Some(Touch::Not) => true,
            Some(Touch::Stackable) => !exclusive,
            Some(Touch::Exclusive) => false,
        }
    }

    fn why_none(&self, candidate: &Candidate<'_>) -> Unused {
        let forbidden = candidate.articles.iter().any(|it| !self.may_touch(*it, candidate.promotion.exclusive));
        if forbidden { Unused::Excluded } else { Unused::NothingToTakeOff }
    }

    /// Takes `off` from the articles and from their lines.
    fn take(&mut self, off: &[Off], exclusive: bool, basket: &Basket<'_>) -> Option<Vec<Share>> {
        let mut shares = Vec::with_capacity(off.len());
        for Off { article, amount } in off.iter().copied().filter(|it| it.amount > 0) {
            let left = self.articles.get_mut(article)?;
            *left = left.checked_sub(amount)?;
            *self.touched.get_mut(article)? = if exclusive { Touch::Exclusive } else { Touch::Stackable };
            let range = basket.articles.get(article)?.lines.clone();
            let lines = self.lines.get_mut(range.clone())?;
            if let [left] = lines {
                *left = left.checked_sub(amount)?;
                shares.push(Share { line: range.start, amount, left: *left });
                continue;
            }
            let weights: Vec<i128> = lines.iter().map(|left| (*left).into()).collect();
            for ((line, left), amount) in range.zip(lines).zip(apportion(amount, &weights)?) {
                if amount > 0 {
                    *left = left.checked_sub(amount)?;
                    shares.push(Share { line, amount, left: *left });
                }
            }
        }
        Some(shares)
    }
}

/// What the promotion would take off each article, before limits. `bought`: pieces of others that were bought for it.
fn reckon(
    candidate: &Candidate<'_>,
    eligible: &[Eligible<'_, '_>],
    bought: i64,
    settings: &PricingSettings,
) -> Option<Result<Vec<Off>, Unused>> {
    let (uses, rounding) = (candidate.promotion.uses_max, settings.rounding);
    let off = match &candidate.promotion.kind {
        PromotionKind::Percent { percent } => {
            let (numerator, denominator) = fraction(*percent)?;
            each(eligible, uses, |it, pieces, of| {
                let exact = i128::from(it.left).checked_mul(pieces.into())?.checked_mul(numerator)?;
                round(exact, denominator.checked_mul(of.into())?, rounding)
            })?
        }
        PromotionKind::AmountOff { amount } => {
            each(eligible, uses, |it, pieces, _| reduction(it, amount.minor(), pieces, rounding))?
        }
        PromotionKind::MemberPrice { unit_price } => each(eligible, uses, |it, pieces, _| {
            reduction(it, it.article.item.unit_price.minor().saturating_sub(unit_price.minor()), pieces, rounding)
        })?,
        PromotionKind::BuyGet { buy, get, percent } => {
            sets::buy_get(eligible, (*buy, *get), fraction(*percent)?, uses, rounding)?
        }
        PromotionKind::BuyGetOther { buy, get, percent, .. } => {
            sets::buy_get_other(eligible, bought, (*buy, *get), fraction(*percent)?, uses, rounding)?
        }
        PromotionKind::MultiBuy { count, price } => sets::multi_buy(eligible, *count, price.minor(), uses, rounding)?,
        PromotionKind::BasketPercent { threshold, percent } => {
            let (numerator, denominator) = fraction(*percent)?;
            let whole = |cost: i64| round(i128::from(cost).checked_mul(numerator)?, denominator, rounding);
            return off_basket(eligible, *threshold, whole);
        }
        PromotionKind::BasketAmount { threshold, amount } => {
            return off_basket(eligible, *threshold, |cost| Some(cost.min(amount.minor().max(0))));
        }
    };
    Some(Ok(off))
}

/// `percent / 100`.
fn fraction(percent: Decimal) -> Option<(i128, i128)> {
    Some((percent.mantissa(), 10_i128.checked_pow(percent.scale())?.checked_mul(100)?))
}

pub(super) fn round(numerator: i128, denominator: i128, rounding: Rounding) -> Option<i64> {
    i64::try_from(round_ratio(numerator, denominator, rounding)?).ok()
}

/// Article by article: `off(article, so many pieces, of so many)`. A weighed article counts as one piece.
fn each(
    eligible: &[Eligible<'_, '_>],
    uses_max: Option<u32>,
    off: impl Fn(&Eligible<'_, '_>, i64, i64) -> Option<i64>,
) -> Option<Vec<Off>> {
    let mut uses = uses_max.map_or(i64::MAX, i64::from);
    let mut all = Vec::with_capacity(eligible.len());
    for it in eligible {
        let pieces = it.article.pieces.max(1);
        let used = pieces.min(uses);
        if used == 0 {
            break;
        }
        let amount = off(it, used, pieces)?;
        if amount > 0 {
            uses = uses.checked_sub(used)?;
            all.push(Off { article: it.index, amount });
        }
    }
    Some(all)
}

/// A lower unit price: `lower` less for every piece, or for every unit of weight.
fn reduction(it: &Eligible<'_, '_>, lower: i64, pieces: i64, rounding: Rounding) -> Option<i64> {
    let lower = i128::from(lower.max(0));
    let off = if it.article.item.sold_by.is_piece() {
        lower.checked_mul(pieces.into())?
    } else {
        round_ratio(lower.checked_mul(it.article.numerator)?, it.article.denominator, rounding)?
    };
    i64::try_from(off.min(it.left.into())).ok()
}

fn off_basket(
    eligible: &[Eligible<'_, '_>],
    threshold: Money,
    off: impl Fn(i64) -> Option<i64>,
) -> Option<Result<Vec<Off>, Unused>> {
    let cost = sum(eligible.iter().map(|it| it.left))?;
    if cost < threshold.minor() {
        let basket = Money::new(cost, threshold.currency());
        return Some(Err(Unused::BelowThreshold { basket, threshold }));
    }
    let weights: Vec<i128> = eligible.iter().map(|it| it.left.into()).collect();
    let parts = apportion(off(cost)?, &weights)?;
    Some(Ok(eligible.iter().zip(parts).map(|(it, amount)| Off { article: it.index, amount }).collect()))
}
