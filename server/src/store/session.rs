//! The table `session`: visits to the portal, by the hash of their id.

use domain::viewer::Viewer;
use serde_json::Value;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::{Result, read};

/// SHA-256 of a session id.
pub type SessionHash = [u8; 32];

/// What is stored of a session.
#[derive(Debug)]
pub struct SessionRow {
    /// The session's content.
    pub content: Value,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// A viewer as the content of a session has them, and the column that is made of it.
fn json(viewer: &Viewer) -> Result<Value> {
    read(serde_json::to_value(viewer), "session.viewer")
}

/// Writes a new session. `false`: the id is taken.
pub async fn insert(conn: &mut PgConnection, hash: &SessionHash, row: &SessionRow) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO session (session_id_sha256, content, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &hash[..],
        row.content,
        row.expires_at,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// How much longer a session must last before that alone is written: a page with its parts is one write, not one each.
const WORTH_WRITING: Duration = Duration::seconds(20);

/// Writes a session that is there, if it has changed. `false`: nothing was written. One that is gone stays gone: who has signed out is not
/// signed in again by a request that was under way meanwhile.
pub async fn save(conn: &mut PgConnection, hash: &SessionHash, row: &SessionRow) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE session SET content = $2, expires_at = $3
         WHERE session_id_sha256 = $1 AND (content <> $2 OR expires_at > $3 OR expires_at <= $4)",
        &hash[..],
        row.content,
        row.expires_at,
        row.expires_at.saturating_sub(WORTH_WRITING),
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// A session that has not ended.
pub async fn get(conn: &mut PgConnection, hash: &SessionHash, now: OffsetDateTime) -> Result<Option<SessionRow>> {
    let row = sqlx::query_as!(
        SessionRow,
        "SELECT content, expires_at FROM session WHERE session_id_sha256 = $1 AND expires_at > $2",
        &hash[..],
        now,
    );
    Ok(row.fetch_optional(conn).await?)
}

/// Forgets a session.
pub async fn delete(conn: &mut PgConnection, hash: &SessionHash) -> Result<()> {
    sqlx::query!("DELETE FROM session WHERE session_id_sha256 = $1", &hash[..]).execute(conn).await?;
    Ok(())
}

/// A session of somebody's who is signed in.
#[derive(Debug, PartialEq, Eq)]
pub struct ListedSession {
    /// Which: the hash of its id, which opens nothing.
    pub hash: SessionHash,
    /// When it was signed in, in seconds since 1970.
    pub signed_in_at: i64,
    /// When it ends unless it is used.
    pub expires_at: OffsetDateTime,
}

/// The sessions of a viewer that have not ended, the newest first.
pub async fn list(conn: &mut PgConnection, viewer: &Viewer, now: OffsetDateTime) -> Result<Vec<ListedSession>> {
    let rows = sqlx::query!(
        r#"SELECT session_id_sha256, signed_in_at AS "signed_in_at!", expires_at FROM session
           WHERE viewer = $1 AND expires_at > $2 AND signed_in_at IS NOT NULL ORDER BY signed_in_at DESC, session_id_sha256"#,
        json(viewer)?,
        now,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let hash = read(row.session_id_sha256.try_into(), "session.session_id_sha256")?;
        Ok(ListedSession { hash, signed_in_at: row.signed_in_at, expires_at: row.expires_at })
    });
    rows.collect()
}

/// Ends a session of a viewer. `false`: they have none of this name.
pub async fn delete_of(conn: &mut PgConnection, viewer: &Viewer, hash: &SessionHash) -> Result<bool> {
    let viewer = json(viewer)?;
    let done = sqlx::query!("DELETE FROM session WHERE viewer = $1 AND session_id_sha256 = $2", viewer, &hash[..]);
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Ends every session of a viewer except the newest `left`. How many that were.
pub async fn delete_all_but(conn: &mut PgConnection, viewer: &Viewer, left: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM session WHERE session_id_sha256 IN (
             SELECT session_id_sha256 FROM session WHERE viewer = $1 ORDER BY signed_in_at DESC, session_id_sha256 OFFSET $2)",
        json(viewer)?,
        left,
    );
    Ok(done.execute(conn).await?.rows_affected())
}

/// Forgets the sessions that have ended, codes and budgets whose time is over. How many rows went.
pub async fn delete_expired(conn: &mut PgConnection, now: OffsetDateTime, oldest: OffsetDateTime) -> Result<u64> {
    let sessions = sqlx::query!("DELETE FROM session WHERE expires_at <= $1", now).execute(&mut *conn).await?;
    let codes = sqlx::query!("DELETE FROM sign_in_code WHERE expires_at <= $1", oldest).execute(&mut *conn).await?;
    let budgets = sqlx::query!("DELETE FROM budget WHERE window_at <= $1", oldest).execute(conn).await?;
    Ok(sessions.rows_affected() + codes.rows_affected() + budgets.rows_affected())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW};
    use super::super::{budget, sign_in_code};
    use super::*;

    const MINE: SessionHash = [1; 32];

    fn row(shopper: &str, minutes: i64) -> SessionRow {
        SessionRow { content: json!({"shopper": shopper}), expires_at: NOW + Duration::minutes(minutes) }
    }

    async fn content(conn: &mut PgConnection, hash: &SessionHash, now: OffsetDateTime) -> Option<Value> {
        get(conn, hash, now).await.unwrap().map(|row| row.content)
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_session_reads_back_until_it_ends_or_is_forgotten(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        assert!(insert(&mut conn, &MINE, &row("a", 30)).await.unwrap());
        assert!(!insert(&mut conn, &MINE, &row("b", 60)).await.unwrap(), "the id is taken");
        let read = get(&mut conn, &MINE, NOW).await.unwrap().unwrap();
        assert_eq!((read.content, read.expires_at), (json!({"shopper": "a"}), NOW + Duration::minutes(30)));
        assert_eq!(content(&mut conn, &[2; 32], NOW).await, None, "another id has another session");

        let end = NOW + Duration::minutes(30);
        assert!(content(&mut conn, &MINE, end - Duration::microseconds(1)).await.is_some());
        assert_eq!(content(&mut conn, &MINE, end).await, None);
        assert!(save(&mut conn, &MINE, &row("c", 90)).await.unwrap());
        assert_eq!(content(&mut conn, &MINE, end).await, Some(json!({"shopper": "c"})));
        assert!(insert(&mut conn, &[2; 32], &row("d", 90)).await.unwrap());
        delete(&mut conn, &MINE).await.unwrap();
        assert!(
            !save(&mut conn, &MINE, &row("c", 90)).await.unwrap(),
            "a request that was under way does not bring it back"
        );
        assert_eq!(content(&mut conn, &MINE, NOW).await, None);
        assert_eq!(content(&mut conn, &[2; 32], NOW).await, Some(json!({"shopper": "d"})));
        let short = [("session_id_sha256 = 'short'", "session_id_length")];
        fixture::assert_refused(&mut conn, "session", &short).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn sessions_are_listed_and_ended_by_whose_they_are(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let (mine, theirs) = (Viewer::Card(fixture::id("a")), Viewer::Card(fixture::id("b")));
        for (hash, viewer, at) in [(1, &mine, 10), (2, &mine, 30), (3, &mine, 20), (4, &theirs, 40)] {
            let content = json!({"signed_in": {"viewer": viewer, "at": at}});
            let row = SessionRow { content, expires_at: NOW + Duration::minutes(15) };
            assert!(insert(&mut conn, &[hash; 32], &row).await.unwrap());
        }
        insert(&mut conn, &[5; 32], &row("nobody", 15)).await.unwrap();
        let hashes = async |conn: &mut PgConnection, viewer| {
            let listed = list(conn, viewer, NOW).await.unwrap();
            listed.iter().map(|it| it.hash[0]).collect::<Vec<_>>()
        };
        assert_eq!(hashes(&mut conn, &mine).await, [2, 3, 1], "the newest first");
        assert!(!delete_of(&mut conn, &mine, &[4; 32]).await.unwrap(), "another's is not ended");
        assert!(delete_of(&mut conn, &mine, &[3; 32]).await.unwrap());
        assert_eq!(delete_all_but(&mut conn, &mine, 1).await.unwrap(), 1);
        assert_eq!((hashes(&mut conn, &mine).await, hashes(&mut conn, &theirs).await), (vec![2], vec![4]));
        assert!(list(&mut conn, &mine, NOW + Duration::minutes(15)).await.unwrap().is_empty());
        assert_eq!(delete_all_but(&mut conn, &mine, 0).await.unwrap(), 1);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn what_is_over_is_forgotten_and_nothing_else(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let oldest = NOW - Duration::days(1);
        let second = Duration::seconds(1);
        insert(&mut conn, &MINE, &row("over", 0)).await.unwrap();
        insert(&mut conn, &[2; 32], &row("running", 1)).await.unwrap();
        sign_in_code::insert(&mut conn, None, b"code", 5, oldest).await.unwrap();
        sign_in_code::insert(&mut conn, None, b"code", 5, oldest + second).await.unwrap();
        budget::spend(&mut conn, "mail", b"a", oldest).await.unwrap();
        budget::spend(&mut conn, "mail", b"a", oldest + second).await.unwrap();
        assert_eq!(delete_expired(&mut conn, NOW, oldest).await.unwrap(), 3);
        for table in ["session", "sign_in_code", "budget"] {
            assert_eq!(fixture::count(&mut conn, table).await, 1, "{table}");
        }
        assert!(content(&mut conn, &[2; 32], NOW).await.is_some());
    }
}
