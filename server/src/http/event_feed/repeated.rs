//! A key that is there twice in one object: what it means depends on who reads it, so that it means nothing.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How a repeated key is told from JSON that is none.
const REPEATED: &str = "repeated key";

/// Looks through a whole body.
///
/// # Errors
///
/// Says where, and not which. What is no JSON is left to whoever reads it.
pub(super) fn check(body: &[u8]) -> Result<(), String> {
    match serde_json::from_slice::<Unrepeated>(body) {
        Err(error) if error.to_string().starts_with(REPEATED) => {
            Err(format!("A key is in one object twice (line {}, column {}).", error.line(), error.column()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Any JSON in whose objects no key is repeated.
#[derive(Debug)]
struct Unrepeated;

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unrepeated {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    /// Numbers come as objects too, so that none of their digits is lost.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom(REPEATED));
            }
            fields.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_003_a_key_twice_in_one_object_is_found_however_deep() {
        for twice in [r#"{"id":"1","id":"2"}"#, r#"{"detail":[{"a":{"b":1,"\u0062":1}}]}"#] {
            assert!(
                check(twice.as_bytes()).unwrap_err().starts_with("A key is in one object twice (line 1"),
                "{twice}"
            );
        }
        for fine in [r#"{"a":{"a":1e400,"b":-0.10},"b":[{"a":null},{"a":true}]}"#, "[", "", "7", r#"{"a":1,"b""#] {
            assert_eq!(check(fine.as_bytes()), Ok(()), "{fine}");
        }
    }
}
