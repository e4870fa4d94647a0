//! How a record lies in a file: its length, the beginning of its hash, itself.

use sha2::{Digest, Sha256};

use super::Written;

/// Bytes of the length.
const LENGTH: usize = 4;

/// Bytes of the hash: enough to tell a torn record from a whole one.
const CHECKSUM: usize = 8;

/// No record is longer. A length beyond it is no length.
const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// The record as it is written. `None`: it is too long, which no request that was let in is.
pub(super) fn wrap(payload: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= RECORD_BYTES_MAX)?;
    let mut framed = Vec::with_capacity(LENGTH + CHECKSUM + payload.len());
    framed.extend_from_slice(&length.to_le_bytes());
    framed.extend_from_slice(&checksum(payload));
    framed.extend_from_slice(payload);
    Some(framed)
}

/// What [`read`] found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) records: Vec<Written>,
    /// What is left behind the last whole record.
    pub(super) rest_bytes: usize,
    /// Is that the beginning of a record whose end is missing?
    pub(super) is_torn: bool,
}

/// The records from the beginning up to the first that is not whole.
pub(super) fn read(bytes: &[u8]) -> Found {
    let mut found = Found::default();
    let mut left = bytes;
    while let Some((record, rest)) = first(left) {
        found.records.push(record);
        left = rest;
    }
    found.rest_bytes = left.len();
    found.is_torn = !left.is_empty() && is_cut_short(left);
    found
}

fn is_cut_short(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() else { return true };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    (1..=RECORD_BYTES_MAX).contains(&length) && rest.len() < CHECKSUM + length
}

fn first(bytes: &[u8]) -> Option<(Written, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let (said, rest) = rest.split_first_chunk::<CHECKSUM>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|it| (1..=RECORD_BYTES_MAX).contains(it))?;
    let (payload, rest) = rest.split_at_checked(length)?;
    let record = (checksum(payload) == *said).then(|| serde_json::from_slice(payload).ok())??;
    Some((record, rest))
}

fn checksum(payload: &[u8]) -> [u8; CHECKSUM] {
    let mut beginning = [0; CHECKSUM];
    beginning.copy_from_slice(&Sha256::digest(payload)[..CHECKSUM]);
    beginning
}
