//! `storeside effect`: what must happen outside, and has not.

use domain::id::OutboxId;

use super::{By, Desk, moment_text, say};
use crate::flow::decide_effect::{list_effects, resolve_effect, retry_effect};

/// The words after `storeside effect`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that are out of tries, or in another state; the nearest deadline first.
    List {
        /// Which.
        #[arg(long, default_value = "exhausted", value_parser = ["exhausted", "waiting", "claimed"])]
        state: String,
        /// Of one kind only, like `report_payment_status`: the trips whose payment status Amazon did not accept.
        #[arg(long)]
        kind: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Try one again that is out of tries, with all its tries.
    Retry {
        /// As the list shows it.
        id: OutboxId,
        /// Who says so, and why.
        #[command(flatten)]
        by: By,
    },
    /// End one that is out of tries: it was done by hand, or does not matter any more.
    Resolve {
        /// As the list shows it.
        id: OutboxId,
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
        Command::List { state, kind, limit } => list(desk, state, kind.as_deref(), *limit).await,
        Command::Retry { id, by } => {
            retry_effect(&desk.database, *id, by.person()?, desk.now).await?;
            say(&format!("{id} is tried again now."));
            Ok(())
        }
        Command::Resolve { id, by } => {
            resolve_effect(&desk.database, *id, by.person()?, desk.now).await?;
            say(&format!("{id} is ended."));
            Ok(())
        }
    }
}

async fn list(desk: &Desk, state: &str, kind: Option<&str>, limit: i64) -> anyhow::Result<()> {
    let effects = list_effects(&desk.database, state, kind, limit).await?;
    if effects.is_empty() {
        say(&format!("No effect is {state}."));
    }
    for effect in effects {
        let trip = effect.trip.map_or_else(|| "no trip".to_owned(), |trip| trip.to_string());
        let due = effect.due_at.map(|at| format!("  due {}", moment_text(at))).unwrap_or_default();
        let deadline = effect.deadline_at.map(|at| format!("  until {}", moment_text(at))).unwrap_or_default();
        say(&format!(
            "{}  {}  {trip}  {}  {} tries{due}{deadline}",
            effect.id, effect.kind, effect.state, effect.tries
        ));
        if let Some(problem) = effect.last_problem {
            say(&format!("  {problem}"));
        }
    }
    Ok(())
}
