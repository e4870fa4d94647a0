//! What holds for every cart, every rule set and every store.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use domain::cart::{Cart, CartItem, CartItemKind, Quantity};
use domain::catalog::{CatalogItem, Deposit, RuleSet, RuleSetId, SoldBy};
use domain::id::{Sku, StoreId};
use domain::money::{Currency, Money, Rounding};
use domain::pricing::{self, Occasion, PricingSettings, PromotionPolicy, Purchase, RoundingLevel};
use domain::promotion::{Promotion, PromotionId, PromotionKind, Target};
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use domain::tax::TaxRate;
use domain::unit::WeightUnit;
use proptest::prelude::*;
use rust_decimal::Decimal;
use time::{Duration, OffsetDateTime};

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn store(pricing: PricingSettings) -> Store {
    Store {
        id: StoreId::new("store").unwrap(),
        merchant: Merchant {
            name: String::new(),
            address: String::new(),
            tax_number: String::new(),
            contact: String::new(),
        },
        currency: Currency::USD,
        gate_strategy: GateStrategy::CustomerManaged,
        debt_threshold: None,
        feedback: FeedbackPolicy::Always,
        bad_cart: BadCartPolicy::ChargeRecognised,
        decline: DeclinePolicy::DebtInFull,
        pricing,
        review_limit: Duration::hours(24),
        token_life: Duration::hours(46),
        capture_repeat_is_safe: true,
        transactional_data_proves_capture: true,
        skips_adjust: false,
        refund: RefundRules::plain(Currency::USD),
    }
}

const ARTICLES: usize = 5;

fn sku(n: usize) -> Sku {
    Sku::new(&format!("A{n}")).unwrap()
}

/// The last two are weighed, the first has a deposit.
fn articles(prices: &[i64]) -> Vec<CatalogItem> {
    let article = |(n, price): (usize, &i64)| CatalogItem {
        sku: sku(n),
        name: format!("Article {n}"),
        sold_by: if n >= 3 { SoldBy::Weight(WeightUnit::Lb) } else { SoldBy::Unit },
        unit_price: usd(*price),
        tax_category: ["food", "drink", "exempt"][n % 3].into(),
        category: Some(["grocery", "home"][n % 2].into()),
        subcategory: None,
        brand: None,
        identifiers: vec![],
        deposits: if n == 0 { vec![Deposit { name: "Deposit".into(), amount: usd(5) }] } else { vec![] },
    };
    prices.iter().enumerate().map(article).collect()
}

fn any_percent() -> impl Strategy<Value = Decimal> {
    prop_oneof![Just(Decimal::ONE_HUNDRED), (1_i64..=1000).prop_map(|tenths| Decimal::new(tenths, 1))]
}

fn any_kind() -> impl Strategy<Value = PromotionKind> {
    prop_oneof![
        any_percent().prop_map(|percent| PromotionKind::Percent { percent }),
        (1_i64..300).prop_map(|cents| PromotionKind::AmountOff { amount: usd(cents) }),
        (1_u32..3, 1_u32..3, any_percent()).prop_map(|(buy, get, percent)| PromotionKind::BuyGet { buy, get, percent }),
        (1_u32..3, 1_u32..3, any_percent(), 0..ARTICLES).prop_map(|(buy, get, percent, n)| {
            let other = Target { skus: [sku(n), sku(1)].into(), ..Target::default() };
            PromotionKind::BuyGetOther { buy, get, percent, other }
        }),
        (2_u32..4, 0_i64..900).prop_map(|(count, cents)| PromotionKind::MultiBuy { count, price: usd(cents) }),
        (0_i64..2000, any_percent())
            .prop_map(|(threshold, percent)| PromotionKind::BasketPercent { threshold: usd(threshold), percent }),
        (0_i64..2000, 1_i64..900).prop_map(|(threshold, cents)| PromotionKind::BasketAmount {
            threshold: usd(threshold),
            amount: usd(cents)
        }),
        (0_i64..400).prop_map(|cents| PromotionKind::MemberPrice { unit_price: usd(cents) }),
    ]
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::default()),
        prop::collection::btree_set((0..ARTICLES).prop_map(sku), 1..4)
            .prop_map(|skus| Target { skus, ..Target::default() }),
        Just(Target { categories: ["grocery".into()].into(), ..Target::default() }),
    ]
}

prop_compose! {
    fn any_promotion()(
        kind in any_kind(), target in any_target(), uses_max in prop::option::weighted(0.2, 1_u32..4),
        cap in prop::option::weighted(0.2, 1_i64..300), priority in 0..3, exclusive in prop::bool::weighted(0.3),
    ) -> Promotion {
        Promotion {
            id: PromotionId("unnamed".into()), name: "Promotion".into(), kind, target, valid_from: None, valid_until: None,
            hours: Default::default(), stores: Default::default(), members_only: false, uses_max, discount_max: cap.map(usd), priority, exclusive,
        }
    }
}

/// With ids that do not follow the order of the list.
fn any_promotions(most: usize) -> impl Strategy<Value = Vec<Promotion>> {
    prop::collection::vec(any_promotion(), 0..=most).prop_map(|promotions| {
        let named = promotions.into_iter().enumerate();
        named.map(|(n, it)| Promotion { id: PromotionId(format!("P{}", n * 7 % 10).into()), ..it }).collect()
    })
}

prop_compose! {
    fn any_rules(most: usize)(
        prices in prop::collection::vec(prop_oneof![1_i64..20, 1_i64..3000], ARTICLES),
        promotions in any_promotions(most),
        percents in prop::collection::vec(0_i64..20_000, 3),
        included: bool,
    ) -> RuleSet {
        let rate = |category: &str, name: &str, percent: Decimal| TaxRate {
            jurisdiction: "here".into(), tax_category: category.into(), name: name.into(), percent, included,
        };
        let percent = |n: usize| Decimal::new(percents[n], 3);
        let tax_rates = vec![
            rate("food", "State", percent(0)), rate("food", "City", percent(1)),
            rate("drink", "State", percent(0)), rate("drink", "Drinks", percent(2)), rate("exempt", "State", Decimal::ZERO),
        ];
        RuleSet { id: RuleSetId(1), items: articles(&prices), promotions, tax_rates }
    }
}

fn line(n: usize, amount: i64) -> CartItem {
    let (value, unit) = if n >= 3 { (Decimal::new(amount, 2), "lb") } else { (Decimal::from(amount), "unit") };
    CartItem {
        id: sku(n).to_string(),
        kind: CartItemKind::Sku,
        quantity: Quantity { value, unit: unit.to_owned() },
        external_identifiers: vec![],
        line_item_id: None,
    }
}

fn any_lines() -> impl Strategy<Value = Vec<CartItem>> {
    let weighed = (3..ARTICLES, 1_i64..400);
    prop::collection::vec(prop_oneof![(0_usize..3, 1_i64..7), weighed], 0..7)
        .prop_map(|lines| lines.into_iter().map(|(n, amount)| line(n, amount)).collect())
}

prop_compose! {
    fn any_settings()(
        rounding in prop::sample::select(vec![Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown]),
        rounding_level in prop::sample::select(RoundingLevel::ALL), promotion_policy in prop::sample::select(PromotionPolicy::ALL),
        promotions_max in prop::option::weighted(0.1, 1_u32..3), cap in prop::option::weighted(0.1, 1_i64..500),
    ) -> PricingSettings {
        PricingSettings {
            rounding, rounding_level, promotion_policy, promotions_max, cart_discount_max: cap.map(usd),
            ..PricingSettings::plain("here")
        }
    }
}

fn priced(items: &[CartItem], rules: &RuleSet, settings: &PricingSettings) -> Purchase {
    let occasion = Occasion { at: OffsetDateTime::UNIX_EPOCH, member: true };
    pricing::price(&Cart { items: items.to_vec() }, rules, &store(settings.clone()), occasion).unwrap()
}

fn sums(purchase: &Purchase) -> [Money; 6] {
    [purchase.price, purchase.promotions, purchase.tax, purchase.tax_included, purchase.deposits, purchase.total]
}

fn best_deal(settings: PricingSettings) -> PricingSettings {
    PricingSettings { promotion_policy: PromotionPolicy::BestDeal, ..settings }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn the_order_of_the_cart_changes_no_sum(
        (items, shuffled) in any_lines().prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle())),
        rules in any_rules(6), settings in any_settings(),
    ) {
        prop_assert_eq!(sums(&priced(&items, &rules, &settings)), sums(&priced(&shuffled, &rules, &settings)));
    }

    #[test]
    fn the_parts_add_up_to_the_total_and_nothing_is_negative(
        items in any_lines(), rules in any_rules(10), settings in any_settings(),
    ) {
        let purchase = priced(&items, &rules, &settings);
        let [price, promotions, tax, tax_included, deposits, total] = sums(&purchase).map(Money::minor);
        prop_assert_eq!(total, price - promotions + tax + deposits);
        prop_assert!(total >= 0 && tax_included <= price - promotions);
        prop_assert_eq!(purchase.lines.iter().map(|line| line.total().unwrap().minor()).sum::<i64>(), total);
        prop_assert_eq!(purchase.applied.iter().map(|it| it.amount.minor()).sum::<i64>(), promotions);
        for line in &purchase.lines {
            let parts = [line.price, line.discount, line.tax, line.tax_included, line.deposit];
            prop_assert!(parts.iter().all(|part| part.minor() >= 0) && line.discount.minor() <= line.price.minor());
            prop_assert!(line.applied.iter().all(|it| it.amount.is_positive()));
            prop_assert_eq!(line.applied.iter().map(|it| it.amount.minor()).sum::<i64>(), line.discount.minor());
            let taxes = line.taxes.iter().map(|tax| tax.amount.minor()).sum::<i64>();
            prop_assert_eq!(taxes, line.tax.minor() + line.tax_included.minor());
        }
        if let Some(most) = settings.cart_discount_max {
            prop_assert!(promotions <= most.minor());
        }
    }

    #[test]
    fn pricing_again_gives_the_same_purchase(items in any_lines(), rules in any_rules(9), settings in any_settings()) {
        let mut reversed = rules.clone();
        reversed.items.reverse();
        reversed.promotions.reverse();
        reversed.tax_rates.reverse();
        prop_assert_eq!(priced(&items, &rules, &settings), priced(&items, &reversed, &settings));
    }

    #[test]
    fn per_invoice_splitting_and_merging_equal_lines_changes_no_sum(
        items in any_lines(), split in prop::collection::vec((0..ARTICLES, 1_i64..7, 1_i64..7), 1..3),
        rules in any_rules(6), settings in any_settings(),
    ) {
        let settings = PricingSettings { rounding_level: RoundingLevel::Invoice, ..settings };
        let (mut merged, mut parted) = (items.clone(), items);
        for (n, one, other) in split {
            merged.push(line(n, one + other));
            parted.extend([line(n, one), line(n, other)]);
        }
        prop_assert_eq!(sums(&priced(&merged, &rules, &settings)), sums(&priced(&parted, &rules, &settings)));
    }

    #[test]
    fn under_the_best_deal_one_more_promotion_never_makes_a_cart_dearer(
        items in any_lines(), rules in any_rules(7), more in any_promotion(), settings in any_settings(),
    ) {
        let settings = best_deal(settings);
        let before = priced(&items, &rules, &settings).total.minor();
        let mut rules = rules;
        rules.promotions.push(more);
        prop_assert!(priced(&items, &rules, &settings).total.minor() <= before);
    }

    #[test]
    fn the_best_deal_is_the_lowest_of_all_combinations(
        items in any_lines(), rules in any_rules(6), settings in any_settings(),
    ) {
        let stack = PricingSettings { promotion_policy: PromotionPolicy::Stack, ..settings.clone() };
        let combinations = (0_u32..1 << rules.promotions.len()).map(|chosen| {
            let promotions = rules.promotions.iter().enumerate().filter(|(n, _)| chosen & (1 << n) != 0);
            let promotions = promotions.map(|(_, promotion)| promotion.clone()).collect();
            priced(&items, &RuleSet { promotions, ..rules.clone() }, &stack).total.minor()
        });
        let lowest = combinations.min().unwrap();
        prop_assert_eq!(priced(&items, &rules, &best_deal(settings)).total.minor(), lowest);
    }
}
