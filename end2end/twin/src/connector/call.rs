//! Signed calls to Storeside, tried again as Amazon does.

use std::time::Duration;

use http::{HeaderValue, Method, header};
use serde_json::Value;

use super::{Answer, WalkError};
use crate::{signature, world::World};

/// How a call shows that it is Amazon's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Signed with SigV4, as the connectors want it.
    Signature,
    /// The event feed's key, in a header.
    ApiKey,
}

/// Where an API destination's connection puts its key.
const KEY_HEADER: &str = "x-api-key";

impl World {
    /// Calls until there is an answer that another try would not change, or the tries are used up.
    pub(crate) async fn call(
        &self,
        path: &str,
        patience: Duration,
        proof: Proof,
        mut body: impl FnMut(u32) -> Value,
    ) -> Result<Answer, WalkError> {
        let storeside = self.state().storeside_url.clone().ok_or(WalkError::NoStoreside)?;
        let url = format!("{}{path}", storeside.trim_end_matches('/'));
        let (mut pause, tries_max) = (self.options.retry_pause, self.options.tries_max.max(1));
        for tries in 1..tries_max {
            match self.call_once(&url, patience, proof, &body(tries)).await? {
                Ok((status, body)) if !matches!(status, 429 | 500 | 503) => return Ok(Answer { status, body, tries }),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        match self.call_once(&url, patience, proof, &body(tries_max)).await? {
            Ok((status, body)) => Ok(Answer { status, body, tries: tries_max }),
            Err(why) => Err(WalkError::Unreachable { url, tries: tries_max, why: chain(&why) }),
        }
    }

    /// The inner error is a call without an answer.
    async fn call_once(
        &self,
        url: &str,
        patience: Duration,
        proof: Proof,
        body: &Value,
    ) -> Result<Result<(u16, Value), reqwest::Error>, WalkError> {
        let bad = || WalkError::BadAddress(url.to_owned());
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.to_string().into_bytes())
            .map_err(|_| bad())?;
        let options = &self.options;
        match proof {
            Proof::Signature => {
                let (credentials, scope) = (&options.connector_credentials, &options.connector_scope);
                signature::sign(&mut request, credentials, scope, self.clock.system_time()).map_err(|_| bad())?;
            }
            Proof::ApiKey => {
                let key = HeaderValue::from_str(&options.event_key).map_err(|_| WalkError::BadEventKey)?;
                request.headers_mut().insert(KEY_HEADER, key);
            }
        }
        let mut request = reqwest::Request::try_from(request).map_err(|_| bad())?;
        *request.timeout_mut() = Some(patience);
        let answer = async {
            let response = self.http.execute(request).await?;
            Ok((response.status().as_u16(), response.bytes().await?))
        };
        let parse = |(status, bytes): (u16, bytes::Bytes)| (status, parse_body(&bytes));
        Ok(answer.await.map(parse))
    }
}

fn parse_body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
    serde_json::from_slice(bytes).unwrap_or_else(|_| text())
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
