//! `storeside alert`: what a person must look at.

use super::{Desk, moment_text, reason, say};
use crate::flow::close_alert::{close_alert, list_alerts};
use crate::flow::staff::Person;

/// The words after `storeside alert`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that are open, the oldest first.
    List,
    /// Say that somebody has looked at it.
    Close {
        /// Its number in the list.
        id: i64,
        /// Who says so.
        #[arg(long = "as", value_name = "STAFF")]
        by: String,
        /// What was found, for auditors.
        #[arg(long)]
        reason: String,
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
        Command::Close { id, by, reason: why } => {
            close_alert(&desk.database, *id, Person { by, reason: reason(why)? }, desk.now).await?;
            say(&format!("Alert {id} is closed."));
            Ok(())
        }
    }
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    let alerts = list_alerts(&desk.database).await?;
    if alerts.is_empty() {
        say("No alert is open.");
    }
    for alert in alerts {
        let (opened, last) = (moment_text(alert.opened_at), moment_text(alert.last_at));
        say(&format!(
            "{}  {}  {}  {} times, from {opened} to {last}",
            alert.id, alert.kind, alert.subject, alert.times
        ));
    }
    Ok(())
}
