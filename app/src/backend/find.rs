//! Looking for trips, and what is found.

use std::fmt;

use domain::id::TripId;
use time::{Date, OffsetDateTime};

use super::TripSummary;

/// Which trips to list. Everything left out lists them all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TripSearch {
    /// Begun on this day (UTC) or later.
    pub from: Option<Date>,
    /// Begun on this day (UTC) or before.
    pub to: Option<Date>,
    /// Paid with this card.
    pub card: Option<CardKey>,
    /// Older than the trip at this place.
    pub after: Option<TripPlace>,
}

/// What a page calls one of the viewer's cards: 16 hexadecimal digits that say nothing of it, since they stand in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardKey(String);

impl CardKey {
    /// Characters of a key.
    pub const CHARS: usize = 16;

    /// Takes what stood in an address. `None`: no key looks like this.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_key = text.len() == Self::CHARS && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        is_key.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for CardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a trip stands in the list, by its beginning; written `MICROSECONDS.TRIP`, which needs no escaping in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripPlace {
    /// When it began.
    pub started_at: OffsetDateTime,
    /// The trip: several may begin at once.
    pub trip: TripId,
}

impl TripPlace {
    /// Takes what stood in an address. `None`: no place is written so.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (micros, trip) = text.split_once('.')?;
        let nanos = micros.parse::<i64>().ok().map(|it| i128::from(it) * 1_000)?;
        let started_at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        Some(Self { started_at, trip: TripId::new(trip).ok()? })
    }
}

impl fmt::Display for TripPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.started_at.unix_timestamp_nanos() / 1_000, self.trip)
    }
}

/// A card that a viewer can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardChoice {
    /// What the page calls it.
    pub key: CardKey,
    /// Like `VISA ending in 1234`.
    pub name: String,
}

/// A page of trips.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TripList {
    /// The latest first.
    pub trips: Vec<TripSummary>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<TripPlace>,
    /// The viewer's cards, where they are known.
    pub cards: Vec<CardChoice>,
}

/// To whom a receipt can be mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptMail {
    /// To the viewer, like `j•••@e•••.com`.
    Masked(String),
    /// To an address that the viewer has not proven to be theirs, and is not shown.
    OnFile,
    /// Nobody's address is known.
    Nobody,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_stands_in_an_address_reads_back_and_nothing_else_is_taken() {
        let place =
            TripPlace { started_at: datetime!(2026-11-21 14:05:00.123456 UTC), trip: TripId::new("T-1_x").unwrap() };
        assert_eq!(TripPlace::new(&place.to_string()), Some(place));
        for text in ["", ".", "1", "1.", "x.T", "1.a b", "9223372036854775807.T", "99999999999999999999.T"] {
            assert_eq!(TripPlace::new(text), None, "{text}");
        }
        assert_eq!(CardKey::new("0123456789abcdef").unwrap().to_string(), "0123456789abcdef");
        for text in
            ["", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdef0", "é23456789abcdef", "4111111111111111x"]
        {
            assert_eq!(CardKey::new(text), None, "{text}");
        }
    }
}
