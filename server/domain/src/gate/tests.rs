use super::*;
use crate::money::Currency;
use crate::store::tests::demo_store;
use GateReason::*;
use GateStrategy::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn tap(authorized: Option<bool>, risks: &[&str]) -> GateRequest {
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

fn decided(strategy: GateStrategy, threshold: Option<i64>, owed: i64, request: &GateRequest) -> GateDecision {
    let store = Store { gate_strategy: strategy, debt_threshold: threshold.map(usd), ..demo_store() };
    decide(request, &Standing { outstanding: usd(owed), open_debts: u32::from(owed > 0) }, &store)
}

#[test]
fn every_strategy_against_every_kind_of_standing_and_recommendation() {
    let yes = tap(Some(true), &[]);
    let no = tap(Some(false), &["CustomerFraud", "BadDebt"]);
    let flagged = tap(Some(false), &["BadDebt"]);
    let flagged_low = tap(Some(false), &["NonpaymentLowRisk", "BadDebt"]);
    let flagged_high = tap(Some(false), &["NonpaymentHighRisk", "BadDebt"]);
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
        (CustomerManaged,      None,       0,    &vetting,  false, RecommendedDenial,  false),
        (CustomerManaged,      None,       0,    &expired,  false, Risk,               true),
        (CustomerManaged,      None,       0,    &silent,   true,  NothingOwed,        false),
        (AmazonRecommendation, None,       0,    &yes,      true,  NothingOwed,        false),
        (AmazonRecommendation, None,       1,    &yes,      false, OutstandingBalance, true),
        (AmazonRecommendation, None,       0,    &flagged,  false, RecommendedDenial,  false),
        (AmazonManaged,        None,       1,    &yes,      true,  Recommended,        false),
        (AmazonManaged,        None,       0,    &flagged,  false, RecommendedDenial,  false),
        (AmazonManaged,        None,       0,    &silent,   true,  Recommended,        false),
    ];
    for (strategy, threshold, owed, request, opens, reason, is_override) in table {
        let it = decided(strategy, threshold, owed, request);
        let context = format!("{strategy} {threshold:?} {owed} {:?}", request.recommendation);
        assert_eq!((it.authorized, it.reason, it.is_override), (opens, reason, is_override), "{context}");
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
    assert_eq!(decided(CustomerManaged, None, 0, &request).adjusted_hold, Some(usd(2500)));
    assert_eq!(decided(CustomerManaged, None, 1, &request).adjusted_hold, None);
}
