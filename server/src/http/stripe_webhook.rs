//! `POST /v1/stripe/events`: what became of payments at Stripe.
//!
//! 200 means stored and committed; whatever is answered so is not sent again. 400 is for what no repeat would mend, or what is not
//! Stripe's: nothing of a body is parsed before its signature is known to be right.
//!
//! Source: "Verify webhook signatures manually", <https://docs.stripe.com/webhooks>. The crate of the objects verifies by the
//! machine's clock, and reads only events whose every field it knows; here the injected clock counts, and a handful of fields.

mod body;
mod signature;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::json;
use sqlx::PgPool;

use crate::body::{NotReceived, receive};
use crate::clock::Clock;
use crate::flow::payoff::receive_word;
use crate::log::chain;
use crate::secret::Secret;

/// Where the signature is.
pub const SIGNATURE_HEADER: &str = "stripe-signature";

/// Largest body in bytes; a whole dispute with its evidence has a tenth of it.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// What the webhook works with.
#[derive(Debug, Clone)]
pub struct StripeWebhookState {
    /// The database.
    pub database: PgPool,
    /// The injected clock.
    pub clock: Clock,
    /// What Stripe signs with. `None`: not set up.
    pub secret: Option<Secret>,
}

/// The route, to be merged into any router.
pub fn routes<S: Clone + Send + Sync + 'static>(state: StripeWebhookState) -> Router<S> {
    let limit = DefaultBodyLimit::max(BODY_BYTES_MAX);
    Router::new().route("/v1/stripe/events", post(post_event)).layer(limit).with_state(state)
}

/// Why an event was not taken.
#[derive(Debug)]
enum Refusal {
    NotSetUp,
    Unsigned(signature::NotSigned),
    TooLarge,
    Late,
    Unreadable(&'static str),
    Unavailable,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, told) = match self {
            Self::NotSetUp => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Stripe's webhook is not set up: STRIPE_WEBHOOK_SECRET is not set.".to_owned(),
            ),
            Self::Unsigned(why) => (StatusCode::BAD_REQUEST, format!("{SIGNATURE_HEADER} {why}.")),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("The body has more than {BODY_BYTES_MAX} bytes."))
            }
            Self::Late => (StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive.".to_owned()),
            Self::Unreadable(problem) => (StatusCode::BAD_REQUEST, problem.to_owned()),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "The event could not be stored: send it again.".to_owned())
            }
        };
        let body = Json(json!({ "error": told }));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => (status, [(RETRY_AFTER, "60")], body).into_response(),
            _ => (status, body).into_response(),
        }
    }
}

/// `POST /v1/stripe/events`: 200 once the event is stored, also for one that was stored before, and for one nobody here uses.
async fn post_event(State(state): State<StripeWebhookState>, request: Request) -> Response {
    let response = match answer(&state, request).await {
        Ok(()) => Json(json!({ "status": "stored" })).into_response(),
        Err(refusal) => {
            tracing::warn!(?refusal, "an event of Stripe's was not taken");
            refusal.into_response()
        }
    };
    let status = response.status().as_str().to_owned();
    metrics::counter!("storeside_stripe_events_total", "status" => status).increment(1);
    response
}

async fn answer(state: &StripeWebhookState, request: Request) -> Result<(), Refusal> {
    let secret = state.secret.as_ref().ok_or(Refusal::NotSetUp)?;
    let (head, body) = receive(request).await;
    let body = body.map_err(|problem| match problem {
        NotReceived::TooLarge => Refusal::TooLarge,
        NotReceived::Late => Refusal::Late,
        NotReceived::Broken => Refusal::Unreadable("The body did not arrive whole."),
    })?;
    let now = state.clock.now();
    let given = head.headers.get(SIGNATURE_HEADER).and_then(|it| it.to_str().ok());
    signature::verify(secret, given, &body, now).map_err(Refusal::Unsigned)?;
    let event = body::parse(&body).map_err(Refusal::Unreadable)?;
    receive_word(&state.database, &event.id, &event.kind, &event.word, now).await.map_err(|error| {
        tracing::error!(error = chain(&error), "an event of Stripe's could not be stored");
        Refusal::Unavailable
    })
}
