//! What a shopper adds in their own words.

use std::fmt;

/// A note: 1 to [`Note::CHARS_MAX`] characters that can be seen, without a card number. Personal: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(String);

/// Why a text is no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`Note::CHARS_MAX`] characters.
    #[error("the note has more than 500 characters")]
    TooLong,
    /// It has the number of a payment card in it, which nobody here may keep.
    #[error("the note has a card number in it")]
    CardNumber,
}

/// How many digits a card number has (ISO/IEC 7812-1; none in use is shorter).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

impl Note {
    /// Characters at most.
    pub const CHARS_MAX: usize = 500;

    /// Takes what a person typed. What cannot be seen is left out: control characters except line breaks, and marks that turn the
    /// direction of writing, by which a text can be made to look like another. `None`: nothing is left.
    ///
    /// # Errors
    ///
    /// See [`NoteError`].
    pub fn new(typed: &str) -> Result<Option<Self>, NoteError> {
        let lines = typed.replace("\r\n", "\n").replace('\r', "\n");
        let seen: String = lines.chars().filter(|c| *c == '\n' || !(c.is_control() || turns_direction(*c))).collect();
        let text = seen.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > Self::CHARS_MAX {
            return Err(NoteError::TooLong);
        }
        if has_card_number(text) {
            return Err(NoteError::CardNumber);
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// The text, for whoever decides, and for the vault.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(…)")
    }
}

/// Unicode's `Bidi_Control` (UAX #9, section 2).
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Groups of digits that stand beside each other and make a card number together, however they are set apart.
fn has_card_number(text: &str) -> bool {
    let groups: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    (0..groups.len()).any(|first| begins_with_card_number(groups.get(first..).unwrap_or_default()))
}

fn begins_with_card_number(groups: &[&str]) -> bool {
    let mut digits = String::new();
    for group in groups {
        if !group.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        digits.push_str(group);
        if digits.len() > *CARD_DIGITS.end() {
            return false;
        }
        if CARD_DIGITS.contains(&digits.len()) && has_check_digit(&digits) {
            return true;
        }
    }
    false
}

/// The check of every card number (ISO/IEC 7812-1, annex B).
fn has_check_digit(digits: &str) -> bool {
    let weighted = digits.bytes().rev().zip([1_u32, 2].into_iter().cycle()).map(|(byte, weight)| {
        let product = u32::from(byte.saturating_sub(b'0')).saturating_mul(weight);
        if product > 9 { product.saturating_sub(9) } else { product }
    });
    weighted.fold(0_u32, u32::saturating_add).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(typed: &str) -> String {
        Note::new(typed).unwrap().unwrap().expose().to_owned()
    }

    #[test]
    fn what_cannot_be_seen_is_left_out_and_the_rest_stays() {
        assert_eq!(kept("  The glass was broken.\r\nSorry! 🙂 \u{0}"), "The glass was broken.\nSorry! 🙂");
        assert_eq!(kept("abc\u{202e}txt.exe\u{2069}\u{7}"), "abctxt.exe");
        assert_eq!(
            kept("שלום עליכם, 여보세요"),
            "שלום עליכם, 여보세요",
            "a language that is written from the right is no trick"
        );
        assert_eq!(kept("<script>alert(1)</script>"), "<script>alert(1)</script>", "it is only a text");
        for empty in ["", "  \r\n ", "\u{200f}\u{0}"] {
            assert_eq!(Note::new(empty), Ok(None), "{empty:?}");
        }
    }

    #[test]
    fn a_note_has_500_characters_at_most_however_many_bytes_they_are() {
        assert_eq!(kept(&"ü".repeat(500)).chars().count(), 500);
        assert_eq!(Note::new(&"ü".repeat(501)), Err(NoteError::TooLong));
    }

    #[test]
    fn a_card_number_is_refused_however_it_is_typed_and_other_numbers_are_not() {
        for typed in
            ["4242424242424242", "my card 4242 4242 4242 4242.", "4242-4242-4242-4242", "on 21 3782 822463 10005 ok"]
        {
            assert_eq!(Note::new(typed), Err(NoteError::CardNumber), "{typed}");
        }
        let others = [
            "4242424242424241",
            "trip 550e8400-e29b-41d4-a716-446655440000",
            "ending in 4242",
            "call +1 206 555 0100",
            "2026-11-21 14:05, 14.81",
            "CST4242424242424242",
        ];
        for typed in others {
            assert_eq!(kept(typed), typed);
        }
    }

    #[test]
    fn a_note_cannot_be_printed() {
        assert_eq!(format!("{:?}", Note::new("Jane").unwrap()), "Some(Note(…))");
    }
}
