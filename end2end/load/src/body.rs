//! The bodies that Amazon sends to the connectors, as small as they may be.
//!
//! Source: <https://developer.amazon.com/docs/physicalstores/fraud_abuse_api.html> and
//! <https://developer.amazon.com/docs/physicalstores/create_purchases.html>.

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// The gate's path.
pub const GATE: &str = "/v1/fraudandabuse/shopperauthorization";

/// The cart's path.
pub const CARTS: &str = "/v1/order/purchases";

/// One visit: who taps, and under which ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Amazon's id of the card.
    pub instrument: String,
    /// The visit.
    pub trip: String,
    /// The tap.
    pub gate_event: String,
}

impl Visit {
    /// A new visit of this card.
    #[must_use]
    pub fn of(instrument: &str) -> Self {
        let (trip, gate_event) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        Self { instrument: instrument.to_owned(), trip, gate_event }
    }
}

/// The gate asks whether this card may come in.
#[must_use]
pub fn tap(store: &str, visit: &Visit) -> String {
    json!({
        "storeId": store,
        "shopperIdentity": { "id": visit.instrument },
        "authorizedAmount": { "currencyCode": "USD", "value": 50.00 },
        "shopperInteraction": {
            "shoppingTripId": visit.trip,
            "gateAuthenticationEvent": {
                "id": visit.gate_event,
                "type": "CREDIT_CARD",
                "interactionType": "TAP",
                "timestamp": whole_second(),
                "location": "ENTRY",
            },
            "recommendation": { "shopperAuthorized": true, "authorizationConditions": [], "shopperRisks": [] },
        },
    })
    .to_string()
}

/// The shopper has left with three things of the demo's catalog.
#[must_use]
pub fn cart(store: &str, visit: &Visit) -> String {
    let at = whole_second();
    let items = ["SKU-001", "SKU-002", "SKU-003"].map(
        |sku| json!({ "id": sku, "type": "SKU", "quantity": { "value": "1.0", "unit": "unit" }, "lineItemId": sku }),
    );
    json!({
        "requestId": Uuid::new_v4(),
        "idempotentShoppingTripId": visit.trip,
        "storeId": store,
        "shoppingTrip": {
            "startTime": at,
            "endTime": at,
            "authEvents": [{ "id": visit.gate_event, "timestamp": at, "location": "ENTRY", "payloadType": "FINANCIAL" }],
        },
        "cartItems": items,
    })
    .to_string()
}

/// `2025-03-11T14:45:36Z`, without fractions, as in Amazon's samples.
fn whole_second() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default()
}
