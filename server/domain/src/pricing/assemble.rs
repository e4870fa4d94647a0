//! Puts the purchase together from what was reckoned, and says why.

use crate::money::ratio::round_ratio;
use crate::money::{Currency, Money, MoneyError, Rounding};
use crate::store::Store;

use super::basket::{Article, Basket, Line};
use super::best_deal::Choice;
use super::candidate::Candidate;
use super::discount::{Progress, Share};
use super::explain::{Step, Unused};
use super::rates::{self, Rates};
use super::{AppliedPromotion, BadLine, LineTax, PricingSettings, Purchase, PurchaseLine, RoundingLevel};

/// What a purchase is made of.
pub(super) struct Parts<'b, 'a> {
    pub(super) basket: &'b Basket<'a>,
    pub(super) candidates: &'b [Candidate<'a>],
    pub(super) choice: &'b Choice,
    pub(super) rates: &'b Rates<'a>,
    pub(super) settings: &'b PricingSettings,
    pub(super) currency: Currency,
}

/// What the chosen promotions did.
pub(super) struct Discounts<'b> {
    /// By line, in the order of application.
    by_line: Vec<Vec<(usize, Share)>>,
    pub(super) applied: Vec<AppliedPromotion>,
    pub(super) steps: Vec<Step>,
    lines_left: Vec<i64>,
    candidates: &'b [Candidate<'b>],
}

impl<'b, 'a> Parts<'b, 'a> {
    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Applies the chosen promotions in their order, and asks of every other why it was not used.
    pub(super) fn discounts(&self) -> Option<Discounts<'b>> {
        let mut progress = Progress::new(self.basket);
        let room = || Vec::with_capacity(self.candidates.len());
        let mut by_line: Vec<Vec<_>> = self.basket.lines.iter().map(|_| room()).collect();
        let (mut applied, mut steps) = (vec![], vec![]);
        for (place, candidate) in self.candidates.iter().enumerate() {
            let (id, name) = (candidate.promotion.id.clone(), candidate.promotion.name.clone());
            let used = self.choice.used.get(place).copied().unwrap_or(false);
            let result = if used {
                progress.apply(candidate, self.basket, self.settings)?
            } else {
                let tried = progress.clone().apply(candidate, self.basket, self.settings)?;
                tried.and(Err(Unused::NotTheBestDeal))
            };
            match result {
                Ok(taken) => {
                    for share in taken.shares {
                        by_line.get_mut(share.line)?.push((place, share));
                    }
                    let amount = self.money(taken.amount);
                    applied.push(AppliedPromotion { id: id.clone(), name: name.clone(), amount });
                    steps.push(Step::Applied { promotion: id, name, amount, capped: taken.capped });
                }
                Err(why) => steps.push(Step::Unused { promotion: id, name, why }),
            }
        }
        Some(Discounts { by_line, applied, steps, lines_left: progress.lines, candidates: self.candidates })
    }

    /// Every line, in the order of the cart.
    pub(super) fn lines(&self, discounts: &Discounts<'_>) -> Option<Vec<PurchaseLine>> {
        let taxes = rates::by_line(self.basket, &discounts.lines_left, self.rates, self.settings)?;
        let mut lines = Vec::with_capacity(self.basket.lines.len());
        for article in &self.basket.articles {
            for index in article.lines.clone() {
                let line = self.basket.lines.get(index)?;
                lines.push(self.line(article, line, index, discounts, taxes.get(index)?)?);
            }
        }
        lines.sort_by_key(|line| line.line_no);
        Some(lines)
    }

    fn line(
        &self,
        article: &Article<'_>,
        line: &Line<'_>,
        index: usize,
        discounts: &Discounts<'_>,
        tax_amounts: &[i64],
    ) -> Option<PurchaseLine> {
        let shares = discounts.by_line.get(index)?;
        let left = *discounts.lines_left.get(index)?;
        let taxes = self.taxes(article, tax_amounts);
        let mut explanation = Vec::with_capacity(shares.len().checked_add(taxes.len())?.checked_add(4)?);
        let quantity = self.explain_price(article, line, &mut explanation)?;
        let mut applied = Vec::with_capacity(shares.len());
        for (place, share) in shares {
            let promotion = discounts.candidates.get(*place)?.promotion;
            let (id, name, amount) = (promotion.id.clone(), promotion.name.clone(), self.money(share.amount));
            let left = self.money(share.left);
            explanation.push(Step::Discounted { promotion: id.clone(), name: name.clone(), amount, left });
            applied.push(AppliedPromotion { id, name, amount });
        }
        self.explain_taxes(article, &taxes, self.money(left), &mut explanation);
        let mut deposit = 0_i64;
        for (of, amount) in article.item.deposits.iter().zip(&line.deposits) {
            deposit = deposit.checked_add(*amount)?;
            let amount = self.money(*amount);
            explanation.push(Step::Deposited { name: of.name.clone(), each: of.amount, amount });
        }
        let tax_where = |included: bool| {
            let amounts = taxes.iter().filter(|tax| tax.included == included).map(|tax| tax.amount);
            Money::sum(self.currency, amounts).ok()
        };
        Some(PurchaseLine {
            line_no: line.it.line_no,
            sku: article.item.sku.clone(),
            name: article.item.name.clone(),
            quantity,
            unit: article.item.sold_by.as_str().to_owned(),
            unit_price: article.item.unit_price,
            price: self.money(line.price),
            discount: self.money(line.price.checked_sub(left)?),
            tax: tax_where(false)?,
            tax_included: tax_where(true)?,
            deposit: self.money(deposit),
            taxes,
            applied,
            explanation,
            line_item_id: line.it.sent.line_item_id.clone(),
        })
    }

    fn taxes(&self, article: &Article<'_>, amounts: &[i64]) -> Vec<LineTax> {
        let taxes = article.taxes.iter().filter_map(|tax| self.rates.taxes.get(*tax)).zip(amounts);
        let taxes = taxes.map(|(tax, amount)| LineTax {
            jurisdiction: tax.rate.jurisdiction.clone(),
            name: tax.rate.name.clone(),
            percent: tax.rate.percent,
            included: tax.rate.included,
            amount: self.money(*amount),
        });
        taxes.collect()
    }

    /// How the price came about; the quantity as it reads.
    fn explain_price(
        &self,
        article: &Article<'_>,
        line: &Line<'_>,
        steps: &mut Vec<Step>,
    ) -> Option<rust_decimal::Decimal> {
        let sent = &line.it.sent;
        steps.push(Step::Found { by: line.it.by, id: line.it.sent.id.as_str().into() });
        let quantity = if line.it.measure.is_converted() {
            let millionths = line.numerator.checked_mul(1_000_000)?;
            let rounded = round_ratio(millionths, article.denominator, Rounding::HalfEven)?;
            let to = rust_decimal::Decimal::try_from_i128_with_scale(rounded, 6).ok()?.normalize();
            steps.push(Step::Converted {
                from: sent.quantity.value,
                from_unit: sent.quantity.unit.as_str().into(),
                to,
                to_unit: article.item.sold_by.as_str().into(),
            });
            to
        } else {
            sent.quantity.value
        };
        let (together, lines) = (article.lines.len() > 1, u32::try_from(article.lines.len()).ok()?);
        if self.settings.rounding_level == RoundingLevel::Invoice && together && !article.item.sold_by.is_piece() {
            let (together, price) = (self.money(article.price), self.money(line.price));
            steps.push(Step::PricedTogether { unit_price: article.item.unit_price, lines, together, price });
        } else {
            let exact = i128::from(article.item.unit_price.minor()).checked_mul(line.numerator)?;
            let is_whole = exact.checked_rem(article.denominator)? == 0;
            steps.push(Step::Priced {
                unit_price: article.item.unit_price,
                quantity,
                unit: article.item.sold_by.as_str().into(),
                price: self.money(line.price),
                rounding: (!is_whole).then_some(self.settings.rounding),
            });
        }
        Some(quantity)
    }

    fn explain_taxes(&self, article: &Article<'_>, taxes: &[LineTax], base: Money, steps: &mut Vec<Step>) {
        if taxes.iter().all(|tax| tax.percent.is_zero()) {
            let (tax_category, jurisdiction) = (article.item.tax_category.clone(), self.settings.jurisdiction.clone());
            steps.push(Step::Exempt { tax_category, jurisdiction });
        }
        for tax in taxes.iter().filter(|tax| !tax.percent.is_zero()) {
            steps.push(Step::Taxed {
                jurisdiction: tax.jurisdiction.clone(),
                name: tax.name.clone(),
                percent: tax.percent,
                included: tax.included,
                base,
                amount: tax.amount,
            });
        }
    }

    /// The taxes of the whole cart, where they are rounded once.
    pub(super) fn explain_invoice_taxes(&self, discounts: &Discounts<'_>) -> Option<Vec<Step>> {
        if self.settings.rounding_level == RoundingLevel::Line {
            return Some(vec![]);
        }
        let taxes = rates::invoice(self.basket, &discounts.lines_left, self.rates, self.settings)?;
        let used = taxes.iter().zip(&self.rates.taxes).filter(|(tax, of)| tax.base > 0 && !of.rate.percent.is_zero());
        let steps = used.map(|(tax, of)| Step::TaxedTogether {
            jurisdiction: of.rate.jurisdiction.clone(),
            name: of.rate.name.clone(),
            percent: of.rate.percent,
            included: of.rate.included,
            base: self.money(tax.base),
            amount: self.money(tax.amount),
            rounding: self.settings.rounding,
        });
        Some(steps.collect())
    }
}

/// The purchase, every sum of which is a sum of its lines.
pub(super) fn purchase(
    parts: &Parts<'_, '_>,
    rule_set: crate::catalog::RuleSetId,
    store: &Store,
    bad_lines: Vec<BadLine>,
) -> Result<Purchase, MoneyError> {
    let discounts = parts.discounts().ok_or(MoneyError::Overflow)?;
    let lines = parts.lines(&discounts).ok_or(MoneyError::Overflow)?;
    let of_lines = |part: fn(&PurchaseLine) -> Money| Money::sum(store.currency, lines.iter().map(part));
    let price = of_lines(|line| line.price)?;
    let promotions = of_lines(|line| line.discount)?;
    let tax = of_lines(|line| line.tax)?;
    let tax_included = of_lines(|line| line.tax_included)?;
    let deposits = of_lines(|line| line.deposit)?;
    let total = price.checked_sub(promotions)?.checked_add(tax)?.checked_add(deposits)?;
    let mut explanation = vec![Step::RuledBy {
        rule_set,
        engine_version: super::ENGINE_VERSION,
        rounding: store.pricing.rounding,
        rounding_level: store.pricing.rounding_level,
        jurisdiction: store.pricing.jurisdiction.clone(),
    }];
    if !parts.candidates.is_empty() {
        explanation.push(Step::Chosen {
            policy: store.pricing.promotion_policy,
            candidates: u32::try_from(parts.candidates.len()).map_err(|_| MoneyError::Overflow)?,
            exact: parts.choice.exact,
        });
    }
    let invoice_taxes = parts.explain_invoice_taxes(&discounts).ok_or(MoneyError::Overflow)?;
    explanation.extend(discounts.steps);
    explanation.extend(invoice_taxes);
    if !bad_lines.is_empty() {
        let lines = u32::try_from(bad_lines.len()).map_err(|_| MoneyError::Overflow)?;
        explanation.push(Step::NotCharged { lines });
    }
    explanation.push(Step::Totalled { price, promotions, tax, deposits, total });
    Ok(Purchase {
        rule_set,
        engine_version: super::ENGINE_VERSION,
        settings: store.pricing.clone(),
        lines,
        bad_lines,
        price,
        promotions,
        tax,
        tax_included,
        deposits,
        total,
        applied: discounts.applied,
        explanation,
    })
}
