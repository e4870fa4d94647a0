//! The table `instrument`: payment instruments, and whose they are.

use domain::id::{InstrumentId, ShopperId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;

/// Remembers an instrument. Nothing changes when it is known.
pub async fn insert(conn: &mut PgConnection, id: &InstrumentId, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO instrument (instrument_id, first_seen_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        id.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Was this instrument ever seen at a gate or named as the shopper's in a cart?
pub async fn exists(conn: &mut PgConnection, id: &InstrumentId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM instrument WHERE instrument_id = $1) AS "found!""#,
        id.as_str(),
    );
    Ok(found.fetch_one(conn).await?)
}

/// Remembers that Amazon was seen without its flag of a debt.
pub async fn save_unflagged(conn: &mut PgConnection, id: &InstrumentId, now: OffsetDateTime) -> Result<()> {
    sqlx::query!("UPDATE instrument SET unflagged_at = $2 WHERE instrument_id = $1", id.as_str(), now)
        .execute(conn)
        .await?;
    Ok(())
}

/// What is known of whose an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Amazon was not asked yet, or has not answered.
    NotAsked,
    /// Amazon has no address for it.
    Nobody,
    /// This shopper's.
    Known(ShopperId),
}

/// Whose it is. `NotAsked` for an instrument that was never seen.
pub async fn identity(conn: &mut PgConnection, id: &InstrumentId) -> Result<Identity> {
    Ok(read_identity(conn, id).await?.map_or(Identity::NotAsked, |row| row.identity()))
}

/// Whose it is, as far as a visit that began at `begun` may know: where it was forgotten, Amazon is asked again for later visits, and
/// for earlier ones there is nobody.
pub async fn identity_at(conn: &mut PgConnection, id: &InstrumentId, begun: OffsetDateTime) -> Result<Identity> {
    let Some(row) = read_identity(conn, id).await? else { return Ok(Identity::NotAsked) };
    Ok(match (row.identity(), row.erased_at) {
        (Identity::Known(_), Some(erased)) if begun <= erased => Identity::Nobody,
        (Identity::Nobody, Some(erased)) if begun > erased && row.identity_asked_at.is_none_or(|it| it <= erased) => {
            Identity::NotAsked
        }
        (known, _) => known,
    })
}

/// What a row says of whose an instrument is.
struct IdentityColumns {
    shopper_id: Option<Uuid>,
    identity_asked_at: Option<OffsetDateTime>,
    erased_at: Option<OffsetDateTime>,
}

impl IdentityColumns {
    fn identity(&self) -> Identity {
        match (self.shopper_id, self.identity_asked_at) {
            (Some(shopper), _) => Identity::Known(ShopperId(shopper)),
            (None, Some(_)) => Identity::Nobody,
            (None, None) => Identity::NotAsked,
        }
    }
}

async fn read_identity(conn: &mut PgConnection, id: &InstrumentId) -> Result<Option<IdentityColumns>> {
    let row = sqlx::query_as!(
        IdentityColumns,
        "SELECT shopper_id, identity_asked_at, erased_at FROM instrument WHERE instrument_id = $1",
        id.as_str(),
    );
    Ok(row.fetch_optional(conn).await?)
}

/// Keeps what Amazon said of whose it is.
pub async fn save_identity(
    conn: &mut PgConnection,
    id: &InstrumentId,
    shopper: Option<ShopperId>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "UPDATE instrument SET shopper_id = $2, identity_asked_at = $3 WHERE instrument_id = $1",
        id.as_str(),
        shopper.map(|it| it.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::id::EmailAddress;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, assert_refused, card, id, vault};
    use super::super::shopper;
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn whose_an_instrument_is_reads_back_in_every_case(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let email = EmailAddress::new("a@example.com").unwrap();
        let shopper = shopper::find_or_insert(&mut conn, &vault(), &email, NOW).await.unwrap();
        assert_eq!(identity(&mut conn, &card()).await.unwrap(), Identity::NotAsked, "it was never seen");
        assert!(!exists(&mut conn, &card()).await.unwrap());
        insert(&mut conn, &card(), NOW).await.unwrap();
        assert!(exists(&mut conn, &card()).await.unwrap());
        assert_eq!(identity(&mut conn, &card()).await.unwrap(), Identity::NotAsked);
        save_identity(&mut conn, &card(), None, NOW).await.unwrap();
        assert_eq!(identity(&mut conn, &card()).await.unwrap(), Identity::Nobody);
        save_identity(&mut conn, &card(), Some(shopper), NOW).await.unwrap();
        assert_eq!(identity(&mut conn, &card()).await.unwrap(), Identity::Known(shopper));
        insert(&mut conn, &card(), NOW).await.unwrap();
        assert_eq!(identity(&mut conn, &card()).await.unwrap(), Identity::Known(shopper), "a second sight is no news");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_owner_that_nobody_told_of_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        insert(&mut conn, &id("amzn1.payment/ä#1"), NOW).await.unwrap();
        let changes = [
            ("shopper_id = gen_random_uuid()", "instrument_shopper_was_asked"),
            ("shopper_id = gen_random_uuid(), identity_asked_at = first_seen_at", "instrument_shopper"),
            ("instrument_id = ''", "instrument_id_length"),
        ];
        assert_refused(&mut conn, "instrument", &changes).await;
    }
}
