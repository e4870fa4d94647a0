//! `POST /control/{faults,clock,cards,walk,events}`, `GET /control/{cards,truth}`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Api, Card, DuplicateCapture, EventName, Fault, RefundAnswer, SendOrder, Stripe, StripeCall, Telling, Times, Truth,
    WalkError, WalkOrder, clock::OFFSET_SECONDS_MAX, world::World,
};

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/control/faults", post(faults))
        .route("/control/clock", post(clock))
        .route("/control/cards", get(list_cards).post(put_card))
        .route("/control/walk", post(walk))
        .route("/control/events", post(events))
        .route("/control/stripe", get(list_stripe).post(stripe))
        .route("/control/truth", get(truth))
}

/// Sets a fault, clears faults, or changes what the contract leaves open; in one request, in this order: clear, settings, fault.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultOrder {
    pub(super) api: Option<Api>,
    pub(super) fault: Option<FaultName>,
    pub(super) times: Option<TimesOrder>,
    pub(super) delay_ms: Option<u64>,
    pub(super) retry_after_seconds: Option<u32>,
    /// Clears the faults of `api`, or of every API when none is named.
    #[serde(default)]
    pub(super) clear: bool,
    pub(super) data_before_capture: Option<bool>,
    pub(super) capture_before_adjust: Option<bool>,
    pub(super) duplicate_capture: Option<DuplicateCapture>,
    /// Days, or `"never_closes"`.
    pub(super) refund_window_days: Option<WindowOrder>,
    pub(super) refund_answer: Option<RefundAnswer>,
}

/// A number, or `"never_closes"`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum WindowOrder {
    Days(u32),
    NeverCloses(NeverCloses),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NeverCloses {
    NeverCloses,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaultName {
    TooManyRequests,
    ServiceException,
    ServiceUnavailable,
    Delay,
    Hang,
    LoseAnswer,
    FailAfterEffect,
}

impl FaultName {
    fn fault(self, delay_ms: Option<u64>, retry_after_seconds: Option<u32>) -> Result<Fault, &'static str> {
        Ok(match self {
            Self::TooManyRequests => Fault::TooManyRequests,
            Self::ServiceException => Fault::ServiceException,
            Self::ServiceUnavailable => {
                Fault::ServiceUnavailable { retry_after_seconds: retry_after_seconds.unwrap_or(30) }
            }
            Self::Delay => Fault::Delay(Duration::from_millis(delay_ms.ok_or("`delay` needs `delay_ms`")?)),
            Self::Hang => Fault::Hang,
            Self::LoseAnswer => Fault::LoseAnswer,
            Self::FailAfterEffect => Fault::FailAfterEffect,
        })
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Always {
    Always,
}

/// A number, or `"always"`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum TimesOrder {
    Next(u32),
    Always(Always),
}

impl FaultOrder {
    /// # Errors
    ///
    /// What is missing, in words.
    pub(super) fn carry_out(&self, world: &World) -> Result<(), &'static str> {
        let fault = self.fault()?;
        let mut state = world.state();
        if self.clear {
            state.faults.clear(self.api);
        }
        let settings = &mut state.network.settings;
        settings.data_before_capture = self.data_before_capture.unwrap_or(settings.data_before_capture);
        settings.capture_before_adjust = self.capture_before_adjust.unwrap_or(settings.capture_before_adjust);
        settings.duplicate_capture = self.duplicate_capture.unwrap_or(settings.duplicate_capture);
        settings.refund_answer = self.refund_answer.unwrap_or(settings.refund_answer);
        settings.refund_window_days = match self.refund_window_days {
            None => settings.refund_window_days,
            Some(WindowOrder::Days(days)) => Some(days),
            Some(WindowOrder::NeverCloses(NeverCloses::NeverCloses)) => None,
        };
        if let Some((api, fault, times)) = fault {
            state.faults.add(api, fault, times);
        }
        Ok(())
    }

    fn fault(&self) -> Result<Option<(Api, Fault, Times)>, &'static str> {
        let Some(name) = self.fault else { return Ok(None) };
        let api = self.api.ok_or("`fault` needs an `api`")?;
        let fault = name.fault(self.delay_ms, self.retry_after_seconds)?;
        let times = match self.times {
            None => Times::Next(1),
            Some(TimesOrder::Next(calls)) => Times::Next(calls),
            Some(TimesOrder::Always(Always::Always)) => Times::Always,
        };
        Ok(Some((api, fault, times)))
    }
}

async fn faults(State(world): State<Arc<World>>, Json(order): Json<FaultOrder>) -> Response {
    match order.carry_out(&world) {
        Ok(()) => {
            let state = world.state();
            Json(json!({ "waiting": state.faults.describe(Api::name), "settings": state.network.settings }))
                .into_response()
        }
        Err(message) => error(StatusCode::BAD_REQUEST, message),
    }
}

/// Either the offset from real time, or how far to move from where the clock is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockOrder {
    offset_seconds: Option<i64>,
    #[serde(default)]
    advance_seconds: i64,
}

async fn clock(State(world): State<Arc<World>>, Json(order): Json<ClockOrder>) -> Response {
    let base = order.offset_seconds.unwrap_or_else(|| world.clock.offset_seconds());
    let offset = base.saturating_add(order.advance_seconds);
    if offset.unsigned_abs() > OFFSET_SECONDS_MAX.unsigned_abs() {
        return error(StatusCode::BAD_REQUEST, "the clock moves at most ten years");
    }
    match world.clock.set_offset_seconds(offset) {
        Ok(()) => Json(json!({ "offset_seconds": offset, "now": world.clock.now().unix_timestamp() })).into_response(),
        Err(cause) => error(StatusCode::INTERNAL_SERVER_ERROR, &format!("the clock file cannot be written: {cause}")),
    }
}

async fn list_cards(State(world): State<Arc<World>>) -> Json<Vec<Card>> {
    Json(world.state().network.cards().cloned().collect())
}

/// A whole card, or a name and what is different from the card of that name (a new name starts as an approved Visa).
async fn put_card(State(world): State<Arc<World>>, Json(changes): Json<Value>) -> Response {
    let (Some(name), Some(fields)) = (changes["name"].as_str(), changes.as_object()) else {
        return error(StatusCode::BAD_REQUEST, "a card needs a `name`");
    };
    let mut state = world.state();
    let card = state.network.card(name).cloned().unwrap_or_else(|| Card::visa_named(name));
    let merged = serde_json::to_value(card).map(|mut merged| {
        for (field, value) in fields {
            merged[field] = value.clone();
        }
        merged
    });
    match merged.and_then(serde_json::from_value::<Card>) {
        Ok(card) => {
            state.network.put_card(card.clone());
            Json(card).into_response()
        }
        Err(cause) => error(StatusCode::BAD_REQUEST, &cause.to_string()),
    }
}

async fn walk(State(world): State<Arc<World>>, Json(order): Json<WalkOrder>) -> Response {
    match world.walk(order).await {
        Ok(walk) => Json(walk).into_response(),
        Err(cause) => error(status_of(&cause), &cause.to_string()),
    }
}

fn status_of(error: &WalkError) -> StatusCode {
    match error {
        WalkError::UnknownCard(_) => StatusCode::NOT_FOUND,
        WalkError::NoStoreside | WalkError::BadAddress(_) | WalkError::BadEventKey => StatusCode::CONFLICT,
        WalkError::Unreachable { .. } => StatusCode::BAD_GATEWAY,
    }
}

/// An event that need not be true.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct InventedEvent {
    name: EventName,
    trip: Uuid,
    amount_minor: Option<i64>,
}

/// In one request, in this order: settings, a capture that is declined after all, what is held, an invented event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventOrder {
    telling: Option<Telling>,
    times: Option<u32>,
    decline_capture: Option<Uuid>,
    send: Option<SendOrder>,
    invent: Option<InventedEvent>,
}

async fn events(State(world): State<Arc<World>>, Json(order): Json<EventOrder>) -> Response {
    {
        let settings = &mut world.state().feed.settings;
        settings.telling = order.telling.unwrap_or(settings.telling);
        settings.times = order.times.unwrap_or(settings.times);
    }
    match carry_out(&world, &order).await {
        Ok(answers) => {
            let feed = &world.state().feed;
            Json(json!({ "settings": feed.settings, "held": feed.held(), "answers": answers })).into_response()
        }
        Err(refusal) => refusal,
    }
}

async fn carry_out(world: &Arc<World>, order: &EventOrder) -> Result<Vec<u16>, Response> {
    let unanswered = |cause: WalkError| error(status_of(&cause), &cause.to_string());
    if let Some(trip) = order.decline_capture
        && !world.decline_capture(trip).await
    {
        return Err(error(StatusCode::CONFLICT, "that trip has no charge that could be taken back"));
    }
    let mut answers = match order.send {
        Some(send) => world.send_held(send).await.map_err(unanswered)?,
        None => Vec::new(),
    };
    if let Some(InventedEvent { name, trip, amount_minor }) = order.invent {
        answers.push(world.invent_event(name, trip, amount_minor).await.map_err(unanswered)?);
    }
    Ok(answers)
}

/// In one request, in this order: settings, a dispute, its end, a refund, what is held.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StripeOrder {
    telling: Option<Telling>,
    times: Option<u32>,
    /// The session whose payment is disputed, whose dispute is closed, or whose payment is given back.
    session: Option<String>,
    #[serde(default)]
    dispute: bool,
    won: Option<bool>,
    refund_minor: Option<i64>,
    amount_minor: Option<i64>,
    send: Option<SendOrder>,
    /// Takes back the faults of `call`, or of all calls, before anything else.
    #[serde(default)]
    clear: bool,
    fault: Option<FaultName>,
    call: Option<StripeCall>,
    fault_times: Option<u32>,
    delay_ms: Option<u64>,
}

async fn stripe(State(world): State<Arc<World>>, Json(order): Json<StripeOrder>) -> Response {
    if let Err(message) = set_stripe(&world, &order) {
        return error(StatusCode::BAD_REQUEST, message);
    }
    let stripe = Stripe { world: &world };
    if let Some(session) = order.session.as_deref() {
        let done = (!order.dispute || stripe.dispute(session, order.amount_minor).await)
            && match order.won {
                Some(won) => stripe.close_dispute(session, won).await,
                None => true,
            }
            && order.refund_minor.is_none_or(|amount| stripe.refund(session, amount));
        if !done {
            return error(StatusCode::CONFLICT, "that session has no payment of which this can be said");
        }
    }
    let answers = match order.send {
        Some(send) => match stripe.send(send).await {
            Ok(answers) => answers,
            Err(cause) => return error(status_of(&cause), &cause.to_string()),
        },
        None => Vec::new(),
    };
    let state = world.state();
    let webhooks = &state.stripe.webhooks;
    Json(json!({ "settings": webhooks.settings, "held": webhooks.held(), "answers": answers,
        "faults": state.stripe.faults.describe(StripeCall::name) }))
    .into_response()
}

fn set_stripe(world: &World, order: &StripeOrder) -> Result<(), &'static str> {
    let fault = match (order.fault, order.call) {
        (Some(name), Some(call)) => Some((call, name.fault(order.delay_ms, None)?)),
        (Some(_), None) => return Err("`fault` needs a `call`"),
        (None, _) => None,
    };
    let stripe = &mut world.state().stripe;
    if order.clear {
        stripe.faults.clear(order.call);
    }
    let settings = &mut stripe.webhooks.settings;
    settings.telling = order.telling.unwrap_or(settings.telling);
    settings.times = order.times.unwrap_or(settings.times);
    if let Some((call, fault)) = fault {
        stripe.faults.add(call, fault, Times::Next(order.fault_times.unwrap_or(1)));
    }
    Ok(())
}

/// Every session, and every event with the answers to it.
async fn list_stripe(State(world): State<Arc<World>>) -> Json<Value> {
    let stripe = Stripe { world: &world };
    Json(json!({ "sessions": stripe.sessions(), "events": stripe.events(), "net_minor": stripe.net_minor() }))
}

async fn truth(State(world): State<Arc<World>>) -> Json<Truth> {
    Json(world.truth())
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}
