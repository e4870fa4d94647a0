//! `storeside`: the commands.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::command::seed::seed_demo;
use server::command::{
    Desk, alert, audit, bad_cart, canary, debt, dispute, doctor, effect, event, export, gate, import, keys, pause,
    payment_link, payoff, price, refund, rules, simulate, staff, trip, verify,
};
use server::config::{self, BaseConfig};
use server::database::embedded::{self, Durability};
use server::flow::doctor::{Checkup, Finding};
use server::flow::payoff::Checkout;
use server::flow::seed_demo::DEMO_STORE;
use server::{database, demo, failpoint, log, openapi, server as processes};
use sqlx::ConnectOptions;

/// The usual one gives memory back to the system and asks for it again with every large cart and page, and keeps holes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Read prices, promotions, taxes or rules for the gate from a file into the draft.
    Import(import::Arguments),
    /// Write what is in force to a file.
    Export {
        #[command(subcommand)]
        command: export::Command,
    },
    /// The versions of prices, promotions, taxes and rules for the gate.
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
    /// Is everything set up? Asks each neighbour, and our own addresses as Amazon does; changes nothing.
    Doctor,
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
    /// What shoppers say of their debts, and who decides.
    Dispute {
        #[command(subcommand)]
        command: dispute::Command,
    },
    /// Who stays out, who comes in all the same, and what was decided.
    Gate {
        #[command(subcommand)]
        command: gate::Command,
    },
    /// Ways to pay for those whom nobody knows.
    PaymentLink {
        #[command(subcommand)]
        command: payment_link::Command,
    },
    /// Visits whose cards only a thief signs in with.
    Canary {
        #[command(subcommand)]
        command: canary::Command,
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
    /// What Amazon's event feed told of trips that nobody here has seen.
    Event {
        #[command(subcommand)]
        command: event::Command,
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
    /// The keys that seal what is personal.
    Keys {
        #[command(subcommand)]
        command: keys::Command,
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
    /// What Amazon and EventBridge call, as OpenAPI.
    Openapi,
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

fn base() -> Result<BaseConfig, config::ConfigError> {
    let base = config::base(&variable)?;
    base.failpoint.into_iter().for_each(failpoint::arm);
    Ok(base)
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve => {
            let (base, serve) = both(base(), config::serve(&variable))?;
            processes::serve(base, serve).await
        }
        Command::Work { metrics_addr } => {
            let (base, work) = both(base(), config::work(&variable))?;
            processes::work(base, work, metrics_addr).await
        }
        Command::Migrate => migrate(&base()?).await,
        Command::Seed => seed(&base()?).await,
        Command::Import(arguments) => import::run(&desk().await?, &arguments).await,
        Command::Export { command } => export::run(&desk().await?, &command).await,
        Command::Rules { command } => rules::run(&desk().await?, &command).await,
        Command::Price(arguments) => price::run(&desk().await?, &arguments).await,
        Command::Verify { command } => verify::run(&desk().await?, &command).await,
        Command::Doctor => ask_doctor().await,
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::BadCart { command } => bad_cart::run(&desk().await?, &command).await,
        Command::Debt { command } => debt::run(&desk().await?, &command).await,
        Command::Dispute { command } => dispute::run(&desk().await?, &command).await,
        Command::Gate { command } => {
            let portal = || config::public_url(&variable).map_err(Into::into);
            gate::run(&desk().await?, &portal, &command).await
        }
        Command::PaymentLink { command } => {
            let portal = || config::public_url(&variable).map_err(Into::into);
            payment_link::run(&desk().await?, &portal, &command).await
        }
        Command::Canary { command } => canary::run(&desk().await?, &command).await,
        Command::Effect { command } => effect::run(&desk().await?, &command).await,
        Command::Event { command } => event::run(&desk().await?, &command).await,
        Command::Pause { command } => pause::run(&desk().await?, &command).await,
        Command::Alert { command } => alert::run(&desk().await?, &command).await,
        Command::Keys { command } => keys::run(&desk().await?, &command).await,
        Command::Trip { command } => trip::run(&desk().await?, &command).await,
        Command::Refund { command } => refund::run(&desk().await?, &command).await,
        Command::Payoff { command } => {
            let checkout = Checkout::new(config::stripe(&variable).as_ref(), "")?;
            payoff::run(&desk().await?, &checkout, &command).await
        }
        Command::Audit { command } => audit::run(&desk().await?, &command).await,
        Command::Staff { command } => staff::run(&desk().await?, &command).await,
        Command::Openapi => describe(),
        Command::Demo { stop: true } => demo::stop().await,
        Command::Demo { stop: false } => demo::run().await,
        Command::Database { command } => embedded_database(command, &base()?).await,
    }
}

async fn desk() -> anyhow::Result<Desk> {
    let base = base()?;
    let address = database::address(base.database_url.as_ref(), &base.data_dir, base.pg_bin.as_deref()).await?;
    // Commands show their progress themselves: what takes its time there is no news for the log.
    let database = database::connect(address.disable_statement_logging()).await?;
    Ok(Desk { database, now: base.clock.now(), vault: base.vault })
}

/// What cannot be read of the settings is a finding like any other.
async fn ask_doctor() -> anyhow::Result<()> {
    let (base, serve, work) = (config::base(&variable), config::serve(&variable), config::work(&variable));
    let mistakes = [base.as_ref().err(), serve.as_ref().err(), work.as_ref().err()].into_iter().flatten();
    let mut told: Vec<config::Mistake> = vec![];
    for mistake in mistakes.flat_map(|error| &error.0) {
        if !told.contains(mistake) {
            told.push(mistake.clone());
        }
    }
    // What is wrong is told; the rest is asked about without it.
    let base = base.or_else(|error| {
        config::base(&|name| variable(name).filter(|_| !error.0.iter().any(|mistake| mistake.variable == name)))
    })?;
    let settings = told.into_iter().map(|it| Finding::wrong(it.variable, it.problem, "set it as .env.sample shows"));
    let work = work.ok();
    let checkup = Checkup {
        database: processes::open_running_database(&base).await,
        amazon: work.as_ref().map(|it| it.amazon.clone()),
        mail: work.map(|it| it.mail),
        own: config::own(&variable),
    };
    doctor::run(settings.collect(), &checkup, base.clock.now()).await
}

/// The mistakes of both, when there are any. What both read is told once.
fn both<A, B>(
    a: Result<A, config::ConfigError>,
    b: Result<B, config::ConfigError>,
) -> Result<(A, B), config::ConfigError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => {
            let told = b.0.into_iter().filter(|it| !a.0.contains(it)).collect::<Vec<_>>();
            Err(config::ConfigError(a.0.into_iter().chain(told).collect()))
        }
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
fn describe() -> anyhow::Result<()> {
    println!("{}", openapi::text()?);
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
