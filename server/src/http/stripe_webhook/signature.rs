//! Whether a body is Stripe's: `t=1700000000,v1=hex of HMAC-SHA256 of "t.body"`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::secret::Secret;

/// How old or how far ahead a signature may be, in seconds: what Stripe's own libraries allow.
const TOLERANCE_SECONDS: u64 = 300;

/// Signatures read of one header: one for each secret while one follows the other.
const SIGNATURES_MAX: usize = 8;

/// Why a body is not taken for Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotSigned {
    #[error("is missing or has no moment and no v1 signature")]
    Malformed,
    #[error("is none of ours")]
    Wrong,
    #[error("is more than five minutes from now")]
    Stale,
}

/// Verifies the signature of the raw body.
pub(super) fn verify(secret: &Secret, given: Option<&str>, body: &[u8], now: OffsetDateTime) -> Result<(), NotSigned> {
    let parts = || given.unwrap_or_default().split(',').filter_map(|part| part.trim().split_once('='));
    let moment = parts().find(|(name, _)| *name == "t").map(|(_, at)| at).ok_or(NotSigned::Malformed)?;
    let at: i64 = moment.parse().map_err(|_| NotSigned::Malformed)?;
    let mut signatures = parts().filter(|(name, _)| *name == "v1").take(SIGNATURES_MAX).peekable();
    signatures.peek().ok_or(NotSigned::Malformed)?;
    // In constant time, by the crate.
    let is_ours = signatures.any(|(_, hex)| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
        mac.update(moment.as_bytes());
        mac.update(b".");
        mac.update(body);
        bytes_of(hex).is_some_and(|signature| mac.verify_slice(&signature).is_ok())
    });
    if !is_ours {
        return Err(NotSigned::Wrong);
    }
    // After the signature: a stranger learns nothing about the clock.
    if now.unix_timestamp().abs_diff(at) > TOLERANCE_SECONDS { Err(NotSigned::Stale) } else { Ok(()) }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with `printf '%s' '1700000000.{}' | openssl dgst -sha256 -hmac whsec_1`.
    const SIGNED: &str = "c8cf6ed9fd9120874a1792902ffdf5b69559118b76d10974da8a20cf21f94bc5";

    fn told(given: Option<&str>, body: &[u8], at: i64) -> Result<(), NotSigned> {
        verify(&Secret::new("whsec_1"), given, body, OffsetDateTime::from_unix_timestamp(at).unwrap())
    }

    #[test]
    fn a_body_is_stripes_by_its_signature_within_five_minutes_and_by_nothing_else() {
        let header = format!("t=1700000000,v1={SIGNED}");
        for at in [1_700_000_000, 1_700_000_300, 1_699_999_700] {
            assert_eq!(told(Some(&header), b"{}", at), Ok(()), "{at}");
        }
        for at in [1_700_000_301, 1_699_999_699] {
            assert_eq!(told(Some(&header), b"{}", at), Err(NotSigned::Stale), "{at}");
        }
        assert_eq!(told(Some(&format!("t=1700000000,v1=00,v1={SIGNED}, v0=x")), b"{}", 1_700_000_000), Ok(()));
        assert_eq!(told(Some(&header), b"{ }", 1_700_000_000), Err(NotSigned::Wrong), "another body");
        let moved = format!("t=1700000001,v1={SIGNED}");
        assert_eq!(told(Some(&moved), b"{}", 1_700_000_001), Err(NotSigned::Wrong), "another moment");
        for wrong in ["v1=", "v1=zz", "v1=0"] {
            let header = format!("t=1700000000,{wrong}");
            assert_eq!(told(Some(&header), b"{}", 1_700_000_000), Err(NotSigned::Wrong), "{wrong}");
        }
        for malformed in [None, Some(""), Some("t=1700000000"), Some("v1=00"), Some("t=soon,v1=00"), Some("t=1,v0=00")]
        {
            assert_eq!(told(malformed, b"{}", 1_700_000_000), Err(NotSigned::Malformed), "{malformed:?}");
        }
    }
}
