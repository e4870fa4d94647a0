//! Double entry: every movement of money as entries that add up to nothing.
//!
//! Signs: a debit is positive, a credit negative. An account's balance is the sum of its entries.

use crate::debt::{DebtMovement, PaymentMeans};
use crate::id::{InstrumentId, TripId};
use crate::money::{Money, MoneyError};
use crate::reason::closed_list;
use crate::trip::Movement;

closed_list!(
    /// The accounts, per store and currency.
    Account {
        /// Priced, and on its way to being collected.
        TripInFlight = "trip_in_flight",
        /// Captured; the processor will pay it out.
        CardClearing = "card_clearing",
        /// Owed by an instrument.
        ShopperReceivable = "shopper_receivable",
        /// Owed by whoever made a trip that no instrument is known for.
        UnresolvedReceivable = "unresolved_receivable",
        /// Goods sold, before tax.
        Sales = "sales",
        /// Tax collected for the authority.
        TaxPayable = "tax_payable",
        /// Deposits and fees that are passed on or paid back.
        DepositsPayable = "deposits_payable",
        /// Perhaps captured; nobody knows.
        CaptureSuspense = "capture_suspense",
        /// Taken beyond what was owed: the shopper's.
        ShopperCredit = "shopper_credit",
        /// Goods that came back.
        SalesReturns = "sales_returns",
        /// Refunds on their way to a card.
        RefundClearing = "refund_clearing",
        /// Payoffs on their way from the processor.
        PayoffClearing = "payoff_clearing",
        /// Paid to staff: at a till, by telephone.
        ExternalPayments = "external_payments",
        /// Debts that were given up.
        BadDebtExpense = "bad_debt_expense",
        /// Things taken that could not be charged.
        BadCartLoss = "bad_cart_loss",
        /// Charged back when nobody was left to owe it.
        DisputeLoss = "dispute_loss",
    }
);

/// Whose part of an account an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One visit's.
    Trip(TripId),
    /// One instrument's.
    Instrument(InstrumentId),
}

/// One line of the ledger. Written once, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub account: Account,
    /// Whose part of it.
    pub subject: Subject,
    /// Debit positive, credit negative, never nothing.
    pub amount: Money,
}

/// The facts that entries need besides the amount.
#[derive(Debug, Clone, Copy)]
pub struct Books<'a> {
    /// The visit.
    pub trip: &'a TripId,
    /// Who pays for it. `None`: nobody is known yet.
    pub instrument: Option<&'a InstrumentId>,
    /// The tax part of the total, added or included.
    pub tax: Money,
    /// The deposits and fees in the total.
    pub deposits: Money,
}

/// The entries of one movement of a trip. They add up to nothing. What concerns its debt has none here: [`debt_entries`] has
/// them.
///
/// # Errors
///
/// Refuses amounts of mixed currencies or past 64 bits.
pub fn entries(movement: Movement, books: Books<'_>) -> Result<Vec<Entry>, MoneyError> {
    let visit = || Subject::Trip(books.trip.clone());
    let entry = |account, subject, amount| Entry { account, subject, amount };
    let entries = match movement {
        Movement::Priced(total) => vec![
            entry(Account::TripInFlight, visit(), total),
            entry(Account::Sales, visit(), total.checked_sub(books.tax)?.checked_sub(books.deposits)?.checked_neg()?),
            entry(Account::TaxPayable, visit(), books.tax.checked_neg()?),
            entry(Account::DepositsPayable, visit(), books.deposits.checked_neg()?),
        ],
        Movement::Captured(amount) => vec![
            entry(Account::CardClearing, visit(), amount),
            entry(Account::TripInFlight, visit(), amount.checked_neg()?),
        ],
        Movement::CaptureReversed(amount) => vec![
            entry(Account::TripInFlight, visit(), amount),
            entry(Account::CardClearing, visit(), amount.checked_neg()?),
        ],
        Movement::Unsuspended(amount) => vec![
            entry(Account::TripInFlight, visit(), amount),
            entry(Account::CaptureSuspense, visit(), amount.checked_neg()?),
        ],
        Movement::Suspended(amount) => vec![
            entry(Account::CaptureSuspense, visit(), amount),
            entry(Account::TripInFlight, visit(), amount.checked_neg()?),
        ],
        Movement::DebtIncurred { .. } | Movement::LateCapture(_) | Movement::LateCaptureReversed(_) => vec![],
    };
    Ok(entries.into_iter().filter(|entry| !entry.amount.is_zero()).collect())
}

/// The entries of one movement of a trip's debt. They add up to nothing.
///
/// # Errors
///
/// Refuses amounts of mixed currencies or past 64 bits.
pub fn debt_entries(movement: DebtMovement, books: Books<'_>) -> Result<Vec<Entry>, MoneyError> {
    let visit = || Subject::Trip(books.trip.clone());
    let receivable = |amount| match books.instrument {
        Some(instrument) => {
            Entry { account: Account::ShopperReceivable, subject: Subject::Instrument(instrument.clone()), amount }
        }
        None => Entry { account: Account::UnresolvedReceivable, subject: visit(), amount },
    };
    let towards = |account, amount: Money| {
        Ok(vec![Entry { account, subject: visit(), amount }, receivable(amount.checked_neg()?)])
    };
    let credited = |account, amount: Money| {
        let credit = Entry { account: Account::ShopperCredit, subject: visit(), amount: amount.checked_neg()? };
        Ok(vec![Entry { account, subject: visit(), amount }, credit])
    };
    let entries = match movement {
        DebtMovement::Incurred(amount) => {
            let in_flight = Entry { account: Account::TripInFlight, subject: visit(), amount: amount.checked_neg()? };
            vec![receivable(amount), in_flight]
        }
        DebtMovement::Paid { amount, means: PaymentMeans::InStore | PaymentMeans::ByPhone } => {
            towards(Account::ExternalPayments, amount)?
        }
        DebtMovement::Paid { amount, means: PaymentMeans::Online } => towards(Account::PayoffClearing, amount)?,
        DebtMovement::ChargedBack(amount) => towards(Account::PayoffClearing, amount.checked_neg()?)?,
        DebtMovement::Overpaid(amount) => credited(Account::PayoffClearing, amount)?,
        DebtMovement::CreditChargedBack(amount) => credited(Account::PayoffClearing, amount.checked_neg()?)?,
        DebtMovement::ChargebackLost(amount) => vec![
            Entry { account: Account::DisputeLoss, subject: visit(), amount },
            Entry { account: Account::PayoffClearing, subject: visit(), amount: amount.checked_neg()? },
        ],
        DebtMovement::Recovered(amount) => towards(Account::CardClearing, amount)?,
        DebtMovement::WrittenOff(amount) => towards(Account::BadDebtExpense, amount)?,
        DebtMovement::RecoveredSurplus(amount) => credited(Account::CardClearing, amount)?,
        DebtMovement::Credited(amount) => {
            let sales = amount.checked_sub(books.tax)?.checked_sub(books.deposits)?;
            vec![
                Entry { account: Account::SalesReturns, subject: visit(), amount: sales },
                Entry { account: Account::TaxPayable, subject: visit(), amount: books.tax },
                Entry { account: Account::DepositsPayable, subject: visit(), amount: books.deposits },
                receivable(amount.checked_neg()?),
            ]
        }
    };
    Ok(entries.into_iter().filter(|entry| !entry.amount.is_zero()).collect())
}

/// The entries by which a debt that nobody was known to owe becomes an instrument's.
///
/// # Errors
///
/// Refuses the one amount that has no opposite.
pub fn assignment(trip: &TripId, instrument: &InstrumentId, amount: Money) -> Result<Vec<Entry>, MoneyError> {
    let (owner, nobody) = (Subject::Instrument(instrument.clone()), Subject::Trip(trip.clone()));
    Ok(vec![
        Entry { account: Account::ShopperReceivable, subject: owner, amount },
        Entry { account: Account::UnresolvedReceivable, subject: nobody, amount: amount.checked_neg()? },
    ])
}
