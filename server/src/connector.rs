//! What Amazon calls: the gate's question and the finished cart.
//!
//! Each API is a file that turns Amazon's words into ours and back; deciding is a flow's business. What comes before and
//! after is the same for both and is here: who calls, how long it took, what a refusal looks like.
//!
//! **Invariant**: nothing of a body is parsed before its caller is known, and no body, card or secret is ever logged.

pub mod caller;
pub mod create_purchases;
pub mod field;
mod refusal;
pub mod shopper_authorization;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use sqlx::PgPool;
use time::OffsetDateTime;
use tracing::Instrument;

use self::caller::{Callers, Declined};
use self::field::Problems;
use self::refusal::Refusal;
use crate::body::{self, NotReceived};
use crate::clock::Clock;
use crate::flow::answer_gate::{AnswerGateError, Gate, answer_gate};
use crate::flow::receive_cart::{ReceiveCartError, receive_cart};
use crate::log::chain;
use crate::store::{self, StoreError};

/// Largest body in bytes. A cart line is about 200, so this is a cart of thousands.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The gate must be answered within two seconds (seed "Well-Architected Review", 1.2); this leaves some to the network.
const GATE_ANSWERS_WITHIN: Duration = Duration::from_millis(1500);

/// A cart that is not kept by then is asked for again. Longer than it takes to find out that there is no connection to be had.
const CART_ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How long a refused caller may wait for the record of it.
const RECORD_WITHIN: Duration = Duration::from_secs(1);

/// One of the two APIs, each allowed to a caller by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connector {
    /// `POST /v1/fraudandabuse/shopperauthorization`
    ShopperAuthorization,
    /// `POST /v1/order/purchases`
    CreatePurchases,
}

impl Connector {
    /// The one spelling, in settings, metrics and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShopperAuthorization => "shopper_authorization",
            Self::CreatePurchases => "create_purchases",
        }
    }
}

/// What the connectors work with.
#[derive(Debug, Clone)]
pub struct ConnectorState {
    /// The database.
    pub database: PgPool,
    /// What taps are answered with, also while the database is away.
    pub gate: Arc<Gate>,
    /// Who may call.
    pub callers: Arc<Callers>,
    /// The injected clock.
    pub clock: Clock,
}

/// Both routes, to be merged into any router.
pub fn routes<S: Clone + Send + Sync + 'static>(state: ConnectorState) -> Router<S> {
    Router::new()
        .route("/v1/fraudandabuse/shopperauthorization", post(post_shopper_authorization))
        .route("/v1/order/purchases", post(post_purchases))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state)
}

/// A body as it arrived.
type Body = Result<Bytes, NotReceived>;

/// `POST /v1/fraudandabuse/shopperauthorization`: 200 with the decision, also when it is no.
async fn post_shopper_authorization(State(state): State<ConnectorState>, request: Request) -> Response {
    serve(&state, Connector::ShopperAuthorization, request).await
}

/// `POST /v1/order/purchases`: 201 with our purchase; the same trip again gets the same one.
async fn post_purchases(State(state): State<ConnectorState>, request: Request) -> Response {
    serve(&state, Connector::CreatePurchases, request).await
}

async fn serve(state: &ConnectorState, connector: Connector, request: Request) -> Response {
    let started = Instant::now();
    let (request, body) = body::receive(request).await;
    let name = connector.as_str();
    let span = tracing::info_span!("connector", connector = name, trip.id = tracing::field::Empty);
    let answered = answer(state, connector, &request, body).instrument(span).await;
    let response = answered.unwrap_or_else(IntoResponse::into_response);
    let status = response.status().as_str().to_owned();
    metrics::counter!("storeside_connector_requests_total", "connector" => name, "status" => status).increment(1);
    metrics::histogram!("storeside_connector_seconds", "connector" => name).record(started.elapsed());
    response
}

async fn answer(
    state: &ConnectorState,
    connector: Connector,
    request: &Parts,
    body: Body,
) -> Result<Response, Refusal> {
    let body = body.map_err(|problem| match problem {
        NotReceived::TooLarge => Refusal::TooLarge,
        NotReceived::Late => Refusal::Late,
        NotReceived::Broken => Problems::one("body", "did not arrive whole").into(),
    })?;
    let now = state.clock.now();
    let caller = match state.callers.authenticate(connector, request, &body, now) {
        Ok(caller) => caller,
        Err(declined) => {
            record_declined(state, connector, declined, now).await;
            return Err(Refusal::Declined);
        }
    };
    state.callers.count(connector, &caller).map_err(|retry_after| {
        tracing::warn!(%caller, retry_after, "a caller calls too often");
        Refusal::TooMany { retry_after }
    })?;
    if !body::is_json(&request.headers) {
        return Err(Problems::one("content-type", "must be application/json").into());
    }
    let answered = match connector {
        Connector::ShopperAuthorization => authorize(state, &body, now).await,
        Connector::CreatePurchases => purchase(state, &body, now).await,
    };
    if let Err(Refusal::Invalid(problems)) = &answered {
        let fields: Vec<_> = problems.all().iter().map(|it| it.field.as_str()).collect();
        tracing::warn!(?fields, "a request cannot be used");
    }
    answered
}

async fn authorize(state: &ConnectorState, body: &[u8], now: OffsetDateTime) -> Result<Response, Refusal> {
    let request = shopper_authorization::parse(body)?;
    record_trip(request.trip.as_ref());
    let decided = tokio::time::timeout(GATE_ANSWERS_WITHIN, answer_gate(&state.gate, &request, now)).await;
    let decided = decided.map_err(|_| {
        tracing::error!("the gate was not decided in time");
        Refusal::Unavailable
    })?;
    match decided {
        Ok(decision) => Ok(Json(shopper_authorization::answer(&decision)).into_response()),
        Err(AnswerGateError::UnknownStore) => Err(Refusal::NoConnector),
        Err(error @ (AnswerGateError::NothingKnown | AnswerGateError::Journal(_))) => {
            tracing::error!(error = chain(&error), "the gate could not answer");
            Err(Refusal::Unavailable)
        }
    }
}

async fn purchase(state: &ConnectorState, body: &[u8], now: OffsetDateTime) -> Result<Response, Refusal> {
    let cart = create_purchases::parse(body)?;
    record_trip(Some(&cart.trip));
    let received = tokio::time::timeout(CART_ANSWERS_WITHIN, receive_cart(&state.database, &cart, now)).await;
    let received = received.map_err(|_| {
        tracing::error!("a cart was not kept in time");
        Refusal::Unavailable
    })?;
    match received {
        Ok(purchase) => Ok((StatusCode::CREATED, Json(create_purchases::answer(purchase))).into_response()),
        Err(ReceiveCartError::UnknownStore) => Err(Problems::one("storeId", "is not a store of ours").into()),
        Err(ReceiveCartError::TripOfAnotherStore) => {
            Err(Problems::one("storeId", "is not the store of this shopping trip").into())
        }
        Err(ReceiveCartError::Store(error)) => Err(unavailable(&error)),
    }
}

fn record_trip(trip: Option<&domain::id::TripId>) {
    if let Some(trip) = trip {
        tracing::Span::current().record("trip.id", tracing::field::display(trip));
    }
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(error = chain(error), "a connector could not reach its rows");
    Refusal::Unavailable
}

/// Keeps that somebody was refused. The refusal itself never depends on it.
async fn record_declined(state: &ConnectorState, connector: Connector, declined: Declined, now: OffsetDateTime) {
    tracing::warn!(reason = %declined, "a caller was declined");
    if !state.callers.may_record() {
        return;
    }
    let subject = format!("{}: {declined}", connector.as_str());
    let record = async {
        let mut conn = state.database.acquire().await?;
        store::security_event::insert(&mut conn, "connector_caller_declined", &subject, now).await
    };
    match tokio::time::timeout(RECORD_WITHIN, record).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(error = chain(&error), "a declined caller could not be recorded"),
        Err(_) => tracing::error!("a declined caller was not recorded in time"),
    }
}

#[cfg(test)]
mod tests;
