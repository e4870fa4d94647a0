//! What a cart costs, and why. This page and those of its parts are the reference of how we reckon.
//!
//! # In order
//!
//! 1. **Lines** are identified, by article number, barcode or a further identifier. What cannot be is a bad line, and the rest
//!    of the cart is priced without it: unknown article, unknown unit, no quantity, a fraction of a piece, a tax category that
//!    the jurisdiction does not know.
//! 2. **Prices**: unit price times quantity, weights converted exactly, rounded to the minor unit.
//! 3. **Promotions** that run and have an article in the cart are the candidates: those on articles first, then those on the
//!    basket, each by priority number, then by id. Each takes its discount off what the ones before it have left. Under
//!    `stack` all are applied that fit; under `best_deal` the combination that makes the total lowest.
//! 4. **Taxes** on what is left of each line.
//! 5. **Deposits and fees**, which are neither discounted nor taxed.
//! 6. `total = price − promotions + tax + deposits`, in which `tax` is what is added; included taxes are part of the price.
//!    A discount is never more than what it is taken from, so nothing is ever below zero.
//!
//! # Duplicates
//!
//! Several lines of one article stay several lines, as sent. Promotions see them as one, and what the article gets off is
//! split over its lines by largest remainder, in proportion to what they cost.
//!
//! # Rounding
//!
//! Half up, half to even or half down, as the store says. Per *line*: each line's price, each tax of each line. Per *invoice*:
//! the price of all lines of an article together, and each tax (one jurisdiction, name and rate) once for the whole cart; then
//! split over the lines by largest remainder. So under it, one line of two and two lines of one cost the same to the cent.
//! Discounts are rounded by the same mode, once per article, or once per promotion where it is on the basket or on sets at a
//! price.
//!
//! Splitting by largest remainder: every part is rounded down, and the minor units left over go to the largest fractions; of
//! equal fractions to the lower article number, then the smaller quantity, then the earlier line. No cent depends on the order
//! of the cart, save which of two equal lines shows it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::cart::{Cart, CartItem};
use crate::catalog::{RuleSet, RuleSetId};
use crate::id::Sku;
use crate::label::Label;
use crate::money::{Money, MoneyError};
use crate::promotion::PromotionId;
use crate::reason::closed_list;
use crate::store::Store;

use assemble::Parts;
use basket::Basket;
use candidate::candidates;
use identify::{Index, identify};
use rates::Rates;

mod assemble;
mod basket;
mod best_deal;
mod candidate;
mod discount;
mod explain;
mod identify;
mod rates;
mod sets;
mod settings;
mod words;

pub use explain::{FoundBy, Step, Unused};
pub use settings::{PricingSettings, PromotionPolicy, RoundingLevel};

/// The version of the reckoning in this folder. It is recorded on every purchase and grows with every change that could make
/// any cart cost something else, or be explained differently.
pub const ENGINE_VERSION: u32 = 1;

/// Up to so many promotions, the best deal is found by comparing every combination; with more, they are applied in their order.
pub const EXACT_PROMOTIONS_MAX: usize = 8;

/// When and for whom a cart is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The start of the visit: what is in force then, counts.
    pub at: OffsetDateTime,
    /// Is the shopper a member?
    pub member: bool,
}

/// One tax on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// Whose.
    pub jurisdiction: Label,
    /// What receipts call it.
    pub name: Label,
    /// In percent; zero where the line is exempt.
    pub percent: Decimal,
    /// Is it part of the price already?
    pub included: bool,
    /// The tax.
    pub amount: Money,
}

/// What one promotion took off a line, or off the whole purchase. Never zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPromotion {
    /// Which.
    pub id: PromotionId,
    /// What receipts call it.
    pub name: Label,
    /// How much.
    pub amount: Money,
}

/// One priced line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseLine {
    /// Position in the cart, from 1.
    pub line_no: u32,
    /// The article.
    pub sku: Sku,
    /// Its name in the rule set that priced it.
    pub name: String,
    /// How much, in `unit`. Rounded to six places where the cart measured in another unit; the price was reckoned exactly.
    pub quantity: Decimal,
    /// The article's own unit: `unit` for pieces, else one of weight.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Money,
    /// Quantity times unit price, rounded.
    pub price: Money,
    /// What promotions took off: the sum of `applied`. Never more than `price`.
    pub discount: Money,
    /// Tax added to the price: the sum of those of `taxes` that are not included.
    pub tax: Money,
    /// Tax that is part of the price: the sum of those of `taxes` that are included.
    pub tax_included: Money,
    /// Deposits and fees.
    pub deposit: Money,
    /// Every tax on the line.
    pub taxes: Vec<LineTax>,
    /// Every promotion on the line, in the order of application.
    pub applied: Vec<AppliedPromotion>,
    /// How it came to that.
    pub explanation: Vec<Step>,
    /// Amazon's name for the line.
    pub line_item_id: Option<String>,
}

closed_list!(
    /// Why a line could not be priced.
    BadLineCause {
        /// No article has this number or barcode.
        UnknownItem = "unknown_item",
        /// The article is not sold by this unit.
        UnknownUnit = "unknown_unit",
        /// A quantity of nothing.
        ZeroQuantity = "zero_quantity",
        /// A fraction of a piece.
        FractionOfPiece = "fraction_of_piece",
        /// With the rest of the cart, more money than can be counted.
        TooLarge = "too_large",
        /// The article's tax category has no rate in the store's jurisdiction.
        UnknownTax = "unknown_tax",
    }
);

/// A line of a bad cart: kept, shown, not charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// Position in the cart, from 1.
    pub line_no: u32,
    /// The line as Amazon sent it.
    pub item: CartItem,
    /// What is wrong with it.
    pub cause: BadLineCause,
}

/// Our priced cart. `total = price − promotions + tax + deposits`, and each is the sum of its lines, by construction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The version of prices, promotions and taxes that made it.
    pub rule_set: RuleSetId,
    /// The version of the reckoning that made it.
    pub engine_version: u32,
    /// The store's settings that made it.
    pub settings: PricingSettings,
    /// What is charged, in the order of the cart.
    pub lines: Vec<PurchaseLine>,
    /// What could not be priced.
    pub bad_lines: Vec<BadLine>,
    /// Sum of the lines' prices.
    pub price: Money,
    /// Sum of the lines' discounts.
    pub promotions: Money,
    /// Sum of the taxes that are added to the price.
    pub tax: Money,
    /// Sum of the taxes that are part of the price.
    pub tax_included: Money,
    /// Sum of the lines' deposits and fees.
    pub deposits: Money,
    /// What the shopper is charged; never below zero.
    pub total: Money,
    /// What each promotion took off in all, in the order of application.
    pub applied: Vec<AppliedPromotion>,
    /// How the whole came to that; the lines have their own.
    pub explanation: Vec<Step>,
}

/// Prices `cart` by `rules` as `store` reckons, for this `occasion`. The same arguments give the same purchase, always.
///
/// A line that cannot be priced becomes a bad line; the rest is priced all the same.
///
/// # Errors
///
/// `Overflow` when an amount does not fit into 64 bits. `CurrencyMismatch` when the rules have amounts in another currency than
/// the store's, as no checked rule set has.
pub fn price(cart: &Cart, rules: &RuleSet, store: &Store, occasion: Occasion) -> Result<Purchase, MoneyError> {
    let settings = &store.pricing;
    let rates = Rates::new(&rules.tax_rates, &settings.jurisdiction);
    let index = Index::new(&rules.items);
    let (mut identified, mut bad_lines) = (Vec::with_capacity(cart.items.len()), vec![]);
    for (line_no, item) in (1_u32..).zip(&cart.items) {
        match identify(line_no, item, &index, &rates) {
            Ok(line) => identified.push(line),
            Err(cause) => bad_lines.push(BadLine { line_no, item: item.clone(), cause }),
        }
    }
    let basket = Basket::new(identified, &rates, settings, store.currency)?;
    let candidates = candidates(&rules.promotions, &basket, store, occasion);
    let amounts = candidates.iter().flat_map(|it| it.promotion.amounts()).chain(settings.cart_discount_max);
    if amounts.into_iter().any(|amount| amount.currency() != store.currency) {
        return Err(MoneyError::CurrencyMismatch);
    }
    let choice = best_deal::choose(&candidates, &basket, &rates, settings).ok_or(MoneyError::Overflow)?;
    let parts = Parts {
        basket: &basket,
        candidates: &candidates,
        choice: &choice,
        rates: &rates,
        settings,
        currency: store.currency,
    };
    assemble::purchase(&parts, rules.id, store, bad_lines)
}

impl Purchase {
    /// All tax, added and included: what is owed to the tax authority.
    ///
    /// # Errors
    ///
    /// `Overflow` when the sum does not fit into 64 bits.
    pub fn tax_whole(&self) -> Result<Money, MoneyError> {
        self.tax.checked_add(self.tax_included)
    }
}

impl PurchaseLine {
    /// All rates on the line together, in percent.
    #[must_use]
    pub fn tax_percent(&self) -> Decimal {
        self.taxes.iter().fold(Decimal::ZERO, |sum, tax| sum.saturating_add(tax.percent))
    }

    /// What the line costs in all: price, less discount, plus tax, plus deposit.
    ///
    /// # Errors
    ///
    /// `Overflow` when the sum does not fit into 64 bits.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.price.checked_sub(self.discount)?.checked_add(self.tax)?.checked_add(self.deposit)
    }
}

#[cfg(test)]
mod tests;
