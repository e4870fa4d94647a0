//! What holds at the gate for every store, every list of rules, every standing and every recommendation.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use domain::gate::{
    GateDecision, GateEventKind, GateList, GateRequest, HoldRule, KNOWN_RISKS, Listing, Recommendation, RiskAction,
    RiskRule, RiskRuleKind, RiskRules, Standing, decide,
};
use domain::id::{GateEventId, InstrumentId, StoreId};
use domain::money::{Currency, Money};
use domain::pricing::PricingSettings;
use domain::reason::GateReason;
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use proptest::prelude::*;
use rust_decimal::Decimal;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-21 09:00 UTC);

/// Balances are drawn from these cents, so that limits are met exactly now and then.
const CENTS_MAX: i64 = 60;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn store(gate_strategy: GateStrategy, debt_threshold: Option<i64>) -> Store {
    let nobody = || String::new();
    Store {
        id: StoreId::new("store").unwrap(),
        merchant: Merchant { name: nobody(), address: nobody(), tax_number: nobody(), contact: nobody() },
        currency: Currency::USD,
        gate_strategy,
        debt_threshold: debt_threshold.map(usd),
        feedback: FeedbackPolicy::Always,
        bad_cart: BadCartPolicy::ChargeRecognised,
        decline: DeclinePolicy::DebtInFull,
        pricing: PricingSettings::plain("here"),
        review_limit: Duration::hours(24),
        token_life: Duration::hours(46),
        capture_repeat_is_safe: true,
        transactional_data_proves_capture: true,
        skips_adjust: false,
        refund: RefundRules::plain(Currency::USD),
    }
}

fn any_store() -> impl Strategy<Value = Store> {
    let strategy = prop::sample::select(GateStrategy::ALL.to_vec());
    (strategy, prop::option::of(0..CENTS_MAX)).prop_map(|(strategy, threshold)| store(strategy, threshold))
}

/// Amazon's risks, and one of next year.
fn any_risk() -> impl Strategy<Value = &'static str> {
    prop::sample::select(KNOWN_RISKS.iter().copied().chain(["Mould"]).collect::<Vec<_>>())
}

fn any_hold() -> impl Strategy<Value = HoldRule> {
    prop_oneof![
        (0..20_000_i64).prop_map(|minor| HoldRule::Exactly(usd(minor))),
        (0..20_000_i64).prop_map(|minor| HoldRule::Exactly(Money::new(minor, Currency::JPY))),
        (0..1000_i64).prop_map(|percent| HoldRule::Percent(Decimal::from(percent))),
        Just(HoldRule::PlusBalance),
    ]
}

fn any_action() -> impl Strategy<Value = RiskAction> {
    prop_oneof![
        Just(RiskAction::Deny),
        any_hold().prop_map(RiskAction::Condition),
        Just(RiskAction::Accept),
        Just(RiskAction::Ignore),
        Just(RiskAction::Follow),
    ]
}

fn any_kind() -> impl Strategy<Value = RiskRuleKind> {
    let limit = || (0..CENTS_MAX).prop_map(usd);
    prop_oneof![
        limit().prop_map(|amount| RiskRuleKind::Threshold { amount }),
        (limit(), prop::option::of(1_u32..5), any_hold())
            .prop_map(|(below, incidents_max, hold)| RiskRuleKind::Conditional { below, incidents_max, hold }),
        (1_u32..5, prop::option::of(1_u32..100))
            .prop_map(|(count, within_days)| RiskRuleKind::Incidents { count, within_days }),
        limit().prop_map(|over| RiskRuleKind::Sum { over }),
        (any_risk(), any_action()).prop_map(|(risk, action)| RiskRuleKind::Risk { risk: risk.into(), action }),
    ]
}

/// Any list that an import takes.
fn any_rules() -> impl Strategy<Value = RiskRules> {
    prop::collection::vec(any_kind(), 0..8).prop_map(|kinds| {
        let mut rules: Vec<RiskRule> = vec![];
        for (number, kind) in kinds.into_iter().enumerate() {
            let rule = RiskRule { name: format!("rule-{number}").into(), kind };
            if rule.check().is_ok() && rules.iter().all(|earlier| rule.check_beside(earlier).is_ok()) {
                rules.push(rule);
            }
        }
        RiskRules { part: None, rules }
    })
}

fn any_request() -> impl Strategy<Value = GateRequest> {
    let risks = prop::collection::vec(any_risk(), 0..4);
    let hold = || (0..10_000_i64).prop_map(usd);
    (any::<Option<bool>>(), prop::option::of(hold()), risks, hold()).prop_map(
        |(authorized, adjusted_hold, risks, hold)| GateRequest {
            store: StoreId::new("store").unwrap(),
            event: GateEventId::new("event").unwrap(),
            kind: GateEventKind::CreditCard,
            interaction: None,
            tapped_at: NOW,
            location: "ENTRY".to_owned(),
            instrument: InstrumentId::new("card").unwrap(),
            trip: None,
            hold,
            recommendation: Recommendation {
                authorized,
                adjusted_hold,
                risks: risks.into_iter().map(ToOwned::to_owned).collect(),
            },
        },
    )
}

fn any_listing() -> impl Strategy<Value = Listing> {
    (prop::sample::select(GateList::ALL.to_vec()), -50_i64..50)
        .prop_map(|(list, hours)| Listing { list, until: NOW + Duration::hours(hours) })
}

fn days_ago(days: Vec<i64>) -> Vec<OffsetDateTime> {
    days.into_iter().map(|days| NOW - Duration::days(days)).collect()
}

/// Nobody owes anything without a visit that was not paid.
fn any_standing() -> impl Strategy<Value = Standing> {
    let moment = || prop::option::of((1_i64..1000).prop_map(|hours| NOW - Duration::hours(hours)));
    let incidents = prop::collection::vec(0_i64..200, 1..6).prop_map(days_ago);
    let listed = prop::collection::vec(any_listing(), 0..2);
    (0..CENTS_MAX, incidents, moment(), moment(), listed).prop_map(
        |(owed, incidents, settled_at, unflagged_at, listed)| Standing {
            outstanding: usd(owed),
            incidents: if owed > 0 { incidents } else { vec![] },
            settled_at,
            unflagged_at,
            listed,
        },
    )
}

fn unlisted(standing: &Standing) -> Standing {
    Standing { listed: vec![], ..standing.clone() }
}

/// May somebody owe this much, by this name?
fn lets_in(rules: &RiskRules, name: &str, owed: Money) -> bool {
    rules.rules.iter().any(|rule| {
        rule.name.as_str() == name
            && matches!(rule.kind, RiskRuleKind::Conditional { below, .. } if owed.minor() < below.minor())
    })
}

fn threshold(rules: &RiskRules, store: &Store) -> i64 {
    let own = rules.rules.iter().find_map(|rule| match rule.kind {
        RiskRuleKind::Threshold { amount } => Some(amount),
        _ => None,
    });
    own.or(store.debt_threshold).map_or(1, |it| it.minor().max(1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn nobody_comes_in_with_a_balance_at_the_threshold_unless_a_rule_that_says_so_is_named(
        store in any_store(), rules in any_rules(), standing in any_standing(), request in any_request(),
    ) {
        let it = decide(&request, &standing, &rules, &store, NOW);
        let owed = standing.outstanding;
        let is_ours = store.gate_strategy != GateStrategy::AmazonManaged;
        if it.authorized && is_ours && owed.is_positive() && owed.minor() >= threshold(&rules, &store) {
            let is_named = match it.reason {
                GateReason::Allowed => it.rule == "allow_list" && standing.is_listed(GateList::Allow, NOW),
                GateReason::Conditional => lets_in(&rules, &it.rule, owed),
                _ => false,
            };
            prop_assert!(is_named, "{it:?}");
        }
    }

    #[test]
    fn a_higher_balance_never_turns_a_denial_into_an_approval(
        store in any_store(), rules in any_rules(), standing in any_standing(), request in any_request(),
        more in 0..CENTS_MAX, older in prop::collection::vec(0_i64..200, 0..3),
    ) {
        let low = decide(&request, &standing, &rules, &store, NOW);
        let mut incidents = standing.incidents.clone();
        incidents.extend(days_ago(older));
        let raised = Standing { outstanding: usd(standing.outstanding.minor() + more), incidents, ..standing };
        let high = decide(&request, &raised, &rules, &store, NOW);
        prop_assert!(low.authorized || !high.authorized, "{low:?} became {high:?}");
    }

    #[test]
    fn a_settled_debt_never_denies_after_the_settlement(
        store in any_store(), rules in any_rules(), standing in any_standing(), request in any_request(),
    ) {
        let clear = Standing { outstanding: usd(0), incidents: vec![], ..standing };
        let settled = decide(&request, &clear, &rules, &store, NOW);
        prop_assert!(!matches!(settled.reason, GateReason::OutstandingBalance | GateReason::RepeatOffender));
        let never = Standing { settled_at: None, unflagged_at: None, ..clear.clone() };
        let never_owed = decide(&request, &never, &rules, &store, NOW);
        prop_assert!(!never_owed.authorized || settled.authorized, "who paid is treated no worse than who never owed");
        // Amazon's flag of it neither, as long as nobody has seen that Amazon cleared it.
        let mut flagged = request.clone();
        flagged.recommendation.risks = vec!["BadDebt".to_owned()];
        let flagged_for_it = Standing { settled_at: Some(NOW), ..unlisted(&clear) };
        if store.gate_strategy != GateStrategy::AmazonManaged {
            prop_assert!(decide(&flagged, &flagged_for_it, &rules, &store, NOW).authorized);
        }
    }

    #[test]
    fn a_place_on_a_list_counts_before_its_end_and_never_after(
        store in any_store(), rules in any_rules(), standing in any_standing(), request in any_request(),
        listing in any_listing(),
    ) {
        let listed = Standing { listed: vec![listing], ..standing };
        let with = decide(&request, &listed, &rules, &store, NOW);
        let without = decide(&request, &unlisted(&listed), &rules, &store, NOW);
        if NOW < listing.until {
            prop_assert_eq!(with.authorized, listing.list == GateList::Allow);
        } else {
            prop_assert_eq!(with, without);
        }
    }

    #[test]
    fn a_decision_says_how_it_came_about(
        store in any_store(), rules in any_rules(), standing in any_standing(), request in any_request(),
    ) {
        let it = decide(&request, &standing, &rules, &store, NOW);
        prop_assert!(!it.rule.is_empty());
        prop_assert!(it.authorized || it.adjusted_hold.is_none(), "a closed gate holds nothing");
        prop_assert!(it.authorized || it.notice.is_some(), "who stays out is told what to do");
        prop_assert_eq!(it.is_override, it.override_kind.is_some());
        prop_assert!(it.risks.starts_with(&request.recommendation.risks), "what Amazon said is not hidden");
        prop_assert!(it.adjusted_hold.is_none_or(|hold| hold.minor() >= 0 && hold.currency() == Currency::USD));
        let json = serde_json::to_string(&it).unwrap();
        prop_assert_eq!(serde_json::from_str::<GateDecision>(&json).unwrap(), it.clone());
        prop_assert_eq!(decide(&request, &standing, &rules, &store, NOW), it);
    }
}
