//! The table `rule_part`: imported catalogs, promotion lists, tax tables and rules for the gate, each kept as it was imported.

use domain::gate::{RiskRule, RiskRules};
use domain::id::StoreId;
use domain::reason::UnknownReason;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::{Result, read};

/// What a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Articles.
    Catalog,
    /// Promotions.
    Promotions,
    /// Tax rates.
    Taxes,
    /// Rules for the gate.
    Risk,
}

impl PartKind {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Catalog, Self::Promotions, Self::Taxes, Self::Risk];

    /// Those that every rule set has.
    pub const OF_EVERY_SET: [Self; 3] = [Self::Catalog, Self::Promotions, Self::Taxes];

    /// As rows and commands write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Promotions => "promotions",
            Self::Taxes => "taxes",
            Self::Risk => "risk",
        }
    }
}

impl std::str::FromStr for PartKind {
    type Err = UnknownReason;
    fn from_str(word: &str) -> std::result::Result<Self, UnknownReason> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownReason)
    }
}

/// The number of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId(pub i64);

/// The parts of one rule set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Articles.
    pub catalog: PartId,
    /// Promotions.
    pub promotions: PartId,
    /// Tax rates.
    pub taxes: PartId,
    /// Rules for the gate. `None`: the store has none of its own.
    pub risk: Option<PartId>,
}

impl Parts {
    /// The part of one kind. `None`: this rule set has none.
    #[must_use]
    pub const fn get(&self, kind: PartKind) -> Option<PartId> {
        match kind {
            PartKind::Catalog => Some(self.catalog),
            PartKind::Promotions => Some(self.promotions),
            PartKind::Taxes => Some(self.taxes),
            PartKind::Risk => self.risk,
        }
    }

    /// The same with another part of one kind.
    #[must_use]
    pub const fn with(mut self, kind: PartKind, part: PartId) -> Self {
        match kind {
            PartKind::Catalog => self.catalog = part,
            PartKind::Promotions => self.promotions = part,
            PartKind::Taxes => self.taxes = part,
            PartKind::Risk => self.risk = Some(part),
        }
        self
    }
}

/// Where a part came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub id: PartId,
    /// What it holds.
    pub kind: PartKind,
    /// The name of the file.
    pub source: String,
    /// How many rows the file had.
    pub row_count: i64,
    /// Who imported it. `None`: the program.
    pub imported_by: Option<String>,
}

/// Begins a part; its rows follow.
pub async fn insert(
    conn: &mut PgConnection,
    store: &StoreId,
    kind: PartKind,
    source: &str,
    imported_by: Option<&str>,
    now: OffsetDateTime,
) -> Result<PartId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO rule_part (store_id, kind, source, row_count, imported_by, imported_at, rules)
         VALUES ($1, $2, $3, 0, $4, $5, $6) RETURNING rule_part_id",
        store.as_str(),
        kind.as_str(),
        source,
        imported_by,
        now,
        (kind == PartKind::Risk).then(|| serde_json::json!([])),
    );
    Ok(PartId(id.fetch_one(conn).await?))
}

/// Says how many rows a part has, once they are there.
pub async fn save_row_count(conn: &mut PgConnection, part: PartId, row_count: u64) -> Result<()> {
    let row_count = i64::try_from(row_count).unwrap_or(i64::MAX);
    sqlx::query!("UPDATE rule_part SET row_count = $2 WHERE rule_part_id = $1", part.0, row_count)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes a part's rules for the gate.
pub async fn save_risk_rules(conn: &mut PgConnection, part: PartId, rules: &[RiskRule]) -> Result<()> {
    sqlx::query!("UPDATE rule_part SET rules = $2 WHERE rule_part_id = $1", part.0, Json(rules) as _)
        .execute(conn)
        .await?;
    Ok(())
}

/// A part's rules for the gate.
pub async fn risk_rules(conn: &mut PgConnection, part: PartId) -> Result<RiskRules> {
    let rules = sqlx::query_scalar!(
        r#"SELECT rules AS "rules!: Json<Vec<RiskRule>>" FROM rule_part WHERE rule_part_id = $1"#,
        part.0,
    );
    Ok(RiskRules { part: Some(part.0), rules: rules.fetch_one(conn).await?.0 })
}

/// Where a part came from.
pub async fn get(conn: &mut PgConnection, part: PartId) -> Result<Part> {
    let row = sqlx::query!(
        "SELECT rule_part_id, kind, source, row_count, imported_by FROM rule_part WHERE rule_part_id = $1",
        part.0,
    );
    let row = row.fetch_one(conn).await?;
    Ok(Part {
        id: PartId(row.rule_part_id),
        kind: read(row.kind.parse(), "rule_part.kind")?,
        source: row.source,
        row_count: row.row_count,
        imported_by: row.imported_by,
    })
}
