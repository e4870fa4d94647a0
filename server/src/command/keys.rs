//! `storeside keys`: the keys that seal what is personal.

use std::time::Duration;

use indicatif::ProgressBar;

use super::{By, Desk, say};
use crate::flow::renew_keys::{Renewed, renew_keys};

/// The words after `storeside keys`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Seal again with the newest key what an older one sealed; then the older one can be taken out of `STORESIDE_SECRET_KEY`.
    Renew {
        /// Who, and why.
        #[command(flatten)]
        by: By,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away; a setting that is missing.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    let Command::Renew { by } = command;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(250));
    let step = |so_far: Renewed| bar.set_message(words(so_far));
    let renewed = renew_keys(&desk.database, desk.vault()?, by.person()?, desk.now, step).await;
    bar.finish_and_clear();
    say(&format!("Sealed again: {}.", words(renewed?)));
    Ok(())
}

fn words(done: Renewed) -> String {
    let Renewed { shoppers, loyalty_accounts, cards, notes } = done;
    format!("{shoppers} shoppers, {loyalty_accounts} loyalty accounts, the card facts of {cards} visits, {notes} notes")
}
