//! A whole visit, and the story of it in plain words.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    cart::{CartLine, demo_items},
    connector::{Answer, Cart, Tap, Visit, WalkError},
    money::Amount,
    world::World,
};

/// Most items that can be asked for by number.
const ITEMS_MAX: usize = 500;

/// What `POST /control/walk` takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkOrder {
    pub card: String,
    /// The first so many items of the demo catalogue; ignored when there are lines. 0 is an empty cart.
    #[serde(default)]
    pub items: usize,
    /// The cart, line by line.
    #[serde(default)]
    pub lines: Vec<CartLine>,
    /// Another store than the twin's own.
    #[serde(default)]
    pub store: Option<String>,
    /// What the gate asks the card for, in minor units; `None` is the twin's usual hold.
    #[serde(default)]
    pub hold_minor: Option<i64>,
    /// Sends the very same gate event a second time.
    #[serde(default)]
    pub repeat_tap: bool,
    /// Sends the very same cart a second time.
    #[serde(default)]
    pub repeat_cart: bool,
}

/// How a visit went.
#[derive(Debug, Clone, Serialize)]
pub struct Walk {
    pub trip: Uuid,
    pub gate_event: Uuid,
    pub store: String,
    pub admitted: bool,
    pub gate: Answer,
    /// Only when the gate event was repeated.
    pub gate_again: Option<Answer>,
    /// `None` when the gate did not open.
    pub cart: Option<Answer>,
    /// Only when the cart was repeated.
    pub cart_again: Option<Answer>,
    /// The story, one sentence a step.
    pub steps: Vec<String>,
}

impl WalkOrder {
    /// A visit with an empty cart and nothing repeated.
    #[must_use]
    pub fn of(visit: Visit) -> Self {
        let Visit { card, store, hold_minor } = visit;
        Self { card, items: 0, lines: Vec::new(), store, hold_minor, repeat_tap: false, repeat_cart: false }
    }

    fn cart_lines(&self) -> Vec<CartLine> {
        if self.lines.is_empty() { demo_items(self.items.min(ITEMS_MAX)) } else { self.lines.clone() }
    }
}

impl World {
    pub(crate) async fn walk(self: &Arc<Self>, order: WalkOrder) -> Result<Walk, WalkError> {
        let lines = order.cart_lines();
        let visit = Visit { card: order.card.clone(), store: order.store.clone(), hold_minor: order.hold_minor };
        let tap = self.tap(visit).await?;
        let mut walk = Walk::entering(&order.card, &tap, &self.options.currency);
        if order.repeat_tap {
            let again = self.repeat_tap(&tap).await?;
            walk.repeated("gate event", &tap.answer, &again.answer);
            walk.gate_again = Some(again.answer);
        }
        if !tap.admitted() {
            return Ok(walk);
        }
        let cart = self.send_cart(&tap, &lines).await?;
        walk.left(&lines, &cart);
        if order.repeat_cart {
            let again = self.repeat_cart(&cart).await?;
            walk.repeated("cart", &cart.answer, &again.answer);
            walk.cart_again = Some(again.answer);
        }
        Ok(walk)
    }
}

impl Walk {
    fn entering(card: &str, tap: &Tap, currency: &str) -> Self {
        let hold = Amount::new(tap.hold_minor, currency);
        let gate = match (tap.admitted(), tap.answer.status) {
            (true, _) => format!("The gate opens; {hold} is asked of the card as a hold."),
            (false, 200) => "The gate stays closed: Storeside denied entry.".to_owned(),
            (false, status) => format!("The gate stays closed: Storeside answered {status}: {}", tap.answer.body),
        };
        let tapped = format!("Tapped {card} at the gate of {}: trip {}.", tap.store, tap.trip);
        Self {
            trip: tap.trip,
            gate_event: tap.gate_event,
            store: tap.store.clone(),
            admitted: tap.admitted(),
            gate: tap.answer.clone(),
            gate_again: None,
            cart: None,
            cart_again: None,
            steps: vec![tapped, gate],
        }
    }

    fn left(&mut self, lines: &[CartLine], cart: &Cart) {
        let taken = lines.iter().map(|line| format!("{} {} {}", line.quantity, line.unit, line.sku));
        let taken = taken.collect::<Vec<_>>().join(", ");
        self.steps.push(match lines.len() {
            0 => "Left without taking anything; the empty cart is sent.".to_owned(),
            _ => format!("Took {taken} and left; the cart is sent."),
        });
        let answer = &cart.answer;
        self.steps.push(match (answer.status, cart.purchase_id()) {
            (201, Some("")) => "Storeside took the empty cart: nothing to pay.".to_owned(),
            (201, Some(purchase)) => format!("Storeside took the cart as purchase {purchase}."),
            (status, _) => format!("Storeside did not take the cart: {status}: {}", answer.body),
        });
        self.cart = Some(answer.clone());
    }

    fn repeated(&mut self, what: &str, first: &Answer, again: &Answer) {
        let same = (first.status, &first.body) == (again.status, &again.body);
        self.steps.push(if same {
            format!("Sent the same {what} once more; the answer is the same.")
        } else {
            format!("Sent the same {what} once more; the answer is another: {} {}", again.status, again.body)
        });
    }
}
