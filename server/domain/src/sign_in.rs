//! Signing in by what is printed on a card and on a receipt: what is asked for, and what of it is never kept.

mod budget;

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

pub use self::budget::{
    Admission, CARD_TRIES_FREE, Fact, STATEMENT_TRIES, STATEMENT_WINDOW, STORE_MISSES, Tried, WAIT_MAX, WINDOW, admit,
};
use crate::id::StoreId;

/// Why something typed is no fact of a card. No variant carries what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardFactError {
    /// So many digits that it may be the whole number, which nobody here may see.
    #[error("more of a card number than its last four digits")]
    WholeNumber,
    /// Not four digits.
    #[error("not four digits")]
    Tail,
    /// Not a month and a year.
    #[error("not a month and a year")]
    Expiry,
    /// Not a day.
    #[error("not a day")]
    Day,
    /// Not an amount.
    #[error("not an amount")]
    Total,
    /// Too long, or with signs that no statement has.
    #[error("not a transaction id")]
    Statement,
}

/// From so many digits on, what was typed may be a whole card number or most of one (ISO/IEC 7812: 8 to 19 digits).
const WHOLE_NUMBER_DIGITS: usize = 8;

/// The last four digits of a card, or of the number that a phone has in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct CardTail(String);

impl fmt::Debug for CardTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardTail(…)")
    }
}

impl CardTail {
    /// The digits, to be compared and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for CardTail {
    type Err = CardFactError;

    /// Blanks and dashes do not matter.
    fn from_str(typed: &str) -> Result<Self, CardFactError> {
        if typed.chars().filter(char::is_ascii_digit).count() >= WHOLE_NUMBER_DIGITS {
            return Err(CardFactError::WholeNumber);
        }
        let digits: String = typed.chars().filter(|it| !it.is_whitespace() && *it != '-').collect();
        let right = digits.len() == 4 && digits.bytes().all(|it| it.is_ascii_digit());
        if right { Ok(Self(digits)) } else { Err(CardFactError::Tail) }
    }
}

/// The month in which a card expires.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CardExpiry {
    month: u8,
    year: u16,
}

impl fmt::Debug for CardExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardExpiry(…)")
    }
}

impl CardExpiry {
    /// The month, 1 to 12.
    #[must_use]
    pub fn month(&self) -> u8 {
        self.month
    }

    /// The year, with its century.
    #[must_use]
    pub fn year(&self) -> u16 {
        self.year
    }
}

impl FromStr for CardExpiry {
    type Err = CardFactError;

    /// As cards have it: `09/31`, `9/2031`, `0931`.
    fn from_str(typed: &str) -> Result<Self, CardFactError> {
        if typed.chars().filter(char::is_ascii_digit).count() >= WHOLE_NUMBER_DIGITS {
            return Err(CardFactError::WholeNumber);
        }
        let parts: Vec<&str> = typed.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
        let (month, year) = match parts[..] {
            [month, year] => (month, year),
            [whole] if whole.is_ascii() && matches!(whole.len(), 4 | 6) => whole.split_at(2),
            _ => return Err(CardFactError::Expiry),
        };
        let century = match year.len() {
            2 => 2000,
            4 => 0,
            _ => return Err(CardFactError::Expiry),
        };
        let month: u8 = month.parse().map_err(|_| CardFactError::Expiry)?;
        let year: u16 = year.parse().map_err(|_| CardFactError::Expiry)?;
        let year = year.checked_add(century).ok_or(CardFactError::Expiry)?;
        if (1..=12).contains(&month) { Ok(Self { month, year }) } else { Err(CardFactError::Expiry) }
    }
}

/// The number of a payment on a card statement, which is on its receipt too: `cardStatementTransactionId` (Get Transactional Data page).
#[derive(Clone, PartialEq, Eq)]
pub struct StatementNumber(String);

impl fmt::Debug for StatementNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatementNumber(…)")
    }
}

impl StatementNumber {
    /// Most characters. The page says nothing of its length; longer ones than these are no numbers.
    pub const CHARS_MAX: usize = 128;

    /// The number, to be compared and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for StatementNumber {
    type Err = CardFactError;

    fn from_str(typed: &str) -> Result<Self, CardFactError> {
        let text = typed.trim();
        let right = (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        if right { Ok(Self(text.to_owned())) } else { Err(CardFactError::Statement) }
    }
}

/// The fact that only who was there, or has the statement, knows.
#[derive(Clone, PartialEq, Eq)]
pub enum LastFact {
    /// The number on the statement.
    Statement(StatementNumber),
    /// The total of the visit, exactly, in the store's currency.
    Total(Decimal),
    /// None: enough to pay what is owed, and to see nothing but how much.
    Missing,
}

impl fmt::Debug for LastFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastFact(…)")
    }
}

impl LastFact {
    /// What was typed into the two fields of which one is enough. The stronger one counts.
    ///
    /// # Errors
    ///
    /// What is no amount or no number.
    pub fn new(total: &str, statement: &str) -> Result<Self, CardFactError> {
        if !statement.trim().is_empty() {
            return statement.parse().map(Self::Statement);
        }
        if total.trim().is_empty() {
            return Ok(Self::Missing);
        }
        let number: String = total.chars().filter(|it| !it.is_whitespace() && !"$€£¥".contains(*it)).collect();
        let number = number.replace(',', ".");
        let total = Decimal::from_str_exact(&number).map_err(|_| CardFactError::Total)?;
        if total.is_sign_negative() || number.len() > 16 { Err(CardFactError::Total) } else { Ok(Self::Total(total)) }
    }

    /// Its kind.
    #[must_use]
    pub fn fact(&self) -> Fact {
        match self {
            Self::Statement(_) => Fact::Statement,
            Self::Total(_) => Fact::Total,
            Self::Missing => Fact::Missing,
        }
    }
}

/// What somebody says of a card and a visit. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct CardClaim {
    /// Where they were.
    pub store: StoreId,
    /// On which day, by the calendar on the wall there.
    pub day: Date,
    /// The card's last digits.
    pub tail: CardTail,
    /// When it expires.
    pub expiry: CardExpiry,
    /// What else they know.
    pub last: LastFact,
}

impl fmt::Debug for CardClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardClaim(…)")
    }
}

impl CardClaim {
    /// The day that a browser's date field sends: `2026-11-21`.
    ///
    /// # Errors
    ///
    /// Everything else.
    pub fn day(typed: &str) -> Result<Date, CardFactError> {
        Date::parse(typed.trim(), format_description!("[year]-[month]-[day]")).map_err(|_| CardFactError::Day)
    }

    /// The moments that may be of that day, from the first on and before the second. Where a store's wall clock stands is not known
    /// here, so that a day reaches twelve hours further on both sides.
    #[must_use]
    pub fn moments(&self) -> (OffsetDateTime, OffsetDateTime) {
        let midnight = self.day.midnight().assume_utc();
        (midnight.saturating_sub(Duration::hours(12)), midnight.saturating_add(Duration::hours(36)))
    }
}

#[cfg(test)]
mod tests;
