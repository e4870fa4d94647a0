//! The tables `audit_seal`, the chain over the audit, and `audit_unsealed`, what waits for it.

use std::ops::Range;

use domain::audit::{AuditRow, Head, Seal, SealHash};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// The advisory lock of whoever seals: the number is only known here.
const SEALER: i64 = 0x5354_4f52_4553_4541;

/// Becomes the one that seals, until the transaction ends. `false`: another is.
pub async fn try_lock(conn: &mut PgConnection) -> Result<bool> {
    let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "locked!""#, SEALER);
    Ok(locked.fetch_one(conn).await?)
}

/// The last seal, or the beginning.
pub async fn get_head(conn: &mut PgConnection) -> Result<Head> {
    let row = sqlx::query!("SELECT seal_no, sha256 FROM audit_seal ORDER BY seal_no DESC LIMIT 1");
    match row.fetch_optional(conn).await? {
        Some(row) => head(row.seal_no, row.sha256),
        None => Ok(Head::beginning()),
    }
}

/// One seal's number and hash. `None`: there is none of this number.
pub async fn get(conn: &mut PgConnection, no: i64) -> Result<Option<Head>> {
    let hash = sqlx::query_scalar!("SELECT sha256 FROM audit_seal WHERE seal_no = $1", no);
    hash.fetch_optional(conn).await?.map(|hash| head(no, hash)).transpose()
}

/// Committed rows that wait for their seal, in the order of their numbers.
pub async fn list_unsealed(conn: &mut PgConnection, limit: i64) -> Result<Vec<AuditRow>> {
    let rows = sqlx::query_as!(
        AuditRow,
        "SELECT audit_entry_id AS id, actor, action, subject, detail, recorded_at
         FROM audit_unsealed waiting JOIN audit_entry USING (audit_entry_id)
         WHERE NOT EXISTS (SELECT 1 FROM audit_seal WHERE audit_seal.audit_entry_id = waiting.audit_entry_id)
         ORDER BY audit_entry_id LIMIT $1",
        limit,
    );
    Ok(rows.fetch_all(conn).await?)
}

/// When the first of the rows that wait for their seal was written. `None`: none waits.
pub async fn waiting_since(conn: &mut PgConnection) -> Result<Option<OffsetDateTime>> {
    let since = sqlx::query_scalar!(
        "SELECT recorded_at FROM audit_unsealed waiting JOIN audit_entry USING (audit_entry_id)
         WHERE NOT EXISTS (SELECT 1 FROM audit_seal WHERE audit_seal.audit_entry_id = waiting.audit_entry_id)
         ORDER BY audit_entry_id LIMIT 1",
    );
    Ok(since.fetch_optional(conn).await?)
}

/// Writes seals, each with the number of its row; those rows wait no longer.
pub async fn insert(conn: &mut PgConnection, seals: &[(i64, Head)], now: OffsetDateTime) -> Result<()> {
    let entries: Vec<i64> = seals.iter().map(|(entry, _)| *entry).collect();
    let numbers: Vec<i64> = seals.iter().map(|(_, head)| head.no).collect();
    let hashes: Vec<Vec<u8>> = seals.iter().map(|(_, head)| head.hash.0.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO audit_seal (seal_no, audit_entry_id, sha256, sealed_at)
         SELECT seal_no, audit_entry_id, sha256, $4 FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS seal (seal_no, audit_entry_id, sha256)",
        &numbers,
        &entries,
        &hashes,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("DELETE FROM audit_unsealed WHERE audit_entry_id = ANY($1)", &entries).execute(conn).await?;
    Ok(())
}

/// Seals with these numbers, each with its row as it is now.
pub async fn list(conn: &mut PgConnection, numbers: Range<i64>) -> Result<Vec<Seal>> {
    let rows = sqlx::query!(
        r#"SELECT seal_no, seal.audit_entry_id, sha256, sealed_at, actor AS "actor?", action AS "action?", subject AS "subject?",
               detail AS "detail?", recorded_at AS "recorded_at?"
           FROM audit_seal seal LEFT JOIN audit_entry entry ON entry.audit_entry_id = seal.audit_entry_id
           WHERE seal_no >= $1 AND seal_no < $2 ORDER BY seal_no"#,
        numbers.start,
        numbers.end,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let facts = row.actor.zip(row.action).zip(row.subject).zip(row.detail).zip(row.recorded_at);
        let entry = facts.map(|((((actor, action), subject), detail), recorded_at)| AuditRow {
            id: row.audit_entry_id,
            actor,
            action,
            subject,
            detail,
            recorded_at,
        });
        let (head, sealed_at) = (head(row.seal_no, row.sha256)?, row.sealed_at);
        Ok(Seal { head, sealed_at, entry: row.audit_entry_id, row: entry })
    });
    rows.collect()
}

/// The numbers of the first and the last audit row from `from` on.
pub async fn entry_bounds(conn: &mut PgConnection, from: i64) -> Result<Option<(i64, i64)>> {
    let bounds = sqlx::query!(
        "SELECT min(audit_entry_id) AS first, max(audit_entry_id) AS last FROM audit_entry WHERE audit_entry_id >= $1",
        from,
    );
    let bounds = bounds.fetch_one(conn).await?;
    Ok(bounds.first.zip(bounds.last))
}

/// Audit rows with these numbers, written before `before`, that no seal is of; each with when it was written.
pub async fn list_entries_without(
    conn: &mut PgConnection,
    numbers: Range<i64>,
    before: OffsetDateTime,
) -> Result<Vec<(i64, OffsetDateTime)>> {
    let rows = sqlx::query!(
        "SELECT audit_entry_id, recorded_at FROM audit_entry
         WHERE audit_entry_id >= $1 AND audit_entry_id < $2 AND recorded_at < $3
             AND NOT EXISTS (SELECT 1 FROM audit_seal WHERE audit_seal.audit_entry_id = audit_entry.audit_entry_id)
         ORDER BY audit_entry_id",
        numbers.start,
        numbers.end,
        before,
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.audit_entry_id, row.recorded_at)).collect())
}

/// Numbers above `after` that wait for their seal and are of no row any more.
pub async fn list_vanished(conn: &mut PgConnection, after: i64, limit: i64) -> Result<Vec<i64>> {
    let entries = sqlx::query_scalar!(
        "SELECT audit_entry_id FROM audit_unsealed waiting
         WHERE audit_entry_id > $1
             AND NOT EXISTS (SELECT 1 FROM audit_entry WHERE audit_entry.audit_entry_id = waiting.audit_entry_id)
         ORDER BY audit_entry_id LIMIT $2",
        after,
        limit,
    );
    Ok(entries.fetch_all(conn).await?)
}

fn head(no: i64, hash: Vec<u8>) -> Result<Head> {
    Ok(Head { no, hash: SealHash(read(hash.try_into(), "audit_seal.sha256")?) })
}

#[cfg(test)]
mod tests;
