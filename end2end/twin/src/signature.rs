//! AWS Signature Version 4: signs what the gate and the carts send, verifies what Storeside sends.
//!
//! A signature is verified by signing the same headers again, at the same instant, with the secret that should have been used.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, SignableBody, SignableRequest, SigningInstructions, SigningSettings, sign as sign_v4,
    },
    sign::v4,
};
use http::{HeaderMap, request::Parts};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use crate::options::{Credentials, SigV4Scope};

/// How far a signature's date may be from the verifier's clock; AWS allows the same.
const SKEW_MAX: Duration = Duration::from_secs(5 * 60);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Why a call is not believed. Amazon answers 403.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrusted {
    #[error("Missing Authentication Token")]
    Unsigned,
    #[error("The Authorization header or X-Amz-Date is not well formed")]
    Malformed,
    #[error("The security token included in the request is invalid")]
    UnknownKey,
    #[error("Credential should be scoped to {0}")]
    WrongScope(String),
    #[error("Signature expired or not yet current: X-Amz-Date is more than five minutes from now")]
    Skewed,
    #[error("'Host' and 'X-Amz-Date' must be signed headers")]
    HeaderNotSigned,
    #[error("The request signature we calculated does not match the signature you provided")]
    Mismatch,
}

/// A request could not be signed: an address or a header is not valid HTTP.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be signed: {0}")]
pub(crate) struct Unsignable(String);

/// Adds `Authorization`, `X-Amz-Date` and, with a session token, `X-Amz-Security-Token`.
pub(crate) fn sign(
    request: &mut http::Request<Vec<u8>>,
    credentials: &Credentials,
    scope: &SigV4Scope,
    at: SystemTime,
) -> Result<(), Unsignable> {
    let uri = request.uri().to_string();
    let headers = text_headers(request.headers(), |_| true);
    let pass = Pass { credentials, scope, at, settings: SigningSettings::default() };
    let (instructions, _) = pass.over(request.method().as_str(), &uri, &headers, request.body())?;
    instructions.apply_to_request_http1x(request);
    Ok(())
}

/// Believes a request only if whoever sent it knows the secret, and says nothing about parts that are not signed.
pub(crate) fn verify(
    parts: &Parts,
    body: &[u8],
    credentials: &Credentials,
    scope: &SigV4Scope,
    now: SystemTime,
) -> Result<(), Untrusted> {
    let claim = Claim::read(&parts.headers)?;
    claim.check(credentials, scope, now)?;
    let token = header(&parts.headers, "x-amz-security-token");
    if token != credentials.session_token.as_deref() {
        return Err(Untrusted::UnknownKey);
    }
    // The signer adds these itself.
    const ADDED: [&str; 3] = ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
    let signed = text_headers(&parts.headers, |name| claim.signs(name) && !ADDED.contains(&name));
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    if claim.signs("x-amz-content-sha256") {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let host = header(&parts.headers, "host").ok_or(Untrusted::HeaderNotSigned)?;
    let uri = format!("http://{host}{}", parts.uri);
    let pass = Pass { credentials, scope, at: claim.at, settings };
    let expected = pass.over(parts.method.as_str(), &uri, &signed, body);
    let (_, expected) = expected.map_err(|_| Untrusted::Malformed)?;
    if expected == claim.signature { Ok(()) } else { Err(Untrusted::Mismatch) }
}

/// One run of the signer.
struct Pass<'a> {
    credentials: &'a Credentials,
    scope: &'a SigV4Scope,
    at: SystemTime,
    settings: SigningSettings,
}

impl Pass<'_> {
    fn over(
        self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(SigningInstructions, String), Unsignable> {
        let Credentials { access_key_id, secret_access_key, session_token } = self.credentials;
        let identity = aws_credential_types::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token.clone(),
            None,
            "twin",
        );
        let identity = identity.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.scope.region)
            .name(&self.scope.service)
            .time(self.at)
            .settings(self.settings)
            .build()
            .map_err(|error| Unsignable(error.to_string()))?
            .into();
        let request = SignableRequest::new(method, uri, headers.iter().copied(), SignableBody::Bytes(body));
        let signed = request.and_then(|request| sign_v4(request, &params));
        signed.map(aws_sigv4::SigningOutput::into_parts).map_err(|error| Unsignable(error.to_string()))
    }
}

/// What the `Authorization` and `X-Amz-Date` headers claim.
struct Claim {
    access_key_id: String,
    /// `date/region/service/aws4_request`
    scope: String,
    signed_headers: Vec<String>,
    signature: String,
    at: SystemTime,
    date: String,
}

impl Claim {
    fn read(headers: &HeaderMap) -> Result<Self, Untrusted> {
        let authorization = header(headers, "authorization").ok_or(Untrusted::Unsigned)?;
        let fields = authorization.strip_prefix(ALGORITHM).ok_or(Untrusted::Malformed)?;
        let field = |name: &str| {
            let mut parts = fields.split(',').filter_map(|field| field.trim().split_once('='));
            parts.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).ok_or(Untrusted::Malformed)
        };
        let credential = field("Credential")?;
        let (access_key_id, scope) = credential.split_once('/').ok_or(Untrusted::Malformed)?;
        let date = header(headers, "x-amz-date").ok_or(Untrusted::Malformed)?;
        let at = PrimitiveDateTime::parse(date, format_description!("[year][month][day]T[hour][minute][second]Z"));
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            scope: scope.to_owned(),
            signed_headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature")?,
            at: at.map_err(|_| Untrusted::Malformed)?.assume_utc().into(),
            date: date.split('T').next().unwrap_or_default().to_owned(),
        })
    }

    fn signs(&self, header: &str) -> bool {
        self.signed_headers.iter().any(|name| name == header)
    }

    fn check(&self, credentials: &Credentials, scope: &SigV4Scope, now: SystemTime) -> Result<(), Untrusted> {
        if self.access_key_id != credentials.access_key_id {
            return Err(Untrusted::UnknownKey);
        }
        let wanted = format!("{}/{}/{}/aws4_request", self.date, scope.region, scope.service);
        if self.scope != wanted {
            return Err(Untrusted::WrongScope(wanted));
        }
        if !(self.signs("host") && self.signs("x-amz-date")) {
            return Err(Untrusted::HeaderNotSigned);
        }
        let skew = (OffsetDateTime::from(now) - OffsetDateTime::from(self.at)).unsigned_abs();
        if skew > SKEW_MAX { Err(Untrusted::Skewed) } else { Ok(()) }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn text_headers(headers: &HeaderMap, wanted: impl Fn(&str) -> bool) -> Vec<(&str, &str)> {
    let text = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    text.filter(|(name, _)| wanted(name)).collect()
}

#[cfg(test)]
mod tests;
