//! The cart as the reckoning sees it: lines, and the articles that they are of.
//!
//! Lines of one article are one *article* here, so that promotions see them together whoever put them on two lines. Everything
//! is ordered by what it is (article number, then quantity) and never by its place in the cart, so that no cent depends on the
//! order of the lines.

use rust_decimal::Decimal;

use crate::catalog::CatalogItem;
use crate::money::ratio::{apportion, round_ratio};
use crate::money::{Currency, MoneyError};

use super::identify::Identified;
use super::rates::Rates;
use super::{PricingSettings, RoundingLevel};

/// A quantity as it was sent, and what one of its unit is of the article's own unit: `factor.0 / factor.1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub(super) value: Decimal,
    pub(super) factor: (i128, i128),
}

impl Measure {
    pub(super) fn new(value: Decimal, factor: (i128, i128)) -> Self {
        Self { value: value.normalize(), factor }
    }

    pub(super) fn is_converted(self) -> bool {
        self.factor.0 != self.factor.1
    }
}

/// One line of the cart.
pub(super) struct Line<'a> {
    pub(super) it: Identified<'a>,
    /// How much, in the article's unit, over the article's `denominator`.
    pub(super) numerator: i128,
    pub(super) price: i64,
    pub(super) deposits: Vec<i64>,
}

/// All lines of one article.
pub(super) struct Article<'a> {
    pub(super) item: &'a CatalogItem,
    /// Which of [`Rates::taxes`](super::rates::Rates::taxes) are on it.
    pub(super) taxes: &'a [usize],
    /// Which of [`Basket::lines`].
    pub(super) lines: std::ops::Range<usize>,
    /// Of all lines.
    pub(super) numerator: i128,
    pub(super) denominator: i128,
    /// Whole pieces; none of a weighed article.
    pub(super) pieces: i64,
    pub(super) price: i64,
}

pub(super) struct Basket<'a> {
    /// By article number.
    pub(super) articles: Vec<Article<'a>>,
    /// By article number, then quantity, then place in the cart.
    pub(super) lines: Vec<Line<'a>>,
}

impl<'a> Basket<'a> {
    pub(super) fn new(
        mut identified: Vec<Identified<'a>>,
        rates: &'a Rates<'_>,
        settings: &PricingSettings,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        identified.sort_by(|a, b| a.article.sku.cmp(&b.article.sku).then(a.line_no.cmp(&b.line_no)));
        let mut basket = Self { articles: vec![], lines: Vec::with_capacity(identified.len()) };
        let mut rest = identified.into_iter().peekable();
        while let Some(first) = rest.next() {
            let item = first.article;
            let mut lines = vec![first];
            while let Some(next) = rest.next_if(|it| it.article.sku == item.sku) {
                lines.push(next);
            }
            let moneys = item.deposits.iter().map(|it| it.amount).chain([item.unit_price]);
            if moneys.into_iter().any(|money| money.currency() != currency) {
                return Err(MoneyError::CurrencyMismatch);
            }
            let taxes = rates.of(&item.tax_category).unwrap_or_default();
            basket.push(item, taxes, lines, settings).ok_or(MoneyError::Overflow)?;
        }
        Ok(basket)
    }

    fn push(
        &mut self,
        item: &'a CatalogItem,
        taxes: &'a [usize],
        lines: Vec<Identified<'a>>,
        settings: &PricingSettings,
    ) -> Option<()> {
        let from = self.lines.len();
        let denominator = common_denominator(&lines)?;
        for it in lines {
            let numerator = numerator(it.measure, denominator)?;
            self.lines.push(Line { it, numerator, price: 0, deposits: vec![] });
        }
        let own = self.lines.get_mut(from..)?;
        own.sort_by_key(|line| (line.numerator, line.it.line_no));
        let numerator = own.iter().try_fold(0_i128, |sum, line| sum.checked_add(line.numerator))?;
        let prices = extend(item.unit_price.minor(), own, numerator, denominator, settings)?;
        for (line, price) in own.iter_mut().zip(&prices) {
            line.price = *price;
        }
        for deposit in &item.deposits {
            let amounts = extend(deposit.amount.minor(), own, numerator, denominator, settings)?;
            own.iter_mut().zip(amounts).for_each(|(line, amount)| line.deposits.push(amount));
        }
        let pieces =
            if item.sold_by.is_piece() { i64::try_from(numerator.checked_div(denominator)?).ok()? } else { 0 };
        let price = sum(prices)?;
        let lines = from..self.lines.len();
        self.articles.push(Article { item, taxes, lines, numerator, denominator, pieces, price });
        Some(())
    }
}

/// Each line's part of `each` times the quantity. Per line: every product is rounded. Per invoice: the product of the whole
/// quantity is rounded, and the lines share it by largest remainder in proportion to their quantities.
fn extend(
    each: i64,
    lines: &[Line<'_>],
    numerator: i128,
    denominator: i128,
    settings: &PricingSettings,
) -> Option<Vec<i64>> {
    let product = |numerator: i128| {
        let exact = i128::from(each).checked_mul(numerator)?;
        i64::try_from(round_ratio(exact, denominator, settings.rounding)?).ok()
    };
    match settings.rounding_level {
        RoundingLevel::Line => lines.iter().map(|line| product(line.numerator)).collect(),
        RoundingLevel::Invoice => {
            let weights: Vec<_> = lines.iter().map(|line| line.numerator).collect();
            apportion(product(numerator)?, &weights)
        }
    }
}

/// Of which every line's quantity is a whole multiple.
fn common_denominator(lines: &[Identified<'_>]) -> Option<i128> {
    let scale = lines.iter().map(|it| it.measure.value.scale()).max()?;
    let unit = lines.iter().map(|it| it.measure.factor.1).max()?;
    10_i128.checked_pow(scale)?.checked_mul(unit)
}

fn numerator(measure: Measure, denominator: i128) -> Option<i128> {
    let own = 10_i128.checked_pow(measure.value.scale())?.checked_mul(measure.factor.1)?;
    let more = denominator.checked_div(own)?;
    measure.value.mantissa().checked_mul(measure.factor.0)?.checked_mul(more)
}

pub(super) fn sum(amounts: impl IntoIterator<Item = i64>) -> Option<i64> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add)
}
