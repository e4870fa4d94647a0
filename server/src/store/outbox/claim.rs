//! How workers take effects: what is nearest to its deadline first, one call at a time for each trip, none to a paused API, and at a
//! cost that does not grow with what waits.

use std::collections::BTreeSet;

use domain::alert::AlertKind;
use domain::attempt::Api;
use domain::id::{OutboxId, TripId};
use domain::outbox::Fence;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Result, alert};
use super::{Claim, OWN_LANE};
use crate::failpoint::{self, Commit, Failpoint};

/// Leases that one claim takes back at most.
const LOST_TAKEN_BACK: i64 = 100;

/// Looks of one claim at most.
const PICKS_MAX: usize = 5;

/// The first half of the key of the advisory locks on trips, which no other lock of ours has.
const TRIP_LOCK: i32 = 20_261_121;

/// Takes up to `limit` effects that are due, or whose worker is gone, under a lease until `until`. What is nearest to its
/// deadline goes first, where it has none that is when it was due. Nothing of a paused API, and nothing that calls Amazon for a trip for
/// which another does already.
pub async fn claim(
    conn: &mut PgConnection,
    limit: i64,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<Claim>> {
    let mut lanes: Vec<&str> = Api::ALL.iter().map(|api| api.as_str()).collect();
    lanes.push(OWN_LANE);
    let wanted = Wanted { lanes: &lanes, limit, probe: None };
    take(conn, wanted, now, until).await
}

/// Takes one effect that calls a paused API, as its probe. `None`: nothing that it could be is due.
pub async fn claim_probe(
    conn: &mut PgConnection,
    api: Api,
    probe: Fence,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Option<Claim>> {
    let wanted = Wanted { lanes: &[api.as_str()], limit: 1, probe: Some(probe) };
    Ok(take(conn, wanted, now, until).await?.into_iter().next())
}

#[derive(Clone, Copy)]
struct Wanted<'a> {
    lanes: &'a [&'a str],
    limit: i64,
    probe: Option<Fence>,
}

async fn take(
    conn: &mut PgConnection,
    wanted: Wanted<'_>,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<Claim>> {
    let mut tx = conn.begin().await?;
    take_back(&mut tx, now).await?;
    let mut claims = vec![];
    // Rows that only a newer version can read are set aside by their lease, and the ones behind them have their turn.
    for _ in 0..PICKS_MAX {
        let picked = pick(&mut tx, wanted, now).await?;
        if picked.is_empty() {
            break;
        }
        claims = lease(&mut tx, &picked, wanted.probe, now, until).await?;
        if !claims.is_empty() {
            break;
        }
    }
    let apis = || claims.iter().filter_map(|claim| claim.effect.api()).map(Commit::Claim);
    apis().map(Failpoint::Before).for_each(failpoint::reach);
    tx.commit().await?;
    apis().map(Failpoint::After).for_each(failpoint::reach);
    Ok(claims)
}

/// What a worker that is gone has held waits again. Its number stays, so that the next claim's is another.
async fn take_back(conn: &mut PgConnection, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "UPDATE outbox SET state = 'waiting', due_at = claimed_until, claimed_until = NULL WHERE outbox_id IN (
             SELECT outbox_id FROM outbox WHERE state = 'claimed' AND claimed_until <= $1
             ORDER BY claimed_until LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now,
        LOST_TAKEN_BACK,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An effect that is locked for this claim.
struct Picked {
    id: Uuid,
    due_at: OffsetDateTime,
}

/// Locks the most urgent effects that nobody else is claiming, one for each trip where they call Amazon. Another claim that wants
/// the same trip at this moment passes it over.
///
/// Of each lane it looks at the 64 that have waited longest: while no more are due, the order by deadline is exact. Where more are,
/// it looks at the 128 nearest to their deadline besides. The numbers stand in the text, and the rows are found by their keys, so
/// that no plan that is made once for all reads a whole lane.
async fn pick(conn: &mut PgConnection, wanted: Wanted<'_>, now: OffsetDateTime) -> Result<Vec<Picked>> {
    let lanes: Vec<String> = wanted.lanes.iter().map(|it| (*it).to_owned()).collect();
    let rows = sqlx::query!(
        r#"WITH due AS (
             SELECT it.* FROM unnest($1::text[]) AS open(lane) CROSS JOIN LATERAL (
                 SELECT outbox_id, lane, trip_id, due_at, deadline_at, created_at FROM outbox
                 WHERE outbox.lane = open.lane AND state = 'waiting' AND due_at <= $2 ORDER BY due_at LIMIT 64) it
             WHERE $4 OR NOT EXISTS (SELECT 1 FROM pause WHERE pause.api = open.lane AND pause.state <> 'flowing')),
         crowded AS (SELECT lane FROM due GROUP BY lane HAVING count(*) >= 64),
         urgent AS (
             SELECT it.* FROM crowded CROSS JOIN LATERAL (
                 SELECT outbox_id, lane, trip_id, due_at, deadline_at, created_at FROM outbox
                 WHERE outbox.lane = crowded.lane AND state = 'waiting' ORDER BY deadline_at LIMIT 128) it
             WHERE it.due_at <= $2),
         ranked AS (
             SELECT outbox_id FROM (SELECT * FROM due UNION SELECT * FROM urgent) candidate
             WHERE lane = $5 OR NOT EXISTS (
                 SELECT 1 FROM outbox sibling
                 WHERE sibling.trip_id = candidate.trip_id AND sibling.state = 'claimed' AND sibling.lane <> 'own')
             ORDER BY coalesce(deadline_at, due_at), created_at LIMIT 200),
         picked AS MATERIALIZED (
             SELECT outbox_id, lane, trip_id, due_at, created_at, coalesce(deadline_at, due_at) AS urgency FROM outbox
             WHERE outbox_id = ANY (ARRAY (SELECT outbox_id FROM ranked)) AND due_at <= $2
             ORDER BY urgency, created_at LIMIT $3 FOR UPDATE SKIP LOCKED)
         SELECT outbox_id, due_at AS "due_at!", CASE WHEN lane <> $5 THEN trip_id END AS called_for,
             lane = $5 OR pg_try_advisory_xact_lock($6, hashtext(trip_id)) AS "is_mine!" FROM picked
         ORDER BY urgency, created_at"#,
        &lanes,
        now,
        wanted.limit,
        wanted.probe.is_some(),
        OWN_LANE,
        TRIP_LOCK,
    );
    let mut trips = BTreeSet::new();
    let rows = rows.fetch_all(conn).await?.into_iter();
    let mine = rows.filter(|row| row.is_mine && row.called_for.as_ref().is_none_or(|trip| trips.insert(trip.clone())));
    Ok(mine.map(|row| Picked { id: row.outbox_id, due_at: row.due_at }).collect())
}

/// Takes the most urgent call that is due for a visit, under a lease until `until`, in the transaction of who has just ended a call for
/// it: the place of the visit's one call is the caller's to give on. Nothing of a paused API, and nothing that another is claiming.
pub async fn claim_next(
    conn: &mut PgConnection,
    trip: &TripId,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Option<Claim>> {
    let row = sqlx::query_as!(
        Leased,
        "UPDATE outbox SET state = 'claimed', due_at = NULL, claimed_until = $3, fence = fence + 1, tries = tries + 1
         WHERE outbox_id = (
             SELECT outbox_id FROM outbox next
             WHERE trip_id = $1 AND lane <> 'own' AND due_at <= $2
               AND NOT EXISTS (SELECT 1 FROM pause WHERE pause.api = next.lane AND pause.state <> 'flowing')
             ORDER BY coalesce(deadline_at, due_at), created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING outbox_id, fence, tries, polls, deadline_at, payload",
        trip.as_str(),
        now,
        until,
    );
    let Some(row) = row.fetch_optional(&mut *conn).await? else { return Ok(None) };
    // It is due since the call before has ended: it could not be taken earlier.
    Ok(read_claim(conn, row, now).await?.map(|claim| Claim { until, ..claim }))
}

/// Columns of an effect that was just taken.
struct Leased {
    outbox_id: Uuid,
    fence: i64,
    tries: i32,
    polls: i32,
    deadline_at: Option<OffsetDateTime>,
    payload: Value,
}

/// `None`: a newer version wrote it, and will take it when this lease ends.
async fn read_claim(conn: &mut PgConnection, row: Leased, now: OffsetDateTime) -> Result<Option<Claim>> {
    let Ok(effect) = serde_json::from_value(row.payload) else {
        alert::open(conn, AlertKind::UnreadableEffect, &row.outbox_id.to_string(), now).await?;
        return Ok(None);
    };
    Ok(Some(Claim {
        id: OutboxId(row.outbox_id),
        fence: Fence(row.fence),
        tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        polls: u32::try_from(row.polls).unwrap_or(u32::MAX),
        probe: None,
        due_at: now,
        until: now,
        deadline_at: row.deadline_at,
        effect,
        begun: None,
    }))
}

/// Writes the leases. Asks once more whether another calls for the same trip: since the trip is locked, who had it has committed.
async fn lease(
    conn: &mut PgConnection,
    picked: &[Picked],
    probe: Option<Fence>,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<Claim>> {
    let ids: Vec<Uuid> = picked.iter().map(|it| it.id).collect();
    let rows = sqlx::query_as!(
        Leased,
        "UPDATE outbox SET state = 'claimed', due_at = NULL, claimed_until = $2, fence = fence + 1, tries = tries + 1
         WHERE outbox_id = ANY($1) AND due_at IS NOT NULL AND (lane = 'own' OR NOT EXISTS (
             SELECT 1 FROM outbox sibling
             WHERE sibling.trip_id = outbox.trip_id AND sibling.state = 'claimed' AND sibling.lane <> 'own'))
         RETURNING outbox_id, fence, tries, polls, deadline_at, payload",
        &ids,
        until,
    );
    let mut claims = vec![];
    for row in rows.fetch_all(&mut *conn).await? {
        let Some(place) = picked.iter().position(|it| it.id == row.outbox_id) else { continue };
        if let Some(claim) = read_claim(&mut *conn, row, now).await? {
            claims.push((place, Claim { probe, until, due_at: picked[place].due_at, ..claim }));
        }
    }
    // Rows come back in no order.
    claims.sort_by_key(|(place, _)| *place);
    Ok(claims.into_iter().map(|(_, claim)| claim).collect())
}

#[cfg(test)]
mod tests;
