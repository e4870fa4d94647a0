//! Is a rule set fit to be published? Asked at import, with the lines of the file at hand, and again when it is published.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{CatalogError, CatalogItem, RuleError, RulePlace, RuleProblem, RuleSet, RuleSetId};
use domain::gate::{RiskRule, RiskRuleError};
use domain::label::Label;
use domain::promotion::{Promotion, PromotionError, PromotionId};
use domain::store::Store;
use domain::tax::{TaxRate, TaxRateError};
use sqlx::PgConnection;

use super::import_rules::Refused;
use crate::store::catalog::Duplicate;
use crate::store::rule_part::Parts;
use crate::store::{self, StoreError};

/// Everything that is wrong with these parts together. Of a catalog of any size, the articles that promotions name are looked at, and
/// the dearest of each sort: each article by itself was looked at when it was imported.
pub(super) async fn check(
    conn: &mut PgConnection,
    settings: &Store,
    parts: Parts,
) -> Result<Vec<RuleError>, StoreError> {
    let promotions = store::promotion::list(&mut *conn, parts.promotions, settings.currency).await?;
    let named: BTreeSet<String> = promotions.iter().flat_map(Promotion::skus).map(ToString::to_string).collect();
    let named: Vec<String> = named.into_iter().collect();
    let mut items = store::catalog::list(&mut *conn, parts.catalog, settings.currency, &named).await?;
    items.extend(store::catalog::list_dearest(&mut *conn, parts.catalog, settings.currency).await?);
    items.sort_by(|one, other| one.sku.cmp(&other.sku));
    items.dedup_by(|one, other| one.sku == other.sku);
    let tax_rates = store::tax_rate::list(conn, parts.taxes).await?;
    let rules = RuleSet { id: RuleSetId(0), items, promotions, tax_rates };
    Ok(rules.check(&settings.id, &settings.pricing.jurisdiction, settings.currency))
}

/// Which line of a file says what.
#[derive(Debug, Default)]
pub(super) struct Lines {
    promotions: BTreeMap<PromotionId, u64>,
    taxes: BTreeMap<(Label, Label, Label), u64>,
}

impl Lines {
    /// The line that has this promotion's id already, if there is one.
    pub(super) fn add_promotion(&mut self, line_no: u64, promotion: &Promotion) -> Option<u64> {
        self.promotions.insert(promotion.id.clone(), line_no)
    }

    /// The line that has this rate already, if there is one.
    pub(super) fn add_tax(&mut self, line_no: u64, rate: &TaxRate) -> Option<u64> {
        let key = (rate.jurisdiction.clone(), rate.tax_category.clone(), rate.name.clone());
        self.taxes.insert(key, line_no)
    }

    /// The line and column to blame. `None`: another part of the rule set is to blame, not this file.
    pub(super) fn find(&self, error: &RuleError) -> Option<(u64, &'static str)> {
        let line_no = match &error.place {
            RulePlace::Promotion(id) => self.promotions.get(id),
            RulePlace::Tax { jurisdiction, tax_category, name } => {
                self.taxes.get(&(jurisdiction.clone(), tax_category.clone(), name.clone()))
            }
            RulePlace::Item(_) => None,
        };
        Some((*line_no?, column_of(&error.problem)))
    }
}

fn column_of(problem: &RuleProblem) -> &'static str {
    match problem {
        RuleProblem::Item(error) => column_of_item(error),
        RuleProblem::Promotion(error) => column_of_promotion(error),
        RuleProblem::Tax(TaxRateError::PercentOutOfRange | TaxRateError::PercentTooPrecise) => "percent",
        RuleProblem::Tax(TaxRateError::Twice) => "tax_name",
        RuleProblem::Tax(TaxRateError::MixedInclusion) => "included",
    }
}

fn column_of_item(error: &CatalogError) -> &'static str {
    match error {
        CatalogError::SkuTwice => "item_sku",
        CatalogError::NumberTwice { .. } => "external_product_id",
        CatalogError::OtherCurrency => "currency",
        CatalogError::PriceNegative => "standard_price",
        CatalogError::DepositNotPositive => "deposits",
        CatalogError::NoTaxRate(_) => "product_tax_code",
    }
}

/// The column of a promotion file that an error is about.
pub(super) fn column_of_promotion(error: &PromotionError) -> &'static str {
    match error {
        PromotionError::PercentOutOfRange | PromotionError::PercentTooPrecise => "percent",
        PromotionError::AmountTooLow => "amount",
        PromotionError::OtherCurrency => "currency",
        PromotionError::SetTooSmall => "buy",
        PromotionError::WindowEmpty => "valid_until",
        PromotionError::HoursEmpty => "until_time",
        PromotionError::NeverThen => "weekdays",
        PromotionError::NothingToGet
        | PromotionError::UnknownSkuToGet(_)
        | PromotionError::BoughtAndGot(_)
        | PromotionError::OnlyWeighedToGet => "get_skus",
        PromotionError::UnknownCategoryToGet(_) => "get_categories",
        PromotionError::NoUses | PromotionError::UsesOfBasket => "uses_max",
        PromotionError::CapIsNothing => "discount_max",
        PromotionError::NotForThisStore => "stores",
        PromotionError::UnknownSku(_) | PromotionError::OnlyWeighed => "skus",
        PromotionError::UnknownCategory(_) => "categories",
        PromotionError::SetPriceTooHigh | PromotionError::MemberPriceTooHigh => "price",
        PromotionError::IdTwice => "promotion_id",
        PromotionError::Contradicts(_) => "exclusive",
    }
}

/// What is wrong with an article by itself, or has no tax rate.
pub(super) fn check_item(
    item: &CatalogItem,
    settings: &Store,
    taxed: &BTreeSet<Label>,
    line_no: u64,
) -> Option<Refused> {
    let known = || match taxed.contains(&item.tax_category) {
        true => Ok(()),
        false => Err(CatalogError::NoTaxRate(item.tax_category.clone())),
    };
    let error = item.check(settings.currency).and_then(|()| known()).err()?;
    Some(Refused { line_no, column: column_of_item(&error), reason: error.to_string() })
}

/// The second article of a number.
pub(super) fn second(duplicate: Duplicate) -> Refused {
    let Duplicate { line_no, first_line_no, number, is_sku } = duplicate;
    let column = if is_sku { "item_sku" } else { "external_product_id" };
    Refused { line_no, column, reason: format!("line {first_line_no} has the number {number} already") }
}

/// What is wrong with a rule for the gate by itself, or beside those of the lines before.
pub(super) fn check_risk(rule: &RiskRule, earlier: &[(u64, RiskRule)], line_no: u64) -> Option<Refused> {
    let beside = || earlier.iter().find_map(|(line, it)| Some((*line, rule.check_beside(it).err()?)));
    let (error, line) = match (rule.check(), beside()) {
        (Err(error), _) => (error, None),
        (Ok(()), Some((line, error))) => (error, Some(line)),
        (Ok(()), None) => return None,
    };
    let at = line.map_or_else(String::new, |line| format!(" (line {line})"));
    Some(Refused { line_no, column: column_of_risk(&error), reason: format!("{error}{at}") })
}

fn column_of_risk(error: &RiskRuleError) -> &'static str {
    match error {
        RiskRuleError::AmountNegative | RiskRuleError::NothingBelow => "amount",
        RiskRuleError::HoldNegative | RiskRuleError::PercentOutOfRange | RiskRuleError::BalanceOfRisk => "hold",
        RiskRuleError::NoIncidents => "incidents",
        RiskRuleError::WindowOutOfRange => "within_days",
        RiskRuleError::BadDebt => "risk",
        RiskRuleError::NameTwice => "rule",
        RiskRuleError::Twice(_) => "kind",
    }
}
