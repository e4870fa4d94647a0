use super::*;
use crate::money::Currency;
use crate::reason::GateReason;
use crate::store::tests::demo_store;
use crate::store::{GateStrategy, Store};
use GateReason::*;
use GateStrategy::*;
use time::Duration;

mod lists;
mod rules;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

pub(in crate::gate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

pub(in crate::gate) fn tap(authorized: Option<bool>, risks: &[&str]) -> GateRequest {
    GateRequest {
        store: StoreId::new("TEST_STORE_001").unwrap(),
        event: GateEventId::new("event").unwrap(),
        kind: GateEventKind::CreditCard,
        interaction: Some(CardInteraction::Tap),
        tapped_at: OffsetDateTime::UNIX_EPOCH,
        location: "ENTRY".to_owned(),
        instrument: InstrumentId::new("shopper-1").unwrap(),
        trip: None,
        hold: usd(5000),
        recommendation: Recommendation {
            authorized,
            adjusted_hold: None,
            risks: risks.iter().map(|risk| (*risk).to_owned()).collect(),
        },
    }
}

/// Owes so much for so many visits, the last of them today.
fn owing(minor: i64, incidents: i64) -> Standing {
    let incidents = (0..incidents).map(|day| NOW - Duration::days(day)).collect();
    Standing { outstanding: usd(minor), incidents, ..Standing::nothing(Currency::USD) }
}

fn rule(name: &str, kind: RiskRuleKind) -> RiskRule {
    RiskRule { name: name.into(), kind }
}

fn of(rules: &[RiskRule]) -> RiskRules {
    RiskRules { part: Some(7), rules: rules.to_vec() }
}

fn decided(strategy: GateStrategy, threshold: Option<i64>, owed: i64, request: &GateRequest) -> GateDecision {
    let store = Store { gate_strategy: strategy, debt_threshold: threshold.map(usd), ..demo_store() };
    decide(request, &owing(owed, i64::from(owed > 0)), &RiskRules::default(), &store, NOW)
}

#[test]
fn every_strategy_against_every_kind_of_standing_and_recommendation() {
    let yes = tap(Some(true), &[]);
    let no = tap(Some(false), &["CustomerFraud", "BadDebt"]);
    let flagged = tap(Some(false), &["BadDebt"]);
    let flagged_low = tap(Some(false), &["NonpaymentLowRisk", "BadDebt"]);
    let flagged_high = tap(Some(false), &["NonpaymentHighRisk", "BadDebt"]);
    let low = tap(Some(false), &["NonpaymentLowRisk"]);
    let vetting = tap(Some(false), &["FailureToVetCard"]);
    let expired = tap(Some(true), &["ExpiredCard"]);
    let silent = tap(None, &["SomethingNew"]);
    #[rustfmt::skip]
    let table = [
        // strategy            threshold   owed  request    opens  reason              override
        (CustomerManaged,      None,       0,    &yes,      true,  NothingOwed,        false),
        (CustomerManaged,      None,       1,    &yes,      false, OutstandingBalance, true),
        (CustomerManaged,      Some(2000), 1999, &yes,      true,  BelowThreshold,     false),
        (CustomerManaged,      Some(2000), 2000, &yes,      false, OutstandingBalance, true),
        (CustomerManaged,      Some(0),    0,    &yes,      true,  NothingOwed,        false),
        (CustomerManaged,      None,       0,    &no,       false, Risk,               false),
        (CustomerManaged,      None,       0,    &flagged,  true,  NothingOwed,        true),
        (CustomerManaged,      None,       0,    &flagged_low, true,  NothingOwed,     true),
        (CustomerManaged,      None,       0,    &flagged_high, false, RecommendedDenial, false),
        (CustomerManaged,      None,       1,    &flagged,  false, OutstandingBalance, false),
        (CustomerManaged,      None,       0,    &low,      false, RecommendedDenial,  false),
        (CustomerManaged,      None,       0,    &vetting,  false, RecommendedDenial,  false),
        (CustomerManaged,      None,       0,    &expired,  false, Risk,               true),
        (CustomerManaged,      None,       0,    &silent,   true,  NothingOwed,        false),
        (AmazonRecommendation, None,       0,    &yes,      true,  NothingOwed,        false),
        (AmazonRecommendation, None,       1,    &yes,      false, OutstandingBalance, true),
        (AmazonRecommendation, None,       0,    &flagged,  false, RecommendedDenial,  false),
        (AmazonRecommendation, None,       0,    &expired,  false, Risk,               true),
        (AmazonManaged,        None,       1,    &yes,      true,  Recommended,        false),
        (AmazonManaged,        None,       0,    &flagged,  false, RecommendedDenial,  false),
        (AmazonManaged,        None,       0,    &expired,  true,  Recommended,        false),
        (AmazonManaged,        None,       0,    &silent,   true,  Recommended,        false),
    ];
    for (strategy, threshold, owed, request, opens, reason, is_override) in table {
        let it = decided(strategy, threshold, owed, request);
        let context = format!("{strategy} {threshold:?} {owed} {:?}", request.recommendation);
        assert_eq!((it.authorized, it.reason, it.is_override), (opens, reason, is_override), "{context}");
        assert!(!it.rule.is_empty(), "{context}: the rule that decided is named");
    }
}

#[test]
fn a_denial_for_debt_says_so_in_amazons_word_once() {
    assert_eq!(decided(CustomerManaged, None, 1, &tap(Some(true), &[])).risks, ["BadDebt"]);
    assert_eq!(decided(CustomerManaged, None, 1, &tap(Some(false), &["BadDebt"])).risks, ["BadDebt"]);
}

#[test]
fn a_hold_is_adjusted_only_for_those_who_come_in() {
    let mut request = tap(Some(true), &["NonpaymentMediumRisk"]);
    request.recommendation.adjusted_hold = Some(usd(2500));
    let it = decided(CustomerManaged, None, 0, &request);
    assert_eq!((it.adjusted_hold, it.is_override), (Some(usd(2500)), false), "it is Amazon's own hold");
    assert_eq!(decided(CustomerManaged, None, 1, &request).adjusted_hold, None);
}

#[test]
fn a_denial_tells_the_shopper_what_to_do_and_says_no_amount_and_no_suspicion() {
    for (owed, request, path) in
        [(1, tap(Some(true), &[]), "/balance"), (0, tap(Some(false), &["CustomerConfirmedFraud"]), "/")]
    {
        let notice = decided(CustomerManaged, None, owed, &request).notice.unwrap();
        assert_eq!(notice.path, path);
        assert!(!notice.text.to_lowercase().contains("fraud") && !notice.text.contains(char::is_numeric));
    }
    assert_eq!(decided(CustomerManaged, None, 0, &tap(Some(true), &[])).notice, None);
    for reason in GateReason::ALL {
        for is_raised in [false, true] {
            let text = Notice::of(*reason, is_raised).map_or(String::new(), |it| it.text);
            assert!(text.chars().count() <= 120, "{reason}: {text}");
        }
    }
}

#[test]
fn a_decision_of_an_earlier_version_is_still_read() {
    let row = r#"{"authorized":false,"reason":"outstanding_balance","adjusted_hold":{"minor":5000,"currency":"USD"},
        "risks":["BadDebt"],"is_override":true}"#;
    let read: GateDecision = serde_json::from_str(row).unwrap();
    let expected = GateDecision {
        authorized: false,
        reason: OutstandingBalance,
        adjusted_hold: Some(usd(5000)),
        risks: vec!["BadDebt".to_owned()],
        is_override: true,
        override_kind: None,
        rule: String::new(),
        rules_part: None,
        notice: None,
    };
    assert_eq!(read, expected);
    let written = decided(CustomerManaged, None, 1, &tap(Some(true), &[]));
    let again: GateDecision = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
    assert_eq!(again, written);
}
