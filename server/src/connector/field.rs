//! Reading a request field by field. Everything that is wrong is collected, each with the path of its field, so that
//! the sender can mend it at once.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use rust_decimal::Decimal;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

use crate::body::is_deceptive;

/// Problems told in one answer; a cart of thousands of bad lines does not get an answer of the same size.
const PROBLEMS_MAX: usize = 20;

/// What is said of a text with a character that is not for ids.
const NOT_ALLOWED: &str = "has a character that is not allowed";

/// The path of the whole body.
const BODY: &str = "body";

/// One field that cannot be used, and why. Holds no value that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Where, like `cartItems[2].quantity.value`; `body` for the whole.
    pub field: String,
    /// What is wrong, to be read after the path: `is required`.
    pub problem: String,
}

/// Everything that is wrong with a request, in the order of its fields; the first twenty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One problem of one field.
    #[must_use]
    pub fn one(field: &str, problem: &str) -> Self {
        Self(vec![Problem { field: field.to_owned(), problem: problem.to_owned() }])
    }

    /// All of them, at least one.
    #[must_use]
    pub fn all(&self) -> &[Problem] {
        &self.0
    }
}

/// Parses `body` into a wire type whose fields are all optional, so that a missing one is found by [`check`], by name.
///
/// # Errors
///
/// Names `body` when it is not JSON, else the field whose JSON type is wrong.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problems> {
    if body.trim_ascii().is_empty() {
        return Err(Problems::one(BODY, "is empty"));
    }
    // A list would be taken for an object's fields in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problems::one(BODY, "has the wrong JSON type"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let wire = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { BODY } else { &path };
        match error.inner() {
            it if it.to_string().starts_with("recursion limit") => Problems::one(BODY, "is nested too deep"),
            it if !it.is_data() => Problems::one(BODY, "is not JSON"),
            it if it.to_string().starts_with("duplicate field") => Problems::one(field, "has a field twice"),
            _ => Problems::one(field, "has the wrong JSON type"),
        }
    })?;
    json.end().map_err(|_| Problems::one(BODY, "is not one JSON object"))?;
    Ok(wire)
}

/// Runs `checks` over the fields of a body: its result, if there was no problem.
///
/// # Errors
///
/// Tells every problem found.
pub fn check<T>(checks: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Problems> {
    let mut problems = vec![];
    let checked = checks(&mut Fields { path: String::new(), problems: &mut problems });
    match checked {
        Some(checked) if problems.is_empty() => Ok(checked),
        Some(_) | None => Err(Problems(problems)),
    }
}

/// The fields of one JSON object, each read once. A reader answers `None` after it has noted a problem.
#[derive(Debug)]
pub struct Fields<'p> {
    path: String,
    problems: &'p mut Vec<Problem>,
}

impl Fields<'_> {
    /// Notes that `field` cannot be used.
    pub fn refuse(&mut self, field: &str, problem: impl Display) {
        if self.problems.len() < PROBLEMS_MAX {
            let field = format!("{}{field}", self.path);
            self.problems.push(Problem { field, problem: problem.to_string() });
        }
    }

    /// The fields of the object in `field`.
    pub fn inside(&mut self, field: &str) -> Fields<'_> {
        Fields { path: format!("{}{field}.", self.path), problems: self.problems }
    }

    /// The fields of the object at `index` of the list in `field`.
    pub fn item(&mut self, field: &str, index: usize) -> Fields<'_> {
        self.inside(&format!("{field}[{index}]"))
    }

    /// A value that must be there.
    pub fn required<'v, T>(&mut self, field: &str, value: &'v Option<T>) -> Option<&'v T> {
        if value.is_none() {
            self.refuse(field, "is required");
        }
        value.as_ref()
    }

    /// A text that must be there and that `parse` must accept.
    pub fn text<T, E: Display>(
        &mut self,
        field: &str,
        value: &Option<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.required(field, value)?;
        self.parsed(field, text, parse)
    }

    /// A text that `parse` must accept if it is there. An empty one says nothing, as `null` does.
    pub fn optional_text<T, E: Display>(
        &mut self,
        field: &str,
        value: &Option<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = value.as_deref().filter(|text| !text.trim().is_empty())?;
        self.parsed(field, text, parse)
    }

    fn parsed<T, E: Display>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if is_deceptive(text) {
            self.refuse(field, NOT_ALLOWED);
            return None;
        }
        parse(text).map_err(|problem| self.refuse(field, problem)).ok()
    }
}

/// An object, which nothing else is taken for: derived, a list would be taken for the fields in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

/// Reads a field that holds an object.
///
/// # Errors
///
/// Refuses anything else, a list above all.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|it| it.0))
}

/// Reads a field that holds a list of objects.
///
/// # Errors
///
/// Refuses anything else.
pub(super) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let objects = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(objects.map(|them| them.into_iter().map(|it| it.0).collect()))
}

/// A number as it was written: it never passes through a float.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Digits {
    /// A JSON number.
    Number(String),
    /// A JSON string.
    Text(String),
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => Ok(Self::Number(number.to_string())),
            serde_json::Value::String(text) => Ok(Self::Text(text)),
            _ => Err(de::Error::custom("expected a number")),
        }
    }
}

/// The number that `digits` say exactly, with or without an exponent. `None` for anything else, and for more digits
/// than a [`Decimal`] holds.
#[must_use]
pub fn decimal(digits: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    // `Decimal` also takes `1_000` and `.5`, which JSON numbers and our contracts do not have.
    let plain = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let value = Decimal::from_str_exact(mantissa).ok()?;
    match exponent {
        // Nothing times a large power of ten is still nothing, and would not fit on the way.
        Some(_) if value.is_zero() => Some(Decimal::ZERO),
        Some(_) => Decimal::from_scientific(digits).ok(),
        None => Some(value),
    }
}

/// A moment by RFC 3339: `2024-03-22T17:00:00Z`, with or without fractions, at any offset.
///
/// # Errors
///
/// Refuses anything else.
pub fn timestamp(text: &str) -> Result<OffsetDateTime, &'static str> {
    let at = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "must be an RFC 3339 date and time, like 2024-03-22T17:00:00Z")?;
    let utc = at.checked_to_offset(UtcOffset::UTC).filter(|utc| (2000..2100).contains(&utc.year()));
    utc.ok_or("must be between the years 2000 and 2099")
}

/// One word of a closed list.
///
/// # Errors
///
/// Refuses any other, and says which there are.
pub fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
    found
        .ok_or_else(|| format!("must be one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")))
}

/// A printable text of at most `chars_max` characters.
///
/// # Errors
///
/// Refuses an empty one, a longer one, and one with control characters (a database has no room for NUL).
pub fn short_text(text: &str, chars_max: usize) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.chars().count() > chars_max {
        return Err(format!("must have at most {chars_max} characters"));
    }
    if text.chars().any(char::is_control) || is_deceptive(text) {
        return Err(NOT_ALLOWED.to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_digit_by_digit() {
        let table = [
            ("25.99", "25.99"),
            ("0.1", "0.1"),
            ("2599e-2", "25.99"),
            ("2.5E+1", "25"),
            ("1e2", "100"),
            ("0e99", "0"),
            ("-3.50", "-3.5"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
        ];
        for (digits, value) in table {
            assert_eq!(decimal(digits).map(|it| it.normalize().to_string()).as_deref(), Some(value), "{digits}");
        }
    }

    #[test]
    fn what_is_no_exact_number_is_refused() {
        let no_numbers =
            ["", "abc", "1_000", ".5", "5.", "1e", "1e-29", "1e99", "NaN", "0x10", "1,5", " 1", "--1", "1ee2"];
        for digits in no_numbers {
            assert_eq!(decimal(digits), None, "{digits}");
        }
        assert_eq!(decimal("0.12345678901234567890123456789"), None, "29 places would have to be rounded");
    }

    #[test]
    fn a_json_number_keeps_its_digits() {
        let digits: Digits = serde_json::from_str("25.990000000000000000001").unwrap();
        assert_eq!(digits, Digits::Number("25.990000000000000000001".to_owned()));
        assert!(serde_json::from_str::<Digits>("true").is_err());
    }

    #[test]
    fn a_timestamp_may_have_fractions_and_an_offset() {
        let noon = timestamp("2024-03-22T12:00:00Z").unwrap();
        assert_eq!(timestamp("2024-03-22T14:00:00+02:00"), Ok(noon));
        assert_eq!(timestamp("2024-03-22T12:00:00.250Z"), Ok(noon + time::Duration::milliseconds(250)));
        for text in ["", "2024-03-22", "2024-03-22T12:00:00", "22.03.2024 12:00", "1711108800", "2024-02-30T12:00:00Z"]
        {
            assert!(timestamp(text).is_err(), "{text}");
        }
    }

    #[test]
    fn problems_are_told_up_to_a_limit() {
        let checked = check(|fields| {
            (0..1000).for_each(|index| fields.item("cartItems", index).refuse("id", "is required"));
            Some(())
        });
        let problems = checked.unwrap_err();
        assert_eq!(problems.all().len(), PROBLEMS_MAX);
        assert_eq!(problems.all()[1].field, "cartItems[1].id");
    }
}
