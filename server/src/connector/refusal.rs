//! How a call is refused. Amazon's own APIs say `{"errorMsg": …}`; what ours should say is not published, so we say the
//! same, and name the fields where it is about fields.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONNECTION, RETRY_AFTER};
use serde::Serialize;

use super::field::{Problem, Problems};

/// Seconds after which a call that found us unavailable is worth repeating.
const RETRY_AFTER_SECONDS: &str = "1";

/// Why a call got no answer of its API.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400
    Invalid(Problems),
    /// 401, for all reasons alike: who is refused learns nothing about keys and lists.
    Declined,
    /// 404: a well-formed store id, but no store of ours.
    NoConnector,
    /// 408: the body did not come in time.
    Late,
    /// 413
    TooLarge,
    /// 429, and after how many seconds the caller is welcome again.
    TooMany {
        /// At least one.
        retry_after: u64,
    },
    /// 503
    Unavailable,
}

impl From<Problems> for Refusal {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    error_msg: String,
    /// The first field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// All of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [Problem],
    /// Seconds as a string, as on Amazon's Payment Service pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn new(error_msg: &str) -> Self {
        Self { error_msg: error_msg.to_owned(), field: None, fields: &[], retry_after: None }
    }

    fn about(fields: &'a [Problem]) -> Self {
        let first = fields.first();
        let told = first.map_or_else(String::new, |it| format!(": {} {}", it.field, it.problem));
        let error_msg = format!("BadRequestException{told}");
        Self { error_msg, field: first.map(|it| it.field.as_str()), fields, retry_after: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(problems) => (StatusCode::BAD_REQUEST, Json(Body::about(problems.all()))).into_response(),
            Self::Declined => (StatusCode::UNAUTHORIZED, Json(Body::new("Authorization declined"))).into_response(),
            Self::NoConnector => {
                let no_store = "NoConnectorConfiguredException: storeId is not a store of ours";
                let body = Body { field: Some("storeId"), ..Body::new(no_store) };
                (StatusCode::NOT_FOUND, Json(body)).into_response()
            }
            Self::TooLarge => {
                let too_large = "BadRequestException: body has more than 1048576 bytes";
                let body = Body { field: Some("body"), ..Body::new(too_large) };
                (StatusCode::PAYLOAD_TOO_LARGE, Json(body)).into_response()
            }
            Self::Late => {
                let late = "BadRequestException: body did not arrive within 5 seconds";
                let body = Body { field: Some("body"), ..Body::new(late) };
                (StatusCode::REQUEST_TIMEOUT, [(CONNECTION, "close")], Json(body)).into_response()
            }
            Self::TooMany { retry_after } => {
                let seconds = retry_after.to_string();
                let body = Body { retry_after: Some(&seconds), ..Body::new("Too Many Requests") };
                (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, &seconds)], Json(body)).into_response()
            }
            Self::Unavailable => {
                let body = Body { retry_after: Some(RETRY_AFTER_SECONDS), ..Body::new("ServiceUnavailableException") };
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, RETRY_AFTER_SECONDS)], Json(body)).into_response()
            }
        }
    }
}
