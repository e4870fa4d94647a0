use super::*;
use crate::gate::Listing;
use crate::gate::tests::{tap, usd};
use crate::money::Currency;
use crate::store::tests::demo_store;
use AwayDefault::*;
use GateReason::*;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn decided(default: AwayDefault, threshold: Option<i64>, owed: i64, request: &GateRequest) -> GateDecision {
    let store = Store { debt_threshold: threshold.map(usd), ..demo_store() };
    let standing = Standing { outstanding: usd(owed), ..Standing::nothing(Currency::USD) };
    decide_away(request, &standing, &RiskRules::default(), &store, default, NOW)
}

#[test]
fn fa_016_without_records_debtors_stay_out_and_the_rest_gets_the_default() {
    let yes = tap(Some(true), &[]);
    let flagged = tap(Some(false), &["BadDebt"]);
    let expired = tap(Some(true), &["ExpiredCard"]);
    let silent = tap(None, &[]);
    #[rustfmt::skip]
    let table = [
        // default        threshold   owed     request   opens  reason              override
        (Admit,           None,       0, &yes,     true,  NothingOwed,        false),
        (Admit,           None,       1, &yes,     false, OutstandingBalance, true),
        (Admit,           None,       0, &flagged, true,  NothingOwed,        true),
        (Admit,           None,       0, &expired, false, Risk,               true),
        (Recommendation,  None,       0, &yes,     true,  NothingOwed,        false),
        (Recommendation,  None,       1, &yes,     false, OutstandingBalance, true),
        (Recommendation,  None,       0, &flagged, false, RecommendedDenial,  false),
        (Recommendation,  None,       0, &silent,  true,  NothingOwed,        false),
        (Recommendation,  None,       0, &expired, false, Risk,               true),
        (Deny,            None,       0, &yes,     false, RecordsAway,        true),
        (Deny,            None,       1, &yes,     false, OutstandingBalance, true),
        (Deny,            None,       0, &flagged, false, RecordsAway,        false),
        (Deny,            None,       0, &silent,  false, RecordsAway,        false),
        // Whoever is known to owe less than the threshold is decided by the rules, not by the default.
        (Deny,            Some(2000), 1, &yes,     true,  BelowThreshold,     false),
        (Recommendation,  Some(2000), 1, &yes,     true,  BelowThreshold,     false),
    ];
    for (default, threshold, owed, request, opens, reason, is_override) in table {
        let it = decided(default, threshold, owed, request);
        let context = format!("{default} {threshold:?} {owed:?} {:?}", request.recommendation);
        assert_eq!((it.authorized, it.reason, it.is_override), (opens, reason, is_override), "{context}");
    }
}

#[test]
fn fa_016_no_default_opens_a_gate_that_the_rules_keep_closed_and_no_denial_has_a_hold() {
    let mut request = tap(Some(true), &[]);
    request.recommendation.adjusted_hold = Some(usd(2500));
    for default in AwayDefault::ALL {
        assert!(!decided(*default, None, 1, &request).authorized, "{default}");
        let it = decided(*default, None, 0, &request);
        assert_eq!(it.adjusted_hold.is_some(), it.authorized, "{default}");
    }
}

#[test]
fn fa_016_the_lists_of_staff_count_without_records_too() {
    let listed = |list, default| {
        let listed = vec![Listing { list, until: NOW + Duration::HOUR }];
        let standing = Standing { listed, ..Standing::nothing(Currency::USD) };
        decide_away(&tap(Some(true), &[]), &standing, &RiskRules::default(), &demo_store(), default, NOW)
    };
    for default in AwayDefault::ALL {
        assert_eq!(listed(GateList::Allow, *default).reason, Allowed, "{default}");
        assert_eq!(listed(GateList::Block, *default).reason, Blocked, "{default}");
    }
}
