//! Money: whole minor units of one currency, and the two ways in and out of a decimal.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

pub(crate) mod ratio;

/// An ISO 4217 code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The currencies that people pay in. Source: ISO 4217 list one, without metals, funds and codes for tests.
const LISTED: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY \
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR \
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK \
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF \
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU \
    UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Not three capital letters (Payment Service pages: `code`, `^[A-Z]{3}$`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be three capital letters, like USD")]
pub struct NotACurrency;

impl Currency {
    /// US dollars.
    pub const USD: Self = Self(*b"USD");
    /// Japanese yen, which has no minor units.
    pub const JPY: Self = Self(*b"JPY");

    /// Checks `code`.
    ///
    /// # Errors
    ///
    /// Refuses anything but three capital letters. Whether a bank knows the currency is not checked.
    pub fn new(code: &str) -> Result<Self, NotACurrency> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(NotACurrency),
        }
    }

    /// The code, like `USD`.
    #[must_use]
    pub fn code(&self) -> &str {
        // Three ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Is it one that people pay in?
    #[must_use]
    pub fn is_listed(&self) -> bool {
        LISTED.split(' ').any(|it| it.as_bytes() == self.0)
    }

    /// Decimal places of the minor unit: 2 for cents, 0 where there are none, 3 for a few.
    ///
    /// Source: ISO 4217 list one, column "minor unit".
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;
    fn from_str(code: &str) -> Result<Self, NotACurrency> {
        Self::new(code)
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;
    fn try_from(code: String) -> Result<Self, NotACurrency> {
        Self::new(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount in whole minor units (cents, or yen) of one currency. May be negative: a reversal is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount could not be made. Each is an expected outcome of odd input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// More minor units than 64 bits hold.
    #[error("the amount is too large")]
    Overflow,
    /// Two currencies in one sum.
    #[error("amounts of different currencies cannot be added")]
    CurrencyMismatch,
    /// More decimal places than the currency has.
    #[error("the amount has more decimal places than its currency")]
    TooPrecise,
}

/// How a fraction of a minor unit is decided. A setting of the store, recorded on each purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// 0.5 away from zero.
    HalfUp,
    /// 0.5 to the even neighbour.
    HalfEven,
    /// 0.5 towards zero.
    HalfDown,
}

impl Money {
    /// `minor` whole minor units of `currency`.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Whole minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Is it exactly nothing?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Is it more than nothing?
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The amount that `decimal` says exactly, such as a number on the wire.
    ///
    /// # Errors
    ///
    /// `TooPrecise` when a fraction of a minor unit is left, `Overflow` when 64 bits do not hold it.
    pub fn from_decimal(decimal: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let scaled = decimal.checked_mul(scale(currency)).ok_or(MoneyError::Overflow)?;
        if !scaled.fract().is_zero() {
            return Err(MoneyError::TooPrecise);
        }
        whole(scaled).map(|minor| Self { minor, currency })
    }

    /// `decimal`, rounded to the minor unit.
    ///
    /// # Errors
    ///
    /// `Overflow` when 64 bits do not hold it.
    pub fn round(decimal: Decimal, currency: Currency, rounding: Rounding) -> Result<Self, MoneyError> {
        let strategy = match rounding {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::HalfDown => RoundingStrategy::MidpointTowardZero,
        };
        let scaled = decimal.checked_mul(scale(currency)).ok_or(MoneyError::Overflow)?;
        whole(scaled.round_dp_with_strategy(0, strategy)).map(|minor| Self { minor, currency })
    }

    /// The amount as a decimal with the currency's own number of places: `25.99`, `100`.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.minor_digits())
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// Refuses another currency, and a sum past 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// What is left when `other` is taken away; negative when `other` is larger.
    ///
    /// # Errors
    ///
    /// Refuses another currency, and a difference past 64 bits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, combine: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = combine(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The same amount with the other sign.
    ///
    /// # Errors
    ///
    /// Refuses the one amount that has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The sum of many, nothing for none.
    ///
    /// # Errors
    ///
    /// Refuses mixed currencies, and a sum past 64 bits.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// Splits the amount in proportion to `weights` without losing a minor unit: each part is rounded down, and the units
    /// left over go to the largest remainders, the earlier part first where they are equal. All weights zero: the first part
    /// gets everything. No weights: no parts.
    ///
    /// ```
    /// use domain::money::{Currency, Money};
    /// let parts = Money::new(1000, Currency::USD).split(&[1, 1, 1]);
    /// assert_eq!(parts.map(|it| it.iter().map(|m| m.minor()).collect::<Vec<_>>()), Ok(vec![334, 333, 333]));
    /// ```
    ///
    /// # Errors
    ///
    /// `Overflow` when a part does not fit into 64 bits, which only happens when the weights do not add up in 128 bits.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let weights: Vec<i128> = weights.iter().map(|weight| (*weight).into()).collect();
        let parts = ratio::apportion(self.minor, &weights).ok_or(MoneyError::Overflow)?;
        Ok(parts.into_iter().map(|minor| Self { minor, ..self }).collect())
    }
}

fn scale(currency: Currency) -> Decimal {
    match currency.minor_digits() {
        0 => Decimal::ONE,
        3 => Decimal::ONE_THOUSAND,
        _ => Decimal::ONE_HUNDRED,
    }
}

fn whole(decimal: Decimal) -> Result<i64, MoneyError> {
    i64::try_from(decimal.trunc()).map_err(|_| MoneyError::Overflow)
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Result<Money, MoneyError> {
        Money::from_decimal(text.parse().unwrap(), Currency::USD)
    }

    #[test]
    fn a_currency_that_nobody_pays_in_is_not_listed() {
        let listed = |code: &str| Currency::new(code).unwrap().is_listed();
        assert!(["USD", "JPY", "EUR", "KWD", "AED", "ZWG"].map(listed).iter().all(|it| *it));
        assert!(!["XXX", "XTS", "XAU", "ABC", "USN", "DEM"].map(listed).iter().any(|it| *it));
    }

    #[test]
    fn a_number_on_the_wire_becomes_exactly_its_cents() {
        assert_eq!(usd("25.99").map(Money::minor), Ok(2599));
        assert_eq!(usd("25.9900").map(Money::minor), Ok(2599));
        assert_eq!(usd("25.999"), Err(MoneyError::TooPrecise));
        assert_eq!(usd("92233720368547758.08"), Err(MoneyError::Overflow));
    }

    #[test]
    fn yen_have_no_minor_units() {
        let yen = Money::from_decimal(Decimal::from(100), Currency::JPY).unwrap();
        assert_eq!((yen.minor(), yen.to_string()), (100, "100 JPY".to_owned()));
        assert_eq!(Money::from_decimal("0.5".parse().unwrap(), Currency::JPY), Err(MoneyError::TooPrecise));
    }

    #[test]
    fn halves_go_where_the_mode_says() {
        let cases = [("0.005", 1, 0, 0), ("0.995", 100, 100, 99), ("0.015", 2, 2, 1), ("-0.005", -1, 0, 0)];
        for (text, up, even, down) in cases {
            let round = |mode| Money::round(text.parse().unwrap(), Currency::USD, mode).unwrap().minor();
            assert_eq!(
                (round(Rounding::HalfUp), round(Rounding::HalfEven), round(Rounding::HalfDown)),
                (up, even, down)
            );
        }
    }

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let dollar = Money::new(100, Currency::USD);
        assert_eq!(dollar.checked_add(Money::new(1, Currency::JPY)), Err(MoneyError::CurrencyMismatch));
        assert_eq!(Money::new(i64::MAX, Currency::USD).checked_add(dollar), Err(MoneyError::Overflow));
    }

    #[test]
    fn a_currency_is_three_capitals() {
        for code in ["", "US", "usd", "USDX", "U$D", "ÄÖ"] {
            assert_eq!(Currency::new(code), Err(NotACurrency), "{code}");
        }
    }
}
