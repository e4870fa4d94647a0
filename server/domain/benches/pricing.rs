//! How long a cart takes: `cargo bench -p domain`. Prints percentiles, and how the cost grows with lines and promotions.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a benchmark that overflows has failed")]
#![allow(clippy::disallowed_methods, reason = "a benchmark asks the clock")]
#![allow(clippy::float_arithmetic, reason = "a slope is no money")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::cart::{Cart, CartItem, CartItemKind, Quantity};
use domain::catalog::{CatalogItem, RuleSet, RuleSetId, SoldBy};
use domain::id::{Sku, StoreId};
use domain::money::{Currency, Money};
use domain::pricing::{self, Occasion, PricingSettings, PromotionPolicy, RoundingLevel};
use domain::promotion::{Promotion, PromotionId, PromotionKind, Target};
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use domain::tax::TaxRate;
use domain::unit::WeightUnit;
use rust_decimal::Decimal;
use time::OffsetDateTime;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn store(promotion_policy: PromotionPolicy, rounding_level: RoundingLevel) -> Store {
    Store {
        id: StoreId::new("bench").unwrap(),
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
        pricing: PricingSettings { promotion_policy, rounding_level, ..PricingSettings::plain("here") },
        review_limit: time::Duration::hours(24),
        token_life: time::Duration::hours(46),
        capture_repeat_is_safe: false,
        transactional_data_proves_capture: false,
        skips_adjust: false,
        refund: RefundRules::plain(Currency::USD),
    }
}

/// One line per article; every fifth is weighed. Four rates on each.
fn cart(lines: usize) -> (Cart, Vec<CatalogItem>) {
    let sku = |n: usize| format!("SKU-{n:05}");
    let weighed = |n: usize| n % 5 == 4;
    let item = |n: usize| CatalogItem {
        sku: Sku::new(&sku(n)).unwrap(),
        name: format!("Article number {n}"),
        sold_by: if weighed(n) { SoldBy::Weight(WeightUnit::Lb) } else { SoldBy::Unit },
        unit_price: usd(199 + i64::try_from(n * 37 % 2000).unwrap()),
        tax_category: ["food", "drink", "general"][n % 3].into(),
        category: Some(["grocery", "home"][n % 2].into()),
        subcategory: None,
        brand: None,
        identifiers: vec![],
        deposits: vec![],
    };
    let line = |n: usize| CartItem {
        id: sku(n),
        kind: CartItemKind::Sku,
        quantity: Quantity {
            value: if weighed(n) { Decimal::new(1337, 3) } else { Decimal::from(n % 4 + 1) },
            unit: if weighed(n) { "lb" } else { "unit" }.to_owned(),
        },
        external_identifiers: vec![],
        line_item_id: None,
    };
    (Cart { items: (0..lines).map(line).collect() }, (0..lines).map(item).collect())
}

/// All of them stack, and all are on every article.
fn promotions(count: usize) -> Vec<Promotion> {
    let kind = |n: usize| match n % 7 {
        0 => PromotionKind::Percent { percent: Decimal::new(25, 1) },
        1 => PromotionKind::AmountOff { amount: usd(5) },
        2 => PromotionKind::BuyGet { buy: 5, get: 1, percent: Decimal::from(30) },
        3 => PromotionKind::MultiBuy { count: 3, price: usd(5500) },
        4 => PromotionKind::BasketPercent { threshold: usd(1000), percent: Decimal::ONE },
        5 => PromotionKind::BasketAmount { threshold: usd(1000), amount: usd(77) },
        _ => PromotionKind::MemberPrice { unit_price: usd(1900) },
    };
    let promotion = |n: usize| Promotion {
        id: PromotionId(format!("P{n:03}").as_str().into()),
        name: format!("Promotion number {n}").into(),
        kind: kind(n),
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
    };
    (0..count).map(promotion).collect()
}

fn rates() -> Vec<TaxRate> {
    let names = [("State", "4"), ("City", "4.5"), ("County", "0.375"), ("District", "1.25")];
    let rate = |category: &str, (name, percent): (&str, &str)| TaxRate {
        jurisdiction: "here".into(),
        tax_category: category.into(),
        name: name.into(),
        percent: percent.parse().unwrap(),
        included: false,
    };
    ["food", "drink", "general"].iter().flat_map(|category| names.map(|name| rate(category, name))).collect()
}

/// Median and 99th percentile of the quietest of five rounds: what else the machine does is not the engine's.
fn measure(lines: usize, promotion_count: usize, store: &Store) -> (Duration, Duration) {
    let (cart, items) = cart(lines);
    let rules = RuleSet { id: RuleSetId(1), items, promotions: promotions(promotion_count), tax_rates: rates() };
    let occasion = Occasion { at: OffsetDateTime::UNIX_EPOCH, member: true };
    let round = |_| {
        let mut times = vec![];
        let began = Instant::now();
        while times.len() < 200 || (began.elapsed() < Duration::from_millis(300) && times.len() < 5_000) {
            let start = Instant::now();
            black_box(pricing::price(black_box(&cart), black_box(&rules), store, occasion).unwrap());
            times.push(start.elapsed());
        }
        times.sort_unstable();
        (times[times.len() / 2], times[times.len() * 99 / 100])
    };
    (0..5).map(round).min_by_key(|(_, p99)| *p99).unwrap()
}

/// The power with which the median grows from the first to the last of `counts`: 1 is linear.
fn power(counts: &[usize], median: impl Fn(usize) -> Duration) -> f64 {
    let points: Vec<_> = counts.iter().map(|count| ((*count as f64).ln(), median(*count).as_secs_f64().ln())).collect();
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>();
    over / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

fn main() {
    let stack = store(PromotionPolicy::Stack, RoundingLevel::Line);
    let invoice = store(PromotionPolicy::Stack, RoundingLevel::Invoice);
    let best = store(PromotionPolicy::BestDeal, RoundingLevel::Line);
    let rows = [
        ("stack, by line", 50, 20, &stack, Some(200)),
        ("stack, by invoice", 50, 20, &invoice, Some(200)),
        ("stack, by line", 500, 20, &stack, Some(2000)),
        ("stack, by invoice", 500, 20, &invoice, Some(2000)),
        ("best deal, exact", 50, 4, &best, None),
        ("best deal, exact", 50, 8, &best, None),
        ("best deal, by priority", 50, 20, &best, None),
    ];
    println!(
        "{:<24} {:>5} {:>10} {:>10} {:>10}  target p99",
        "4 rates on every line", "lines", "promotions", "p50 µs", "p99 µs"
    );
    let mut missed = false;
    for (name, lines, promotions, store, target) in rows {
        let (p50, p99) = measure(lines, promotions, store);
        let verdict = target.map_or_else(String::new, |most| {
            missed |= p99.as_micros() > most;
            format!("{most} µs: {}", if p99.as_micros() > most { "MISSED" } else { "met" })
        });
        println!("{name:<24} {lines:>5} {promotions:>10} {:>10} {:>10}  {verdict}", p50.as_micros(), p99.as_micros());
    }
    let by_lines = power(&[50, 100, 200, 400, 800], |lines| measure(lines, 20, &stack).0);
    let by_promotions = power(&[10, 20, 40, 80], |promotions| measure(50, promotions, &stack).0);
    println!("cost grows with lines^{by_lines:.2} and promotions^{by_promotions:.2} (1 is linear)");
    // The explanation of a large cart fills megabytes; asking the system for them adds about a tenth to the power.
    if missed || by_lines > 1.15 || by_promotions > 1.15 {
        std::process::exit(1);
    }
}
