//! What was taken, is known by now, and cannot be charged any more: there is no second capture.

use crate::id::TripId;
use crate::ledger::{Account, Entry, Subject};
use crate::money::{Currency, Money, MoneyError};
use crate::pricing::Purchase;

/// An amount that the store bears itself. Signed: a part may be below zero where what is known now is cheaper in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// All of it.
    pub total: Money,
    /// The tax in it, added or included.
    pub tax: Money,
    /// The deposits and fees in it.
    pub deposits: Money,
}

impl Loss {
    /// No loss.
    #[must_use]
    pub const fn nothing(currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self { total: nothing, tax: nothing, deposits: nothing }
    }

    /// What a cart costs as it is known now, beyond what was charged for it; `None`: nothing was. A cart that turns out to cost no
    /// more than was charged is no loss, and no gift either: nothing is given back for what nobody could see.
    ///
    /// # Errors
    ///
    /// Refuses amounts of two currencies or past 64 bits.
    pub fn beyond(known: &Purchase, charged: Option<&Purchase>) -> Result<Self, MoneyError> {
        let parts = |it: &Purchase| Ok(Self { total: it.total, tax: it.tax_whole()?, deposits: it.deposits });
        let known = parts(known)?;
        let Some(charged) = charged else { return Ok(known) };
        let beyond = known.checked_sub(parts(charged)?)?;
        Ok(if beyond.total.is_positive() { beyond } else { Self::nothing(known.total.currency()) })
    }

    /// This loss without `other`.
    ///
    /// # Errors
    ///
    /// Refuses amounts of two currencies or past 64 bits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            total: self.total.checked_sub(other.total)?,
            tax: self.tax.checked_sub(other.tax)?,
            deposits: self.deposits.checked_sub(other.deposits)?,
        })
    }

    /// Its entries: a sale that the store pays itself. The goods are gone, the tax is owed and the deposits will be paid back, whoever
    /// has them now; no shopper's account is touched. They add up to nothing.
    ///
    /// # Errors
    ///
    /// Refuses amounts of two currencies or past 64 bits.
    pub fn entries(self, trip: &TripId) -> Result<Vec<Entry>, MoneyError> {
        let sales = self.total.checked_sub(self.tax)?.checked_sub(self.deposits)?;
        let entries = [
            (Account::BadCartLoss, self.total),
            (Account::Sales, sales.checked_neg()?),
            (Account::TaxPayable, self.tax.checked_neg()?),
            (Account::DepositsPayable, self.deposits.checked_neg()?),
        ];
        let entries = entries.into_iter().filter(|(_, amount)| !amount.is_zero());
        Ok(entries.map(|(account, amount)| Entry { account, subject: Subject::Trip(trip.clone()), amount }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RuleSetId;
    use crate::pricing::{ENGINE_VERSION, PricingSettings};

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn costing(total: i64, tax: i64, tax_included: i64, deposits: i64) -> Purchase {
        Purchase {
            rule_set: RuleSetId(1),
            engine_version: ENGINE_VERSION,
            settings: PricingSettings::plain("US-NY"),
            lines: vec![],
            bad_lines: vec![],
            price: usd(total - tax - deposits),
            promotions: usd(0),
            tax: usd(tax),
            tax_included: usd(tax_included),
            deposits: usd(deposits),
            total: usd(total),
            applied: vec![],
            explanation: vec![],
        }
    }

    #[test]
    fn a_loss_is_what_is_known_beyond_what_was_charged_and_never_less_than_nothing() {
        let loss = |total, tax, deposits| Loss { total: usd(total), tax: usd(tax), deposits: usd(deposits) };
        let known = costing(1_000, 60, 20, 15);
        for (charged, expected) in [
            (None, loss(1_000, 80, 15)),
            (Some(costing(0, 0, 0, 0)), loss(1_000, 80, 15)),
            (Some(costing(400, 50, 0, 5)), loss(600, 30, 10)),
            // A basket promotion that the missing line brought about: cheaper in tax, dearer in all.
            (Some(costing(900, 90, 0, 0)), loss(100, -10, 15)),
            (Some(costing(1_000, 0, 0, 0)), loss(0, 0, 0)),
            (Some(costing(1_001, 60, 20, 15)), loss(0, 0, 0)),
        ] {
            assert_eq!(Loss::beyond(&known, charged.as_ref()), Ok(expected));
        }
    }

    #[test]
    fn its_entries_add_up_to_nothing_and_touch_no_shopper() {
        let trip = TripId::new("trip-1").unwrap();
        for (total, tax, deposits) in [(600, 30, 10), (100, -10, 15), (-50, 0, 0), (0, 0, 0), (5, 5, 0)] {
            let loss = Loss { total: usd(total), tax: usd(tax), deposits: usd(deposits) };
            let entries = loss.entries(&trip).unwrap();
            assert_eq!(entries.iter().map(|it| it.amount.minor()).sum::<i64>(), 0);
            assert!(entries.iter().all(|it| !it.amount.is_zero() && it.subject == Subject::Trip(trip.clone())));
            let own = [Account::BadCartLoss, Account::Sales, Account::TaxPayable, Account::DepositsPayable];
            assert!(entries.iter().all(|it| own.contains(&it.account)), "{entries:?}");
        }
        let entries = Loss { total: usd(600), tax: usd(30), deposits: usd(10) }.entries(&trip).unwrap();
        let amounts: Vec<_> = entries.iter().map(|it| (it.account, it.amount.minor())).collect();
        let expected = [
            (Account::BadCartLoss, 600),
            (Account::Sales, -560),
            (Account::TaxPayable, -30),
            (Account::DepositsPayable, -10),
        ];
        assert_eq!(amounts, expected);
    }
}
