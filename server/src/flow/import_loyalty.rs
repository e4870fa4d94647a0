//! The retailer's list of loyalty accounts: who is in the file is a member from now on, or not any more; or nothing of it is kept.

use domain::loyalty::LoyaltyAccount;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::import_rules::{Collected, ImportError, REFUSED_MAX, Refused, Rows};
use super::staff::check_staff;
use crate::store::audit::AuditEntry;
use crate::store::loyalty_account::Changes;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Rows sent at once: a file of any length needs the memory of so many.
const BATCH: usize = 5000;

/// Whose file.
#[derive(Debug, Clone, Copy)]
pub struct LoyaltyImport<'a> {
    /// The file's name.
    pub source: &'a str,
    /// The person.
    pub by: &'a str,
    /// Only look what would change?
    pub dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedLoyalty {
    /// Rows in the file.
    pub rows: u64,
    /// New members, and former ones who are members again.
    pub added: i64,
    /// Members with another address than before.
    pub changed: i64,
    /// Members until now.
    pub ended: i64,
}

/// Imports a list of accounts. Accounts that it does not have stay as they are.
///
/// # Errors
///
/// See [`ImportError`]. Nothing is kept then.
pub async fn import_loyalty(
    db: &PgPool,
    vault: &Vault,
    import: LoyaltyImport<'_>,
    file: &mut Rows<LoyaltyAccount>,
    now: OffsetDateTime,
) -> Result<ImportedLoyalty, ImportError> {
    let mut tx = db.begin().await?;
    check_staff(&mut tx, import.by).await??;
    store::loyalty_account::lock_imports(&mut tx).await?;
    store::loyalty_account::clear_rows(&mut tx).await?;
    let mut refused = Collected::default();
    let rows = push(&mut tx, vault, file, &mut refused).await?;
    let duplicates = store::loyalty_account::list_duplicates(&mut tx, REFUSED_MAX as i64).await?;
    refused.push(duplicates.into_iter().map(|(line_no, first)| {
        let reason = format!("line {first} has the same number");
        Refused { line_no, column: "loyalty_number", reason }
    }));
    refused.end()?;
    let Changes { added, changed, ended } = store::loyalty_account::count_changes(&mut tx).await?;
    let imported = ImportedLoyalty { rows, added, changed, ended };
    if !import.dry_run {
        store::loyalty_account::keep(&mut tx, now).await?;
        store::loyalty_account::clear_rows(&mut tx).await?;
        audit(&mut tx, import, imported, now).await?;
        tx.commit().await?;
    }
    Ok(imported)
}

async fn push(
    conn: &mut PgConnection,
    vault: &Vault,
    file: &mut Rows<LoyaltyAccount>,
    refused: &mut Collected,
) -> Result<u64, StoreError> {
    let (mut batch, mut rows) = (Vec::with_capacity(BATCH), 0_u64);
    for (line_no, row) in file {
        rows = rows.saturating_add(1);
        match row {
            Ok(account) => batch.push((line_no, account)),
            Err(cells) => refused.push(cells),
        }
        if batch.len() == BATCH {
            store::loyalty_account::push_rows(&mut *conn, vault, &batch).await?;
            batch.clear();
        }
    }
    store::loyalty_account::push_rows(conn, vault, &batch).await?;
    Ok(rows)
}

/// Counts only: numbers and addresses are personal.
async fn audit(
    conn: &mut PgConnection,
    import: LoyaltyImport<'_>,
    imported: ImportedLoyalty,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let ImportedLoyalty { rows, added, changed, ended } = imported;
    let detail = json!({ "rows": rows, "added": added, "changed": changed, "ended": ended });
    let entry = AuditEntry { actor: import.by, action: "loyalty_imported", subject: import.source, detail };
    store::audit::insert(conn, entry, now).await
}
