//! Tax rates: what a jurisdiction takes on a category of articles.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::label::Label;

/// One rate of one jurisdiction on one category. Several may meet on one article: a state's and a city's, say; each is
/// reckoned from the same discounted price, none from another tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// Whose tax law: matched with the store's [`jurisdiction`](crate::pricing::PricingSettings::jurisdiction).
    pub jurisdiction: Label,
    /// The category, as the articles name it.
    pub tax_category: Label,
    /// What receipts call it: `New York State sales tax`.
    pub name: Label,
    /// In percent: `8.875`. Zero for exempt categories, which need a rate all the same, so that a forgotten category is
    /// noticed.
    pub percent: Decimal,
    /// Is the tax part of the price already? Else it is added to it.
    #[serde(default)]
    pub included: bool,
}

/// Why a tax rate is refused at import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaxRateError {
    /// Negative, or above 1000.
    #[error("the percentage must be between 0 and 1000")]
    PercentOutOfRange,
    /// More than five decimal places.
    #[error("the percentage has more than 5 decimal places")]
    PercentTooPrecise,
    /// Two rates of one name overlap.
    #[error("the jurisdiction has another rate of this name on this category")]
    Twice,
    /// Rates of one category of which some are included in the price and some are added to it.
    #[error("the category has rates that are included in the price and rates that are added to it")]
    MixedInclusion,
}

impl TaxRate {
    /// Most decimal places of [`percent`](Self::percent): what a row keeps.
    pub const PERCENT_PLACES_MAX: u32 = 5;

    /// What can be said of a rate by itself.
    ///
    /// # Errors
    ///
    /// A percentage out of its bounds, or with more decimal places than a row keeps.
    pub fn check(&self) -> Result<(), TaxRateError> {
        if self.percent.is_sign_negative() && !self.percent.is_zero() || self.percent > Decimal::ONE_THOUSAND {
            Err(TaxRateError::PercentOutOfRange)
        } else if self.percent.normalize().scale() > Self::PERCENT_PLACES_MAX {
            Err(TaxRateError::PercentTooPrecise)
        } else {
            Ok(())
        }
    }

    /// What can be said of it beside another rate of the rule set.
    ///
    /// # Errors
    ///
    /// `Twice` and `MixedInclusion`, where both are on one category of one jurisdiction.
    pub fn check_beside(&self, other: &Self) -> Result<(), TaxRateError> {
        if (&self.jurisdiction, &self.tax_category) != (&other.jurisdiction, &other.tax_category) {
            Ok(())
        } else if self.name == other.name {
            Err(TaxRateError::Twice)
        } else if self.included != other.included {
            Err(TaxRateError::MixedInclusion)
        } else {
            Ok(())
        }
    }
}
