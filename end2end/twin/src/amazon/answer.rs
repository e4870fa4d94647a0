//! What Amazon answers, and how an answer is lost.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Bytes, HttpBody},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body::Frame;
use serde_json::{Value, json};

use crate::{network::Refusal, signature::Untrusted};

/// What Amazon sends with a 429 today. Source: the seed "Capture Charge".
const THROTTLE_SECONDS: &str = "600";

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// `None` is an empty body.
    body: Option<Value>,
    retry_after: Option<&'static str>,
    /// Why it is not a 200, for the truth only.
    pub(super) reason: Option<String>,
}

impl Answer {
    pub(super) fn json(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), retry_after: None, reason: None }
    }

    /// Capture and cancel: an empty 200 means "initiated".
    pub(super) fn empty() -> Self {
        Self { status: StatusCode::OK, body: None, retry_after: None, reason: None }
    }

    pub(super) fn refused(refusal: &Refusal) -> Self {
        let reason = match refusal {
            Refusal::BadRequest(reason) => reason.clone(),
            Refusal::UnknownShoppingTrip | Refusal::ShoppingTripExpired => refusal.to_string(),
        };
        Self { reason: Some(reason), ..Self::error(StatusCode::BAD_REQUEST, &refusal.to_string()) }
    }

    pub(super) fn forbidden(untrusted: &Untrusted) -> Self {
        Self::error(StatusCode::FORBIDDEN, &untrusted.to_string())
    }

    pub(super) fn too_many_requests() -> Self {
        let answer = Self::error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        Self { retry_after: Some(THROTTLE_SECONDS), ..answer }
    }

    pub(super) fn service_exception() -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException")
    }

    pub(super) fn service_unavailable(retry_after_seconds: u32) -> Self {
        let answer = Self::error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException");
        // A string that holds seconds, as the contract has it.
        let body = json!({ "errorMsg": "ServiceUnavailableException", "retryAfter": retry_after_seconds.to_string() });
        Self { body: Some(body), ..answer }
    }

    fn error(status: StatusCode, message: &str) -> Self {
        Self { status, body: Some(json!({ "errorMsg": message })), retry_after: None, reason: Some(message.to_owned()) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = self.body.map(|body| ([(header::CONTENT_TYPE, "application/json")], body.to_string()));
        let mut response = match body {
            Some(body) => (self.status, body).into_response(),
            None => self.status.into_response(),
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(seconds));
        }
        response
    }
}

/// A body that fails before its first byte: the server then closes the connection without having sent even the status line.
#[derive(Debug)]
pub(crate) struct Lost;

impl HttpBody for Lost {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("the answer is lost on purpose"))))
    }
}
