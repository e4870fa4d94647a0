//! What became of one debt's part of a payoff.

use crate::debt::ChargeBack;
use crate::money::{Money, MoneyError};

/// Where the money of one allocation is. `settled + surplus + charged_back` is its amount once it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// It settled something.
    pub settled: Money,
    /// It was more than outstanding: the shopper's.
    pub surplus: Money,
    /// The bank has it.
    pub charged_back: Money,
    /// Of what the bank has, the store's loss: nobody owes it.
    pub lost: Money,
}

impl Share {
    /// Nothing, before it is paid.
    #[must_use]
    pub fn unpaid(amount: Money) -> Self {
        let nothing = Money::zero(amount.currency());
        Self { settled: nothing, surplus: nothing, charged_back: nothing, lost: nothing }
    }

    /// Paid: `settled` of `amount` was outstanding.
    ///
    /// # Errors
    ///
    /// Refuses mixed currencies and amounts past 64 bits.
    pub fn paid(amount: Money, settled: Money) -> Result<Self, MoneyError> {
        Ok(Self { settled, surplus: amount.checked_sub(settled)?, ..Self::unpaid(amount) })
    }

    /// The bank takes `taken` of it: of the surplus first, then of what it settled. The surplus is taken from `credit`, what is still
    /// the shopper's of the trip, and the rest from `paid`, what is paid of the debt; what neither has is lost.
    ///
    /// # Errors
    ///
    /// Refuses mixed currencies and amounts past 64 bits.
    pub fn charge_back(self, taken: Money, paid: Money, credit: Money) -> Result<(Self, ChargeBack), MoneyError> {
        let of_surplus = less(taken, self.surplus);
        let of_settled = taken.checked_sub(of_surplus)?;
        let back = ChargeBack {
            paid: less(of_settled, paid),
            credit: less(of_surplus, credit),
            lost: Money::zero(taken.currency()),
        };
        let lost = taken.checked_sub(back.paid)?.checked_sub(back.credit)?;
        let share = Self {
            settled: self.settled.checked_sub(of_settled)?,
            surplus: self.surplus.checked_sub(of_surplus)?,
            charged_back: self.charged_back.checked_add(taken)?,
            lost: self.lost.checked_add(lost)?,
        };
        Ok((share, ChargeBack { lost, ..back }))
    }

    /// The bank gives back what it has, of which `settled` settled something again.
    ///
    /// # Errors
    ///
    /// Refuses mixed currencies and amounts past 64 bits.
    pub fn restore(self, settled: Money) -> Result<Self, MoneyError> {
        let nothing = Money::zero(settled.currency());
        let surplus = self.charged_back.checked_sub(settled)?;
        Ok(Self {
            settled: self.settled.checked_add(settled)?,
            surplus: self.surplus.checked_add(surplus)?,
            charged_back: nothing,
            lost: nothing,
        })
    }
}

/// How much of each share a bank that takes `amount` in all takes: the last first, so that the oldest debts stay settled.
///
/// # Errors
///
/// Refuses mixed currencies and amounts past 64 bits.
pub fn spread(amount: Money, shares: &[Share]) -> Result<Vec<Money>, MoneyError> {
    let mut left = amount;
    let mut taken = vec![];
    for share in shares.iter().rev() {
        let of_this = less(left, share.settled.checked_add(share.surplus)?);
        left = left.checked_sub(of_this)?;
        taken.push(of_this);
    }
    taken.reverse();
    Ok(taken)
}

fn less(a: Money, b: Money) -> Money {
    let nothing = Money::zero(a.currency());
    let less = if a.minor() < b.minor() { a } else { b };
    if less.minor() < 0 { nothing } else { less }
}
