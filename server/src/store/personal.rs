//! What is personal, across the tables that have some: asked for by whom it is about, erased, and forgotten by age.

use domain::id::{DisputeId, InstrumentId, ShopperId, TripId};
use domain::viewer::Viewer;
use serde_json::{Value, json};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::viewer::Reach;
use super::{Result, card_facts, read, session};
use crate::vault::Vault;

/// When it was forgotten whose an instrument is. Its row stays locked until the transaction ends, so that nothing is learned again
/// meanwhile.
pub async fn lock_erased_at(conn: &mut PgConnection, id: &InstrumentId) -> Result<Option<OffsetDateTime>> {
    let row = sqlx::query_scalar!("SELECT erased_at FROM instrument WHERE instrument_id = $1 FOR UPDATE", id.as_str());
    Ok(row.fetch_optional(conn).await?.flatten())
}

/// Is anything of these visits not over: a charge, a debt, a refund, or a payment of a debt?
pub async fn is_any_open(conn: &mut PgConnection, reach: &Reach) -> Result<bool> {
    let open = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM trip LEFT JOIN debt USING (trip_id)
               WHERE (trip.instrument_id = ANY($1) OR trip.trip_id = ANY($2)) AND (
                   trip.state IN ('entered', 'in_review', 'adjusting', 'capturing', 'capture_unknown', 'capture_unconfirmed', 'cancelling')
                   OR debt.outstanding_minor > 0
                   OR EXISTS (SELECT 1 FROM refund WHERE refund.trip_id = trip.trip_id AND refund.state IN ('in_review', 'waiting', 'sending', 'by_hand'))
                   OR EXISTS (SELECT 1 FROM payoff_allocation JOIN payoff USING (payoff_id)
                       WHERE payoff_allocation.trip_id = trip.trip_id AND payoff.state IN ('created', 'open', 'disputed')))) AS "open!""#,
        reach.instruments(),
        reach.trips(),
    );
    Ok(open.fetch_one(conn).await?)
}

/// Forgets whose these instruments are, the address, the codes that were mailed there, and signs out everywhere. Gives the instruments.
pub async fn erase_shopper(
    conn: &mut PgConnection,
    shopper: ShopperId,
    now: OffsetDateTime,
) -> Result<Vec<InstrumentId>> {
    let instruments = sqlx::query_scalar!(
        "UPDATE instrument SET shopper_id = NULL, identity_asked_at = coalesce(identity_asked_at, $2), erased_at = $2
         WHERE shopper_id = $1 RETURNING instrument_id",
        shopper.0,
        now,
    );
    let instruments = instruments.fetch_all(&mut *conn).await?;
    sqlx::query!("DELETE FROM sign_in_code WHERE shopper_id = $1", shopper.0).execute(&mut *conn).await?;
    sqlx::query!(
        "UPDATE shopper SET email = NULL, email_sealed = NULL, email_index = NULL, erased_at = $2 WHERE shopper_id = $1",
        shopper.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    session::delete_all_but(conn, &Viewer::Shopper(shopper), 0).await?;
    instruments.iter().map(|id| read(InstrumentId::new(id), "instrument.instrument_id")).collect()
}

/// Takes out of the card facts of these instruments what bookkeeping does not need, and what shoppers wrote. How many visits that were.
pub async fn reduce_cards(
    conn: &mut PgConnection,
    vault: &Vault,
    instruments: &[InstrumentId],
    now: OffsetDateTime,
) -> Result<u64> {
    let instruments: Vec<String> = instruments.iter().map(|it| it.as_str().to_owned()).collect();
    let trips = sqlx::query_scalar!(
        "SELECT trip_id FROM card_facts JOIN trip USING (trip_id) WHERE instrument_id = ANY($1) AND reduced_at IS NULL ORDER BY trip_id",
        &instruments,
    );
    let trips = trips.fetch_all(&mut *conn).await?;
    forget_notes(&mut *conn, &instruments, &[]).await?;
    reduce(conn, vault, trips, now).await
}

/// Erases what shoppers wrote about these visits in their own words.
async fn forget_notes(conn: &mut PgConnection, instruments: &[String], trips: &[String]) -> Result<()> {
    sqlx::query!(
        "UPDATE refund SET note_sealed = NULL FROM trip WHERE trip.trip_id = refund.trip_id AND note_sealed IS NOT NULL
             AND (trip.instrument_id = ANY($1) OR trip.trip_id = ANY($2))",
        instruments,
        trips,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE dispute SET note_sealed = NULL FROM trip WHERE trip.trip_id = dispute.trip_id AND note_sealed IS NOT NULL
             AND (trip.instrument_id = ANY($1) OR trip.trip_id = ANY($2))",
        instruments,
        trips,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn reduce(conn: &mut PgConnection, vault: &Vault, trips: Vec<String>, now: OffsetDateTime) -> Result<u64> {
    forget_notes(&mut *conn, &[], &trips).await?;
    let mut count = 0_u64;
    for trip in trips {
        card_facts::reduce(&mut *conn, vault, &read(TripId::new(&trip), "card_facts.trip_id")?, now).await?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Takes out of card facts what bookkeeping does not need, where the store has kept them long enough and nothing is owed: a debtor signs in
/// by card. At most `limit`; gives how many.
pub async fn reduce_old_cards(conn: &mut PgConnection, vault: &Vault, now: OffsetDateTime, limit: i64) -> Result<u64> {
    let trips = sqlx::query_scalar!(
        "SELECT card_facts.trip_id FROM card_facts JOIN trip USING (trip_id) JOIN store USING (store_id)
             LEFT JOIN debt ON debt.trip_id = card_facts.trip_id
         WHERE reduced_at IS NULL AND fetched_at < $1::timestamptz - make_interval(days => personal_days)
             AND coalesce(debt.outstanding_minor, 0) = 0
         ORDER BY fetched_at LIMIT $2 FOR UPDATE OF card_facts SKIP LOCKED",
        now,
        limit,
    );
    let trips = trips.fetch_all(&mut *conn).await?;
    reduce(conn, vault, trips, now).await
}

/// Shoppers whose last visit is longer ago than any store keeps addresses, and who owe nothing. At most `limit`.
pub async fn list_old_shoppers(conn: &mut PgConnection, now: OffsetDateTime, limit: i64) -> Result<Vec<ShopperId>> {
    let ids = sqlx::query_scalar!(
        "WITH kept AS (SELECT $1::timestamptz - make_interval(days => coalesce(max(personal_days), 400)) AS until FROM store)
         SELECT shopper_id FROM shopper, kept WHERE erased_at IS NULL AND created_at < kept.until AND NOT EXISTS (
             SELECT 1 FROM instrument JOIN trip USING (instrument_id) LEFT JOIN debt USING (trip_id)
             WHERE instrument.shopper_id = shopper.shopper_id AND (trip.started_at >= kept.until OR debt.outstanding_minor > 0))
         ORDER BY created_at LIMIT $2",
        now,
        limit,
    );
    Ok(ids.fetch_all(conn).await?.into_iter().map(ShopperId).collect())
}

/// Payments of debts of these visits, the newest first, as people read them.
pub async fn list_payoffs(conn: &mut PgConnection, reach: &Reach) -> Result<Vec<Value>> {
    let rows = sqlx::query!(
        "SELECT DISTINCT payoff_id, payoff.currency, payoff.amount_minor, payoff.state, payoff.created_at, payoff.paid_at
         FROM payoff JOIN payoff_allocation USING (payoff_id)
             JOIN trip ON trip.trip_id = payoff_allocation.trip_id
         WHERE trip.instrument_id = ANY($1) OR trip.trip_id = ANY($2) ORDER BY payoff.created_at DESC",
        reach.instruments(),
        reach.trips(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        json!({
            "reference": row.payoff_id, "currency": row.currency, "amount_minor": row.amount_minor, "state": row.state,
            "begun_at": row.created_at.unix_timestamp(), "paid_at": row.paid_at.map(OffsetDateTime::unix_timestamp),
        })
    });
    Ok(rows.collect())
}

/// Disputes about these visits, the newest first.
pub async fn list_disputes(conn: &mut PgConnection, reach: &Reach) -> Result<Vec<DisputeId>> {
    let ids = sqlx::query_scalar!(
        "SELECT dispute_id FROM dispute JOIN trip USING (trip_id)
         WHERE trip.instrument_id = ANY($1) OR trip.trip_id = ANY($2) ORDER BY opened_at DESC",
        reach.instruments(),
        reach.trips(),
    );
    Ok(ids.fetch_all(conn).await?.into_iter().map(DisputeId).collect())
}
