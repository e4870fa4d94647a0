//! A draft comes into force by a second person's word; an earlier version comes back by one person's.

use domain::catalog::RuleSetId;
use domain::id::StoreId;
use domain::store::Store;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::check_rules;
use super::staff::{UnknownStaff, check_staff};
use crate::store::audit::AuditEntry;
use crate::store::rule_part::{Part, PartKind};
use crate::store::rule_set::{Restored, RuleSetRow};
use crate::store::{self, StoreError};

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishRulesError {
    /// We do not serve this store.
    #[error("the store {0} is not served here")]
    UnknownStore(StoreId),
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// There is nothing to publish.
    #[error("there is no draft: `storeside import` makes one")]
    NoDraft,
    /// Whoever had a hand in a draft does not publish it.
    #[error("{0} had a hand in this draft: a second person must publish it")]
    SamePerson(String),
    /// It would change what visits under way cost.
    #[error("rules cannot come into force in the past: visits of that time keep the rules they began with")]
    InThePast,
    /// Another version comes into force at that moment.
    #[error("another rule set comes into force at that moment")]
    MomentTaken,
    /// The draft contradicts itself.
    #[error("the draft contradicts itself, and was not published")]
    Contradicts(Vec<String>),
    /// There is no version to bring back, or none of this number.
    #[error("there is no earlier rule set to bring back")]
    NothingToRestore,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PublishRulesError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Publishes the store's draft, in force from `from` on (now: `None`).
///
/// # Errors
///
/// See [`PublishRulesError`]. Nothing has changed then.
pub async fn publish_rules(
    db: &PgPool,
    store: &StoreId,
    by: &str,
    from: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<RuleSetId, PublishRulesError> {
    let mut tx = db.begin().await?;
    let settings = begin(&mut tx, store, by).await?;
    let draft = store::rule_set::lock_draft(&mut tx, store).await?.ok_or(PublishRulesError::NoDraft)?;
    let in_force_from = from.unwrap_or(now);
    if in_force_from < now {
        return Err(PublishRulesError::InThePast);
    }
    if authors(&mut tx, store, &draft, now).await?.iter().any(|author| author == by) {
        return Err(PublishRulesError::SamePerson(by.to_owned()));
    }
    let mut wrong: Vec<String> =
        check_rules::check(&mut tx, &settings, draft.parts).await?.iter().map(ToString::to_string).collect();
    let promotions = store::promotion::list(&mut tx, draft.parts.promotions, settings.currency).await?;
    let over = promotions.iter().filter(|it| it.is_over(in_force_from));
    wrong.extend(over.map(|it| format!("promotion {}: it ends before the rules come into force", it.id)));
    if !wrong.is_empty() {
        return Err(PublishRulesError::Contradicts(wrong));
    }
    let published = store::rule_set::publish(&mut tx, draft.id, by, in_force_from, now).await;
    published.map_err(|error| match error.constraint() {
        Some("rule_set_in_force_once") => PublishRulesError::MomentTaken,
        _ => error.into(),
    })?;
    let detail = json!({
        "rule_set": draft.id.0, "drafted_by": draft.drafted_by, "in_force_from": in_force_from.unix_timestamp(),
    });
    let entry = AuditEntry { actor: by, action: "rules_published", subject: store.as_str(), detail };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(draft.id)
}

/// What a rollback did.
#[derive(Debug, Clone)]
pub struct RolledBack {
    /// The new version.
    pub id: RuleSetId,
    /// The one whose parts it has.
    pub restored: RuleSetId,
    /// Versions that were published before and come into force later, the next one first. A rollback does not stop them: two people
    /// have agreed on them.
    pub scheduled: Vec<(RuleSetId, OffsetDateTime)>,
}

/// Brings an earlier version back, in force at once: a new version of the same parts, since what was in force is never edited. Which
/// one: `to`, else the one before the version in force (before the one that it brought back, when it is a rollback itself).
///
/// # Errors
///
/// See [`PublishRulesError`]. Nothing has changed then.
pub async fn roll_back_rules(
    db: &PgPool,
    store: &StoreId,
    by: &str,
    to: Option<RuleSetId>,
    now: OffsetDateTime,
) -> Result<RolledBack, PublishRulesError> {
    let mut tx = db.begin().await?;
    begin(&mut tx, store, by).await?;
    let versions = store::rule_set::list(&mut tx, store).await?;
    let in_force = store::rule_set::in_force(&mut tx, store, now).await?.ok_or(PublishRulesError::NothingToRestore)?;
    let base = in_force.restores.and_then(|id| versions.iter().find(|it| it.id == id)).unwrap_or(&in_force);
    let earlier = versions.iter().filter(|it| it.in_force_from < base.in_force_from && it.in_force_from.is_some());
    let chosen = match to {
        Some(id) => versions.iter().find(|it| it.id == id && it.in_force_from.is_some_and(|from| from <= now)),
        None => earlier.filter(|it| it.restores.is_none()).max_by_key(|it| it.in_force_from),
    };
    let chosen = chosen.ok_or(PublishRulesError::NothingToRestore)?;
    let restored = Some(Restored { by, from: chosen.id });
    let id = store::rule_set::insert_published(&mut tx, store, chosen.parts, now, restored, now).await;
    let id = id.map_err(|error| match error.constraint() {
        Some("rule_set_in_force_once") => PublishRulesError::MomentTaken,
        _ => error.into(),
    })?;
    let later = versions.iter().filter_map(|it| Some((it.id, it.in_force_from.filter(|from| now < *from)?)));
    let mut scheduled: Vec<_> = later.collect();
    scheduled.sort_by_key(|(_, from)| *from);
    let later: Vec<i64> = scheduled.iter().map(|(id, _)| id.0).collect();
    let detail = json!({ "rule_set": id.0, "restores": chosen.id.0, "instead_of": in_force.id.0, "scheduled": later });
    let entry = AuditEntry { actor: by, action: "rules_rolled_back", subject: store.as_str(), detail };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(RolledBack { id, restored: chosen.id, scheduled })
}

async fn begin(conn: &mut PgConnection, store: &StoreId, by: &str) -> Result<Store, PublishRulesError> {
    let settings = store::settings::get(&mut *conn, store).await?;
    let settings = settings.ok_or_else(|| PublishRulesError::UnknownStore(store.clone()))?;
    check_staff(&mut *conn, by).await??;
    store::settings::lock_rules(conn, store).await?;
    Ok(settings)
}

/// Everybody whose file is new in a draft.
async fn authors(
    conn: &mut PgConnection,
    store: &StoreId,
    draft: &RuleSetRow,
    now: OffsetDateTime,
) -> Result<Vec<String>, StoreError> {
    let in_force = store::rule_set::in_force(&mut *conn, store, now).await?;
    let mut authors: Vec<String> = draft.drafted_by.iter().cloned().collect();
    for kind in PartKind::ALL {
        let Some(part) = draft.parts.get(kind) else { continue };
        if in_force.as_ref().is_none_or(|it| it.parts.get(kind) != Some(part)) {
            authors.extend(store::rule_part::get(&mut *conn, part).await?.imported_by);
        }
    }
    Ok(authors)
}

/// A version with where its parts came from.
#[derive(Debug, Clone)]
pub struct VersionListed {
    /// The version.
    pub version: RuleSetRow,
    /// Is it the one in force?
    pub is_in_force: bool,
    /// Catalog, promotions, taxes, rules for the gate.
    pub parts: Vec<Part>,
}

/// All versions of a store, the newest first.
///
/// # Errors
///
/// A store that is not served; a database that is away.
pub async fn list_rules(
    db: &PgPool,
    store: &StoreId,
    now: OffsetDateTime,
) -> Result<Vec<VersionListed>, PublishRulesError> {
    let mut conn = db.acquire().await?;
    if store::settings::get(&mut conn, store).await?.is_none() {
        return Err(PublishRulesError::UnknownStore(store.clone()));
    }
    let in_force = store::rule_set::in_force(&mut conn, store, now).await?.map(|it| it.id);
    let mut listed = vec![];
    for version in store::rule_set::list(&mut conn, store).await? {
        let mut parts = vec![];
        for part in PartKind::ALL.into_iter().filter_map(|kind| version.parts.get(kind)) {
            parts.push(store::rule_part::get(&mut conn, part).await?);
        }
        listed.push(VersionListed { is_in_force: Some(version.id) == in_force, version, parts });
    }
    Ok(listed)
}
