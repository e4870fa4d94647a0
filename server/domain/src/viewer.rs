//! Whose things a session opens.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{InstrumentId, ShopperId, TripId};

/// Who looks at the portal, by what they have proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Viewer {
    /// An e-mail address: everything paid with any of that shopper's instruments.
    Shopper(ShopperId),
    /// Facts of a card, with its owner's address unknown or unproven: everything paid with that instrument.
    Card(InstrumentId),
    /// A payment link: one visit.
    Visit(TripId),
    /// Facts of a card without the last one: how much is owed with it, and a way to pay. No visit, no store, no date.
    Debtor(InstrumentId),
}

impl Viewer {
    /// Whose payments theirs are: who has proven less of a card pays as the card.
    #[must_use]
    pub fn payer(&self) -> Self {
        match self {
            Self::Debtor(instrument) | Self::Card(instrument) => Self::Card(instrument.clone()),
            Self::Shopper(shopper) => Self::Shopper(*shopper),
            Self::Visit(trip) => Self::Visit(trip.clone()),
        }
    }
}

/// As audit entries and refunds name them: `shopper:…`, `card:…`, `visit:…`, `debtor:…`.
impl fmt::Display for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shopper(id) => write!(f, "shopper:{id}"),
            Self::Card(id) => write!(f, "card:{}", id.as_str()),
            Self::Visit(id) => write!(f, "visit:{}", id.as_str()),
            Self::Debtor(id) => write!(f, "debtor:{}", id.as_str()),
        }
    }
}
