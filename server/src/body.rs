//! Taking in what a machine sends: whole, in time, and only as long as it may be.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

/// A body that takes longer is not waited for. Machines send theirs at once.
pub const ARRIVES_WITHIN: Duration = Duration::from_secs(5);

/// Why a body was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReceived {
    /// Longer than the route's limit.
    TooLarge,
    /// Longer under way than [`ARRIVES_WITHIN`].
    Late,
    /// Cut off.
    Broken,
}

/// The request's head, and its body if that came whole.
pub async fn receive(request: Request) -> (Parts, Result<Bytes, NotReceived>) {
    let (parts, body) = request.into_parts();
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &());
    let body = match tokio::time::timeout(ARRIVES_WITHIN, whole).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(NotReceived::TooLarge),
        Ok(Err(_)) => Err(NotReceived::Broken),
        Err(_) => Err(NotReceived::Late),
    };
    (parts, body)
}

/// Does the sender say JSON, or nothing? `application/json`, with a character set or without, and `application/…+json`.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(first) = given.next() else { return true };
    let Ok(text) = first.to_str() else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence.strip_prefix("application/").is_some_and(|it| it == "json" || it.ends_with("+json"));
    given.next().is_none() && is_json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_as_something_else_than_json_is_not_json() {
        let is_json = |given: &[&'static str]| {
            let pairs = given.iter().map(|it| (header::CONTENT_TYPE, http::HeaderValue::from_static(it)));
            super::is_json(&pairs.collect())
        };
        for fine in
            [&[][..], &["application/json"], &["Application/JSON; charset=utf-8"], &["application/cloudevents+json"]]
        {
            assert!(is_json(fine), "{fine:?}");
        }
        let wrong = [
            &["text/plain"][..],
            &["application/xml"],
            &["application/x-www-form-urlencoded"],
            &[""],
            &["json"],
            &["application/jsonp"],
        ];
        for wrong in wrong {
            assert!(!is_json(wrong), "{wrong:?}");
        }
        assert!(!is_json(&["application/json", "text/xml"]), "two are none");
    }
}
