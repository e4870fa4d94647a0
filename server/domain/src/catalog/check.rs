//! Is a rule set fit to be published? Every contradiction in it, with the row it is in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::id::{Sku, StoreId};
use crate::label::Label;
use crate::money::Currency;
use crate::promotion::{PromotionError, PromotionId};
use crate::tax::TaxRateError;

use super::{CatalogItem, RuleSet, barcode};

/// Why an article is refused at import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// Another article has the same number.
    #[error("another article has the same SKU")]
    SkuTwice,
    /// A barcode or other number names two articles.
    #[error("the number {number} is also that of {other}")]
    NumberTwice {
        /// As this article has it.
        number: String,
        /// The article that has it, too.
        other: Sku,
    },
    /// A price or deposit in another currency than the store's.
    #[error("the amount is not in the store's currency")]
    OtherCurrency,
    /// A price below zero.
    #[error("the price must not be below zero")]
    PriceNegative,
    /// A deposit of nothing or less.
    #[error("a deposit must be above zero")]
    DepositNotPositive,
    /// No rate of the store's jurisdiction is on its tax category, not even one of zero.
    #[error("the jurisdiction has no tax rate for the category {0}")]
    NoTaxRate(Label),
}

/// A row of a rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulePlace {
    /// An article.
    Item(Sku),
    /// A promotion.
    Promotion(PromotionId),
    /// A tax rate.
    Tax {
        /// Whose.
        jurisdiction: Label,
        /// On what.
        tax_category: Label,
        /// Its name.
        name: Label,
    },
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(sku) => write!(f, "article {sku}"),
            Self::Promotion(id) => write!(f, "promotion {id}"),
            Self::Tax { jurisdiction, tax_category, name } => {
                write!(f, "tax rate {name} of {jurisdiction} on {tax_category}")
            }
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// With an article.
    #[error(transparent)]
    Item(#[from] CatalogError),
    /// With a promotion.
    #[error(transparent)]
    Promotion(#[from] PromotionError),
    /// With a tax rate.
    #[error(transparent)]
    Tax(#[from] TaxRateError),
}

/// Something wrong in a rule set, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct RuleError {
    /// Where.
    pub place: RulePlace,
    /// What.
    pub problem: RuleProblem,
}

impl CatalogItem {
    /// What can be said of an article by itself.
    ///
    /// # Errors
    ///
    /// The first of its amounts that is out of bounds or in another currency.
    pub fn check(&self, currency: Currency) -> Result<(), CatalogError> {
        let mut amounts = self.deposits.iter().map(|deposit| deposit.amount).chain([self.unit_price]);
        if amounts.any(|amount| amount.currency() != currency) {
            Err(CatalogError::OtherCurrency)
        } else if self.unit_price.minor() < 0 {
            Err(CatalogError::PriceNegative)
        } else if self.deposits.iter().any(|deposit| !deposit.amount.is_positive()) {
            Err(CatalogError::DepositNotPositive)
        } else {
            Ok(())
        }
    }
}

impl RuleSet {
    /// Everything that is wrong with it for a store; nothing when it may be published.
    #[must_use]
    pub fn check(&self, store: &StoreId, jurisdiction: &str, currency: Currency) -> Vec<RuleError> {
        let mut errors = vec![];
        self.check_items(jurisdiction, currency, &mut errors);
        self.check_promotions(store, currency, &mut errors);
        self.check_taxes(&mut errors);
        errors
    }

    fn check_items(&self, jurisdiction: &str, currency: Currency, errors: &mut Vec<RuleError>) {
        let rates = self.tax_rates.iter().filter(|rate| rate.jurisdiction.as_str() == jurisdiction);
        let taxed: BTreeSet<&Label> = rates.map(|rate| &rate.tax_category).collect();
        let (mut skus, mut numbers) = (BTreeSet::new(), BTreeMap::new());
        for item in &self.items {
            let mut refuse = |problem: CatalogError| {
                errors.push(RuleError { place: RulePlace::Item(item.sku.clone()), problem: problem.into() });
            };
            item.check(currency).unwrap_or_else(&mut refuse);
            if !skus.insert(&item.sku) {
                refuse(CatalogError::SkuTwice);
            }
            if !taxed.contains(&item.tax_category) {
                refuse(CatalogError::NoTaxRate(item.tax_category.clone()));
            }
            for known in &item.identifiers {
                let number = barcode(&known.id).map_or((Some(known.kind), known.id.as_str()), |digits| (None, digits));
                let other = *numbers.entry(number).or_insert(&item.sku);
                if *other != item.sku {
                    refuse(CatalogError::NumberTwice { number: known.id.clone(), other: other.clone() });
                }
            }
        }
    }

    fn check_promotions(&self, store: &StoreId, currency: Currency, errors: &mut Vec<RuleError>) {
        for (place, promotion) in self.promotions.iter().enumerate() {
            let mut earlier = self.promotions.iter().take(place);
            let result = promotion
                .check(store, currency)
                .and_then(|()| promotion.check_against(&self.items))
                .and_then(|()| earlier.try_for_each(|other| promotion.check_beside(other, &self.items)));
            if let Err(problem) = result {
                let place = RulePlace::Promotion(promotion.id.clone());
                errors.push(RuleError { place, problem: problem.into() });
            }
        }
    }

    fn check_taxes(&self, errors: &mut Vec<RuleError>) {
        for (place, rate) in self.tax_rates.iter().enumerate() {
            let mut earlier = self.tax_rates.iter().take(place);
            let result = rate.check().and_then(|()| earlier.try_for_each(|other| rate.check_beside(other)));
            if let Err(problem) = result {
                let place = RulePlace::Tax {
                    jurisdiction: rate.jurisdiction.clone(),
                    tax_category: rate.tax_category.clone(),
                    name: rate.name.clone(),
                };
                errors.push(RuleError { place, problem: problem.into() });
            }
        }
    }
}

#[cfg(test)]
mod tests;
