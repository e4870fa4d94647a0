//! Prices of lines: rounding, weights, identification, bad lines, sums.

use super::*;

#[test]
fn cp_001_halves_of_a_cent_go_where_the_mode_says_at_both_levels() {
    // One dollar a pound: the weight is the price.
    let mut rules = shop(vec![]);
    rules.items[2].unit_price = usd(100);
    let table = [("0.005", [1, 0, 0]), ("0.995", [100, 100, 99]), ("0.015", [2, 2, 1]), ("0.994", [99, 99, 99])];
    for (weight, cents) in table {
        for (mode, cents) in MODES.into_iter().zip(cents) {
            for level in LEVELS {
                let purchase = priced_with(vec![item("ham", weight, "lb")], &rules, settings(mode, level));
                assert_eq!(purchase.price, usd(cents), "{weight} {mode:?} {level}");
            }
        }
    }
}

#[test]
fn two_halves_are_rounded_twice_by_line_and_once_by_invoice() {
    let mut rules = shop(vec![]);
    rules.items[2].unit_price = usd(99);
    let halves = || vec![item("ham", "0.5", "lb"), item("ham", "0.5", "lb")];
    let by_line = priced_with(halves(), &rules, settings(Rounding::HalfUp, RoundingLevel::Line));
    assert_eq!(by_line.lines.iter().map(|line| line.price.minor()).collect::<Vec<_>>(), [50, 50]);
    let by_invoice = priced_with(halves(), &rules, settings(Rounding::HalfUp, RoundingLevel::Invoice));
    assert_eq!(by_invoice.lines.iter().map(|line| line.price.minor()).collect::<Vec<_>>(), [50, 49]);
}

#[test]
fn cp_011_the_total_is_price_less_promotions_plus_tax_plus_deposits() {
    let mut rules = shop(vec![only(&["tea"], amount_off("tea", 499))]);
    rules.items[0].deposits = vec![Deposit { name: "Bottle deposit".into(), amount: usd(25) }];
    let purchase = priced(vec![pieces("tea", 2), pieces("bread", 1)], &rules);
    // Tea: 49.98 − 9.98 = 40.00, of which 10.75 % is 4.30; two deposits of 0.25.
    let parts = [purchase.price, purchase.promotions, purchase.tax, purchase.deposits, purchase.total];
    assert_eq!(parts.map(Money::minor), [5297, 998, 430, 50, 4779]);
    let lines = purchase.lines.iter().map(|line| line.total().unwrap());
    assert_eq!(Money::sum(Currency::USD, lines), Ok(purchase.total));
}

#[test]
fn cp_013_large_carts_are_exact_and_too_large_ones_are_an_error() {
    let mut rules = shop(vec![percent_off("half", "50")]);
    let purchase = priced((0..2_000).map(|_| item("tea", "9999999", "unit")).collect(), &rules);
    assert_eq!(purchase.price.minor(), 2499 * 9_999_999 * 2_000);
    assert_eq!(purchase.promotions.minor() * 2, purchase.price.minor());
    rules.items[0].unit_price = usd(i64::MAX);
    let cart = Cart { items: vec![pieces("tea", 2)] };
    assert_eq!(price(&cart, &rules, &demo_store(), NOW), Err(MoneyError::Overflow));
}

#[test]
fn cp_014_without_a_promotion_the_catalogs_price_is_the_price() {
    let rules = shop(vec![]);
    for article in rules.items.iter().filter(|it| it.tax_category.as_str() != "no such category") {
        let purchase = priced(vec![item(article.sku.as_str(), "1", article.sold_by.as_str())], &rules);
        assert_eq!((purchase.lines[0].unit_price, purchase.price), (article.unit_price, article.unit_price));
        assert!(purchase.lines[0].discount.is_zero());
    }
}

#[test]
fn comp_002_what_is_charged_names_the_displayed_price_and_every_promotion() {
    let purchase = priced(vec![pieces("bread", 3)], &shop(vec![percent_off("spring", "10")]));
    let line = &purchase.lines[0];
    assert_eq!((line.unit_price, line.price), (usd(299), usd(897)));
    assert_eq!(
        line.applied,
        [AppliedPromotion { id: PromotionId("spring".into()), name: "Promotion spring".into(), amount: usd(90) }]
    );
    let words: Vec<_> = line.explanation.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "Found by its article number bread.",
            "3 unit at 2.99 USD is 8.97 USD.",
            "The promotion “Promotion spring” (spring) takes off 0.90 USD, which leaves 8.07 USD.",
            "No tax: the category food is exempt in US-NY.",
        ]
    );
}

#[test]
fn cp_015_duplicates_stay_two_lines_and_are_one_article_for_promotions() {
    let purchase = priced(
        vec![pieces("jam", 1), pieces("bread", 1), pieces("jam", 1)],
        &shop(vec![only(&["jam"], promotion("bogo", PromotionKind::BOGO))]),
    );
    let skus: Vec<_> = purchase.lines.iter().map(|line| line.sku.as_str()).collect();
    assert_eq!(skus, ["jam", "bread", "jam"]);
    assert_eq!(discounts(&purchase), [200, 0, 200]);
}

#[test]
fn op_003_a_weighed_article_is_priced_by_weight_in_any_unit() {
    let rules = shop(vec![]);
    for (value, unit, cents) in [("1.5", "lb", 1500), ("24", "oz", 1500), ("0.45359237", "kg", 1000), ("1", "KG", 2205)]
    {
        let purchase = priced(vec![item("ham", value, unit)], &rules);
        assert_eq!(purchase.price, usd(cents), "{value} {unit}");
    }
    let line = &priced(vec![item("ham", "1", "kg")], &rules).lines[0];
    assert_eq!((line.quantity, line.unit.as_str()), (decimal("2.204623"), "lb"));
    assert_eq!(line.explanation[1].to_string(), "1 kg is 2.204623 lb.");
}

#[test]
fn op_004_and_op_005_a_barcode_of_any_length_and_a_further_identifier_find_the_article() {
    let mut rules = shop(vec![]);
    rules.items[0].identifiers = vec![ExternalIdentifier { kind: IdentifierKind::Upc, id: "036000291452".to_owned() }];
    rules.items[1].identifiers = vec![ExternalIdentifier { kind: IdentifierKind::Plu, id: "4011".to_owned() }];
    let scan = |id: &str| CartItem { kind: CartItemKind::Scancode, ..pieces(id, 1) };
    let renamed = |kind, id: &str| CartItem {
        external_identifiers: vec![ExternalIdentifier { kind, id: id.to_owned() }],
        ..pieces("old-number", 1)
    };
    let items = vec![
        scan("036000291452"),
        scan("0036000291452"),
        scan("4011"),
        renamed(IdentifierKind::Gtin, "00036000291452"),
        renamed(IdentifierKind::Plu, "4011"),
        renamed(IdentifierKind::Isbn, "4011"),
    ];
    let purchase = priced(items, &rules);
    let skus: Vec<_> = purchase.lines.iter().map(|line| line.sku.as_str()).collect();
    assert_eq!(skus, ["tea", "tea", "bread", "tea", "bread"]);
    assert_eq!(purchase.bad_lines[0].line_no, 6);
}

#[test]
fn op_010_what_cannot_be_priced_is_set_aside_and_the_rest_is_priced() {
    let purchase = priced(
        vec![
            item("UNKNOWN-SKU-999", "1", "unit"),
            item("ham", "1", "bushel"),
            item("tea", "0", "unit"),
            item("odd", "1", "unit"),
            item("tea", "1.5", "unit"),
            item("bread", "1", "each"),
        ],
        &shop(vec![]),
    );
    let causes: Vec<_> = purchase.bad_lines.iter().map(|bad| (bad.line_no, bad.cause)).collect();
    use BadLineCause::*;
    assert_eq!(causes, [(1, UnknownItem), (2, UnknownUnit), (3, ZeroQuantity), (4, UnknownTax), (5, FractionOfPiece)]);
    assert_eq!((purchase.lines[0].line_no, purchase.total), (6, usd(299)));
}

#[test]
fn an_empty_cart_costs_nothing() {
    assert_eq!(priced(vec![], &shop(vec![percent_off("all", "10")])).total, usd(0));
}

#[test]
fn rules_in_another_currency_are_refused() {
    let mut rules = shop(vec![]);
    rules.items[1].unit_price = Money::new(299, Currency::JPY);
    let cart = Cart { items: vec![pieces("bread", 1)] };
    assert_eq!(price(&cart, &rules, &demo_store(), NOW), Err(MoneyError::CurrencyMismatch));
}

#[test]
fn a_purchase_reads_back_from_its_stored_form() {
    let rules = shop(vec![percent_off("spring", "10"), promotion("bogo", PromotionKind::BOGO)]);
    let purchase = priced(vec![pieces("tea", 3), item("ham", "1", "kg"), pieces("odd", 1)], &rules);
    let stored = serde_json::to_string(&purchase).unwrap();
    assert_eq!(serde_json::from_str::<Purchase>(&stored).unwrap(), purchase);
    let stored = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<RuleSet>(&stored).unwrap(), rules);
}

#[test]
fn pf_004_sixty_mixed_lines_with_stacked_promotions_and_several_rates_add_up() {
    let mut rules = shop(vec![
        percent_off("a", "10"),
        promotion("b", PromotionKind::BOGO),
        promotion("c", PromotionKind::MultiBuy { count: 3, price: usd(900) }),
        promotion("d", PromotionKind::BasketPercent { threshold: usd(5000), percent: decimal("5") }),
    ]);
    rules.tax_rates.push(rate("standard", "City tax", "4.5"));
    rules.tax_rates.push(rate("food", "City tax", "1.125"));
    let line = |n: u32| match n % 4 {
        0 => pieces("tea", n % 3 + 1),
        1 => item("ham", "0.995", "lb"),
        2 => item("ham", "250", "g"),
        _ => pieces("jam", 2),
    };
    for level in LEVELS {
        let purchase = priced_with((0..60).map(line).collect(), &rules, settings(Rounding::HalfEven, level));
        assert_eq!((purchase.lines.len(), purchase.applied.len()), (60, 4));
        let lines = purchase.lines.iter().map(|line| line.total().unwrap());
        assert_eq!(Money::sum(Currency::USD, lines), Ok(purchase.total));
        assert_eq!(Money::sum(Currency::USD, purchase.applied.iter().map(|it| it.amount)), Ok(purchase.promotions));
    }
}

#[test]
fn the_whole_purchase_can_be_read_out() {
    let mut rules = shop(vec![
        percent_off("tea time", "10"),
        promotion("d", PromotionKind::BasketAmount { threshold: usd(50_000), amount: usd(100) }),
    ]);
    rules.items[0].deposits = vec![Deposit { name: "Bottle deposit".into(), amount: usd(25) }];
    let settings = PricingSettings { rounding_level: RoundingLevel::Invoice, ..best_deal() };
    let items = vec![pieces("tea", 1), item("ham", "0.5", "lb"), item("ham", "0.255", "lb"), pieces("nothing", 1)];
    let purchase = priced_with(items, &rules, settings);
    let words: Vec<_> = purchase.explanation.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "Priced by rule set 7 and engine version 1, with the taxes of US-NY; rounded to the nearest, halves up once for the whole cart.",
            "Promotions that this cart could get: 2; every combination was compared, and the cheapest for the shopper is used.",
            "The promotion “Promotion tea time” takes off 3.26 USD in all.",
            "The promotion “Promotion d” was not used: 29.28 USD of 500.00 USD was reached.",
            "Sales tax (US-NY), 10.75 %, is added to 22.49 USD of the cart: 2.42 USD, rounded to the nearest, halves up once and shared by the lines.",
            "One line could not be priced and is not charged.",
            "Prices 32.54 USD, less promotions 3.26 USD, plus tax 2.42 USD, plus deposits and fees 0.25 USD: the total is 31.95 USD.",
        ]
    );
    let tea: Vec<_> = purchase.lines[0].explanation.iter().map(ToString::to_string).collect();
    assert_eq!(tea[4], "Bottle deposit: 0.25 USD each, which is 0.25 USD.");
    assert_eq!(
        purchase.lines[1].explanation[1].to_string(),
        "The 2 lines of this article at 10.00 USD come to 7.55 USD together; the share of this one is 5.00 USD."
    );
}
