//! `POST /v1/events`: Amazon's event feed, delivered by an EventBridge API destination with an API key.
//!
//! 200 means stored and committed, and nothing less: whatever is answered so is not sent again. A repeat of an event changes
//! nothing. 400 is for what no repeat would mend (EventBridge does not repeat it either, but keeps it in its dead-letter
//! queue); 401, 413 and 503 say why in a sentence.
//!
//! **Invariant**: nothing of a body is parsed before its key is known, and no body or key is ever logged.

mod amount;
mod detail;
mod envelope;
mod field;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::body::{self, NotReceived};
use crate::clock::Clock;
use crate::flow::receive_event::{ReceivedEvent, receive_event};
use crate::log::chain;
use crate::rate::{Rate, Rates};
use crate::secrets::Secrets;
use crate::store;

/// Where an API destination's connection puts its key.
pub const KEY_HEADER: &str = "x-api-key";

/// Largest body in bytes: an event has at most 256 KB (EventBridge, "PutEvents quotas").
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// EventBridge waits five seconds for an API destination.
const STORED_WITHIN: Duration = Duration::from_secs(4);

/// How long a refused caller may wait for the record of it.
const RECORD_WITHIN: Duration = Duration::from_secs(1);

/// The keys that are valid now: two while one follows the other. None: the feed is not set up.
#[derive(Debug, Clone, Default)]
pub struct EventKeys(pub Secrets);

impl EventKeys {
    fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::NotSetUp);
        }
        let mut given = headers.get_all(KEY_HEADER).iter();
        let (Some(key), None) = (given.next(), given.next()) else { return Err(Refusal::Declined("no_key")) };
        if self.0.contains(key.as_bytes()) { Ok(()) } else { Err(Refusal::Declined("wrong_key")) }
    }
}

/// How often the feed may tell us something, and how often it is written down that somebody else tried.
#[derive(Debug, Clone)]
pub struct EventRates(Arc<[Rates<()>; 2]>);

impl EventRates {
    /// Events of one sender, which is all that there is.
    #[must_use]
    pub fn new(events: Rate) -> Self {
        Self(Arc::new([Rates::new(events), Rates::new(Rate::RECORDS)]))
    }
}

/// What the event feed works with.
#[derive(Debug, Clone)]
pub struct EventFeedState {
    /// The database.
    pub database: PgPool,
    /// The injected clock.
    pub clock: Clock,
    /// Who may tell us something.
    pub keys: EventKeys,
    /// How often.
    pub rates: EventRates,
}

/// The route, to be merged into any router.
pub fn routes<S: Clone + Send + Sync + 'static>(state: EventFeedState) -> Router<S> {
    Router::new().route("/v1/events", post(post_event)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(state)
}

/// Why an event was not taken.
#[derive(Debug)]
enum Refusal {
    NotSetUp,
    Declined(&'static str),
    TooMany(u64),
    Late,
    TooLarge,
    Unreadable(String),
    Unavailable,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry_after = match self {
            Self::TooMany(seconds) => seconds,
            _ => 60,
        };
        let (status, told) = match self {
            // Repeated for a day: who sets the key in time loses nothing.
            Self::NotSetUp => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The event feed is not set up: EVENT_FEED_API_KEY is not set.".to_owned(),
            ),
            Self::Declined(_) => {
                (StatusCode::UNAUTHORIZED, format!("Authorization declined: {KEY_HEADER} is not one of ours."))
            }
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many events at once: send it again.".to_owned()),
            Self::Late => (StatusCode::REQUEST_TIMEOUT, "The body did not arrive within 5 seconds.".to_owned()),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("The body has more than {BODY_BYTES_MAX} bytes."))
            }
            Self::Unreadable(problem) => (StatusCode::BAD_REQUEST, problem),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "The event could not be stored: send it again.".to_owned())
            }
        };
        let body = Json(json!({ "error": told }));
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                (status, [(RETRY_AFTER, retry_after.to_string())], body).into_response()
            }
            _ => (status, body).into_response(),
        }
    }
}

/// `POST /v1/events`: 200 once the event is stored, also for one that was stored before, and for one nobody here knows.
async fn post_event(State(state): State<EventFeedState>, request: Request) -> Response {
    let answered = answer(&state, request).await;
    let response = match answered {
        Ok(()) => Json(json!({ "status": "stored" })).into_response(),
        Err(refusal) => refusal.into_response(),
    };
    let status = response.status().as_str().to_owned();
    metrics::counter!("storeside_event_feed_requests_total", "status" => status).increment(1);
    response
}

async fn answer(state: &EventFeedState, request: Request) -> Result<(), Refusal> {
    let now = state.clock.now();
    if let Err(refusal) = state.keys.check(request.headers()) {
        record_refusal(state, &refusal, now).await;
        return Err(refusal);
    }
    let [events, _] = &*state.rates.0;
    events.take(&()).map_err(Refusal::TooMany)?;
    if !body::is_json(request.headers()) {
        return Err(Refusal::Unreadable("content-type must be application/json.".to_owned()));
    }
    let (_, body) = body::receive(request).await;
    let body = body.map_err(|problem| match problem {
        NotReceived::TooLarge => Refusal::TooLarge,
        NotReceived::Late => Refusal::Late,
        NotReceived::Broken => Refusal::Unreadable("The body did not arrive whole.".to_owned()),
    })?;
    let received = envelope::parse(&body, now).map_err(|problem| {
        tracing::warn!(problem, "an event cannot be read");
        Refusal::Unreadable(problem)
    })?;
    store(&state.database, &received, now).await
}

async fn store(database: &PgPool, received: &ReceivedEvent, now: OffsetDateTime) -> Result<(), Refusal> {
    match tokio::time::timeout(STORED_WITHIN, receive_event(database, received, now)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(error = chain(&error), "an event could not be stored");
            Err(Refusal::Unavailable)
        }
        Err(_) => {
            tracing::error!("an event was not stored in time");
            Err(Refusal::Unavailable)
        }
    }
}

/// Keeps that somebody was refused. The refusal itself never depends on it.
async fn record_refusal(state: &EventFeedState, refusal: &Refusal, now: OffsetDateTime) {
    let Refusal::Declined(reason) = refusal else { return };
    tracing::warn!(reason, "a sender of events was declined");
    let [_, records] = &*state.rates.0;
    if records.take(&()).is_err() {
        return;
    }
    let record = async {
        let mut conn = state.database.acquire().await?;
        store::security_event::insert(&mut conn, "event_feed_declined", reason, now).await
    };
    match tokio::time::timeout(RECORD_WITHIN, record).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(error = chain(&error), "a declined sender could not be recorded"),
        Err(_) => tracing::error!("a declined sender was not recorded in time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(keys: &[&str], given: &[&'static str]) -> Result<(), &'static str> {
        let keys = EventKeys(Secrets::parse(&keys.join(",")).unwrap());
        let mut headers = HeaderMap::new();
        for key in given {
            headers.append(KEY_HEADER, http::HeaderValue::from_static(key));
        }
        keys.check(&headers).map_err(|refusal| match refusal {
            Refusal::Declined(why) => why,
            _ => "not set up",
        })
    }

    #[tokio::test]
    async fn without_a_key_of_ours_the_feed_says_that_it_is_not_set_up_and_asks_for_a_repeat() {
        use tower::ServiceExt as _;
        // Never connected: nothing is asked of it.
        let database = PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/none").unwrap();
        let state = EventFeedState {
            database,
            clock: Clock::System,
            keys: EventKeys::default(),
            rates: EventRates::new(Rate::EVENT_FEED),
        };
        let request = http::Request::post("/v1/events").header(KEY_HEADER, "any").body(axum::body::Body::from("{}"));
        let response = routes::<()>(state).oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(RETRY_AFTER));
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains("EVENT_FEED_API_KEY is not set"));
    }

    #[test]
    fn either_of_two_keys_opens_and_nothing_else_does() {
        let both = ["the-old-key-of-ours", "the-new-key-of-ours"];
        assert_eq!([told(&both, &["the-old-key-of-ours"]), told(&both, &["the-new-key-of-ours"])], [Ok(()), Ok(())]);
        for given in [
            "",
            "the-new-key-of-our",
            "the-new-key-of-ourss",
            "THE-NEW-KEY-OF-OURS",
            "the-old-key-of-ours,the-new-key-of-ours",
        ] {
            assert_eq!(told(&both, &[given]), Err("wrong_key"), "{given}");
        }
        assert_eq!(told(&both, &[]), Err("no_key"));
        assert_eq!(
            told(&both, &["the-new-key-of-ours", "the-new-key-of-ours"]),
            Err("no_key"),
            "of two headers one is not ours"
        );
        assert_eq!(told(&[], &["any"]), Err("not set up"));
        assert_eq!(told(&[""], &[""]), Err("not set up"), "an empty key is none");
    }
}
