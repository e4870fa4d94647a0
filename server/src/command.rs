//! What people type: one file a command. They translate, as the connectors do: files and words become values of `domain`, a flow does
//! the work, and what came of it is printed for a person.

use anyhow::{Context, bail};
use domain::id::StoreId;
use sqlx::PgPool;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::flow::staff::Person;
use crate::vault::Vault;

pub mod alert;
pub mod audit;
pub mod bad_cart;
pub mod canary;
pub mod debt;
pub mod dispute;
pub mod doctor;
pub mod effect;
pub mod event;
pub mod export;
pub mod gate;
pub mod import;
pub mod keys;
pub mod pause;
pub mod payment_link;
pub mod payoff;
pub mod price;
pub mod refund;
pub mod rules;
pub mod seed;
pub mod simulate;
pub mod staff;
pub mod table;
pub mod trip;
pub mod verify;

/// What every command works with.
#[derive(Debug)]
pub struct Desk {
    /// The database.
    pub database: PgPool,
    /// The time, by the program's clock.
    pub now: OffsetDateTime,
    /// What opens what is personal. `None`: `STORESIDE_SECRET_KEY` is not set, and most commands do not need it.
    pub vault: Option<Vault>,
}

impl Desk {
    /// What opens what is personal.
    ///
    /// # Errors
    ///
    /// When `STORESIDE_SECRET_KEY` is not set.
    pub fn vault(&self) -> anyhow::Result<&Vault> {
        self.vault.as_ref().context("STORESIDE_SECRET_KEY is not set: this command reads or writes what it seals")
    }

    /// The store a command is for: the one that was named, else the only one there is.
    ///
    /// # Errors
    ///
    /// When there is no store, or more than one and none was named.
    pub async fn store(&self, named: Option<&StoreId>) -> anyhow::Result<StoreId> {
        if let Some(named) = named {
            return Ok(named.clone());
        }
        let stores = crate::flow::staff::list_stores(&self.database).await?;
        match &stores[..] {
            [only] => Ok(only.clone()),
            [] => bail!("there is no store yet: `storeside seed` makes the demo's"),
            many => {
                let names: Vec<&str> = many.iter().map(StoreId::as_str).collect();
                bail!("there are {} stores: say which one with --store ({})", many.len(), names.join(", "))
            }
        }
    }
}

/// A moment as people write it: `2026-11-21T09:00:00Z`.
///
/// # Errors
///
/// When it is written in another way.
pub fn moment(text: &str) -> anyhow::Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).with_context(|| format!("{text:?} is not a moment like 2026-11-21T09:00:00Z"))
}

/// A moment as [`moment`] reads it.
#[must_use]
pub fn moment_text(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.unix_timestamp().to_string())
}

/// Prints a line of a command's answer.
#[expect(clippy::print_stdout, reason = "a command's answer")]
fn say(line: &str) {
    println!("{line}");
}

/// Who says so, and why: what a decision asks for.
#[derive(Debug, clap::Args)]
pub struct By {
    /// Who says so.
    #[arg(long = "as", value_name = "STAFF")]
    by: String,
    /// Why, for auditors.
    #[arg(long)]
    reason: String,
}

impl By {
    fn person(&self) -> anyhow::Result<Person<'_>> {
        Ok(Person { by: &self.by, reason: reason(&self.reason)? })
    }
}

/// A reason that auditors can read.
///
/// # Errors
///
/// When it is too short to say anything, or too long to be read.
fn reason(text: &str) -> anyhow::Result<&str> {
    if !(10..=500).contains(&text.trim().chars().count()) {
        bail!("--reason must have 10 to 500 characters: auditors read it");
    }
    Ok(text.trim())
}
