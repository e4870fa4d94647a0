//! What Amazon is told of a visit's payment.

use crate::debt::Debt;
use crate::money::{Money, MoneyError};

/// How a visit's payment stands (Report Payment Status page: `totalAmount`, `settledAmount`). Amazon takes the difference for owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentStatus {
    /// What the visit costs; nothing for a cancelled one.
    pub total: Money,
    /// What of it is settled.
    pub settled: Money,
}

impl PaymentStatus {
    /// Of a visit that cost `total`, with its debt.
    ///
    /// A credit lowers the total. What was given up is not settled: it still counts at the gate, and Amazon's view must not say
    /// otherwise. Cash that is given back changes neither.
    ///
    /// # Errors
    ///
    /// Refuses amounts of mixed currencies or past 64 bits.
    pub fn of(total: Money, debt: Option<&Debt>) -> Result<Self, MoneyError> {
        let Some(debt) = debt else { return Ok(Self { total, settled: total }) };
        let total = total.checked_sub(debt.credited)?;
        let settled = total.checked_sub(debt.outstanding)?.checked_sub(debt.written_off)?;
        Ok(Self { total, settled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debt::{DebtEvent, PaymentMeans};
    use crate::money::Currency;
    use crate::reason::DebtCause;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn status(total: i64, born: i64, events: &[DebtEvent]) -> (i64, i64) {
        let mut debt = Debt::incur(usd(born), DebtCause::PaymentDeclined).unwrap();
        for event in events {
            debt = debt.apply(*event).unwrap().debt;
        }
        let status = PaymentStatus::of(usd(total), Some(&debt)).unwrap();
        (status.total.minor(), status.settled.minor())
    }

    #[test]
    fn what_is_not_owed_is_settled() {
        let paid = DebtEvent::Paid { amount: usd(30), means: PaymentMeans::InStore };
        assert_eq!(PaymentStatus::of(usd(100), None), Ok(PaymentStatus { total: usd(100), settled: usd(100) }));
        assert_eq!(status(100, 40, &[]), (100, 60));
        assert_eq!(status(100, 40, &[paid]), (100, 90));
        assert_eq!(status(100, 100, &[DebtEvent::CaptureRecovered(usd(100))]), (100, 100));
    }

    #[test]
    fn a_credit_lowers_the_total_and_settles_nothing() {
        assert_eq!(status(100, 40, &[DebtEvent::Credited(usd(10))]), (90, 60));
    }

    #[test]
    fn a_write_off_settles_nothing() {
        let paid = DebtEvent::Paid { amount: usd(30), means: PaymentMeans::InStore };
        assert_eq!(status(100, 40, &[DebtEvent::WrittenOff]), (100, 60));
        assert_eq!(status(100, 40, &[paid, DebtEvent::WrittenOff]), (100, 90));
        assert_eq!(status(100, 40, &[DebtEvent::WrittenOff, DebtEvent::Reopened, paid]), (100, 90));
    }
}
