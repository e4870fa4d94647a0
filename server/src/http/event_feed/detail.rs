//! What of an event's detail is kept besides what was understood: as little as a person needs to settle a case.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::field::Field;

/// Most values and most names that are kept.
const KEPT_MAX: usize = 40;

/// Longest value and longest name that is kept, in characters.
const CHARS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 64;

/// Digits in a row that may be a card's or a phone's.
const DIGITS_MAX: usize = 5;

/// Endings of fields whose value says why or how, and not who.
const TELLING: [&str; 11] = [
    "reason",
    "reasoncode",
    "reasontext",
    "declinecode",
    "responsecode",
    "errorcode",
    "status",
    "statuscode",
    "eventtype",
    "eventname",
    "paymenttype",
];

/// Reasons, codes and statuses with their values; of everything else the names alone.
pub(super) fn keep(fields: &[Field<'_>], detail_type: &str, source: &str) -> Value {
    let (mut told, mut others) = (BTreeMap::new(), BTreeSet::new());
    for field in fields {
        let telling = TELLING.iter().any(|it| field.word.ends_with(it)) || field.word == "type";
        let text = match field.value {
            Value::String(text) => Some(plain(text)),
            Value::Number(number) => Some(plain(number.as_str())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match text {
            Some(text) if telling => {
                told.insert(name(field.key), Value::from(text));
            }
            Some(_) | None => {
                others.insert(name(field.key));
            }
        }
    }
    let told: serde_json::Map<_, _> = told.into_iter().take(KEPT_MAX).collect();
    let others: Vec<_> = others.into_iter().take(KEPT_MAX).collect();
    json!({ "detail_type": plain(detail_type), "source": plain(source), "told": told, "other_fields": others })
}

/// A field's name without what no name has: a key may be made of somebody's address.
fn name(key: &str) -> String {
    let is_plain = |it: &char| it.is_ascii_alphanumeric() || "_-.".contains(*it);
    if key.chars().all(|it| is_plain(&it)) && !has_many_digits(key) {
        key.chars().take(NAME_CHARS_MAX).collect()
    } else {
        "(unprintable)".to_owned()
    }
}

/// Short, without control characters, and without rows of digits or addresses.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let is_personal = word.contains('@') || has_many_digits(word);
        if is_personal { "…".to_owned() } else { word.chars().filter(|it| !it.is_control()).collect() }
    });
    words.collect::<Vec<String>>().join(" ").chars().take(CHARS_MAX).collect()
}

fn has_many_digits(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() > DIGITS_MAX
}

#[cfg(test)]
mod tests {
    use super::super::field::walk;
    use super::*;

    #[test]
    fn reasons_are_kept_and_nothing_that_says_who() {
        let detail = json!({
            "processorReason": "Do not honor\u{0} 4111111111111111 jo@example.com",
            "authorizationResponseCode": 51,
            "status": "FAILED",
            "shopper": { "email": "jo@example.com", "name": "Jo", "tail": "4242" },
            "jo@example.com": true,
        });
        let kept = keep(&walk(&detail).0, "Payment Event", "aws.jwo");
        assert_eq!(kept["told"]["processorReason"], "Do not honor … …");
        assert_eq!([&kept["told"]["authorizationResponseCode"], &kept["told"]["status"]], ["51", "FAILED"]);
        assert_eq!(kept["other_fields"], json!(["(unprintable)", "email", "name", "shopper", "tail"]));
        let text = kept.to_string();
        for personal in ["jo@", "4242", "4111", "Jo\""] {
            assert!(!text.contains(personal), "{text}");
        }
    }

    #[test]
    fn a_long_detail_is_kept_short() {
        let detail: Value = (0..500).map(|it| (format!("f{it}"), json!("x"))).collect::<serde_json::Map<_, _>>().into();
        let kept = keep(&walk(&detail).0, &"t".repeat(1000), "");
        assert_eq!(kept["other_fields"].as_array().unwrap().len(), KEPT_MAX);
        assert_eq!(kept["detail_type"].as_str().unwrap().len(), CHARS_MAX);
    }
}
