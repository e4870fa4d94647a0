//! The table `debt`: what was not collected, one row a trip at most.

use domain::debt::{Debt, DebtStatus};
use domain::id::{DebtId, InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use domain::reason::DebtCause;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::viewer::Reach;
use super::{Result, StoreError, read};

/// Writes a debt that was just born.
pub async fn insert(
    conn: &mut PgConnection,
    id: DebtId,
    trip: &TripId,
    instrument: Option<&InstrumentId>,
    debt: &Debt,
    now: OffsetDateTime,
) -> Result<()> {
    let currency = debt.incurred.currency();
    sqlx::query!(
        "INSERT INTO debt (debt_id, trip_id, instrument_id, currency, cause, status, incurred_minor, outstanding_minor,
             counts_at_gate, incurred_at, updated_at, paid_minor, recovered_minor, credited_minor, written_off_minor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14)",
        id.0,
        trip.as_str(),
        instrument.map(InstrumentId::as_str),
        currency.code(),
        debt.cause.as_str(),
        debt.status.as_str(),
        debt.incurred.minor(),
        debt.outstanding.minor(),
        debt.counts_at_gate,
        now,
        debt.paid.minor(),
        debt.recovered.minor(),
        debt.credited.minor(),
        debt.written_off.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A debt as it is stored.
#[derive(Debug, Clone)]
pub struct DebtRow {
    /// Its id.
    pub id: DebtId,
    /// Who owes it. `None`: nobody is known yet.
    pub instrument: Option<InstrumentId>,
    /// What it is.
    pub debt: Debt,
}

/// The debt of a visit, locked until the transaction ends. The visit's row is locked before it, always.
pub async fn lock(conn: &mut PgConnection, trip: &TripId) -> Result<Option<DebtRow>> {
    let row = sqlx::query!(
        "SELECT debt_id, instrument_id, currency, cause, status, incurred_minor, outstanding_minor, paid_minor, recovered_minor,
             credited_minor, written_off_minor, counts_at_gate FROM debt WHERE trip_id = $1 FOR UPDATE",
        trip.as_str(),
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let currency = read(Currency::new(&row.currency), "debt.currency")?;
    let amount = |minor| Money::new(minor, currency);
    let debt = Debt {
        incurred: amount(row.incurred_minor),
        outstanding: amount(row.outstanding_minor),
        paid: amount(row.paid_minor),
        recovered: amount(row.recovered_minor),
        credited: amount(row.credited_minor),
        written_off: amount(row.written_off_minor),
        cause: read(row.cause.parse(), "debt.cause")?,
        status: read(row.status.parse(), "debt.status")?,
        counts_at_gate: row.counts_at_gate,
    };
    let instrument = row.instrument_id.map(|id| read(InstrumentId::new(&id), "debt.instrument_id")).transpose()?;
    Ok(Some(DebtRow { id: DebtId(row.debt_id), instrument, debt }))
}

/// Writes what an event changed.
pub async fn save(conn: &mut PgConnection, id: DebtId, debt: &Debt, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "UPDATE debt SET status = $2, incurred_minor = $3, outstanding_minor = $4, paid_minor = $5, recovered_minor = $6,
             credited_minor = $7, written_off_minor = $8, counts_at_gate = $9, updated_at = $10 WHERE debt_id = $1",
        id.0,
        debt.status.as_str(),
        debt.incurred.minor(),
        debt.outstanding.minor(),
        debt.paid.minor(),
        debt.recovered.minor(),
        debt.credited.minor(),
        debt.written_off.minor(),
        debt.counts_at_gate,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Names who owes the debt of a visit, if there is one that nobody is known to owe. Gives it, and what is outstanding of it.
pub async fn assign(
    conn: &mut PgConnection,
    trip: &TripId,
    instrument: &InstrumentId,
    now: OffsetDateTime,
) -> Result<Option<(DebtId, Money)>> {
    let row = sqlx::query!(
        "UPDATE debt SET instrument_id = $2, updated_at = $3 WHERE trip_id = $1 AND instrument_id IS NULL
         RETURNING debt_id, currency, outstanding_minor",
        trip.as_str(),
        instrument.as_str(),
        now,
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let outstanding = Money::new(row.outstanding_minor, read(Currency::new(&row.currency), "debt.currency")?);
    Ok(Some((DebtId(row.debt_id), outstanding)))
}

/// What is still owed for a visit. `None`: it has no debt.
pub async fn outstanding_of_trip(conn: &mut PgConnection, trip: &TripId) -> Result<Option<Money>> {
    let row = sqlx::query!("SELECT currency, outstanding_minor FROM debt WHERE trip_id = $1", trip.as_str());
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    Ok(Some(Money::new(row.outstanding_minor, read(Currency::new(&row.currency), "debt.currency")?)))
}

/// Which debts are listed.
#[derive(Debug, Default)]
pub struct DebtFilter {
    /// Of one store.
    pub store: Option<StoreId>,
    /// In one status.
    pub status: Option<DebtStatus>,
    /// Incurred before then.
    pub before: Option<OffsetDateTime>,
    /// At most so many.
    pub limit: i64,
}

/// A debt as a list shows it.
#[derive(Debug, Clone)]
pub struct ListedDebt {
    /// The visit.
    pub trip: TripId,
    /// Where.
    pub store: StoreId,
    /// Who owes it. `None`: nobody is known.
    pub instrument: Option<InstrumentId>,
    /// What is owed.
    pub outstanding: Money,
    /// What was owed at first.
    pub incurred: Money,
    /// Why.
    pub cause: DebtCause,
    /// Where it is.
    pub status: DebtStatus,
    /// Does it count at the gate?
    pub counts_at_gate: bool,
    /// When it was born.
    pub incurred_at: OffsetDateTime,
}

/// Debts, the oldest first.
pub async fn list(conn: &mut PgConnection, filter: &DebtFilter) -> Result<Vec<ListedDebt>> {
    let rows = sqlx::query!(
        "SELECT debt.trip_id, trip.store_id, debt.instrument_id, debt.currency, outstanding_minor, incurred_minor, debt.cause, status,
             counts_at_gate, incurred_at FROM debt JOIN trip ON trip.trip_id = debt.trip_id
         WHERE ($1::text IS NULL OR trip.store_id = $1) AND ($2::text IS NULL OR status = $2)
             AND ($3::timestamptz IS NULL OR incurred_at < $3) ORDER BY incurred_at, debt.trip_id LIMIT $4",
        filter.store.as_ref().map(StoreId::as_str),
        filter.status.map(DebtStatus::as_str),
        filter.before,
        filter.limit,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "debt.currency")?;
        Ok(ListedDebt {
            trip: read(TripId::new(&row.trip_id), "debt.trip_id")?,
            store: read(StoreId::new(&row.store_id), "trip.store_id")?,
            instrument: row.instrument_id.map(|id| read(InstrumentId::new(&id), "debt.instrument_id")).transpose()?,
            outstanding: Money::new(row.outstanding_minor, currency),
            incurred: Money::new(row.incurred_minor, currency),
            cause: read(row.cause.parse(), "debt.cause")?,
            status: read(row.status.parse(), "debt.status")?,
            counts_at_gate: row.counts_at_gate,
            incurred_at: row.incurred_at,
        })
    });
    rows.collect()
}

/// What an instrument owes in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Owed.
    pub outstanding: Money,
    /// Given up.
    pub written_off: Money,
    /// Of both, what counts at the gate.
    pub at_gate: Money,
    /// Debts of which something is outstanding.
    pub open_debts: i64,
}

/// What an instrument owes over all stores, a currency each.
pub async fn balance(conn: &mut PgConnection, instrument: &InstrumentId) -> Result<Vec<Balance>> {
    let rows = sqlx::query!(
        r#"SELECT currency, sum(outstanding_minor)::bigint AS "outstanding!", sum(written_off_minor)::bigint AS "written_off!",
               coalesce(sum(outstanding_minor + written_off_minor) FILTER (WHERE counts_at_gate), 0)::bigint AS "at_gate!",
               count(*) FILTER (WHERE outstanding_minor > 0) AS "open_debts!"
           FROM debt WHERE instrument_id = $1 GROUP BY currency ORDER BY currency"#,
        instrument.as_str(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "debt.currency")?;
        Ok(Balance {
            outstanding: Money::new(row.outstanding, currency),
            written_off: Money::new(row.written_off, currency),
            at_gate: Money::new(row.at_gate, currency),
            open_debts: row.open_debts,
        })
    });
    rows.collect()
}

/// An open debt as a page shows it.
#[derive(Debug, Clone)]
pub struct OwedTrip {
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Whom to ask there.
    pub contact: String,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// What is still owed.
    pub outstanding: Money,
    /// Why.
    pub cause: DebtCause,
    /// Lines of its purchase.
    pub items: i64,
    /// Since when.
    pub incurred_at: OffsetDateTime,
}

/// What is owed within reach, the oldest visit first.
pub async fn list_open(conn: &mut PgConnection, reach: &Reach) -> Result<Vec<OwedTrip>> {
    let rows = sqlx::query!(
        r#"SELECT debt.trip_id, debt.currency, debt.outstanding_minor, debt.cause, debt.incurred_at, trip.started_at,
             store.merchant_name, store.contact,
             (SELECT count(*) FROM purchase JOIN purchase_line USING (purchase_id) WHERE purchase.trip_id = debt.trip_id) AS "items!"
         FROM debt JOIN trip ON trip.trip_id = debt.trip_id JOIN store USING (store_id)
         WHERE (debt.instrument_id = ANY($1) OR debt.trip_id = ANY($2)) AND debt.outstanding_minor > 0
         ORDER BY trip.started_at, debt.trip_id"#,
        reach.instruments(),
        reach.trips(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "debt.currency")?;
        Ok(OwedTrip {
            trip: read(TripId::new(&row.trip_id), "debt.trip_id")?,
            store_name: row.merchant_name,
            contact: row.contact,
            started_at: row.started_at,
            outstanding: Money::new(row.outstanding_minor, currency),
            cause: row.cause.parse().map_err(|_| StoreError::Corrupt("debt.cause"))?,
            items: row.items,
            incurred_at: row.incurred_at,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests;
