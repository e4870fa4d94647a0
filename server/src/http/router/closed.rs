//! A portal that is closed: by the people who run it, who write a sentence into a file, or because its sessions cannot be kept. Amazon
//! and Stripe are answered as always.

use std::path::PathBuf;

use app::closed_page;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use leptos::prelude::LeptosOptions;

/// Characters of the sentence that are shown.
const SENTENCE_CHARS_MAX: usize = 500;

/// Where it is looked up, and what pages are made of.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    /// The file with the sentence. While it is there, the portal is closed.
    pub(super) file: PathBuf,
    /// The files for browsers.
    pub(super) site: LeptosOptions,
}

/// Answers with the page of a closed portal while it is closed, and where what is inside could answer nothing.
pub(super) async fn close(State(closing): State<Closing>, request: Request, next: Next) -> Response {
    if let Ok(sentence) = tokio::fs::read_to_string(&closing.file).await {
        let sentence: String = sentence.trim().chars().take(SENTENCE_CHARS_MAX).collect();
        return page(&closing.site, Some(sentence.as_str()).filter(|it| !it.is_empty()));
    }
    let response = next.run(request).await;
    // What the session's layer answers when it cannot reach the database: nothing.
    let says_nothing = response.status() == StatusCode::INTERNAL_SERVER_ERROR && response.headers().is_empty();
    if says_nothing { page(&closing.site, None) } else { response }
}

fn page(site: &LeptosOptions, told: Option<&str>) -> Response {
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
    let headers =
        [(RETRY_AFTER, HeaderValue::from_static("300")), (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Html(closed_page(site, told))).into_response()
}
