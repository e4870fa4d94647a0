//! The table `security_event`: refused callers and the like. Never a secret, never a body.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// Counts one event in its minute.
pub async fn insert(conn: &mut PgConnection, kind: &str, subject: &str, now: OffsetDateTime) -> Result<()> {
    let minute = now.replace_second(0).and_then(|it| it.replace_nanosecond(0)).unwrap_or(now);
    sqlx::query!(
        "INSERT INTO security_event (kind, subject, minute_at) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT security_event_once_a_minute DO UPDATE SET times = security_event.times + 1",
        kind,
        subject,
        minute,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn refused_callers_are_counted_by_the_minute(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let next = NOW + Duration::minutes(1);
        let last = next - Duration::microseconds(1);
        for (subject, now) in [("gate", NOW), ("gate", last), ("cart", NOW), ("gate", next)] {
            insert(&mut conn, "unsigned", subject, now).await.unwrap();
        }
        let kept: Vec<(String, OffsetDateTime, i32)> =
            sqlx::query_as("SELECT subject, minute_at, times FROM security_event ORDER BY minute_at, subject")
                .fetch_all(&mut conn)
                .await
                .unwrap();
        let row = |subject: &str, minute_at, times| (subject.to_owned(), minute_at, times);
        assert_eq!(kept, [row("cart", NOW, 1), row("gate", NOW, 2), row("gate", next, 1)]);
        fixture::assert_refused(&mut conn, "security_event", &[("times = 0", "security_event_times")]).await;
    }
}
