//! The table `staff`: who works here.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// Adds a person. `false`: there is one of this name.
pub async fn insert(conn: &mut PgConnection, name: &str, now: OffsetDateTime) -> Result<bool> {
    let done = sqlx::query!("INSERT INTO staff (name, added_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, now)
        .execute(conn);
    Ok(done.await?.rows_affected() == 1)
}

/// Is there a person of this name?
pub async fn is_known(conn: &mut PgConnection, name: &str) -> Result<bool> {
    let known = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM staff WHERE name = $1) AS "known!""#, name);
    Ok(known.fetch_one(conn).await?)
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, refusal};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_person_is_added_once_and_by_a_plain_name(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        assert!(!is_known(&mut conn, "ann").await.unwrap());
        assert!(insert(&mut conn, "ann", NOW).await.unwrap());
        assert!(!insert(&mut conn, "ann", NOW).await.unwrap());
        assert!(is_known(&mut conn, "ann").await.unwrap());
        for name in ["", "A", "Ann", "ann b", "9ann", "a"] {
            assert_eq!(refusal(insert(&mut conn, name, NOW).await), "staff_name", "{name}");
        }
    }
}
