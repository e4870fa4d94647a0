use super::*;
use HoldRule::{Exactly, Percent, PlusBalance};
use RiskRuleKind::{Conditional, Incidents, Sum, Threshold};
use rust_decimal::Decimal;

/// The reason; the kind of rule has the same name.
const WITH_CONDITION: GateReason = GateReason::Conditional;

fn conditional(below: i64, incidents_max: Option<u32>, hold: HoldRule) -> RiskRuleKind {
    Conditional { below: usd(below), incidents_max, hold }
}

fn risk(risk: &str, action: RiskAction) -> RiskRule {
    rule(&format!("about {risk}"), RiskRuleKind::Risk { risk: risk.into(), action })
}

fn under(strategy: GateStrategy, rules: &RiskRules, standing: &Standing, request: &GateRequest) -> GateDecision {
    let store = Store { gate_strategy: strategy, ..demo_store() };
    decide(request, standing, rules, &store, NOW)
}

/// Reason, rule, and the hold if it is another one.
fn told(it: &GateDecision) -> (GateReason, &str, Option<i64>) {
    (it.reason, it.rule.as_str(), it.adjusted_hold.map(Money::minor))
}

#[test]
fn a_balance_opens_below_the_lowest_limit_above_it_and_on_that_limits_terms() {
    let rules = of(&[
        rule("free", Threshold { amount: usd(1000) }),
        rule("large", conditional(10_000, Some(1), Percent(Decimal::from(200)))),
        rule("small", conditional(5000, None, PlusBalance)),
        rule("tiny", conditional(100, None, Exactly(usd(4000)))),
        rule("yen", Threshold { amount: Money::new(1, Currency::JPY) }),
    ]);
    #[rustfmt::skip]
    let table = [
        // owed    visits  reason              rule           hold
        (0,        0,      NothingOwed,        "nothing_owed", None),
        (99,       1,      WITH_CONDITION,       "tiny",         Some(4000)),
        (100,      1,      BelowThreshold,     "free",         None),
        (999,      9,      BelowThreshold,     "free",         None),
        (1000,     1,      WITH_CONDITION,       "small",        Some(6000)),
        (4999,     9,      WITH_CONDITION,       "small",        Some(9999)),
        (5000,     1,      WITH_CONDITION,       "large",        Some(10_000)),
        (5000,     2,      OutstandingBalance, "free",         None),
        (10_000,   1,      OutstandingBalance, "free",         None),
    ];
    for (owed, visits, reason, name, hold) in table {
        for strategy in [CustomerManaged, AmazonRecommendation] {
            let it = under(strategy, &rules, &owing(owed, visits), &tap(Some(true), &[]));
            assert_eq!(told(&it), (reason, name, hold), "{strategy} {owed} for {visits}");
            assert_eq!(it.rules_part, Some(7), "which list was asked is kept");
        }
        let echoed = under(AmazonManaged, &rules, &owing(owed, visits), &tap(Some(true), &[]));
        assert_eq!(told(&echoed), (Recommended, "recommendation", None));
    }
}

#[test]
fn a_threshold_of_the_list_comes_before_the_stores_and_a_list_without_one_leaves_it() {
    let store = Store { debt_threshold: Some(usd(2000)), ..demo_store() };
    let decided = |rules: &RiskRules, owed| {
        let it = decide(&tap(Some(true), &[]), &owing(owed, 1), rules, &store, NOW);
        (it.reason, it.rule)
    };
    let own = of(&[rule("half", Threshold { amount: usd(1000) })]);
    let none = of(&[rule("three", Incidents { count: 3, within_days: None })]);
    assert_eq!(decided(&own, 1500), (OutstandingBalance, "half".to_owned()));
    assert_eq!(decided(&none, 1500), (BelowThreshold, "store_threshold".to_owned()));
    assert_eq!(decided(&RiskRules::default(), 2500), (OutstandingBalance, "store_threshold".to_owned()));
}

#[test]
fn a_condition_whose_hold_cannot_be_made_lets_nobody_in() {
    let yen = Exactly(Money::new(9000, Currency::JPY));
    let rules = of(&[rule("band", conditional(5000, None, yen.clone()))]);
    let it = under(CustomerManaged, &rules, &owing(1000, 1), &tap(Some(true), &[]));
    assert_eq!(told(&it), (OutstandingBalance, "any_balance", None));
    let rules = of(&[risk("NonpaymentMediumRisk", RiskAction::Condition(yen))]);
    let it = under(CustomerManaged, &rules, &owing(0, 0), &tap(Some(true), &["NonpaymentMediumRisk"]));
    assert_eq!(told(&it), (Risk, "about NonpaymentMediumRisk", None));
}

#[test]
fn if_010_repeat_offenders_stay_out_whatever_is_owed_and_are_told_of_in_amazons_words() {
    let rules = of(&[
        rule("free", Threshold { amount: usd(100_000) }),
        rule("band", conditional(200_000, None, PlusBalance)),
        rule("three in a month", Incidents { count: 3, within_days: Some(30) }),
        rule("a lot", Sum { over: usd(50_000) }),
    ]);
    let old = |day: i64| Standing { incidents: vec![NOW - Duration::days(day); 3], ..owing(3, 3) };
    #[rustfmt::skip]
    let table = [
        (owing(3, 3),      RepeatOffender, "three in a month"),
        (owing(2, 2),      BelowThreshold, "free"),
        (owing(0, 0),      NothingOwed,    "nothing_owed"),
        (owing(0, 3),      NothingOwed,    "nothing_owed"),
        (old(30),          RepeatOffender, "three in a month"),
        (old(31),          BelowThreshold, "free"),
        (owing(50_000, 1), BelowThreshold, "free"),
        (owing(50_001, 1), RepeatOffender, "a lot"),
    ];
    for (standing, reason, name) in table {
        let it = under(CustomerManaged, &rules, &standing, &tap(Some(true), &[]));
        assert_eq!((it.reason, it.rule.as_str()), (reason, name), "{standing:?}");
        if reason == RepeatOffender {
            assert_eq!(it.risks, ["NonpaymentHighRisk", "BadDebt"]);
        }
    }
    let it = under(CustomerManaged, &rules, &owing(3, 3), &tap(Some(false), &["BadDebt", "NonpaymentHighRisk"]));
    assert_eq!(it.risks, ["BadDebt", "NonpaymentHighRisk"], "each once");
}

/// What Amazon says of which risks, the reason under either strategy, and the hold.
type RiskCase<'a> = (Option<bool>, &'a [&'a str], GateReason, GateReason, Option<i64>);

#[test]
fn the_table_of_risks_denies_conditions_accepts_ignores_or_follows() {
    let rules = of(&[
        risk("FailureToVetCard", RiskAction::Deny),
        risk("NonpaymentMediumRisk", RiskAction::Condition(Percent(Decimal::from(50)))),
        risk("NonpaymentHighRisk", RiskAction::Condition(Exactly(usd(9000)))),
        risk("BillingAddressInvalid", RiskAction::Accept),
        risk("AccountIssue", RiskAction::Ignore),
        risk("ExpiredCard", RiskAction::Follow),
    ]);
    let (yes, no) = (Some(true), Some(false));
    #[rustfmt::skip]
    let table: [RiskCase<'_>; 13] = [
        // Amazon  risks                                           customer_managed   amazon_recommendation hold
        (yes, &["FailureToVetCard"],                               Risk,              Risk,              None),
        (yes, &["NonpaymentMediumRisk"],                           WITH_CONDITION,      WITH_CONDITION,      Some(2500)),
        (no,  &["NonpaymentMediumRisk"],                           WITH_CONDITION,      RecommendedDenial, Some(2500)),
        (yes, &["NonpaymentMediumRisk", "NonpaymentHighRisk"],     WITH_CONDITION,      WITH_CONDITION,      Some(9000)),
        (no,  &["BillingAddressInvalid"],                          RiskAccepted,      RecommendedDenial, None),
        (no,  &["BillingAddressInvalid", "BadDebt"],               RiskAccepted,      RecommendedDenial, None),
        (no,  &["BillingAddressInvalid", "SomethingNew"],          RecommendedDenial, RecommendedDenial, None),
        (no,  &["BillingAddressInvalid", "InvalidCard"],           Risk,              Risk,              None),
        (yes, &["BillingAddressInvalid"],                          NothingOwed,       NothingOwed,       None),
        (yes, &["AccountIssue"],                                   NothingOwed,       NothingOwed,       None),
        (no,  &["AccountIssue"],                                   RecommendedDenial, RecommendedDenial, None),
        (yes, &["ExpiredCard"],                                    NothingOwed,       NothingOwed,       None),
        (no,  &["ExpiredCard"],                                    RecommendedDenial, RecommendedDenial, None),
    ];
    for (authorized, risks, customer, amazon, hold) in table {
        let request = tap(authorized, risks);
        for (strategy, reason) in [(CustomerManaged, customer), (AmazonRecommendation, amazon)] {
            let it = under(strategy, &rules, &owing(0, 0), &request);
            let hold = hold.filter(|_| it.authorized);
            assert_eq!((it.reason, it.adjusted_hold), (reason, hold.map(usd)), "{strategy} {authorized:?} {risks:?}");
        }
    }
}

#[test]
fn fa_010_a_hold_of_ours_comes_before_amazons_and_is_an_override_unless_it_is_the_same() {
    let rules = of(&[risk("NonpaymentMediumRisk", RiskAction::Condition(Exactly(usd(7500))))]);
    let mut request = tap(Some(true), &["NonpaymentMediumRisk"]);
    let table = [
        (None, Some(7500), Some(OverrideKind::Adjust)),
        (Some(2500), Some(7500), Some(OverrideKind::Adjust)),
        (Some(7500), Some(7500), None),
    ];
    for (recommended, hold, kind) in table {
        request.recommendation.adjusted_hold = recommended.map(usd);
        let it = under(CustomerManaged, &rules, &owing(0, 0), &request);
        assert_eq!((it.adjusted_hold, it.override_kind), (hold.map(usd), kind), "{recommended:?}");
    }
    let same = of(&[risk("NonpaymentMediumRisk", RiskAction::Condition(Percent(Decimal::from(100))))]);
    request.recommendation.adjusted_hold = None;
    let it = under(CustomerManaged, &same, &owing(0, 0), &request);
    assert_eq!((it.adjusted_hold, it.override_kind), (None, None), "the hold that was asked about is no other one");
}

#[test]
fn a_condition_for_the_balance_is_named_before_one_for_a_risk_and_the_higher_hold_counts() {
    let rules = of(&[
        risk("NonpaymentMediumRisk", RiskAction::Condition(Exactly(usd(20_000)))),
        rule("band", conditional(5000, None, PlusBalance)),
    ]);
    let it = under(CustomerManaged, &rules, &owing(1000, 1), &tap(Some(true), &["NonpaymentMediumRisk"]));
    assert_eq!(told(&it), (WITH_CONDITION, "band", Some(20_000)));
}

#[test]
fn fa_006_a_risk_of_next_year_follows_the_recommendation_and_is_known_as_unknown() {
    let rules = of(&[risk("Mould", RiskAction::Follow)]);
    for strategy in GateStrategy::ALL {
        for (authorized, opens) in [(Some(true), true), (Some(false), false), (None, true)] {
            let it = under(*strategy, &rules, &owing(0, 0), &tap(authorized, &["SomethingNew"]));
            assert_eq!(it.authorized, opens, "{strategy} {authorized:?}");
        }
    }
    assert!(rules.is_unknown("SomethingNew"));
    assert!(!rules.is_unknown("Mould"), "the store's list knows it");
    assert!(!KNOWN_RISKS.iter().any(|risk| rules.is_unknown(risk)));
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    let hold = || Percent(Decimal::from(100));
    let table = [
        (Threshold { amount: usd(-1) }, RiskRuleError::AmountNegative),
        (Sum { over: usd(-1) }, RiskRuleError::AmountNegative),
        (conditional(0, None, hold()), RiskRuleError::NothingBelow),
        (conditional(1, Some(0), hold()), RiskRuleError::NoIncidents),
        (conditional(1, None, Exactly(usd(-1))), RiskRuleError::HoldNegative),
        (conditional(1, None, Percent(Decimal::from(1001))), RiskRuleError::PercentOutOfRange),
        (conditional(1, None, Percent(Decimal::NEGATIVE_ONE)), RiskRuleError::PercentOutOfRange),
        (Incidents { count: 0, within_days: None }, RiskRuleError::NoIncidents),
        (Incidents { count: 1, within_days: Some(0) }, RiskRuleError::WindowOutOfRange),
        (Incidents { count: 1, within_days: Some(3651) }, RiskRuleError::WindowOutOfRange),
        (risk("BadDebt", RiskAction::Deny).kind, RiskRuleError::BadDebt),
        (risk("X", RiskAction::Condition(PlusBalance)).kind, RiskRuleError::BalanceOfRisk),
        (risk("X", RiskAction::Condition(Exactly(usd(-1)))).kind, RiskRuleError::HoldNegative),
    ];
    for (kind, error) in table {
        assert_eq!(rule("r", kind.clone()).check(), Err(error), "{kind:?}");
    }
    let fine = [
        Threshold { amount: usd(0) },
        Sum { over: usd(0) },
        conditional(1, None, PlusBalance),
        Incidents { count: 1, within_days: Some(3650) },
        risk("X", RiskAction::Condition(Exactly(usd(0)))).kind,
    ];
    for kind in fine {
        assert_eq!(rule("r", kind.clone()).check(), Ok(()), "{kind:?}");
    }
}

#[test]
fn rules_about_the_same_thing_are_refused() {
    let twice = || Err(RiskRuleError::Twice("a".to_owned()));
    let yen = Money::new(5, Currency::JPY);
    let table = [
        (Threshold { amount: usd(1) }, Threshold { amount: usd(2) }, twice()),
        (Threshold { amount: usd(1) }, Threshold { amount: yen }, Ok(())),
        (conditional(1, None, PlusBalance), conditional(1, None, Exactly(usd(1))), twice()),
        (conditional(1, None, PlusBalance), conditional(1, Some(2), PlusBalance), Ok(())),
        (risk("X", RiskAction::Deny).kind, risk("X", RiskAction::Accept).kind, twice()),
        (risk("X", RiskAction::Deny).kind, risk("Y", RiskAction::Deny).kind, Ok(())),
        (Incidents { count: 1, within_days: None }, Sum { over: usd(1) }, Ok(())),
    ];
    for (earlier, later, expected) in table {
        let (earlier, later) = (rule("a", earlier), rule("b", later));
        assert_eq!(later.check_beside(&earlier), expected, "{earlier:?} {later:?}");
    }
    let one = rule("a", Sum { over: usd(1) });
    assert_eq!(one.check_beside(&one), Err(RiskRuleError::NameTwice));
}

#[test]
fn rules_read_back_as_they_were_written() {
    let rules = vec![
        rule("free", Threshold { amount: usd(1000) }),
        rule("band", conditional(5000, Some(2), PlusBalance)),
        rule("percent", conditional(6000, None, Percent("12.5".parse().unwrap()))),
        rule("three", Incidents { count: 3, within_days: Some(90) }),
        rule("a lot", Sum { over: usd(50_000) }),
        risk("NonpaymentMediumRisk", RiskAction::Condition(Exactly(usd(7500)))),
        risk("ExpiredCard", RiskAction::Follow),
    ];
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Vec<RiskRule>>(&json).unwrap(), rules, "{json}");
}
