//! `storeside event`: what Amazon's event feed told of visits that nobody here has seen.

use domain::id::PaymentEventId;
use domain::payment_event::Fate;

use super::{By, Desk, moment_text, say};
use crate::flow::decide_event::{list_events, resolve_event, retry_event};

/// The words after `storeside event`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that are parked, or that wait to be told; the oldest first.
    List {
        /// Which.
        #[arg(long, default_value = "parked", value_parser = ["parked", "waiting"])]
        state: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Tell a parked one to its trip, which is known by now. That happens by itself as well, every few seconds.
    Retry {
        /// As the list shows it.
        id: PaymentEventId,
        /// Who says so, and why.
        #[command(flatten)]
        by: By,
    },
    /// Give a parked one up: its trip is not ours, or never was.
    Resolve {
        /// As the list shows it.
        id: PaymentEventId,
        /// Who says so, and why.
        #[command(flatten)]
        by: By,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { state, limit } => list(desk, state, *limit).await,
        Command::Retry { id, by } => {
            let fate = retry_event(&desk.database, id, by.person()?, desk.now).await?;
            say(&match fate {
                Fate::Ignored(why) => format!("{id} was looked at, and is without consequence: {}.", why.as_str()),
                Fate::Waiting | Fate::Parked | Fate::Applied => format!("{id} is {}.", fate.name()),
            });
            Ok(())
        }
        Command::Resolve { id, by } => {
            resolve_event(&desk.database, id, by.person()?, desk.now).await?;
            say(&format!("{id} is given up."));
            Ok(())
        }
    }
}

async fn list(desk: &Desk, state: &str, limit: i64) -> anyhow::Result<()> {
    let events = list_events(&desk.database, state, limit).await?;
    if events.is_empty() {
        say(&format!("No event is {state}."));
    }
    for event in events {
        let trip = event.trip.map_or_else(|| "no trip".to_owned(), |trip| trip.to_string());
        let amount = event.amount.map(|(minor, currency)| format!("  {currency} {minor} (minor units)"));
        let (occurred, received) = (moment_text(event.occurred_at), moment_text(event.received_at));
        let amount = amount.unwrap_or_default();
        say(&format!("{}  {}  {trip}{amount}  happened {occurred}  received {received}", event.id, event.name));
    }
    Ok(())
}
