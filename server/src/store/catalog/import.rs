//! A file's articles on their way in: streamed into `catalog_row`, compared there with each other, then kept.

use domain::catalog::CatalogItem;
use domain::label::Label;
use domain::money::Money;
use sqlx::PgConnection;
use sqlx::postgres::PgCopyIn;

use super::super::Result;
use super::super::rule_part::PartId;
use super::identifier_word;

/// Bytes collected before they are sent.
const CHUNK: usize = 1 << 20;

/// Articles being sent. The connection does nothing else until [`finish`](Self::finish).
#[expect(missing_debug_implementations, reason = "a COPY under way has nothing to show")]
pub struct CatalogCopy<'c> {
    copy: PgCopyIn<&'c mut PgConnection>,
    part: PartId,
    text: String,
}

impl<'c> CatalogCopy<'c> {
    /// Begins.
    pub async fn begin(conn: &'c mut PgConnection, part: PartId) -> Result<Self> {
        let copy = conn.copy_in_raw(
            "COPY catalog_row (rule_part_id, line_no, sku, name, sold_by, unit_price_minor, tax_category, category,
                 subcategory, brand, identifier_kinds, identifiers, deposit_names, deposits_minor) FROM STDIN",
        );
        Ok(Self { copy: copy.await?, part, text: String::new() })
    }

    /// Sends one article of line `line_no`, sooner or later.
    pub async fn push(&mut self, line_no: u64, item: &CatalogItem) -> Result<()> {
        let mut row = Row { text: &mut self.text, is_first: true };
        row.push(&self.part.0.to_string());
        row.push(&line_no.to_string());
        row.push(item.sku.as_str());
        row.push(&item.name);
        row.push(item.sold_by.as_str());
        row.push(&item.unit_price.minor().to_string());
        row.push(&item.tax_category);
        row.push_or_null(item.category.as_ref());
        row.push_or_null(item.subcategory.as_ref());
        row.push_or_null(item.brand.as_ref());
        row.push(&array(item.identifiers.iter().map(|it| identifier_word(it.kind))));
        row.push(&array(item.identifiers.iter().map(|it| it.id.as_str())));
        row.push(&array(item.deposits.iter().map(|it| it.name.as_str())));
        let minors: Vec<String> = item.deposits.iter().map(|it| Money::minor(it.amount).to_string()).collect();
        row.push(&array(minors.iter().map(String::as_str)));
        self.text.push('\n');
        if self.text.len() >= CHUNK {
            self.copy.send(self.text.as_bytes()).await?;
            self.text.clear();
        }
        Ok(())
    }

    /// Sends what is left. How many articles there were.
    pub async fn finish(mut self) -> Result<u64> {
        self.copy.send(self.text.as_bytes()).await?;
        Ok(self.copy.finish().await?)
    }
}

/// One line of COPY's text form.
///
/// Source: PostgreSQL manual, COPY, "Text Format".
struct Row<'a> {
    text: &'a mut String,
    is_first: bool,
}

impl Row<'_> {
    fn push(&mut self, value: &str) {
        self.separate();
        for char in value.chars() {
            match char {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                char => self.text.push(char),
            }
        }
    }

    fn push_or_null(&mut self, value: Option<&Label>) {
        match value {
            Some(value) => self.push(value),
            None => {
                self.separate();
                self.text.push_str("\\N");
            }
        }
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push('\t');
        }
    }
}

/// An array as the database writes it.
fn array<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let quoted = values.map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

/// A number that two articles of a file have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The line of the second one.
    pub line_no: u64,
    /// The line of the first one.
    pub first_line_no: u64,
    /// The number.
    pub number: String,
    /// Is it the article number? Else it is a barcode or the like.
    pub is_sku: bool,
}

/// Numbers that more than one article has, at most `limit` of each sort, by line.
pub async fn list_duplicates(conn: &mut PgConnection, part: PartId, limit: i64) -> Result<Vec<Duplicate>> {
    let rows = sqlx::query!(
        r#"(SELECT line_no AS "line_no!", first_line_no AS "first_line_no!", sku AS "number!", true AS "is_sku!" FROM (
               SELECT line_no, sku, min(line_no) OVER (PARTITION BY sku) AS first_line_no
               FROM catalog_row WHERE rule_part_id = $1) it
           WHERE line_no <> first_line_no ORDER BY line_no LIMIT $2)
           UNION ALL
           (SELECT line_no, first_line_no, identifier, false FROM (
               SELECT line_no, it.identifier,
                      min(line_no) OVER (PARTITION BY identifier_key(it.kind, it.identifier)) AS first_line_no
               FROM catalog_row, unnest(identifier_kinds, identifiers) AS it (kind, identifier) WHERE rule_part_id = $1) it
           WHERE line_no <> first_line_no ORDER BY line_no LIMIT $2)"#,
        part.0,
        limit,
    );
    let line = |line_no: i64| u64::try_from(line_no).unwrap_or_default();
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| Duplicate {
        line_no: line(row.line_no),
        first_line_no: line(row.first_line_no),
        number: row.number,
        is_sku: row.is_sku,
    });
    Ok(rows.collect())
}

/// Keeps the articles that were sent.
pub async fn keep(conn: &mut PgConnection, part: PartId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO catalog_item (rule_part_id, sku, name, sold_by, unit_price_minor, tax_category, category, subcategory, brand)
         SELECT rule_part_id, sku, name, sold_by, unit_price_minor, tax_category, category, subcategory, brand
         FROM catalog_row WHERE rule_part_id = $1 ORDER BY sku",
        part.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO catalog_identifier (rule_part_id, kind, identifier, sku, position)
         SELECT rule_part_id, it.kind, it.identifier, sku, it.position
         FROM catalog_row, unnest(identifier_kinds, identifiers) WITH ORDINALITY AS it (kind, identifier, position)
         WHERE rule_part_id = $1 ORDER BY it.identifier",
        part.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO catalog_deposit (rule_part_id, sku, name, amount_minor)
         SELECT rule_part_id, sku, it.name, it.amount_minor
         FROM catalog_row, unnest(deposit_names, deposits_minor) AS it (name, amount_minor) WHERE rule_part_id = $1",
        part.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("DELETE FROM catalog_row WHERE rule_part_id = $1", part.0).execute(conn).await?;
    Ok(())
}
