//! The addresses of Amazon's APIs.

use domain::attempt::Api;
use reqwest::Url;

use super::{AmazonSettings, AmazonSettingsError};
use crate::client::is_this_machine;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all, or not one of a web server.
    #[error("must be an address like https://example.com")]
    NotAnAddress,
    /// Card payments travel on it.
    #[error("must begin with https:// unless the host is this machine (127.0.0.0/8, ::1, localhost)")]
    NotEncrypted,
    /// A user, a query or a fragment.
    #[error("must have nothing but a scheme, a host, a port and a path")]
    NotABase,
}

/// The whole address of every API.
#[derive(Debug, Clone)]
pub(super) struct BaseUrls {
    adjust: Url,
    capture: Url,
    cancel: Url,
    refund: Url,
    transactional_data: Url,
    identity: Url,
    feedback: Url,
}

impl BaseUrls {
    pub(super) fn new(settings: &AmazonSettings) -> Result<Self, AmazonSettingsError> {
        let named = |variable| move |reason| AmazonSettingsError::BaseUrl { variable, reason };
        let payment = base(&settings.payment_url).map_err(named("JWO_PAYMENT_URL"))?;
        let feedback = base(&settings.feedback_url).map_err(named("JWO_FEEDBACK_URL"))?;
        let identity = base(&settings.identity_url).map_err(named("JWO_IDENTITY_URL"))?;
        let feedback_is_whole = feedback.path().contains("/v1/feedback/");
        Ok(Self {
            adjust: join(&payment, "/v1/adjust/charge"),
            capture: join(&payment, "/v1/capture/charge"),
            cancel: join(&payment, "/v1/cancel/charge"),
            refund: join(&payment, "/v1/refund"),
            transactional_data: join(&payment, "/v1/payment/transactional-data"),
            identity: join(&identity, "/v1/identity/shopper"),
            feedback: if feedback_is_whole { feedback } else { join(&feedback, "/v1/feedback/payment-status") },
        })
    }

    pub(super) fn of(&self, api: Api) -> &Url {
        match api {
            Api::AdjustCharge => &self.adjust,
            Api::CaptureCharge => &self.capture,
            Api::CancelCharge => &self.cancel,
            Api::RefundCharge => &self.refund,
            Api::GetTransactionalData => &self.transactional_data,
            Api::GetShopperIdentity => &self.identity,
            Api::ReportPaymentStatus => &self.feedback,
        }
    }
}

fn base(text: &str) -> Result<Url, BaseUrlError> {
    let url = Url::parse(text.trim()).map_err(|_| BaseUrlError::NotAnAddress)?;
    let host = url.host_str().ok_or(BaseUrlError::NotAnAddress)?;
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(host) => {}
        "http" => return Err(BaseUrlError::NotEncrypted),
        _ => return Err(BaseUrlError::NotAnAddress),
    }
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if bare { Ok(url) } else { Err(BaseUrlError::NotABase) }
}

fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called_without_tls() {
        for text in ["http://127.0.0.1:4000", "http://127.8.8.8", "http://[::1]:4000", "http://localhost:4000/x"] {
            assert!(base(text).is_ok(), "{text}");
        }
        let refused = [
            "http://example.com",
            "http://10.0.0.1",
            "http://[::2]",
            "http://localhost.example.com",
            "http://127.0.0.1.nip.io",
        ];
        for text in refused {
            assert_eq!(base(text), Err(BaseUrlError::NotEncrypted), "{text}");
        }
        assert!(base("https://example.com").is_ok());
    }

    #[test]
    fn an_address_has_a_scheme_a_host_a_port_and_a_path_only() {
        for text in ["", "example.com", "ftp://example.com", "file:/tmp", "https://"] {
            assert_eq!(base(text), Err(BaseUrlError::NotAnAddress), "{text}");
        }
        for text in ["https://u:p@example.com", "https://example.com/?a=b", "https://example.com/#a"] {
            assert_eq!(base(text), Err(BaseUrlError::NotABase), "{text}");
        }
    }

    #[test]
    fn the_path_of_a_base_is_kept() {
        let stage = base("https://abc.execute-api.us-east-1.amazonaws.com/prod/").unwrap();
        let joined = join(&stage, "/v1/adjust/charge");
        assert_eq!(joined.as_str(), "https://abc.execute-api.us-east-1.amazonaws.com/prod/v1/adjust/charge");
        assert_eq!(join(&base("https://a.b").unwrap(), "/v1/x").as_str(), "https://a.b/v1/x");
    }
}
