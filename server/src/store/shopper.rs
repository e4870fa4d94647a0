//! The table `shopper`: people who can sign in.

use domain::id::{EmailAddress, ShopperId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, read};

/// The shopper with this address; made when there is none.
pub async fn find_or_insert(conn: &mut PgConnection, email: &EmailAddress, now: OffsetDateTime) -> Result<ShopperId> {
    sqlx::query!(
        "INSERT INTO shopper (shopper_id, email, created_at) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT shopper_email_once DO NOTHING",
        Uuid::new_v4(),
        email.expose(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    let id = sqlx::query_scalar!("SELECT shopper_id FROM shopper WHERE email = $1", email.expose());
    Ok(ShopperId(id.fetch_one(conn).await?))
}

/// The shopper with this address.
pub async fn find(conn: &mut PgConnection, email: &EmailAddress) -> Result<Option<ShopperId>> {
    let id = sqlx::query_scalar!("SELECT shopper_id FROM shopper WHERE email = $1", email.expose());
    Ok(id.fetch_optional(conn).await?.map(ShopperId))
}

/// A shopper's address.
pub async fn email(conn: &mut PgConnection, id: ShopperId) -> Result<Option<EmailAddress>> {
    let email = sqlx::query_scalar!("SELECT email FROM shopper WHERE shopper_id = $1", id.0);
    email.fetch_optional(conn).await?.map(|text| read(EmailAddress::new(&text), "shopper.email")).transpose()
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, assert_refused};
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::new(text).unwrap()
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_address_in_any_spelling_is_one_shopper(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let jane = address("Jane@Example.com");
        assert_eq!(find(&mut conn, &jane).await.unwrap(), None);
        let shopper = find_or_insert(&mut conn, &jane, NOW).await.unwrap();
        assert_eq!(find_or_insert(&mut conn, &address(" jane@example.COM"), NOW).await.unwrap(), shopper);
        assert_eq!(find(&mut conn, &jane).await.unwrap(), Some(shopper));
        assert_eq!(email(&mut conn, shopper).await.unwrap(), Some(jane));
        assert_ne!(find_or_insert(&mut conn, &address("joe@example.com"), NOW).await.unwrap(), shopper);
        assert_eq!(email(&mut conn, ShopperId(Uuid::nil())).await.unwrap(), None);
        assert_refused(&mut conn, "shopper", &[("email = upper(email)", "shopper_email_shape")]).await;
        assert_refused(&mut conn, "shopper", &[("email = 'joe@example.com'", "shopper_email_once")]).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_address_that_comes_many_times_at_once_is_one_shopper(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let mut first = conn.begin().await.unwrap();
        let shopper = find_or_insert(&mut first, &address("jane@example.com"), NOW).await.unwrap();
        let others = fixture::race_behind(&pool, first, 6, |mut conn| async move {
            find_or_insert(&mut conn, &address("jane@example.com"), NOW).await.unwrap()
        });
        assert_eq!(others.await, [shopper; 6]);
    }
}
