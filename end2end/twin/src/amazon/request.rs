//! Reads request bodies as strictly as Amazon's test pages ask: wrong types, lengths, characters, empty and blank strings are 400.

use serde_json::{Map, Value};

use crate::{money::Amount, network::Refusal};

/// Far above any body of these APIs.
pub(super) const BYTES_MAX: usize = 64 * 1024;
const ID_CHARS_MAX: usize = 255;

/// The fields of a JSON object. Unknown ones are ignored: attributes may be added at any time.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(Refusal::bad("the body is not a JSON object")),
        }
    }

    /// `^[0-9a-zA-Z_-]*$`, 1 to 255 characters.
    pub(super) fn store_id(&self) -> Result<&str, Refusal> {
        self.id("storeId", is_id_char)
    }

    /// `^[0-9a-zA-Z_-]+$`, 1 to 255 characters.
    pub(super) fn trip_id(&self) -> Result<&str, Refusal> {
        self.id("shoppingTripId", is_id_char)
    }

    /// `shopperId.id`: `^[0-9a-zA-Z_.-]+$`, 1 to 255 characters.
    pub(super) fn shopper_id(&self) -> Result<String, Refusal> {
        let shopper = self.object("shopperId")?;
        shopper.id("id", |char| is_id_char(char) || char == '.').map(str::to_owned)
    }

    /// An amount above zero.
    pub(super) fn charge(&self, name: &str) -> Result<Amount, Refusal> {
        let amount = self.amount(name)?;
        if amount.minor > 0 { Ok(amount) } else { Err(Refusal::bad(format!("{name}.amount: must be above zero"))) }
    }

    /// An amount of zero or more, with no more decimals than its currency has.
    pub(super) fn amount(&self, name: &str) -> Result<Amount, Refusal> {
        let money = self.object(name)?;
        let code = money.text("code")?;
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Refusal::bad(format!("{name}.code: must be ^[A-Z]{{3}}$")));
        }
        let Some(Value::Number(number)) = money.0.get("amount") else {
            return Err(Refusal::bad(format!("{name}.amount: must be a JSON number")));
        };
        let amount = Amount::from_number(number, code)
            .ok_or_else(|| Refusal::bad(format!("{name}.amount: has more decimals than {code}, or is too large")))?;
        if amount.minor < 0 { Err(Refusal::bad(format!("{name}.amount: must not be negative"))) } else { Ok(amount) }
    }

    /// A lower case UUID: `^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$`.
    pub(super) fn refund_request_id(&self) -> Result<&str, Refusal> {
        let id = self.text("refundRequestId")?;
        let fits = id.len() == 36
            && id.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                14 => matches!(byte, b'0'..=b'5'),
                19 => matches!(byte, b'0' | b'8' | b'9' | b'a' | b'b'),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if fits { Ok(id) } else { Err(Refusal::bad("refundRequestId: must be a lower case UUID of version 0 to 5")) }
    }

    pub(super) fn refund_reason_code(&self) -> Result<&str, Refusal> {
        const CODES: [&str; 5] = ["DAMAGED_ITEM", "EXPIRED_ITEM", "UNWANTED_ITEM", "JWO_TECH_ERROR", "OTHER"];
        let code = self.text("refundReasonCode")?;
        if CODES.contains(&code) { Ok(code) } else { Err(Refusal::bad("refundReasonCode: not one of the codes")) }
    }

    /// Unix seconds, a whole number.
    pub(super) fn seconds(&self, name: &str) -> Result<i64, Refusal> {
        let number = self.0.get(name).filter(|value| value.is_number());
        let seconds = number.and_then(Value::as_i64).filter(|seconds| *seconds >= 0);
        seconds.ok_or_else(|| Refusal::bad(format!("{name}: must be a number of whole seconds")))
    }

    fn object(&self, name: &str) -> Result<Self, Refusal> {
        match self.0.get(name) {
            Some(Value::Object(fields)) => Ok(Self(fields.clone())),
            _ => Err(Refusal::bad(format!("{name}: must be an object"))),
        }
    }

    fn text(&self, name: &str) -> Result<&str, Refusal> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
            Some(Value::String(_)) => Err(Refusal::bad(format!("{name}: must not be empty"))),
            _ => Err(Refusal::bad(format!("{name}: must be a string"))),
        }
    }

    fn id(&self, name: &str, allowed: fn(char) -> bool) -> Result<&str, Refusal> {
        let text = self.text(name)?;
        if text.chars().count() > ID_CHARS_MAX {
            return Err(Refusal::bad(format!("{name}: longer than {ID_CHARS_MAX} characters")));
        }
        if text.chars().all(allowed) { Ok(text) } else { Err(Refusal::bad(format!("{name}: has other characters"))) }
    }
}

fn is_id_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}
