//! Where the load goes: one or more processes of Storeside on this machine, and nowhere else.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Url};

/// What the gateway in front of the connectors shows; see `.env.sample`.
const SECRET_HEADER: &str = "x-storeside-gateway-secret";

/// For whom the gateway speaks.
const ARN_HEADER: &str = "x-storeside-caller-arn";

/// Longest that a call is waited for. Far beyond every target, so that a slow answer is measured and not cut off.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the load shows that it may call: as the API gateway does.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// `CONNECTOR_GATEWAY_SECRET`.
    pub secret: String,
    /// A caller of `CONNECTOR_PRINCIPALS`.
    pub caller_arn: String,
}

/// Storeside's processes, called in turns. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Target {
    urls: Arc<[String]>,
    next: Arc<AtomicUsize>,
    http: Client,
    gateway: Arc<Gateway>,
    /// The store that is visited.
    pub store: Arc<str>,
}

impl Target {
    /// Storeside at these addresses.
    ///
    /// # Errors
    ///
    /// Refuses every address that is not this machine's own: load is never sent to others.
    pub fn new(urls: &[String], store: &str, gateway: Gateway) -> anyhow::Result<Self> {
        if urls.is_empty() {
            bail!("say where Storeside is, like --url http://127.0.0.1:3000");
        }
        let urls = urls.iter().map(|url| loopback(url)).collect::<anyhow::Result<Vec<_>>>()?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(usize::MAX)
            .build()?;
        let (next, gateway) = (Arc::new(AtomicUsize::new(0)), Arc::new(gateway));
        Ok(Self { urls: urls.into(), next, http, gateway, store: store.into() })
    }

    /// The address of the next process in turn, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        &self.urls[turn % self.urls.len()]
    }

    /// A call of one of the connectors, as the gateway passes it on.
    pub(crate) fn connector(&self, path: &str, body: String) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url()))
            .header(SECRET_HEADER, &self.gateway.secret)
            .header(ARN_HEADER, &self.gateway.caller_arn)
            .header("content-type", "application/json")
            .body(body)
    }

    /// The client, for calls of another kind.
    pub(crate) fn http(&self) -> &Client {
        &self.http
    }
}

/// The address without a slash at the end, when it is this machine's own. A name counts only where it is `localhost`: what others
/// resolve to is not ours to say.
fn loopback(text: &str) -> anyhow::Result<String> {
    let url: Url = text.parse().with_context(|| format!("{text} is no address like http://127.0.0.1:3000"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_own = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
    if url.scheme() != "http" || !is_own {
        bail!("{text} is not on this machine: load goes to http://127.0.0.1, http://[::1] or http://localhost only");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_goes_to_this_machine_only() {
        for own in ["http://127.0.0.1:3000", "http://127.9.9.9/", "http://[::1]:3000", "http://localhost:3000"] {
            assert!(loopback(own).is_ok(), "{own}");
        }
        for other in [
            "http://192.0.2.1:3000",
            "https://127.0.0.1:3000",
            "http://shop.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1@example.com/",
            "http://0.0.0.0:3000",
            "http://[2001:db8::1]",
            "127.0.0.1:3000",
            "",
        ] {
            assert!(loopback(other).is_err(), "{other}");
        }
    }
}
