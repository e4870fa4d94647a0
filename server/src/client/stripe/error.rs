//! What can go wrong with a call to Stripe, sorted by what the caller must do.

use reqwest::StatusCode;
use serde::Deserialize;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StripeSettingsError {
    /// `STRIPE_API_URL` is no address.
    #[error("STRIPE_API_URL must be an address like https://api.stripe.com")]
    NotAnAddress,
    /// Keys travel on it.
    #[error("STRIPE_API_URL must begin with https:// unless the host is this machine")]
    NotEncrypted,
    /// No TLS here.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}

/// Why a call did not do what it should. Never has a body, a key or an address.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// It may have happened or not: the same call with the same key tells.
    #[error("no answer")]
    NoAnswer {
        /// Why there is none.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It surely never arrived.
    #[error("Stripe cannot be reached")]
    NotSent {
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A call with this key is under way: the answer will be its.
    #[error("a call with the same key is under way")]
    UnderWay,
    /// 429: nothing happened.
    #[error("asked too often")]
    Throttled,
    /// 5xx: kept under the key by Stripe, so that a repeat gets the same.
    #[error("answered {0}")]
    Failed(u16),
    /// 401 or 403: a setting is wrong.
    #[error("answered {0}: STRIPE_SECRET_KEY is wrong, or may not do this")]
    Misconfigured(u16),
    /// There is no such thing.
    #[error("Stripe does not know it")]
    NotFound,
    /// Any other 4xx: a repeat changes nothing.
    #[error("refused with {status} {code}")]
    Refused {
        /// The status.
        status: u16,
        /// Stripe's word for why.
        code: String,
    },
    /// An answer that is none of Stripe's.
    #[error("the answer cannot be read")]
    Unreadable,
}

impl StripeError {
    /// In one word, for counters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoAnswer { .. } => "no_answer",
            Self::NotSent { .. } => "not_sent",
            Self::UnderWay => "under_way",
            Self::Throttled => "throttled",
            Self::Failed(_) => "failed",
            Self::Misconfigured(_) => "misconfigured",
            Self::NotFound => "not_found",
            Self::Refused { .. } => "refused",
            Self::Unreadable => "unreadable",
        }
    }

    /// Might the call have happened all the same, so that only the same call with the same key may follow?
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::UnderWay | Self::Throttled | Self::NotSent { .. } | Self::Unreadable => true,
            // Stripe keeps a 500 under its key: no repeat would ever succeed.
            Self::Failed(_) | Self::Misconfigured(_) | Self::NotFound | Self::Refused { .. } => false,
        }
    }

    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() {
            Self::NotSent { source: error.into() }
        } else {
            Self::NoAnswer { source: error.into() }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    error: Told,
}

#[derive(Debug, Default, Deserialize)]
struct Told {
    #[serde(rename = "type", default)]
    kind: String,
    code: Option<String>,
}

/// Sorts an answer that is not 2xx (Stripe API, "Errors").
pub(super) fn sort(status: StatusCode, body: &[u8]) -> StripeError {
    let told = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let code = told.code.unwrap_or(told.kind);
    match status.as_u16() {
        401 | 403 => StripeError::Misconfigured(status.as_u16()),
        404 => StripeError::NotFound,
        409 => StripeError::UnderWay,
        429 => StripeError::Throttled,
        // A gateway that speaks in Stripe's place says nothing about what happened behind it.
        502 | 504 => StripeError::NoAnswer { source: format!("answered {status}").into() },
        500.. => StripeError::Failed(status.as_u16()),
        status => {
            let is_word = code.len() <= 64 && code.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
            StripeError::Refused { status, code: if is_word { code } else { String::new() } }
        }
    }
}
