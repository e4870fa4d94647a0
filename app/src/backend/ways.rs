//! Ways in, and what is open: values of the pages for signing in and of the page of one's sessions.

use std::fmt;

use domain::id::StoreId;
use time::OffsetDateTime;

use crate::error::UiError;

/// Who is signed in, by what they have proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedIn {
    /// A shopper with an address.
    Email {
        /// Like `j•••@e•••.com`.
        masked: String,
    },
    /// Whoever has a card.
    Card,
    /// Whoever has a payment link.
    Visit,
    /// Whoever may pay what is owed with a card, and sees nothing else.
    Debtor,
}

/// A store to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreChoice {
    /// Which.
    pub id: StoreId,
    /// Its name.
    pub name: String,
}

/// What is in a payment link. Secret: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

impl LinkToken {
    /// Hexadecimal digits in a link.
    const DIGITS: usize = 64;

    /// Takes what stands in a link.
    ///
    /// # Errors
    ///
    /// [`UiError::LinkGone`] for what cannot be one.
    pub fn new(text: &str) -> Result<Self, UiError> {
        let right = text.len() == Self::DIGITS && text.bytes().all(|it| it.is_ascii_hexdigit());
        if right { Ok(Self(text.to_owned())) } else { Err(UiError::LinkGone) }
    }

    /// The text, to be hashed and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// The name of a session among its owner's: a hash, which opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionName(pub [u8; 32]);

impl SessionName {
    /// Reads what the form of the page of sessions sends.
    ///
    /// # Errors
    ///
    /// [`UiError::NotFound`] for every other text.
    pub fn new(text: &str) -> Result<Self, UiError> {
        if text.len() != 64 || !text.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(UiError::NotFound);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let digits = text.get(at..at + 2).ok_or(UiError::NotFound)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| UiError::NotFound)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Which.
    pub name: SessionName,
    /// When it was signed in.
    pub signed_in_at: OffsetDateTime,
    /// When it was used last, to the minute it may be off.
    pub used_at: OffsetDateTime,
    /// Is it the one that asks?
    pub is_this: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_64_digits_and_cannot_be_printed() {
        let text = "0a".repeat(32);
        let token = LinkToken::new(&text).unwrap();
        assert_eq!((token.expose(), format!("{token:?}").as_str()), (text.as_str(), "LinkToken(…)"));
        for wrong in ["", "0a", &"0g".repeat(32), &"é".repeat(32)] {
            assert_eq!(LinkToken::new(wrong), Err(UiError::LinkGone), "{wrong}");
        }
    }

    #[test]
    fn the_name_of_a_session_reads_back() {
        let name = SessionName([171; 32]);
        assert_eq!(SessionName::new(&name.to_string()), Ok(name));
        for wrong in ["", "ab", &"zz".repeat(32), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(SessionName::new(wrong), Err(UiError::NotFound), "{wrong}");
        }
    }
}
