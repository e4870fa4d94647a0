//! Taxes: rates, exemption, inclusion, rounding by line and by invoice.

use super::*;

fn taxes(purchase: &Purchase) -> Vec<Vec<i64>> {
    purchase.lines.iter().map(|line| line.taxes.iter().map(|tax| tax.amount.minor()).collect()).collect()
}

#[test]
fn cp_007_24_99_at_10_75_percent_is_2_69() {
    for level in LEVELS {
        for mode in MODES {
            let purchase = priced_with(vec![pieces("tea", 1)], &shop(vec![]), settings(mode, level));
            assert_eq!((purchase.tax, purchase.total), (usd(269), usd(2768)), "{mode:?} {level}"); // 2.686425
        }
    }
}

#[test]
fn cp_008_an_exempt_article_has_no_tax_and_says_so() {
    let purchase = priced(vec![pieces("bread", 1)], &shop(vec![]));
    assert_eq!((purchase.tax, purchase.lines[0].tax_percent()), (usd(0), Decimal::ZERO));
    assert!(matches!(purchase.lines[0].explanation.last(), Some(Step::Exempt { .. })));
}

#[test]
fn cp_009_every_category_has_its_rates_and_a_line_may_have_several() {
    let mut rules = shop(vec![]);
    rules.tax_rates = vec![
        rate("standard", "New York State", "4"),
        rate("standard", "New York City", "4.5"),
        rate("standard", "MCTD", "0.375"),
        rate("food", "New York State", "1"),
        TaxRate { jurisdiction: "US-NJ".into(), ..rate("food", "New Jersey", "6.625") },
    ];
    let purchase = priced(vec![pieces("tea", 1), pieces("bread", 1)], &rules);
    // By name: 0.0937125, 1.12455, 0.9996; and 0.0299.
    assert_eq!(taxes(&purchase), [vec![9, 112, 100], vec![3]]);
    assert_eq!(purchase.lines[0].tax_percent(), decimal("8.875"));
    assert_eq!(purchase.tax, usd(224));
}

#[test]
fn cp_010_tax_is_on_the_discounted_price() {
    let purchase = priced(vec![pieces("tea", 1)], &shop(vec![amount_off("five", 499)]));
    assert_eq!(purchase.tax, usd(215)); // 20.00 at 10.75 %
}

#[test]
fn comp_001_every_tax_names_its_law_rate_base_and_amount() {
    let purchase = priced(vec![pieces("tea", 1)], &shop(vec![amount_off("five", 499)]));
    let said = purchase.lines[0].explanation.last().map(ToString::to_string);
    assert_eq!(said.as_deref(), Some("Sales tax (US-NY), 10.75 %, is added to 20.00 USD: 2.15 USD."));
    let by = purchase.explanation[0].to_string();
    assert_eq!(
        by,
        "Priced by rule set 7 and engine version 1, with the taxes of US-NY; rounded to the nearest, halves up line by line."
    );
}

#[test]
fn an_included_tax_of_4_percent_in_2_99_is_0_11_or_0_12_by_the_way_of_asking() {
    // In the price: 2.99 × 4 / 104 = 0.115. On top: 2.99 × 4 % = 0.1196.
    let mut rules = shop(vec![]);
    rules.tax_rates = vec![TaxRate { included: true, ..rate("food", "VAT", "4") }];
    for (mode, cents) in MODES.into_iter().zip([12, 12, 11]) {
        for level in LEVELS {
            let purchase = priced_with(vec![pieces("bread", 1)], &rules, settings(mode, level));
            assert_eq!(
                (purchase.tax_included, purchase.tax, purchase.total),
                (usd(cents), usd(0), usd(299)),
                "{mode:?}"
            );
        }
    }
    rules.tax_rates = vec![rate("food", "VAT", "4")];
    for mode in MODES {
        for level in LEVELS {
            let purchase = priced_with(vec![pieces("bread", 1)], &rules, settings(mode, level));
            assert_eq!((purchase.tax_included, purchase.tax, purchase.total), (usd(0), usd(12), usd(311)), "{mode:?}");
        }
    }
}

#[test]
fn several_included_taxes_stand_side_by_side_in_one_price() {
    let mut rules = shop(vec![]);
    let included = |name, percent| TaxRate { included: true, ..rate("food", name, percent) };
    rules.tax_rates = vec![included("A", "10"), included("B", "15")];
    // 4.00 is 125 % of 3.20: 0.32 and 0.48.
    assert_eq!(taxes(&priced(vec![pieces("jam", 1)], &rules)), [[32, 48]]);
}

#[test]
fn per_invoice_a_tax_is_rounded_once_and_shared_by_its_lines() {
    let mut rules = shop(vec![]);
    rules.items[1].unit_price = usd(110);
    rules.tax_rates = vec![rate("food", "VAT", "5")];
    // 0.055 on each of three lines: 0.06 three times, or 0.165 once.
    let items = || (0..3).map(|_| pieces("bread", 1)).collect::<Vec<_>>();
    let by_line = priced_with(items(), &rules, settings(Rounding::HalfUp, RoundingLevel::Line));
    assert_eq!(taxes(&by_line), [[6], [6], [6]]);
    let by_invoice = priced_with(items(), &rules, settings(Rounding::HalfUp, RoundingLevel::Invoice));
    assert_eq!(taxes(&by_invoice), [[6], [6], [5]]);
    assert_eq!(by_invoice.tax, usd(17));
    let even = priced_with(items(), &rules, settings(Rounding::HalfEven, RoundingLevel::Invoice));
    assert_eq!(even.tax, usd(16));
}

#[test]
fn deposits_are_neither_discounted_nor_taxed() {
    let mut rules = shop(vec![percent_off("all", "100")]);
    rules.items[0].deposits = vec![
        Deposit { name: "Bottle deposit".into(), amount: usd(25) },
        Deposit { name: "Recycling fee".into(), amount: usd(3) },
    ];
    let purchase = priced(vec![pieces("tea", 3)], &rules);
    assert_eq!((purchase.deposits, purchase.tax, purchase.total), (usd(84), usd(0), usd(84)));
}
