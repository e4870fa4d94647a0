use super::*;
use crate::cart::{CartItemKind, ExternalIdentifier, IdentifierKind, Quantity};
use crate::catalog::{CatalogItem, Deposit, SoldBy};
use crate::money::{Currency, Rounding};
use crate::promotion::{Promotion, PromotionKind, Target};
use crate::store::tests::demo_store;
use crate::tax::TaxRate;
use crate::unit::WeightUnit;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn article(sku: &str, cents: i64, sold_by: SoldBy, tax: &str) -> CatalogItem {
    CatalogItem {
        sku: Sku::new(sku).unwrap(),
        name: format!("Article {sku}"),
        sold_by,
        unit_price: usd(cents),
        tax_category: tax.into(),
        category: Some(tax.into()),
        subcategory: None,
        brand: None,
        identifiers: vec![],
        deposits: vec![],
    }
}

fn rate(category: &str, name: &str, percent: &str) -> TaxRate {
    TaxRate {
        jurisdiction: "US-NY".into(),
        tax_category: category.into(),
        name: name.into(),
        percent: decimal(percent),
        included: false,
    }
}

fn promotion(id: &str, kind: PromotionKind) -> Promotion {
    Promotion {
        id: PromotionId(id.into()),
        name: format!("Promotion {id}").into(),
        kind,
        target: Target::default(),
        valid_from: None,
        valid_until: None,
        hours: Default::default(),
        stores: Default::default(),
        members_only: false,
        uses_max: None,
        discount_max: None,
        priority: 0,
        exclusive: false,
    }
}

fn percent_off(id: &str, percent: &str) -> Promotion {
    promotion(id, PromotionKind::Percent { percent: decimal(percent) })
}

fn amount_off(id: &str, cents: i64) -> Promotion {
    promotion(id, PromotionKind::AmountOff { amount: usd(cents) })
}

fn only(skus: &[&str], promotion: Promotion) -> Promotion {
    let skus = skus.iter().map(|sku| Sku::new(sku).unwrap()).collect();
    Promotion { target: Target { skus, ..Target::default() }, ..promotion }
}

/// Tea is taxed, bread is not, ham is weighed.
fn shop(promotions: Vec<Promotion>) -> RuleSet {
    let pound = SoldBy::Weight(WeightUnit::Lb);
    RuleSet {
        id: RuleSetId(7),
        items: vec![
            article("tea", 2499, SoldBy::Unit, "standard"),
            article("bread", 299, SoldBy::Unit, "food"),
            article("ham", 1000, pound, "food"),
            article("jam", 400, SoldBy::Unit, "food"),
            article("odd", 100, SoldBy::Unit, "no such category"),
        ],
        promotions,
        tax_rates: vec![rate("standard", "Sales tax", "10.75"), rate("food", "Food", "0")],
    }
}

fn item(id: &str, value: &str, unit: &str) -> CartItem {
    CartItem {
        id: id.to_owned(),
        kind: CartItemKind::Sku,
        quantity: Quantity { value: decimal(value), unit: unit.to_owned() },
        external_identifiers: vec![],
        line_item_id: None,
    }
}

fn pieces(id: &str, count: u32) -> CartItem {
    item(id, &count.to_string(), "unit")
}

const NOW: Occasion = Occasion { at: OffsetDateTime::UNIX_EPOCH, member: false };

fn priced_with(items: Vec<CartItem>, rules: &RuleSet, settings: PricingSettings) -> Purchase {
    let store = Store { pricing: settings, ..demo_store() };
    price(&Cart { items }, rules, &store, NOW).unwrap()
}

fn priced(items: Vec<CartItem>, rules: &RuleSet) -> Purchase {
    priced_with(items, rules, PricingSettings::plain("US-NY"))
}

fn settings(rounding: Rounding, rounding_level: RoundingLevel) -> PricingSettings {
    PricingSettings { rounding, rounding_level, ..PricingSettings::plain("US-NY") }
}

fn best_deal() -> PricingSettings {
    PricingSettings { promotion_policy: PromotionPolicy::BestDeal, ..PricingSettings::plain("US-NY") }
}

fn discounts(purchase: &Purchase) -> Vec<i64> {
    purchase.lines.iter().map(|line| line.discount.minor()).collect()
}

const LEVELS: [RoundingLevel; 2] = [RoundingLevel::Line, RoundingLevel::Invoice];
const MODES: [Rounding; 3] = [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown];

mod lines;
mod promotions;
mod taxes;
