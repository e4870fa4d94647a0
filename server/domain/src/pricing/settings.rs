//! How a store reckons.

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::money::{Money, Rounding};
use crate::reason::closed_list;

closed_list!(
    /// Which promotions are used when several could be.
    PromotionPolicy {
        /// All that fit, in their order.
        Stack = "stack",
        /// Those whose combination is the cheapest for the shopper.
        BestDeal = "best_deal",
    }
);

closed_list!(
    /// What is rounded: each line for itself, or what the lines have in common, once.
    RoundingLevel {
        /// The price of every line, and every tax on it.
        Line = "line",
        /// The price of all lines of one article together, and every tax once for the whole cart; the lines share the result.
        Invoice = "invoice",
    }
);

/// A store's settings for pricing. Recorded on every purchase, so that it can be priced again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricingSettings {
    /// How fractions of a minor unit are decided.
    pub rounding: Rounding,
    /// What is rounded.
    pub rounding_level: RoundingLevel,
    /// Which promotions are used.
    pub promotion_policy: PromotionPolicy,
    /// Whose tax rates count.
    pub jurisdiction: Label,
    /// The most promotions one cart may get; `None`: any number.
    pub promotions_max: Option<u32>,
    /// The most all promotions together may take off one cart.
    pub cart_discount_max: Option<Money>,
}

impl PricingSettings {
    /// Half up, line by line, all promotions that fit, no limits.
    #[must_use]
    pub fn plain(jurisdiction: &str) -> Self {
        Self {
            rounding: Rounding::HalfUp,
            rounding_level: RoundingLevel::Line,
            promotion_policy: PromotionPolicy::Stack,
            jurisdiction: jurisdiction.into(),
            promotions_max: None,
            cart_discount_max: None,
        }
    }
}
