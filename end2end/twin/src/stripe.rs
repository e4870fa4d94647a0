//! Stripe, as far as a retailer needs it who takes payments by Checkout: sessions, payments, disputes, the balance, signed webhooks,
//! and the page on which a card is typed.
//!
//! Objects are whole, as Stripe's API reference shows them, so that a strict client can read them. Every call goes the same way:
//! its key checked, a waiting fault met, its idempotency key honoured, and then the book decides.

mod book;
mod call;
mod desk;
mod form;
mod object;
mod page;
mod webhook;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

pub use book::{Card as StripeCard, PayOutcome, SessionStatus, StripeSession};
pub use call::StripeCall;
pub use desk::Stripe;
pub use webhook::StripeEvent;

use crate::{Fault, amazon::Lost, fault::Faults, feed::EventSettings, world::World};
use book::{Book, Refusal};
use form::Fields;
use webhook::Webhooks;

/// What the twin remembers of Stripe.
#[derive(Debug)]
pub(crate) struct StripeState {
    pub(crate) book: Book,
    pub(crate) faults: Faults<StripeCall>,
    pub(crate) webhooks: Webhooks,
    /// Every call, in order.
    calls: Vec<StripeCall>,
    /// What was answered under each idempotency key, and to what.
    answered: BTreeMap<String, (String, Answer)>,
}

impl StripeState {
    pub(crate) fn new(settings: EventSettings) -> Self {
        Self {
            book: Book::default(),
            faults: Faults::default(),
            webhooks: Webhooks::new(settings),
            calls: Vec::new(),
            answered: BTreeMap::new(),
        }
    }
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/v1/checkout/sessions", post(create_session))
        .route("/v1/checkout/sessions/{id}", get(retrieve_session))
        .route("/v1/checkout/sessions/{id}/expire", post(expire_session))
        .route("/v1/payment_intents/{id}", get(retrieve_payment))
        .route("/v1/charges/{id}", get(retrieve_charge))
        .route("/v1/balance_transactions", get(list_balance))
        .merge(page::routes())
}

/// A status and a body; what is kept under an idempotency key.
#[derive(Debug, Clone)]
struct Answer(StatusCode, Value);

impl Answer {
    fn refused(refusal: &Refusal) -> Self {
        let Refusal { status, kind, code, message } = refusal;
        let mut error = json!({ "type": kind, "message": message });
        if let Some(code) = code {
            error["code"] = json!(code);
        }
        Self(*status, json!({ "error": error }))
    }

    fn failed(status: StatusCode) -> Self {
        Self(status, json!({ "error": { "type": "api_error", "message": "Something went wrong on Stripe's end." } }))
    }
}

impl From<Result<Value, Refusal>> for Answer {
    fn from(decided: Result<Value, Refusal>) -> Self {
        decided.map_or_else(|refusal| Self::refused(&refusal), |body| Self(StatusCode::OK, body))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

async fn create_session(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = Fields::read(&String::from_utf8_lossy(&body));
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or("127.0.0.1:4000").to_owned();
    serve(&world, StripeCall::CreateSession, &headers, &body, |book, now| {
        let session = book.create(&fields, &host, now)?;
        Ok(object::session(&session, None))
    })
    .await
}

async fn retrieve_session(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let fields = Fields::read(&query.unwrap_or_default());
    serve(&world, StripeCall::RetrieveSession, &headers, b"", |book, now| {
        let session = book.session(&id, now)?;
        let payment = fields.expands("payment_intent").then(|| book.payment_of(&session)).flatten();
        Ok(object::session(&session, payment.as_ref()))
    })
    .await
}

async fn expire_session(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(&world, StripeCall::ExpireSession, &headers, &body, |book, now| {
        let session = book.expire(&id, now)?;
        Ok(object::session(&session, None))
    })
    .await
}

async fn retrieve_payment(State(world): State<Arc<World>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    serve(&world, StripeCall::RetrievePayment, &headers, b"", |book, _| {
        book.payment(&id).map(|it| object::payment(&it))
    })
    .await
}

async fn retrieve_charge(State(world): State<Arc<World>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    serve(&world, StripeCall::RetrieveCharge, &headers, b"", |book, _| book.charge_object(&id)).await
}

async fn list_balance(State(world): State<Arc<World>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let fields = Fields::read(&query.unwrap_or_default());
    serve(&world, StripeCall::ListBalance, &headers, b"", |book, _| Ok(book.balance(&fields))).await
}

async fn serve(
    world: &Arc<World>,
    call: StripeCall,
    headers: &HeaderMap,
    body: &[u8],
    decide: impl FnOnce(&mut Book, i64) -> Result<Value, Refusal>,
) -> Response {
    let fault = {
        let mut state = world.state();
        state.stripe.calls.push(call);
        if !is_ours(headers, &world.options.stripe_secret_key) {
            return Answer::refused(&Refusal::wrong_key()).into_response();
        }
        state.stripe.faults.take(call)
    };
    let key = headers.get("idempotency-key").and_then(|it| it.to_str().ok()).map(str::to_owned);
    let asked = format!("{call:?} {}", String::from_utf8_lossy(body));
    let failed = |status| Keep::answer(world, key.as_deref(), &asked, Answer::failed(status));
    let act = || Keep::of(world, key.as_deref(), &asked, decide);
    let answer = match fault {
        None => act(),
        Some(Fault::Delay(pause)) => {
            let answer = act();
            world.tell_webhooks().await;
            tokio::time::sleep(pause).await;
            answer
        }
        // Being asked too often is not kept: the call was never begun.
        Some(Fault::TooManyRequests) => Answer::refused(&Refusal::too_many()),
        Some(Fault::ServiceException) => failed(StatusCode::INTERNAL_SERVER_ERROR),
        Some(Fault::ServiceUnavailable { .. }) => Answer::failed(StatusCode::SERVICE_UNAVAILABLE),
        Some(Fault::Hang) => {
            world.stopped().await;
            return Body::new(Lost).into_response();
        }
        Some(Fault::FailAfterEffect) => {
            act();
            failed(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Some(Fault::LoseAnswer) => {
            act();
            world.tell_webhooks().await;
            return Body::new(Lost).into_response();
        }
    };
    world.tell_webhooks().await;
    answer.into_response()
}

fn is_ours(headers: &HeaderMap, secret: &str) -> bool {
    headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()) == Some(&format!("Bearer {secret}"))
}

/// Idempotency: the same key gets the same answer, also a 500; with another body it is refused (Stripe API, "Idempotent requests").
struct Keep;

impl Keep {
    fn of(
        world: &World,
        key: Option<&str>,
        asked: &str,
        decide: impl FnOnce(&mut Book, i64) -> Result<Value, Refusal>,
    ) -> Answer {
        let now = world.clock.now().unix_timestamp();
        let mut state = world.state();
        let stripe = &mut state.stripe;
        if let Some(known) = key.and_then(|key| stripe.answered.get(key)) {
            let (before, answer) = known;
            return if before == asked { answer.clone() } else { Answer::refused(&Refusal::other_body()) };
        }
        let answer = Answer::from(decide(&mut stripe.book, now));
        // What was refused before anything happened may be asked again.
        if let (Some(key), StatusCode::OK) = (key, answer.0) {
            stripe.answered.insert(key.to_owned(), (asked.to_owned(), answer.clone()));
        }
        answer
    }

    fn answer(world: &World, key: Option<&str>, asked: &str, answer: Answer) -> Answer {
        if let Some(key) = key {
            world.state().stripe.answered.insert(key.to_owned(), (asked.to_owned(), answer.clone()));
        }
        answer
    }
}
