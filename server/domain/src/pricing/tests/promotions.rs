//! Promotions: each kind, limits, stacking, exclusion, the best deal.

use super::*;

fn buy_get(id: &str, buy: u32, get: u32, percent: &str) -> Promotion {
    promotion(id, PromotionKind::BuyGet { buy, get, percent: decimal(percent) })
}

fn multi_buy(id: &str, count: u32, cents: i64) -> Promotion {
    promotion(id, PromotionKind::MultiBuy { count, price: usd(cents) })
}

fn basket_off(id: &str, threshold: i64, cents: i64) -> Promotion {
    promotion(id, PromotionKind::BasketAmount { threshold: usd(threshold), amount: usd(cents) })
}

fn taken(promotions: Vec<Promotion>, items: Vec<CartItem>) -> i64 {
    priced(items, &shop(promotions)).promotions.minor()
}

fn why_not(purchase: &Purchase, id: &str) -> Option<Unused> {
    purchase.explanation.iter().find_map(|step| match step {
        Step::Unused { promotion, why, .. } if promotion.0.as_str() == id => Some(why.clone()),
        _ => None,
    })
}

#[test]
fn cp_002_percent_off_is_the_exact_percentage_rounded_once_per_article() {
    assert_eq!(taken(vec![percent_off("p", "12.5")], vec![pieces("jam", 1)]), 50);
    assert_eq!(taken(vec![percent_off("p", "15")], vec![pieces("bread", 1)]), 45); // 0.4485
    assert_eq!(taken(vec![percent_off("p", "15")], vec![pieces("bread", 3)]), 135); // 1.3455
    assert_eq!(taken(vec![percent_off("p", "50")], vec![item("ham", "0.995", "lb")]), 498); // of 9.95
}

#[test]
fn a_discount_of_100_percent_costs_exactly_nothing() {
    for level in LEVELS {
        for mode in MODES {
            let items = vec![pieces("tea", 3), item("ham", "0.995", "lb"), pieces("bread", 1)];
            let purchase = priced_with(items, &shop(vec![percent_off("all", "100")]), settings(mode, level));
            assert_eq!((purchase.total, purchase.tax), (usd(0), usd(0)));
        }
    }
}

#[test]
fn cp_003_an_amount_off_is_taken_from_every_piece_and_every_pound() {
    assert_eq!(taken(vec![amount_off("a", 100)], vec![pieces("bread", 3)]), 300);
    assert_eq!(taken(vec![amount_off("a", 100)], vec![item("ham", "1.5", "lb")]), 150);
}

#[test]
fn cp_004_buy_one_get_one_with_odd_counts() {
    for (count, free) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)] {
        assert_eq!(
            taken(vec![promotion("bogo", PromotionKind::BOGO)], vec![pieces("jam", count)]),
            400 * free,
            "{count}"
        );
    }
}

#[test]
fn the_cheapest_pieces_of_the_row_are_the_free_ones() {
    let bogo = || vec![promotion("bogo", PromotionKind::BOGO)];
    assert_eq!(taken(bogo(), vec![pieces("tea", 1), pieces("bread", 1), pieces("jam", 1)]), 299);
    assert_eq!(taken(bogo(), vec![pieces("tea", 1), pieces("bread", 1), pieces("jam", 2)]), 299 + 400);
    assert_eq!(taken(vec![buy_get("b", 2, 1, "50")], vec![pieces("jam", 7)]), 2 * 200);
    assert_eq!(taken(bogo(), vec![item("ham", "2", "lb"), pieces("jam", 1)]), 0, "weighed articles take no part");
}

#[test]
fn a_multi_buy_takes_the_dearest_pieces_and_leaves_cheaper_sets_alone() {
    assert_eq!(taken(vec![multi_buy("m", 3, 1000)], vec![pieces("jam", 3)]), 200);
    assert_eq!(taken(vec![multi_buy("m", 3, 1000)], vec![pieces("jam", 7)]), 400);
    // 4.00 + 4.00 + 2.99 is dearer than 10.00, 2.99 three times is not.
    assert_eq!(taken(vec![multi_buy("m", 3, 1000)], vec![pieces("jam", 2), pieces("bread", 4)]), 99);
}

#[test]
fn a_multi_buy_of_very_many_pieces_is_reckoned_at_once() {
    assert_eq!(taken(vec![multi_buy("m", 3, 1000)], vec![item("jam", "9999999999", "unit")]), 200 * 3_333_333_333);
}

#[test]
fn ten_dollars_off_three_lines_lose_no_cent() {
    let mut rules = shop(vec![basket_off("ten", 0, 1000)]);
    rules.items[1].unit_price = usd(400);
    rules.items[2].unit_price = usd(400);
    let purchase = priced(vec![pieces("jam", 1), pieces("bread", 1), item("ham", "1", "lb")], &rules);
    // By article number: bread, ham, jam.
    assert_eq!(discounts(&purchase), [333, 334, 333]);
}

#[test]
fn a_basket_promotion_needs_its_threshold_after_the_promotions_before_it() {
    let rules = |off| shop(vec![amount_off("a", off), basket_off("b", 800, 100)]);
    assert_eq!(priced(vec![pieces("jam", 3)], &rules(130)).promotions, usd(390 + 100), "reached: 8.10");
    let purchase = priced(vec![pieces("jam", 3)], &rules(134));
    assert_eq!(purchase.promotions, usd(402));
    assert_eq!(why_not(&purchase, "b"), Some(Unused::BelowThreshold { basket: usd(798), threshold: usd(800) }));
    let exactly = shop(vec![basket_off("b", 1200, 100)]);
    assert_eq!(priced(vec![pieces("jam", 3)], &exactly).promotions, usd(100));
}

#[test]
fn a_member_price_is_for_members() {
    let rules = shop(vec![only(&["jam"], promotion("m", PromotionKind::MemberPrice { unit_price: usd(350) }))]);
    let cart = Cart { items: vec![pieces("jam", 2), pieces("bread", 1)] };
    let off = |member| price(&cart, &rules, &demo_store(), Occasion { member, ..NOW }).unwrap().promotions.minor();
    assert_eq!((off(false), off(true)), (0, 100));
}

#[test]
fn a_promotion_runs_from_its_beginning_until_just_before_its_end_in_its_stores() {
    let now = NOW.at;
    let second = time::Duration::seconds(1);
    let run = |from, until| {
        let promotion = Promotion { valid_from: from, valid_until: until, ..percent_off("p", "10") };
        taken(vec![promotion], vec![pieces("jam", 1)]) > 0
    };
    assert!(run(Some(now), Some(now + second)));
    assert!(!run(None, Some(now)));
    assert!(!run(Some(now + second), None));
    let elsewhere = Promotion { stores: [crate::id::StoreId::new("other").unwrap()].into(), ..percent_off("p", "10") };
    assert_eq!(taken(vec![elsewhere], vec![pieces("jam", 1)]), 0);
}

#[test]
fn a_promotion_may_name_categories() {
    let food = Target { categories: ["food".into()].into(), ..Target::default() };
    let promotion = Promotion { target: food, ..percent_off("p", "10") };
    let purchase = priced(vec![pieces("tea", 1), pieces("jam", 1)], &shop(vec![promotion]));
    assert_eq!(discounts(&purchase), [0, 40]);
}

#[test]
fn cp_005_stacked_promotions_follow_their_priority_and_each_takes_from_what_is_left() {
    let first = |id: &str, promotion: Promotion| Promotion { priority: -1, id: PromotionId(id.into()), ..promotion };
    let (percent, amount) = (percent_off("b", "50"), amount_off("a", 100));
    assert_eq!(taken(vec![first("p", percent.clone()), amount.clone()], vec![pieces("jam", 1)]), 200 + 100);
    assert_eq!(taken(vec![percent.clone(), first("z", amount.clone())], vec![pieces("jam", 1)]), 100 + 150);
    let purchase = priced(vec![pieces("jam", 1)], &shop(vec![percent, amount]));
    let names: Vec<_> = purchase.lines[0].applied.iter().map(|it| it.id.0.as_str()).collect();
    assert_eq!(names, ["a", "b"], "of one priority, by id");
}

#[test]
fn g16_an_exclusive_promotion_stops_others_only_where_it_took_something_off() {
    let exclusive = |promotion| Promotion { exclusive: true, priority: -1, ..promotion };
    let rules = shop(vec![exclusive(only(&["jam"], promotion("bogo", PromotionKind::BOGO))), percent_off("p", "10")]);
    // One jam: the exclusive one has no set, so it stops nothing.
    assert_eq!(discounts(&priced(vec![pieces("jam", 1), pieces("bread", 1)], &rules)), [40, 30]);
    let purchase = priced(vec![pieces("jam", 2), pieces("bread", 1)], &rules);
    assert_eq!(discounts(&purchase), [400, 30]);
    // Nor is an exclusive one used on what another has made cheaper.
    let rules = shop(vec![percent_off("p", "10"), Promotion { priority: 1, ..exclusive(amount_off("x", 399)) }]);
    let rules = RuleSet { promotions: rules.promotions.into_iter().rev().collect(), ..rules };
    let purchase = priced(vec![pieces("jam", 1)], &rules);
    assert_eq!(purchase.promotions, usd(40));
    assert_eq!(why_not(&purchase, "x"), Some(Unused::Excluded));
}

#[test]
fn cp_006_caps_and_limits_hold() {
    let capped = Promotion { discount_max: Some(usd(250)), ..percent_off("p", "50") };
    let purchase = priced(vec![pieces("jam", 2), pieces("bread", 2)], &shop(vec![capped]));
    assert_eq!((purchase.promotions, discounts(&purchase)), (usd(250), vec![143, 107]));
    assert!(purchase.explanation.iter().any(|step| matches!(step, Step::Applied { capped: true, .. })));
    let twice = Promotion { uses_max: Some(2), ..promotion("bogo", PromotionKind::BOGO) };
    assert_eq!(taken(vec![twice], vec![pieces("jam", 9)]), 800);
    let three = Promotion { uses_max: Some(3), ..percent_off("p", "50") };
    assert_eq!(taken(vec![three], vec![pieces("bread", 5), pieces("jam", 2)]), 400 + 150, "the dearest first");
    let rules = shop(vec![percent_off("a", "10"), percent_off("b", "10")]);
    let one = PricingSettings { promotions_max: Some(1), ..PricingSettings::plain("US-NY") };
    let purchase = priced_with(vec![pieces("jam", 1)], &rules, one);
    assert_eq!((purchase.promotions, why_not(&purchase, "b")), (usd(40), Some(Unused::CartLimit)));
    let little = PricingSettings { cart_discount_max: Some(usd(50)), ..PricingSettings::plain("US-NY") };
    assert_eq!(priced_with(vec![pieces("jam", 1)], &rules, little).promotions, usd(50));
}

#[test]
fn cp_012_no_discount_makes_anything_negative() {
    let rules = shop(vec![
        amount_off("a", 1_000_000),
        basket_off("b", 0, 1_000_000),
        percent_off("c", "100"),
        promotion("d", PromotionKind::BOGO),
    ]);
    let purchase = priced(vec![pieces("tea", 2), item("ham", "0.3", "lb"), pieces("jam", 1)], &rules);
    assert_eq!(purchase.total, usd(0));
    assert!(purchase.lines.iter().all(|line| line.discount == line.price));
}

#[test]
fn the_best_deal_is_the_cheapest_combination_taxes_included() {
    // Exclusive 30 % on everything against 1.00 off each jam and 10 % off: the latter is better on jam alone.
    let exclusive = Promotion { exclusive: true, priority: -1, ..percent_off("x", "30") };
    let rules = shop(vec![exclusive, only(&["jam"], amount_off("a", 100)), percent_off("p", "10")]);
    let jam = priced_with(vec![pieces("jam", 1)], &rules, best_deal());
    assert_eq!(jam.promotions, usd(130));
    assert_eq!(why_not(&jam, "x"), Some(Unused::NotTheBestDeal));
    assert_eq!(priced(vec![pieces("jam", 1)], &rules).promotions, usd(120), "stack takes them in order");
    let both = priced_with(vec![pieces("jam", 1), pieces("tea", 1)], &rules, best_deal());
    assert_eq!(both.promotions, usd(120 + 750));
    assert!(both.explanation.iter().any(|step| matches!(step, Step::Chosen { exact: true, candidates: 3, .. })));
}

#[test]
fn a_smaller_discount_on_the_taxed_article_can_be_the_better_deal() {
    let one_of = |sku, id, cents| Promotion { exclusive: true, ..only(&[sku], amount_off(id, cents)) };
    let rules = shop(vec![one_of("tea", "tea", 95), one_of("bread", "bread", 100)]);
    let one = PricingSettings { promotions_max: Some(1), ..best_deal() };
    let purchase = priced_with(vec![pieces("tea", 1), pieces("bread", 1)], &rules, one);
    assert_eq!(purchase.applied[0].id.0.as_str(), "tea");
}

#[test]
fn beyond_eight_promotions_the_best_deal_goes_by_priority_and_says_so() {
    let many = |count| (0..count).map(|n| percent_off(&format!("p{n}"), "1")).collect::<Vec<_>>();
    let says_exact = |count| {
        let purchase = priced_with(vec![pieces("tea", 1)], &shop(many(count)), best_deal());
        purchase.explanation.iter().find(|step| matches!(step, Step::Chosen { .. })).map(ToString::to_string)
    };
    assert_eq!(
        says_exact(8).as_deref(),
        Some(
            "Promotions that this cart could get: 8; every combination was compared, and the cheapest for the shopper is used."
        )
    );
    assert_eq!(
        says_exact(9).as_deref(),
        Some(
            "Promotions that this cart could get: 9; too many to compare every combination, so they are used in their order of priority."
        )
    );
}

#[test]
fn a_rule_that_no_check_would_pass_still_makes_nothing_negative() {
    let wild = vec![
        percent_off("a", "250"),
        percent_off("b", "-40"),
        amount_off("c", -100),
        promotion("d", PromotionKind::BasketPercent { threshold: usd(0), percent: decimal("-10") }),
        basket_off("e", -5, -100),
        buy_get("f", 0, 0, "100"),
        multi_buy("g", 0, -1),
        promotion("h", PromotionKind::MemberPrice { unit_price: usd(-100) }),
    ];
    let member = Occasion { member: true, ..NOW };
    for promotion in wild {
        let cart = Cart { items: vec![pieces("tea", 2), item("ham", "0.3", "lb")] };
        let purchase = price(&cart, &shop(vec![promotion]), &demo_store(), member).unwrap();
        let lines = || purchase.lines.iter();
        assert!(lines().all(|line| line.discount.minor() >= 0 && line.discount.minor() <= line.price.minor()));
        assert!(purchase.total.minor() >= 0);
    }
}

/// Jam for whoever buys bread, `get` at `percent` off for every `buy`.
fn jam_with_bread(buy: u32, get: u32, percent: &str) -> Promotion {
    let target = |sku: &str| Target { skus: [Sku::new(sku).unwrap()].into(), ..Target::default() };
    let kind = PromotionKind::BuyGetOther { buy, get, percent: decimal(percent), other: target("jam") };
    Promotion { target: target("bread"), ..promotion("other", kind) }
}

#[test]
fn what_is_bought_makes_others_cheaper_and_nothing_else() {
    for (bread, jam, promotion, expected) in [
        (1, 1, jam_with_bread(1, 1, "100"), 400),
        (1, 3, jam_with_bread(1, 1, "100"), 400),
        (3, 1, jam_with_bread(1, 1, "100"), 400),
        (3, 2, jam_with_bread(1, 1, "50"), 400),
        (4, 9, jam_with_bread(2, 3, "100"), 2400),
        (4, 5, jam_with_bread(2, 3, "100"), 1200),
        (1, 9, jam_with_bread(2, 1, "100"), 0),
        (4, 2, jam_with_bread(2, 3, "100"), 0),
        (9, 9, Promotion { uses_max: Some(2), ..jam_with_bread(1, 1, "100") }, 800),
    ] {
        let items = vec![pieces("bread", bread), pieces("jam", jam), pieces("tea", 1), item("ham", "2", "lb")];
        let purchase = priced(items, &shop(vec![promotion]));
        assert_eq!(discounts(&purchase), [0, expected, 0, 0], "{bread} bread, {jam} jam");
    }
}

#[test]
fn what_is_to_buy_and_to_get_at_once_counts_among_the_others_and_the_cheapest_become_cheaper() {
    let other =
        |skus: &[&str]| Target { skus: skus.iter().map(|it| Sku::new(it).unwrap()).collect(), ..Target::default() };
    let kind = PromotionKind::BuyGetOther { buy: 1, get: 1, percent: decimal("100"), other: other(&["bread", "jam"]) };
    let anything = || vec![promotion("other", kind.clone())];
    assert_eq!(taken(anything(), vec![pieces("bread", 1), pieces("jam", 1)]), 0, "nothing else was bought");
    assert_eq!(taken(anything(), vec![pieces("bread", 1), pieces("jam", 1), pieces("tea", 1)]), 299);
    assert_eq!(taken(anything(), vec![item("ham", "2", "lb"), pieces("jam", 1)]), 0, "weighed articles take no part");
    // An exclusive promotion on what is bought: it does not count any more.
    let exclusive = Promotion { exclusive: true, ..only(&["tea"], percent_off("first", "10")) };
    let both = [vec![exclusive], anything()].concat();
    assert_eq!(taken(both, vec![pieces("jam", 1), pieces("tea", 1)]), 250);
}

#[test]
fn a_promotion_of_some_weekdays_and_hours_runs_only_then() {
    use time::macros::datetime;
    let hours = crate::promotion::Hours {
        weekdays: [crate::promotion::Weekday::Tue].into(),
        from: "17:00".parse().ok(),
        until: "19:00".parse().ok(),
    };
    let rules = shop(vec![Promotion { hours, ..percent_off("p", "50") }]);
    let off = |at| {
        let cart = Cart { items: vec![pieces("jam", 1)] };
        price(&cart, &rules, &demo_store(), Occasion { at, member: false }).unwrap().promotions.minor()
    };
    assert_eq!(off(datetime!(2026-03-10 17:00 UTC)), 200);
    assert_eq!(off(datetime!(2026-03-10 19:00 UTC)), 0);
    assert_eq!(off(datetime!(2026-03-10 16:59:59 UTC)), 0);
    assert_eq!(off(datetime!(2026-03-11 18:00 UTC)), 0);
    assert_eq!(off(datetime!(2026-03-10 12:00 -05:00)), 200, "hours are in UTC");
}
