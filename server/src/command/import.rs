//! `storeside import`: a file becomes part of the store's draft.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::ValueEnum;
use domain::id::StoreId;
use indicatif::{ProgressBar, ProgressStyle};

use super::table::{Table, catalog, loyalty, promotion, risk, tax};
use super::{Desk, rules, say};
use crate::flow::import_loyalty::{ImportedLoyalty, LoyaltyImport, import_loyalty};
use crate::flow::import_rules::{self, Import, ImportError, Imported, Listener, Phase, import_rules};
use crate::flow::staff::store_currency;

/// What can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Articles.
    Catalog,
    /// Promotions.
    Promotions,
    /// Tax rates.
    Taxes,
    /// Rules for the gate.
    Risk,
    /// Loyalty accounts, which belong to every store and take effect at once.
    Loyalty,
}

/// What a file of rules holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Articles.
    Catalog,
    /// Promotions.
    Promotions,
    /// Tax rates.
    Taxes,
    /// Rules for the gate.
    Risk,
}

/// The words after `storeside import`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What is in the file.
    pub what: Subject,
    /// The file, CSV with a heading.
    pub file: PathBuf,
    /// Who imports it.
    #[arg(long = "as", value_name = "STAFF")]
    pub by: String,
    /// For which store; may be left out where there is one only.
    #[arg(long)]
    pub store: Option<StoreId>,
    /// Only say what would change.
    #[arg(long)]
    pub dry_run: bool,
}

/// Imports a file, or says line by line why not.
///
/// # Errors
///
/// A file that cannot be read, rows that were refused, a database that is away.
pub async fn run(desk: &Desk, arguments: &Arguments) -> anyhow::Result<()> {
    let path = &arguments.file;
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let bar = progress_bar(file.metadata().map_or(0, |it| it.len()));
    let source = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let what = match arguments.what {
        Subject::Catalog => What::Catalog,
        Subject::Promotions => What::Promotions,
        Subject::Taxes => What::Taxes,
        Subject::Risk => What::Risk,
        Subject::Loyalty => {
            if arguments.store.is_some() {
                bail!("loyalty accounts belong to every store: leave out --store");
            }
            let import = LoyaltyImport { source: &source, by: &arguments.by, dry_run: arguments.dry_run };
            let outcome = import_loyalty_file(desk, import, bar.wrap_read(file), path).await;
            bar.finish_and_clear();
            report_loyalty(arguments.dry_run, outcome?);
            return Ok(());
        }
    };
    let store = desk.store(arguments.store.as_ref()).await?;
    let import = Import { store: &store, source: &source, by: &arguments.by, dry_run: arguments.dry_run };
    let shown = bar.clone();
    let listener = move |phase| show(&shown, phase);
    let outcome = import_file_telling(desk, import, what, bar.wrap_read(file), path, &listener).await;
    bar.finish_and_clear();
    let imported = outcome?;
    report(arguments, &store, &imported);
    Ok(())
}

/// Imports loyalty accounts from any reader.
///
/// # Errors
///
/// As [`run`].
pub async fn import_loyalty_file(
    desk: &Desk,
    import: LoyaltyImport<'_>,
    file: impl Read + 'static,
    path: &Path,
) -> anyhow::Result<ImportedLoyalty> {
    let table = Table::open(file, loyalty::COLUMNS, &[]).with_context(|| path.display().to_string())?;
    let outcome = import_loyalty(&desk.database, desk.vault()?, import, &mut table.rows(loyalty::read), desk.now).await;
    outcome.map_err(|error| told(error, path))
}

/// Imports rows from any reader.
///
/// # Errors
///
/// As [`run`].
pub async fn import_file(
    desk: &Desk,
    import: Import<'_>,
    what: What,
    file: impl Read + 'static,
    path: &Path,
) -> anyhow::Result<Imported> {
    import_file_telling(desk, import, what, file, path, &|_| ()).await
}

/// Imports rows from any reader and tells how far it is.
///
/// # Errors
///
/// As [`run`].
pub async fn import_file_telling(
    desk: &Desk,
    import: Import<'_>,
    what: What,
    file: impl Read + 'static,
    path: &Path,
    listener: Listener<'_>,
) -> anyhow::Result<Imported> {
    let currency = store_currency(&desk.database, import.store).await?;
    let currency = currency.with_context(|| format!("the store {} is not served here", import.store))?;
    let store = import.store.clone();
    let name = path.display();
    let outcome = match what {
        What::Catalog => {
            let table = Table::open(file, catalog::COLUMNS, catalog::IGNORED).with_context(|| name.to_string())?;
            let mut rows = table.rows(move |cells| catalog::read(cells, &store, currency));
            import_rules(&desk.database, import, import_rules::File::Catalog(&mut rows), listener, desk.now).await
        }
        What::Promotions => {
            let table = Table::open(file, promotion::COLUMNS, &[]).with_context(|| name.to_string())?;
            let mut rows = table.rows(move |cells| promotion::read(cells, currency));
            import_rules(&desk.database, import, import_rules::File::Promotions(&mut rows), listener, desk.now).await
        }
        What::Taxes => {
            let table = Table::open(file, tax::COLUMNS, &[]).with_context(|| name.to_string())?;
            let mut rows = table.rows(tax::read);
            import_rules(&desk.database, import, import_rules::File::Taxes(&mut rows), listener, desk.now).await
        }
        What::Risk => {
            let table = Table::open(file, risk::COLUMNS, &[]).with_context(|| name.to_string())?;
            let mut rows = table.rows(move |cells| risk::read(cells, currency));
            import_rules(&desk.database, import, import_rules::File::Risk(&mut rows), listener, desk.now).await
        }
    };
    outcome.map_err(|error| told(error, path))
}

/// Refused rows line by line, anything else as it is.
fn told(error: ImportError, path: &Path) -> anyhow::Error {
    let ImportError::Refused { some, count } = error else { return error.into() };
    let name = path.display();
    let lines = some.iter().map(|refused| {
        let column = if refused.column.is_empty() { String::new() } else { format!(", {}", refused.column) };
        format!("{name}: line {}{column}: {}", refused.line_no, refused.reason)
    });
    let mut lines: Vec<String> = lines.collect();
    if count > some.len() {
        lines.push(format!("… and {} more", count.saturating_sub(some.len())));
    }
    anyhow!("{count} mistakes, nothing was imported:\n{}", lines.join("\n"))
}

/// How much of a file is read. Nothing is drawn where nobody looks.
fn progress_bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {msg} {elapsed}");
    let bar = ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message("read");
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Once the file is read, the database works for a while: what it is doing, with how many rows, takes the place of the bar.
fn show(bar: &ProgressBar, phase: Phase) {
    let words = phase_words(phase);
    if !matches!(phase, Phase::Reading(_)) {
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    }
    bar.set_message(words);
}

fn phase_words(phase: Phase) -> String {
    match phase {
        Phase::Reading(rows) => format!("{rows} rows read"),
        Phase::Comparing(rows) => format!("2 of 5: comparing {rows} rows with each other"),
        Phase::Keeping(rows) => format!("3 of 5: keeping {rows} rows"),
        Phase::Checking(rows) => format!("4 of 5: checking the draft with these {rows} rows"),
        Phase::Differing(rows) => format!("5 of 5: looking in {rows} rows for what differs"),
    }
}

fn report(arguments: &Arguments, store: &StoreId, imported: &Imported) {
    let done = if arguments.dry_run { "would be read into" } else { "are now in" };
    say(&format!("{} rows {done} the draft of {store}.", imported.rows));
    rules::print_changes(&imported.changes);
    if !imported.pending.is_empty() {
        say("Before it can be published, these must be imported anew:");
        for line in &imported.pending {
            say(&format!("  {line}"));
        }
    }
    if !arguments.dry_run {
        say("Next: `storeside rules diff`, then a second person's `storeside rules publish --as …`.");
    }
}

fn report_loyalty(dry_run: bool, imported: ImportedLoyalty) {
    let ImportedLoyalty { rows, added, changed, ended } = imported;
    let would = if dry_run { "Nothing was kept; it would be: " } else { "" };
    say(&format!(
        "{would}{rows} rows: {added} new members, {changed} with another address, {ended} no members any more."
    ));
}
