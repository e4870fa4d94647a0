//! Why a line costs what it costs, step by step, in words that can be read out.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::RuleSetId;
use crate::label::Label;
use crate::money::{Money, Rounding};
use crate::pricing::{PromotionPolicy, RoundingLevel};
use crate::promotion::PromotionId;

/// How a cart line named its article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// By its article number.
    Sku,
    /// By a barcode in place of the article number.
    Scancode,
    /// By one of the line's further identifiers.
    Identifier,
}

/// Why a promotion that runs took nothing off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    /// It may not be combined with a promotion that its articles already have.
    Excluded,
    /// What counts towards the threshold is below it.
    BelowThreshold {
        /// What counted.
        basket: Money,
        /// What was needed.
        threshold: Money,
    },
    /// Not enough pieces for one set, or no set that costs more than the set's price; or nothing is left to take off.
    NothingToTakeOff,
    /// Another combination is cheaper.
    NotTheBestDeal,
    /// The cart has had as many promotions, or as much off, as the store allows.
    CartLimit,
}

/// One step of the reckoning, of a line or of the whole purchase. The list is closed; its tags are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Line: how the article was found.
    Found {
        /// By what.
        by: FoundBy,
        /// What the cart said.
        id: Label,
    },
    /// Line: the cart measured in another unit than the price.
    Converted {
        /// As sent.
        from: Decimal,
        /// As sent.
        from_unit: Label,
        /// In the article's unit, rounded to six places for reading; the price is reckoned exactly.
        to: Decimal,
        /// The article's unit.
        to_unit: Label,
    },
    /// Line: unit price times quantity.
    Priced {
        /// Of one unit.
        unit_price: Money,
        /// How many units.
        quantity: Decimal,
        /// The article's unit.
        unit: Label,
        /// The line's price.
        price: Money,
        /// The rounding that decided its last digit; absent where nothing was rounded.
        rounding: Option<Rounding>,
    },
    /// Line: its share of the price of several lines of one article, rounded together.
    PricedTogether {
        /// Of one unit.
        unit_price: Money,
        /// How many lines.
        lines: u32,
        /// Their price together.
        together: Money,
        /// This line's share.
        price: Money,
    },
    /// Line: a promotion took something off.
    Discounted {
        /// Which.
        promotion: PromotionId,
        /// What receipts call it.
        name: Label,
        /// The line's share of its discount.
        amount: Money,
        /// What the line costs from here on.
        left: Money,
    },
    /// Line: one tax.
    Taxed {
        /// Whose.
        jurisdiction: Label,
        /// What receipts call it.
        name: Label,
        /// In percent.
        percent: Decimal,
        /// Is it part of the price already?
        included: bool,
        /// What it is reckoned from: the line after promotions.
        base: Money,
        /// The tax.
        amount: Money,
    },
    /// Line: every rate on it is zero.
    Exempt {
        /// The article's tax category.
        tax_category: Label,
        /// Whose rule.
        jurisdiction: Label,
    },
    /// Line: a deposit or fee.
    Deposited {
        /// What receipts call it.
        name: Label,
        /// Of one piece or unit of weight.
        each: Money,
        /// For the line.
        amount: Money,
    },
    /// Purchase: by which rules.
    RuledBy {
        /// Prices, promotions and taxes.
        rule_set: RuleSetId,
        /// The way of reckoning.
        engine_version: u32,
        /// How fractions were decided.
        rounding: Rounding,
        /// What was rounded.
        rounding_level: RoundingLevel,
        /// Whose taxes.
        jurisdiction: Label,
    },
    /// Purchase: how the promotions were chosen.
    Chosen {
        /// The store's policy.
        policy: PromotionPolicy,
        /// How many promotions could be used.
        candidates: u32,
        /// Were all combinations compared? Only under the best deal, and only up to
        /// [`EXACT_PROMOTIONS_MAX`](crate::pricing::EXACT_PROMOTIONS_MAX) candidates.
        exact: bool,
    },
    /// Purchase: what a promotion took off in all.
    Applied {
        /// Which.
        promotion: PromotionId,
        /// What receipts call it.
        name: Label,
        /// From all lines.
        amount: Money,
        /// Would it have been more, without a limit on the promotion's or the cart's discount?
        capped: bool,
    },
    /// Purchase: a promotion that runs and took nothing off.
    Unused {
        /// Which.
        promotion: PromotionId,
        /// What receipts call it.
        name: Label,
        /// Why.
        why: Unused,
    },
    /// Purchase: a tax was rounded once for the whole cart, and the lines share it.
    TaxedTogether {
        /// Whose.
        jurisdiction: Label,
        /// What receipts call it.
        name: Label,
        /// In percent.
        percent: Decimal,
        /// Is it part of the prices already?
        included: bool,
        /// What it is reckoned from: its lines after promotions.
        base: Money,
        /// The tax.
        amount: Money,
        /// How its last digit was decided.
        rounding: Rounding,
    },
    /// Purchase: lines that could not be priced.
    NotCharged {
        /// How many.
        lines: u32,
    },
    /// Purchase: the sum.
    Totalled {
        /// Prices of the lines.
        price: Money,
        /// What promotions took off.
        promotions: Money,
        /// Taxes added.
        tax: Money,
        /// Deposits and fees.
        deposits: Money,
        /// What is charged.
        total: Money,
    },
}
