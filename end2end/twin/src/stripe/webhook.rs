//! Stripe's webhooks: signed, and told as the settings say: never (lost), held, doubled, late, in another order.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    connector::WalkError,
    feed::{Channel, EventSettings, SendOrder, Telling, take_held},
    world::World,
};

/// Where Storeside listens.
const WEBHOOK_PATH: &str = "/v1/stripe/events";

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One event, and what became of telling it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StripeEvent {
    pub id: String,
    /// Like `checkout.session.completed`.
    pub kind: String,
    /// Whole, as it is sent.
    pub body: Value,
    /// The status of the answer to each delivery, in order; 0 where there was none.
    pub answers: Vec<u16>,
}

/// Which events there were, and which are still to be told.
#[derive(Debug)]
pub(crate) struct Webhooks {
    pub(crate) settings: EventSettings,
    pub(crate) log: Vec<StripeEvent>,
    held: VecDeque<String>,
}

impl Webhooks {
    pub(super) fn new(settings: EventSettings) -> Self {
        Self { settings, log: Vec::new(), held: VecDeque::new() }
    }

    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }
}

impl World {
    /// Tells what has happened at Stripe since the last time, as the settings say.
    pub(crate) async fn tell_webhooks(self: &Arc<Self>) {
        let now = self.clock.now().unix_timestamp();
        let telling = {
            let mut state = self.state();
            let stripe = &mut state.stripe;
            let telling = stripe.webhooks.settings.telling;
            for (kind, object) in std::mem::take(&mut stripe.book.happened) {
                let id = format!("evt_{}", Uuid::new_v4().simple());
                let body = json!({
                    "id": id, "object": "event", "api_version": "2026-09-30.endive", "created": now, "data": { "object": object },
                    "livemode": false, "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null }, "type": kind,
                });
                if telling != Telling::Never {
                    stripe.webhooks.held.push_back(id.clone());
                }
                stripe.webhooks.log.push(StripeEvent { id, kind: kind.to_owned(), body, answers: Vec::new() });
            }
            telling
        };
        self.send_as_told(telling, Channel::Webhooks).await;
    }

    /// Sends what is held. The status of each answer, in the order of sending.
    pub(crate) async fn send_webhooks(&self, order: SendOrder) -> Result<Vec<u16>, WalkError> {
        let ids = {
            let mut state = self.state();
            let webhooks = &mut state.stripe.webhooks;
            take_held(&mut webhooks.held, order, webhooks.settings.times)
        };
        let mut answers = Vec::new();
        for id in ids {
            answers.push(self.send_webhook(&id).await?);
        }
        Ok(answers)
    }

    /// Sends one event of the log, whatever the settings say; tried again as Stripe does while nobody takes it.
    pub(crate) async fn send_webhook(&self, id: &str) -> Result<u16, WalkError> {
        let body = {
            let state = self.state();
            let found = state.stripe.webhooks.log.iter().find(|it| it.id == id);
            found.map(|it| it.body.to_string()).unwrap_or_default()
        };
        let mut pause = self.options.retry_pause;
        for tries in 1..=self.options.tries_max.max(1) {
            let status = self.post_webhook(&body, None).await?;
            if let Some(event) = self.state().stripe.webhooks.log.iter_mut().find(|it| it.id == id) {
                event.answers.push(status);
            }
            if !matches!(status, 0 | 429 | 500..) || tries == self.options.tries_max.max(1) {
                return Ok(status);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(0)
    }

    /// Sends `body` once, signed with the webhook's secret unless there is a `signature`. 0: no answer.
    pub(crate) async fn post_webhook(&self, body: &str, signature: Option<&str>) -> Result<u16, WalkError> {
        let storeside = self.state().storeside_url.clone().ok_or(WalkError::NoStoreside)?;
        let url = format!("{}{WEBHOOK_PATH}", storeside.trim_end_matches('/'));
        let now = self.clock.now().unix_timestamp();
        let signed = sign(&self.options.stripe_webhook_secret, now, body);
        let request = self.http.post(url).timeout(PATIENCE).header("content-type", "application/json; charset=utf-8");
        let request = request.header("stripe-signature", signature.unwrap_or(&signed)).body(body.to_owned());
        Ok(request.send().await.map_or(0, |response| response.status().as_u16()))
    }
}

/// `t=…,v1=…` (Stripe docs, "Verify webhook signatures manually").
fn sign(secret: &str, at: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable!("HMAC takes any key"));
    mac.update(format!("{at}.{body}").as_bytes());
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={digest}")
}
