//! Amounts as the payment, feedback and refund APIs write them: `{"amount": 25.99, "code": "USD"}`, the amount a JSON number.
//! Never through a float, in either direction.

use domain::money::{Currency, Money};
use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

/// Text of a number in at most this many characters has at most as many digits, which a [`Decimal`] holds exactly.
const NUMBER_CHARS_MAX: usize = 28;

/// `money` on the wire, with the currency's own number of places.
pub(super) fn to_wire(money: Money) -> Value {
    let number: Number = money.to_decimal().to_string().parse().expect("a decimal's text is a JSON number");
    json!({ "amount": number, "code": money.currency().code() })
}

/// The amount that `value` says exactly. `None` for anything else than a whole number of minor units, not below zero.
pub(super) fn from_wire(value: &Value) -> Option<Money> {
    let currency = Currency::new(value.get("code")?.as_str()?).ok()?;
    let money = Money::from_decimal(decimal(value.get("amount")?)?, currency).ok()?;
    (money.minor() >= 0).then_some(money)
}

fn decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else { return None };
    let text = number.as_str();
    if text.len() > NUMBER_CHARS_MAX {
        return None;
    }
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str_exact(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Money> {
        from_wire(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn an_amount_is_written_exactly() {
        assert_eq!(to_wire(Money::new(2599, Currency::USD)).to_string(), r#"{"amount":25.99,"code":"USD"}"#);
        assert_eq!(to_wire(Money::new(2590, Currency::USD)).to_string(), r#"{"amount":25.90,"code":"USD"}"#);
        assert_eq!(to_wire(Money::new(0, Currency::USD)).to_string(), r#"{"amount":0.00,"code":"USD"}"#);
        assert_eq!(to_wire(Money::new(100, Currency::JPY)).to_string(), r#"{"amount":100,"code":"JPY"}"#);
        let most = to_wire(Money::new(i64::MAX, Currency::USD)).to_string();
        assert_eq!(most, r#"{"amount":92233720368547758.07,"code":"USD"}"#);
    }

    #[test]
    fn an_amount_is_read_exactly_in_every_form_json_has() {
        for text in ["15.99", "15.9900", "1.599e1", "1.599E+1", "1599e-2", "159900E-4"] {
            let money = read(&format!(r#"{{"amount":{text},"code":"USD","later":1}}"#));
            assert_eq!(money, Some(Money::new(1599, Currency::USD)), "{text}");
        }
        assert_eq!(read(r#"{"amount":1e2,"code":"JPY"}"#), Some(Money::new(100, Currency::JPY)));
        assert_eq!(read(r#"{"amount":92233720368547758.07,"code":"USD"}"#), Some(Money::new(i64::MAX, Currency::USD)));
    }

    #[test]
    fn what_is_no_amount_is_not_guessed() {
        let odd = [
            r#"{"amount":15.999,"code":"USD"}"#,
            r#"{"amount":0.5,"code":"JPY"}"#,
            r#"{"amount":-1,"code":"USD"}"#,
            r#"{"amount":"15.99","code":"USD"}"#,
            r#"{"amount":1e400,"code":"USD"}"#,
            r#"{"amount":0.00000000000000000000000000000001,"code":"USD"}"#,
            r#"{"amount":15.99,"code":"usd"}"#,
            r#"{"amount":15.99}"#,
            r#"{"code":"USD"}"#,
            "15.99",
            "null",
        ];
        for text in odd {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
