//! `storeside price`: what a cart costs, and why.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use domain::id::StoreId;
use domain::pricing::{Occasion, Purchase};

use super::{Desk, moment, say};
use crate::connector::create_purchases::parse_cart;
use crate::flow::price_cart::price_cart;

/// The words after `storeside price`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A JSON file with `cartItems` as Amazon sends them.
    pub cart: PathBuf,
    /// Say how each amount came about.
    #[arg(long)]
    pub explain: bool,
    /// In which store; else the cart's `storeId`, else the only one.
    #[arg(long)]
    pub store: Option<StoreId>,
    /// For a visit that began when, like 2026-11-21T09:00:00Z; else the cart's `startTime`, else now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// For a member.
    #[arg(long)]
    pub member: bool,
}

/// Prices the cart. Nothing is kept.
///
/// # Errors
///
/// A file that is not a cart, a store without rules, a database that is away.
pub async fn run(desk: &Desk, arguments: &Arguments) -> anyhow::Result<()> {
    let name = arguments.cart.display();
    let body = std::fs::read(&arguments.cart).with_context(|| format!("{name} cannot be read"))?;
    let alone = parse_cart(&body).map_err(|problems| {
        let all: Vec<String> = problems.all().iter().map(|it| format!("{}: {}", it.field, it.problem)).collect();
        anyhow!("{name} is not a cart:\n{}", all.join("\n"))
    })?;
    let store = desk.store(arguments.store.as_ref().or(alone.store.as_ref())).await?;
    let at = arguments.at.as_deref().map(moment).transpose()?.or(alone.started_at).unwrap_or(desk.now);
    let occasion = Occasion { at, member: arguments.member };
    let purchase = price_cart(&desk.database, &store, &alone.cart, occasion).await?;
    print(&purchase, arguments.explain);
    Ok(())
}

fn print(purchase: &Purchase, explain: bool) {
    for line in &purchase.lines {
        let (quantity, unit) = (line.quantity.normalize(), &line.unit);
        say(&format!("{:>3}  {}  {quantity} {unit} at {}: {}", line.line_no, line.name, line.unit_price, line.price));
        if explain {
            for step in &line.explanation {
                say(&format!("       {step}"));
            }
        }
    }
    for bad in &purchase.bad_lines {
        say(&format!("{:>3}  {}  not charged: {}", bad.line_no, bad.item.id, bad.cause.as_str().replace('_', " ")));
    }
    if explain {
        for step in &purchase.explanation {
            say(&format!("     {step}"));
        }
    }
    say(&format!(
        "Price {}, promotions -{}, tax {} (and {} included), deposits {}: total {}",
        purchase.price, purchase.promotions, purchase.tax, purchase.tax_included, purchase.deposits, purchase.total
    ));
}
