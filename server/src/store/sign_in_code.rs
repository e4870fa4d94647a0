//! The table `sign_in_code`: codes that were mailed, bound to the browser that asked.

use domain::effect::SignInCode;
use domain::id::{EmailAddress, OutboxId, ShopperId, SignInCodeId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, read, shopper};
use crate::vault::{Place, Sealed, Vault};

/// A code that was asked for.
#[derive(Debug)]
pub struct CodeRow {
    /// Whose. `None`: nobody has the address, and no code is right.
    pub shopper: Option<ShopperId>,
    /// Keyed hash of the code.
    pub code_hmac: Vec<u8>,
    /// Wrong answers that are left.
    pub tries_left: i32,
}

/// Writes a new code and gives its name, which only the browser that asked gets.
pub async fn insert(
    conn: &mut PgConnection,
    shopper: Option<ShopperId>,
    code_hmac: &[u8],
    tries: i32,
    expires_at: OffsetDateTime,
) -> Result<Uuid> {
    let id = Uuid::new_v4();
    sqlx::query!(
        "INSERT INTO sign_in_code (sign_in_code_id, shopper_id, code_hmac, tries_left, expires_at) VALUES ($1, $2, $3, $4, $5)",
        id,
        shopper.map(|it| it.0),
        code_hmac,
        tries,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// Keeps a code, sealed, until it is mailed.
pub async fn save_code(conn: &mut PgConnection, vault: &Vault, id: Uuid, code: &SignInCode) -> Result<()> {
    let sealed = vault.seal(place(&id.to_string()), &code.0);
    sqlx::query!("UPDATE sign_in_code SET code_sealed = $2 WHERE sign_in_code_id = $1", id, sealed.bytes())
        .execute(conn)
        .await?;
    Ok(())
}

/// What to mail, and to whom. `None`: it is over, was mailed, or is nobody's.
pub async fn unsent(
    conn: &mut PgConnection,
    vault: &Vault,
    id: SignInCodeId,
    now: OffsetDateTime,
) -> Result<Option<(EmailAddress, SignInCode)>> {
    let row = sqlx::query!(
        r#"SELECT shopper_id AS "shopper_id!", code_sealed AS "code_sealed!" FROM sign_in_code
           WHERE sign_in_code_id = $1 AND expires_at > $2 AND shopper_id IS NOT NULL AND code_sealed IS NOT NULL"#,
        id.0,
        now,
    );
    let Some(row) = row.fetch_optional(&mut *conn).await? else { return Ok(None) };
    let code = read(vault.open(place(&id.to_string()), &Sealed::new(row.code_sealed)), "sign_in_code.code_sealed")?;
    let to = shopper::email(conn, vault, ShopperId(row.shopper_id)).await?;
    Ok(to.map(|to| (to, SignInCode(code))))
}

/// Forgets a code that its mail has taken along, once the effect that mailed it has ended.
pub async fn forget_sent(conn: &mut PgConnection, effect: OutboxId, id: SignInCodeId) -> Result<()> {
    sqlx::query!(
        "UPDATE sign_in_code SET code_sealed = NULL FROM outbox
         WHERE sign_in_code_id = $1 AND outbox_id = $2 AND ended_at IS NOT NULL",
        id.0,
        effect.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn place(row: &str) -> Place<'_> {
    Place { column: "sign_in_code.code", row }
}

/// Spends one try of a code that is neither used nor over, and gives it. Two answers at once spend two.
pub async fn spend_try(conn: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<Option<CodeRow>> {
    let row = sqlx::query!(
        "UPDATE sign_in_code SET tries_left = tries_left - 1
         WHERE sign_in_code_id = $1 AND used_at IS NULL AND tries_left > 0 AND expires_at > $2
         RETURNING shopper_id, code_hmac, tries_left",
        id,
        now,
    );
    let row = row.fetch_optional(conn).await?;
    Ok(row.map(|row| CodeRow {
        shopper: row.shopper_id.map(ShopperId),
        code_hmac: row.code_hmac,
        tries_left: row.tries_left,
    }))
}

/// Marks a code as used. `false`: somebody was faster.
pub async fn mark_used(conn: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<bool> {
    let done =
        sqlx::query!("UPDATE sign_in_code SET used_at = $2 WHERE sign_in_code_id = $1 AND used_at IS NULL", id, now,);
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW, assert_refused, refusal, vault};
    use super::*;

    const TRIES: i32 = 5;
    const LIFE: Duration = Duration::minutes(10);

    async fn add(conn: &mut PgConnection) -> Uuid {
        insert(conn, None, b"hmac", TRIES, NOW + LIFE).await.unwrap()
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn each_try_gives_the_code_and_leaves_one_less(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let email = EmailAddress::new("a@example.com").unwrap();
        let owner = Some(shopper::find_or_insert(&mut conn, &vault(), &email, NOW).await.unwrap());
        for shopper in [owner, None] {
            let code = insert(&mut conn, shopper, b"hmac", TRIES, NOW + LIFE).await.unwrap();
            for left in (0..TRIES).rev() {
                let row = spend_try(&mut conn, code, NOW).await.unwrap().unwrap();
                assert_eq!(
                    (row.shopper, row.code_hmac.as_slice(), row.tries_left),
                    (shopper, b"hmac".as_slice(), left)
                );
            }
            assert!(spend_try(&mut conn, code, NOW).await.unwrap().is_none(), "no try is left");
        }
        let stranger = insert(&mut conn, Some(ShopperId(Uuid::nil())), b"hmac", TRIES, NOW).await;
        assert_eq!(refusal(stranger), "sign_in_code_shopper");
        assert_refused(&mut conn, "sign_in_code", &[("tries_left = -1", "sign_in_code_tries")]).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_code_that_is_over_or_used_or_unknown_has_no_tries(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let code = add(&mut conn).await;
        let end = NOW + LIFE;
        assert!(spend_try(&mut conn, code, end - Duration::microseconds(1)).await.unwrap().is_some());
        assert!(spend_try(&mut conn, code, end).await.unwrap().is_none());
        assert!(mark_used(&mut conn, code, NOW).await.unwrap());
        assert!(spend_try(&mut conn, code, NOW).await.unwrap().is_none());
        assert!(!mark_used(&mut conn, code, NOW).await.unwrap());
        assert!(spend_try(&mut conn, Uuid::nil(), NOW).await.unwrap().is_none());
        assert!(!mark_used(&mut conn, Uuid::nil(), NOW).await.unwrap());
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn guesses_at_once_have_no_more_tries_than_one_after_the_other(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let code = add(&mut conn).await;
        let mut first = conn.begin().await.unwrap();
        assert_eq!(spend_try(&mut first, code, NOW).await.unwrap().unwrap().tries_left, TRIES - 1);
        let others = fixture::race_behind(&pool, first, 11, move |mut conn| async move {
            spend_try(&mut conn, code, NOW).await.unwrap()
        });
        let mut left: Vec<_> = others.await.into_iter().flatten().map(|row| row.tries_left).collect();
        left.sort_unstable();
        assert_eq!(left, (0..TRIES - 1).collect::<Vec<_>>());
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn of_right_answers_at_once_one_is_let_in(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        let code = add(&mut conn).await;
        let mut first = conn.begin().await.unwrap();
        assert!(mark_used(&mut first, code, NOW).await.unwrap());
        let others = fixture::race_behind(&pool, first, 8, move |mut conn| async move {
            mark_used(&mut conn, code, NOW).await.unwrap()
        });
        assert_eq!(others.await, [false; 8]);
    }
}
