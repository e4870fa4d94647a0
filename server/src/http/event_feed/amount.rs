//! The amount of an event, in any of the shapes that Amazon's other APIs have (`{"amount": 25.99, "code": "USD"}`,
//! `{"value": …, "currencyCode": …}`, the number as a string), or as two fields beside each other. Never through a float.

use domain::money::{Currency, Money};
use domain::payment_event::{EventAmount, EventName};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::field::word;

/// Text of a number in at most this many characters has at most as many digits, which a [`Decimal`] holds exactly.
const NUMBER_CHARS_MAX: usize = 28;

/// The amount that fits the event's name best. Two that differ and fit alike are none: money is not guessed.
pub(super) fn find(objects: &[(String, &Map<String, Value>)], name: Option<EventName>) -> EventAmount {
    let found: Vec<(String, EventAmount)> =
        objects.iter().flat_map(|(parent, object)| amounts(parent, object)).collect();
    let one = |words: &[&str]| {
        let mut named = found.iter().filter(|(it, _)| words.is_empty() || words.contains(&it.as_str()));
        let (_, first) = named.next()?;
        Some(if named.all(|(_, it)| it == first) { *first } else { EventAmount::Unsaid })
    };
    let best: &[&str] = match name {
        Some(EventName::CaptureApproved | EventName::CaptureDeclined) => {
            &["capturedamount", "captureamount", "capture"]
        }
        Some(
            EventName::AuthorizationApproved | EventName::AuthorizationDeclined | EventName::AuthorizationCancelled,
        ) => &["authorizedamount", "authorizationamount", "authorization"],
        None => &["amount"],
    };
    one(best).or_else(|| one(&["amount", ""])).or_else(|| one(&[])).unwrap_or(EventAmount::Unsaid)
}

/// The amounts of one object, by what they are called: by the object's own name where the field is just `amount` or `value`.
fn amounts(parent: &str, object: &Map<String, Value>) -> Vec<(String, EventAmount)> {
    let Some(currency) = currency(object) else { return vec![] };
    let named = object.iter().filter_map(|(key, value)| {
        let key = word(key);
        let amount = read(value, currency)?;
        match key.as_str() {
            "amount" | "value" => Some((parent.to_owned(), amount)),
            _ if key.ends_with("amount") => Some((key, amount)),
            _ => None,
        }
    });
    named.collect()
}

fn currency(object: &Map<String, Value>) -> Option<Currency> {
    let is_named = |key: &str| ["code", "currencycode", "currency"].contains(&word(key).as_str());
    let codes = object.iter().filter(|(key, _)| is_named(key)).filter_map(|(_, value)| value.as_str());
    codes.filter_map(|code| Currency::new(&code.trim().to_ascii_uppercase()).ok()).next()
}

/// `None`: not a number at all.
fn read(value: &Value, currency: Currency) -> Option<EventAmount> {
    let text = match value {
        Value::Number(number) => number.as_str().to_owned(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let is_numeric = |it: char| it.is_ascii_digit() || "+-.eE".contains(it);
    if !text.starts_with(|it: char| it.is_ascii_digit() || it == '-') || !text.chars().all(is_numeric) {
        return None;
    }
    let money = decimal(&text).and_then(|it| Money::from_decimal(it, currency).ok());
    Some(money.map_or(EventAmount::Absurd, EventAmount::Said))
}

fn decimal(text: &str) -> Option<Decimal> {
    if text.len() > NUMBER_CHARS_MAX {
        return None;
    }
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str_exact(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::super::field::walk;
    use super::*;

    fn found(detail: &str, name: EventName) -> EventAmount {
        let detail = serde_json::from_str(detail).unwrap();
        find(&walk(&detail).1, Some(name))
    }

    const CAPTURED: EventName = EventName::CaptureApproved;

    #[test]
    fn each_shape_of_amazons_is_read_exactly() {
        let usd = EventAmount::Said(Money::new(2599, Currency::USD));
        for detail in [
            r#"{"amount":{"amount":25.99,"code":"USD"}}"#,
            r#"{"amount":{"value":2599e-2,"currencyCode":"USD"}}"#,
            r#"{"amount":{"amount":"25.990","currencyCode":"usd"}}"#,
            r#"{"amount":25.99,"currency":"USD"}"#,
            r#"{"payment":{"capture":{"captured_amount":25.99,"currency_code":"USD"}}}"#,
            r#"{"charges":[{"totalAmount":{"value":"25.99","code":"USD"}}]}"#,
        ] {
            assert_eq!(found(detail, CAPTURED), usd, "{detail}");
        }
        let yen = r#"{"amount":{"amount":120,"code":"JPY"}}"#;
        assert_eq!(found(yen, CAPTURED), EventAmount::Said(Money::new(120, Currency::JPY)));
        let negative = r#"{"amount":{"amount":-1,"code":"USD"}}"#;
        assert_eq!(found(negative, CAPTURED), EventAmount::Said(Money::new(-100, Currency::USD)));
    }

    #[test]
    fn of_several_amounts_the_events_own_counts_and_two_that_fit_alike_are_none() {
        let both = r#"{"authorizedAmount":{"amount":50,"code":"USD"},"capturedAmount":{"amount":10,"code":"USD"}}"#;
        assert_eq!(found(both, CAPTURED), EventAmount::Said(Money::new(1000, Currency::USD)));
        let held = EventAmount::Said(Money::new(5000, Currency::USD));
        assert_eq!(found(both, EventName::AuthorizationApproved), held);
        let alike = r#"{"a":{"amount":{"amount":1,"code":"USD"}},"b":{"amount":{"amount":2,"code":"USD"}}}"#;
        assert_eq!(found(alike, CAPTURED), EventAmount::Unsaid);
        let twice = r#"{"a":{"amount":{"amount":2,"code":"USD"}},"b":{"amount":{"amount":2.0,"code":"USD"}}}"#;
        assert_eq!(found(twice, CAPTURED), EventAmount::Said(Money::new(200, Currency::USD)));
    }

    #[test]
    fn what_no_money_is_is_absurd_and_what_is_no_number_is_unsaid() {
        for number in ["0.001", "1e400", "99999999999999999999", "0.00000000000000000000000000000001", "\"1e9999\""] {
            let detail = format!(r#"{{"amount":{{"amount":{number},"code":"USD"}}}}"#);
            assert_eq!(found(&detail, CAPTURED), EventAmount::Absurd, "{number}");
        }
        for amount in ["\"ten\"", "null", "true", "\"1_000\"", "\"\"", "[]"] {
            let detail = format!(r#"{{"amount":{{"amount":{amount},"code":"USD"}}}}"#);
            assert_eq!(found(&detail, CAPTURED), EventAmount::Unsaid, "{amount}");
        }
        assert_eq!(found(r#"{"amount":10.32}"#, CAPTURED), EventAmount::Unsaid, "an amount of no currency");
    }
}
