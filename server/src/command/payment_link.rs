//! `storeside payment-link`: a way to pay for somebody whom nobody knows.

use domain::id::{EmailAddress, TripId};

use super::{By, Desk, say};
use crate::flow::payment_link::{link_address, send_link};

/// The words after `storeside payment-link`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a link that opens one visit, once, for 7 days. `storeside debt list` shows which visits are owed, by store and time.
    Send {
        /// The visit.
        trip: TripId,
        /// Mail it to this address.
        #[arg(long, value_name = "EMAIL", required_unless_present = "print", conflicts_with = "print", value_parser = address)]
        to: Option<EmailAddress>,
        /// Print it, to be handed over.
        #[arg(long)]
        print: bool,
        /// Who, and why.
        #[command(flatten)]
        by: By,
    },
}

fn address(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::new(text).map_err(|error| error.to_string())
}

/// Does what was asked. `public_url` is where the portal is; it is asked for only where it is needed.
///
/// # Errors
///
/// What the flow says; a setting that is missing; a database that is away.
pub async fn run(
    desk: &Desk,
    public_url: &dyn Fn() -> anyhow::Result<String>,
    command: &Command,
) -> anyhow::Result<()> {
    let Command::Send { trip, to, by, .. } = command;
    let portal = public_url()?;
    let token = send_link(&desk.database, desk.vault()?, trip, to.as_ref(), by.person()?, desk.now).await?;
    match to {
        Some(to) => say(&format!("A link for trip {trip} is on its way to {}.", to.masked())),
        None => say(&link_address(&portal, &token)),
    }
    Ok(())
}
