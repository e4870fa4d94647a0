//! The table `budget`: how often something was tried in a window of time.

use domain::sign_in::Tried;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// Spends one of a budget and gives how many were spent in this window, this one included. `subject` is a keyed hash.
pub async fn spend(conn: &mut PgConnection, kind: &str, subject: &[u8], window_at: OffsetDateTime) -> Result<i32> {
    let spent = sqlx::query_scalar!(
        "INSERT INTO budget (kind, subject, window_at, spent) VALUES ($1, $2, $3, 1)
         ON CONFLICT ON CONSTRAINT budget_pk DO UPDATE SET spent = budget.spent + 1 RETURNING spent",
        kind,
        subject,
        window_at,
    );
    Ok(spent.fetch_one(conn).await?)
}

/// Counts a try like [`spend`], and gives what was missed before it. Others who try the same wait until the transaction ends.
pub async fn lock_try(conn: &mut PgConnection, kind: &str, subject: &[u8], window_at: OffsetDateTime) -> Result<Tried> {
    let row = sqlx::query!(
        "INSERT INTO budget (kind, subject, window_at, spent) VALUES ($1, $2, $3, 1)
         ON CONFLICT ON CONSTRAINT budget_pk DO UPDATE SET spent = budget.spent + 1 RETURNING spent, last_at",
        kind,
        subject,
        window_at,
    );
    let row = row.fetch_one(conn).await?;
    Ok(Tried { times: u32::try_from(row.spent.saturating_sub(1)).unwrap_or(0), last_at: row.last_at })
}

/// Says what came of a try that [`lock_try`] counted: a miss stays counted.
pub async fn end_try(
    conn: &mut PgConnection,
    kind: &str,
    subject: &[u8],
    window_at: OffsetDateTime,
    missed_at: Option<OffsetDateTime>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE budget SET spent = spent - CASE WHEN $4::timestamptz IS NULL THEN 1 ELSE 0 END, last_at = coalesce($4, last_at)
         WHERE kind = $1 AND subject = $2 AND window_at = $3",
        kind,
        subject,
        window_at,
        missed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW, assert_refused};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn each_kind_subject_and_window_has_its_own_budget(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let later = NOW + Duration::hours(1);
        for (kind, subject, window_at) in
            [("mail", b"a", NOW), ("mail", b"b", NOW), ("code", b"a", NOW), ("mail", b"a", later)]
        {
            for spent in 1..=3 {
                assert_eq!(spend(&mut conn, kind, subject, window_at).await.unwrap(), spent);
            }
        }
        assert_refused(&mut conn, "budget", &[("spent = -1", "budget_spent")]).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_try_that_was_right_is_not_counted_and_a_miss_is(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        for missed in [None, Some(NOW), None, Some(NOW + Duration::MINUTE)] {
            lock_try(&mut conn, "card", b"a", NOW).await.unwrap();
            end_try(&mut conn, "card", b"a", NOW, missed).await.unwrap();
        }
        let tried = lock_try(&mut conn, "card", b"a", NOW).await.unwrap();
        assert_eq!(tried, Tried { times: 2, last_at: Some(NOW + Duration::MINUTE) });
        assert_eq!(lock_try(&mut conn, "card", b"b", NOW).await.unwrap(), Tried::default());
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn who_spends_at_once_is_counted_exactly(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let mut first = conn.begin().await.unwrap();
        assert_eq!(spend(&mut first, "mail", b"a", NOW).await.unwrap(), 1);
        let others = fixture::race_behind(&pool, first, 12, |mut conn| async move {
            spend(&mut conn, "mail", b"a", NOW).await.unwrap()
        });
        let mut spent = others.await;
        spent.sort_unstable();
        assert_eq!(spent, (2..=13).collect::<Vec<_>>(), "each number is given once");
    }
}
