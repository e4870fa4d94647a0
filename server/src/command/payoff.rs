//! `storeside payoff`: what shoppers pay online, and whether Stripe says the same.

use super::{Desk, moment_text, say};
use crate::flow::payoff::{Checkout, list, match_balance};

/// Payoffs that are listed when nobody says how many.
const LISTED: i64 = 100;

/// The words after `storeside payoff`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Payoffs, the newest first.
    List {
        /// In one state: created, open, expired, abandoned, paid, disputed, lost, won.
        #[arg(long)]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = LISTED)]
        limit: i64,
    },
    /// Match payoffs with Stripe's balance. What Stripe charged and nobody counted is counted; all other differences are listed.
    Match {
        /// Of the last so many days.
        #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(i64).range(1..=400))]
        days: i64,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database or a Stripe that is away; differences, so that whoever runs it by the clock hears of them.
pub async fn run(desk: &Desk, checkout: &Checkout, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { state, limit } => show(desk, state.as_deref(), *limit).await,
        Command::Match { days } => {
            let breaks = match_balance(&desk.database, checkout, *days, desk.now).await?;
            for found in &breaks {
                let kind = found.kind.as_str().replace('_', " ");
                say(&format!("{}  {kind}: {} here, {} at Stripe", found.payoff, found.ours, found.theirs));
            }
            match breaks.len() {
                0 => say(&format!("The payoffs of the last {days} days and Stripe's balance agree.")),
                count => anyhow::bail!("{count} payoffs differ from Stripe's balance; each has an alert"),
            }
            Ok(())
        }
    }
}

async fn show(desk: &Desk, state: Option<&str>, limit: i64) -> anyhow::Result<()> {
    let payoffs = list(&desk.database, state, limit).await?;
    if payoffs.is_empty() {
        say("No such payoffs.");
    }
    for it in payoffs {
        let paid = it.paid_at.map_or_else(|| "not paid".to_owned(), |at| format!("paid {}", moment_text(at)));
        let payment = it.state.paid_by().map(|by| format!("  {}", by.payment)).unwrap_or_default();
        let asked = moment_text(it.created_at);
        say(&format!("{}  {}  {}  asked for {asked}  {paid}{payment}", it.id, it.amount, it.state.name()));
    }
    Ok(())
}
