//! Our own addresses, as Amazon reaches them.

use std::path::PathBuf;

use reqwest::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;

use super::Finding;
use crate::client::amazon::knock::{KnockError, Proof, knock};
use crate::log::chain;
use crate::secret::Secret;

/// How Amazon calls us.
#[derive(Debug, Default)]
pub struct OwnSettings {
    /// `STORESIDE_PUBLIC_URL`, without a slash at the end. Empty: it is not set.
    pub public_url: String,
    /// `CONNECTOR_PRINCIPALS`.
    pub principals: Option<PathBuf>,
    /// One of `CONNECTOR_GATEWAY_SECRET`.
    pub gateway_secret: Option<Secret>,
    /// What direct callers sign for.
    pub sigv4_service: String,
    /// What direct callers sign for.
    pub sigv4_region: String,
    /// One of `EVENT_FEED_API_KEY`.
    pub event_key: Option<Secret>,
    /// Is `STRIPE_SECRET_KEY` set?
    pub takes_online_payments: bool,
}

/// One entry of the principals' file, as far as it is needed to call as that one. `serve` says what is wrong with a file.
#[derive(Deserialize)]
pub struct Principal {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    role_arn: String,
    connectors: Vec<String>,
}

impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Principal").field("role_arn", &self.role_arn).finish_non_exhaustive()
    }
}

/// What was found out about us.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) gate: Vec<Finding>,
    pub(super) carts: Vec<Finding>,
    pub(super) events: Finding,
}

struct Connector {
    name: &'static str,
    path: &'static str,
    setting: &'static str,
}

const GATE: Connector = Connector {
    name: "Shopper Authorization Connector",
    path: "/v1/fraudandabuse/shopperauthorization",
    setting: "shopper_authorization",
};

const CARTS: Connector =
    Connector { name: "Ordering Connector", path: "/v1/order/purchases", setting: "create_purchases" };

/// Calls our own addresses as Amazon would.
pub(super) async fn examine(settings: &OwnSettings, now: OffsetDateTime) -> Own {
    let principals = read_principals(settings);
    let (gate, carts, events) = tokio::join!(
        examine_connector(settings, &principals, &GATE, now),
        examine_connector(settings, &principals, &CARTS, now),
        examine_events(settings, now),
    );
    Own { gate, carts, events }
}

fn read_principals(settings: &OwnSettings) -> Result<Vec<Principal>, (String, String)> {
    let remedy = || "set it to the file with Amazon's gateway ARNs, as .env.sample shows".to_owned();
    let Some(path) = &settings.principals else {
        return Err(("CONNECTOR_PRINCIPALS is not set: nobody may call".to_owned(), remedy()));
    };
    let text = std::fs::read_to_string(path);
    let read = text.map_err(|error| format!("CONNECTOR_PRINCIPALS: {} cannot be read: {error}", path.display()));
    let parsed = read.and_then(|text| {
        // What is wrong with it is not repeated: it has secrets in it.
        serde_json::from_str(&text)
            .map_err(|_| format!("CONNECTOR_PRINCIPALS: {} is not as it should be", path.display()))
    });
    parsed.map_err(|what| (what, remedy()))
}

async fn examine_connector(
    settings: &OwnSettings,
    principals: &Result<Vec<Principal>, (String, String)>,
    connector: &Connector,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let (listing, test) =
        (format!("{}, ARN Allowlisting", connector.name), format!("{}, Connectivity Test", connector.name));
    let allowed: Vec<&Principal> = match principals {
        Ok(all) => all.iter().filter(|it| it.connectors.iter().any(|name| name == connector.setting)).collect(),
        Err((what, remedy)) => return vec![Finding::wrong(&listing, what, remedy)],
    };
    let Some(first) = allowed.first() else {
        let remedy =
            format!("add the ARNs of Amazon's gateway to CONNECTOR_PRINCIPALS, with \"{}\"", connector.setting);
        return vec![Finding::wrong(&listing, "nobody may call it", remedy)];
    };
    let mut findings = vec![Finding::fine(&listing, format!("{} may call, {} first", allowed.len(), first.role_arn))];
    let address = format!("{}{}", settings.public_url, connector.path);
    let ask = async |way: &str, proof: Proof<'_>, remedy: &str| {
        let answered = knock(now, &address, &proof).await;
        let wanted = if matches!(proof, Proof::Nothing) { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        judge(&format!("{test}, {way}"), &answered, wanted, remedy)
    };
    let remedy = "something in front of `storeside serve` answers in its place: check STORESIDE_PUBLIC_URL";
    findings.push(ask("a stranger", Proof::Nothing, remedy).await);
    findings.push(match &settings.gateway_secret {
        Some(secret) => {
            let (secret, arn) = ([(SECRET_HEADER, secret)], [(ARN_HEADER, first.role_arn.as_str())]);
            let remedy = "the running `serve` has another CONNECTOR_GATEWAY_SECRET or CONNECTOR_PRINCIPALS, or a gateway that drops headers \
                 stands before it";
            ask("by the gateway", Proof::Headers(&secret, &arn), remedy).await
        }
        None => Finding::unseen(&format!("{test}, by the gateway"), "CONNECTOR_GATEWAY_SECRET is not set: no gateway is believed"),
    });
    let keyed = allowed.iter().find_map(|it| Some((it.access_key_id.as_deref()?, it.secret_access_key.as_deref()?)));
    findings.push(match keyed {
        Some((access_key_id, secret)) => {
            let secret = Secret::new(secret);
            let (service, region) = (&settings.sigv4_service, &settings.sigv4_region);
            let proof = Proof::Signature { access_key_id, secret: &secret, service, region };
            let remedy = "the running `serve` has another CONNECTOR_PRINCIPALS, CONNECTOR_SIGV4_SERVICE or _REGION, another clock, or a \
                 proxy before it that changes the host";
            ask("signed", proof, remedy).await
        }
        None => Finding::unseen(&format!("{test}, signed"), "no principal has a key: all callers come by the gateway"),
    });
    findings
}

/// Carry the gateway's proof, as the connectors read it.
const SECRET_HEADER: &str = "x-storeside-gateway-secret";
const ARN_HEADER: &str = "x-storeside-caller-arn";

async fn examine_events(settings: &OwnSettings, now: OffsetDateTime) -> Finding {
    let subject = "Event feed";
    let Some(key) = &settings.event_key else {
        return Finding::unseen(subject, "EVENT_FEED_API_KEY is not set: Amazon's events are not taken");
    };
    let address = format!("{}/v1/events", settings.public_url);
    let answered = knock(now, &address, &Proof::Headers(&[("x-api-key", key)], &[])).await;
    judge(subject, &answered, StatusCode::BAD_REQUEST, "the running `serve` has another EVENT_FEED_API_KEY")
}

fn judge(subject: &str, answered: &Result<StatusCode, KnockError>, wanted: StatusCode, remedy: &str) -> Finding {
    let reach = "start `storeside serve`, and check STORESIDE_PUBLIC_URL and what stands before it";
    match answered {
        Ok(status) if *status == wanted && wanted == StatusCode::UNAUTHORIZED => {
            Finding::fine(subject, "is turned away")
        }
        Ok(status) if *status == wanted => Finding::fine(subject, "is let in, and told what is missing"),
        Ok(StatusCode::TOO_MANY_REQUESTS) => Finding::fine(subject, "is let in, and asked to call less often"),
        Ok(StatusCode::UNAUTHORIZED) => Finding::wrong(subject, "is turned away (HTTP 401)", remedy),
        Ok(status) => Finding::wrong(
            subject,
            format!("is answered with HTTP {} and not {}", status.as_u16(), wanted.as_u16()),
            remedy,
        ),
        Err(error) => Finding::wrong(subject, format!("our address {}", chain(error)), reach),
    }
}
