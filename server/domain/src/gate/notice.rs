//! What a shopper at the gate may be told: by a screen, a sign or a person beside it.

use serde::{Deserialize, Serialize};

use crate::reason::GateReason;

/// A short text and where to read on. Others stand beside the shopper, so it says neither how much is owed nor what is suspected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// At most 120 characters.
    pub text: String,
    /// A page of the portal, from its address on: `/balance`.
    pub path: String,
}

/// The portal's page of what is owed.
pub const BALANCE_PATH: &str = "/balance";

/// The portal's first page, which says whom to ask.
const HELP_PATH: &str = "/";

impl Notice {
    /// What goes with a reason. `None`: nothing is to be said.
    #[must_use]
    pub fn of(reason: GateReason, is_hold_raised: bool) -> Option<Self> {
        let (text, path) = match reason {
            GateReason::OutstandingBalance => {
                ("An earlier visit is not paid yet. Please pay it online, then tap again.", BALANCE_PATH)
            }
            GateReason::RepeatOffender => {
                ("Earlier visits are not paid yet. Please pay all of them online, then tap again.", BALANCE_PATH)
            }
            GateReason::RecordsAway => {
                ("The gate cannot let new visits in right now. Please ask our staff.", HELP_PATH)
            }
            GateReason::RecommendedDenial | GateReason::Risk | GateReason::Blocked => {
                ("This card cannot be used here. Please try another card, or ask our staff.", HELP_PATH)
            }
            GateReason::BelowThreshold => {
                ("Welcome. An earlier visit is not paid yet: you can pay it online.", BALANCE_PATH)
            }
            GateReason::Conditional if is_hold_raised => (
                "Welcome. A higher amount than usual is held on your card, and released after your visit is paid.",
                BALANCE_PATH,
            ),
            GateReason::Conditional
            | GateReason::NothingOwed
            | GateReason::Recommended
            | GateReason::Allowed
            | GateReason::RiskAccepted
            | GateReason::SettledSince => return None,
        };
        Some(Self { text: text.to_owned(), path: path.to_owned() })
    }
}
