//! What holds for every refund of every purchase, in whatever parts and order.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use std::collections::BTreeMap;

use domain::catalog::RuleSetId;
use domain::id::{ReconciliationId, Sku, StoreId, TripId};
use domain::ledger::Account;
use domain::money::{Currency, Money, Rounding};
use domain::pricing::{LineTax, PricingSettings, Purchase, PurchaseLine};
use domain::refund::amount::{Choice, RefundParts, expected};
use domain::refund::{
    Funds, MovedParts, Refund, RefundCase, RefundError, RefundEvent, RefundKind, RefundMovement, RefundReason,
    RefundRefusal, Split, refund_entries,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use time::OffsetDateTime;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A line of `places` decimal places in its quantity; percents of its price for everything else.
fn any_line() -> impl Strategy<Value = PurchaseLine> {
    let percent = 0_i64..=100;
    (1_i64..2_000, 0_u32..4, 0_i64..100_000, percent.clone(), percent.clone(), percent, 0_i64..500).prop_map(
        |(count, places, price, off, added, included, deposit)| {
            let discount = price * off / 100;
            let net = price - discount;
            let (tax, tax_included) = (net * added / 100, net * included / 200);
            let line_tax = |included, minor| LineTax {
                jurisdiction: "here".into(),
                name: "Tax".into(),
                percent: Decimal::ONE,
                included,
                amount: usd(minor),
            };
            PurchaseLine {
                line_no: 1,
                sku: Sku::new("sku").unwrap(),
                name: "Article".to_owned(),
                quantity: Decimal::new(count, places),
                unit: if places == 0 { "unit" } else { "lb" }.to_owned(),
                unit_price: usd(1),
                price: usd(price),
                discount: usd(discount),
                tax: usd(tax),
                tax_included: usd(tax_included),
                deposit: usd(deposit),
                taxes: vec![line_tax(false, tax / 3), line_tax(false, tax - tax / 3), line_tax(true, tax_included)],
                applied: vec![],
                explanation: vec![],
                line_item_id: None,
            }
        },
    )
}

fn purchase(mut lines: Vec<PurchaseLine>, rounding: Rounding) -> Purchase {
    for (line_no, line) in (1_u32..).zip(&mut lines) {
        line.line_no = line_no;
    }
    let sum = |of: fn(&PurchaseLine) -> Money| Money::sum(Currency::USD, lines.iter().map(of)).unwrap();
    Purchase {
        rule_set: RuleSetId(1),
        engine_version: 1,
        settings: PricingSettings { rounding, ..PricingSettings::plain("here") },
        price: sum(|it| it.price),
        promotions: sum(|it| it.discount),
        tax: sum(|it| it.tax),
        tax_included: sum(|it| it.tax_included),
        deposits: sum(|it| it.deposit),
        total: sum(|it| it.total().unwrap()),
        lines,
        bad_lines: vec![],
        applied: vec![],
        explanation: vec![],
    }
}

fn any_rounding() -> impl Strategy<Value = Rounding> {
    prop_oneof![Just(Rounding::HalfUp), Just(Rounding::HalfEven), Just(Rounding::HalfDown)]
}

/// What came back so far, in cents.
#[derive(Default, Debug, PartialEq)]
struct Back {
    amount: i64,
    promotions: i64,
    tax: i64,
    deposit: i64,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// However a purchase comes back, piece by piece and in any order, all of it gives back exactly what it cost, down to the
    /// tax; and on the way never more.
    #[test]
    fn g09_g11_parts_of_a_purchase_give_back_exactly_what_it_cost_and_never_more(
        lines in prop::collection::vec(any_line(), 1..4), rounding in any_rounding(),
        steps in prop::collection::vec((0_usize..4, 1_i64..=100), 0..12),
    ) {
        let purchase = purchase(lines, rounding);
        let mut returned: BTreeMap<u32, Decimal> = BTreeMap::new();
        let mut back = Back::default();
        let mut take = |choice: Choice, returned: &mut BTreeMap<u32, Decimal>| {
            match expected(&purchase, returned, &choice) {
                Ok(refund) => {
                    let parts = refund.parts;
                    assert_eq!(refund.amount, Money::sum(Currency::USD, [parts.sales, parts.tax, parts.deposits]).unwrap());
                    for line in &refund.lines {
                        let amounts = [line.price, line.promotions, line.tax, line.tax_included, line.deposit, line.amount];
                        assert!(amounts.iter().all(|it| it.minor() >= 0), "{line:?}");
                        *returned.entry(line.line_no).or_default() += line.quantity;
                        back.amount += line.amount.minor();
                        back.promotions += line.promotions.minor();
                        back.tax += line.tax.minor() + line.tax_included.minor();
                        back.deposit += line.deposit.minor();
                    }
                    assert!(back.amount <= purchase.total.minor(), "never more than it cost");
                }
                Err(RefundRefusal::Nothing) => {
                    // What costs nothing comes back without a refund, or not at all.
                }
                Err(other) => panic!("{other}"),
            }
        };
        for (line, percent) in steps {
            let line = &purchase.lines[line % purchase.lines.len()];
            let left = line.quantity - returned.get(&line.line_no).copied().unwrap_or_default();
            let wanted = (left * Decimal::new(percent, 2)).trunc_with_scale(if line.unit == "unit" { 0 } else { 3 });
            if wanted > Decimal::ZERO {
                take(Choice::Lines([(line.line_no, wanted)].into()), &mut returned);
            }
        }
        take(Choice::Everything, &mut returned);
        let whole = Back {
            amount: purchase.total.minor(),
            promotions: purchase.promotions.minor(),
            tax: purchase.tax_whole().unwrap().minor(),
            deposit: purchase.deposits.minor(),
        };
        if back.amount > 0 && expected(&purchase, &returned, &Choice::Everything) == Err(RefundRefusal::Nothing) && back.promotions == whole.promotions {
            prop_assert_eq!(back, whole);
        } else {
            prop_assert_eq!(back.amount, whole.amount);
        }
    }

    #[test]
    fn a_line_never_comes_back_more_often_than_it_was_bought(line in any_line(), more in 1_i64..100) {
        let purchase = purchase(vec![line], Rounding::HalfUp);
        let line = &purchase.lines[0];
        let over = line.quantity + Decimal::new(more, if line.unit == "unit" { 0 } else { 3 });
        let refused = expected(&purchase, &BTreeMap::new(), &Choice::Lines([(1, over)].into()));
        let left = line.quantity.normalize();
        prop_assert_eq!(refused, Err(RefundRefusal::ReturnedBefore { line_no: 1, left }), "and says what is left");
    }

    /// Whatever happens, in whatever order: what went out is never more than was there, the ledger adds up, and what was
    /// approved is on its way, given back, or a credit.
    #[test]
    fn a_refund_conserves_money_whatever_happens_in_whatever_order(
        sales in 0_i64..1_000, tax in 0_i64..100, deposits in 0_i64..50,
        steps in prop::collection::vec((0..7, 0_i64..1_200, 0_i64..1_200, 0_i64..1_200), 1..30),
    ) {
        let whole = RefundParts { sales: usd(sales), tax: usd(tax), deposits: usd(deposits) };
        let amount = usd(sales + tax + deposits);
        prop_assume!(amount.is_positive());
        let (trip, store) = (TripId::new("trip").unwrap(), StoreId::new("store").unwrap());
        let id = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
        let case = RefundCase { id, trip: &trip, store: &store, kind: RefundKind::Goods, amount, reason: RefundReason::Other };
        let mut refund = Refund::InReview;
        let (mut credited, mut approved, mut refunded, mut by_hand, mut clearing) = (0, 0, 0, 0, 0);
        for (event, card, elsewhere, owed) in steps {
            let funds = Funds { card: usd(card), elsewhere: usd(elsewhere), owed: usd(owed) };
            let event = match event {
                0 => RefundEvent::Approved { funds, until: (card % 2 == 0).then_some(OffsetDateTime::UNIX_EPOCH) },
                1 => RefundEvent::Declined,
                2 => RefundEvent::Due { funds },
                3 => RefundEvent::Answered { reconciliation: Some(ReconciliationId::new("rec").unwrap()) },
                4 => RefundEvent::Refused { in_doubt: card % 2 == 0 },
                5 => RefundEvent::TriesExhausted,
                _ => RefundEvent::DoneByHand,
            };
            let before = refund.split();
            let was_open = refund.is_open();
            let Ok(step) = refund.clone().apply(event, case) else { continue };
            refund = step.refund;
            let after = refund.split();
            for movement in step.movements {
                let parts = MovedParts::of(whole, before, after.unwrap()).unwrap();
                match movement {
                    RefundMovement::Credited(it) => {
                        prop_assert_eq!(it.minor(), parts.credited.sales.minor() + parts.credited.tax.minor() + parts.credited.deposits.minor());
                        credited += it.minor();
                    }
                    RefundMovement::Approved(it) => approved += it.minor(),
                    RefundMovement::Refunded(it) => refunded += it.minor(),
                    RefundMovement::PaidByHand(it) => by_hand += it.minor(),
                }
                let entries = refund_entries(movement, RefundKind::Goods, &trip, parts.approved).unwrap();
                prop_assert_eq!(entries.iter().map(|it| it.amount.minor()).sum::<i64>(), 0, "{:?}", movement);
                clearing += entries.iter().filter(|it| it.account == Account::RefundClearing).map(|it| it.amount.minor()).sum::<i64>();
            }
            if let Some(split) = after {
                prop_assert_eq!(split.credit.minor() + split.cash().unwrap().minor(), amount.minor());
                prop_assert_eq!((split.credit.minor(), split.cash().unwrap().minor()), (credited, approved));
                let twice = if refunded > 0 && by_hand > split.elsewhere.minor() { split.card.minor() } else { 0 };
                let open = approved - refunded - by_hand + twice;
                prop_assert_eq!(clearing, -(open - twice), "what is on its way is in clearing");
                prop_assert!(refund.is_open() || open == 0, "an ended refund has nothing on its way: {:?}", refund);
                prop_assert!(refunded <= split.card.minor() && by_hand <= split.cash().unwrap().minor());
            } else {
                prop_assert_eq!((credited, approved, refunded, by_hand), (0, 0, 0, 0));
            }
            prop_assert!(was_open || !refund.is_open(), "no refund is opened again");
        }
    }

    #[test]
    fn a_split_gives_exactly_the_amount_and_no_part_more_than_there_is(
        amount in 1_i64..5_000, card in -1_000_i64..5_000, elsewhere in -1_000_i64..5_000, owed in 0_i64..5_000,
    ) {
        let funds = Funds { card: usd(card), elsewhere: usd(elsewhere), owed: usd(owed) };
        match Split::of(usd(amount), funds) {
            Ok(split) => {
                prop_assert_eq!(split.credit.minor() + split.card.minor() + split.elsewhere.minor(), amount);
                prop_assert!(split.credit.minor() == amount.min(owed), "the debt first");
                prop_assert!([split.credit, split.card, split.elsewhere].iter().all(|it| it.minor() >= 0));
                prop_assert!(split.card.minor() <= card.max(0) && split.elsewhere.minor() <= elsewhere.max(0));
                prop_assert!(split.cash().unwrap().minor() <= (card + elsewhere).max(0), "cash is never more than was taken");
            }
            Err(error) => {
                prop_assert_eq!(error, RefundError::MoreThanTaken);
                prop_assert!(amount > owed + (card + elsewhere).max(0).min(card.max(0) + elsewhere.max(0)));
            }
        }
    }
}
