//! The table `rule_part`: imported catalogs, promotion lists and tax tables, each kept as it was imported.

use domain::id::StoreId;
use domain::reason::UnknownReason;
use sqlx::PgConnection;
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
}

impl PartKind {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Catalog, Self::Promotions, Self::Taxes];

    /// As rows and commands write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Promotions => "promotions",
            Self::Taxes => "taxes",
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
}

impl Parts {
    /// The part of one kind.
    #[must_use]
    pub const fn get(&self, kind: PartKind) -> PartId {
        match kind {
            PartKind::Catalog => self.catalog,
            PartKind::Promotions => self.promotions,
            PartKind::Taxes => self.taxes,
        }
    }

    /// The same with another part of one kind.
    #[must_use]
    pub const fn with(mut self, kind: PartKind, part: PartId) -> Self {
        match kind {
            PartKind::Catalog => self.catalog = part,
            PartKind::Promotions => self.promotions = part,
            PartKind::Taxes => self.taxes = part,
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
        "INSERT INTO rule_part (store_id, kind, source, row_count, imported_by, imported_at) VALUES ($1, $2, $3, 0, $4, $5)
         RETURNING rule_part_id",
        store.as_str(),
        kind.as_str(),
        source,
        imported_by,
        now,
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
