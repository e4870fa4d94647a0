//! A whole shop for one story: the twin outside, Storeside's own router and worker inside, a database of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::receipt::CardFacts;
use leptos::prelude::LeptosOptions;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::RequestBuilder;
use serde_json::Value;
use server::client::amazon::{AmazonClient, AmazonSettings};
use server::client::mail::{MailClient, MailSettings};
use server::client::stripe::StripeSettings;
use server::clock::Clock;
use server::command::seed::seed_demo;
use server::connector::ConnectorState;
use server::connector::caller::{ARN_HEADER, CallerSettings, Callers, SECRET_HEADER};
use server::database::pool_options;
use server::flow::answer_gate::Gate;
use server::flow::payoff::Checkout;
use server::flow::seal_audit::seal_audit;
use server::flow::verify::Told;
use server::flow::verify_audit::verify_audit;
use server::flow::verify_money::verify_money;
use server::http::event_feed::{EventFeedState, EventKeys, EventRates, KEY_HEADER};
use server::http::metrics::MetricsState;
use server::http::portal::PortalState;
use server::http::router::{RouterParts, router};
use server::http::stripe_webhook::StripeWebhookState;
use server::rate::Rate;
use server::secret::Secret;
use server::secrets::Secrets;
use server::standing::journal::Journal;
use server::store::StoreError;
use server::vault::Vault;
use server::worker::{Worker, run_due};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;
use twin::{Twin, TwinOptions};
use uuid::Uuid;

use crate::canary;

/// What the gateway in front of the connectors shows.
pub(crate) const GATEWAY_SECRET: &str = "a-secret-of-the-gateway";

/// A caller that is allowed on both connectors.
pub(crate) const GATEWAY_ROLE: &str = "arn:aws:iam::123456789012:role/gateway";

/// The event feed's path.
pub(crate) const FEED: &str = "/v1/events";

/// The event feed's key, which the twin has too.
pub(crate) const EVENT_KEY: &str = "demo-event-feed-key";

/// The event feed's second key, to which senders move.
pub(crate) const NEXT_EVENT_KEY: &str = "the-next-event-feed-key";

/// The gate's path.
pub(crate) const GATE: &str = "/v1/fraudandabuse/shopperauthorization";

/// The cart's path.
pub(crate) const CARTS: &str = "/v1/order/purchases";

/// Longest any call to the twin may take in a story.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How a shop meets its callers, where a story needs it otherwise.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) gateway_secrets: String,
    pub(crate) connector_rate: Rate,
    pub(crate) event_rate: Rate,
    pub(crate) is_https: bool,
    /// What a tap may take of the database's time.
    pub(crate) gate_budget: Duration,
}

impl Default for Front {
    fn default() -> Self {
        Self {
            gateway_secrets: GATEWAY_SECRET.to_owned(),
            connector_rate: Rate::CONNECTOR,
            event_rate: Rate::EVENT_FEED,
            is_https: false,
            // As patient as a story must be on a busy machine: what a gate does without its rows has stories of its own.
            gate_budget: Duration::from_secs(10),
        }
    }
}

/// The vault that the shop has, and its portal.
pub(crate) fn vault() -> Vault {
    Vault::new(&[Secret::new("a key for stories that is long enough for anyone")])
}

/// One story's shop.
pub(crate) struct Shop {
    pub(crate) twin: Twin,
    pub(crate) worker: Worker,
    pub(crate) database: PgPool,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: PathBuf,
    serving: JoinHandle<()>,
}

impl Shop {
    /// Opens the demo store.
    pub(crate) async fn open(connect: PgConnectOptions) -> Self {
        Self::open_behind(connect, Front::default()).await
    }

    /// Opens it with another front.
    pub(crate) async fn open_behind(connect: PgConnectOptions, front: Front) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        canary::listen();
        let folder = std::env::temp_dir().join(format!("storeside-story-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let clock_file = folder.join("clock");
        let options = TwinOptions {
            clock_file: Some(clock_file.clone()),
            mail_dir: Some(folder.join("mail")),
            ..TwinOptions::for_tests()
        };
        let twin = Twin::start(options).await.unwrap();
        let clock = Clock::File(clock_file);
        let database = pool_options().max_connections(12).connect_with(connect).await.unwrap();
        seed_demo(&database, clock.now()).await.unwrap();
        let gate = Gate::new(database.clone(), Journal::open(&folder).unwrap(), front.gate_budget);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let checkout = Checkout::new(Some(&stripe_settings(&twin.url())), &url).unwrap();
        let serving = serve(listener, Arc::new(gate), &clock, principals(&folder), checkout.clone(), front);
        twin.point_at(&url);
        let worker = Worker {
            amazon: AmazonClient::new(&amazon_settings(&twin.url())).unwrap(),
            mail: MailClient::new(&MailSettings {
                url: Secret::new(format!("smtp://{}", twin.smtp_addr())),
                from: "receipts@example.com".to_owned(),
            })
            .unwrap(),
            vault: vault(),
            checkout,
            public_url: url.clone(),
            database: database.clone(),
            clock,
        };
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { twin, worker, database, url, http, folder, serving }
    }

    /// Everything that is due now happens, and what it leads to. Gives how many effects that were.
    pub(crate) async fn settle(&self) -> usize {
        run_due(&self.worker).await.unwrap()
    }

    /// The card facts that are kept of a visit, opened.
    pub(crate) async fn card_facts(&self, trip: Uuid) -> Option<CardFacts> {
        self.read_card_facts(trip).await.unwrap()
    }

    async fn read_card_facts(&self, trip: Uuid) -> Result<Option<CardFacts>, StoreError> {
        let mut conn = self.database.acquire().await.unwrap();
        server::store::card_facts::get(&mut conn, &vault(), &trip.to_string().parse().unwrap()).await
    }

    /// Time passes for everyone: the clock moves from one due effect to the next until `span` is over.
    pub(crate) async fn pass(&self, span: time::Duration) {
        let end = self.worker.clock.now() + span;
        self.settle().await;
        loop {
            let next = server::store::outbox::next_due_at(&mut self.database.acquire().await.unwrap()).await.unwrap();
            let stop = next.filter(|next| *next < end).unwrap_or(end);
            self.move_clock_to(stop + time::Duration::SECOND);
            self.settle().await;
            if stop == end {
                return;
            }
        }
    }

    /// Time passes, and nobody works meanwhile.
    pub(crate) fn jump(&self, span: time::Duration) {
        self.move_clock_to(self.worker.clock.now() + span);
    }

    /// Leases of a second end, and what they held is done.
    pub(crate) async fn move_on_and_settle(&self) {
        self.jump(time::Duration::seconds(2));
        self.settle().await;
    }

    fn move_clock_to(&self, at: time::OffsetDateTime) {
        let offset = at - time::OffsetDateTime::now_utc();
        self.twin.set_clock_offset(offset.whole_seconds()).unwrap();
    }

    /// A request to a connector by the gateway's way in.
    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url))
            .header(SECRET_HEADER, GATEWAY_SECRET)
            .header(ARN_HEADER, GATEWAY_ROLE)
            .json(body)
    }

    /// Status and body of such a request.
    pub(crate) async fn call(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.post(path, body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// An event to the feed, as EventBridge delivers it.
    pub(crate) async fn feed(&self, event: &Value) -> u16 {
        let sent = self.http.post(format!("{}{FEED}", self.url)).header(KEY_HEADER, EVENT_KEY).json(event).send();
        sent.await.unwrap().status().as_u16()
    }

    /// One text of one row.
    pub(crate) async fn text(&self, sql: &'static str, id: impl ToString) -> Option<String> {
        sqlx::query_scalar(sql).bind(id.to_string()).fetch_optional(&self.database).await.unwrap().flatten()
    }

    /// A count or a sum.
    pub(crate) async fn number(&self, sql: &'static str, id: impl ToString) -> i64 {
        sqlx::query_scalar(sql).bind(id.to_string()).fetch_one(&self.database).await.unwrap()
    }

    /// The state of a visit.
    pub(crate) async fn state(&self, trip: Uuid) -> String {
        self.text("SELECT state FROM trip WHERE trip_id = $1", trip).await.unwrap_or_default()
    }

    /// How often an alert of this kind was raised for this subject.
    pub(crate) async fn alerts(&self, kind: &str, subject: impl ToString) -> i64 {
        let times = sqlx::query_scalar("SELECT coalesce(sum(times), 0) FROM alert WHERE kind = $1 AND subject = $2");
        times.bind(kind).bind(subject.to_string()).fetch_one(&self.database).await.unwrap()
    }

    /// What each try of an API of this visit came to, in order.
    pub(crate) async fn attempts(&self, trip: Uuid, api: &str) -> Vec<String> {
        let outcomes =
            sqlx::query_scalar("SELECT outcome FROM attempt WHERE trip_id = $1 AND api = $2 ORDER BY sent_at");
        outcomes.bind(trip.to_string()).bind(api).fetch_all(&self.database).await.unwrap()
    }

    /// The mails to an address, the newest first.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<twin::Mail> {
        let mails = self.twin.mails().unwrap();
        mails.into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }

    /// The end of a story: our books agree with what the card network really did, and nothing was left undone.
    pub(crate) async fn close(self) {
        for trip in self.twin.truth().trips.iter().filter(|trip| trip.admitted) {
            let ours = self
                .number(
                    "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'card_clearing' AND trip_id = $1",
                    trip.id,
                )
                .await;
            let theirs = trip.captured_minor() - trip.refunded_minor();
            assert_eq!(ours, theirs, "what we say was captured and not given back of trip {}", trip.id);
            assert!(trip.captures_minor.len() <= 1, "trip {} was charged {:?}", trip.id, trip.captures_minor);
        }
        let off = "SELECT count(*) FROM trip LEFT JOIN debt USING (trip_id) WHERE total_minor IS NOT NULL AND $1 = '' AND total_minor <>
            CASE WHEN state IN ('adjusting', 'capturing', 'capture_unknown', 'capture_unconfirmed') THEN total_minor
                 WHEN state = 'recovered' THEN incurred_minor
                 ELSE coalesce(capture_minor, 0) + coalesce(incurred_minor, 0) END";
        assert_eq!(self.number(off, "").await, 0, "priced = in flight + captured + owed, for every trip");
        let unpaid = "SELECT count(*) FROM (
                SELECT instrument_id, sum(amount_minor) FROM ledger_entry WHERE account = 'shopper_receivable' AND $1 = '' GROUP BY 1
                EXCEPT SELECT instrument_id, sum(outstanding_minor) FROM debt WHERE instrument_id IS NOT NULL GROUP BY 1) difference";
        assert_eq!(self.number(unpaid, "").await, 0, "receivables are what is outstanding");
        let promised = "SELECT count(*) FROM (
                SELECT trip_id, sum(CASE state WHEN 'by_hand' THEN by_hand_minor ELSE card_minor + elsewhere_minor END)::bigint
                FROM refund WHERE state IN ('waiting', 'sending', 'by_hand') AND $1 = '' GROUP BY 1
                EXCEPT SELECT trip_id, -sum(amount_minor)::bigint FROM ledger_entry WHERE account = 'refund_clearing' GROUP BY 1) difference";
        assert_eq!(self.number(promised, "").await, 0, "what is promised and not given back is on its way");
        let paid = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entry WHERE account = 'payoff_clearing' AND $1 = ''";
        assert_eq!(
            self.number(paid, "").await,
            self.twin.stripe().net_minor(),
            "what cards paid online and still have paid"
        );
        self.verify_money().await;
        self.verify_audit().await;
        self.verify_privacy().await;
        let left = "SELECT count(*) FROM outbox WHERE state = 'claimed' AND $1 = ''";
        assert_eq!(self.number(left, "").await, 0, "no effect is left in hand");
    }
}

impl Shop {
    /// The law of money holds for everything that happened in the story.
    async fn verify_money(&self) {
        let mut violations = vec![];
        let verified = verify_money(&self.database, |told| {
            if let Told::Found(violation) = told {
                violations.push(violation.to_string());
            }
        });
        verified.await.unwrap();
        assert_eq!(violations, [""; 0], "the law of money");
    }

    /// Nothing of a person's can be read where it does not belong.
    async fn verify_privacy(&self) {
        let mut facts = vec![];
        for trip in &self.twin.truth().trips {
            // What was sealed anew in the story is looked for there.
            let Ok(Some(card)) = self.read_card_facts(trip.id).await else { continue };
            let emv = [card.pos_entry_mode, card.application_id, card.cardholder_verification_method_result];
            facts.extend([card.card_statement_transaction_id, card.terminal_id].into_iter().chain(emv).flatten());
        }
        facts.sort_unstable();
        facts.dedup();
        let metrics = self.http.get(format!("{}/metrics", self.url)).send().await.unwrap().text().await.unwrap();
        canary::assert_nowhere(&self.database, &metrics, &self.folder.join("mail"), &facts).await;
    }

    /// Everything that happened in the story is in the audit's chain, and the chain holds.
    async fn verify_audit(&self) {
        let now = self.worker.clock.now() + time::Duration::hours(1);
        seal_audit(&self.database, now).await.unwrap();
        let verified = verify_audit(&self.database, None, now, |told| {
            if let Told::Found(violation) = told {
                panic!("{violation}");
            }
        });
        verified.await.unwrap();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How Storeside reaches the twin.
pub(crate) fn amazon_settings(twin_url: &str) -> AmazonSettings {
    AmazonSettings {
        payment_url: twin_url.to_owned(),
        feedback_url: twin_url.to_owned(),
        identity_url: twin_url.to_owned(),
        sigv4_service: "execute-api".to_owned(),
        sigv4_region: "us-east-1".to_owned(),
        access_key_id: "AKIDSTORESIDEDEMO".to_owned(),
        secret_access_key: Secret::new("storeside-demo-secret"),
        session_token: None,
        timeout: TIMEOUT,
    }
}

/// How Storeside reaches the twin's Stripe.
pub(crate) fn stripe_settings(twin_url: &str) -> StripeSettings {
    let secret_key = Secret::new("sk_test_storeside_demo");
    StripeSettings { api_url: twin_url.to_owned(), secret_key, timeout: Some(TIMEOUT) }
}

fn principals(folder: &std::path::Path) -> PathBuf {
    let path = folder.join("principals.json");
    let both = ["shopper_authorization", "create_purchases"];
    let principals = serde_json::json!([
        {
            "access_key_id": "AKIDAMAZONDEMO",
            "secret_access_key": "amazon-demo-secret",
            "role_arn": "arn:aws:iam::123456789012:role/amazon",
            "connectors": both,
        },
        { "role_arn": GATEWAY_ROLE, "connectors": both },
        { "role_arn": "arn:aws:iam::123456789012:role/gate-only", "connectors": ["shopper_authorization"] },
    ]);
    std::fs::write(&path, principals.to_string()).unwrap();
    path
}

fn serve(
    listener: tokio::net::TcpListener,
    gate: Arc<Gate>,
    clock: &Clock,
    principals: PathBuf,
    checkout: Checkout,
    front: Front,
) -> JoinHandle<()> {
    let database = gate.database.clone();
    let maintenance_file = principals.with_file_name("maintenance.txt");
    let site_root = principals.with_file_name("site").display().to_string();
    static METRICS: OnceLock<metrics_exporter_prometheus::PrometheusHandle> = OnceLock::new();
    let callers = Callers::new(CallerSettings {
        principals: Some(principals),
        gateway_secrets: Secrets::parse(&front.gateway_secrets).unwrap(),
        sigv4_service: "execute-api".to_owned(),
        sigv4_region: "us-east-1".to_owned(),
        rate: front.connector_rate,
    });
    let handle = METRICS.get_or_init(|| PrometheusBuilder::new().build_recorder().handle());
    let app = router(RouterParts {
        connectors: ConnectorState {
            database: database.clone(),
            gate,
            callers: Arc::new(callers.unwrap()),
            clock: clock.clone(),
        },
        event_feed: EventFeedState {
            database: database.clone(),
            clock: clock.clone(),
            keys: EventKeys(Secrets::parse(&[EVENT_KEY, NEXT_EVENT_KEY].join(",")).unwrap()),
            rates: EventRates::new(front.event_rate),
        },
        stripe: StripeWebhookState {
            database: database.clone(),
            clock: clock.clone(),
            secret: Some(Secret::new("whsec_storeside_demo")),
        },
        portal: PortalState {
            database: database.clone(),
            clock: clock.clone(),
            vault: vault(),
            checkout,
            maintenance_file,
            // A story may say from which network somebody comes.
            trusted_proxies: ["127.0.0.1/32".parse().unwrap()].into(),
        },
        metrics: MetricsState { handle: handle.clone(), database, clock: clock.clone() },
        site: LeptosOptions::builder().output_name("storeside").site_root(site_root).build(),
        is_https: front.is_https,
    });
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() })
}
