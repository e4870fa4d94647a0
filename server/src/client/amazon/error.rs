//! What can come of a call instead of its answer, sorted by what the worker must do.

use std::error::Error;
use std::time::Duration;

use domain::attempt::AttemptOutcome;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use time::OffsetDateTime;

use super::retry_after::retry_after;

/// Longest message kept of an answer, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// Why a call has no answer to work with. Each variant is another thing to do.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Amazon would refuse it for certain, so it was not made. A repeat changes nothing.
    #[error("the request is invalid: {field}")]
    Invalid {
        /// The field, as the contract spells it.
        field: &'static str,
    },
    /// Final: a repeat changes nothing.
    #[error("refused with {status} {name:?}: {message}")]
    Refused {
        /// 4xx, or any non-2xx that says the trip has expired.
        status: u16,
        /// The kind of refusal.
        name: RefusalName,
        /// Amazon's words, at most 300 characters. Empty for Get Shopper Identity.
        message: String,
    },
    /// 429: this API wants less of us all.
    #[error("asked to call less often")]
    Throttled {
        /// How long to wait. `None` when Amazon did not say.
        retry_after: Option<Duration>,
    },
    /// Amazon answered that it failed. Repeat, later and later.
    #[error("Amazon failed with {status}: {message}")]
    Busy {
        /// 5xx but 502 and 504, or 408.
        status: u16,
        /// At least how long to wait. `None` when Amazon did not say.
        retry_after: Option<Duration>,
        /// Amazon's words, at most 300 characters. Empty for Get Shopper Identity.
        message: String,
    },
    /// 401, 403, and what no page of Amazon's lists (redirects, 404, 405 and the like): an address, a key or the allowlisting
    /// is wrong. Nothing was done. Alert, and repeat later.
    #[error("not let in, with {status}: an address, a key or the allowlisting is wrong")]
    Misconfigured {
        /// The status.
        status: u16,
    },
    /// Surely nothing reached Amazon: no address, no connection, no TLS. Repeat.
    #[error("Amazon could not be reached")]
    NotSent {
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Out of time, or cut off after the request may have been sent; also 502 and 504, by which a gateway says that it had no
    /// answer itself. What the request did is unknown.
    #[error("no answer")]
    NoAnswer {
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A 2xx that does not say what it must: done, but the answer is unknown.
    #[error("the answer with {status} cannot be read")]
    Unreadable {
        /// 2xx.
        status: u16,
    },
}

/// What a refusal is called, on whatever status it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalName {
    /// `UnknownShoppingTrip`.
    UnknownShoppingTrip,
    /// `ShoppingTripExpiredException`: the payment token has ended.
    ShoppingTripExpired,
    /// `BadRequestException`.
    BadRequest,
    /// Anything else.
    Other,
}

#[derive(Debug, thiserror::Error)]
#[error("a gateway answered {0} in Amazon's place")]
struct GatewayHadNoAnswer(u16);

impl RefusalName {
    /// Finds the name anywhere in `text`: pages show it alone, production may wrap it in a sentence.
    fn find(text: &str) -> Self {
        let names = [
            ("ShoppingTripExpired", Self::ShoppingTripExpired),
            ("UnknownShoppingTrip", Self::UnknownShoppingTrip),
            ("BadRequest", Self::BadRequest),
        ];
        names.into_iter().find(|(name, _)| text.contains(name)).map_or(Self::Other, |(_, name)| name)
    }
}

impl CallError {
    /// The variant's name in metrics and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Refused { .. } => "refused",
            Self::Throttled { .. } => "throttled",
            Self::Busy { .. } => "busy",
            Self::Misconfigured { .. } => "misconfigured",
            Self::NotSent { .. } => "not_sent",
            Self::NoAnswer { .. } => "no_answer",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// What the attempt row must say. An answer that cannot be read leaves the outcome as open as none.
    #[must_use]
    pub fn attempt_outcome(&self) -> AttemptOutcome {
        match self {
            Self::Invalid { .. } | Self::NotSent { .. } => AttemptOutcome::NotSent,
            Self::Refused { .. } => AttemptOutcome::Refused,
            Self::Throttled { .. } | Self::Busy { .. } | Self::Misconfigured { .. } => AttemptOutcome::Busy,
            Self::NoAnswer { .. } | Self::Unreadable { .. } => AttemptOutcome::NoAnswer,
        }
    }

    /// Sorts a call that ended without a status. Only a connection that was never made is sure not to have carried it.
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let source = Box::new(error.without_url());
        if source.is_connect() || source.is_builder() { Self::NotSent { source } } else { Self::NoAnswer { source } }
    }
}

/// Sorts an answer that is not 2xx.
pub(super) fn sort(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: OffsetDateTime,
    message_kept: bool,
) -> CallError {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let said = message(&json, body);
    let name = RefusalName::find(&format!("{said} {} {}", text(&json, "__type"), header(headers, "x-amzn-errortype")));
    let message = if message_kept { printable(&said) } else { String::new() };
    let retry_after = retry_after(headers, &json, now);
    let status = status.as_u16();
    match (status, name) {
        (_, RefusalName::ShoppingTripExpired) => CallError::Refused { status, name, message },
        (429, _) => CallError::Throttled { retry_after },
        (502 | 504, _) => CallError::NoAnswer { source: Box::new(GatewayHadNoAnswer(status)) },
        (408 | 500..=599, _) => CallError::Busy { status, retry_after, message },
        (401 | 403, _) => CallError::Misconfigured { status },
        (400 | 409 | 410 | 422, _) => CallError::Refused { status, name, message },
        (400..=499, RefusalName::UnknownShoppingTrip | RefusalName::BadRequest) => {
            CallError::Refused { status, name, message }
        }
        (_, RefusalName::UnknownShoppingTrip | RefusalName::BadRequest | RefusalName::Other) => {
            CallError::Misconfigured { status }
        }
    }
}

/// `errorMsg`, or what a gateway in front of Amazon's service says, or the plain text.
fn message(json: &Value, body: &[u8]) -> String {
    let said = ["errorMsg", "message", "Message"].into_iter().map(|field| text(json, field)).find(|it| !it.is_empty());
    said.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

fn text<'a>(json: &'a Value, field: &str) -> &'a str {
    json.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

/// Cut, and without characters that a log line or a row cannot have.
fn printable(said: &str) -> String {
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, body: &str) -> CallError {
        let status = StatusCode::from_u16(status).unwrap();
        sort(status, &HeaderMap::new(), body.as_bytes(), OffsetDateTime::UNIX_EPOCH, true)
    }

    #[test]
    fn every_status_is_sorted_by_what_the_worker_must_do() {
        let unknown = r#"{"errorMsg":"UnknownShoppingTrip"}"#;
        let bad = r#"{"errorMsg":"BadRequestException: amount"}"#;
        let table = [
            (302, "", "misconfigured"),
            (400, "", "refused"),
            (400, unknown, "refused"),
            (401, bad, "misconfigured"),
            (403, unknown, "misconfigured"),
            (404, "", "misconfigured"),
            (404, unknown, "refused"),
            (405, "", "misconfigured"),
            (408, "", "busy"),
            (409, "", "refused"),
            (415, bad, "refused"),
            (422, "", "refused"),
            (429, bad, "throttled"),
            (500, "", "busy"),
            (500, unknown, "busy"),
            (502, "", "no_answer"),
            (503, "", "busy"),
            (504, "", "no_answer"),
        ];
        for (status, body, want) in table {
            assert_eq!(sorted(status, body).kind(), want, "{status} {body}");
        }
    }

    #[test]
    fn an_expired_trip_is_known_by_name_on_any_status() {
        let bodies = [
            r#"{"errorMsg":"ShoppingTripExpiredException"}"#,
            r#"{"errorMsg":"sorry: ShoppingTripExpiredException (46 h)"}"#,
            r#"{"__type":"com.amazon.jwo#ShoppingTripExpiredException","message":"expired"}"#,
            "ShoppingTripExpiredException",
        ];
        for status in [400, 403, 404, 410, 429, 500, 503] {
            for body in bodies {
                let error = sorted(status, body);
                let CallError::Refused { name, .. } = error else { panic!("{status} {body}: {error:?}") };
                assert_eq!(name, RefusalName::ShoppingTripExpired, "{status} {body}");
            }
        }
    }

    #[test]
    fn an_expired_trip_is_known_by_the_error_type_header() {
        let headers = HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static("x-amzn-errortype"),
            reqwest::header::HeaderValue::from_static("ShoppingTripExpiredException:http://amazon"),
        )]);
        let error = sort(StatusCode::BAD_REQUEST, &headers, b"{}", OffsetDateTime::UNIX_EPOCH, true);
        assert!(matches!(error, CallError::Refused { name: RefusalName::ShoppingTripExpired, .. }), "{error:?}");
    }

    #[test]
    fn a_message_is_cut_and_has_no_control_characters() {
        let error = sorted(400, &format!(r#"{{"errorMsg":"a\u0000b\n{}"}}"#, "x".repeat(1000)));
        let CallError::Refused { message, .. } = error else { panic!("{error:?}") };
        assert_eq!(message.chars().count(), MESSAGE_CHARS_MAX);
        assert!(message.starts_with("a b x"), "{message}");
    }

    #[test]
    fn a_message_that_may_quote_a_person_is_not_kept() {
        let body = br#"{"errorMsg":"BadRequestException: jane@example.com"}"#;
        let error = sort(StatusCode::BAD_REQUEST, &HeaderMap::new(), body, OffsetDateTime::UNIX_EPOCH, false);
        let CallError::Refused { name, message, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*name, message.as_str()), (RefusalName::BadRequest, ""));
        assert!(!format!("{error:?} {error}").contains("jane"));
    }
}
