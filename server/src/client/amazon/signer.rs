//! Signature Version 4 over the whole body. Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.

use std::error::Error;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;

use super::AmazonSettings;
use crate::secret::Secret;

/// The one content type there is.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Who we are to Amazon. `Debug` does not show the key.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    credentials: Credentials,
    region: String,
    service: String,
}

impl Signer {
    pub(super) fn new(settings: &AmazonSettings) -> Self {
        let key = settings.secret_access_key.expose();
        let token = settings.session_token.as_ref().map(|it| Secret::expose(it).to_owned());
        Self {
            credentials: Credentials::new(&settings.access_key_id, key, token, None, "storeside settings"),
            region: settings.sigv4_region.clone(),
            service: settings.sigv4_service.clone(),
        }
    }

    /// Adds `authorization`, `x-amz-date` and, of temporary credentials, `x-amz-security-token`. The signature covers the
    /// host, the path, the body and every header in `headers`.
    pub(super) fn sign(
        &self,
        now: OffsetDateTime,
        url: &Url,
        headers: &mut HeaderMap,
        body: &[u8],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::from(now))
            .settings(SigningSettings::default())
            .build()?
            .into();
        let covered = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let request = SignableRequest::new("POST", url.as_str(), covered, SignableBody::Bytes(body))?;
        let (added, _) = sign(request, &params)?.into_parts().0.into_parts();
        for header in added {
            let mut value = HeaderValue::from_str(header.value())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(header.name()), value);
        }
        Ok(())
    }
}
