//! The event feed: what happened to a payment, told to Storeside's `POST /v1/events` as an EventBridge API destination would.
//!
//! The feed's schema is not published; the names are, and the envelope is AWS's own. What the detail looks like here is the
//! twin's guess, and Storeside must not depend on it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    connector::{Proof, WalkError},
    money::Amount,
    truth::Trip,
    world::World,
};

const EVENTS_PATH: &str = "/v1/events";

/// How long EventBridge waits for an API destination.
const PATIENCE: Duration = Duration::from_secs(5);

/// When events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// Not at all.
    #[default]
    Never,
    /// Kept until [`Twin::send_events`](crate::Twin::send_events).
    Held,
    /// Told, and the answer waited for, before the API that made them answers.
    BeforeAnswer,
    /// So many milliseconds later, whatever happens meanwhile.
    AfterMs(u64),
}

/// How events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSettings {
    pub telling: Telling,
    /// How often each is delivered, with the same envelope id; 2 is a doubled event.
    pub times: u32,
}

impl Default for EventSettings {
    fn default() -> Self {
        Self { telling: Telling::Never, times: 1 }
    }
}

impl From<Telling> for EventSettings {
    fn from(telling: Telling) -> Self {
        Self { telling, ..Self::default() }
    }
}

/// In which order held events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendOrder {
    OldestFirst,
    /// Out of order.
    NewestFirst,
}

/// The events of type `PAYMENT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventName {
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationCancelled,
    CaptureApproved,
    CaptureDeclined,
}

/// One event, and what became of telling it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The envelope's.
    pub id: Uuid,
    pub name: EventName,
    pub trip: Uuid,
    pub store: String,
    /// `None`: the event says no amount.
    pub amount_minor: Option<i64>,
    pub currency: String,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The status of the answer to each delivery, in order.
    pub answers: Vec<u16>,
}

impl Event {
    /// An event of a trip, now.
    pub(crate) fn of(trip: &Trip, name: EventName, amount_minor: Option<i64>, at: OffsetDateTime) -> Self {
        Self {
            id: Uuid::new_v4(),
            name,
            trip: trip.id,
            store: trip.store.clone(),
            amount_minor,
            currency: trip.currency.clone(),
            at,
            answers: Vec::new(),
        }
    }

    /// AWS's envelope, whose time has whole seconds.
    fn body(&self) -> Value {
        let time = self.at.replace_nanosecond(0).unwrap_or(self.at).format(&Rfc3339).unwrap_or_default();
        let mut detail = json!({
            "eventType": "PAYMENT",
            "eventName": self.name,
            "storeId": self.store,
            "shoppingTripId": self.trip,
            "reconciliationId": format!("rec-{}", self.trip),
        });
        if let Some(minor) = self.amount_minor {
            detail["amount"] = Amount::new(minor, &self.currency).to_payment_json();
        }
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": "JWO Payment Event",
            "source": "aws.partner/justwalkout.example",
            "account": "123456789012",
            "time": time,
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
        })
    }
}

/// The two ways on which Storeside hears what happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Channel {
    /// Amazon's event feed.
    Feed,
    /// Stripe's webhooks.
    Webhooks,
}

/// Takes what is held, in the order in which it is to be sent, each as often as that.
pub(crate) fn take_held<T: Clone>(held: &mut VecDeque<T>, order: SendOrder, times: u32) -> Vec<T> {
    let mut taken: Vec<T> = held.drain(..).collect();
    if order == SendOrder::NewestFirst {
        taken.reverse();
    }
    taken.into_iter().flat_map(|it| std::iter::repeat_n(it, times.max(1) as usize)).collect()
}

/// Which events there were, and which are still to be told.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    pub(crate) settings: EventSettings,
    /// Everything that was to be told, in the order it happened; also what was never sent.
    pub(crate) log: Vec<Event>,
    held: VecDeque<Event>,
}

impl Feed {
    pub(crate) fn new(settings: EventSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }
}

impl World {
    /// Tells what has happened since the last time, as the settings say.
    pub(crate) async fn tell(self: &Arc<Self>) {
        let settings = {
            let mut state = self.state();
            let events = std::mem::take(&mut state.network.events);
            state.feed.log.extend(events.iter().cloned());
            let settings = state.feed.settings;
            match settings.telling {
                Telling::Never => return,
                Telling::Held | Telling::BeforeAnswer | Telling::AfterMs(_) => state.feed.held.extend(events),
            }
            settings
        };
        self.send_as_told(settings.telling, Channel::Feed).await;
    }

    /// Sends what a channel holds when `telling` says so.
    pub(crate) async fn send_as_told(self: &Arc<Self>, telling: Telling, channel: Channel) {
        match telling {
            Telling::Never | Telling::Held => {}
            // An unreachable Storeside is in the truth: the event has no answers.
            Telling::BeforeAnswer => drop(self.send_all(channel).await),
            Telling::AfterMs(delay_ms) => {
                let world = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::select! {
                        () = world.stopped() => {}
                        () = tokio::time::sleep(Duration::from_millis(delay_ms)) => drop(world.send_all(channel).await),
                    }
                });
            }
        }
    }

    async fn send_all(&self, channel: Channel) -> Result<Vec<u16>, WalkError> {
        match channel {
            Channel::Feed => self.send_held(SendOrder::OldestFirst).await,
            Channel::Webhooks => self.send_webhooks(SendOrder::OldestFirst).await,
        }
    }

    /// Sends what is held. The status of each answer, in the order of sending.
    pub(crate) async fn send_held(&self, order: SendOrder) -> Result<Vec<u16>, WalkError> {
        let events = {
            let mut state = self.state();
            let times = state.feed.settings.times;
            take_held(&mut state.feed.held, order, times)
        };
        let mut answers = Vec::new();
        for event in events {
            answers.push(self.send_event(&event).await?);
        }
        Ok(answers)
    }

    /// The bank takes back what a capture charged.
    pub(crate) async fn decline_capture(self: &Arc<Self>, trip: Uuid) -> bool {
        let declined = self.state().network.decline_capture(trip, self.clock.now());
        self.tell().await;
        declined
    }

    /// An event that need not be true.
    pub(crate) async fn invent_event(
        &self,
        name: EventName,
        trip: Uuid,
        amount_minor: Option<i64>,
    ) -> Result<u16, WalkError> {
        let (store, currency) = (self.options.store.clone(), self.options.currency.clone());
        let (id, at) = (Uuid::new_v4(), self.clock.now());
        self.send_event(&Event { id, name, trip, store, amount_minor, currency, at, answers: Vec::new() }).await
    }

    /// Sends one event, whatever the settings say.
    pub(crate) async fn send_event(&self, event: &Event) -> Result<u16, WalkError> {
        let body = event.body();
        let answer = self.call(EVENTS_PATH, PATIENCE, Proof::ApiKey, |_| body.clone()).await?;
        let log = &mut self.state().feed.log;
        match log.iter_mut().find(|it| it.id == event.id) {
            Some(known) => known.answers.push(answer.status),
            None => log.push(Event { answers: vec![answer.status], ..event.clone() }),
        }
        Ok(answer.status)
    }
}
