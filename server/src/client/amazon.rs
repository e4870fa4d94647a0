//! Amazon's APIs for the retailer: one signed caller, and one file per API.
//!
//! A call is a value, such as [`CaptureCharge`]: its [`body`](AmazonRequest::body) can be recorded before
//! [`AmazonClient::send`] makes it.
//!
//! Source of all shapes: <https://developer.amazon.com/docs/physicalstores/>, one page per API, named in each file.

mod adjust_charge;
mod amount;
mod base_url;
mod cancel_charge;
mod capture_charge;
mod error;
pub mod knock;
mod payment_status;
mod refund_charge;
mod retry_after;
mod shopper_identity;
mod signer;
#[cfg(test)]
mod tests;
mod transactional_data;

use std::time::{Duration, Instant};

use domain::attempt::{Api, AttemptOutcome};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use time::OffsetDateTime;

pub use self::adjust_charge::{AdjustAnswer, AdjustCharge};
pub use self::base_url::BaseUrlError;
use self::base_url::BaseUrls;
pub use self::cancel_charge::CancelCharge;
pub use self::capture_charge::CaptureCharge;
pub use self::error::{CallError, RefusalName};
pub use self::payment_status::{FeedbackAnswer, ReportPaymentStatus};
pub use self::refund_charge::{RefundAnswer, RefundCharge};
pub use self::shopper_identity::GetShopperIdentity;
use self::signer::Signer;
pub use self::transactional_data::GetTransactionalData;
use crate::secret::Secret;

/// Amazon is reached within this time or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Shorter than servers keep an idle connection, so that a call is rarely written to one that is just being closed: its
/// outcome would be unknown.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// No answer of Amazon's is longer; the rest of a longer one is not read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where Amazon is and who we are.
#[derive(Debug, Clone)]
pub struct AmazonSettings {
    /// `JWO_PAYMENT_URL`: base of adjust, capture, cancel, refund and transactional data.
    pub payment_url: String,
    /// `JWO_FEEDBACK_URL`: base of Report Payment Status. A URL whose path has `/v1/feedback/` is taken as it is, since
    /// Amazon's pages know the API by two paths.
    pub feedback_url: String,
    /// `JWO_IDENTITY_URL`: base of Get Shopper Identity.
    pub identity_url: String,
    /// `JWO_SIGV4_SERVICE`, such as `execute-api`.
    pub sigv4_service: String,
    /// `JWO_SIGV4_REGION`, such as `us-east-1`.
    pub sigv4_region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `AWS_SESSION_TOKEN`, of temporary credentials.
    pub session_token: Option<Secret>,
    /// From the first byte sent to the last one read. See [`Self::TIMEOUT_DEFAULT`].
    pub timeout: Duration,
}

impl AmazonSettings {
    /// Ten times the 2 seconds that Amazon promises for 99 of 100 calls: giving up earlier makes unknown outcomes.
    pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AmazonSettingsError {
    /// One of the addresses.
    #[error("{variable} {reason}")]
    BaseUrl {
        /// The setting's name.
        variable: &'static str,
        /// What is wrong with it.
        reason: BaseUrlError,
    },
    /// This machine has no usable root certificates.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}

/// One call to one API.
pub trait AmazonRequest {
    /// What a 2xx says.
    type Answer;

    /// The API, as attempt rows and metrics name it.
    const API: Api;

    /// Whether the answer's body says anything that we need. Without it, a 2xx whose body was lost is as good as a whole one.
    const BODY_NEEDED: bool = true;

    /// Whether error messages of this API are kept. Not where one might quote a person's data.
    const MESSAGE_KEPT: bool = true;

    /// The body that is sent, which is also what an attempt row may keep: it has no personal data.
    fn body(&self) -> Value;

    /// What Amazon would refuse for certain, found before the call.
    ///
    /// # Errors
    ///
    /// The name of the field.
    fn check(&self) -> Result<(), Invalid>;

    /// Reads the body of a 2xx. `None` when it does not say what it must.
    fn read(&self, body: &[u8]) -> Option<Self::Answer>;
}

/// The field that Amazon would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} would be refused")]
pub struct Invalid(pub &'static str);

/// A call that was made, or refused by [`AmazonRequest::check`].
#[derive(Debug)]
pub struct Call<T> {
    /// The status that Amazon answered with. `None` when it did not.
    pub status: Option<u16>,
    /// From before signing until the answer was read or given up.
    pub took: Duration,
    /// What came of it.
    pub outcome: Result<T, CallError>,
}

impl<T> Call<T> {
    /// What the attempt row must say.
    #[must_use]
    pub fn attempt_outcome(&self) -> AttemptOutcome {
        self.outcome.as_ref().map_or_else(CallError::attempt_outcome, |_| AttemptOutcome::Answered)
    }
}

/// Calls Amazon. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct AmazonClient {
    http: reqwest::Client,
    signer: Signer,
    urls: BaseUrls,
}

impl AmazonClient {
    /// Checks `settings` and sets TLS up. Nothing is called yet.
    ///
    /// # Errors
    ///
    /// Names the variable of an address that is no base URL, or that has no TLS and is not on this machine.
    pub fn new(settings: &AmazonSettings) -> Result<Self, AmazonSettingsError> {
        let urls = BaseUrls::new(settings)?;
        // An error only says that the process has chosen its provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(settings.timeout)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // A repeated call may charge twice: whether to repeat is never decided here.
            .retry(reqwest::retry::never())
            // Settings come from one place; proxies in the environment are none of them.
            .no_proxy()
            .user_agent(concat!("storeside/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(AmazonSettingsError::Tls)?;
        Ok(Self { http, signer: Signer::new(settings), urls })
    }

    /// Makes one call, signed as of `now`.
    pub async fn send<R: AmazonRequest>(&self, now: OffsetDateTime, request: &R) -> Call<R::Answer> {
        let started = Instant::now();
        let mut status = None;
        let outcome = match request.check() {
            Ok(()) => self.exchange(now, request, &mut status).await,
            Err(Invalid(field)) => Err(CallError::Invalid { field }),
        };
        let call = Call { status, took: started.elapsed(), outcome };
        measure(R::API, &call);
        call
    }

    async fn exchange<R: AmazonRequest>(
        &self,
        now: OffsetDateTime,
        request: &R,
        status: &mut Option<u16>,
    ) -> Result<R::Answer, CallError> {
        let mut response = self.post(now, R::API, request.body().to_string()).await?;
        *status = Some(response.status().as_u16());
        let body = read_body(&mut response).await;
        if !response.status().is_success() {
            // Without its body an error is still sorted, by its status.
            let body = body.unwrap_or_default();
            return Err(error::sort(response.status(), response.headers(), &body, now, R::MESSAGE_KEPT));
        }
        let body = match body {
            Err(lost) if R::BODY_NEEDED => return Err(CallError::NoAnswer { source: lost.into() }),
            body => body.unwrap_or_default(),
        };
        request.read(&body).ok_or(CallError::Unreadable { status: response.status().as_u16() })
    }

    async fn post(&self, now: OffsetDateTime, api: Api, body: String) -> Result<Response, CallError> {
        let url = self.urls.of(api);
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, signer::JSON)]);
        self.signer.sign(now, url, &mut headers, body.as_bytes()).map_err(|source| CallError::NotSent { source })?;
        let sent = self.http.post(url.clone()).headers(headers).body(body).send().await;
        sent.map_err(CallError::of_transport)
    }
}

async fn read_body(response: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

fn measure<T>(api: Api, call: &Call<T>) {
    let outcome = call.outcome.as_ref().map_or_else(CallError::kind, |_| "ok");
    metrics::counter!("storeside_amazon_calls_total", "api" => api.as_str(), "outcome" => outcome).increment(1);
    metrics::histogram!("storeside_amazon_call_seconds", "api" => api.as_str()).record(call.took);
}
