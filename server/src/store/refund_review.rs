//! What whoever decides about a refund reads of the table `refund`: why a person must look, and the shopper's own words, sealed.

use std::collections::BTreeMap;

use domain::id::RefundId;
use domain::note::Note;
use domain::refund::ReviewReason;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, StoreError, read};
use crate::vault::{Place, Sealed, Vault};

/// What a list shows of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Why a person must look. Empty: nobody must.
    pub reasons: Vec<ReviewReason>,
    /// Has the shopper added something?
    pub has_note: bool,
}

fn place(row: &str) -> Place<'_> {
    Place { column: "refund.note", row }
}

/// Keeps why a person must look at a refund that was just written.
pub async fn keep_reasons(conn: &mut PgConnection, id: RefundId, reasons: &[ReviewReason]) -> Result<()> {
    let words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    sqlx::query!("UPDATE refund SET review_reasons = $2 WHERE refund_id = $1", id.uuid(), &words).execute(conn).await?;
    Ok(())
}

/// Keeps what the shopper added.
pub async fn keep_note(conn: &mut PgConnection, vault: &Vault, id: RefundId, note: &Note) -> Result<()> {
    let sealed = vault.seal(place(&id.to_string()), note.expose());
    sqlx::query!("UPDATE refund SET note_sealed = $2 WHERE refund_id = $1", id.uuid(), sealed.bytes())
        .execute(conn)
        .await?;
    Ok(())
}

/// What the shopper added. `None`: nothing.
pub async fn note(conn: &mut PgConnection, vault: &Vault, id: RefundId) -> Result<Option<Note>> {
    let sealed = sqlx::query_scalar!("SELECT note_sealed FROM refund WHERE refund_id = $1", id.uuid());
    let Some(sealed) = sealed.fetch_optional(conn).await?.flatten() else { return Ok(None) };
    let text = read(vault.open(place(&id.to_string()), &Sealed::new(sealed)), "refund.note_sealed")?;
    read(Note::new(&text), "refund.note_sealed")
}

/// Of each of these refunds.
pub async fn list(conn: &mut PgConnection, ids: &[RefundId]) -> Result<BTreeMap<RefundId, Review>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT refund_id, review_reasons, note_sealed IS NOT NULL AS "has_note!" FROM refund WHERE refund_id = ANY($1)"#,
        &ids,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let reasons = row.review_reasons.iter().map(|word| word.parse()).collect::<std::result::Result<_, _>>();
        let reasons = reasons.map_err(|_| StoreError::Corrupt("refund.review_reasons"))?;
        Ok((read(RefundId::new(row.refund_id), "refund.refund_id")?, Review { reasons, has_note: row.has_note }))
    });
    rows.collect()
}

/// Seals a note again with the newest key.
pub(super) async fn renew(conn: &mut PgConnection, vault: &Vault, id: RefundId) -> Result<()> {
    match note(&mut *conn, vault, id).await? {
        Some(note) => keep_note(conn, vault, id, &note).await,
        None => Ok(()),
    }
}
