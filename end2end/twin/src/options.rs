//! What a twin is started with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::{
    feed::{EventSettings, Telling},
    network::Settings,
};

/// An AWS key pair. `Debug` hides the secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl Credentials {
    /// A long-lived key pair, without a session token.
    #[must_use]
    pub fn new(access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
            session_token: None,
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// The part of a `SigV4` credential scope that both sides must agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4Scope {
    pub service: String,
    pub region: String,
}

impl Default for SigV4Scope {
    fn default() -> Self {
        Self { service: "execute-api".to_owned(), region: "us-east-1".to_owned() }
    }
}

/// Everything that can be chosen when a twin starts.
#[derive(Debug, Clone)]
pub struct TwinOptions {
    /// Amazon's APIs and the control page. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// The mail sink. Port 0 takes a free one.
    pub smtp_addr: SocketAddr,
    /// Where Storeside's connectors are; may be set later with [`Twin::point_at`](crate::Twin::point_at).
    pub storeside_url: Option<String>,
    /// What Storeside signs its calls to Amazon with.
    pub storeside_credentials: Credentials,
    pub storeside_scope: SigV4Scope,
    /// What the gate and the carts sign with: an entry of Storeside's `CONNECTOR_PRINCIPALS`.
    pub connector_credentials: Credentials,
    pub connector_scope: SigV4Scope,
    /// Where mails are kept; `None` is a folder of its own that goes with the twin.
    pub mail_dir: Option<PathBuf>,
    /// The file shared with `STORESIDE_CLOCK=file:PATH`.
    pub clock_file: Option<PathBuf>,
    /// The store that shoppers walk into unless they say otherwise.
    pub store: String,
    /// The store's currency.
    pub currency: String,
    /// What the gate asks the card for, in minor units.
    pub hold_minor: i64,
    pub settings: Settings,
    /// How Storeside's event feed is told what happened.
    pub events: EventSettings,
    /// What it is told with: a key of Storeside's `EVENT_FEED_API_KEY`.
    pub event_key: String,
    /// What Storeside calls Stripe with.
    pub stripe_secret_key: String,
    /// What Stripe signs its webhooks with.
    pub stripe_webhook_secret: String,
    /// How Storeside is told what happened at Stripe.
    pub webhooks: EventSettings,
    /// Most tries of one call to a connector, the first included.
    pub tries_max: u32,
    /// The pause before the second try; it doubles with each further one.
    pub retry_pause: Duration,
}

impl TwinOptions {
    /// Free ports on loopback, quick retries and the demo credentials: for tests, many at once.
    #[must_use]
    pub fn for_tests() -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let retry_pause = Duration::from_millis(50);
        Self { addr: any_port, smtp_addr: any_port, retry_pause, webhooks: Telling::Held.into(), ..Self::default() }
    }
}

impl Default for TwinOptions {
    /// What `twin serve` uses when nothing is said.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 4000)),
            smtp_addr: SocketAddr::from(([127, 0, 0, 1], 4025)),
            storeside_url: None,
            storeside_credentials: Credentials::new("AKIDSTORESIDEDEMO", "storeside-demo-secret"),
            storeside_scope: SigV4Scope::default(),
            connector_credentials: Credentials::new("AKIDAMAZONDEMO", "amazon-demo-secret"),
            connector_scope: SigV4Scope::default(),
            mail_dir: None,
            clock_file: None,
            store: "TEST_STORE_001".to_owned(),
            currency: "USD".to_owned(),
            hold_minor: 5000,
            settings: Settings::default(),
            events: EventSettings::default(),
            event_key: "demo-event-feed-key".to_owned(),
            stripe_secret_key: "sk_test_storeside_demo".to_owned(),
            stripe_webhook_secret: "whsec_storeside_demo".to_owned(),
            webhooks: Telling::AfterMs(300).into(),
            tries_max: 6,
            retry_pause: Duration::from_millis(250),
        }
    }
}
