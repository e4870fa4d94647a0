//! Is the program alive, and can it work? For load balancers.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use sqlx::Connection;
use time::format_description::well_known::Rfc3339;

use crate::flow::answer_gate::Gate;

/// How long the database may take to say that it is there.
const DATABASE_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(live, ready), tags((name = "Health", description = "For load balancers.")))]
struct Described;

/// Both questions, described by OpenAPI.
#[must_use]
pub fn describe() -> utoipa::openapi::OpenApi {
    <Described as utoipa::OpenApi>::openapi()
}

#[utoipa::path(get, path = "/health/live", operation_id = "isAlive", tag = "Health",
    responses((status = 200, description = "The program answers.", body = String, content_type = "text/plain")))]
/// `GET /health/live`: 200 as long as the program answers at all.
pub async fn live() -> &'static str {
    "ok"
}

/// `GET /health/ready`: 200 when the database answers, else 503 that says so, and what still works: the gate answers all the same, so
/// that a balancer in front of it goes by `/health/live`.
#[utoipa::path(get, path = "/health/ready", operation_id = "isReady", tag = "Health",
    responses(
        (status = 200, description = "The program can work.", body = serde_json::Value),
        (status = 503, description = "It cannot, and says why.", body = serde_json::Value),
    ))]
pub async fn ready(State(gate): State<Arc<Gate>>) -> Response {
    let asked = async { gate.database.acquire().await?.ping().await };
    let answered = tokio::time::timeout(DATABASE_ANSWERS_WITHIN, asked).await;
    match answered {
        Ok(Ok(())) => Json(json!({ "status": "ready" })).into_response(),
        Ok(Err(_)) | Err(_) => {
            let body = Json(json!({
                "status": "not ready",
                "database": "does not answer",
                "carts": "are refused with 503 and Retry-After",
                "gate": {
                    "decides_from": "the balances known last",
                    "known_as_of": gate.known.as_of().and_then(|it| it.format(&Rfc3339).ok()),
                    "decisions_waiting": gate.journal.count_waiting(),
                },
            }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
