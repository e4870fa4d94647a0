//! The two processes, each from its settings to its graceful end.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use axum::routing::get;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::client::amazon::AmazonClient;
use crate::client::mail::MailClient;
use crate::clock::Clock;
use crate::config::{BaseConfig, ServeConfig, WorkConfig};
use crate::connector::ConnectorState;
use crate::connector::caller::Callers;
use crate::database::{self, DatabaseError};
use crate::flow::answer_gate::Gate;
use crate::flow::payoff::Checkout;
use crate::flow::replay_gate::Replay;
use crate::http::event_feed::{EventFeedState, EventRates};
use crate::http::metrics::{self, MetricsState};
use crate::http::portal::PortalState;
use crate::http::router::{RouterParts, router, site};
use crate::http::stripe_webhook::StripeWebhookState;
use crate::listen::{self, Patience};
use crate::log::chain;
use crate::standing::journal::Journal;
use crate::standing::listener;
use crate::store;
use crate::worker::{self, Worker};

/// Sessions, codes and budgets that are over are forgotten this often.
const FORGET_EVERY: std::time::Duration = std::time::Duration::from_secs(300);

/// The journal is looked into this often.
const REPLAY_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// How long a budget is kept.
const BUDGETS_KEPT: time::Duration = time::Duration::days(1);

/// The pool for these settings.
///
/// # Errors
///
/// Says what to do about a database that is away or not migrated.
pub async fn open_database(base: &BaseConfig) -> anyhow::Result<PgPool> {
    Ok(database::connect(database_address(base).await?).await?)
}

/// The pool for these settings, as far as there is a database that runs: none is started. Else what is wrong, and what to do.
///
/// # Errors
///
/// Both, for a person.
pub async fn open_running_database(base: &BaseConfig) -> Result<PgPool, (String, String)> {
    let url = match &base.database_url {
        Some(url) => url.expose().to_owned(),
        None => database::embedded::url(&base.data_dir).map_err(|error| (error.to_string(), EMBEDDED.to_owned()))?,
    };
    let address =
        url.parse().map_err(|error| (DatabaseError::Url(error).to_string(), "mend DATABASE_URL".to_owned()))?;
    database::connect(address).await.map_err(|error| {
        let remedy = match (&error, &base.database_url) {
            (DatabaseError::NotMigrated, _) => "`storeside migrate`",
            (_, None) => EMBEDDED,
            (_, Some(_)) => "start PostgreSQL, or mend DATABASE_URL",
        };
        (chain(&error), remedy.to_owned())
    })
}

const EMBEDDED: &str = "`storeside database start`, or set DATABASE_URL";

async fn database_address(base: &BaseConfig) -> Result<PgConnectOptions, DatabaseError> {
    database::address(base.database_url.as_ref(), &base.data_dir, base.pg_bin.as_deref()).await
}

/// Answers Amazon and browsers until SIGTERM or Ctrl-C; requests under way are finished.
///
/// # Errors
///
/// A setting that cannot be used, a database that is away, a port that is taken.
pub async fn serve(base: BaseConfig, config: ServeConfig) -> anyhow::Result<()> {
    let callers = Arc::new(Callers::new(config.callers)?);
    let checkout = Checkout::new(config.stripe.as_ref(), &config.public_url)?;
    if !checkout.is_offered() {
        tracing::warn!("STRIPE_SECRET_KEY is not set: nobody can pay online");
    }
    let listener = listen(config.addr, "STORESIDE_ADDR").await?;
    let address = database_address(&base).await?;
    let database = database::connect(address.clone()).await?;
    let gate = Arc::new(Gate::new(database.clone(), Journal::open(&base.data_dir)?, config.gate_budget));
    gate.known.read_all(&mut *database.acquire().await?, base.clock.now()).await?;
    let is_https = config.public_url.starts_with("https://");
    let app = router(RouterParts {
        connectors: ConnectorState {
            database: database.clone(),
            gate: Arc::clone(&gate),
            callers,
            clock: base.clock.clone(),
        },
        event_feed: EventFeedState {
            database: database.clone(),
            clock: base.clock.clone(),
            keys: config.event_keys,
            rates: EventRates::new(config.event_rate),
        },
        stripe: StripeWebhookState {
            database: database.clone(),
            clock: base.clock.clone(),
            secret: config.stripe_webhook,
        },
        portal: PortalState {
            database: database.clone(),
            clock: base.clock.clone(),
            vault: config.vault,
            checkout,
            maintenance_file: base.data_dir.join("maintenance.txt"),
            trusted_proxies: config.trusted_proxies.into(),
        },
        metrics: MetricsState { handle: metrics::install()?, database: database.clone(), clock: base.clock.clone() },
        site: site(&config.site_root),
        is_https,
    });
    let (listening, own, clock) = (Arc::clone(&gate), database::own_pool(address), base.clock.clone());
    tokio::spawn(async move { listener::keep_current(own, &listening.known, &clock).await });
    tokio::spawn(replay_journal(Arc::clone(&gate), base.clock.clone()));
    tokio::spawn(forget_expired(database, base.clock));
    tracing::info!(addr = %config.addr, public_url = config.public_url, "storeside serves");
    listen::serve(listener, app, Patience::DEFAULT, asked_to_stop()).await;
    // What still waits in it is replayed by whoever starts next.
    gate.journal.end().await;
    tracing::info!("storeside has stopped");
    Ok(())
}

/// Makes effects happen until SIGTERM or Ctrl-C; what is in hand is finished.
///
/// # Errors
///
/// As [`serve`].
pub async fn work(base: BaseConfig, config: WorkConfig, metrics_addr: SocketAddr) -> anyhow::Result<()> {
    let (amazon, mail) = (AmazonClient::new(&config.amazon)?, MailClient::new(&config.mail)?);
    let checkout = Checkout::new(config.stripe.as_ref(), &config.public_url)?;
    let listener = listen(metrics_addr, "--metrics-addr").await?;
    let address = database::for_workers(database_address(&base).await?);
    let worker = Worker {
        amazon,
        mail,
        vault: config.vault,
        checkout,
        public_url: config.public_url,
        database: database::connect(address).await?,
        clock: base.clock,
    };
    let (database, clock) = (worker.database.clone(), worker.clock.clone());
    let state = MetricsState { handle: metrics::install()?, database, clock };
    let app = Router::new().route("/metrics", get(metrics::get)).with_state(state);
    let (stop, stopped) = watch::channel(false);
    let events = tokio::spawn(worker::inbox::run(worker.clone(), stopped.clone()));
    let chores = tokio::spawn(worker::schedule::run(worker.clone(), stopped.clone()));
    let working = tokio::spawn(worker::run(worker, stopped));
    tracing::info!(metrics_addr = %metrics_addr, "storeside works");
    listen::serve(listener, app, Patience::DEFAULT, asked_to_stop()).await;
    stop.send_replace(true);
    working.await?;
    events.await?;
    chores.await?;
    tracing::info!("storeside has stopped");
    Ok(())
}

async fn listen(addr: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(addr).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("port {} on {} is taken by another program: stop that one, or set {setting}", addr.port(), addr.ip())
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {addr} ({setting})")),
    }
}

async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received: stop this process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("asked to stop");
}

async fn replay_journal(gate: Arc<Gate>, clock: Clock) {
    let mut replay = Replay::default();
    let mut every = tokio::time::interval(REPLAY_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let now = clock.now();
        if let Err(error) = replay.run(&gate, now).await {
            tracing::warn!(error = chain(&error), "decisions of the gate wait for the database");
        }
        gate.measure(now);
    }
}

async fn forget_expired(database: PgPool, clock: Clock) {
    let mut every = tokio::time::interval(FORGET_EVERY);
    loop {
        every.tick().await;
        let Ok(mut conn) = database.acquire().await else { continue };
        let now = clock.now();
        if let Err(error) = store::session::delete_expired(&mut conn, now, now - BUDGETS_KEPT).await {
            tracing::warn!(error = chain(&error), "what is over could not be forgotten");
        }
    }
}
