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
}

/// As audit entries and refunds name them: `shopper:…`, `card:…`, `visit:…`.
impl fmt::Display for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shopper(id) => write!(f, "shopper:{id}"),
            Self::Card(id) => write!(f, "card:{}", id.as_str()),
            Self::Visit(id) => write!(f, "visit:{}", id.as_str()),
        }
    }
}
