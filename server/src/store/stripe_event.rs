//! The table `stripe_event`: what Stripe told by webhook, kept before Stripe is answered.

use domain::id::{PaymentIntentId, PayoffId, StripeEventId};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// An event as it is stored.
#[derive(Debug)]
pub struct StripeEventRow<'a> {
    /// Stripe's id of it.
    pub id: &'a StripeEventId,
    /// Stripe's name of its kind.
    pub kind: &'a str,
    /// The payoff it names.
    pub payoff: Option<PayoffId>,
    /// The payment it names.
    pub payment: Option<&'a PaymentIntentId>,
    /// What it says, in our words.
    pub told: &'a Value,
    /// Is there anything to do about it?
    pub is_used: bool,
}

/// Writes an event that was just received. `false`: it was received before.
pub async fn insert(conn: &mut PgConnection, row: &StripeEventRow<'_>, now: OffsetDateTime) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO stripe_event (event_id, kind, payoff_id, payment_id, told, state, received_at, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (event_id) DO NOTHING",
        row.id.as_str(),
        row.kind,
        row.payoff.map(|it| it.0),
        row.payment.map(PaymentIntentId::as_str),
        row.told,
        if row.is_used { "waiting" } else { "ignored" },
        now,
        (!row.is_used).then_some(now),
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// What an event says, while something is to be done about it: and whether it was parked, and when it came.
pub async fn open(conn: &mut PgConnection, id: &StripeEventId) -> Result<Option<(Value, bool, OffsetDateTime)>> {
    let row = sqlx::query!(
        r#"SELECT told, state = 'parked' AS "is_parked!", received_at FROM stripe_event
           WHERE event_id = $1 AND state IN ('waiting', 'parked')"#,
        id.as_str(),
    );
    Ok(row.fetch_optional(conn).await?.map(|row| (row.told, row.is_parked, row.received_at)))
}

/// Events received before `before` about which something is to be done: first those that were never looked at.
pub async fn list_open(conn: &mut PgConnection, before: OffsetDateTime, limit: i64) -> Result<Vec<StripeEventId>> {
    let ids = sqlx::query_scalar!(
        "SELECT event_id FROM stripe_event WHERE state IN ('waiting', 'parked') AND received_at <= $1
         ORDER BY state DESC, received_at LIMIT $2",
        before,
        limit,
    );
    ids.fetch_all(conn).await?.iter().map(|id| read(StripeEventId::new(id), "stripe_event.event_id")).collect()
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StripeEventFate {
    /// It waits for word of its payment.
    Parked,
    /// It was told to its payoff.
    Applied,
    /// It is about nothing of ours, or says nothing new that could be.
    Ignored,
}

/// Writes what became of an event.
pub async fn save(
    conn: &mut PgConnection,
    id: &StripeEventId,
    fate: StripeEventFate,
    now: OffsetDateTime,
) -> Result<()> {
    let (state, ended_at) = match fate {
        StripeEventFate::Parked => ("parked", None),
        StripeEventFate::Applied => ("applied", Some(now)),
        StripeEventFate::Ignored => ("ignored", Some(now)),
    };
    sqlx::query!("UPDATE stripe_event SET state = $2, ended_at = $3 WHERE event_id = $1", id.as_str(), state, ended_at)
        .execute(conn)
        .await?;
    Ok(())
}
