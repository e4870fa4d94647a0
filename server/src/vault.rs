//! What is personal, as it lies in the database: sealed, and found by an index that tells nothing.
//!
//! A fact is sealed with AES-256-GCM under the first key of `STORESIDE_SECRET_KEY`, bound to its place (a column and a row), so that
//! whoever can write to the database cannot move one person's facts into another's row. Every key of the setting opens, which is how
//! keys change while everything runs: `storeside keys renew` seals again what an older key sealed.
//!
//! A blind index is a keyed hash (HMAC-SHA-256) of a fact in one spelling. It finds rows without telling what is in them; since a card's
//! last digits and its expiry have few values, it is worth as much as the key is secret.

use std::fmt;
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// Bytes that name the key, at the head of everything sealed.
const KEY_ID_BYTES: usize = 4;

/// Bytes of chance in front of each text. With 2^32 texts under one key the chance of two alike is below 2^-32 (NIST SP 800-38D, 8.3).
const NONCE_BYTES: usize = 12;

/// Where something sealed belongs: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Table and column, like `shopper.email`.
    pub column: &'static str,
    /// The row's own name.
    pub row: &'a str,
}

/// A fact that only a key opens. Its `Debug` shows nothing, though nothing in it is readable.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// As it was stored.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// What finds a row by a fact: 32 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct BlindIndex(Vec<u8>);

impl BlindIndex {
    /// As it is stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is stored, for a query that takes several.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindIndex(…)")
    }
}

/// Something sealed does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No key of the setting sealed it: a key was taken out too early.
    #[error("it was sealed with a key that STORESIDE_SECRET_KEY does not have any more")]
    UnknownKey,
    /// It was changed, or belongs to another row.
    #[error("it was changed, or moved here from elsewhere")]
    Changed,
}

/// The keys. Cheap to clone; `Debug` shows how many there are.
#[derive(Clone)]
pub struct Vault {
    /// The first one seals. Never empty.
    keys: Arc<[Key]>,
}

struct Key {
    id: [u8; KEY_ID_BYTES],
    cipher: Aes256Gcm,
    index: [u8; 32],
}

impl Key {
    fn of(secret: &Secret) -> Self {
        let derive = Hkdf::<Sha256>::new(None, secret.expose().as_bytes());
        let (mut id, mut seal, mut index) = ([0; KEY_ID_BYTES], [0; 32], [0; 32]);
        let parts: [(&str, &mut [u8]); 3] =
            [("storeside key id", &mut id), ("storeside seal", &mut seal), ("storeside blind index", &mut index)];
        for (purpose, out) in parts {
            derive.expand(purpose.as_bytes(), out).expect("HKDF-SHA256 gives up to 8160 bytes");
        }
        Self { id, cipher: Aes256Gcm::new(&seal.into()), index }
    }

    fn index(&self, what: &str, fact: &str) -> BlindIndex {
        let mut mac =
            <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.index).expect("HMAC takes a key of any length");
        mac.update(what.as_bytes());
        mac.update(&[0]);
        mac.update(fact.as_bytes());
        BlindIndex(mac.finalize().into_bytes().to_vec())
    }
}

impl Vault {
    /// A vault of these keys, the newest first.
    ///
    /// # Panics
    ///
    /// Without any key; the settings refuse that.
    #[must_use]
    pub fn new(keys: &[Secret]) -> Self {
        assert!(!keys.is_empty(), "a vault has a key");
        Self { keys: keys.iter().map(Key::of).collect() }
    }

    /// Seals a text for its place. Twice the same text is never twice the same bytes.
    #[must_use]
    pub fn seal(&self, place: Place<'_>, text: &str) -> Sealed {
        let key = &self.keys[0];
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: text.as_bytes(), aad: &aad(place) };
        let sealed = key.cipher.encrypt(&Nonce::from(nonce), payload).expect("no text is 64 GiB long");
        Sealed([&key.id[..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<String, OpenError> {
        let (id, rest) = sealed.0.split_at_checked(KEY_ID_BYTES).ok_or(OpenError::Changed)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Changed)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(OpenError::UnknownKey)?;
        let payload = Payload { msg: text, aad: &aad(place) };
        let text = key.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| OpenError::Changed)?;
        String::from_utf8(text).map_err(|_| OpenError::Changed)
    }

    /// The index under which a fact is stored. `what` keeps equal facts of different kinds apart.
    #[must_use]
    pub fn index(&self, what: &'static str, fact: &str) -> BlindIndex {
        self.keys[0].index(what, fact)
    }

    /// Every index under which a fact may be stored, the newest key's first: what to look for.
    #[must_use]
    pub fn indexes(&self, what: &'static str, fact: &str) -> Vec<Vec<u8>> {
        self.keys.iter().map(|key| key.index(what, fact).into_bytes()).collect()
    }

    /// The head of everything that the newest key sealed: what begins otherwise is to be sealed again.
    #[must_use]
    pub fn newest_key_id(&self) -> &[u8] {
        &self.keys[0].id
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

fn aad(place: Place<'_>) -> Vec<u8> {
    [place.column.as_bytes(), &[0], place.row.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: Place<'_> = Place { column: "shopper.email", row: "1" };

    fn vault(keys: &[&str]) -> Vault {
        Vault::new(&keys.iter().map(|key| Secret::new(*key)).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_shows_nothing() {
        let vault = vault(&["one"]);
        let sealed = vault.seal(EMAIL, "jane@example.com");
        assert_eq!(vault.open(EMAIL, &sealed).as_deref(), Ok("jane@example.com"));
        assert_ne!(vault.seal(EMAIL, "jane@example.com"), sealed, "two seals of one text cannot be told to be one");
        assert!(!String::from_utf8_lossy(sealed.bytes()).contains("jane"));
        assert_eq!(format!("{sealed:?} {vault:?}"), "Sealed(…) Vault(1 keys)");
    }

    #[test]
    fn what_was_moved_or_changed_does_not_open() {
        let vault = vault(&["one"]);
        let sealed = vault.seal(EMAIL, "jane@example.com");
        for place in [Place { row: "2", ..EMAIL }, Place { column: "loyalty_account.email", ..EMAIL }] {
            assert_eq!(vault.open(place, &sealed), Err(OpenError::Changed), "{place:?}");
        }
        for at in KEY_ID_BYTES..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[at] ^= 1;
            assert_eq!(vault.open(EMAIL, &changed), Err(OpenError::Changed), "byte {at}");
        }
        for length in 0..sealed.0.len() {
            let cut = Sealed(sealed.0[..length].to_vec());
            assert!(vault.open(EMAIL, &cut).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_new_key_opens_what_the_old_one_sealed_until_that_is_taken_out() {
        let (old, both, new) = (vault(&["old"]), vault(&["new", "old"]), vault(&["new"]));
        let sealed = old.seal(EMAIL, "jane@example.com");
        assert_eq!(both.open(EMAIL, &sealed).as_deref(), Ok("jane@example.com"));
        assert!(!sealed.bytes().starts_with(both.newest_key_id()), "it is to be sealed again");
        assert_eq!(new.open(EMAIL, &sealed), Err(OpenError::UnknownKey));
        let again = both.seal(EMAIL, "jane@example.com");
        assert!(again.bytes().starts_with(both.newest_key_id()));
        assert_eq!(new.open(EMAIL, &again).as_deref(), Ok("jane@example.com"));
        assert_eq!(old.open(EMAIL, &again), Err(OpenError::UnknownKey));
    }

    #[test]
    fn an_index_is_the_same_for_the_same_fact_and_key_and_for_nothing_else() {
        let (old, both) = (vault(&["old"]), vault(&["new", "old"]));
        let stored = old.index("email", "jane@example.com");
        assert_eq!(stored.bytes().len(), 32);
        assert!(both.indexes("email", "jane@example.com").contains(&stored.bytes().to_vec()));
        assert_eq!(both.indexes("email", "jane@example.com")[0], both.index("email", "jane@example.com").bytes());
        for (what, fact) in [("email", "joe@example.com"), ("card", "jane@example.com"), ("emai", "ljane@example.com")]
        {
            assert!(!both.indexes(what, fact).contains(&stored.bytes().to_vec()), "{what} {fact}");
        }
    }
}
