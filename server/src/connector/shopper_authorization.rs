//! Shopper Authorization: Amazon asks at every tap whether the shopper may come in.
//!
//! Source: <https://developer.amazon.com/docs/physicalstores/fraud_abuse_api.html>. The body of the 200 answer is not
//! public, so [`Answer`] mirrors `recommendation`, which has the fields a retailer may override.

mod amount;
mod cart_hint;

use domain::gate::{CardInteraction, GateDecision, GateEventKind, GateRequest, Recommendation};
use domain::id::{GateEventId, ID_CHARS_MAX, InstrumentId, StoreId, TripId};
use domain::money::Money;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use self::amount::Amount;
use self::cart_hint::CartHint;
use super::field::{self, Fields, Problems};

/// The one kind of condition Amazon's page shows: another hold than the one asked about.
const ADJUST: &str = "ADJUST";

/// Most risks in one request. Amazon's list has fourteen; each is kept with the decision and answered again.
const RISKS_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    store_id: Option<String>,
    shopper_identity: Option<ShopperIdentity>,
    authorized_amount: Option<Amount>,
    shopper_interaction: Option<ShopperInteraction>,
}

#[derive(Debug, Deserialize)]
struct ShopperIdentity {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShopperInteraction {
    shopping_trip_id: Option<String>,
    gate_authentication_event: Option<GateAuthenticationEvent>,
    recommendation: Option<WireRecommendation>,
    cart_hint: Option<CartHint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GateAuthenticationEvent {
    id: Option<String>,
    r#type: Option<String>,
    interaction_type: Option<String>,
    timestamp: Option<String>,
    location: Option<String>,
    /// Free properties without a published meaning. Not kept: they may say more of a person than we need.
    #[serde(rename = "data")]
    _data: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRecommendation {
    shopper_authorized: Option<bool>,
    authorization_conditions: Option<Vec<Condition>>,
    shopper_risks: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Condition {
    r#type: Option<String>,
    /// An [`Amount`] in an `ADJUST`; who knows what in another kind.
    amount: Option<serde_json::Value>,
}

/// Reads one request of Amazon's.
///
/// # Errors
///
/// Names every field that is missing or cannot be used.
pub fn parse(body: &[u8]) -> Result<GateRequest, Problems> {
    let wire: Request = field::read(body)?;
    field::check(|fields| gate_request(fields, &wire))
}

fn gate_request(fields: &mut Fields<'_>, wire: &Request) -> Option<GateRequest> {
    let store = fields.text("storeId", &wire.store_id, StoreId::new);
    let instrument = fields
        .required("shopperIdentity", &wire.shopper_identity)
        .and_then(|it| fields.inside("shopperIdentity").text("id", &it.id, InstrumentId::new));
    let hold = fields
        .required("authorizedAmount", &wire.authorized_amount)
        .and_then(|it| amount::money(&mut fields.inside("authorizedAmount"), it));
    let interaction = fields.required("shopperInteraction", &wire.shopper_interaction)?;

    let mut fields = fields.inside("shopperInteraction");
    let trip = fields.optional_text("shoppingTripId", &interaction.shopping_trip_id, TripId::new);
    if let Some(hint) = &interaction.cart_hint {
        cart_hint::check(&mut fields.inside("cartHint"), hint);
    }
    let recommendation = match &interaction.recommendation {
        Some(wire) => recommendation(&mut fields.inside("recommendation"), wire, hold),
        None => Recommendation::default(),
    };
    let event = fields.required("gateAuthenticationEvent", &interaction.gate_authentication_event)?;

    let mut fields = fields.inside("gateAuthenticationEvent");
    let id = fields.text("id", &event.id, GateEventId::new);
    let kind = fields.text("type", &event.r#type, |text| {
        field::one_of(text, &GateEventKind::ALL.iter().map(|it| (it.as_str(), *it)).collect::<Vec<_>>())
    });
    let card_interaction = fields.optional_text("interactionType", &event.interaction_type, |text| {
        field::one_of(text, &CardInteraction::ALL.iter().map(|it| (it.as_str(), *it)).collect::<Vec<_>>())
    });
    let tapped_at = fields.text("timestamp", &event.timestamp, field::timestamp);
    let location = fields.text("location", &event.location, id_text);
    Some(GateRequest {
        store: store?,
        event: id?,
        kind: kind?,
        interaction: card_interaction,
        tapped_at: tapped_at?,
        location: location?,
        instrument: instrument?,
        trip,
        hold: hold?,
        recommendation,
    })
}

fn id_text(text: &str) -> Result<String, String> {
    field::short_text(text, ID_CHARS_MAX)
}

fn recommendation(fields: &mut Fields<'_>, wire: &WireRecommendation, hold: Option<Money>) -> Recommendation {
    let mut adjusted_hold = None;
    for (index, condition) in wire.authorization_conditions.iter().flatten().enumerate() {
        // A condition of a kind we do not know cannot be honoured, and is no reason to keep a shopper out.
        let (Some(ADJUST), Some(amount)) = (condition.r#type.as_deref(), &condition.amount) else { continue };
        let mut fields = fields.item("authorizationConditions", index);
        let Ok(amount) = Amount::deserialize(amount) else {
            fields.refuse("amount", "has the wrong JSON type");
            continue;
        };
        let amount = amount::money(&mut fields.inside("amount"), &amount);
        let same_currency = amount.filter(|it| hold.is_some_and(|hold| hold.currency() == it.currency()));
        adjusted_hold = adjusted_hold.or(same_currency);
    }
    let risks = wire.shopper_risks.clone().unwrap_or_default();
    if risks.len() > RISKS_MAX {
        fields.refuse("shopperRisks", format!("must have at most {RISKS_MAX} risks"));
    }
    for (index, risk) in risks.iter().enumerate() {
        if let Err(problem) = id_text(risk) {
            fields.refuse(&format!("shopperRisks[{index}]"), problem);
        }
    }
    Recommendation { authorized: wire.shopper_authorized, adjusted_hold, risks }
}

/// The body of a 200. A denial is one too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    shopper_authorized: bool,
    authorization_conditions: Vec<AnswerCondition>,
    shopper_risks: Vec<String>,
}

#[derive(Debug, Serialize)]
struct AnswerCondition {
    r#type: &'static str,
    amount: amount::Answer,
}

/// The only place that knows what Amazon wants to hear, because its schema is only partly public.
#[must_use]
pub fn answer(decision: &GateDecision) -> Answer {
    let condition = |hold: Money| AnswerCondition { r#type: ADJUST, amount: amount::Answer::of(hold) };
    Answer {
        shopper_authorized: decision.authorized,
        authorization_conditions: decision.adjusted_hold.map(condition).into_iter().collect(),
        shopper_risks: decision.risks.clone(),
    }
}

#[cfg(test)]
mod tests;
