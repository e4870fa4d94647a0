//! Calls that only ask who is let in: ours at Amazon's door, and Amazon's at ours.

use std::time::Duration;

use domain::attempt::Api;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::signer::{JSON, Signer};
use super::{AmazonClient, AmazonSettings, CallError};
use crate::secret::Secret;

/// A door that is not opened by then is closed.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What a caller shows.
#[derive(Debug)]
pub enum Proof<'a> {
    /// Nothing.
    Nothing,
    /// Headers, of which the first are secret.
    Headers(&'a [(&'static str, &'a Secret)], &'a [(&'static str, &'a str)]),
    /// A signature.
    Signature {
        /// The key's id.
        access_key_id: &'a str,
        /// Its secret.
        secret: &'a Secret,
        /// The service that is signed for.
        service: &'a str,
        /// The region that is signed for.
        region: &'a str,
    },
}

/// Why nobody opened.
#[derive(Debug, thiserror::Error)]
pub enum KnockError {
    /// No address to knock at, or a proof that no header can hold.
    #[error("cannot be asked: the address or the secret has characters that no request may have")]
    Unfit,
    /// Nobody there, or nobody who answers.
    #[error("does not answer")]
    NoAnswer(#[source] reqwest::Error),
}

/// Posts an empty object to one of our own addresses, as Amazon would a real one. Whoever is let in hears what is missing (400).
///
/// # Errors
///
/// See [`KnockError`].
pub async fn knock(now: OffsetDateTime, address: &str, proof: &Proof<'_>) -> Result<StatusCode, KnockError> {
    let body = "{}";
    let url = Url::parse(address).map_err(|_| KnockError::Unfit)?;
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
    match proof {
        Proof::Nothing => {}
        Proof::Headers(secret, plain) => {
            let secret = secret.iter().map(|(name, value)| (*name, value.expose()));
            for (name, value) in secret.chain(plain.iter().copied()) {
                let mut value = HeaderValue::from_str(value).map_err(|_| KnockError::Unfit)?;
                value.set_sensitive(true);
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Proof::Signature { access_key_id, secret, service, region } => {
            let signer = Signer::new(&AmazonSettings {
                payment_url: String::new(),
                feedback_url: String::new(),
                identity_url: String::new(),
                sigv4_service: (*service).to_owned(),
                sigv4_region: (*region).to_owned(),
                access_key_id: (*access_key_id).to_owned(),
                secret_access_key: (*secret).clone(),
                session_token: None,
                timeout: ANSWERS_WITHIN,
            });
            signer.sign(now, &url, &mut headers, body.as_bytes()).map_err(|_| KnockError::Unfit)?;
        }
    }
    let http =
        reqwest::Client::builder().timeout(ANSWERS_WITHIN).redirect(reqwest::redirect::Policy::none()).no_proxy();
    let http = http.build().map_err(KnockError::NoAnswer)?;
    let sent = http.post(url).headers(headers).body(body).send().await;
    Ok(sent.map_err(|error| KnockError::NoAnswer(error.without_url()))?.status())
}

impl AmazonClient {
    /// What time it is at Amazon's, by the `Date` of any answer of the payment service. `None`: the answer does not say.
    ///
    /// # Errors
    ///
    /// When nobody answers.
    pub async fn ask_time(&self) -> Result<Option<OffsetDateTime>, CallError> {
        let asked = self.http.head(self.urls.of(Api::AdjustCharge).clone()).timeout(ANSWERS_WITHIN).send().await;
        let answer = asked.map_err(CallError::of_transport)?;
        let date = answer.headers().get(DATE).and_then(|it| it.to_str().ok());
        Ok(date.and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok()))
    }
}
