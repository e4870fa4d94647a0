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
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use self::amount::Amount;
use self::cart_hint::CartHint;
use super::field::{self, Fields, Problems};
use super::openapi;

/// The one kind of condition Amazon's page shows: another hold than the one asked about.
const ADJUST: &str = "ADJUST";

/// Most risks in one request. Amazon's list has fourteen; each is kept with the decision and answered again.
const RISKS_MAX: usize = 100;

/// A card at the gate, and what Amazon would do. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShopperAuthorizationRequest, example = json!({
    "storeId": "TEST_STORE_001",
    "shopperIdentity": { "id": "shopper-low-risk-001" },
    "authorizedAmount": { "value": 50.00, "currencyCode": "USD" },
    "shopperInteraction": {
        "shoppingTripId": "550e8400-e29b-41d4-a716-446655440000",
        "gateAuthenticationEvent": {
            "id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "type": "CREDIT_CARD",
            "interactionType": "TAP",
            "timestamp": "2024-03-22T17:00:00Z",
            "location": "ENTRY"
        },
        "recommendation": { "shopperAuthorized": true, "shopperRisks": [] }
    }
}))]
pub(super) struct Request {
    /// The store, as Amazon names it.
    #[schema(value_type = String, max_length = 255, pattern = "^[0-9a-zA-Z_-]+$")]
    store_id: Option<String>,
    #[serde(default, deserialize_with = "field::object")]
    #[schema(value_type = ShopperIdentity, required = true)]
    shopper_identity: Option<ShopperIdentity>,
    /// The hold that the card bears.
    #[serde(default, deserialize_with = "field::object")]
    #[schema(value_type = Amount, required = true)]
    authorized_amount: Option<Amount>,
    #[serde(default, deserialize_with = "field::object")]
    #[schema(value_type = ShopperInteraction, required = true)]
    shopper_interaction: Option<ShopperInteraction>,
}

/// The payment instrument.
#[derive(Debug, Deserialize, ToSchema)]
struct ShopperIdentity {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: Option<String>,
}

/// What happens at the gate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShopperInteraction {
    #[schema(max_length = 255, pattern = "^[0-9a-zA-Z_-]*$")]
    shopping_trip_id: Option<String>,
    #[serde(default, deserialize_with = "field::object")]
    #[schema(value_type = GateAuthenticationEvent, required = true)]
    gate_authentication_event: Option<GateAuthenticationEvent>,
    #[serde(default, deserialize_with = "field::object")]
    recommendation: Option<WireRecommendation>,
    #[serde(default, deserialize_with = "field::object")]
    cart_hint: Option<CartHint>,
}

/// One tap. The same id again gets the same answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GateAuthenticationEvent {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: Option<String>,
    #[schema(schema_with = event_words, required = true)]
    r#type: Option<String>,
    /// How a card was read.
    #[schema(schema_with = interaction_words)]
    interaction_type: Option<String>,
    /// Between the years 2000 and 2099, with or without fractions, at any offset.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Option<String>,
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    location: Option<String>,
    /// Free properties without a published meaning. Not kept: they may say more of a person than we need.
    #[serde(rename = "data")]
    #[schema(value_type = Value, required = false)]
    _data: Option<IgnoredAny>,
}

/// What Amazon would do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Recommendation)]
struct WireRecommendation {
    shopper_authorized: Option<bool>,
    authorization_conditions: Option<Vec<Condition>>,
    /// A word that nobody knows is a risk all the same.
    #[schema(schema_with = risk_words)]
    shopper_risks: Option<Vec<String>>,
}

/// On what condition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(try_from = "Map<String, Value>")]
struct Condition {
    /// `ADJUST`; others are ignored.
    r#type: Option<String>,
    /// As `authorizedAmount` in an `ADJUST`; who knows what in another kind.
    #[schema(value_type = Value, required = false)]
    amount: Option<Value>,
}

/// From an object only: derived, a list would be taken for its fields in their order.
impl TryFrom<Map<String, Value>> for Condition {
    type Error = &'static str;

    fn try_from(mut object: Map<String, Value>) -> Result<Self, &'static str> {
        let r#type = match object.remove("type") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => return Err("type must be a text"),
        };
        Ok(Self { r#type, amount: object.remove("amount").filter(|it| !it.is_null()) })
    }
}

fn event_words() -> Schema {
    openapi::words(GateEventKind::ALL.iter().map(|it| it.as_str()))
}

fn interaction_words() -> Schema {
    openapi::optional_words(CardInteraction::ALL.iter().map(|it| it.as_str()))
}

fn risk_words() -> Schema {
    openapi::optional_texts()
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShopperAuthorizationAnswer)]
pub struct Answer {
    /// May the shopper come in?
    shopper_authorized: bool,
    /// With another hold than was asked about.
    authorization_conditions: Vec<AnswerCondition>,
    /// What speaks against it.
    shopper_risks: Vec<String>,
}

/// Another hold.
#[derive(Debug, Serialize, ToSchema)]
struct AnswerCondition {
    /// `ADJUST`.
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
