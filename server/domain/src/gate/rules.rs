//! A store's own rules for the gate: versioned, as its prices are.
//!
//! What a store's list says comes on top of what holds without one ([`DENIED_RISKS`], [`IGNORED_RISKS`], the threshold of the
//! store's settings), so that a list with one rule in it opens no gate by what it leaves out.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::money::{Currency, Money, Rounding};

mod check;

pub use check::RiskRuleError;

/// Amazon's word for an outstanding balance.
pub const BAD_DEBT: &str = "BadDebt";

/// Amazon's word for somebody who will not pay again.
pub const NONPAYMENT_HIGH_RISK: &str = "NonpaymentHighRisk";

/// Amazon's word for having looked at nothing.
pub const NO_RISK_EVALUATION: &str = "NoRiskEvaluationRun";

/// Every risk that Amazon is known to tell of (test plan 7a.6).
pub const KNOWN_RISKS: [&str; 14] = [
    "InvalidCard",
    "ExpiredCard",
    "FailureToVetCard",
    "BillingAddressInvalid",
    "CustomerFraud",
    "CustomerConfirmedFraud",
    BAD_DEBT,
    "AccountIssue",
    "CreditCardFraud",
    "CardNotSupported",
    "NonpaymentLowRisk",
    "NonpaymentMediumRisk",
    NONPAYMENT_HIGH_RISK,
    NO_RISK_EVALUATION,
];

/// Risks that keep the gate closed even where Amazon's recommendation says nothing or yes, unless the store's rules say otherwise:
/// the card cannot be charged, or fraud is known (test plan 7a.2, 7a.4, 7a.5).
pub const DENIED_RISKS: [&str; 7] = [
    "InvalidCard",
    "ExpiredCard",
    "CardNotSupported",
    "AccountIssue",
    "CustomerFraud",
    "CustomerConfirmedFraud",
    "CreditCardFraud",
];

/// Risks that are no ground for anything, unless the store's rules say otherwise.
pub const IGNORED_RISKS: [&str; 2] = ["NonpaymentLowRisk", NO_RISK_EVALUATION];

/// The name of a rule that no file has: what holds without one.
pub(super) const DEFAULT_RISKS: &str = "default_risks";

/// Which hold a condition asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldRule {
    /// This amount.
    Exactly(Money),
    /// So many percent of the hold that Amazon asks about: below 100 lowers it, above raises it.
    Percent(Decimal),
    /// The hold that Amazon asks about and the balance on top, so that it covers the new cart and what is owed (test plan 9.7).
    PlusBalance,
}

impl HoldRule {
    /// The hold instead of `asked`. `None`: it cannot be made, since the currencies differ or it is more than can be counted.
    #[must_use]
    pub fn hold(&self, asked: Money, owed: Money) -> Option<Money> {
        match self {
            Self::Exactly(hold) => Some(*hold).filter(|hold| hold.currency() == asked.currency()),
            Self::Percent(percent) => {
                let part = asked.to_decimal().checked_mul(*percent)?.checked_div(Decimal::ONE_HUNDRED)?;
                Money::round(part, asked.currency(), Rounding::HalfUp).ok()
            }
            Self::PlusBalance => asked.checked_add(owed).ok(),
        }
    }
}

/// What a risk of Amazon's leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskAction {
    /// The gate stays closed, whatever Amazon recommends.
    Deny,
    /// The gate opens with this hold, as far as this risk goes.
    Condition(HoldRule),
    /// The gate opens as far as this risk goes, also where Amazon denies because of it.
    Accept,
    /// It is no ground for or against anything.
    Ignore,
    /// Amazon's recommendation decides, as for every risk that nothing is said of.
    Follow,
}

/// One line of a store's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskRule {
    /// Its name, once in a list: what decisions and audit entries say.
    pub name: Label,
    /// What it says.
    #[serde(flatten)]
    pub kind: RiskRuleKind,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RiskRuleKind {
    /// A balance in this currency strictly below it opens the gate. Comes before the threshold of the store's settings.
    Threshold {
        /// Zero: any positive balance denies.
        amount: Money,
    },
    /// A balance strictly below opens the gate with another hold. Nothing says from which balance on: a condition for larger
    /// balances than those that are denied would make owing more a way in.
    Conditional {
        /// More than nothing.
        below: Money,
        /// For shoppers with at most so many unpaid visits. `None`: with any number.
        incidents_max: Option<u32>,
        /// The hold.
        hold: HoldRule,
    },
    /// A repeat offender: so many unpaid visits deny whatever is owed, until all of them are paid (test plan 9.10).
    Incidents {
        /// At least so many.
        count: u32,
        /// That are at most so many days old. `None`: of any age.
        within_days: Option<u32>,
    },
    /// A repeat offender: more owed than this denies whatever another rule says.
    Sum {
        /// Strictly more than this.
        over: Money,
    },
    /// What a risk of Amazon's leads to.
    Risk {
        /// In Amazon's word.
        risk: Label,
        /// What it leads to.
        action: RiskAction,
    },
}

impl RiskRuleKind {
    /// The word of files and lists.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Threshold { .. } => "threshold",
            Self::Conditional { .. } => "conditional",
            Self::Incidents { .. } => "incidents",
            Self::Sum { .. } => "sum",
            Self::Risk { .. } => "risk",
        }
    }
}

/// The rules of one store at one moment. None at all is what holds for a store that imported none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RiskRules {
    /// The number of the imported list. `None`: the store has none.
    pub part: Option<i64>,
    /// The list, in the file's order.
    pub rules: Vec<RiskRule>,
}

/// A conditional entry that may apply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band<'a> {
    pub(super) name: &'a Label,
    pub(super) below: Money,
    pub(super) incidents_max: u32,
    pub(super) hold: &'a HoldRule,
}

impl RiskRules {
    /// What `risk` leads to, and the name of the rule that says so.
    #[must_use]
    pub fn action(&self, risk: &str) -> (RiskAction, &str) {
        let told = self.rules.iter().find_map(|rule| match &rule.kind {
            RiskRuleKind::Risk { risk: named, action } if named.as_str() == risk => {
                Some((action.clone(), rule.name.as_str()))
            }
            _ => None,
        });
        let default = if DENIED_RISKS.contains(&risk) {
            RiskAction::Deny
        } else if IGNORED_RISKS.contains(&risk) {
            RiskAction::Ignore
        } else {
            RiskAction::Follow
        };
        told.unwrap_or((default, DEFAULT_RISKS))
    }

    /// Is `risk` one that neither Amazon's list nor the store's knows? Such a one changes nothing, and a person is told.
    #[must_use]
    pub fn is_unknown(&self, risk: &str) -> bool {
        let is_told =
            |rule: &RiskRule| matches!(&rule.kind, RiskRuleKind::Risk { risk: it, .. } if it.as_str() == risk);
        !KNOWN_RISKS.contains(&risk) && !self.rules.iter().any(is_told)
    }

    /// The threshold that the list has for a currency.
    pub(super) fn threshold(&self, currency: Currency) -> Option<(&Label, Money)> {
        self.rules.iter().find_map(|rule| match rule.kind {
            RiskRuleKind::Threshold { amount } if amount.currency() == currency => Some((&rule.name, amount)),
            _ => None,
        })
    }

    /// The conditional entries for balances in a currency.
    pub(super) fn bands(&self, currency: Currency) -> impl Iterator<Item = Band<'_>> {
        self.rules.iter().filter_map(move |rule| match &rule.kind {
            RiskRuleKind::Conditional { below, incidents_max, hold } if below.currency() == currency => {
                let incidents_max = incidents_max.unwrap_or(u32::MAX);
                Some(Band { name: &rule.name, below: *below, incidents_max, hold })
            }
            _ => None,
        })
    }
}
