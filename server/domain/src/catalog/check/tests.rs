use super::*;
use crate::cart::{ExternalIdentifier, IdentifierKind};
use crate::catalog::{Deposit, RuleSetId, SoldBy};
use crate::money::Money;
use crate::promotion::{Promotion, PromotionKind, Target};
use crate::tax::TaxRate;

fn article(sku: &str) -> CatalogItem {
    CatalogItem {
        sku: Sku::new(sku).unwrap(),
        name: sku.to_owned(),
        sold_by: SoldBy::Unit,
        unit_price: Money::new(100, Currency::USD),
        tax_category: "food".into(),
        category: None,
        subcategory: None,
        brand: None,
        identifiers: vec![],
        deposits: vec![],
    }
}

fn rate(category: &str, name: &str, percent: &str, included: bool) -> TaxRate {
    let percent = percent.parse().unwrap();
    TaxRate { jurisdiction: "here".into(), tax_category: category.into(), name: name.into(), percent, included }
}

fn said(items: Vec<CatalogItem>, promotions: Vec<Promotion>, rates: Vec<TaxRate>) -> Vec<String> {
    let rules = RuleSet { id: RuleSetId(1), items, promotions, tax_rates: rates };
    let errors = rules.check(&StoreId::new("S").unwrap(), "here", Currency::USD);
    errors.iter().map(ToString::to_string).collect()
}

fn fine() -> Vec<TaxRate> {
    vec![rate("food", "State", "4", false), rate("food", "City", "4.5", false)]
}

#[test]
fn a_sound_rule_set_has_nothing_to_say() {
    assert!(said(vec![article("jam"), article("tea")], vec![], fine()).is_empty());
}

#[test]
fn every_article_that_contradicts_is_named() {
    let number = |kind, id: &str| ExternalIdentifier { kind, id: id.to_owned() };
    let items = vec![
        CatalogItem { identifiers: vec![number(IdentifierKind::Upc, "036000291452")], ..article("jam") },
        CatalogItem { identifiers: vec![number(IdentifierKind::Ean, "0036000291452")], ..article("tea") },
        CatalogItem { identifiers: vec![number(IdentifierKind::Plu, "4011")], ..article("fig") },
        CatalogItem { identifiers: vec![number(IdentifierKind::Isbn, "4011")], ..article("book") },
        article("jam"),
        CatalogItem { unit_price: Money::new(100, Currency::JPY), ..article("yen") },
        CatalogItem { unit_price: Money::new(-1, Currency::USD), ..article("minus") },
        CatalogItem { tax_category: "toys".into(), ..article("toy") },
        CatalogItem {
            deposits: vec![Deposit { name: "Deposit".into(), amount: Money::zero(Currency::USD) }],
            ..article("can")
        },
    ];
    assert_eq!(
        said(items, vec![], fine()),
        [
            "article tea: the number 0036000291452 is also that of jam",
            "article jam: another article has the same SKU",
            "article yen: the amount is not in the store's currency",
            "article minus: the price must not be below zero",
            "article toy: the jurisdiction has no tax rate for the category toys",
            "article can: a deposit must be above zero",
        ]
    );
}

#[test]
fn every_tax_rate_that_contradicts_is_named() {
    let rates = vec![
        rate("food", "State", "4", false),
        rate("food", "State", "5", false),
        rate("food", "VAT", "5", true),
        rate("toys", "State", "-1", false),
        rate("toys", "City", "1000.1", false),
        rate("toys", "County", "1.000001", false),
        rate("none", "State", "0", false),
    ];
    assert_eq!(
        said(vec![], vec![], rates),
        [
            "tax rate State of here on food: the jurisdiction has another rate of this name on this category",
            "tax rate VAT of here on food: the category has rates that are included in the price and rates that are added to it",
            "tax rate State of here on toys: the percentage must be between 0 and 1000",
            "tax rate City of here on toys: the percentage must be between 0 and 1000",
            "tax rate County of here on toys: the percentage has more than 5 decimal places",
        ]
    );
}

#[test]
fn every_promotion_that_can_never_apply_is_named() {
    let promotion = |id: &str, sku: &str| Promotion {
        id: PromotionId(id.into()),
        name: id.into(),
        kind: PromotionKind::BOGO,
        target: Target { skus: [Sku::new(sku).unwrap()].into(), ..Target::default() },
        valid_from: None,
        valid_until: None,
        hours: Default::default(),
        stores: Default::default(),
        members_only: false,
        uses_max: None,
        discount_max: None,
        priority: 0,
        exclusive: true,
    };
    let promotions = vec![promotion("a", "jam"), promotion("b", "tea"), promotion("c", "jam")];
    assert_eq!(
        said(vec![article("jam")], promotions, fine()),
        [
            "promotion b: the catalog has no article tea",
            "promotion c: it contradicts a: both are exclusive, for the same article and time, with the same priority",
        ]
    );
}
