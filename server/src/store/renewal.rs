//! What an older key sealed, or nobody yet, in `shopper`, `loyalty_account` and `card_facts`: found a part at a time, and sealed again.
//!
//! The tables are walked in the order of their keys, so that a renewal of any length needs the memory of one part, and one that was
//! interrupted begins again from the front without harm: what is sealed with the newest key is passed over.

use domain::id::{EmailAddress, ShopperId, TripId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, card_facts, loyalty_account, read, shopper};
use crate::vault::Vault;

/// One part of a table, walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<K> {
    /// Where the next part begins. `None`: this was the last.
    pub next: Option<K>,
    /// Rows that were sealed again.
    pub renewed: u64,
}

/// Shoppers whose id is above `after`.
pub async fn shoppers(conn: &mut PgConnection, vault: &Vault, after: Uuid, limit: i64) -> Result<Part<Uuid>> {
    let ids = sqlx::query_scalar!(
        "SELECT shopper_id FROM (SELECT * FROM shopper WHERE shopper_id > $1 ORDER BY shopper_id LIMIT $3) part
         WHERE email IS NOT NULL OR substring(email_sealed FROM 1 FOR 4) <> $2",
        after,
        vault.newest_key_id(),
        limit,
    );
    let ids = ids.fetch_all(&mut *conn).await?;
    for id in &ids {
        shopper::renew(&mut *conn, vault, ShopperId(*id)).await?;
    }
    let next = sqlx::query_scalar!(
        "SELECT shopper_id FROM shopper WHERE shopper_id > $1 ORDER BY shopper_id OFFSET $2 LIMIT 1",
        after,
        limit - 1,
    );
    Ok(Part { next: next.fetch_optional(conn).await?, renewed: ids.len() as u64 })
}

/// Loyalty accounts whose number is above `after`.
pub async fn loyalty_accounts(conn: &mut PgConnection, vault: &Vault, after: &str, limit: i64) -> Result<Part<String>> {
    let rows = sqlx::query!(
        "SELECT loyalty_number, email, email_sealed
         FROM (SELECT * FROM loyalty_account WHERE loyalty_number > $1 ORDER BY loyalty_number LIMIT $3) part
         WHERE email IS NOT NULL OR substring(email_sealed FROM 1 FOR 4) <> $2",
        after,
        vault.newest_key_id(),
        limit,
    );
    let rows = rows.fetch_all(&mut *conn).await?;
    let renewed = rows.len() as u64;
    for row in rows {
        let text = match row.email_sealed {
            Some(sealed) => loyalty_account::open(vault, &row.loyalty_number, sealed)?,
            None => row.email.unwrap_or_default(),
        };
        let email = read(EmailAddress::new(&text), "loyalty_account.email")?;
        loyalty_account::save_email(&mut *conn, vault, &row.loyalty_number, &email).await?;
    }
    let next = sqlx::query_scalar!(
        "SELECT loyalty_number FROM loyalty_account WHERE loyalty_number > $1 ORDER BY loyalty_number OFFSET $2 LIMIT 1",
        after,
        limit - 1,
    );
    Ok(Part { next: next.fetch_optional(conn).await?, renewed })
}

/// Card facts of visits whose id is above `after`.
pub async fn cards(conn: &mut PgConnection, vault: &Vault, after: &str, limit: i64) -> Result<Part<String>> {
    let trips = sqlx::query_scalar!(
        "SELECT trip_id FROM (SELECT * FROM card_facts WHERE trip_id > $1 ORDER BY trip_id LIMIT $3) part
         WHERE sealed IS NULL OR substring(sealed FROM 1 FOR 4) <> $2",
        after,
        vault.newest_key_id(),
        limit,
    );
    let trips = trips.fetch_all(&mut *conn).await?;
    for trip in &trips {
        card_facts::renew(&mut *conn, vault, &read(TripId::new(trip), "card_facts.trip_id")?).await?;
    }
    let next = sqlx::query_scalar!(
        "SELECT trip_id FROM card_facts WHERE trip_id > $1 ORDER BY trip_id OFFSET $2 LIMIT 1",
        after,
        limit - 1,
    );
    Ok(Part { next: next.fetch_optional(conn).await?, renewed: trips.len() as u64 })
}
