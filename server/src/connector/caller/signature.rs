//! AWS Signature Version 4, from the side that verifies.
//!
//! `scratchstack_aws_signature` reads the request as AWS does: headers, scope and the hash of the body that really came.
//! The signature to expect comes from AWS's own crate, since the former takes no key but one of 40 characters.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Request;
use http::request::Parts;
use scratchstack_aws_signature::canonical::CanonicalRequest;
use scratchstack_aws_signature::{SignatureOptions, VecSignedHeaderRequirements};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use super::Declined;
use super::principals::{Principal, Principals};

/// How far a signature's date may be from our clock, either way.
const SKEW_MAX: TimeDelta = TimeDelta::minutes(5);

/// What a caller must have signed for.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) now: OffsetDateTime,
}

/// Finds the principal that signed this request.
///
/// # Errors
///
/// Says what is wrong with the signature.
pub(super) fn verify<'p>(
    request: &Parts,
    body: &Bytes,
    scope: &Scope<'_>,
    principals: &'p Principals,
) -> Result<&'p Principal, Declined> {
    let canonical = CanonicalRequest::from_request_parts(essential(request), body.clone(), SignatureOptions::default());
    let (canonical, ..) = canonical.map_err(|_| Declined::SignatureIncomplete)?;
    // `host` is always demanded. A session token says nothing about a key that we hold, but must not be slipped in.
    let must_be_signed = VecSignedHeaderRequirements::new(
        &["x-amz-date"],
        &["x-amz-content-sha256", "x-amz-security-token"],
        &[] as &[&str],
    );
    let claim = canonical.get_authenticator(&must_be_signed).map_err(|_| Declined::SignatureIncomplete)?;

    let now = DateTime::<Utc>::from_timestamp(scope.now.unix_timestamp(), 0).ok_or(Declined::SignatureDate)?;
    if claim.request_timestamp().signed_duration_since(now).abs() > SKEW_MAX {
        return Err(Declined::SignatureDate);
    }
    claim.prevalidate(scope.region, scope.service, now, SKEW_MAX).map_err(|_| Declined::SignatureScope)?;

    let access_key_id = claim.credential().split('/').next().unwrap_or_default();
    let (principal, secret) = principals.by_key(access_key_id).ok_or(Declined::UnknownKey)?;
    let signed_at = claim.request_timestamp().into();
    let key = generate_signing_key(secret.expose(), signed_at, scope.region, scope.service);
    let expected = calculate_signature(key, &claim.get_string_to_sign());
    if !bool::from(expected.as_bytes().ct_eq(claim.signature().as_bytes())) {
        return Err(Declined::SignatureMismatch);
    }
    Ok(principal)
}

/// What a signature covers of a request, besides its body.
fn essential(request: &Parts) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = request.method.clone();
    parts.uri = request.uri.clone();
    parts.headers = request.headers.clone();
    parts
}
