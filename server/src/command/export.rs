//! `storeside export catalog`: the articles in force, as the file that `storeside import catalog` reads.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use domain::id::StoreId;

use super::table::catalog::CatalogWriter;
use super::{Desk, moment};
use crate::flow::export_catalog::export_catalog;

/// The words after `storeside export`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The articles in force.
    Catalog {
        /// Of which store.
        #[arg(long)]
        store: Option<StoreId>,
        /// Where to; else to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// As of when, like 2026-12-01T06:00:00Z; else now.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
}

/// Writes the file.
///
/// # Errors
///
/// A file that cannot be written, a store without rules, a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    let Command::Catalog { store, out, at } = command;
    let store = desk.store(store.as_ref()).await?;
    let at = at.as_deref().map(moment).transpose()?.unwrap_or(desk.now);
    let file: Box<dyn Write> = match out {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(std::io::stdout().lock()),
    };
    let mut writer = CatalogWriter::begin(file, &store)?;
    export_catalog::<anyhow::Error>(&desk.database, &store, at, |item| Ok(writer.write(item)?)).await?;
    Ok(writer.end()?)
}
