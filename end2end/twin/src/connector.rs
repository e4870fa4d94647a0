//! The gate and the carts: Amazon's calls to Storeside's connectors, signed, and tried again as Amazon does.

mod body;
mod call;

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{card::Card, cart::CartLine, money::Amount, truth::Trip, world::World};
use body::{authorization_request, purchases_request};
pub(crate) use call::Proof;

const AUTHORIZATION_PATH: &str = "/v1/fraudandabuse/shopperauthorization";
const PURCHASES_PATH: &str = "/v1/order/purchases";

/// A card at a store's gate.
#[derive(Debug, Clone)]
pub struct Visit {
    pub(crate) card: String,
    pub(crate) store: Option<String>,
    pub(crate) hold_minor: Option<i64>,
}

impl Visit {
    /// This card at the twin's own store, with the usual hold.
    #[must_use]
    pub fn of(card: &str) -> Self {
        Self { card: card.to_owned(), store: None, hold_minor: None }
    }

    #[must_use]
    pub fn in_store(self, store: &str) -> Self {
        Self { store: Some(store.to_owned()), ..self }
    }

    /// What the gate asks the card for, in minor units.
    #[must_use]
    pub fn holding_minor(self, hold_minor: i64) -> Self {
        Self { hold_minor: Some(hold_minor), ..self }
    }
}

impl From<&str> for Visit {
    fn from(card: &str) -> Self {
        Self::of(card)
    }
}

/// What Storeside answered, after all tries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub status: u16,
    /// JSON; text that is not JSON is a string, no body is null.
    pub body: Value,
    /// Calls made until this answer, the last one included.
    pub tries: u32,
}

/// One tap at the gate, with its answer.
#[derive(Debug, Clone)]
pub struct Tap {
    pub trip: Uuid,
    pub gate_event: Uuid,
    pub store: String,
    /// The twin's clock at the gate.
    pub at: OffsetDateTime,
    pub answer: Answer,
    /// What is asked of the card, after a condition in the answer. Minor units.
    pub hold_minor: i64,
    currency: String,
    request: Value,
}

impl Tap {
    /// Whether the gate opened.
    #[must_use]
    pub fn admitted(&self) -> bool {
        self.answer.status == 200 && self.answer.body["shopperAuthorized"] == Value::Bool(true)
    }
}

/// One cart that was sent, with its answer.
#[derive(Debug, Clone)]
pub struct Cart {
    pub answer: Answer,
    request: Value,
}

impl Cart {
    /// The `purchaseId` of a 201; empty for an empty cart.
    #[must_use]
    pub fn purchase_id(&self) -> Option<&str> {
        self.answer.body["purchaseId"].as_str()
    }
}

/// Why the twin could not walk.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    #[error("there is no card called {0}")]
    UnknownCard(String),
    #[error("the twin does not know where Storeside is")]
    NoStoreside,
    #[error("Storeside's address {0} is not one that can be called")]
    BadAddress(String),
    #[error("the event feed's key has a character that no header may have")]
    BadEventKey,
    #[error("Storeside at {url} did not answer in {tries} tries: {why}")]
    Unreachable { url: String, tries: u32, why: String },
}

impl World {
    /// A new trip: the gate asks Storeside, and if it may open, the card is held.
    pub(crate) async fn tap(self: &Arc<Self>, visit: Visit) -> Result<Tap, WalkError> {
        let card = self.state().network.card(&visit.card).cloned().ok_or(WalkError::UnknownCard(visit.card))?;
        let options = &self.options;
        let asked = Amount::new(visit.hold_minor.unwrap_or(options.hold_minor), &options.currency);
        let at = self.clock.now().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let store = visit.store.unwrap_or_else(|| options.store.clone());
        let (trip, gate_event) = (Uuid::new_v4(), Uuid::new_v4());
        self.state().network.start_trip(new_trip(&card, &store, trip, gate_event, at, &asked.currency));
        let tap = Tap {
            request: authorization_request(&card, &store, trip, gate_event, at, &asked),
            answer: Answer { status: 0, body: Value::Null, tries: 0 },
            hold_minor: asked.minor,
            currency: asked.currency,
            trip,
            gate_event,
            store,
            at,
        };
        self.repeat_tap(&tap).await
    }

    /// The same gate event once more, as after an answer that was lost.
    pub(crate) async fn repeat_tap(self: &Arc<Self>, tap: &Tap) -> Result<Tap, WalkError> {
        // The gate waits two seconds; later answers are as good as none.
        let answer =
            self.call(AUTHORIZATION_PATH, Duration::from_secs(2), Proof::Signature, |_| tap.request.clone()).await?;
        let mut tap = Tap { answer, ..tap.clone() };
        if let Some(amount) = condition(&tap.answer.body, &tap.currency) {
            tap.hold_minor = amount;
        }
        if tap.admitted() {
            self.state().network.admit(tap.trip, tap.hold_minor, self.clock.now());
            self.tell().await;
        }
        Ok(tap)
    }

    /// The shopper has left: the cart of the trip. Sent again, it is the same trip with a new request id.
    pub(crate) async fn send_cart(&self, tap: &Tap, lines: &[CartLine]) -> Result<Cart, WalkError> {
        self.send(&purchases_request(tap, lines, self.clock.now())).await
    }

    async fn send(&self, request: &Value) -> Result<Cart, WalkError> {
        let mut sent = request.clone();
        let fresh = |attempt| {
            if attempt > 1 {
                sent["requestId"] = json!(Uuid::new_v4());
            }
            sent.clone()
        };
        let answer = self.call(PURCHASES_PATH, Duration::from_secs(10), Proof::Signature, fresh).await?;
        Ok(Cart { answer, request: sent })
    }

    /// The very same cart once more, request id included.
    pub(crate) async fn repeat_cart(&self, cart: &Cart) -> Result<Cart, WalkError> {
        self.send(&cart.request).await
    }
}

fn new_trip(card: &Card, store: &str, id: Uuid, gate_event: Uuid, at: OffsetDateTime, currency: &str) -> Trip {
    Trip {
        id,
        store: store.to_owned(),
        card: card.name.clone(),
        instrument: card.instrument.clone(),
        gate_event,
        tapped_at: at,
        currency: currency.to_owned(),
        admitted: false,
        hold_minor: 0,
        authorized_minor: 0,
        adjust_status: None,
        adjust_calls: 0,
        captures_minor: Vec::new(),
        reversals_minor: Vec::new(),
        capture_calls: 0,
        cancelled: false,
        cancel_calls: 0,
        refunds: Vec::new(),
        feedback: Vec::new(),
    }
}

/// The hold that an `ADJUST` condition asks for, in minor units.
fn condition(answer: &Value, currency: &str) -> Option<i64> {
    let conditions = answer["authorizationConditions"].as_array()?;
    let amount = &conditions.iter().find(|condition| condition["type"] == "ADJUST")?["amount"];
    let value = amount["value"].as_number().filter(|_| amount["currencyCode"] == currency)?;
    Amount::from_number(value, currency).map(|amount| amount.minor)
}
