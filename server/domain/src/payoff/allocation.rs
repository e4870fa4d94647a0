//! What a payoff pays: whole debts, chosen by their trips.

use std::collections::BTreeSet;

use crate::id::{DebtId, TripId};
use crate::money::{Currency, Money, MoneyError};

/// Most trips that one payoff pays: more than anybody owes who can still get in.
pub const TRIPS_MAX: usize = 100;

/// A debt with something outstanding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedDebt {
    /// Which.
    pub debt: DebtId,
    /// Of which visit.
    pub trip: TripId,
    /// How much.
    pub outstanding: Money,
}

/// A part of a payoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The debt it pays.
    pub debt: DebtId,
    /// Whose visit it is.
    pub trip: TripId,
    /// How much.
    pub amount: Money,
}

/// Why nothing can be paid so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// No trip was chosen.
    #[error("no trip was chosen")]
    NothingChosen,
    /// More than [`TRIPS_MAX`].
    #[error("too many trips were chosen")]
    TooMany,
    /// Of a chosen trip nothing is owed, or not by this shopper.
    #[error("nothing is owed for a chosen trip")]
    NotOwed,
    /// A card is charged in one currency.
    #[error("the chosen trips are in different currencies")]
    Currencies,
    /// Less than Stripe charges.
    #[error("less than {0} cannot be paid online")]
    TooLittle(Money),
    /// More than Stripe charges.
    #[error("more than {0} cannot be paid online")]
    TooMuch(Money),
    /// A currency in which Stripe counts otherwise than we do.
    #[error("{0} cannot be paid online")]
    Currency(Currency),
    /// Past 64 bits.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// What a payoff of the `chosen` trips pays, in the order in which their rows are locked, and its sum. Each trip is paid whole, and
/// once, however often it was chosen.
///
/// # Errors
///
/// [`AllocationError`]: nothing is paid.
pub fn allocate(owed: &[OwedDebt], chosen: &[TripId]) -> Result<(Vec<Allocation>, Money), AllocationError> {
    let chosen: BTreeSet<&TripId> = chosen.iter().collect();
    if chosen.len() > TRIPS_MAX {
        return Err(AllocationError::TooMany);
    }
    let mut allocations = vec![];
    for trip in chosen {
        let found = owed.iter().find(|it| it.trip == *trip && it.outstanding.is_positive());
        let OwedDebt { debt, trip, outstanding } = found.ok_or(AllocationError::NotOwed)?.clone();
        allocations.push(Allocation { debt, trip, amount: outstanding });
    }
    let currency = allocations.first().ok_or(AllocationError::NothingChosen)?.amount.currency();
    if allocations.iter().any(|it| it.amount.currency() != currency) {
        return Err(AllocationError::Currencies);
    }
    let total = Money::sum(currency, allocations.iter().map(|it| it.amount))?;
    chargeable(total)?;
    Ok((allocations, total))
}

/// Whether Stripe charges `total` at once. Source: "Minimum and maximum charge amounts" and "Zero-decimal currencies",
/// <https://docs.stripe.com/currencies>.
///
/// # Errors
///
/// Too little, too much, or a currency whose minor units differ between Stripe and ISO 4217.
pub fn chargeable(total: Money) -> Result<(), AllocationError> {
    let currency = total.currency();
    let (least, most) = match currency.code() {
        // Stripe counts these in hundredths, ISO 4217 does not.
        "ISK" | "UGX" => return Err(AllocationError::Currency(currency)),
        "GBP" => (30, 99_999_999),
        "JPY" => (50, 99_999_999),
        "MXN" => (1_000, 99_999_999),
        "HKD" => (400, 99_999_999),
        "SEK" | "NOK" => (300, 99_999_999),
        "DKK" => (250, 99_999_999),
        "AED" | "PLN" | "MYR" => (200, 99_999_999),
        _ if currency.minor_digits() == 3 => return Err(AllocationError::Currency(currency)),
        _ => (50, 99_999_999),
    };
    if total.minor() < least {
        return Err(AllocationError::TooLittle(Money::new(least, currency)));
    }
    if total.minor() > most {
        return Err(AllocationError::TooMuch(Money::new(most, currency)));
    }
    Ok(())
}
