//! The tables `loyalty_account` and `loyalty_visit`: who is a member, and in which visits that counted. `loyalty_row` is where a file
//! waits, within one transaction, to be compared with itself and with what there is.

use domain::id::{EmailAddress, LoyaltyNumber, TripId};
use domain::loyalty::LoyaltyAccount;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::shopper::EMAIL;
use super::{Result, read};
use crate::vault::{Place, Sealed, Vault};

/// The first of these numbers that is a live account at `at`.
pub async fn find_live(
    conn: &mut PgConnection,
    numbers: &[LoyaltyNumber],
    at: OffsetDateTime,
) -> Result<Option<LoyaltyNumber>> {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let number = sqlx::query_scalar!(
        "SELECT loyalty_number FROM loyalty_account
         WHERE loyalty_number = ANY ($1) AND created_at <= $2 AND (ended_at IS NULL OR $2 < ended_at)
         ORDER BY array_position($1, loyalty_number) LIMIT 1",
        &numbers,
        at,
    );
    let number = number.fetch_optional(conn).await?;
    number.map(|text| read(LoyaltyNumber::new(&text), "loyalty_account.loyalty_number")).transpose()
}

/// Where the owner of a live account can be written to.
pub async fn email(
    conn: &mut PgConnection,
    vault: &Vault,
    number: &LoyaltyNumber,
    at: OffsetDateTime,
) -> Result<Option<EmailAddress>> {
    let row = sqlx::query!(
        "SELECT email, email_sealed FROM loyalty_account
         WHERE loyalty_number = $1 AND created_at <= $2 AND (ended_at IS NULL OR $2 < ended_at)",
        number.as_str(),
        at,
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let text = match row.email_sealed {
        Some(sealed) => {
            let opened = vault.open(place(number.as_str()), &Sealed::new(sealed));
            Some(read(opened, "loyalty_account.email_sealed")?)
        }
        None => row.email,
    };
    text.map(|text| read(EmailAddress::new(&text), "loyalty_account.email")).transpose()
}

/// Does a live account have this address?
pub async fn is_members(
    conn: &mut PgConnection,
    vault: &Vault,
    email: &EmailAddress,
    at: OffsetDateTime,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM loyalty_account WHERE email_index = ANY ($1) AND created_at <= $2
               AND (ended_at IS NULL OR $2 < ended_at)) AS "found!""#,
        &vault.indexes(EMAIL, email.expose()),
        at,
    );
    Ok(found.fetch_one(conn).await?)
}

/// Keeps that a visit's cart is a member's.
pub async fn insert_visit(conn: &mut PgConnection, trip: &TripId, number: &LoyaltyNumber) -> Result<()> {
    sqlx::query!(
        "INSERT INTO loyalty_visit (trip_id, loyalty_number) VALUES ($1, $2)",
        trip.as_str(),
        number.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds off other imports until the transaction ends; visits are priced meanwhile.
pub async fn lock_imports(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("LOCK TABLE loyalty_row IN EXCLUSIVE MODE").execute(conn).await?;
    Ok(())
}

/// Sends some rows of a file, each with its line.
pub async fn push_rows(conn: &mut PgConnection, vault: &Vault, rows: &[(u64, LoyaltyAccount)]) -> Result<()> {
    let lines: Vec<i64> = rows.iter().map(|(line_no, _)| i64::try_from(*line_no).unwrap_or(i64::MAX)).collect();
    let numbers: Vec<String> = rows.iter().map(|(_, it)| it.number.to_string()).collect();
    let sealed = |it: &LoyaltyAccount| {
        it.email.as_ref().map(|email| vault.seal(place(it.number.as_str()), email.expose()).bytes().to_vec())
    };
    let index = |it: &LoyaltyAccount| it.email.as_ref().map(|email| vault.index(EMAIL, email.expose()).into_bytes());
    let sealed: Vec<_> = rows.iter().map(|(_, it)| sealed(it)).collect();
    let indexes: Vec<_> = rows.iter().map(|(_, it)| index(it)).collect();
    let ended: Vec<bool> = rows.iter().map(|(_, it)| it.ended).collect();
    sqlx::query!(
        "INSERT INTO loyalty_row (line_no, loyalty_number, email_sealed, email_index, ended)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::boolean[])",
        &lines,
        &numbers,
        &sealed as &[Option<Vec<u8>>],
        &indexes as &[Option<Vec<u8>>],
        &ended,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lines whose number an earlier line has: `(line, the earlier one)`, at most `limit`.
pub async fn list_duplicates(conn: &mut PgConnection, limit: i64) -> Result<Vec<(u64, u64)>> {
    let rows = sqlx::query!(
        r#"SELECT line_no, first_no AS "first_no!"
           FROM (SELECT line_no, min(line_no) OVER (PARTITION BY loyalty_number) AS first_no FROM loyalty_row) numbered
           WHERE line_no <> first_no ORDER BY line_no LIMIT $1"#,
        limit,
    );
    let line = |no| read(u64::try_from(no), "loyalty_row.line_no");
    rows.fetch_all(conn).await?.into_iter().map(|row| Ok((line(row.line_no)?, line(row.first_no)?))).collect()
}

/// What the rows that were sent would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// New accounts, and ended ones that begin again.
    pub added: i64,
    /// Another address.
    pub changed: i64,
    /// Members until now.
    pub ended: i64,
}

/// Counts what [`keep`] would change.
pub async fn count_changes(conn: &mut PgConnection) -> Result<Changes> {
    let counts = sqlx::query_as!(
        Changes,
        r#"SELECT count(*) FILTER (WHERE NOT sent.ended AND (it.loyalty_number IS NULL OR it.ended_at IS NOT NULL)) AS "added!",
               count(*) FILTER (WHERE it.ended_at IS NULL AND NOT sent.ended AND it.loyalty_number IS NOT NULL
                   AND (it.email_index IS DISTINCT FROM sent.email_index OR it.email IS NOT NULL)) AS "changed!",
               count(*) FILTER (WHERE sent.ended AND it.loyalty_number IS NOT NULL AND it.ended_at IS NULL) AS "ended!"
           FROM loyalty_row sent LEFT JOIN loyalty_account it USING (loyalty_number)"#,
    );
    Ok(counts.fetch_one(conn).await?)
}

/// Makes the rows that were sent accounts. One that ended keeps its end; one that begins again begins now.
pub async fn keep(conn: &mut PgConnection, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO loyalty_account AS it (loyalty_number, email_sealed, email_index, created_at, ended_at)
         SELECT sent.loyalty_number, sent.email_sealed, sent.email_index, $1::timestamptz, CASE WHEN sent.ended THEN $1::timestamptz END
         FROM loyalty_row sent LEFT JOIN loyalty_account known USING (loyalty_number)
         WHERE NOT sent.ended OR known.loyalty_number IS NOT NULL
         ON CONFLICT ON CONSTRAINT loyalty_account_pk DO UPDATE SET
             email = NULL,
             email_sealed = excluded.email_sealed,
             email_index = excluded.email_index,
             created_at = CASE WHEN it.ended_at IS NOT NULL AND excluded.ended_at IS NULL THEN $1 ELSE it.created_at END,
             ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL ELSE coalesce(it.ended_at, $1) END
         WHERE it.email IS NOT NULL OR it.email_index IS DISTINCT FROM excluded.email_index OR (it.ended_at IS NULL) <> (excluded.ended_at IS NULL)",
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Seals an account's address again with the newest key.
pub(super) async fn renew(conn: &mut PgConnection, vault: &Vault, number: &LoyaltyNumber) -> Result<()> {
    let row =
        sqlx::query!("SELECT email, email_sealed FROM loyalty_account WHERE loyalty_number = $1", number.as_str(),);
    let row = row.fetch_one(&mut *conn).await?;
    let text = match row.email_sealed {
        Some(sealed) => {
            let opened = vault.open(place(number.as_str()), &Sealed::new(sealed));
            Some(read(opened, "loyalty_account.email_sealed")?)
        }
        None => row.email,
    };
    let Some(text) = text else { return Ok(()) };
    let email = read(EmailAddress::new(&text), "loyalty_account.email")?;
    let (sealed, index) = (vault.seal(place(number.as_str()), email.expose()), vault.index(EMAIL, email.expose()));
    sqlx::query!(
        "UPDATE loyalty_account SET email = NULL, email_sealed = $2, email_index = $3 WHERE loyalty_number = $1",
        number.as_str(),
        sealed.bytes(),
        index.bytes(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn place(number: &str) -> Place<'_> {
    Place { column: "loyalty_account.email", row: number }
}

/// Forgets the rows that were sent.
pub async fn clear_rows(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("DELETE FROM loyalty_row").execute(conn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW, assert_refused, id, vault};
    use super::*;

    fn account(number: &str, email: Option<&str>, ended: bool) -> LoyaltyAccount {
        LoyaltyAccount { number: id(number), email: email.map(|it| EmailAddress::new(it).unwrap()), ended }
    }

    async fn import(conn: &mut PgConnection, accounts: &[LoyaltyAccount], now: OffsetDateTime) -> (i64, i64, i64) {
        push_rows(conn, &vault(), &(2..).zip(accounts.iter().cloned()).collect::<Vec<_>>()).await.unwrap();
        let changes = count_changes(conn).await.unwrap();
        keep(conn, now).await.unwrap();
        clear_rows(conn).await.unwrap();
        (changes.added, changes.changed, changes.ended)
    }

    async fn is_live(conn: &mut PgConnection, number: &str, at: OffsetDateTime) -> bool {
        find_live(conn, &[id(number)], at).await.unwrap().is_some()
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_account_is_live_from_its_import_until_its_end_and_may_begin_again(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let hour = |hours| NOW + Duration::hours(hours);
        let first =
            [account("1", Some("jane@example.com"), false), account("2", None, false), account("3", None, true)];
        assert_eq!(import(&mut conn, &first, NOW).await, (2, 0, 0));
        assert_eq!(import(&mut conn, &first, hour(1)).await, (0, 0, 0), "the same file changes nothing");
        assert_eq!(fixture::count(&mut conn, "loyalty_account").await, 2, "who was never a member is not kept");
        let second = [account("1", None, false), account("2", None, true)];
        assert_eq!(import(&mut conn, &second, hour(2)).await, (0, 1, 1));
        assert_eq!(import(&mut conn, &[account("2", None, true)], hour(3)).await, (0, 0, 0));
        for (number, at, live) in [
            ("1", hour(-1), false),
            ("1", hour(9), true),
            ("2", hour(1), true),
            ("2", hour(2), false),
            ("9", NOW, false),
        ] {
            assert_eq!(is_live(&mut conn, number, at).await, live, "{number} at {at}");
        }
        assert_eq!(import(&mut conn, &[account("2", None, false)], hour(5)).await, (1, 0, 0));
        assert!(!is_live(&mut conn, "2", hour(4)).await, "the time between stays without it");
        assert!(is_live(&mut conn, "2", hour(5)).await);
        let both = find_live(&mut conn, &[id("9"), id("2"), id("1")], hour(6)).await.unwrap();
        assert_eq!(both, Some(id("2")), "the first that is known");
        let changes = [
            ("loyalty_number = ''", "loyalty_account_number"),
            ("email = 'Jane@example.com'", "loyalty_account_email"),
            ("email_sealed = 'jane'", "loyalty_account_email_sealed"),
            ("ended_at = created_at - interval '1 second'", "loyalty_account_life"),
        ];
        assert_refused(&mut conn, "loyalty_account", &changes).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_number_that_a_file_has_twice_is_found_by_its_lines(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let rows = ["1", "2", "1", "1"].map(|number| account(number, None, false));
        push_rows(&mut conn, &vault(), &(2..).zip(rows).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(list_duplicates(&mut conn, 9).await.unwrap(), [(4, 2), (5, 2)]);
        assert_eq!(list_duplicates(&mut conn, 1).await.unwrap(), [(4, 2)]);
    }
}
