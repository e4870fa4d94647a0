//! The table `audit_entry`: who changed what. Inserted with the change, never changed itself.

use domain::audit::AuditRow;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// One line of the audit.
#[derive(Debug)]
pub struct AuditEntry<'a> {
    /// Who: `gate`, `cart`, `worker`, or a person.
    pub actor: &'a str,
    /// What was done, as a past participle: `entry_denied`.
    pub action: &'a str,
    /// To what: a trip, an instrument.
    pub subject: &'a str,
    /// Facts. Ids and amounts only.
    pub detail: Value,
}

/// Writes one line.
pub async fn insert(conn: &mut PgConnection, entry: AuditEntry<'_>, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_entry (actor, action, subject, detail, recorded_at) VALUES ($1, $2, $3, $4, $5)",
        entry.actor,
        entry.action,
        entry.subject,
        entry.detail,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was written of a subject, in the order of the rows' numbers, from `after` on.
pub async fn list_by_subject(conn: &mut PgConnection, subject: &str, after: i64, limit: i64) -> Result<Vec<AuditRow>> {
    let rows = sqlx::query_as!(
        AuditRow,
        "SELECT audit_entry_id AS id, actor, action, subject, detail, recorded_at FROM audit_entry
         WHERE subject = $1 AND audit_entry_id > $2 ORDER BY audit_entry_id LIMIT $3",
        subject,
        after,
        limit,
    );
    Ok(rows.fetch_all(conn).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_line_of_the_audit_is_kept_as_it_was_written(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let detail = json!({"reason": "outstanding_balance", "outstanding_minor": 815});
        let entry = AuditEntry { actor: "gate", action: "entry_denied", subject: "card-1", detail: detail.clone() };
        insert(&mut conn, entry, NOW).await.unwrap();
        let kept: (String, String, String, Value, OffsetDateTime) =
            sqlx::query_as("SELECT actor, action, subject, detail, recorded_at FROM audit_entry")
                .fetch_one(&mut conn)
                .await
                .unwrap();
        assert_eq!(kept, ("gate".to_owned(), "entry_denied".to_owned(), "card-1".to_owned(), detail, NOW));
    }
}
