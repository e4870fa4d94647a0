//! What differs between two versions of the rules.

use std::collections::BTreeMap;

use domain::catalog::RuleSetId;
use domain::gate::RiskRule;
use domain::id::StoreId;
use domain::promotion::Promotion;
use domain::store::Store;
use domain::tax::TaxRate;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::store::catalog::{Comparison, compare};
use crate::store::rule_part::Parts;
use crate::store::rule_set::RuleSetRow;
use crate::store::{self, StoreError};

/// One row that is new, gone or another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange<T> {
    /// As it was. `None`: it is new.
    pub before: Option<T>,
    /// As it is. `None`: it is gone.
    pub after: Option<T>,
}

/// How two versions differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesComparison {
    /// Articles: counted, with examples.
    pub catalog: Comparison,
    /// Promotions, by id.
    pub promotions: Vec<RowChange<Promotion>>,
    /// Tax rates, by name.
    pub taxes: Vec<RowChange<TaxRate>>,
    /// Rules for the gate, by name.
    pub risk: Vec<RowChange<RiskRule>>,
}

impl RulesComparison {
    /// Is nothing different?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.catalog == Comparison::default()
            && self.promotions.is_empty()
            && self.taxes.is_empty()
            && self.risk.is_empty()
    }
}

/// Why there is nothing to compare.
#[derive(Debug, thiserror::Error)]
pub enum CompareRulesError {
    /// We do not serve this store.
    #[error("the store {0} is not served here")]
    UnknownStore(StoreId),
    /// The store has no such version.
    #[error("the store has no rule set {}", .0.0)]
    UnknownVersion(RuleSetId),
    /// Neither two versions were named, nor are there a draft and rules in force.
    #[error("there is no draft to compare with the rules in force")]
    NoDraft,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Two versions and how they differ.
#[derive(Debug)]
pub struct Compared {
    /// The first one.
    pub before: RuleSetRow,
    /// The second one.
    pub after: RuleSetRow,
    /// The difference.
    pub changes: RulesComparison,
}

/// Compares two versions: those named, else the one in force and the draft.
///
/// # Errors
///
/// See [`CompareRulesError`].
pub async fn compare_rules(
    db: &PgPool,
    store: &StoreId,
    before: Option<RuleSetId>,
    after: Option<RuleSetId>,
    now: OffsetDateTime,
) -> Result<Compared, CompareRulesError> {
    let mut tx = db.begin().await.map_err(StoreError::from)?;
    let settings = store::settings::get(&mut tx, store).await?;
    let settings = settings.ok_or_else(|| CompareRulesError::UnknownStore(store.clone()))?;
    let before = match before {
        Some(id) => store::rule_set::get(&mut tx, store, id).await?.ok_or(CompareRulesError::UnknownVersion(id))?,
        None => store::rule_set::in_force(&mut tx, store, now).await?.ok_or(CompareRulesError::NoDraft)?,
    };
    let after = match after {
        Some(id) => store::rule_set::get(&mut tx, store, id).await?.ok_or(CompareRulesError::UnknownVersion(id))?,
        None => store::rule_set::lock_draft(&mut tx, store).await?.ok_or(CompareRulesError::NoDraft)?,
    };
    let changes = compare_parts(&mut tx, &settings, before.parts, after.parts).await?;
    Ok(Compared { before, after, changes })
}

/// Compares the parts of two versions. A part that both share is not read.
pub(super) async fn compare_parts(
    conn: &mut PgConnection,
    settings: &Store,
    before: Parts,
    after: Parts,
) -> Result<RulesComparison, StoreError> {
    let mut changes = RulesComparison::default();
    if before.catalog != after.catalog {
        changes.catalog = compare(&mut *conn, settings.currency, before.catalog, after.catalog).await?;
    }
    if before.promotions != after.promotions {
        let old = store::promotion::list(&mut *conn, before.promotions, settings.currency).await?;
        let new = store::promotion::list(&mut *conn, after.promotions, settings.currency).await?;
        changes.promotions = row_changes(old, new, |it| it.id.clone());
    }
    if before.taxes != after.taxes {
        let old = store::tax_rate::list(&mut *conn, before.taxes).await?;
        let new = store::tax_rate::list(&mut *conn, after.taxes).await?;
        changes.taxes = row_changes(old, new, |it| (it.jurisdiction.clone(), it.tax_category.clone(), it.name.clone()));
    }
    if before.risk != after.risk {
        let (old, new) = (risk_rules(conn, before).await?, risk_rules(conn, after).await?);
        changes.risk = row_changes(old, new, |it| it.name.clone());
    }
    Ok(changes)
}

async fn risk_rules(conn: &mut PgConnection, parts: Parts) -> Result<Vec<RiskRule>, StoreError> {
    match parts.risk {
        Some(part) => Ok(store::rule_part::risk_rules(conn, part).await?.rules),
        None => Ok(vec![]),
    }
}

fn row_changes<T: PartialEq, K: Ord>(old: Vec<T>, new: Vec<T>, key: impl Fn(&T) -> K) -> Vec<RowChange<T>> {
    let mut rows: BTreeMap<K, RowChange<T>> =
        old.into_iter().map(|before| (key(&before), RowChange { before: Some(before), after: None })).collect();
    for after in new {
        let key = key(&after);
        rows.entry(key).or_insert(RowChange { before: None, after: None }).after = Some(after);
    }
    rows.into_values().filter(|change| change.before != change.after).collect()
}
