//! The table `alert`: what a person must look at.

use domain::alert::AlertKind;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// Opens an alert, or counts one more time where it is open. Also a line in the log and a count in the metrics.
pub async fn open(conn: &mut PgConnection, kind: AlertKind, subject: &str, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO alert (kind, subject, opened_at, last_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO UPDATE SET times = alert.times + 1, last_at = $3",
        kind.as_str(),
        subject,
        now,
    )
    .execute(conn)
    .await?;
    tracing::warn!(alert.kind = kind.as_str(), alert.subject = subject, "alert");
    metrics::counter!("storeside_alerts_total", "kind" => kind.as_str()).increment(1);
    Ok(())
}

/// Opens an alert unless it is open, and does not count: for what may come with every tap, where all would wait for one row.
pub async fn open_once(conn: &mut PgConnection, kind: AlertKind, subject: &str, now: OffsetDateTime) -> Result<()> {
    let done = sqlx::query!(
        "INSERT INTO alert (kind, subject, opened_at, last_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO NOTHING",
        kind.as_str(),
        subject,
        now,
    );
    if done.execute(conn).await?.rows_affected() == 1 {
        tracing::warn!(alert.kind = kind.as_str(), alert.subject = subject, "alert");
        metrics::counter!("storeside_alerts_total", "kind" => kind.as_str()).increment(1);
    }
    Ok(())
}

/// Opens an alert, or counts one more time, as of `at` and without a line in the log: for what comes by the hundreds and is logged
/// together.
pub async fn count_one(conn: &mut PgConnection, kind: AlertKind, subject: &str, at: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO alert (kind, subject, opened_at, last_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (kind, subject) WHERE closed_at IS NULL
         DO UPDATE SET times = alert.times + 1, opened_at = least(alert.opened_at, $3), last_at = greatest(alert.last_at, $3)",
        kind.as_str(),
        subject,
        at,
    )
    .execute(conn)
    .await?;
    metrics::counter!("storeside_alerts_total", "kind" => kind.as_str()).increment(1);
    Ok(())
}

/// Closes an alert: what it told of is settled. Nothing changes when it is not open.
pub async fn close(conn: &mut PgConnection, kind: AlertKind, subject: &str, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "UPDATE alert SET closed_at = $3 WHERE kind = $1 AND subject = $2 AND closed_at IS NULL",
        kind.as_str(),
        subject,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An alert as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAlert {
    /// The row.
    pub id: i64,
    /// One of [`AlertKind`], or of a newer version's.
    pub kind: String,
    /// What it is about: a visit, an effect, an API.
    pub subject: String,
    /// How often it was raised.
    pub times: i32,
    /// When first.
    pub opened_at: OffsetDateTime,
    /// When last.
    pub last_at: OffsetDateTime,
}

/// Open alerts, the oldest first.
pub async fn list_open(conn: &mut PgConnection) -> Result<Vec<ListedAlert>> {
    let rows = sqlx::query_as!(
        ListedAlert,
        r#"SELECT alert_id AS id, kind, subject, times, opened_at, last_at FROM alert WHERE closed_at IS NULL
           ORDER BY opened_at, alert_id"#
    );
    Ok(rows.fetch_all(conn).await?)
}

/// Closes one alert. Gives what it told of, as kind and subject; `None`: it is not there, or closed already.
pub async fn close_by_id(conn: &mut PgConnection, id: i64, now: OffsetDateTime) -> Result<Option<(String, String)>> {
    let closed = sqlx::query!(
        "UPDATE alert SET closed_at = $2 WHERE alert_id = $1 AND closed_at IS NULL RETURNING kind, subject",
        id,
        now,
    );
    Ok(closed.fetch_optional(conn).await?.map(|row| (row.kind, row.subject)))
}

/// How many alerts of each kind are open.
pub async fn count_open(conn: &mut PgConnection) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT kind, count(*) AS "count!" FROM alert WHERE closed_at IS NULL GROUP BY kind ORDER BY kind"#
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.kind, row.count)).collect())
}

/// Open alerts of one kind and subject: how often each was raised.
pub async fn times_open(conn: &mut PgConnection, kind: AlertKind, subject: &str) -> Result<i32> {
    let times = sqlx::query_scalar!(
        "SELECT times FROM alert WHERE kind = $1 AND subject = $2 AND closed_at IS NULL",
        kind.as_str(),
        subject,
    );
    Ok(times.fetch_optional(conn).await?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW};
    use super::*;

    const KIND: AlertKind = AlertKind::BadCart;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_open_alert_is_counted_and_a_closed_one_is_opened_anew(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        assert_eq!(times_open(&mut conn, KIND, "trip-1").await.unwrap(), 0);
        let later = NOW + Duration::hours(1);
        open(&mut conn, KIND, "trip-1", NOW).await.unwrap();
        open(&mut conn, KIND, "trip-1", later).await.unwrap();
        assert_eq!(times_open(&mut conn, KIND, "trip-1").await.unwrap(), 2);
        assert_eq!(fixture::count(&mut conn, "alert").await, 1);
        let times: (OffsetDateTime, OffsetDateTime) =
            sqlx::query_as("SELECT opened_at, last_at FROM alert").fetch_one(&mut conn).await.unwrap();
        assert_eq!(times, (NOW, later));

        for (kind, subject) in [(AlertKind::LateCart, "trip-1"), (KIND, "trip-2")] {
            close(&mut conn, kind, subject, later).await.unwrap();
        }
        assert_eq!(times_open(&mut conn, KIND, "trip-1").await.unwrap(), 2, "others are closed");
        close(&mut conn, KIND, "trip-1", later).await.unwrap();
        assert_eq!(times_open(&mut conn, KIND, "trip-1").await.unwrap(), 0);
        open(&mut conn, KIND, "trip-1", later).await.unwrap();
        assert_eq!(times_open(&mut conn, KIND, "trip-1").await.unwrap(), 1);
        assert_eq!(fixture::count(&mut conn, "alert").await, 2);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn each_kind_and_subject_has_its_own_alert(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        for (kind, subject) in [(KIND, "trip-1"), (KIND, "trip-2"), (AlertKind::LateCart, "trip-1")] {
            open(&mut conn, kind, subject, NOW).await.unwrap();
            assert_eq!(times_open(&mut conn, kind, subject).await.unwrap(), 1);
        }
        fixture::assert_refused(&mut conn, "alert", &[("times = 0", "alert_times")]).await;
        fixture::assert_refused(&mut conn, "alert", &[("kind = 'bad_cart', subject = 'trip-1'", "alert_open_once")])
            .await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn alerts_that_are_raised_at_once_are_one_alert_and_all_counted(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let mut first = conn.begin().await.unwrap();
        open(&mut first, KIND, "trip-1", NOW).await.unwrap();
        let others = fixture::race_behind(&pool, first, 7, |mut conn| async move {
            open(&mut conn, KIND, "trip-1", NOW).await.unwrap();
        });
        others.await;
        assert_eq!(times_open(&mut conn, KIND, "trip-1").await.unwrap(), 8);
        assert_eq!(fixture::count(&mut conn, "alert").await, 1);
    }
}
