//! The table `debt_event`: a debt's history. Written once, never changed.

use domain::debt::DebtStory;
use domain::id::{DebtId, InstrumentId, TripId};
use domain::money::{Currency, Money};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// One line of a history.
#[derive(Debug)]
pub struct DebtTold<'a> {
    /// What happened.
    pub story: DebtStory,
    /// Of how much; nothing where no money moved.
    pub amount: Money,
    /// Who did it.
    pub by: &'a str,
    /// Why, where a person did it.
    pub reason: Option<&'a str>,
    /// The till's own number of a payment.
    pub reference: Option<&'a str>,
}

/// Adds a line. `false`: a payment with this reference was told already, and nothing is written.
pub async fn insert(conn: &mut PgConnection, debt: DebtId, told: &DebtTold<'_>, now: OffsetDateTime) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO debt_event (debt_id, kind, amount_minor, actor, reason, reference, happened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (debt_id, reference) WHERE kind = 'paid' AND reference IS NOT NULL DO NOTHING",
        debt.0,
        told.story.as_str(),
        told.amount.minor(),
        told.by,
        told.reason,
        told.reference,
        now,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Tells of every debt that keeps the gate closed for an instrument that it was refused for them.
pub async fn insert_denied(
    conn: &mut PgConnection,
    instrument: &InstrumentId,
    currency: Currency,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO debt_event (debt_id, kind, amount_minor, actor, happened_at)
         SELECT debt_id, 'entry_denied', outstanding_minor + written_off_minor, 'gate', $3 FROM debt
         WHERE instrument_id = $1 AND currency = $2 AND counts_at_gate AND outstanding_minor + written_off_minor > 0",
        instrument.as_str(),
        currency.code(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells of a visit's debt, where there is one, that Amazon took note of what is outstanding.
pub async fn insert_feedback(conn: &mut PgConnection, trip: &TripId, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO debt_event (debt_id, kind, amount_minor, actor, happened_at)
         SELECT debt_id, 'feedback_accepted', outstanding_minor, 'worker', $2 FROM debt WHERE trip_id = $1",
        trip.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A line of a history as it is listed.
#[derive(Debug, Clone)]
pub struct ToldLine {
    /// What happened.
    pub story: DebtStory,
    /// Of how much.
    pub amount: Money,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: OffsetDateTime,
}

/// A visit's debt from its birth on.
pub async fn list(conn: &mut PgConnection, trip: &TripId) -> Result<Vec<ToldLine>> {
    let rows = sqlx::query!(
        "SELECT debt_event.kind, amount_minor, actor, reason, happened_at, debt.currency
         FROM debt_event JOIN debt USING (debt_id) WHERE trip_id = $1 ORDER BY debt_event_id",
        trip.as_str(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(ToldLine {
            story: read(row.kind.parse(), "debt_event.kind")?,
            amount: Money::new(row.amount_minor, read(Currency::new(&row.currency), "debt.currency")?),
            by: row.actor,
            reason: row.reason,
            at: row.happened_at,
        })
    });
    rows.collect()
}
