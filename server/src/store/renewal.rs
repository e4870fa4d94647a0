//! What an older key sealed, or nobody yet, in `shopper`, `loyalty_account`, `card_facts`, `refund` and `dispute`: found a part at a time, and sealed again.
//!
//! The tables are walked in the order of their keys, so that a renewal of any length needs the memory of one part, and one that was
//! interrupted begins again from the front without harm: what is sealed with the newest key is passed over.

use domain::id::{DisputeId, LoyaltyNumber, RefundId, ShopperId, TripId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, card_facts, dispute, loyalty_account, read, refund_review, shopper};
use crate::vault::Vault;

/// Rows that one part walks.
const PART: usize = 1_000;

/// One part of a table, walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<K> {
    /// After which key the next part begins. `None`: this was the last.
    pub next: Option<K>,
    /// Rows that were sealed again.
    pub renewed: u64,
}

/// Shoppers whose id is above `after`.
pub async fn shoppers(conn: &mut PgConnection, vault: &Vault, after: Uuid) -> Result<Part<Uuid>> {
    let rows = sqlx::query!(
        r#"SELECT shopper_id AS key, coalesce(email IS NOT NULL OR substring(email_sealed FROM 1 FOR 4) <> $2, false) AS "is_old!"
           FROM shopper WHERE shopper_id > $1 ORDER BY shopper_id LIMIT $3"#,
        after,
        vault.newest_key_id(),
        PART as i64,
    );
    let (part, old) = part(rows.fetch_all(&mut *conn).await?.into_iter().map(|row| (row.key, row.is_old)));
    for id in old {
        shopper::renew(&mut *conn, vault, ShopperId(id)).await?;
    }
    Ok(part)
}

/// Loyalty accounts whose number is above `after`.
pub async fn loyalty_accounts(conn: &mut PgConnection, vault: &Vault, after: String) -> Result<Part<String>> {
    let rows = sqlx::query!(
        r#"SELECT loyalty_number AS key, coalesce(email IS NOT NULL OR substring(email_sealed FROM 1 FOR 4) <> $2, false) AS "is_old!"
           FROM loyalty_account WHERE loyalty_number > $1 ORDER BY loyalty_number LIMIT $3"#,
        after,
        vault.newest_key_id(),
        PART as i64,
    );
    let (part, old) = part(rows.fetch_all(&mut *conn).await?.into_iter().map(|row| (row.key, row.is_old)));
    for number in old {
        let number = read(LoyaltyNumber::new(&number), "loyalty_account.loyalty_number")?;
        loyalty_account::renew(&mut *conn, vault, &number).await?;
    }
    Ok(part)
}

/// Card facts of visits whose id is above `after`.
pub async fn cards(conn: &mut PgConnection, vault: &Vault, after: String) -> Result<Part<String>> {
    let rows = sqlx::query!(
        r#"SELECT trip_id AS key, sealed IS NULL OR substring(sealed FROM 1 FOR 4) <> $2 AS "is_old!"
           FROM card_facts WHERE trip_id > $1 ORDER BY trip_id LIMIT $3"#,
        after,
        vault.newest_key_id(),
        PART as i64,
    );
    let (part, old) = part(rows.fetch_all(&mut *conn).await?.into_iter().map(|row| (row.key, row.is_old)));
    for trip in old {
        card_facts::renew(&mut *conn, vault, &read(TripId::new(&trip), "card_facts.trip_id")?).await?;
    }
    Ok(part)
}

/// Notes of refunds and disputes whose id is above `after`.
pub async fn notes(conn: &mut PgConnection, vault: &Vault, after: Uuid) -> Result<Part<Uuid>> {
    let rows = sqlx::query!(
        r#"SELECT key AS "key!", is_refund AS "is_refund!", substring(sealed FROM 1 FOR 4) <> $2 AS "is_old!"
           FROM ((SELECT refund_id AS key, true AS is_refund, note_sealed AS sealed FROM refund
                  WHERE refund_id > $1 AND note_sealed IS NOT NULL ORDER BY refund_id LIMIT $3)
                 UNION ALL
                 (SELECT dispute_id, false, note_sealed FROM dispute
                  WHERE dispute_id > $1 AND note_sealed IS NOT NULL ORDER BY dispute_id LIMIT $3)) notes
           ORDER BY key LIMIT $3"#,
        after,
        vault.newest_key_id(),
        PART as i64,
    );
    let rows = rows.fetch_all(&mut *conn).await?;
    let (part, old) = part(rows.into_iter().map(|row| ((row.key, row.is_refund), row.is_old)));
    for (id, is_refund) in old {
        match is_refund {
            true => refund_review::renew(&mut *conn, vault, read(RefundId::new(id), "refund.refund_id")?).await?,
            false => dispute::renew(&mut *conn, vault, DisputeId(id)).await?,
        }
    }
    Ok(Part { next: part.next.map(|(id, _)| id), renewed: part.renewed })
}

/// What was walked, and which of it an older key sealed. A full part may have another behind it.
fn part<K: Clone>(rows: impl Iterator<Item = (K, bool)>) -> (Part<K>, Vec<K>) {
    let rows: Vec<(K, bool)> = rows.collect();
    let next = rows.get(PART - 1).map(|(key, _)| key.clone());
    let old: Vec<K> = rows.into_iter().filter(|(_, is_old)| *is_old).map(|(key, _)| key).collect();
    (Part { next, renewed: old.len() as u64 }, old)
}
