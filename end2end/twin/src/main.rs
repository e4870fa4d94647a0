//! The twin on the command line: serve it, or ask a running one.

mod command;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use twin::{Credentials, DuplicateCapture, EventSettings, Settings, SigV4Scope, Telling, Twin, TwinOptions};

/// Plays everything outside Storeside: Amazon, the gate and the carts, a card network, a mail server.
#[derive(Debug, Parser)]
#[command(name = "twin", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the twin until Ctrl-C.
    Serve(Box<Serve>),
    /// Walks a shopper through the store and tells what happened.
    Walk(command::WalkArgs),
    /// Lists the test cards.
    Cards(command::Address),
    /// Prints everything that really happened, as JSON.
    Truth(command::Address),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Amazon's APIs and the control page.
    #[arg(long, env = "TWIN_ADDR", default_value = "127.0.0.1:4000")]
    addr: SocketAddr,
    /// The mail sink.
    #[arg(long, env = "TWIN_SMTP_ADDR", default_value = "127.0.0.1:4025")]
    smtp_addr: SocketAddr,
    /// Where the gate and the carts find Storeside's connectors.
    #[arg(long, env = "TWIN_STORESIDE_URL", default_value = "http://127.0.0.1:3000")]
    storeside_url: String,
    /// The folder that mails are kept in.
    #[arg(long, env = "TWIN_MAIL_DIR", default_value = ".data/mail")]
    mail_dir: PathBuf,
    /// A file with one integer, seconds from real time; share it with STORESIDE_CLOCK=file:PATH.
    #[arg(long, env = "TWIN_CLOCK_FILE")]
    clock_file: Option<PathBuf>,
    /// The store that shoppers walk into.
    #[arg(long, env = "TWIN_STORE", default_value = "TEST_STORE_001")]
    store: String,
    /// The store's currency.
    #[arg(long, env = "TWIN_CURRENCY", default_value = "USD")]
    currency: String,
    /// What the gate asks the card for, in minor units.
    #[arg(long, env = "TWIN_HOLD_MINOR", default_value_t = 5000)]
    hold_minor: i64,
    /// Whether transactional data exists before the capture.
    #[arg(long, env = "TWIN_DATA_BEFORE_CAPTURE")]
    data_before_capture: bool,
    /// What a second capture of one trip does.
    #[arg(long, env = "TWIN_DUPLICATE_CAPTURE", value_enum, default_value = "ignored")]
    duplicate_capture: DuplicateCaptureArg,
    /// How many days after the tap Amazon still refunds; for ever when left out.
    #[arg(long, env = "TWIN_REFUND_WINDOW_DAYS")]
    refund_window_days: Option<u32>,
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    keys: Keys,
}

/// The event feed.
#[derive(Debug, clap::Args)]
struct Events {
    /// When Storeside is told what happened to a payment.
    #[arg(long = "events", env = "TWIN_EVENTS", value_enum, default_value = "never")]
    telling: TellingArg,
    /// How long after it happened, with `--events after`.
    #[arg(long, env = "TWIN_EVENT_DELAY_MS", default_value_t = 1000)]
    event_delay_ms: u64,
    /// How often each event is delivered.
    #[arg(long, env = "TWIN_EVENT_TIMES", default_value_t = 1)]
    event_times: u32,
    /// The key of Storeside's event feed; of two with a comma between, the first.
    #[arg(long, env = "EVENT_FEED_API_KEY", default_value = "demo-event-feed-key", hide_env_values = true)]
    event_key: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TellingArg {
    Never,
    Held,
    BeforeAnswer,
    After,
}

impl From<&Events> for EventSettings {
    fn from(events: &Events) -> Self {
        let telling = match events.telling {
            TellingArg::Never => Telling::Never,
            TellingArg::Held => Telling::Held,
            TellingArg::BeforeAnswer => Telling::BeforeAnswer,
            TellingArg::After => Telling::AfterMs(events.event_delay_ms),
        };
        Self { telling, times: events.event_times }
    }
}

/// Who signs what.
#[derive(Debug, clap::Args)]
struct Keys {
    /// What Storeside signs its calls to Amazon with.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", default_value = "AKIDSTORESIDEDEMO")]
    access_key_id: String,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", default_value = "storeside-demo-secret", hide_env_values = true)]
    secret_access_key: String,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide_env_values = true)]
    session_token: Option<String>,
    /// What Storeside calls Stripe with.
    #[arg(long, env = "STRIPE_SECRET_KEY", default_value = "sk_test_storeside_demo", hide_env_values = true)]
    stripe_secret_key: String,
    /// What Stripe signs its webhooks with.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", default_value = "whsec_storeside_demo", hide_env_values = true)]
    stripe_webhook_secret: String,
    /// The service and region of those signatures.
    #[arg(long, env = "TWIN_SIGV4_SERVICE", default_value = "execute-api")]
    sigv4_service: String,
    #[arg(long, env = "TWIN_SIGV4_REGION", default_value = "us-east-1")]
    sigv4_region: String,
    /// What the gate and the carts sign with: an entry of Storeside's CONNECTOR_PRINCIPALS.
    #[arg(long, env = "TWIN_CONNECTOR_ACCESS_KEY_ID", default_value = "AKIDAMAZONDEMO")]
    connector_access_key_id: String,
    #[arg(
        long,
        env = "TWIN_CONNECTOR_SECRET_ACCESS_KEY",
        default_value = "amazon-demo-secret",
        hide_env_values = true
    )]
    connector_secret_access_key: String,
    #[arg(long, env = "TWIN_CONNECTOR_SIGV4_SERVICE", default_value = "execute-api")]
    connector_sigv4_service: String,
    #[arg(long, env = "TWIN_CONNECTOR_SIGV4_REGION", default_value = "us-east-1")]
    connector_sigv4_region: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DuplicateCaptureArg {
    Ignored,
    Charged,
    Refused,
}

impl From<Serve> for TwinOptions {
    fn from(serve: Serve) -> Self {
        let keys = serve.keys;
        let session_token = keys.session_token.filter(|token| !token.is_empty());
        let storeside = Credentials::new(&keys.access_key_id, &keys.secret_access_key);
        Self {
            addr: serve.addr,
            smtp_addr: serve.smtp_addr,
            storeside_url: Some(serve.storeside_url),
            storeside_credentials: Credentials { session_token, ..storeside },
            storeside_scope: SigV4Scope { service: keys.sigv4_service, region: keys.sigv4_region },
            connector_credentials: Credentials::new(&keys.connector_access_key_id, &keys.connector_secret_access_key),
            connector_scope: SigV4Scope { service: keys.connector_sigv4_service, region: keys.connector_sigv4_region },
            stripe_secret_key: keys.stripe_secret_key,
            stripe_webhook_secret: keys.stripe_webhook_secret,
            mail_dir: Some(serve.mail_dir),
            clock_file: serve.clock_file,
            store: serve.store,
            currency: serve.currency,
            hold_minor: serve.hold_minor,
            settings: Settings {
                data_before_capture: serve.data_before_capture,
                duplicate_capture: match serve.duplicate_capture {
                    DuplicateCaptureArg::Ignored => DuplicateCapture::Ignored,
                    DuplicateCaptureArg::Charged => DuplicateCapture::Charged,
                    DuplicateCaptureArg::Refused => DuplicateCapture::Refused,
                },
                refund_window_days: serve.refund_window_days,
                ..Settings::default()
            },
            events: EventSettings::from(&serve.events),
            event_key: serve.events.event_key.split(',').next().unwrap_or_default().trim().to_owned(),
            ..Self::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let done = match Cli::parse().command {
        Command::Serve(options) => serve((*options).into()).await.map_err(command::Failure::from),
        Command::Walk(args) => command::walk(&args).await,
        Command::Cards(address) => command::cards(&address).await,
        Command::Truth(address) => command::truth(&address).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("twin: {failure}");
            failure.exit_code()
        }
    }
}

async fn serve(options: TwinOptions) -> anyhow::Result<()> {
    let mut twin = Twin::start(options).await.context("the twin did not start")?;
    println!("The twin plays Amazon at {}, its control page is there too.", twin.url());
    println!("Mail goes to smtp://{} and is kept in {}.", twin.smtp_addr(), twin.mail_dir().display());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        ended = twin.run() => ended.context("the twin stopped listening"),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("no interrupt can be waited for"),
        _ = terminate.recv() => Ok(()),
    }
}
