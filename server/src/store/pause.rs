//! The table `pause`: which of Amazon's APIs the whole fleet leaves alone.

use domain::attempt::Api;
use domain::outbox::Fence;
use domain::pause::{Pause, Streak};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, StoreError, read};

/// A pause as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseRow {
    /// Of which API.
    pub api: Api,
    /// Where it is.
    pub pause: Pause,
    /// The number of the last probe.
    pub fence: Fence,
    /// Was a person told that it outlives a deadline?
    pub has_alerted: bool,
}

/// Columns of a row, as `query!` gives them.
pub(super) struct Columns {
    pub(super) api: String,
    pub(super) state: String,
    pub(super) failures: i32,
    pub(super) failing_since: Option<OffsetDateTime>,
    pub(super) until_at: Option<OffsetDateTime>,
    pub(super) trips: i32,
    pub(super) fence: i64,
    pub(super) has_alerted: bool,
}

impl Columns {
    /// `None`: an API that only a newer version knows.
    fn parse(self) -> Result<Option<PauseRow>> {
        let Ok(api) = self.api.parse::<Api>() else { return Ok(None) };
        let count = |count: i32| read(u32::try_from(count), "pause counts");
        let until = self.until_at.ok_or(StoreError::Corrupt("pause.until_at"));
        let (fence, trips, failures) = (Fence(self.fence), count(self.trips)?, count(self.failures)?);
        let pause = match self.state.as_str() {
            "flowing" => Pause::Flowing { streak: self.failing_since.map(|since| Streak { failures, since }) },
            "asked" => Pause::Asked { until: until? },
            "tripped" => Pause::Tripped { until: until?, trips },
            "probing" => Pause::Probing { fence, until: until?, trips },
            _ => return Err(StoreError::Corrupt("pause.state")),
        };
        Ok(Some(PauseRow { api, pause, fence, has_alerted: self.has_alerted }))
    }

    pub(super) fn pause(self) -> Result<Pause> {
        Ok(self.parse()?.map_or(Pause::FLOWING, |row| row.pause))
    }
}

/// Of every API that ever was anything but flowing.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<PauseRow>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT api, state, failures, failing_since, until_at, trips, fence, has_alerted FROM pause ORDER BY api"
    );
    rows.fetch_all(conn).await?.into_iter().filter_map(|row| row.parse().transpose()).collect()
}

/// Of one API, as it was a moment ago.
pub async fn get(conn: &mut PgConnection, api: Api) -> Result<Pause> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT api, state, failures, failing_since, until_at, trips, fence, has_alerted FROM pause WHERE api = $1",
        api.as_str(),
    );
    row.fetch_optional(conn).await?.map_or(Ok(Pause::FLOWING), Columns::pause)
}

/// Of one API, its row locked until the transaction ends and made if there was none.
pub async fn lock(conn: &mut PgConnection, api: Api, now: OffsetDateTime) -> Result<PauseRow> {
    sqlx::query!(
        "INSERT INTO pause (api, state, changed_at) VALUES ($1, 'flowing', $2) ON CONFLICT ON CONSTRAINT pause_pk DO NOTHING",
        api.as_str(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    let row = sqlx::query_as!(
        Columns,
        "SELECT api, state, failures, failing_since, until_at, trips, fence, has_alerted FROM pause WHERE api = $1 FOR UPDATE",
        api.as_str(),
    );
    row.fetch_one(conn).await?.parse()?.ok_or(StoreError::Corrupt("pause.api"))
}

/// Of one API, its row locked until the transaction ends. `None`: there is none, or another has it locked.
pub async fn lock_if_free(conn: &mut PgConnection, api: Api) -> Result<Option<PauseRow>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT api, state, failures, failing_since, until_at, trips, fence, has_alerted FROM pause WHERE api = $1
         FOR UPDATE SKIP LOCKED",
        api.as_str(),
    );
    row.fetch_optional(conn).await?.map_or(Ok(None), Columns::parse)
}

/// Writes a pause whose row is locked.
pub async fn save(conn: &mut PgConnection, row: &PauseRow, now: OffsetDateTime) -> Result<()> {
    let (streak, until, trips, fence) = match row.pause {
        Pause::Flowing { streak } => (streak, None, 0, row.fence),
        Pause::Asked { until } => (None, Some(until), 0, row.fence),
        Pause::Tripped { until, trips } => (None, Some(until), trips, row.fence),
        Pause::Probing { fence, until, trips } => (None, Some(until), trips, fence),
    };
    sqlx::query!(
        "UPDATE pause SET state = $2, failures = $3, failing_since = $4, until_at = $5, trips = $6, fence = $7, has_alerted = $8,
             changed_at = $9 WHERE api = $1",
        row.api.as_str(),
        row.pause.name(),
        streak.map_or(0, |it| i32::try_from(it.failures).unwrap_or(i32::MAX)),
        streak.map(|it| it.since),
        until,
        i32::try_from(trips).unwrap_or(i32::MAX),
        fence.0,
        row.has_alerted,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
