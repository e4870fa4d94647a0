//! Deciding a tap while the records are away: from what was known last, and by the store's default.

use time::{Duration, OffsetDateTime};

use super::{GateDecision, GateList, GateRequest, Notice, OverrideKind, RiskRules, Standing, decide};
use crate::reason::{GateReason, closed_list};
use crate::store::Store;

closed_list!(
    /// What a store says while its records are away to whom nothing speaks against, as far as is known.
    AwayDefault {
        /// Come in.
        Admit = "admit",
        /// Stay out.
        Deny = "deny",
        /// Whatever Amazon recommends; come in where it recommends nothing.
        Recommendation = "recommendation",
    }
);

/// How a store's gate decides without its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwayRules {
    /// For whom nothing speaks against.
    pub default: AwayDefault,
    /// Balances that were known longer ago are as good as not known.
    pub balance_age_max: Duration,
}

/// The rule that a decision names where the default made it.
const AWAY_DEFAULT: &str = "away_default";

/// Decides one tap without the records. `last_known` is the instrument's standing as it was known last, without balances that are too
/// old to go by.
///
/// A denial that the rules make stays one, whatever the default; so does the answer to whoever owes something or is let in by staff.
/// Everybody else gets the default, and never more than the rules allow.
#[must_use]
pub fn decide_away(
    request: &GateRequest,
    last_known: &Standing,
    rules: &RiskRules,
    store: &Store,
    default: AwayDefault,
    now: OffsetDateTime,
) -> GateDecision {
    let by_rules = decide(request, last_known, rules, store, now);
    let is_known = last_known.outstanding.is_positive() || last_known.is_listed(GateList::Allow, now);
    if !by_rules.authorized || is_known {
        return by_rules;
    }
    let recommended = request.recommendation.authorized;
    let denial = match default {
        AwayDefault::Admit => None,
        AwayDefault::Deny => Some(GateReason::RecordsAway),
        AwayDefault::Recommendation => (recommended == Some(false)).then_some(GateReason::RecommendedDenial),
    };
    let Some(reason) = denial else { return by_rules };
    let override_kind = (recommended == Some(true)).then_some(OverrideKind::Deny);
    GateDecision {
        authorized: false,
        reason,
        adjusted_hold: None,
        is_override: override_kind.is_some(),
        override_kind,
        rule: AWAY_DEFAULT.to_owned(),
        notice: Notice::of(reason, false),
        ..by_rules
    }
}

#[cfg(test)]
mod tests;
