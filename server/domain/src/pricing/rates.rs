//! Taxes on what is left after promotions.
//!
//! A tax that is added is `base × percent / 100`. A tax that is included is taken out of the base: with the included rates of
//! the line adding up to `sum`, it is `base × percent / (100 + sum)`, so that several included taxes stand side by side.
//! Per line, every tax of every line is rounded. Per invoice, every tax is reckoned once from all its lines together and
//! rounded, and the lines share it by largest remainder in proportion to their bases.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::money::ratio::{apportion, round_ratio};
use crate::tax::TaxRate;

use super::basket::{Basket, sum};
use super::{PricingSettings, RoundingLevel};

/// One tax: what is rounded together per invoice, whatever the categories it is on.
pub(super) struct Tax<'a> {
    pub(super) rate: &'a TaxRate,
    /// Of the base. `None`: past 128 bits, as no checked rate is.
    fraction: Option<(i128, i128)>,
}

/// The rates of the store's jurisdiction. A rate that is stated twice for a category counts once; the check of a rule set
/// refuses it.
pub(super) struct Rates<'a> {
    /// Each category's, by name.
    by_category: BTreeMap<&'a str, Vec<usize>>,
    pub(super) taxes: Vec<Tax<'a>>,
}

impl<'a> Rates<'a> {
    pub(super) fn new(rates: &'a [TaxRate], jurisdiction: &str) -> Self {
        let mut categories: BTreeMap<&str, Vec<&TaxRate>> = BTreeMap::new();
        for rate in rates.iter().filter(|rate| rate.jurisdiction.as_str() == jurisdiction) {
            categories.entry(&rate.tax_category).or_default().push(rate);
        }
        let mut known = BTreeMap::new();
        let mut taxes = vec![];
        let mut by_category = BTreeMap::new();
        for (category, mut rates) in categories {
            rates.sort_by_key(|rate| (&rate.name, rate.percent, rate.included));
            rates.dedup_by_key(|rate| (&rate.name, rate.percent, rate.included));
            let fractions = fractions(&rates);
            let of_category = rates.into_iter().zip(fractions).map(|(rate, fraction)| {
                *known.entry((&rate.name, rate.percent, rate.included, fraction)).or_insert_with(|| {
                    taxes.push(Tax { rate, fraction });
                    taxes.len().saturating_sub(1)
                })
            });
            by_category.insert(category, of_category.collect());
        }
        Self { by_category, taxes }
    }

    /// Which of `taxes` a category has. `None`: the jurisdiction does not know it.
    pub(super) fn of(&self, category: &str) -> Option<&[usize]> {
        self.by_category.get(category).map(Vec::as_slice)
    }
}

/// Each rate as a fraction of its base, in lowest common terms of the category.
fn fractions(rates: &[&TaxRate]) -> Vec<Option<(i128, i128)>> {
    let scale = rates.iter().map(|rate| rate.percent.normalize().scale()).max().unwrap_or(0);
    let whole = 10_i128.checked_pow(scale).and_then(|one| one.checked_mul(100));
    let scaled = |percent: Decimal| {
        let percent = percent.normalize();
        percent.mantissa().checked_mul(10_i128.checked_pow(scale.checked_sub(percent.scale())?)?)
    };
    let included = rates
        .iter()
        .filter(|rate| rate.included)
        .try_fold(whole, |sum, rate| Some(sum.and_then(|sum| sum.checked_add(scaled(rate.percent)?))));
    let denominator = |rate: &TaxRate| if rate.included { included.flatten() } else { whole };
    rates.iter().map(|rate| lowest(scaled(rate.percent)?, denominator(rate)?)).collect()
}

/// In lowest terms, so that equal fractions are equal.
fn lowest(numerator: i128, denominator: i128) -> Option<(i128, i128)> {
    let (mut a, mut b) = (denominator, numerator);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b)?);
    }
    Some((numerator.checked_div(a)?, denominator.checked_div(a)?))
}

fn tax_on(base: i64, tax: &Tax<'_>, settings: &PricingSettings) -> Option<i64> {
    let (numerator, denominator) = tax.fraction?;
    let exact = i128::from(base).checked_mul(numerator)?;
    i64::try_from(round_ratio(exact, denominator, settings.rounding)?).ok()
}

/// A tax of the whole invoice: what it is on, and how much it is.
#[derive(Clone, Copy, Default)]
pub(super) struct InvoiceTax {
    pub(super) base: i64,
    pub(super) amount: i64,
}

/// The sum of the taxes that are added, when every line still costs what `left` says: what the best deal compares.
pub(super) fn added(basket: &Basket<'_>, left: &[i64], rates: &Rates<'_>, settings: &PricingSettings) -> Option<i64> {
    let mut sum = 0_i64;
    match settings.rounding_level {
        RoundingLevel::Line => {
            for article in &basket.articles {
                for tax in article.taxes.iter().filter_map(|tax| rates.taxes.get(*tax)).filter(|tax| !tax.rate.included)
                {
                    for base in left.get(article.lines.clone())? {
                        sum = sum.checked_add(tax_on(*base, tax, settings)?)?;
                    }
                }
            }
        }
        RoundingLevel::Invoice => {
            for (of_invoice, tax) in invoice(basket, left, rates, settings)?.iter().zip(&rates.taxes) {
                sum = sum.checked_add(if tax.rate.included { 0 } else { of_invoice.amount })?;
            }
        }
    }
    Some(sum)
}

/// Every tax of the invoice, in the order of [`Rates::taxes`].
pub(super) fn invoice(
    basket: &Basket<'_>,
    left: &[i64],
    rates: &Rates<'_>,
    settings: &PricingSettings,
) -> Option<Vec<InvoiceTax>> {
    let mut taxes = vec![InvoiceTax::default(); rates.taxes.len()];
    for article in &basket.articles {
        let base = sum(left.get(article.lines.clone())?.iter().copied())?;
        for tax in article.taxes {
            let tax = taxes.get_mut(*tax)?;
            tax.base = tax.base.checked_add(base)?;
        }
    }
    for (of_invoice, tax) in taxes.iter_mut().zip(&rates.taxes) {
        of_invoice.amount = tax_on(of_invoice.base, tax, settings)?;
    }
    Some(taxes)
}

/// Every tax on every line: a line's amounts stand in the order of its article's taxes.
pub(super) fn by_line(
    basket: &Basket<'_>,
    left: &[i64],
    rates: &Rates<'_>,
    settings: &PricingSettings,
) -> Option<Vec<Vec<i64>>> {
    let mut amounts = Vec::with_capacity(basket.lines.len());
    for article in &basket.articles {
        let taxes: Vec<_> = article.taxes.iter().filter_map(|tax| rates.taxes.get(*tax)).collect();
        for base in left.get(article.lines.clone())? {
            amounts.push(match settings.rounding_level {
                RoundingLevel::Line => taxes.iter().map(|tax| tax_on(*base, tax, settings)).collect::<Option<_>>()?,
                RoundingLevel::Invoice => Vec::with_capacity(taxes.len()),
            });
        }
    }
    if settings.rounding_level == RoundingLevel::Invoice {
        share(basket, left, &invoice(basket, left, rates, settings)?, &mut amounts)?;
    }
    Some(amounts)
}

/// Spreads the taxes of the invoice over the lines they are on.
fn share(basket: &Basket<'_>, left: &[i64], taxes: &[InvoiceTax], amounts: &mut [Vec<i64>]) -> Option<()> {
    let mut bases: Vec<Vec<i128>> = vec![vec![]; taxes.len()];
    let lines = || basket.articles.iter().flat_map(|article| article.lines.clone().map(|line| (line, article.taxes)));
    for (line, of_line) in lines() {
        for tax in of_line {
            bases.get_mut(*tax)?.push((*left.get(line)?).into());
        }
    }
    let parts = taxes.iter().zip(&bases).map(|(tax, bases)| apportion(tax.amount, bases));
    let mut parts: Vec<_> = parts.map(|parts| Some(parts?.into_iter())).collect::<Option<_>>()?;
    for (line, of_line) in lines() {
        for tax in of_line {
            amounts.get_mut(line)?.push(parts.get_mut(*tax)?.next()?);
        }
    }
    Some(())
}
