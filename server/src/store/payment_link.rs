//! The table `payment_link`: what staff hands to somebody who owes and whom nobody knows. Only a hash of the token is kept.

use domain::id::{EmailAddress, OutboxId, PaymentLinkId, TripId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, StoreError, read};
use crate::secret::Secret;
use crate::vault::{Place, Sealed, Vault};

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// A link that was just made.
#[derive(Debug)]
pub struct PaymentLinkRow<'a> {
    /// Its name among us.
    pub id: PaymentLinkId,
    /// What finds it.
    pub hash: TokenHash,
    /// Which visit it opens.
    pub trip: &'a TripId,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Until when it opens it.
    pub expires_at: OffsetDateTime,
}

/// Writes a link, unless there is one of this token. `mail`: to whom it goes, and the token, both sealed until it is mailed.
pub async fn insert(
    conn: &mut PgConnection,
    vault: &Vault,
    row: &PaymentLinkRow<'_>,
    mail: Option<(&EmailAddress, &Secret)>,
) -> Result<()> {
    let name = row.id.to_string();
    let seal = |column, text: &str| vault.seal(Place { column, row: &name }, text).bytes().to_vec();
    sqlx::query!(
        "INSERT INTO payment_link (payment_link_id, token_sha256, trip_id, email_sealed, token_sealed, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (token_sha256) DO NOTHING",
        row.id.0,
        &row.hash[..],
        row.trip.as_str(),
        mail.map(|(to, _)| seal(EMAIL, to.expose())),
        mail.map(|(_, token)| seal(TOKEN, token.expose())),
        row.created_at,
        row.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

const EMAIL: &str = "payment_link.email";
const TOKEN: &str = "payment_link.token";

/// Uses a link up and gives the visit it opens. `None`: unknown, used or over. Of two at once one is let in.
pub async fn take(conn: &mut PgConnection, hash: &TokenHash, now: OffsetDateTime) -> Result<Option<TripId>> {
    let trip = sqlx::query_scalar!(
        "UPDATE payment_link SET used_at = $2 WHERE token_sha256 = $1 AND used_at IS NULL AND expires_at > $2 RETURNING trip_id",
        &hash[..],
        now,
    );
    let trip = trip.fetch_optional(conn).await?;
    trip.map(|id| read(TripId::new(&id), "payment_link.trip_id")).transpose()
}

/// A link that waits for its mail.
#[derive(Debug)]
pub struct UnsentLink {
    /// To whom.
    pub to: EmailAddress,
    /// What is in the link.
    pub token: Secret,
    /// Which visit it opens.
    pub trip: TripId,
}

/// What to mail. `None`: it was mailed, used, or is over.
pub async fn unsent(
    conn: &mut PgConnection,
    vault: &Vault,
    id: PaymentLinkId,
    now: OffsetDateTime,
) -> Result<Option<UnsentLink>> {
    let row = sqlx::query!(
        "SELECT trip_id, email_sealed, token_sealed FROM payment_link
         WHERE payment_link_id = $1 AND expires_at > $2 AND used_at IS NULL AND token_sealed IS NOT NULL",
        id.0,
        now,
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let name = id.to_string();
    let open = |column, sealed: Option<Vec<u8>>| {
        let sealed = Sealed::new(sealed.ok_or(StoreError::Corrupt("payment_link.email_sealed"))?);
        read(vault.open(Place { column, row: &name }, &sealed), "payment_link.email_sealed")
    };
    Ok(Some(UnsentLink {
        to: read(EmailAddress::new(&open(EMAIL, row.email_sealed)?), "payment_link.email_sealed")?,
        token: Secret::new(open(TOKEN, row.token_sealed)?),
        trip: read(TripId::new(&row.trip_id), "payment_link.trip_id")?,
    }))
}

/// Forgets what its mail has taken along, once the effect that mailed it has ended.
pub async fn forget_sent(conn: &mut PgConnection, effect: OutboxId, id: PaymentLinkId) -> Result<()> {
    sqlx::query!(
        "UPDATE payment_link SET token_sealed = NULL, email_sealed = NULL FROM outbox
         WHERE payment_link_id = $1 AND outbox_id = $2 AND ended_at IS NOT NULL",
        id.0,
        effect.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;
    use uuid::Uuid;

    use super::super::fixture::{self, NOW, add_trip, assert_refused, vault};
    use super::*;

    const HASH: TokenHash = [7; 32];

    fn row(trip: &TripId) -> PaymentLinkRow<'_> {
        let id = PaymentLinkId(Uuid::new_v4());
        PaymentLinkRow { id, hash: HASH, trip, created_at: NOW, expires_at: NOW + Duration::days(7) }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_link_opens_its_visit_once_and_until_it_is_over(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        insert(&mut conn, &vault(), &row(&trip), None).await.unwrap();
        let end = NOW + Duration::days(7);
        assert_eq!(take(&mut conn, &[8; 32], NOW).await.unwrap(), None);
        assert_eq!(take(&mut conn, &HASH, end).await.unwrap(), None, "over");
        assert_eq!(take(&mut conn, &HASH, end - Duration::SECOND).await.unwrap(), Some(trip));
        assert_eq!(take(&mut conn, &HASH, NOW).await.unwrap(), None, "used");
        let wrong = [
            ("token_sha256 = 'short'", "payment_link_token_length"),
            ("token_sealed = 'x'", "payment_link_mail"),
            ("expires_at = created_at", "payment_link_life"),
        ];
        assert_refused(&mut conn, "payment_link", &wrong).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn of_many_who_use_a_link_at_once_one_is_let_in(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let trip = add_trip(&mut conn, "trip-1").await.id;
        insert(&mut conn, &vault(), &row(&trip), None).await.unwrap();
        let race = fixture::race(&pool, 6, |mut conn| async move { take(&mut conn, &HASH, NOW).await.unwrap() });
        assert_eq!(race.await.into_iter().flatten().count(), 1);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn what_is_mailed_lies_sealed_and_an_unused_link_is_mailed_only(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let (to, token) = (EmailAddress::new("jane@example.com").unwrap(), Secret::new("a-token"));
        let row = row(&trip);
        insert(&mut conn, &vault(), &row, Some((&to, &token))).await.unwrap();
        let kept: String =
            sqlx::query_scalar("SELECT encode(email_sealed || token_sealed, 'escape') FROM payment_link")
                .fetch_one(&mut conn)
                .await
                .unwrap();
        assert!(!kept.contains("jane") && !kept.contains("a-token"));
        let unsent_now = unsent(&mut conn, &vault(), row.id, NOW).await.unwrap().unwrap();
        assert_eq!((unsent_now.to, unsent_now.token.expose(), unsent_now.trip), (to, "a-token", trip.clone()));
        assert!(unsent(&mut conn, &vault(), row.id, row.expires_at).await.unwrap().is_none());
        take(&mut conn, &HASH, NOW).await.unwrap();
        assert!(unsent(&mut conn, &vault(), row.id, NOW).await.unwrap().is_none());
    }
}
