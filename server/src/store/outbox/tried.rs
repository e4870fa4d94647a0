//! What waits in the outbox after a try that failed.

use sqlx::PgConnection;

use super::super::Result;

/// Does an effect of one of these kinds wait after a try that failed?
pub async fn has_tried(conn: &mut PgConnection, kinds: &[&str]) -> Result<bool> {
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'waiting' AND tries > 0 AND kind = ANY($1)) AS "found!""#,
        &kinds,
    );
    Ok(found.fetch_one(conn).await?)
}
