//! Can a promotion ever apply? Asked before it is published.

use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::catalog::CatalogItem;
use crate::id::{Sku, StoreId};
use crate::label::Label;
use crate::money::Currency;

use super::{Promotion, PromotionId, PromotionKind, Target};

/// Why a promotion is refused at import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromotionError {
    /// Not above 0, or above 100.
    #[error("the percentage must be above 0 and at most 100")]
    PercentOutOfRange,
    /// More than [`Promotion::PERCENT_PLACES_MAX`] decimal places.
    #[error("the percentage has more than 5 decimal places")]
    PercentTooPrecise,
    /// An amount that is not above zero, or a price or threshold below it.
    #[error("an amount must be above zero, and a price or threshold must not be below it")]
    AmountTooLow,
    /// Amounts in another currency than the store's.
    #[error("the amount is not in the store's currency")]
    OtherCurrency,
    /// Buy or get of nothing, or a multi-buy of fewer than two.
    #[error("a set needs at least one piece to buy and one to get, and a multi-buy at least two pieces")]
    SetTooSmall,
    /// It ends before it begins.
    #[error("it ends before it begins, so it can never apply")]
    WindowEmpty,
    /// Its hours end before they begin.
    #[error("its hours end before they begin, so it can never apply: for hours past midnight write two promotions")]
    HoursEmpty,
    /// None of its weekdays and hours is in its window.
    #[error("none of its weekdays and hours is between valid_from and valid_until, so it can never apply")]
    NeverThen,
    /// It makes other articles cheaper, and names none.
    #[error("it names nothing to get: which articles become cheaper?")]
    NothingToGet,
    /// `uses_max` is zero.
    #[error("it may be used 0 times, so it can never apply")]
    NoUses,
    /// A basket promotion with a limit of uses.
    #[error("a basket promotion is used once; it takes no limit of uses")]
    UsesOfBasket,
    /// `discount_max` is zero or less.
    #[error("it may take off at most 0, so it can never apply")]
    CapIsNothing,
    /// The stores it names leave out the store that it is imported for.
    #[error("it is not for this store, so it can never apply")]
    NotForThisStore,
    /// An article that the catalog does not have.
    #[error("the catalog has no article {0}")]
    UnknownSku(Sku),
    /// A category that no article has.
    #[error("no article is in the category {0}")]
    UnknownCategory(Label),
    /// An article to get that the catalog does not have.
    #[error("the catalog has no article {0}")]
    UnknownSkuToGet(Sku),
    /// A category to get that no article has.
    #[error("no article is in the category {0}")]
    UnknownCategoryToGet(Label),
    /// An article to buy and to get at once.
    #[error("{0} is among the articles to buy and among those to get: leave it out of one of them")]
    BoughtAndGot(Sku),
    /// It counts pieces, and all that it makes cheaper is sold by weight.
    #[error("all articles to get are sold by weight, and it counts pieces, so it can never apply")]
    OnlyWeighedToGet,
    /// It counts pieces, and all its articles are sold by weight.
    #[error("all its articles are sold by weight, and it counts pieces, so it can never apply")]
    OnlyWeighed,
    /// A multi-buy price that no set is dearer than.
    #[error("its price is not below what the dearest set costs anyway, so it can never apply")]
    SetPriceTooHigh,
    /// A member price that none of its articles is dearer than.
    #[error("its price is not below any of its articles' prices, so it can never apply")]
    MemberPriceTooHigh,
    /// Another promotion of the rule set has the same id.
    #[error("another promotion has the same id")]
    IdTwice,
    /// Two exclusive promotions meet on an article at one time with one priority: which one counts would hang on their ids.
    #[error("it contradicts {0}: both are exclusive, for the same article and time, with the same priority")]
    Contradicts(PromotionId),
}

impl Promotion {
    /// Most decimal places of a percentage: what a row keeps.
    pub const PERCENT_PLACES_MAX: u32 = 5;

    /// What can be said of a promotion by itself.
    ///
    /// # Errors
    ///
    /// The first reason why it can never apply in `store`, or is not well formed.
    pub fn check(&self, store: &StoreId, currency: Currency) -> Result<(), PromotionError> {
        self.check_kind()?;
        if self.amounts().any(|amount| amount.currency() != currency) {
            return Err(PromotionError::OtherCurrency);
        }
        if let (Some(from), Some(until)) = (self.valid_from, self.valid_until)
            && from >= until
        {
            return Err(PromotionError::WindowEmpty);
        }
        self.check_hours()?;
        match self.uses_max {
            Some(0) => return Err(PromotionError::NoUses),
            Some(_) if self.kind.is_basket() => return Err(PromotionError::UsesOfBasket),
            Some(_) | None => {}
        }
        if self.discount_max.is_some_and(|most| !most.is_positive()) {
            return Err(PromotionError::CapIsNothing);
        }
        if !self.stores.is_empty() && !self.stores.contains(store) {
            return Err(PromotionError::NotForThisStore);
        }
        Ok(())
    }

    fn check_hours(&self) -> Result<(), PromotionError> {
        if !self.hours.end_after_they_begin() {
            return Err(PromotionError::HoursEmpty);
        }
        match (self.valid_from, self.valid_until) {
            (Some(from), Some(until)) if !self.hours.lie_between(from, until) => Err(PromotionError::NeverThen),
            (_, _) => Ok(()),
        }
    }

    fn check_kind(&self) -> Result<(), PromotionError> {
        let positive = |amount: &crate::money::Money| amount.is_positive();
        let fits = match &self.kind {
            PromotionKind::Percent { percent } => return check_percent(*percent),
            PromotionKind::BuyGet { buy: 0, .. } | PromotionKind::BuyGet { get: 0, .. } => {
                return Err(PromotionError::SetTooSmall);
            }
            PromotionKind::BuyGet { percent, .. } => return check_percent(*percent),
            PromotionKind::BuyGetOther { buy: 0, .. } | PromotionKind::BuyGetOther { get: 0, .. } => {
                return Err(PromotionError::SetTooSmall);
            }
            PromotionKind::BuyGetOther { other, .. } if other.is_everything() => {
                return Err(PromotionError::NothingToGet);
            }
            PromotionKind::BuyGetOther { percent, .. } => return check_percent(*percent),
            PromotionKind::MultiBuy { count: 0 | 1, .. } => return Err(PromotionError::SetTooSmall),
            PromotionKind::MultiBuy { price, .. } => price.minor() >= 0,
            PromotionKind::AmountOff { amount } => positive(amount),
            PromotionKind::BasketPercent { threshold, percent } => {
                check_percent(*percent)?;
                threshold.minor() >= 0
            }
            PromotionKind::BasketAmount { threshold, amount } => threshold.minor() >= 0 && positive(amount),
            PromotionKind::MemberPrice { unit_price } => unit_price.minor() >= 0,
        };
        if fits { Ok(()) } else { Err(PromotionError::AmountTooLow) }
    }

    /// What can be said of it beside the articles of its rule set.
    ///
    /// # Errors
    ///
    /// The first reason why none of `items` can ever get it, or the first of its articles or categories that is unknown.
    pub fn check_against(&self, items: &[CatalogItem]) -> Result<(), PromotionError> {
        if let Some(sku) = unknown_sku(&self.target, items) {
            return Err(PromotionError::UnknownSku(sku));
        }
        if let Some(category) = unknown_category(&self.target, items) {
            return Err(PromotionError::UnknownCategory(category));
        }
        let own = || items.iter().filter(|item| self.target.includes(item));
        let counted = || own().filter(|item| item.sold_by.is_piece());
        if self.kind.counts_pieces() && counted().next().is_none() {
            return Err(PromotionError::OnlyWeighed);
        }
        match &self.kind {
            PromotionKind::MultiBuy { count, price } => {
                let dearest = counted().map(|item| item.unit_price.minor()).max().unwrap_or(0);
                let set = i128::from(dearest).saturating_mul((*count).into());
                if i128::from(price.minor()) < set { Ok(()) } else { Err(PromotionError::SetPriceTooHigh) }
            }
            PromotionKind::MemberPrice { unit_price } => {
                let lower = own().any(|item| unit_price.minor() < item.unit_price.minor());
                if lower { Ok(()) } else { Err(PromotionError::MemberPriceTooHigh) }
            }
            PromotionKind::BuyGetOther { other, .. } => self.check_other(other, items),
            PromotionKind::Percent { .. }
            | PromotionKind::AmountOff { .. }
            | PromotionKind::BuyGet { .. }
            | PromotionKind::BasketPercent { .. }
            | PromotionKind::BasketAmount { .. } => Ok(()),
        }
    }

    /// The articles to get, beside those to buy. Who buys anything may get something named: then that is no mistake.
    fn check_other(&self, other: &Target, items: &[CatalogItem]) -> Result<(), PromotionError> {
        if let Some(sku) = unknown_sku(other, items) {
            return Err(PromotionError::UnknownSkuToGet(sku));
        }
        if let Some(category) = unknown_category(other, items) {
            return Err(PromotionError::UnknownCategoryToGet(category));
        }
        let both = |item: &&CatalogItem| other.includes(item) && self.target.includes(item);
        match items.iter().find(both) {
            Some(item) if !self.target.is_everything() => Err(PromotionError::BoughtAndGot(item.sku.clone())),
            _ if !items.iter().any(|item| other.includes(item) && item.sold_by.is_piece()) => {
                Err(PromotionError::OnlyWeighedToGet)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What can be said of it beside another promotion of the rule set.
    ///
    /// # Errors
    ///
    /// `IdTwice`, and `Contradicts` where it would be chance which of the two counts.
    pub fn check_beside(&self, other: &Self, items: &[CatalogItem]) -> Result<(), PromotionError> {
        if self.id == other.id {
            return Err(PromotionError::IdTwice);
        }
        let rank = |it: &Self| (it.exclusive, it.kind.is_basket(), it.priority);
        let meet = self.exclusive
            && rank(self) == rank(other)
            && self.overlaps(other)
            && items.iter().any(|item| self.touches(item) && other.touches(item));
        if meet { Err(PromotionError::Contradicts(other.id.clone())) } else { Ok(()) }
    }

    /// Is there a store and a moment in which both run?
    fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end = |a: &Self, b: &Self| match (a.valid_from, b.valid_until) {
            (Some(from), Some(until)) => from < until,
            (None, _) | (_, None) => true,
        };
        let stores = self.stores.is_empty() || other.stores.is_empty() || !self.stores.is_disjoint(&other.stores);
        stores && self.hours.meet(&other.hours) && begins_before_end(self, other) && begins_before_end(other, self)
    }

    /// Has it ended by `at`? One that has when its rule set comes into force can never apply.
    #[must_use]
    pub fn is_over(&self, at: OffsetDateTime) -> bool {
        self.valid_until.is_some_and(|until| until <= at)
    }
}

fn unknown_sku(target: &Target, items: &[CatalogItem]) -> Option<Sku> {
    target.skus.iter().find(|sku| !items.iter().any(|item| item.sku == **sku)).cloned()
}

fn unknown_category(target: &Target, items: &[CatalogItem]) -> Option<Label> {
    let is_known = |category: &&Label| items.iter().any(|item| item.categories().any(|it| it == *category));
    target.categories.iter().find(|category| !is_known(category)).cloned()
}

fn check_percent(percent: Decimal) -> Result<(), PromotionError> {
    if percent <= Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
        Err(PromotionError::PercentOutOfRange)
    } else if percent.normalize().scale() > Promotion::PERCENT_PLACES_MAX {
        Err(PromotionError::PercentTooPrecise)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
