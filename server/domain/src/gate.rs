//! May this shopper come in? The decision, and the facts it rests on.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::id::{GateEventId, InstrumentId, StoreId, TripId};
use crate::money::Money;
use crate::reason::closed_list;

pub mod away;
mod decision;
mod notice;
mod rules;
mod standing;

pub use decision::{GateDecision, OverrideKind, decide};
pub use notice::{BALANCE_PATH, Notice};
pub use rules::{
    BAD_DEBT, DENIED_RISKS, HoldRule, IGNORED_RISKS, KNOWN_RISKS, NO_RISK_EVALUATION, NONPAYMENT_HIGH_RISK, RiskAction,
    RiskRule, RiskRuleError, RiskRuleKind, RiskRules,
};
pub use standing::{GateList, Listing, Standing};

closed_list!(
    /// How a shopper showed who they are (Shopper Authorization page, `gateAuthenticationEvent.type`; test plan 7a.7).
    GateEventKind {
        /// A card: tapped, dipped or swiped.
        CreditCard = "CREDIT_CARD",
        /// A palm.
        AmazonOne = "AMAZON_ONE",
        /// A code on a screen.
        Qr = "QR",
        /// A telephone.
        MobileWallet = "MOBILE_WALLET",
        /// Amazon could not tell.
        Unrecognized = "UNRECOGNIZED",
    }
);

closed_list!(
    /// How a card was read (`interactionType`).
    CardInteraction {
        /// Held to the reader.
        Tap = "TAP",
        /// Put into the reader.
        Dip = "DIP",
        /// Drawn through the reader.
        Swipe = "SWIPE",
    }
);

/// What Amazon would do, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Would Amazon open? `None` when it does not say.
    pub authorized: Option<bool>,
    /// The hold Amazon would place instead, from an `ADJUST` condition.
    pub adjusted_hold: Option<Money>,
    /// Risks, as written; a word we do not know yet is kept as it is (test plan 7a.6 lists fourteen).
    pub risks: Vec<String>,
}

/// One tap at a gate, as Amazon tells it. Its JSON waits in journals that another version may read: add optional fields only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRequest {
    /// Where.
    pub store: StoreId,
    /// Names this tap; a second request with it gets the first answer.
    pub event: GateEventId,
    /// How.
    pub kind: GateEventKind,
    /// How the card was read, for cards.
    pub interaction: Option<CardInteraction>,
    /// When, by Amazon's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub tapped_at: OffsetDateTime,
    /// `ENTRY`, or another place.
    pub location: String,
    /// With which instrument.
    pub instrument: InstrumentId,
    /// The visit that begins, when Amazon names it already.
    pub trip: Option<TripId>,
    /// The hold on the card. May be zero.
    pub hold: Money,
    /// What Amazon would do.
    pub recommendation: Recommendation,
}

#[cfg(test)]
mod tests;
