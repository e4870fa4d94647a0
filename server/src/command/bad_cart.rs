//! `storeside bad-cart`: carts with lines that could not be priced.

use domain::id::TripId;

use self::lines::Lines;
use super::{By, Desk, moment_text, say};
use crate::flow::review_cart::{Reviewed, list_bad_carts, price_bad_cart, release_bad_cart};

mod lines;

/// The words after `storeside bad-cart`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All of them, those that wait for a person first.
    List,
    /// Say what its lines are, and charge it. Lines that are not named stay uncharged. After a capture, or when nothing can be
    /// charged any more, what was said is booked as the store's loss instead.
    Price {
        /// The visit.
        trip: TripId,
        /// What its lines are.
        #[command(flatten)]
        lines: Lines,
        /// Who says so, and why.
        #[command(flatten)]
        by: By,
    },
    /// Charge nothing and release the hold.
    Release {
        /// The visit.
        trip: TripId,
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
        Command::Price { trip, lines, by } => {
            let reviewed = price_bad_cart(&desk.database, trip, &lines.0, by.person()?, desk.now).await?;
            say(&format!("{trip}: {}", outcome(reviewed)));
            Ok(())
        }
        Command::Release { trip, by } => {
            release_bad_cart(&desk.database, trip, by.person()?, desk.now).await?;
            say(&format!("{trip}: nothing is charged, the hold is released."));
            Ok(())
        }
    }
}

fn outcome(reviewed: Reviewed) -> String {
    match reviewed {
        Reviewed::Charged(total) => format!("{total} is being charged."),
        Reviewed::Lost { booked, lost } if booked.is_zero() => {
            format!("nothing can be charged any more, and nothing is booked: {lost} is lost in all.")
        }
        Reviewed::Lost { booked, lost } => {
            format!(
                "nothing can be charged any more: {booked} is booked as the store's loss, {lost} in all. The shopper is not charged."
            )
        }
    }
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    let carts = list_bad_carts(&desk.database).await?;
    if carts.is_empty() {
        say("No bad carts.");
    }
    for cart in carts {
        let deadline = moment_text(cart.deadline_at);
        say(&format!("{}  {}  {}  until {deadline}  recognised: {}", cart.trip, cart.store, cart.state, cart.total));
        for bad in &cart.bad_lines {
            let quantity = &bad.item.quantity;
            let (cause, value) = (bad.cause.as_str().replace('_', " "), quantity.value);
            say(&format!("  line {}: {} ({value} {}): {cause}", bad.line_no, bad.item.id, quantity.unit));
        }
    }
    Ok(())
}
