//! `storeside dispute`: what shoppers say of their debts, and who decides.

use anyhow::bail;
use domain::dispute::{Dispute, DisputeKind};
use domain::id::DisputeId;

use super::debt::Who;
use super::{Desk, moment_text, say};
use crate::flow::dispute::{DisputeRow, Resolution, dispute_note, list_disputes, resolve_dispute};

/// The words after `storeside dispute`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that nobody has decided, the oldest first, with what the shopper added.
    List {
        /// The decided ones as well, the newest first.
        #[arg(long)]
        all: bool,
    },
    /// Decide one. The shopper reads the reason.
    Resolve {
        /// The dispute.
        dispute: DisputeId,
        /// The shopper is right: what is still owed need not be paid. Count a payment that was found first, by `debt pay`.
        #[arg(long, required_unless_present = "rejected")]
        upheld: bool,
        /// The debt stays.
        #[arg(long, conflicts_with = "upheld")]
        rejected: bool,
        /// Who, and why. Above the limit of a write-off, two people uphold it.
        #[command(flatten)]
        who: Who,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { all } => list(desk, *all).await,
        Command::Resolve { dispute, upheld, rejected, who } => {
            let resolution = match (*upheld, *rejected) {
                (true, false) => Resolution::Upheld,
                (false, true) => Resolution::Rejected,
                _ => bail!("say --upheld or --rejected"),
            };
            let row = resolve_dispute(&desk.database, *dispute, resolution, who.decider()?, desk.now).await?;
            say(&format!("{}  {}  trip {}", row.id, standing(&row.state), row.trip));
            Ok(())
        }
    }
}

async fn list(desk: &Desk, all: bool) -> anyhow::Result<()> {
    let disputes = list_disputes(&desk.database, all).await?;
    if disputes.is_empty() {
        say("No disputes.");
    }
    for row in disputes {
        let DisputeRow { id, trip, amount, opened_by, .. } = &row;
        let said = match row.kind {
            DisputeKind::AlreadyPaid => "already paid",
            DisputeKind::NotMine => "not mine",
        };
        let (stands, at) = (standing(&row.state), moment_text(row.opened_at));
        say(&format!("{id}  {stands}  {said}  {amount}  trip {trip}  opened by {opened_by} at {at}"));
        if let Some(vault) = &desk.vault
            && let Some(note) = dispute_note(&desk.database, vault, *id).await?
        {
            note.expose().lines().for_each(|line| say(&format!("  the shopper adds: {line}")));
        }
        if let (Some(by), Some(because)) = (&row.decided_by, &row.decided_because) {
            say(&format!("  decided by {by}: {because}"));
        }
    }
    Ok(())
}

fn standing(state: &Dispute) -> String {
    match state {
        Dispute::Open => "waits for a person".to_owned(),
        Dispute::Upheld { cleared } => format!("upheld, {cleared} need not be paid"),
        Dispute::Rejected => "rejected".to_owned(),
    }
}
