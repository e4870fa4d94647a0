//! What a payoff does to a debt, and what its cardholder's bank undoes.

use crate::money::Money;

use super::{ChargeBack, Debt, DebtError, DebtMovement, DebtStep, PaymentMeans, taken_back};

impl Debt {
    /// Settles what is outstanding first, then undoes what was given up; the rest is the shopper's.
    pub(super) fn pay_online(self, amount: Money) -> Result<DebtStep, DebtError> {
        let (debt, mut movements, settles) = self.settled_by(amount)?;
        let surplus = amount.checked_sub(settles)?;
        if settles.is_positive() {
            movements.push(DebtMovement::Paid { amount: settles, means: PaymentMeans::Online });
        }
        if surplus.is_positive() {
            movements.push(DebtMovement::Overpaid(surplus));
        }
        Ok(debt.moved(movements))
    }

    pub(super) fn charge_back(self, taken: ChargeBack) -> Result<DebtStep, DebtError> {
        let parts = [taken.paid, taken.credit, taken.lost];
        if parts.iter().any(|it| it.minor() < 0) || parts.iter().all(|it| it.is_zero()) {
            return Err(DebtError::NotPositive);
        }
        let debt = Self {
            paid: taken_back(self.paid, taken.paid)?,
            outstanding: self.outstanding.checked_add(taken.paid)?,
            ..self
        };
        let movements = [
            DebtMovement::ChargedBack(taken.paid),
            DebtMovement::CreditChargedBack(taken.credit),
            DebtMovement::ChargebackLost(taken.lost),
        ];
        Ok(debt.moved(movements.into_iter().zip(parts).filter(|(_, part)| !part.is_zero()).map(|(it, _)| it)))
    }

    pub(super) fn restore_charge(self, amount: Money, lost: Money) -> Result<DebtStep, DebtError> {
        if amount.minor() < 0 || lost.minor() < 0 || (amount.is_zero() && lost.is_zero()) {
            return Err(DebtError::NotPositive);
        }
        let (debt, mut movements, settles) = self.settled_by(amount)?;
        let surplus = amount.checked_sub(settles)?;
        if settles.is_positive() {
            movements.push(DebtMovement::ChargedBack(settles.checked_neg()?));
        }
        if surplus.is_positive() {
            movements.push(DebtMovement::CreditChargedBack(surplus.checked_neg()?));
        }
        if lost.is_positive() {
            movements.push(DebtMovement::ChargebackLost(lost.checked_neg()?));
        }
        Ok(debt.moved(movements))
    }

    /// The debt after `amount` went towards it, what that undid before, and how much of it settled something.
    fn settled_by(self, amount: Money) -> Result<(Self, Vec<DebtMovement>, Money), DebtError> {
        let (mut debt, movements, settles) = self.settle(amount)?;
        debt.paid = debt.paid.checked_add(settles)?;
        Ok((debt, movements, settles))
    }
}
