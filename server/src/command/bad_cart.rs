//! `storeside bad-cart`: carts with lines that could not be priced.

use std::collections::BTreeMap;

use anyhow::Context;
use domain::id::{Sku, TripId};

use super::{Desk, moment_text, say};
use crate::flow::review_cart::{Reviewer, list_bad_carts, price_bad_cart, release_bad_cart};

/// The words after `storeside bad-cart`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All of them, those that wait for a person first.
    List,
    /// Say which articles its lines are, and charge it.
    Price {
        /// The visit.
        trip: TripId,
        /// A line and the article it is, like 3=SKU-004. Lines that are not named stay uncharged.
        #[arg(value_name = "LINE=SKU")]
        lines: Vec<String>,
        /// Who says so.
        #[arg(long = "as", value_name = "STAFF")]
        by: String,
        /// Why, for auditors.
        #[arg(long)]
        reason: String,
    },
    /// Charge nothing and release the hold.
    Release {
        /// The visit.
        trip: TripId,
        /// Who says so.
        #[arg(long = "as", value_name = "STAFF")]
        by: String,
        /// Why, for auditors.
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
        Command::Price { trip, lines, by, reason } => {
            let reviewer = Reviewer { by, reason: super::reason(reason)? };
            let found = lines.iter().map(|text| line(text)).collect::<anyhow::Result<BTreeMap<u32, Sku>>>()?;
            let total = price_bad_cart(&desk.database, trip, &found, reviewer, desk.now).await?;
            say(&format!("{trip}: {total} is being charged."));
            Ok(())
        }
        Command::Release { trip, by, reason } => {
            let reviewer = Reviewer { by, reason: super::reason(reason)? };
            release_bad_cart(&desk.database, trip, reviewer, desk.now).await?;
            say(&format!("{trip}: nothing is charged, the hold is released."));
            Ok(())
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

fn line(text: &str) -> anyhow::Result<(u32, Sku)> {
    let (line_no, sku) = text.split_once('=').with_context(|| format!("{text:?} is not like 3=SKU-004"))?;
    let line_no = line_no.parse().with_context(|| format!("{line_no:?} is not the number of a line"))?;
    Ok((line_no, Sku::new(sku).with_context(|| format!("{sku:?} is not an article number"))?))
}
