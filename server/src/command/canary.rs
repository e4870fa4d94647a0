//! `storeside canary`: visits whose cards nobody signs in with, except a thief.

use domain::id::TripId;

use super::{By, Desk, say};
use crate::flow::canary::{add_canary, list_canaries};

/// The words after `storeside canary`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Raise an alert whenever somebody signs in with facts of this visit's card.
    Add {
        /// The visit.
        trip: TripId,
        /// Who, and why.
        #[command(flatten)]
        by: By,
    },
    /// Those there are.
    List,
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Add { trip, by } => {
            add_canary(&desk.database, trip, by.person()?, desk.now).await?;
            say(&format!("Trip {trip} is a canary now."));
        }
        Command::List => {
            let canaries = list_canaries(&desk.database).await?;
            if canaries.is_empty() {
                say("There are no canaries.");
            }
            canaries.iter().for_each(|trip| say(trip.as_str()));
        }
    }
    Ok(())
}
