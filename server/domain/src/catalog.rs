//! What the store sells.

use serde::{Deserialize, Serialize};

use crate::cart::ExternalIdentifier;
use crate::id::Sku;
use crate::label::Label;
use crate::money::Money;
use crate::promotion::Promotion;
use crate::reason::UnknownReason;
use crate::tax::TaxRate;
use crate::unit::WeightUnit;

mod check;

pub use check::{CatalogError, RuleError, RulePlace, RuleProblem};

/// Which version of the prices, promotions and taxes made a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleSetId(pub i64);

/// What one unit of an article is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SoldBy {
    /// By the piece.
    Unit,
    /// By weight, priced per this unit.
    Weight(WeightUnit),
}

/// Names under which Amazon sends a piece: `unit` in Create Purchases, `each` in Checkout Cart.
const PIECE_NAMES: [&str; 3] = ["unit", "each", "count"];

impl SoldBy {
    /// How much one `unit` of a cart is of this article's own unit, as a fraction. `None` when such a quantity does not count
    /// this article.
    #[must_use]
    pub fn factor(self, unit: &str) -> Option<(i128, i128)> {
        match self {
            Self::Unit => PIECE_NAMES.iter().any(|name| unit.eq_ignore_ascii_case(name)).then_some((1, 1)),
            Self::Weight(own) => {
                let sent = WeightUnit::read(unit)?;
                Some(if sent == own { (1, 1) } else { (sent.parts(), own.parts()) })
            }
        }
    }

    /// Is it sold by the piece?
    #[must_use]
    pub const fn is_piece(self) -> bool {
        matches!(self, Self::Unit)
    }

    /// The unit as rows and receipts write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Weight(unit) => unit.as_str(),
        }
    }
}

impl std::str::FromStr for SoldBy {
    type Err = UnknownReason;
    fn from_str(word: &str) -> Result<Self, UnknownReason> {
        if word == "unit" { Ok(Self::Unit) } else { word.parse().map(Self::Weight) }
    }
}

impl TryFrom<String> for SoldBy {
    type Error = UnknownReason;
    fn try_from(word: String) -> Result<Self, UnknownReason> {
        word.parse()
    }
}

impl From<SoldBy> for String {
    fn from(sold_by: SoldBy) -> Self {
        sold_by.as_str().to_owned()
    }
}

/// Money that goes with an article and is not its price: a bottle deposit, a recycling fee. Neither discounted nor taxed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// What receipts call it.
    pub name: Label,
    /// Per piece, or per unit of weight.
    pub amount: Money,
}

/// One article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogItem {
    /// The retailer's article number.
    pub sku: Sku,
    /// What a receipt calls it.
    pub name: String,
    /// What one unit of it is.
    pub sold_by: SoldBy,
    /// The price of one unit; with tax where the tax rate says `included`, else before tax.
    pub unit_price: Money,
    /// Which tax rates it has.
    pub tax_category: Label,
    /// The department (`product_category` of Amazon's catalog), which promotions can name.
    #[serde(default)]
    pub category: Option<Label>,
    /// Within the department (`product_subcategory`); promotions can name it as well.
    #[serde(default)]
    pub subcategory: Option<Label>,
    /// The maker's name (`brand_name`).
    #[serde(default)]
    pub brand: Option<Label>,
    /// Barcodes and other numbers.
    #[serde(default)]
    pub identifiers: Vec<ExternalIdentifier>,
    /// What is charged beside the price.
    #[serde(default)]
    pub deposits: Vec<Deposit>,
}

impl CatalogItem {
    /// The department and the part of it, as promotions can name them.
    pub fn categories(&self) -> impl Iterator<Item = &Label> {
        self.category.iter().chain(&self.subcategory)
    }
}

/// One version of a store's prices, promotions and taxes, or the part of it that a cart needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    /// The version.
    pub id: RuleSetId,
    /// Articles.
    pub items: Vec<CatalogItem>,
    /// Promotions.
    #[serde(default)]
    pub promotions: Vec<Promotion>,
    /// Tax rates.
    pub tax_rates: Vec<TaxRate>,
}

/// The digits that count in a barcode of 8, 12, 13 or 14 digits: without leading zeros, since one number is written with more
/// of them as EAN or GTIN than as UPC. `None`: not a barcode, but some other number, which is taken as it is.
///
/// Source: GS1 General Specifications, section 1.2.2: a GTIN-8, -12 or -13 is stored in 14 digits by zeros before it.
#[must_use]
pub(crate) fn barcode(id: &str) -> Option<&str> {
    let is_barcode = matches!(id.len(), 8 | 12 | 13 | 14) && id.bytes().all(|byte| byte.is_ascii_digit());
    is_barcode.then(|| id.trim_start_matches('0'))
}

/// Every spelling under which the number of a cart may stand in the catalog: itself, and for a barcode the same number with
/// other leading zeros.
#[must_use]
pub fn barcode_spellings(id: &str) -> Vec<String> {
    let Some(digits) = barcode(id) else { return vec![id.to_owned()] };
    let lengths = [8, 12, 13, 14].into_iter().filter(|length| *length >= digits.len());
    lengths.map(|length| format!("{digits:0>length$}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barcode_is_looked_for_with_all_its_leading_zeros() {
        assert_eq!(barcode_spellings("036000291452"), ["036000291452", "0036000291452", "00036000291452"]);
        assert_eq!(barcode_spellings("4011"), ["4011"]);
        assert_eq!(barcode_spellings("080442957X"), ["080442957X"]);
    }
}
