//! `storeside audit`: who changed what.

use super::{Desk, moment_text, say};
use crate::flow::read_audit::read_audit;

/// The words after `storeside audit`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// What was done to one subject, the oldest first.
    List {
        /// A trip, an instrument, a person, a rule set: whatever a row names.
        #[arg(long)]
        subject: String,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// A database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    let Command::List { subject } = command;
    let mut count = 0_u64;
    read_audit(&desk.database, subject, |row| {
        count = count.saturating_add(1);
        let at = moment_text(row.recorded_at);
        say(&format!("{:>8}  {at}  {}  {}  {}", row.id, row.actor, row.action, row.detail));
    })
    .await?;
    if count == 0 {
        say(&format!("Nothing was recorded of {subject}."));
    }
    Ok(())
}
