//! May this shopper come in? The decision, and the facts it rests on.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::id::{GateEventId, InstrumentId, StoreId, TripId};
use crate::money::Money;
use crate::reason::{GateReason, closed_list};
use crate::store::{GateStrategy, Store};

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

/// One tap at a gate, as Amazon tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What we know of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Sum of its open debts in the store's currency, over all stores.
    pub outstanding: Money,
    /// How many open debts there are.
    pub open_debts: u32,
}

/// The answer to one tap. Stored before it is sent; the same tap gets the same answer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateDecision {
    /// Does the gate open?
    pub authorized: bool,
    /// Why.
    pub reason: GateReason,
    /// The hold to place instead of the one asked about.
    pub adjusted_hold: Option<Money>,
    /// Risks, Amazon's and ours, in Amazon's words.
    pub risks: Vec<String>,
    /// Does it differ from what Amazon recommended?
    pub is_override: bool,
}

/// Amazon's word for an outstanding balance.
pub const BAD_DEBT: &str = "BadDebt";

/// Risks that keep the gate closed even where Amazon's recommendation says nothing or yes: the card cannot be charged, or
/// fraud is known (test plan 7a.2, 7a.4, 7a.5).
const DENIED_RISKS: [&str; 7] = [
    "InvalidCard",
    "ExpiredCard",
    "CardNotSupported",
    "AccountIssue",
    "CustomerFraud",
    "CustomerConfirmedFraud",
    "CreditCardFraud",
];

/// Risks that are no ground to deny anybody.
const HARMLESS_RISKS: [&str; 2] = ["NonpaymentLowRisk", "NoRiskEvaluationRun"];

/// Decides one tap.
///
/// Under `customer_managed` a debt is judged by our own records alone: Amazon's `BadDebt` flag neither opens nor closes, since
/// ours is the newer and the only book. Every other denial of Amazon's stands.
#[must_use]
pub fn decide(request: &GateRequest, standing: &Standing, store: &Store) -> GateDecision {
    let recommendation = &request.recommendation;
    let (authorized, reason) = match store.gate_strategy {
        GateStrategy::AmazonManaged => by_amazon(recommendation),
        GateStrategy::CustomerManaged => {
            first_denial([by_balance(standing, store), by_risk(recommendation), by_amazon_except_debt(recommendation)])
        }
        GateStrategy::AmazonRecommendation => {
            first_denial([by_balance(standing, store), by_risk(recommendation), by_amazon(recommendation)])
        }
    };
    let mut risks = recommendation.risks.clone();
    let owes = reason == GateReason::OutstandingBalance;
    if owes && !risks.iter().any(|risk| risk == BAD_DEBT) {
        risks.push(BAD_DEBT.to_owned());
    }
    GateDecision {
        authorized,
        reason,
        adjusted_hold: recommendation.adjusted_hold.filter(|_| authorized),
        risks,
        is_override: recommendation.authorized.is_some_and(|recommended| recommended != authorized),
    }
}

type Opinion = (bool, GateReason);

fn first_denial(opinions: [Opinion; 3]) -> Opinion {
    let [balance, ..] = opinions;
    opinions.into_iter().find(|(authorized, _)| !authorized).unwrap_or(balance)
}

/// A balance of nothing never denies; without a threshold any positive one does; else it must be strictly below
/// (seed "debt threshold": "as long as their outstanding balance remains below that amount").
fn by_balance(standing: &Standing, store: &Store) -> Opinion {
    if !standing.outstanding.is_positive() {
        return (true, GateReason::NothingOwed);
    }
    match store.debt_threshold {
        Some(threshold) if standing.outstanding.minor() < threshold.minor() => (true, GateReason::BelowThreshold),
        Some(_) | None => (false, GateReason::OutstandingBalance),
    }
}

fn by_risk(recommendation: &Recommendation) -> Opinion {
    let denied = recommendation.risks.iter().any(|risk| DENIED_RISKS.contains(&risk.as_str()));
    (!denied, if denied { GateReason::Risk } else { GateReason::Recommended })
}

fn by_amazon(recommendation: &Recommendation) -> Opinion {
    match recommendation.authorized {
        Some(false) => (false, GateReason::RecommendedDenial),
        Some(true) | None => (true, GateReason::Recommended),
    }
}

/// A denial whose only ground is a debt is not Amazon's to make here.
fn by_amazon_except_debt(recommendation: &Recommendation) -> Opinion {
    let risks = &recommendation.risks;
    let is_about_debt = risks.iter().any(|risk| risk == BAD_DEBT);
    let has_other_ground = risks.iter().any(|risk| risk != BAD_DEBT && !HARMLESS_RISKS.contains(&risk.as_str()));
    if is_about_debt && !has_other_ground { (true, GateReason::NothingOwed) } else { by_amazon(recommendation) }
}

#[cfg(test)]
mod tests;
