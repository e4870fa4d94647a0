//! The bodies that Amazon sends to the connectors.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::Tap;
use crate::{
    card::{Card, GateType},
    cart::CartLine,
    money::Amount,
};

/// Source: <https://developer.amazon.com/docs/physicalstores/fraud_abuse_api.html>.
pub(super) fn authorization_request(
    card: &Card,
    store: &str,
    trip: Uuid,
    gate_event: Uuid,
    at: OffsetDateTime,
    asked: &Amount,
) -> Value {
    let mut event = json!({
        "id": gate_event,
        "type": card.gate_type.wire(),
        "timestamp": timestamp(at),
        "location": "ENTRY",
    });
    if card.gate_type == GateType::CreditCard {
        event["interactionType"] = json!("TAP");
    }
    let hold = card.recommended_hold_minor.map(|minor| Amount::new(minor, &asked.currency));
    let conditions: Vec<Value> =
        hold.iter().map(|hold| json!({ "type": "ADJUST", "amount": hold.to_gate_json() })).collect();
    json!({
        "storeId": store,
        "shopperIdentity": { "id": card.instrument },
        "authorizedAmount": asked.to_gate_json(),
        "shopperInteraction": {
            "shoppingTripId": trip,
            "gateAuthenticationEvent": event,
            "recommendation": {
                "shopperAuthorized": card.recommended.unwrap_or(card.risks.is_empty()),
                "authorizationConditions": conditions,
                "shopperRisks": card.risks,
            },
        },
    })
}

/// Source: <https://developer.amazon.com/docs/physicalstores/create_purchases.html>; for card entry without a shopper identity,
/// as in the seed's samples.
pub(super) fn purchases_request(tap: &Tap, lines: &[CartLine], now: OffsetDateTime) -> Value {
    let items = lines.iter().enumerate().map(|(at, line)| {
        json!({
            "id": line.sku,
            "type": "SKU",
            "quantity": { "value": line.quantity, "unit": line.unit },
            "lineItemId": format!("line-{}", at + 1),
        })
    });
    json!({
        "requestId": Uuid::new_v4(),
        "idempotentShoppingTripId": tap.trip,
        "storeId": tap.store,
        "shoppingTrip": {
            "startTime": timestamp(tap.at),
            "endTime": timestamp(now.max(tap.at)),
            "authEvents": [{
                "id": tap.gate_event,
                "timestamp": timestamp(tap.at),
                "location": "ENTRY",
                "payloadType": "FINANCIAL",
            }],
        },
        "cartItems": items.collect::<Vec<_>>(),
    })
}

/// `2025-03-11T14:45:36Z`, without fractions, as in Amazon's samples.
fn timestamp(at: OffsetDateTime) -> Option<String> {
    at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}
