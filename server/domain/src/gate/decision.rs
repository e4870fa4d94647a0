//! The answer to one tap, and how it comes about.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::rules::{Band, DEFAULT_RISKS};
use super::{
    BAD_DEBT, GateList, GateRequest, NONPAYMENT_HIGH_RISK, Notice, Recommendation, RiskAction, RiskRuleKind, RiskRules,
    Standing,
};
use crate::money::Money;
use crate::reason::{GateReason, closed_list};
use crate::store::{GateStrategy, Store};

closed_list!(
    /// How an answer differs from what Amazon recommended.
    OverrideKind {
        /// Amazon would deny, we open.
        Accept = "accept",
        /// Amazon would open, we deny.
        Deny = "deny",
        /// Both open, with another hold.
        Adjust = "adjust",
    }
);

/// The answer to one tap. Stored before it is sent; the same tap gets the same answer again.
///
/// Its JSON is kept for good: a new field needs a default, since rows of earlier versions have none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateDecision {
    /// Does the gate open?
    pub authorized: bool,
    /// Why.
    pub reason: GateReason,
    /// The hold to place instead of the one asked about.
    pub adjusted_hold: Option<Money>,
    /// Risks, Amazon's and ours, in Amazon's words.
    pub risks: Vec<String>,
    /// Does it differ from what Amazon recommended?
    pub is_override: bool,
    /// How it differs. Absent where it does not, and in rows of versions before this field.
    #[serde(default)]
    pub override_kind: Option<OverrideKind>,
    /// The rule that decided: a name of the store's list, or one of ours (`nothing_owed`, `any_balance`, `store_threshold`,
    /// `default_risks`, `recommendation`, `own_settlement`, `block_list`, `allow_list`). Empty in rows of versions before this field.
    #[serde(default)]
    pub rule: String,
    /// The number of the store's list that was asked. `None`: it has none.
    #[serde(default)]
    pub rules_part: Option<i64>,
    /// What the shopper may be told. `None`: nothing.
    #[serde(default)]
    pub notice: Option<Notice>,
}

/// Decides one tap.
///
/// The lists of staff come first, under every strategy: a person said so. Then, unless the recommendation is echoed, the first of
/// these that denies: repeat offenders, the balance, the table of risks, Amazon's recommendation. Under `customer_managed` a debt is
/// judged by our own records alone: Amazon's `BadDebt` flag neither opens nor closes, since ours are the books.
#[must_use]
pub fn decide(
    request: &GateRequest,
    standing: &Standing,
    rules: &RiskRules,
    store: &Store,
    now: OffsetDateTime,
) -> GateDecision {
    let case = Case { request, standing, rules, store, now };
    let verdict = case.by_lists().unwrap_or_else(|| match store.gate_strategy {
        GateStrategy::AmazonManaged => case.by_recommendation(),
        GateStrategy::CustomerManaged => case.by_rules(case.by_amazon_except_debt()),
        GateStrategy::AmazonRecommendation => case.by_rules(case.by_amazon_unless_settled()),
    });
    case.decision(verdict)
}

/// What speaks for or against opening.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    authorized: bool,
    reason: GateReason,
    rule: String,
    /// The hold that a rule asks for.
    hold: Option<Money>,
}

impl Verdict {
    fn open(reason: GateReason, rule: &str) -> Self {
        Self { authorized: true, reason, rule: rule.to_owned(), hold: None }
    }

    fn deny(reason: GateReason, rule: &str) -> Self {
        Self { authorized: false, reason, rule: rule.to_owned(), hold: None }
    }

    fn condition(rule: &str, hold: Money) -> Self {
        Self { hold: Some(hold), ..Self::open(GateReason::Conditional, rule) }
    }
}

/// One tap and everything that is known when it is decided.
struct Case<'a> {
    request: &'a GateRequest,
    standing: &'a Standing,
    rules: &'a RiskRules,
    store: &'a Store,
    now: OffsetDateTime,
}

impl Case<'_> {
    fn recommendation(&self) -> &Recommendation {
        &self.request.recommendation
    }

    /// Who is on both lists is kept out.
    fn by_lists(&self) -> Option<Verdict> {
        if self.standing.is_listed(GateList::Block, self.now) {
            Some(Verdict::deny(GateReason::Blocked, "block_list"))
        } else if self.standing.is_listed(GateList::Allow, self.now) {
            Some(Verdict::open(GateReason::Allowed, "allow_list"))
        } else {
            None
        }
    }

    /// The first denial; else what opens, with the highest hold that anything asks for. A condition for the balance is named before
    /// everything else, since it may be what lets a debtor in.
    fn by_rules(&self, by_amazon: Verdict) -> Verdict {
        let by_balance = self.by_balance();
        let verdicts = [self.by_repeats(), Some(by_balance.clone()), Some(self.by_risks()), Some(by_amazon)];
        let verdicts: Vec<Verdict> = verdicts.into_iter().flatten().collect();
        if let Some(denial) = verdicts.iter().find(|it| !it.authorized) {
            return denial.clone();
        }
        let hold = verdicts.iter().filter_map(|it| it.hold).max_by_key(|hold| hold.minor());
        let conditional = verdicts.iter().find(|it| it.hold.is_some());
        let said = verdicts.iter().find(|it| matches!(it.reason, GateReason::RiskAccepted | GateReason::SettledSince));
        Verdict { hold, ..conditional.or(said).unwrap_or(&by_balance).clone() }
    }

    /// Repeat offenders. `None`: this shopper is none. Where nothing is owed nobody is: a settled debt alone never denies.
    fn by_repeats(&self) -> Option<Verdict> {
        if !self.standing.outstanding.is_positive() {
            return None;
        }
        let rule = self.rules.rules.iter().find(|rule| match rule.kind {
            RiskRuleKind::Incidents { count, within_days } => self.incidents(within_days) >= u64::from(count),
            RiskRuleKind::Sum { over } => {
                over.currency() == self.standing.outstanding.currency()
                    && over.minor() < self.standing.outstanding.minor()
            }
            RiskRuleKind::Threshold { .. } | RiskRuleKind::Conditional { .. } | RiskRuleKind::Risk { .. } => false,
        });
        rule.map(|rule| Verdict::deny(GateReason::RepeatOffender, &rule.name))
    }

    fn incidents(&self, within_days: Option<u32>) -> u64 {
        let since = within_days.map(|days| self.now.saturating_sub(Duration::days(days.into())));
        let counted = self.standing.incidents.iter().filter(|at| since.is_none_or(|since| since <= **at));
        counted.fold(0, |count: u64, _| count.saturating_add(1))
    }

    /// A balance of nothing never denies. A positive one opens where it is strictly below the threshold (seed "debt threshold": "as
    /// long as their outstanding balance remains below that amount") or the limit of a condition: the lowest limit above it counts.
    fn by_balance(&self) -> Verdict {
        let owed = self.standing.outstanding;
        if !owed.is_positive() {
            return Verdict::open(GateReason::NothingOwed, "nothing_owed");
        }
        let (threshold, limit) = self.threshold();
        let is_below = limit.is_some_and(|limit| owed.minor() < limit.minor());
        match self.band() {
            Some((band, hold)) if !is_below || limit.is_some_and(|limit| band.below.minor() <= limit.minor()) => {
                Verdict::condition(band.name, hold)
            }
            Some(_) | None if is_below => Verdict::open(GateReason::BelowThreshold, threshold),
            Some(_) | None => Verdict::deny(GateReason::OutstandingBalance, threshold),
        }
    }

    /// The threshold that counts, and who says so.
    fn threshold(&self) -> (&str, Option<Money>) {
        match (self.rules.threshold(self.standing.outstanding.currency()), self.store.debt_threshold) {
            (Some((name, amount)), _) => (name.as_str(), Some(amount)),
            (None, Some(amount)) => ("store_threshold", Some(amount)),
            (None, None) => ("any_balance", None),
        }
    }

    /// The condition with the lowest limit that is above the balance, and its hold.
    fn band(&self) -> Option<(Band<'_>, Money)> {
        let owed = self.standing.outstanding;
        let incidents = self.incidents(None);
        let fitting = self.rules.bands(owed.currency()).filter_map(|band| {
            let fits = owed.minor() < band.below.minor() && incidents <= u64::from(band.incidents_max);
            let hold = band.hold.hold(self.request.hold, owed)?;
            fits.then_some((band, hold))
        });
        fitting.min_by_key(|(band, _)| (band.below.minor(), band.incidents_max))
    }

    /// The table of risks. A condition whose hold cannot be made lets nobody in.
    fn by_risks(&self) -> Verdict {
        let mut open = Verdict::open(GateReason::Recommended, DEFAULT_RISKS);
        for risk in &self.recommendation().risks {
            let (action, name) = self.rules.action(risk);
            let hold = match action {
                RiskAction::Deny => None,
                RiskAction::Condition(hold) => hold.hold(self.request.hold, self.standing.outstanding),
                RiskAction::Accept | RiskAction::Ignore | RiskAction::Follow => continue,
            };
            let Some(hold) = hold else { return Verdict::deny(GateReason::Risk, name) };
            if open.hold.is_none_or(|highest| highest.minor() < hold.minor()) {
                open = Verdict::condition(name, hold);
            }
        }
        open
    }

    fn by_recommendation(&self) -> Verdict {
        match self.recommendation().authorized {
            Some(false) => Verdict::deny(GateReason::RecommendedDenial, "recommendation"),
            Some(true) | None => Verdict::open(GateReason::Recommended, "recommendation"),
        }
    }

    /// A denial is not Amazon's to make where its only grounds are a debt, which is ours to judge, or risks that the store accepts.
    fn by_amazon_except_debt(&self) -> Verdict {
        let grounds = self.grounds_except_debt();
        let accepts = |it: &RiskAction| matches!(it, RiskAction::Accept | RiskAction::Condition(_));
        let all_accepted = grounds.iter().all(|(action, _)| accepts(action));
        let amazons = self.by_recommendation();
        match grounds.first() {
            Some((_, name)) if all_accepted && !amazons.authorized => Verdict::open(GateReason::RiskAccepted, name),
            None if self.is_flagged() => Verdict::open(GateReason::NothingOwed, "nothing_owed"),
            Some(_) | None => amazons,
        }
    }

    /// Amazon's denial stands, unless it is about a debt only that was settled after Amazon flagged it.
    fn by_amazon_unless_settled(&self) -> Verdict {
        let amazons = self.by_recommendation();
        let is_about_debt_only = self.is_flagged() && self.grounds_except_debt().is_empty();
        if !amazons.authorized && is_about_debt_only && self.standing.is_flag_outdated() {
            return Verdict::open(GateReason::SettledSince, "own_settlement");
        }
        amazons
    }

    fn is_flagged(&self) -> bool {
        self.recommendation().risks.iter().any(|risk| risk == BAD_DEBT)
    }

    /// The risks other than a debt that are a ground for anything, with the names of the rules about them.
    fn grounds_except_debt(&self) -> Vec<(RiskAction, &str)> {
        let risks = self.recommendation().risks.iter().filter(|risk| *risk != BAD_DEBT);
        risks.map(|risk| self.rules.action(risk)).filter(|(action, _)| *action != RiskAction::Ignore).collect()
    }

    fn decision(&self, verdict: Verdict) -> GateDecision {
        let asked = self.request.hold;
        let recommended = self.recommendation().adjusted_hold;
        let hold = verdict.hold.or(recommended).filter(|_| verdict.authorized);
        let adjusted_hold = hold.filter(|hold| *hold != asked || recommended.is_some());
        let differs = adjusted_hold.unwrap_or(asked) != recommended.unwrap_or(asked);
        let override_kind = match (self.recommendation().authorized, verdict.authorized) {
            (Some(false), true) => Some(OverrideKind::Accept),
            (Some(true), false) => Some(OverrideKind::Deny),
            (Some(true) | None, true) if differs => Some(OverrideKind::Adjust),
            (Some(true) | None, true) | (Some(false) | None, false) => None,
        };
        GateDecision {
            authorized: verdict.authorized,
            reason: verdict.reason,
            adjusted_hold,
            risks: risks(&self.recommendation().risks, verdict.reason),
            is_override: override_kind.is_some(),
            override_kind,
            notice: Notice::of(verdict.reason, adjusted_hold.is_some_and(|hold| asked.minor() < hold.minor())),
            rule: verdict.rule,
            rules_part: self.rules.part,
        }
    }
}

/// Amazon's risks, and ours in Amazon's words, each once.
fn risks(amazons: &[String], reason: GateReason) -> Vec<String> {
    let ours: &[&str] = match reason {
        GateReason::OutstandingBalance => &[BAD_DEBT],
        GateReason::RepeatOffender => &[NONPAYMENT_HIGH_RISK, BAD_DEBT],
        _ => &[],
    };
    let missing = ours.iter().filter(|risk| !amazons.iter().any(|it| it == *risk)).map(|risk| (*risk).to_owned());
    amazons.iter().cloned().chain(missing).collect()
}
