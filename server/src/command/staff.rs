//! `storeside staff`: who may be named by `--as`.

use super::{Desk, say};
use crate::flow::staff::add_staff;

/// The words after `storeside staff`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add a person.
    Add {
        /// The name, like `ann`.
        name: String,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    let Command::Add { name } = command;
    add_staff(&desk.database, name, desk.now).await?;
    say(&format!("{name} works here now."));
    Ok(())
}
