//! An effect that calls an API of Amazon's, together with whether that API is paused: each call looks at both, before it and after.

use domain::attempt::Api;
use domain::outbox::OutboxState;
use domain::pause::Pause;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::super::Result;
use super::super::pause::Columns;
use super::{Claim, Ended};

/// Locks the row of a claim until the transaction ends, and says how its API is. `None`: the lease was passed on, and its holder may not
/// act.
pub async fn lock_call(conn: &mut PgConnection, claim: &Claim, api: Api) -> Result<Option<Pause>> {
    let row = sqlx::query_as!(
        Columns,
        r#"SELECT $3::text AS "api!", coalesce(pause.state, 'flowing') AS "state!", coalesce(failures, 0) AS "failures!",
               failing_since AS "failing_since?", until_at AS "until_at?", coalesce(trips, 0) AS "trips!",
               coalesce(pause.fence, 0) AS "fence!", coalesce(has_alerted, false) AS "has_alerted!"
           FROM outbox LEFT JOIN pause ON pause.api = $3
           WHERE outbox_id = $1 AND claimed_until IS NOT NULL AND outbox.fence = $2 FOR UPDATE OF outbox"#,
        claim.id.0,
        claim.fence.0,
        api.as_str(),
    );
    row.fetch_optional(conn).await?.map(Columns::pause).transpose()
}

/// Ends a claim as [`save`](super::save) does, and says how its API was a moment ago.
pub async fn save_call(
    conn: &mut PgConnection,
    claim: &Claim,
    api: Api,
    state: OutboxState,
    problem: Option<&str>,
    now: OffsetDateTime,
) -> Result<(bool, Pause)> {
    let Some(Ended { word, due_at, ended_at }) = Ended::of(state, now) else {
        return Ok((false, super::super::pause::get(conn, api).await?));
    };
    let row = sqlx::query!(
        r#"WITH ended AS (
               UPDATE outbox SET state = $3, due_at = $4, claimed_until = NULL, ended_at = $5, last_problem = coalesce($6, last_problem)
               WHERE outbox_id = $1 AND claimed_until IS NOT NULL AND fence = $2 RETURNING outbox_id)
           SELECT EXISTS (SELECT FROM ended) AS "is_ours!", coalesce(state, 'flowing') AS "state!", coalesce(failures, 0) AS "failures!",
               failing_since AS "failing_since?", until_at AS "until_at?", coalesce(trips, 0) AS "trips!", coalesce(fence, 0) AS "fence!",
               coalesce(has_alerted, false) AS "has_alerted!"
           FROM (SELECT $7::text AS api) called LEFT JOIN pause USING (api)"#,
        claim.id.0,
        claim.fence.0,
        word,
        due_at,
        ended_at,
        problem,
        api.as_str(),
    );
    let row = row.fetch_one(conn).await?;
    let pause = Columns {
        api: api.to_string(),
        state: row.state,
        failures: row.failures,
        failing_since: row.failing_since,
        until_at: row.until_at,
        trips: row.trips,
        fence: row.fence,
        has_alerted: row.has_alerted,
    };
    Ok((row.is_ours, pause.pause()?))
}
