//! Every address of the program, and what holds for each kind of it.

mod closed;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::backend::ShopperBackend;
use app::{App, shell};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use leptos::nonce::use_nonce;
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list, render_app_async_with_context};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::timeout::TimeoutLayer;
use tower_sessions::Session;

use self::closed::{Closing, close};
use super::event_feed::EventFeedState;
use super::metrics::MetricsState;
use super::portal::{Portal, PortalState};
use super::stripe_webhook::StripeWebhookState;
use super::{event_feed, health, metrics, portal, session, stripe_webhook};
use crate::connector::{self, ConnectorState};
use crate::openapi;

/// No form of ours is longer.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// A page that takes longer is answered with 503.
const PAGE_ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// What the router is made of.
#[derive(Debug)]
pub struct RouterParts {
    /// What Amazon calls.
    pub connectors: ConnectorState,
    /// What Amazon's event feed tells.
    pub event_feed: EventFeedState,
    /// What Stripe tells.
    pub stripe: StripeWebhookState,
    /// What pages ask.
    pub portal: PortalState,
    /// What Prometheus reads.
    pub metrics: MetricsState,
    /// Where the files for browsers are.
    pub site: LeptosOptions,
    /// Is the portal reached by HTTPS?
    pub is_https: bool,
}

/// The files for browsers in this folder. Where it says how they are named (`make site` does), browsers may keep them.
#[must_use]
pub fn site(root: &str) -> LeptosOptions {
    let names = std::path::absolute(Path::new(root).join("hash.txt")).unwrap_or_default();
    let is_named = names.is_file();
    LeptosOptions::builder()
        .output_name("storeside")
        .site_root(root)
        .hash_files(is_named)
        .hash_file(names.to_string_lossy().into())
        .build()
}

/// Pages that are made at once. Each asks the database several times; if all that wait were made at once, each would wait for a connection
/// as often, behind all the others, and hold its memory meanwhile.
const PAGES_AT_ONCE: usize = 16;

/// Where something is tried that opens something, or may.
const TRIED_AT: [&str; 6] = [
    "/api/request_code",
    "/api/request_code_by_number",
    "/api/sign_in",
    "/api/sign_in_card",
    "/api/open_link",
    "/api/confirm",
];

/// An answer there takes this long at least, with its session and all: its time tells nothing about an address or a card.
const TRIES_TAKE: Duration = Duration::from_millis(250);

/// Everything.
pub fn router(parts: RouterParts) -> Router {
    let gate = parts.connectors.gate.clone();
    let own = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready).with_state(gate))
        .route("/metrics", get(metrics::get).with_state(parts.metrics));
    let called = connector::routes(parts.connectors).merge(event_feed::routes(parts.event_feed));
    let called = called.merge(stripe_webhook::routes(parts.stripe));
    let own = own.merge(assets(&parts.site));
    let all = own.merge(called).merge(openapi::routes()).merge(pages(parts.portal, parts.site, parts.is_https));
    let all = all.layer(from_fn(protect));
    if parts.is_https { all.layer(from_fn(demand_https)) } else { all }
}

/// The files for browsers. Not by way of the framework: its answer to a file takes the headers of whatever page is being made on the
/// same thread, and that page then goes out without its policy.
fn assets(site: &LeptosOptions) -> Router {
    let root = Path::new(&*site.site_root);
    let pkg = ServeDir::new(root.join("pkg")).precompressed_br().precompressed_gzip();
    Router::new().nest_service("/pkg", pkg).route_service("/favicon.svg", ServeFile::new(root.join("favicon.svg")))
}

fn pages(state: PortalState, site: LeptosOptions, is_https: bool) -> Router {
    let sessions = session::layer(state.database.clone(), state.clock.clone(), is_https);
    let files = portal::files::routes(state.clone());
    let closing = Closing { file: state.maintenance_file.clone(), site: site.clone() };
    let context = move || give_backend(&state);
    let document = {
        let site = site.clone();
        move || shell(site.clone())
    };
    Router::new()
        .leptos_routes_with_context(&site, generate_route_list(App), context.clone(), document.clone())
        .fallback(render_app_async_with_context(context, document))
        .with_state(site)
        .merge(files)
        .layer(sessions)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn(refuse_foreign_forms))
        .layer(from_fn_with_state(closing, close))
        .layer(from_fn_with_state(Arc::new(Semaphore::new(PAGES_AT_ONCE)), take_turns))
        .layer(from_fn(take_time))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PAGE_ANSWERS_WITHIN))
}

/// In the order of their coming.
async fn take_turns(State(turns): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    // Nobody closes it.
    let _turn = turns.acquire().await;
    next.run(request).await
}

/// Who waits here takes nobody's turn.
async fn take_time(request: Request, next: Next) -> Response {
    let end = TRIED_AT.contains(&request.uri().path()).then(|| Instant::now() + TRIES_TAKE);
    let response = next.run(request).await;
    if let Some(end) = end {
        tokio::time::sleep_until(end).await;
    }
    response
}

/// What comes through a proxy as plain HTTP has shown its secrets to everybody on the way: it is not answered, so that whoever set
/// it up so finds out. Health is, for the load balancer itself.
async fn demand_https(request: Request, next: Next) -> Response {
    let by_plain_http = request.headers().get_all("x-forwarded-proto").iter().any(|it| it.as_bytes() == b"http");
    if by_plain_http && !request.uri().path().starts_with("/health/") {
        return (StatusCode::FORBIDDEN, "This address is reached by https:// only.").into_response();
    }
    let mut response = next.run(request).await;
    let always = HeaderValue::from_static("max-age=63072000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, always);
    response
}

/// Gives the page its backend, and the answer its content security policy, whose nonce is the page's own.
fn give_backend(portal: &PortalState) {
    if let Some(parts) = use_context::<Parts>()
        && let Some(session) = parts.extensions.get::<Session>()
    {
        let backend: Arc<dyn ShopperBackend> = Arc::new(Portal::of(portal, session.clone(), &parts));
        provide_context(backend);
    }
    if let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) {
        // A form that pays is answered with the address of the payment page; browsers hold that against `form-action`.
        let pay_at = portal.checkout.origin().unwrap_or_default();
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self' {pay_at}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// A form of another site's may not act in the name of who is signed in here. The cookie is `SameSite=Lax` besides.
async fn refuse_foreign_forms(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "This form was sent from another site.").into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    // An older browser: its origin must be the host it speaks to.
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, authority)| authority != host),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Does the name of this file say what is in it? Another content has another name.
fn is_named_by_content(path: &str) -> bool {
    let hash = path.strip_prefix("/pkg/storeside.").and_then(|rest| rest.split_once('.'));
    hash.is_some_and(|(hash, _)| hash.len() == 12 && hash.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Headers of every answer. What is no file is for one person, or one machine: no cache keeps it.
async fn protect(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (is_named, is_file) = (is_named_by_content(path), path.starts_with("/pkg/") || path == "/favicon.svg");
    let mut response = next.run(request).await;
    let is_named = is_named && response.status().is_success();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    let cache = match (is_named, is_file) {
        (true, _) => "public, max-age=31536000, immutable",
        (false, true) => "no-cache",
        (false, false) => "no-store",
    };
    set(header::CACHE_CONTROL, cache);
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    );
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // Forms without a program in the browser are sent back to the page they came from, which the referrer names.
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(headers: &[(&str, &str)]) -> bool {
        let pairs = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        is_foreign(&pairs.collect())
    }

    #[test]
    fn only_what_is_named_by_its_content_is_kept_for_ever() {
        assert!(is_named_by_content("/pkg/storeside.0123456789ab.wasm"));
        for path in
            ["/pkg/storeside.css", "/pkg/storeside.0123456789.css", "/trips/storeside.0123456789ab.css", "/pkg/"]
        {
            assert!(!is_named_by_content(path), "{path}");
        }
    }

    #[test]
    fn a_form_from_another_site_is_foreign_and_ours_is_not() {
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[("sec-fetch-site", "same-site")]));
        assert!(!foreign(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(foreign(&[("origin", "https://evil.example"), ("host", "shop.example")]));
        assert!(foreign(&[("origin", "null"), ("host", "shop.example")]));
        assert!(!foreign(&[("origin", "https://shop.example"), ("host", "shop.example")]));
        assert!(!foreign(&[]));
    }
}
