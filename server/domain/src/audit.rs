//! The chain over the audit: each row that is sealed is hashed together with the hash before it, so that no row of the past can
//! be changed, taken out or moved without every hash after it being another.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// What the very first seal follows: nothing of ours, and no hash that another system would chain from.
const BEGINNING: &[u8] = b"storeside audit seal, version 1";

/// One row of the audit, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The row's number. Given out before the commit: numbers may be missing and may be committed out of order.
    pub id: i64,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Facts.
    pub detail: Value,
    /// When, in whole microseconds.
    pub recorded_at: OffsetDateTime,
}

/// The SHA-256 of a seal: 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealHash(pub [u8; 32]);

impl fmt::Display for SealHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SealHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealHash({self})")
    }
}

/// How far the chain reaches: the number of its last seal and that seal's hash, written `NO:HASH`. Kept somewhere else, it shows
/// later that the chain's tail was not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// 1 for the first seal; 0 before it.
    pub no: i64,
    /// The hash of that seal.
    pub hash: SealHash,
}

/// A text is not `NO:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number, a colon and 64 hexadecimal digits, as an earlier run printed them")]
pub struct NotAHead;

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.no, self.hash)
    }
}

impl FromStr for Head {
    type Err = NotAHead;
    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (no, digits) = text.trim().split_once(':').ok_or(NotAHead)?;
        let no: i64 = no.parse().map_err(|_| NotAHead)?;
        if no < 0 || digits.len() != 64 || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(NotAHead);
        }
        let mut hash = [0_u8; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotAHead)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAHead)?;
        }
        Ok(Self { no, hash: SealHash(hash) })
    }
}

impl Head {
    /// The head of a chain without seals.
    #[must_use]
    pub fn beginning() -> Self {
        Self { no: 0, hash: SealHash(Sha256::digest(BEGINNING).into()) }
    }

    /// The head after `row` was sealed at `sealed_at`.
    #[must_use]
    pub fn seal(self, row: &AuditRow, sealed_at: OffsetDateTime) -> Self {
        let no = self.no.saturating_add(1);
        let mut text = Vec::new();
        put(&mut text, &self.hash.0);
        put(&mut text, &no.to_be_bytes());
        put(&mut text, &row.id.to_be_bytes());
        for field in [&row.actor, &row.action, &row.subject] {
            put(&mut text, field.as_bytes());
        }
        put(&mut text, canonical(&row.detail).as_bytes());
        for at in [row.recorded_at, sealed_at] {
            put(&mut text, &at.unix_timestamp_nanos().to_be_bytes());
        }
        Self { no, hash: SealHash(Sha256::digest(&text).into()) }
    }
}

/// A field with its length before it, so that no two rows have the same text by moving a character from one field to the next.
fn put(text: &mut Vec<u8>, field: &[u8]) {
    text.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
    text.extend(field);
}

/// The one spelling of a JSON value: no spaces, keys in the order of their bytes, numbers as they were written.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            let fields =
                fields.into_iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// One seal as it is kept, with the row that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Its number and hash.
    pub head: Head,
    /// When it was made.
    pub sealed_at: OffsetDateTime,
    /// The number of its row.
    pub entry: i64,
    /// The row. `None`: it is gone.
    pub row: Option<AuditRow>,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Seals are gone. The one after them is not checked: what it followed is not known.
    #[error("seals {from} to {to} are gone, and seal {} cannot be checked without them", to.saturating_add(1))]
    Cut {
        /// The first that is gone.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The row of a seal is gone.
    #[error("audit row {entry} is gone: seal {no} is of it")]
    Deleted {
        /// The seal.
        no: i64,
        /// The row.
        entry: i64,
    },
    /// A row is not what was sealed, or not where.
    #[error("audit row {entry} is not what was sealed as number {no}: one of the two was changed, or moved")]
    Changed {
        /// The seal.
        no: i64,
        /// The row.
        entry: i64,
    },
}

/// Follows a chain from its beginning, seal by seal.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    head: Head,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Head::beginning() }
    }
}

impl Chain {
    /// The head so far, as it is kept: after a break, what follows is checked against what is there, so that each break is told
    /// once.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Follows the next seal in the order of the numbers.
    pub fn follow(&mut self, seal: &Seal) -> Option<Break> {
        let (before, no) = (self.head, seal.head.no);
        self.head = seal.head;
        let next = before.no.saturating_add(1);
        if no != next {
            return Some(Break::Cut { from: next, to: no.saturating_sub(1) });
        }
        match &seal.row {
            None => Some(Break::Deleted { no, entry: seal.entry }),
            Some(row) if before.seal(row, seal.sealed_at) != seal.head => {
                Some(Break::Changed { no, entry: seal.entry })
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
