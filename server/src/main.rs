//! `storeside`: the commands.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::command::seed::seed_demo;
use server::command::{
    Desk, alert, audit, bad_cart, debt, effect, export, import, pause, payoff, price, refund, rules, simulate, staff,
    trip, verify,
};
use server::config::{self, BaseConfig};
use server::database::embedded::{self, Durability};
use server::flow::payoff::Checkout;
use server::flow::seed_demo::DEMO_STORE;
use server::{database, demo, log, server as processes};
use sqlx::ConnectOptions;

/// The retailer's side of a Just Walk Out store. Settings come from the environment; `.env.sample` lists them.
#[derive(Debug, Parser)]
#[command(name = "storeside", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer Amazon and browsers.
    Serve,
    /// Make what was decided happen: calls to Amazon, mails.
    Work {
        /// Where Prometheus finds this process's numbers.
        #[arg(long, default_value = "127.0.0.1:3001")]
        metrics_addr: SocketAddr,
    },
    /// Bring the database up to date.
    Migrate,
    /// Make the demo store.
    Seed,
    /// Read prices, promotions or taxes from a file into the draft.
    Import(import::Arguments),
    /// Write what is in force to a file.
    Export {
        #[command(subcommand)]
        command: export::Command,
    },
    /// The versions of prices, promotions and taxes.
    Rules {
        #[command(subcommand)]
        command: rules::Command,
    },
    /// What a cart costs, and why.
    Price(price::Arguments),
    /// Do our records still say the same?
    Verify {
        #[command(subcommand)]
        command: verify::Command,
    },
    /// Do the rules hold whatever goes wrong? Needs no database.
    Simulate(simulate::Arguments),
    /// Carts with lines that could not be priced.
    BadCart {
        #[command(subcommand)]
        command: bad_cart::Command,
    },
    /// What was not collected, and what people do about it.
    Debt {
        #[command(subcommand)]
        command: debt::Command,
    },
    /// What shoppers pay online.
    Payoff {
        #[command(subcommand)]
        command: payoff::Command,
    },
    /// Money and goods that are given back.
    Refund {
        #[command(subcommand)]
        command: refund::Command,
    },
    /// What must happen outside, and has not.
    Effect {
        #[command(subcommand)]
        command: effect::Command,
    },
    /// APIs of Amazon's that everyone leaves alone for a while.
    Pause {
        #[command(subcommand)]
        command: pause::Command,
    },
    /// What a person must look at.
    Alert {
        #[command(subcommand)]
        command: alert::Command,
    },
    /// What happened to a visit.
    Trip {
        #[command(subcommand)]
        command: trip::Command,
    },
    /// Who changed what.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Who works here.
    Staff {
        #[command(subcommand)]
        command: staff::Command,
    },
    /// Run everything on this machine with the outside world played by the twin.
    Demo {
        /// Stop a demo that runs, or what one left behind.
        #[arg(long)]
        stop: bool,
    },
    /// The embedded PostgreSQL of this folder.
    Database {
        #[command(subcommand)]
        command: DatabaseCommand,
    },
}

#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Start it, unless it runs, and print its address.
    Start {
        /// For tests: nothing is flushed to the disk.
        #[arg(long)]
        fast: bool,
    },
    /// Stop it.
    Stop,
    /// Print its address.
    Url,
    /// Stop it and remove it with everything in it.
    Forget,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start();
    // An error only says that the process has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// For people: the chain of causes, one a line.
#[expect(clippy::print_stderr, reason = "the one place where a command says why it failed")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("storeside: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::FAILURE
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve => {
            let (base, serve) = both(config::base(&variable), config::serve(&variable))?;
            processes::serve(base, serve).await
        }
        Command::Work { metrics_addr } => {
            let (base, work) = both(config::base(&variable), config::work(&variable))?;
            processes::work(base, work, metrics_addr).await
        }
        Command::Migrate => migrate(&config::base(&variable)?).await,
        Command::Seed => seed(&config::base(&variable)?).await,
        Command::Import(arguments) => import::run(&desk().await?, &arguments).await,
        Command::Export { command } => export::run(&desk().await?, &command).await,
        Command::Rules { command } => rules::run(&desk().await?, &command).await,
        Command::Price(arguments) => price::run(&desk().await?, &arguments).await,
        Command::Verify { command } => verify::run(&desk().await?, &command).await,
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::BadCart { command } => bad_cart::run(&desk().await?, &command).await,
        Command::Debt { command } => debt::run(&desk().await?, &command).await,
        Command::Effect { command } => effect::run(&desk().await?, &command).await,
        Command::Pause { command } => pause::run(&desk().await?, &command).await,
        Command::Alert { command } => alert::run(&desk().await?, &command).await,
        Command::Trip { command } => trip::run(&desk().await?, &command).await,
        Command::Refund { command } => refund::run(&desk().await?, &command).await,
        Command::Payoff { command } => {
            let checkout = Checkout::new(config::stripe(&variable).as_ref(), "")?;
            payoff::run(&desk().await?, &checkout, &command).await
        }
        Command::Audit { command } => audit::run(&desk().await?, &command).await,
        Command::Staff { command } => staff::run(&desk().await?, &command).await,
        Command::Demo { stop: true } => demo::stop().await,
        Command::Demo { stop: false } => demo::run().await,
        Command::Database { command } => embedded_database(command, &config::base(&variable)?).await,
    }
}

async fn desk() -> anyhow::Result<Desk> {
    let base = config::base(&variable)?;
    let address = database::address(base.database_url.as_ref(), &base.data_dir, base.pg_bin.as_deref()).await?;
    // Commands show their progress themselves: what takes its time there is no news for the log.
    Ok(Desk { database: database::connect(address.disable_statement_logging()).await?, now: base.clock.now() })
}

/// The mistakes of both, when there are any.
fn both<A, B>(
    a: Result<A, config::ConfigError>,
    b: Result<B, config::ConfigError>,
) -> Result<(A, B), config::ConfigError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => Err(config::ConfigError(a.0.into_iter().chain(b.0).collect())),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn migrate(base: &BaseConfig) -> anyhow::Result<()> {
    let address = database::address(base.database_url.as_ref(), &base.data_dir, base.pg_bin.as_deref()).await?;
    let count = database::migrate(&address).await?;
    println!("The database is up to date: {count} migrations.");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn seed(base: &BaseConfig) -> anyhow::Result<()> {
    let database = processes::open_database(base).await?;
    if seed_demo(&database, base.clock.now()).await? {
        println!("The demo store {DEMO_STORE} is there, with its prices and taxes.");
    } else {
        println!("The demo store {DEMO_STORE} was there, and is left as it is.");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn embedded_database(command: DatabaseCommand, base: &BaseConfig) -> anyhow::Result<()> {
    match command {
        DatabaseCommand::Start { fast } => {
            let durability = if fast { Durability::Fast } else { Durability::Durable };
            let started = embedded::ensure_running(&base.data_dir, base.pg_bin.as_deref(), durability).await?;
            println!("{}", started.url);
        }
        DatabaseCommand::Stop => {
            embedded::stop(&base.data_dir).await?;
        }
        DatabaseCommand::Url => println!("{}", embedded::url(&base.data_dir)?),
        DatabaseCommand::Forget => embedded::forget(&base.data_dir).await?,
    }
    Ok(())
}
