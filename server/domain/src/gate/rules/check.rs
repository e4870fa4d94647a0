//! Is a list of rules fit to be published?

use rust_decimal::Decimal;

use super::{BAD_DEBT, HoldRule, RiskAction, RiskRule, RiskRuleKind};

/// Why a rule is refused at import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RiskRuleError {
    /// A negative threshold or sum.
    #[error("the amount must not be negative")]
    AmountNegative,
    /// A condition that no balance can meet.
    #[error("the amount must be more than nothing: a shopper who owes nothing needs no condition")]
    NothingBelow,
    /// A hold below nothing.
    #[error("the hold must not be negative")]
    HoldNegative,
    /// A percentage that Amazon could not be asked for in earnest.
    #[error("the hold must be between 0 % and 1000 %")]
    PercentOutOfRange,
    /// A number of visits that everybody has.
    #[error("the number of unpaid visits must be at least 1")]
    NoIncidents,
    /// A window without days, or of more than ten years.
    #[error("the window must be 1 to 3650 days")]
    WindowOutOfRange,
    /// Debts are judged by our own records.
    #[error("BadDebt is judged by our own records: use a threshold, a conditional entry, incidents or a sum")]
    BadDebt,
    /// A balance is added to a hold that is asked for because of a risk.
    #[error("+balance needs a balance: a risk's hold is an amount or a percentage")]
    BalanceOfRisk,
    /// Two rules of one name.
    #[error("another rule has this name")]
    NameTwice,
    /// Two rules about the same thing.
    #[error("the rule {0} says something about the same already")]
    Twice(String),
}

/// Most days of a window.
const WINDOW_DAYS_MAX: u32 = 3650;

impl RiskRule {
    /// What can be said of a rule by itself.
    ///
    /// # Errors
    ///
    /// See [`RiskRuleError`].
    pub fn check(&self) -> Result<(), RiskRuleError> {
        match &self.kind {
            RiskRuleKind::Threshold { amount } | RiskRuleKind::Sum { over: amount } if amount.minor() < 0 => {
                Err(RiskRuleError::AmountNegative)
            }
            RiskRuleKind::Threshold { .. } | RiskRuleKind::Sum { .. } => Ok(()),
            RiskRuleKind::Conditional { below, .. } if !below.is_positive() => Err(RiskRuleError::NothingBelow),
            RiskRuleKind::Conditional { incidents_max: Some(0), .. } | RiskRuleKind::Incidents { count: 0, .. } => {
                Err(RiskRuleError::NoIncidents)
            }
            RiskRuleKind::Conditional { hold, .. } => check_hold(hold),
            RiskRuleKind::Incidents { within_days: Some(days), .. } if !(1..=WINDOW_DAYS_MAX).contains(days) => {
                Err(RiskRuleError::WindowOutOfRange)
            }
            RiskRuleKind::Incidents { .. } => Ok(()),
            RiskRuleKind::Risk { risk, .. } if risk.as_str() == BAD_DEBT => Err(RiskRuleError::BadDebt),
            RiskRuleKind::Risk { action: RiskAction::Condition(HoldRule::PlusBalance), .. } => {
                Err(RiskRuleError::BalanceOfRisk)
            }
            RiskRuleKind::Risk { action: RiskAction::Condition(hold), .. } => check_hold(hold),
            RiskRuleKind::Risk { .. } => Ok(()),
        }
    }

    /// What can be said of it beside an earlier rule of the list.
    ///
    /// # Errors
    ///
    /// `NameTwice` and `Twice`.
    pub fn check_beside(&self, earlier: &Self) -> Result<(), RiskRuleError> {
        use RiskRuleKind::{Conditional, Risk, Threshold};
        if self.name == earlier.name {
            return Err(RiskRuleError::NameTwice);
        }
        let is_same = match (&self.kind, &earlier.kind) {
            (Threshold { amount: one }, Threshold { amount: other }) => one.currency() == other.currency(),
            (
                Conditional { below: one, incidents_max: few, .. },
                Conditional { below: other, incidents_max: many, .. },
            ) => one == other && few == many,
            (Risk { risk: one, .. }, Risk { risk: other, .. }) => one == other,
            _ => false,
        };
        if is_same { Err(RiskRuleError::Twice(earlier.name.to_string())) } else { Ok(()) }
    }
}

fn check_hold(hold: &HoldRule) -> Result<(), RiskRuleError> {
    match hold {
        HoldRule::Exactly(hold) if hold.minor() < 0 => Err(RiskRuleError::HoldNegative),
        HoldRule::Percent(percent) if *percent < Decimal::ZERO || *percent > Decimal::ONE_THOUSAND => {
            Err(RiskRuleError::PercentOutOfRange)
        }
        HoldRule::Exactly(_) | HoldRule::Percent(_) | HoldRule::PlusBalance => Ok(()),
    }
}
