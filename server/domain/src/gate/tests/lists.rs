use super::*;

fn listed(list: GateList, until: OffsetDateTime) -> Listing {
    Listing { list, until }
}

fn with(lists: &[Listing], standing: Standing) -> Standing {
    Standing { listed: lists.to_vec(), ..standing }
}

fn case(strategy: GateStrategy, standing: &Standing, request: &GateRequest) -> GateDecision {
    let store = Store { gate_strategy: strategy, ..demo_store() };
    decide(request, standing, &RiskRules::default(), &store, NOW)
}

#[test]
fn who_is_blocked_stays_out_and_who_is_allowed_comes_in_under_every_strategy_and_by_name() {
    let later = NOW + Duration::days(1);
    let [block, allow] = [GateList::Block, GateList::Allow].map(|list| listed(list, later));
    for strategy in GateStrategy::ALL {
        let blocked = case(*strategy, &with(&[block], owing(0, 0)), &tap(Some(true), &[]));
        assert_eq!((blocked.authorized, blocked.reason, blocked.rule.as_str()), (false, Blocked, "block_list"));
        assert_eq!(blocked.override_kind, Some(OverrideKind::Deny));
        let risky = tap(Some(false), &["CustomerFraud", "BadDebt"]);
        let allowed = case(*strategy, &with(&[allow], owing(9999, 5)), &risky);
        assert_eq!((allowed.authorized, allowed.reason, allowed.rule.as_str()), (true, Allowed, "allow_list"));
        assert_eq!(allowed.override_kind, Some(OverrideKind::Accept), "never silently");
        assert_eq!(allowed.risks, ["CustomerFraud", "BadDebt"], "what Amazon said is not hidden");
        let both = case(*strategy, &with(&[allow, block], owing(0, 0)), &tap(Some(true), &[]));
        assert_eq!(both.reason, Blocked, "{strategy}: who is on both is kept out");
    }
}

#[test]
fn a_place_on_a_list_ends_at_its_moment() {
    for (until, reason) in
        [(NOW + Duration::NANOSECOND, Blocked), (NOW, NothingOwed), (NOW - Duration::NANOSECOND, NothingOwed)]
    {
        let standing = with(&[listed(GateList::Block, until)], owing(0, 0));
        assert_eq!(case(CustomerManaged, &standing, &tap(Some(true), &[])).reason, reason, "{until}");
    }
    let over = with(&[listed(GateList::Allow, NOW)], owing(1, 1));
    assert!(!case(CustomerManaged, &over, &tap(Some(true), &[])).authorized);
}

#[test]
fn a_flag_that_is_older_than_the_settlement_denies_nobody() {
    let at = |hours: i64| Some(NOW + Duration::hours(hours));
    let flagged = tap(Some(false), &["NonpaymentLowRisk", "BadDebt"]);
    let fraud = tap(Some(false), &["CustomerFraud", "BadDebt"]);
    let medium = tap(Some(false), &["NonpaymentMediumRisk", "BadDebt"]);
    #[rustfmt::skip]
    let table = [
        // settled    seen clean  owed  request    reason              why
        (None,        None,       0,    &flagged,  RecommendedDenial,  "no debt of ours was ever settled"),
        (at(-1),      None,       0,    &flagged,  SettledSince,       "Amazon was never seen without the flag since"),
        (at(-1),      at(-2),     0,    &flagged,  SettledSince,       "it was, but before the debt was settled"),
        (at(-2),      at(-1),     0,    &flagged,  RecommendedDenial,  "Amazon has cleared it and flagged again"),
        (at(-9000),   None,       0,    &flagged,  SettledSince,       "however long ago"),
        (at(-1),      None,       1,    &flagged,  OutstandingBalance, "another debt is open"),
        (at(-1),      None,       0,    &fraud,    Risk,               "another ground stands"),
        (at(-1),      None,       0,    &medium,   RecommendedDenial,  "another ground stands"),
    ];
    for (settled_at, unflagged_at, owed, request, reason, why) in table {
        let standing = Standing { settled_at, unflagged_at, ..owing(owed, i64::from(owed > 0)) };
        let it = case(AmazonRecommendation, &standing, request);
        assert_eq!(it.reason, reason, "{why}");
        assert_eq!(it.override_kind == Some(OverrideKind::Accept), reason == SettledSince, "{why}");
    }
    let standing = Standing { settled_at: at(-1), ..owing(0, 0) };
    assert_eq!(case(AmazonManaged, &standing, &flagged).reason, RecommendedDenial, "it is echoed there");
}

#[test]
fn amazon_was_seen_without_its_flag_only_where_it_looked_and_would_open() {
    let standing = Standing { settled_at: Some(NOW), ..owing(0, 0) };
    let table = [
        (Some(true), vec![], true),
        (Some(true), vec!["NonpaymentMediumRisk"], true),
        (Some(true), vec!["BadDebt"], false),
        (Some(true), vec!["NoRiskEvaluationRun"], false),
        (Some(false), vec!["ExpiredCard"], false),
        (None, vec![], false),
    ];
    for (authorized, risks, shows) in table {
        let request = tap(authorized, &risks);
        assert_eq!(standing.shows_clear_flag(&request.recommendation), shows, "{authorized:?} {risks:?}");
    }
    let clean = tap(Some(true), &[]).recommendation;
    let remembered = Standing { unflagged_at: Some(NOW), ..standing };
    assert!(!remembered.shows_clear_flag(&clean), "once is enough");
    assert!(!owing(0, 0).shows_clear_flag(&clean), "nothing was settled");
}
