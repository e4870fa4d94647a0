//! Who may call a connector: the gateway in front, or a caller whose key we hold. Anybody else is told one and the same
//! thing.
//!
//! Only AWS can verify Amazon's own signature, so in production API Gateway does, and passes on whom it let through:
//! [`ARN_HEADER`], believed only with [`SECRET_HEADER`]. A direct caller signs by AWS Signature Version 4. Either way
//! the caller's role must be listed for the connector in the principals file.

mod principals;
mod signature;

use std::path::PathBuf;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use time::OffsetDateTime;

pub use principals::{Arn, PrincipalsError};

use super::Connector;
use crate::rate::{Rate, Rates};
use crate::secrets::Secrets;
use principals::PrincipalsFile;

/// Carries the ARN of the caller that API Gateway authenticated (`$context.identity.userArn`).
pub const ARN_HEADER: &str = "x-storeside-caller-arn";

/// Carries `CONNECTOR_GATEWAY_SECRET`, which makes [`ARN_HEADER`] believable.
pub const SECRET_HEADER: &str = "x-storeside-gateway-secret";

/// Settings about callers.
#[derive(Debug, Default)]
pub struct CallerSettings {
    /// `CONNECTOR_PRINCIPALS`; without it nobody is allowed.
    pub principals: Option<PathBuf>,
    /// `CONNECTOR_GATEWAY_SECRET`; without one no gateway is believed.
    pub gateway_secrets: Secrets,
    /// `CONNECTOR_SIGV4_SERVICE`: the service that direct callers sign for.
    pub sigv4_service: String,
    /// `CONNECTOR_SIGV4_REGION`: the region that direct callers sign for.
    pub sigv4_region: String,
    /// `CONNECTOR_RATE_LIMIT`: how often each caller may call each connector.
    pub rate: Rate,
}

/// Why a call was declined. For our log and our records; the caller hears none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// Neither a gateway secret nor a signature came along.
    #[error("no_credentials")]
    NoCredentials,
    /// The gateway secret is wrong, comes twice, or none is configured.
    #[error("gateway_secret")]
    GatewaySecret,
    /// The gateway sent no caller's ARN, or more than one, or no ARN.
    #[error("gateway_caller")]
    GatewayCaller,
    /// The signature's parts are missing or unreadable, or a header that must be signed is not.
    #[error("signature_incomplete")]
    SignatureIncomplete,
    /// Signed for another service, region or day.
    #[error("signature_scope")]
    SignatureScope,
    /// Signed more than five minutes from now.
    #[error("signature_date")]
    SignatureDate,
    /// No principal has this access key.
    #[error("unknown_key")]
    UnknownKey,
    /// The signature does not belong to this key, these headers and this body.
    #[error("signature_mismatch")]
    SignatureMismatch,
    /// A known caller, or one the gateway vouches for, that is not listed for this connector.
    #[error("not_allowed")]
    NotAllowed,
}

/// Everybody who may call.
#[derive(Debug)]
pub struct Callers {
    principals: PrincipalsFile,
    gateway_secrets: Secrets,
    sigv4_service: String,
    sigv4_region: String,
    rates: Rates<(Connector, Arn)>,
    records: Rates<()>,
}

impl Callers {
    /// Reads the principals file.
    ///
    /// # Errors
    ///
    /// Says what the file should have been; for the start of the program.
    pub fn new(settings: CallerSettings) -> Result<Self, PrincipalsError> {
        Ok(Self {
            principals: PrincipalsFile::open(settings.principals)?,
            gateway_secrets: settings.gateway_secrets,
            sigv4_service: settings.sigv4_service,
            sigv4_region: settings.sigv4_region,
            rates: Rates::new(settings.rate),
            records: Rates::new(Rate::RECORDS),
        })
    }

    /// Finds out who calls, and whether they may.
    ///
    /// # Errors
    ///
    /// Says why not.
    pub fn authenticate(
        &self,
        connector: Connector,
        request: &Parts,
        body: &Bytes,
        now: OffsetDateTime,
    ) -> Result<Arn, Declined> {
        let principals = self.principals.current();
        if request.headers.contains_key(SECRET_HEADER) {
            let caller = self.gateway_caller(&request.headers)?;
            return if principals.allows(&caller, connector) { Ok(caller) } else { Err(Declined::NotAllowed) };
        }
        if !request.headers.contains_key(http::header::AUTHORIZATION) {
            return Err(Declined::NoCredentials);
        }
        let scope = signature::Scope { service: &self.sigv4_service, region: &self.sigv4_region, now };
        let principal = signature::verify(request, body, &scope, &principals)?;
        if principal.connectors.contains(&connector) { Ok(principal.arn.clone()) } else { Err(Declined::NotAllowed) }
    }

    /// Counts a call of one who was let in.
    ///
    /// # Errors
    ///
    /// Too many at once; says after how many seconds the next one is welcome.
    pub fn count(&self, connector: Connector, caller: &Arn) -> Result<(), u64> {
        self.rates.take(&(connector, caller.clone()))
    }

    /// May one more refusal be written down now? See [`Rate::RECORDS`].
    pub(super) fn may_record(&self) -> bool {
        self.records.take(&()).is_ok()
    }

    fn gateway_caller(&self, headers: &HeaderMap) -> Result<Arn, Declined> {
        let given = only(headers, SECRET_HEADER).ok_or(Declined::GatewaySecret)?;
        if !self.gateway_secrets.contains(given) {
            return Err(Declined::GatewaySecret);
        }
        let arn = only(headers, ARN_HEADER).and_then(|it| str::from_utf8(it).ok()).ok_or(Declined::GatewayCaller)?;
        Arn::new(arn).ok_or(Declined::GatewayCaller)
    }
}

/// A header that comes exactly once: of two, one may be the caller's own.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

#[cfg(test)]
pub(super) mod tests;
