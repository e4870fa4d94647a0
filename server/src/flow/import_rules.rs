//! A file's articles, promotions, tax rates or rules for the gate become part of the store's draft, or nothing of them is kept.

use std::collections::BTreeSet;

use domain::catalog::CatalogItem;
use domain::gate::RiskRule;
use domain::id::StoreId;
use domain::label::Label;
use domain::promotion::Promotion;
use domain::store::Store;
use domain::tax::TaxRate;
use serde_json::json;
use sqlx::{PgConnection, PgPool, PgTransaction};
use time::OffsetDateTime;

use super::check_rules::{self, Lines};
use super::compare_rules::{RulesComparison, compare_parts};
use super::staff::{UnknownStaff, check_staff};
use crate::store::audit::AuditEntry;
use crate::store::catalog::CatalogCopy;
use crate::store::rule_part::{PartId, PartKind, Parts};
use crate::store::rule_set::RuleSetRow;
use crate::store::{self, StoreError};

/// Most refused rows that are told one by one.
pub const REFUSED_MAX: usize = 100;

/// A row that cannot be taken, and the cell that is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The line of the file, from 1 for its heading.
    pub line_no: u64,
    /// The column, by its heading. Empty: the whole row.
    pub column: &'static str,
    /// Why.
    pub reason: String,
}

/// Rows of a file, each with the line it begins at.
pub type Rows<T> = dyn Iterator<Item = (u64, Result<T, Vec<Refused>>)>;

/// What is in a file.
#[expect(missing_debug_implementations, reason = "a file being read has nothing to show")]
pub enum File<'a> {
    /// Articles, read one after the other.
    Catalog(&'a mut Rows<CatalogItem>),
    /// Promotions.
    Promotions(&'a mut Rows<Promotion>),
    /// Tax rates.
    Taxes(&'a mut Rows<TaxRate>),
    /// Rules for the gate.
    Risk(&'a mut Rows<RiskRule>),
}

impl File<'_> {
    const fn kind(&self) -> PartKind {
        match self {
            Self::Catalog(_) => PartKind::Catalog,
            Self::Promotions(_) => PartKind::Promotions,
            Self::Taxes(_) => PartKind::Taxes,
            Self::Risk(_) => PartKind::Risk,
        }
    }
}

/// Whose file, for which store.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// The file's name.
    pub source: &'a str,
    /// The person.
    pub by: &'a str,
    /// Only look what would change?
    pub dry_run: bool,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// So many rows were read.
    Reading(u64),
    /// So many rows are compared with each other.
    Comparing(u64),
    /// So many rows are kept.
    Keeping(u64),
    /// The rest of the draft is checked against so many rows.
    Checking(u64),
    /// What differs from the rules of before is looked for in so many rows.
    Differing(u64),
}

/// Hears how far an import is, in the order of [`Phase`].
pub type Listener<'a> = &'a (dyn Fn(Phase) + Sync);

/// How many rows are read between two reports.
const TOLD_EVERY: u64 = 10_000;

/// What an import did, or would do.
#[derive(Debug)]
pub struct Imported {
    /// Rows in the file.
    pub rows: u64,
    /// What differs from the draft as it was before, or from what was published last.
    pub changes: RulesComparison,
    /// What now contradicts the file in the rest of the draft, and must be imported anew before the draft can be published.
    pub pending: Vec<String>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// We do not serve this store.
    #[error("the store {0} is not served here")]
    UnknownStore(StoreId),
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// Rows cannot be taken: some of them, and how many there are.
    #[error("{count} rows were refused, and nothing was imported")]
    Refused {
        /// The first ones, by line.
        some: Vec<Refused>,
        /// All of them.
        count: usize,
    },
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Imports a file into the store's draft.
///
/// # Errors
///
/// See [`ImportError`]. Nothing is kept then; the rules in force are not touched either way.
pub async fn import_rules(
    db: &PgPool,
    import: Import<'_>,
    file: File<'_>,
    listener: Listener<'_>,
    now: OffsetDateTime,
) -> Result<Imported, ImportError> {
    let mut tx = db.begin().await?;
    let settings = store::settings::get(&mut tx, import.store).await?;
    let settings = settings.ok_or_else(|| ImportError::UnknownStore(import.store.clone()))?;
    check_staff(&mut tx, import.by).await??;
    store::settings::lock_rules(&mut tx, import.store).await?;
    let draft = store::rule_set::lock_draft(&mut tx, import.store).await?;
    let before = match &draft {
        Some(draft) => draft.parts,
        None => last_published(&mut tx, import, now).await?,
    };
    let kind = file.kind();
    let part = store::rule_part::insert(&mut tx, import.store, kind, import.source, Some(import.by), now).await?;
    let mut refused = Collected::default();
    let parts = before.with(kind, part);
    let (rows, lines) = match file {
        File::Catalog(rows) => write_catalog(&mut tx, &settings, parts, rows, &mut refused, listener).await?,
        File::Promotions(rows) => write_promotions(&mut tx, &settings, parts, rows, &mut refused, now).await?,
        File::Taxes(rows) => write_taxes(&mut tx, parts, rows, &mut refused).await?,
        File::Risk(rows) => write_risk(&mut tx, part, rows, &mut refused).await?,
    };
    refused.end()?;
    store::rule_part::save_row_count(&mut tx, part, rows).await?;
    listener(Phase::Checking(rows));
    let mut pending = vec![];
    for error in check_rules::check(&mut tx, &settings, parts).await? {
        match lines.find(&error) {
            Some((line_no, column)) => refused.push([Refused { line_no, column, reason: error.problem.to_string() }]),
            None => pending.push(error.to_string()),
        }
    }
    refused.end()?;
    listener(Phase::Differing(rows));
    let changes = compare_parts(&mut tx, &settings, before, parts).await?;
    if !import.dry_run {
        keep(tx, import, draft.as_ref(), parts, (kind, part, rows), now).await?;
    }
    Ok(Imported { rows, changes, pending })
}

/// What a new draft begins with: the version published last, even if it is not in force yet; nothing at all in a new store.
async fn last_published(conn: &mut PgConnection, import: Import<'_>, now: OffsetDateTime) -> Result<Parts, StoreError> {
    let versions = store::rule_set::list(&mut *conn, import.store).await?;
    let published = versions.into_iter().filter(|it| it.in_force_from.is_some());
    if let Some(last) = published.max_by_key(|it| it.in_force_from) {
        return Ok(last.parts);
    }
    let mut empty = vec![];
    for kind in PartKind::OF_EVERY_SET {
        empty.push(store::rule_part::insert(&mut *conn, import.store, kind, "empty", None, now).await?);
    }
    match empty[..] {
        [catalog, promotions, taxes] => Ok(Parts { catalog, promotions, taxes, risk: None }),
        _ => Err(StoreError::Corrupt("rule_part")),
    }
}

async fn keep(
    mut tx: PgTransaction<'_>,
    import: Import<'_>,
    draft: Option<&RuleSetRow>,
    parts: Parts,
    (kind, part, rows): (PartKind, PartId, u64),
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let id = match draft {
        Some(draft) => {
            store::rule_set::save_draft(&mut tx, draft.id, parts, import.by).await?;
            draft.id
        }
        None => store::rule_set::insert_draft(&mut tx, import.store, parts, import.by, now).await?,
    };
    let detail = json!({
        "rule_set": id.0, "kind": kind.as_str(), "part": part.0, "rows": rows, "source": import.source,
    });
    let entry = AuditEntry { actor: import.by, action: "rules_imported", subject: import.store.as_str(), detail };
    store::audit::insert(&mut tx, entry, now).await?;
    Ok(tx.commit().await?)
}

/// Refused rows so far: the first ones, and how many.
#[derive(Debug, Default)]
pub(super) struct Collected {
    some: Vec<Refused>,
    count: usize,
}

impl Collected {
    pub(super) fn push(&mut self, refused: impl IntoIterator<Item = Refused>) {
        for one in refused {
            self.count = self.count.saturating_add(1);
            if self.some.len() < REFUSED_MAX {
                self.some.push(one);
            }
        }
    }

    /// An error when there are any.
    pub(super) fn end(&mut self) -> Result<(), ImportError> {
        if self.count == 0 {
            return Ok(());
        }
        self.some.sort_by_key(|it| it.line_no);
        Err(ImportError::Refused { some: std::mem::take(&mut self.some), count: self.count })
    }
}

/// Streams articles into the database: a file of any length needs the memory of one row.
async fn write_catalog(
    conn: &mut PgConnection,
    settings: &Store,
    parts: Parts,
    rows: &mut Rows<CatalogItem>,
    refused: &mut Collected,
    listener: Listener<'_>,
) -> Result<(u64, Lines), StoreError> {
    let rates = store::tax_rate::list(&mut *conn, parts.taxes).await?;
    let ours = rates.into_iter().filter(|rate| rate.jurisdiction == settings.pricing.jurisdiction);
    let taxed: BTreeSet<Label> = ours.map(|rate| rate.tax_category).collect();
    let mut copy = CatalogCopy::begin(&mut *conn, parts.catalog).await?;
    for (read, (line_no, row)) in (1_u64..).zip(rows) {
        if read.is_multiple_of(TOLD_EVERY) {
            listener(Phase::Reading(read));
        }
        match row {
            Ok(item) => {
                refused.push(check_rules::check_item(&item, settings, &taxed, line_no));
                copy.push(line_no, &item).await?;
            }
            Err(cells) => refused.push(cells),
        }
    }
    let count = copy.finish().await?;
    listener(Phase::Comparing(count));
    let duplicates = store::catalog::list_duplicates(&mut *conn, parts.catalog, REFUSED_MAX as i64).await?;
    refused.push(duplicates.into_iter().map(check_rules::second));
    if refused.count == 0 {
        listener(Phase::Keeping(count));
        store::catalog::keep(&mut *conn, parts.catalog).await?;
    }
    Ok((count, Lines::default()))
}

async fn write_promotions(
    conn: &mut PgConnection,
    settings: &Store,
    parts: Parts,
    rows: &mut Rows<Promotion>,
    refused: &mut Collected,
    now: OffsetDateTime,
) -> Result<(u64, Lines), StoreError> {
    let (mut promotions, mut lines): (Vec<Promotion>, _) = (vec![], Lines::default());
    for (line_no, row) in rows {
        match row {
            Ok(promotion) => {
                if let Some(first) = lines.add_promotion(line_no, &promotion) {
                    let reason = format!("line {first} has the same promotion_id");
                    refused.push([Refused { line_no, column: "promotion_id", reason }]);
                } else if promotion.is_over(now) {
                    let reason = "it has ended already, so it can never apply".to_owned();
                    refused.push([Refused { line_no, column: "valid_until", reason }]);
                } else if let Err(error) = promotion.check(&settings.id, settings.currency) {
                    let column = check_rules::column_of_promotion(&error);
                    refused.push([Refused { line_no, column, reason: error.to_string() }]);
                }
                promotions.push(promotion);
            }
            Err(cells) => refused.push(cells),
        }
    }
    if refused.count == 0 {
        store::promotion::insert(conn, parts.promotions, &promotions).await?;
    }
    Ok((promotions.len() as u64, lines))
}

async fn write_taxes(
    conn: &mut PgConnection,
    parts: Parts,
    rows: &mut Rows<TaxRate>,
    refused: &mut Collected,
) -> Result<(u64, Lines), StoreError> {
    let (mut rates, mut lines) = (vec![], Lines::default());
    for (line_no, row) in rows {
        match row {
            Ok(rate) => {
                if let Some(first) = lines.add_tax(line_no, &rate) {
                    let reason = format!("overlaps line {first}: the same jurisdiction, category and name");
                    refused.push([Refused { line_no, column: "tax_name", reason }]);
                } else if let Err(error) = rate.check() {
                    refused.push([Refused { line_no, column: "percent", reason: error.to_string() }]);
                }
                rates.push(rate);
            }
            Err(cells) => refused.push(cells),
        }
    }
    if refused.count == 0 {
        store::tax_rate::insert(conn, parts.taxes, &rates).await?;
    }
    Ok((rates.len() as u64, lines))
}

async fn write_risk(
    conn: &mut PgConnection,
    part: PartId,
    rows: &mut Rows<RiskRule>,
    refused: &mut Collected,
) -> Result<(u64, Lines), StoreError> {
    let mut rules: Vec<(u64, RiskRule)> = vec![];
    for (line_no, row) in rows {
        match row {
            Ok(rule) => {
                refused.push(check_rules::check_risk(&rule, &rules, line_no));
                rules.push((line_no, rule));
            }
            Err(cells) => refused.push(cells),
        }
    }
    let rules: Vec<RiskRule> = rules.into_iter().map(|(_, rule)| rule).collect();
    if refused.count == 0 {
        store::rule_part::save_risk_rules(conn, part, &rules).await?;
    }
    Ok((rules.len() as u64, Lines::default()))
}
