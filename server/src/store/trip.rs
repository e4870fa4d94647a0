//! The table `trip`: one row a visit, its state spread over columns that checks hold together.

use domain::id::{InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use domain::search::Search;
use domain::trip::Trip;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::viewer::Reach;
use super::{Result, StoreError, read};

pub mod listed;
pub mod story;

/// A visit as it is stored.
#[derive(Debug, Clone)]
pub struct TripRow {
    /// Amazon's name of it.
    pub id: TripId,
    /// Where.
    pub store: StoreId,
    /// Who pays. `None`: nobody is known yet.
    pub instrument: Option<InstrumentId>,
    /// The store's currency when the visit began.
    pub currency: Currency,
    /// Where it is.
    pub state: Trip,
    /// The hold that was placed at the gate, as far as we know.
    pub hold: Option<Money>,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// When its payment token ends.
    pub deadline_at: OffsetDateTime,
}

/// Columns of a row, as `query!` gives them.
struct Columns {
    trip_id: String,
    store_id: String,
    instrument_id: Option<String>,
    currency: String,
    state: String,
    total_minor: Option<i64>,
    capture_minor: Option<i64>,
    capture_doubts: i32,
    capture_failed: bool,
    cause: Option<String>,
    adjust_minor: Option<i64>,
    adjust_ceiling_minor: Option<i64>,
    adjust_held_minor: Option<i64>,
    adjust_calls: i32,
    skipped_adjust: bool,
    hold_minor: Option<i64>,
    started_at: OffsetDateTime,
    deadline_at: OffsetDateTime,
}

impl Columns {
    fn parse(self) -> Result<TripRow> {
        let currency = read(Currency::new(&self.currency), "trip.currency")?;
        let amount = |minor: Option<i64>| {
            minor.map(|minor| Money::new(minor, currency)).ok_or(StoreError::Corrupt("trip amount"))
        };
        let total = || amount(self.total_minor);
        let capture = || amount(self.capture_minor);
        let doubts = read(u32::try_from(self.capture_doubts), "trip.capture_doubts")?;
        let cause = || read(self.cause.as_deref().unwrap_or_default().parse(), "trip.cause");
        let state = match self.state.as_str() {
            "entered" => Trip::Entered,
            "in_review" => Trip::InReview,
            "adjusting" => Trip::Adjusting { total: total()?, search: self.search(total()?)? },
            "capturing" => {
                Trip::Capturing { total: total()?, amount: capture()?, doubts, skipped_adjust: self.skipped_adjust }
            }
            "capture_unknown" => {
                Trip::CaptureUnknown { total: total()?, amount: capture()?, doubts, failed: self.capture_failed }
            }
            "capture_unconfirmed" => Trip::CaptureUnconfirmed { total: total()?, amount: capture()? },
            "captured" => Trip::Captured { total: total()? },
            "partly_captured" => Trip::PartlyCaptured { total: total()?, captured: capture()? },
            "uncollected" => Trip::Uncollected { total: total()?, cause: cause()? },
            "recovered" => Trip::Recovered { total: total()?, cause: cause()?, captured: capture()? },
            "cancelling" => Trip::Cancelling,
            "cancelled" => Trip::Cancelled,
            _ => return Err(StoreError::Corrupt("trip.state")),
        };
        Ok(TripRow {
            state,
            currency,
            id: read(TripId::new(&self.trip_id), "trip.trip_id")?,
            store: read(StoreId::new(&self.store_id), "trip.store_id")?,
            instrument: self.instrument_id.map(|id| read(InstrumentId::new(&id), "trip.instrument_id")).transpose()?,
            hold: self.hold_minor.map(|minor| Money::new(minor, currency)),
            started_at: self.started_at,
            deadline_at: self.deadline_at,
        })
    }

    /// What was asked for; the whole total in a row of the version that asked for nothing else.
    fn search(&self, total: Money) -> Result<Search> {
        let amount = |minor| Money::new(minor, total.currency());
        Ok(Search {
            asked: self.adjust_minor.map_or(total, amount),
            ceiling: self.adjust_ceiling_minor.map(amount),
            held: self.adjust_held_minor.map(amount),
            calls: read(u32::try_from(self.adjust_calls), "trip.adjust_calls")?,
            skipped: self.skipped_adjust,
        })
    }
}

/// One visit.
pub async fn get(conn: &mut PgConnection, id: &TripId) -> Result<Option<TripRow>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT trip_id, store_id, instrument_id, currency, state, total_minor, capture_minor, capture_doubts, capture_failed, cause,
             adjust_minor, adjust_ceiling_minor, adjust_held_minor, adjust_calls, skipped_adjust, hold_minor, started_at, deadline_at FROM trip WHERE trip_id = $1",
        id.as_str(),
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// One visit, locked until the transaction ends, so that two events cannot both decide from the same state.
pub async fn lock(conn: &mut PgConnection, id: &TripId) -> Result<Option<TripRow>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT trip_id, store_id, instrument_id, currency, state, total_minor, capture_minor, capture_doubts, capture_failed, cause,
             adjust_minor, adjust_ceiling_minor, adjust_held_minor, adjust_calls, skipped_adjust, hold_minor, started_at, deadline_at FROM trip WHERE trip_id = $1 FOR UPDATE",
        id.as_str(),
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// Writes a visit that has just begun. `false`: it was there already.
pub async fn insert(conn: &mut PgConnection, row: &TripRow, now: OffsetDateTime) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO trip (trip_id, store_id, instrument_id, currency, state, hold_minor, started_at, deadline_at, entered_at, updated_at)
         VALUES ($1, $2, $3, $4, 'entered', $5, $6, $7, $8, $8) ON CONFLICT ON CONSTRAINT trip_pk DO NOTHING",
        row.id.as_str(),
        row.store.as_str(),
        row.instrument.as_ref().map(InstrumentId::as_str),
        row.currency.code(),
        row.hold.map(Money::minor),
        row.started_at,
        row.deadline_at,
        now,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Writes what an event changed: the state, who pays, and the times that the cart knows better than the gate.
pub async fn save(conn: &mut PgConnection, row: &TripRow, now: OffsetDateTime) -> Result<()> {
    let (capture, doubts, failed) = match row.state {
        Trip::Capturing { amount, doubts, .. } => (Some(amount), doubts, false),
        Trip::CaptureUnknown { amount, doubts, failed, .. } => (Some(amount), doubts, failed),
        Trip::CaptureUnconfirmed { amount, .. } => (Some(amount), 0, false),
        Trip::Captured { total } => (Some(total), 0, false),
        Trip::PartlyCaptured { captured, .. } | Trip::Recovered { captured, .. } => (Some(captured), 0, false),
        Trip::Entered
        | Trip::InReview
        | Trip::Adjusting { .. }
        | Trip::Uncollected { .. }
        | Trip::Cancelling
        | Trip::Cancelled => (None, 0, false),
    };
    let cause = match row.state {
        Trip::Uncollected { cause, .. } | Trip::Recovered { cause, .. } => Some(cause.as_str()),
        _ => None,
    };
    let search = match row.state {
        Trip::Adjusting { search, .. } => Some(search),
        _ => None,
    };
    sqlx::query!(
        "UPDATE trip SET state = $2, total_minor = $3, capture_minor = $4, capture_doubts = $5, capture_failed = $6,
             cause = $7, instrument_id = $8, started_at = $9, deadline_at = $10, updated_at = $11, adjust_minor = $12,
             adjust_ceiling_minor = $13, adjust_held_minor = $14, adjust_calls = $15, skipped_adjust = $16 WHERE trip_id = $1",
        row.id.as_str(),
        row.state.name(),
        row.state.total().map(Money::minor),
        capture.map(Money::minor),
        i32::try_from(doubts).unwrap_or(i32::MAX),
        failed,
        cause,
        row.instrument.as_ref().map(InstrumentId::as_str),
        row.started_at,
        row.deadline_at,
        now,
        search.map(|it| it.asked.minor()),
        search.and_then(|it| it.ceiling).map(Money::minor),
        search.and_then(|it| it.held).map(Money::minor),
        search.map_or(0, |it| i32::try_from(it.calls).unwrap_or(i32::MAX)),
        search.is_some_and(|it| it.skipped) || matches!(row.state, Trip::Capturing { skipped_adjust: true, .. }),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is priced and neither taken nor given up, of visits whose payment token ends until then: one sum for each currency that
/// any store has.
pub async fn in_flight_until(conn: &mut PgConnection, until: OffsetDateTime) -> Result<Vec<Money>> {
    let rows = sqlx::query!(
        r#"SELECT currency AS "currency!", coalesce(sum(total_minor), 0)::bigint AS "minor!"
           FROM (SELECT DISTINCT currency FROM store) every LEFT JOIN (
               SELECT currency, total_minor FROM trip
               WHERE state IN ('adjusting', 'capturing', 'capture_unknown') AND deadline_at <= $1) in_flight USING (currency)
           GROUP BY currency ORDER BY currency"#,
        until,
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| Ok(Money::new(row.minor, read(Currency::new(&row.currency), "store.currency")?))).collect()
}

/// Writes when a witness said that the visit's capture went through; `None`: one said that it did not.
pub async fn confirm_capture(conn: &mut PgConnection, id: &TripId, at: Option<OffsetDateTime>) -> Result<()> {
    sqlx::query!(
        "UPDATE trip SET capture_confirmed_at = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE coalesce(capture_confirmed_at, $2) END
         WHERE trip_id = $1",
        id.as_str(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Has a witness said that the visit's capture went through?
pub async fn is_capture_confirmed(conn: &mut PgConnection, id: &TripId) -> Result<bool> {
    let confirmed = sqlx::query_scalar!(
        r#"SELECT capture_confirmed_at IS NOT NULL AS "confirmed!" FROM trip WHERE trip_id = $1"#,
        id.as_str(),
    );
    Ok(confirmed.fetch_optional(conn).await?.unwrap_or(false))
}

/// May whoever has this reach see this visit?
pub async fn is_within(conn: &mut PgConnection, id: &TripId, reach: &Reach) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM trip WHERE trip_id = $1 AND (instrument_id = ANY($2) OR trip_id = ANY($3))) AS "found!""#,
        id.as_str(),
        reach.instruments(),
        reach.trips(),
    );
    Ok(found.fetch_one(conn).await?)
}

#[cfg(test)]
mod tests;
