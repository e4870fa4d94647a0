//! `storeside pause`: APIs of Amazon's that everyone leaves alone for a while.

use anyhow::Context;
use domain::attempt::Api;
use domain::pause::Pause;

use super::{By, Desk, moment_text, say};
use crate::flow::pause::{lift_pause, list_pauses};

/// The words after `storeside pause`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that are paused, or that fail.
    List,
    /// Call one again now.
    Lift {
        /// Its name, like `capture_charge`.
        api: String,
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
        Command::List => list(desk).await,
        Command::Lift { api, by } => {
            let names = || Api::ALL.iter().map(|api| api.as_str()).collect::<Vec<_>>().join(", ");
            let api: Api = api.parse().with_context(|| format!("{api:?} is none of {}", names()))?;
            lift_pause(&desk.database, api, by.person()?, desk.now).await?;
            say(&format!("{api} is called again."));
            Ok(())
        }
    }
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    let pauses = list_pauses(&desk.database).await?;
    if pauses.is_empty() {
        say("No API is paused.");
    }
    for row in pauses {
        let state = match row.pause {
            Pause::Flowing { streak } => {
                format!("is called; failures in a row: {}", streak.map_or(0, |it| it.failures))
            }
            Pause::Asked { until } => format!("is paused until {}, as Amazon asked", moment_text(until)),
            Pause::Tripped { until, trips } => {
                format!(
                    "is paused until {}: it did not work; probes that failed: {}",
                    moment_text(until),
                    trips.saturating_sub(1)
                )
            }
            Pause::Probing { until, .. } => format!("is paused, with a probe out until {}", moment_text(until)),
        };
        say(&format!("{}  {state}", row.api));
    }
    Ok(())
}
