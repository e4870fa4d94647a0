//! Stripe, by which shoppers pay what they owe: Checkout Sessions and the balance. Requests and objects are those of `async-stripe`;
//! how they are sent is our own, so that time-outs, keys and errors are as with every neighbour.
//!
//! Source of all shapes: <https://docs.stripe.com/api>, as of the version that `async-stripe` names in each call.

mod balance;
mod error;
mod session;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Url};
use stripe_client_core::{CustomizedStripeRequest, StripeClient as Transport, StripeClientErr, StripeMethod};

pub use self::error::{StripeError, StripeSettingsError};
pub use self::session::{NewSession, Session, SessionStatus};
use super::is_this_machine;
use crate::secret::Secret;

/// A person waits for the answer, and the page that waits with them gives up after 15 seconds.
const TIMEOUT: Duration = Duration::from_secs(6);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// No answer is longer: a hundred lines of the balance with their charges.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Where Stripe is and who we are.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// `STRIPE_API_URL`, such as `https://api.stripe.com`.
    pub api_url: String,
    /// `STRIPE_SECRET_KEY`.
    pub secret_key: Secret,
    /// From the first byte sent to the last one read. `None`: the usual time.
    pub timeout: Option<Duration>,
}

/// Where Stripe's own API is.
pub const API_URL_DEFAULT: &str = "https://api.stripe.com";

/// Where Stripe shows its payment page, unless the account has its own domain for it.
const CHECKOUT_ORIGIN: &str = "https://checkout.stripe.com";

/// Calls Stripe. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StripeClient {
    http: reqwest::Client,
    base: Url,
    key: Secret,
}

impl StripeClient {
    /// A client for these settings.
    ///
    /// # Errors
    ///
    /// An address that cannot be used.
    pub fn new(settings: &StripeSettings) -> Result<Self, StripeSettingsError> {
        let base = Url::parse(&settings.api_url).map_err(|_| StripeSettingsError::NotAnAddress)?;
        match (base.scheme(), base.host_str()) {
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_this_machine(host) => {}
            ("http", Some(_)) => return Err(StripeSettingsError::NotEncrypted),
            _ => return Err(StripeSettingsError::NotAnAddress),
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(settings.timeout.unwrap_or(TIMEOUT))
            .redirect(reqwest::redirect::Policy::none())
            // Whether to repeat is decided by who calls, with the same key.
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(concat!("storeside/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(StripeSettingsError::Tls)?;
        Ok(Self { http, base, key: settings.secret_key.clone() })
    }

    /// Where the browser is sent to pay: what forms of ours may lead to.
    #[must_use]
    pub fn checkout_origin(&self) -> String {
        if self.base.host_str() == Some("api.stripe.com") {
            return CHECKOUT_ORIGIN.to_owned();
        }
        self.base.origin().ascii_serialization()
    }

    async fn exchange(&self, request: CustomizedStripeRequest) -> Result<Bytes, StripeError> {
        let (request, settings) = request.into_pieces();
        let mut url = self.base.clone();
        url.set_path(&format!("/v1{}", request.path));
        url.set_query(request.query.as_deref());
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let mut call = self.http.request(method, url).bearer_auth(self.key.expose());
        call = call.header("stripe-version", stripe_client_core::VERSION.as_str());
        if let Some(key) = settings.request_strategy.and_then(|it| it.get_key()) {
            call = call.header("idempotency-key", key.as_str());
        }
        if let Some(body) = request.body {
            call = call.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let mut response = call.send().await.map_err(StripeError::of_transport)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|lost| StripeError::NoAnswer { source: lost.into() })? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(StripeError::Unreadable);
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() { Ok(body.into()) } else { Err(error::sort(status, &body)) }
    }
}

impl Transport for StripeClient {
    type Err = StripeError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, StripeError> {
        let answered = self.exchange(request).await;
        let outcome = answered.as_ref().map_or_else(StripeError::kind, |_| "ok");
        metrics::counter!("storeside_stripe_calls_total", "outcome" => outcome).increment(1);
        if let Err(problem) = &answered {
            tracing::warn!(problem = %problem, "a call to Stripe failed");
        }
        answered
    }
}

impl StripeClientErr for StripeError {
    /// What was wrong is not kept: it may quote the answer.
    fn deserialize_err(_: impl std::fmt::Display) -> Self {
        Self::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<StripeClient, StripeSettingsError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let secret_key = Secret::new("sk_test_not_a_key");
        StripeClient::new(&StripeSettings { api_url: url.to_owned(), secret_key, timeout: None })
    }

    #[test]
    fn stripe_is_reached_by_https_or_on_this_machine() {
        assert_eq!(client(API_URL_DEFAULT).unwrap().checkout_origin(), CHECKOUT_ORIGIN);
        assert_eq!(client("http://127.0.0.1:4000").unwrap().checkout_origin(), "http://127.0.0.1:4000");
        assert!(matches!(client("http://stripe.example"), Err(StripeSettingsError::NotEncrypted)));
        assert!(matches!(client("stripe"), Err(StripeSettingsError::NotAnAddress)));
        assert!(!format!("{:?}", client(API_URL_DEFAULT).unwrap()).contains("sk_test"));
    }
}
