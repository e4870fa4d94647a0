//! `load`: puts load on a Storeside of this machine, and measures it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use load::arrival::Spread;
use load::bench::stage::{Programs, Stage};
use load::bench::verdict::Verdict;
use load::bench::{decline, fill, gate, lookup, portal, sign_in, soak as long_soak, trips};
use load::memory::Watch;
use load::operation::{Crowd, Operation};
use load::report::Report;
use load::run::{Rates, Soak, burst, open_loop, soak};
use load::target::{Gateway, Target};
use tokio::signal::unix::{SignalKind, signal};

/// Load for a Storeside of this machine, and for no other.
#[derive(Debug, Parser)]
#[command(name = "load", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Calls at a fixed rate, however slow the answers are.
    Open(Open),
    /// Many taps at the same instant.
    Burst {
        /// How many.
        #[arg(long, default_value_t = 100)]
        taps: usize,
        #[command(flatten)]
        at: At,
    },
    /// Many operations under way at any moment.
    Soak {
        /// How many at once.
        #[arg(long, default_value_t = 500)]
        at_once: usize,
        /// For how long.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        #[command(flatten)]
        at: At,
    },
    /// The measurements of `make bench` and `make soak`, on programs and a database of their own.
    Bench(Bench),
}

/// Where the load goes, and as whom.
#[derive(Debug, clap::Args)]
struct At {
    /// Storeside; more than once for several processes, called in turns.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: Vec<String>,
    /// The store that is visited.
    #[arg(long, default_value = "TEST_STORE_001")]
    store: String,
    /// What the gateway in front of the connectors shows.
    #[arg(long, env = "CONNECTOR_GATEWAY_SECRET", default_value = "demo-gateway-secret", hide_env_values = true)]
    gateway_secret: String,
    /// For whom the gateway speaks: a caller of `CONNECTOR_PRINCIPALS`.
    #[arg(long, default_value = "arn:aws:iam::123456789012:role/amazon-jwo-gateway-demo")]
    caller_arn: String,
    /// How many cards take part.
    #[arg(long, default_value_t = 1000)]
    cards: u64,
    /// The session of somebody who is signed in, like `NAME=VALUE`, to read the pages of.
    #[arg(long)]
    cookie: Option<String>,
    /// Processes whose memory is watched.
    #[arg(long)]
    pid: Vec<u32>,
}

impl At {
    fn target(&self) -> anyhow::Result<Target> {
        let gateway = Gateway { secret: self.gateway_secret.clone(), caller_arn: self.caller_arn.clone() };
        Target::new(&self.url, &self.store, gateway)
    }

    fn crowd(&self) -> Arc<Crowd> {
        let crowd = Crowd::new("load-card-", self.cards);
        Arc::new(match &self.cookie {
            Some(cookie) => crowd.signed_in(cookie.clone()),
            None => crowd,
        })
    }
}

#[derive(Debug, clap::Args)]
struct Open {
    /// Taps a second.
    #[arg(long, default_value_t = 0)]
    taps: u32,
    /// Carts a second, each of a visit that no gate saw.
    #[arg(long, default_value_t = 0)]
    carts: u32,
    /// Pages a second.
    #[arg(long, default_value_t = 0)]
    pages: u32,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// How arrivals are spread.
    #[arg(long, value_enum, default_value = "poisson")]
    spread: Spread,
    /// The same number gives the same arrivals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, clap::Args)]
struct Bench {
    /// What is measured.
    #[arg(value_enum)]
    what: What,
    /// For how long, each.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    #[command(flatten)]
    programs: Programs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// The gate and the carts beside pgbench.
    Gate,
    /// Whole trips beside pgbench.
    Trips,
    /// From a decline to the closed gate, and from a payment to the open one.
    Decline,
    /// A receipt in the portal: how long it takes, and what it weighs. Signing in by card: what its time tells.
    Portal,
    /// The gate beside ten million rows, and receipts among them.
    Grown,
    /// 500 operations at once, for a long time.
    Soak,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = tokio::select! {
        done = run(Cli::parse().command) => done,
        // What was started for a bench ends with it.
        () = asked_to_stop() => Err(anyhow::anyhow!("asked to stop")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[expect(clippy::print_stderr, reason = "the one place where the program says why it failed")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("load: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::FAILURE
}

/// Did everything hold?
async fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Open(open) => {
            let mut watch = Watch::of(&open.at.pid);
            watch.look();
            let per_second =
                vec![(Operation::Tap, open.taps), (Operation::Cart, open.carts), (Operation::Page, open.pages)];
            let rates = Rates { per_second, seconds: open.seconds, spread: open.spread, seed: open.seed };
            let report = open_loop(&open.at.target()?, open.at.crowd(), &rates).await?;
            watch.look();
            Ok(tell(&report, &watch))
        }
        Command::Burst { taps, at } => {
            let report = burst(&at.target()?, at.crowd(), Operation::Tap, taps).await;
            Ok(tell(&report, &Watch::of(&[])))
        }
        Command::Soak { at_once, seconds, at } => {
            let mut watch = Watch::of(&at.pid);
            let plan = Soak {
                mix: vec![Operation::Tap, Operation::Cart, Operation::Page],
                at_once,
                seconds,
                brake: Default::default(),
            };
            let report = soak(&at.target()?, at.crowd(), &plan, &mut watch).await?;
            Ok(tell(&report, &watch))
        }
        Command::Bench(arguments) => bench(&arguments).await,
    }
}

fn tell(report: &Report, watch: &Watch) -> bool {
    let mut verdict = Verdict::default();
    verdict.say(&report.to_string());
    for held in watch.judge(std::time::Duration::ZERO) {
        verdict.say(&format!("  process {} held {} MiB at most", held.pid, held.most_kib / 1024));
    }
    report.failures() == 0
}

async fn bench(arguments: &Bench) -> anyhow::Result<bool> {
    let mut stage = Stage::open(&arguments.programs).await.context("the bench's stage")?;
    let (mut verdict, seconds) = (Verdict::default(), arguments.seconds);
    match arguments.what {
        What::Gate => {
            stage.serve(1).await?;
            gate::measure(&stage, seconds, &mut verdict).await?;
        }
        What::Grown => {
            stage.serve(1).await?;
            fill::measure(&stage, seconds, &mut verdict).await?;
            let twin = stage.play_amazon().await?;
            stage.work(1).await?;
            lookup::measure(&stage, &twin, seconds, &mut verdict).await?;
        }
        What::Trips => {
            let twin = everything(&mut stage, 1).await?;
            trips::measure(&mut stage, &twin, seconds, &mut verdict).await?;
        }
        What::Decline => {
            let twin = everything(&mut stage, 2).await?;
            decline::measure(&stage, &twin, &mut verdict).await?;
        }
        What::Portal => {
            let twin = everything(&mut stage, 1).await?;
            portal::measure(&stage, &twin, seconds, &mut verdict).await?;
            sign_in::measure(&stage, &twin, &mut verdict).await?;
        }
        What::Soak => {
            let twin = everything(&mut stage, 1).await?;
            long_soak::measure(&stage, &twin, seconds, &mut verdict).await?;
        }
    }
    for missed in verdict.missed() {
        fail(&anyhow::anyhow!("missed: {missed}"));
    }
    Ok(verdict.missed().is_empty())
}

/// Storeside in so many processes of each kind, and Amazon, played by the twin.
async fn everything(stage: &mut Stage, processes: usize) -> anyhow::Result<String> {
    stage.serve(processes).await?;
    let twin = stage.play_amazon().await?;
    stage.work(processes).await?;
    Ok(twin)
}
