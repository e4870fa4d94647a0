//! Amounts: exact decimal numbers on the wire, whole minor units inside.

use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

/// An amount in whole minor units (cents for USD) of an ISO 4217 currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) minor: i64,
    pub(crate) currency: String,
}

/// How many decimal places a currency has (ISO 4217; the ones with other than two that a store may meet).
pub(crate) fn decimal_places(currency: &str) -> u32 {
    match currency {
        "CLP" | "ISK" | "JPY" | "KRW" | "VND" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

impl Amount {
    pub(crate) fn new(minor: i64, currency: &str) -> Self {
        Self { minor, currency: currency.to_owned() }
    }

    /// Reads a JSON number exactly. `None` when it has more decimals than the currency, or does not fit.
    pub(crate) fn from_number(number: &Number, currency: &str) -> Option<Self> {
        let text = number.to_string();
        let decimal = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()?;
        let scale = Decimal::from(10_i64.pow(decimal_places(currency)));
        let minor = decimal.checked_mul(scale)?;
        minor.is_integer().then(|| i64::try_from(minor).ok()).flatten().map(|minor| Self::new(minor, currency))
    }

    /// The amount as a decimal with all places of its currency: `15.99`, `0.00`.
    pub(crate) fn decimal(&self) -> Decimal {
        Decimal::new(self.minor, decimal_places(&self.currency))
    }

    fn number(&self) -> Value {
        // `arbitrary_precision` keeps the text of the number, so 50.00 goes out as 50.00.
        self.decimal().to_string().parse::<Number>().map_or(Value::Null, Value::Number)
    }

    /// The money shape of the payment and feedback APIs.
    pub(crate) fn to_payment_json(&self) -> Value {
        json!({ "amount": self.number(), "code": self.currency })
    }

    /// The money shape of Shopper Authorization.
    pub(crate) fn to_gate_json(&self) -> Value {
        json!({ "value": self.number(), "currencyCode": self.currency })
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, currency: &str) -> Option<i64> {
        Amount::from_number(&text.parse().unwrap(), currency).map(|amount| amount.minor)
    }

    #[test]
    fn wire_numbers_become_minor_units_exactly_or_not_at_all() {
        let table = [
            ("25.99", "USD", Some(2599)),
            ("25.990", "USD", Some(2599)),
            ("0", "USD", Some(0)),
            ("1e2", "USD", Some(10_000)),
            ("-0.01", "USD", Some(-1)),
            ("25.999", "USD", None),
            ("120", "JPY", Some(120)),
            ("120.5", "JPY", None),
            ("1.234", "KWD", Some(1234)),
            ("99999999999999999999", "USD", None),
        ];
        for (text, currency, want) in table {
            assert_eq!(read(text, currency), want, "{text} {currency}");
        }
    }

    #[test]
    fn amounts_go_out_with_every_decimal_place_of_their_currency() {
        let text = |minor, currency| Amount::new(minor, currency).to_payment_json()["amount"].to_string();
        assert_eq!(text(0, "USD"), "0.00");
        assert_eq!(text(1599, "USD"), "15.99");
        assert_eq!(text(120, "JPY"), "120");
    }
}
