//! What was not collected for one trip, and what became of it.
//!
//! A debt that is being paid online or disputed comes with those ways of settling it.

use crate::money::{Money, MoneyError};
use crate::reason::{DebtCause, closed_list};

closed_list!(
    /// Where a debt is.
    DebtStatus {
        /// Something is outstanding.
        Open = "open",
        /// Nothing is outstanding: it was paid, recovered or credited.
        Settled = "settled",
        /// Given up. Still counts at the gate until staff clear it.
        WrittenOff = "written_off",
    }
);

/// The debt of one trip. `incurred = outstanding + what was paid, recovered and credited`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debt {
    /// What was owed when it was born, and what reversals added.
    pub incurred: Money,
    /// What is owed now; never negative.
    pub outstanding: Money,
    /// Why it was born.
    pub cause: DebtCause,
    /// Where it is.
    pub status: DebtStatus,
    /// Does it keep the gate closed? A late cart's does not until a person confirms it.
    pub counts_at_gate: bool,
}

/// Why a debt refused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DebtError {
    /// Only a positive amount makes or reduces a debt.
    #[error("the amount must be more than nothing")]
    NotPositive,
    /// More than is outstanding: the surplus would be owed to the shopper.
    #[error("the amount is more than is outstanding")]
    MoreThanOutstanding,
    /// It is settled or written off.
    #[error("the debt is closed")]
    Closed,
    /// Another currency, or too large.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

impl Debt {
    /// A debt is born.
    ///
    /// # Errors
    ///
    /// Refuses an amount that is not positive.
    pub fn incur(amount: Money, cause: DebtCause) -> Result<Self, DebtError> {
        if !amount.is_positive() {
            return Err(DebtError::NotPositive);
        }
        let counts_at_gate = cause != DebtCause::LateCart;
        Ok(Self { incurred: amount, outstanding: amount, cause, status: DebtStatus::Open, counts_at_gate })
    }

    /// Something was paid or recovered.
    ///
    /// # Errors
    ///
    /// Refuses what is not positive, what is more than is outstanding, and a closed debt.
    pub fn reduce(self, amount: Money) -> Result<Self, DebtError> {
        match self.status {
            DebtStatus::Settled | DebtStatus::WrittenOff => return Err(DebtError::Closed),
            DebtStatus::Open => {}
        }
        if !amount.is_positive() {
            return Err(DebtError::NotPositive);
        }
        let outstanding = self.outstanding.checked_sub(amount)?;
        if outstanding.minor() < 0 {
            return Err(DebtError::MoreThanOutstanding);
        }
        let status = if outstanding.is_zero() { DebtStatus::Settled } else { DebtStatus::Open };
        Ok(Self { outstanding, status, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn a_debt_is_settled_by_the_last_cent_and_not_before() {
        let debt = Debt::incur(usd(100), DebtCause::PaymentDeclined).unwrap();
        let almost = debt.reduce(usd(99)).unwrap();
        assert_eq!((almost.status, almost.outstanding), (DebtStatus::Open, usd(1)));
        let settled = almost.reduce(usd(1)).unwrap();
        assert_eq!((settled.status, settled.outstanding, settled.incurred), (DebtStatus::Settled, usd(0), usd(100)));
        assert_eq!(settled.reduce(usd(1)), Err(DebtError::Closed));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(Debt::incur(usd(0), DebtCause::SystemError), Err(DebtError::NotPositive));
        let debt = Debt::incur(usd(100), DebtCause::SystemError).unwrap();
        assert_eq!(debt.reduce(usd(0)), Err(DebtError::NotPositive));
        assert_eq!(debt.reduce(usd(-1)), Err(DebtError::NotPositive));
        assert_eq!(debt.reduce(usd(101)), Err(DebtError::MoreThanOutstanding));
        assert_eq!(debt.reduce(Money::new(1, Currency::JPY)), Err(DebtError::Amount(MoneyError::CurrencyMismatch)));
    }

    #[test]
    fn a_late_carts_debt_does_not_close_the_gate() {
        for cause in DebtCause::ALL {
            let debt = Debt::incur(usd(1), *cause).unwrap();
            assert_eq!(debt.counts_at_gate, *cause != DebtCause::LateCart);
        }
    }
}
