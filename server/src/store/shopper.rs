//! The table `shopper`: people who can sign in. Their addresses are sealed, and found by a keyed hash.

use domain::id::{EmailAddress, ShopperId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, StoreError, read};
use crate::vault::{Place, Sealed, Vault};

/// What an address is called in a blind index. The same in every table, so that a loyalty account finds its shopper.
pub(super) const EMAIL: &str = "email";

/// The shopper with this address; made when there is none.
pub async fn find_or_insert(
    conn: &mut PgConnection,
    vault: &Vault,
    email: &EmailAddress,
    now: OffsetDateTime,
) -> Result<ShopperId> {
    if let Some(known) = find(&mut *conn, vault, email).await? {
        return Ok(known);
    }
    let id = ShopperId(Uuid::new_v4());
    let (sealed, index) = (vault.seal(place(&id.to_string()), email.expose()), vault.index(EMAIL, email.expose()));
    sqlx::query!(
        "INSERT INTO shopper (shopper_id, email_sealed, email_index, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT shopper_email_index_once DO NOTHING",
        id.0,
        sealed.bytes(),
        index.bytes(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    find(conn, vault, email).await?.ok_or(StoreError::Corrupt("shopper.email_index"))
}

/// The shopper with this address.
pub async fn find(conn: &mut PgConnection, vault: &Vault, email: &EmailAddress) -> Result<Option<ShopperId>> {
    let id = sqlx::query_scalar!(
        "SELECT shopper_id FROM shopper WHERE email_index = ANY ($1) OR email = $2 ORDER BY created_at LIMIT 1",
        &vault.indexes(EMAIL, email.expose()),
        email.expose(),
    );
    Ok(id.fetch_optional(conn).await?.map(ShopperId))
}

/// A shopper's address.
pub async fn email(conn: &mut PgConnection, vault: &Vault, id: ShopperId) -> Result<Option<EmailAddress>> {
    let row = sqlx::query!("SELECT email, email_sealed FROM shopper WHERE shopper_id = $1", id.0);
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let text = match row.email_sealed {
        Some(sealed) => Some(read(vault.open(place(&id.to_string()), &Sealed::new(sealed)), "shopper.email_sealed")?),
        None => row.email,
    };
    text.map(|text| read(EmailAddress::new(&text), "shopper.email")).transpose()
}

/// Seals an address again with the newest key. One that another shopper has already stays as it is: two rows of one address come
/// from two processes that met it at the same moment, each with another newest key, and both go on finding their own.
pub(super) async fn renew(conn: &mut PgConnection, vault: &Vault, id: ShopperId) -> Result<()> {
    let Some(email) = email(&mut *conn, vault, id).await? else { return Ok(()) };
    let (sealed, index) = (vault.seal(place(&id.to_string()), email.expose()), vault.index(EMAIL, email.expose()));
    sqlx::query!(
        "UPDATE shopper SET email = NULL, email_sealed = $2, email_index = $3
         WHERE shopper_id = $1 AND NOT EXISTS (SELECT 1 FROM shopper other WHERE email_index = $3 AND shopper_id <> $1)",
        id.0,
        sealed.bytes(),
        index.bytes(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn place(row: &str) -> Place<'_> {
    Place { column: "shopper.email", row }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, assert_refused, vault};
    use super::*;
    use crate::secret::Secret;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::new(text).unwrap()
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_address_in_any_spelling_is_one_shopper(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let jane = address("Jane@Example.com");
        assert_eq!(find(&mut conn, &vault(), &jane).await.unwrap(), None);
        let shopper = find_or_insert(&mut conn, &vault(), &jane, NOW).await.unwrap();
        assert_eq!(find_or_insert(&mut conn, &vault(), &address(" jane@example.COM"), NOW).await.unwrap(), shopper);
        assert_eq!(find(&mut conn, &vault(), &jane).await.unwrap(), Some(shopper));
        assert_eq!(email(&mut conn, &vault(), shopper).await.unwrap(), Some(jane));
        assert_ne!(find_or_insert(&mut conn, &vault(), &address("joe@example.com"), NOW).await.unwrap(), shopper);
        assert_eq!(email(&mut conn, &vault(), ShopperId(Uuid::nil())).await.unwrap(), None);
        let wrong = [
            ("email_index = 'short'", "shopper_email_index_length"),
            ("email_index = NULL", "shopper_email_sealed"),
            ("email = 'plain@example.com'", "shopper_email_one"),
        ];
        assert_refused(&mut conn, "shopper", &wrong).await;
        let same = "email_index = (SELECT email_index FROM shopper ORDER BY created_at, shopper_id LIMIT 1)";
        assert_refused(&mut conn, "shopper", &[(same, "shopper_email_index_once")]).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_address_is_nowhere_to_be_read_and_is_found_when_the_key_changes(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let old_key = Secret::new("the key of the year before, long enough");
        let before = Vault::new(std::slice::from_ref(&old_key));
        let jane = address("jane@example.com");
        let shopper = find_or_insert(&mut conn, &before, &jane, NOW).await.unwrap();
        let row: String = sqlx::query_scalar("SELECT shopper::text FROM shopper").fetch_one(&mut conn).await.unwrap();
        let hex: String = "jane".bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!row.contains("jane") && !row.contains(&hex), "{row}");

        let both = Vault::new(&[Secret::new("the key of this year, just as long as it was"), old_key]);
        assert_eq!(find_or_insert(&mut conn, &both, &jane, NOW).await.unwrap(), shopper);
        assert_eq!(email(&mut conn, &both, shopper).await.unwrap(), Some(jane.clone()));
        assert_eq!(find(&mut conn, &vault(), &jane).await.unwrap(), None, "another key finds nobody");
        assert!(email(&mut conn, &vault(), shopper).await.is_err(), "and reads nothing");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_address_that_the_version_before_wrote_is_found_and_read(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let insert = "INSERT INTO shopper (shopper_id, email, created_at) VALUES ($1, 'jane@example.com', $2)";
        let id = Uuid::new_v4();
        sqlx::query(insert).bind(id).bind(NOW).execute(&mut conn).await.unwrap();
        let jane = address("jane@example.com");
        assert_eq!(find_or_insert(&mut conn, &vault(), &jane, NOW).await.unwrap(), ShopperId(id));
        assert_eq!(email(&mut conn, &vault(), ShopperId(id)).await.unwrap(), Some(jane));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_address_that_comes_many_times_at_once_is_one_shopper(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let mut first = conn.begin().await.unwrap();
        let shopper = find_or_insert(&mut first, &vault(), &address("jane@example.com"), NOW).await.unwrap();
        let others = fixture::race_behind(&pool, first, 6, |mut conn| async move {
            find_or_insert(&mut conn, &vault(), &address("jane@example.com"), NOW).await.unwrap()
        });
        assert_eq!(others.await, [shopper; 6]);
    }
}
