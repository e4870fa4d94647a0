//! The table `outbox`: what must happen outside.
//!
//! Where a row is looked for by its id or its visit, a statement does not name the state that it must be in, but the column that is set in
//! that state alone (`outbox_claim_by_state`, `outbox_due_by_state`). The index of a state that few rows are in has an entry for each row
//! that ever was, until the next vacuum: a planner that knows of the few only reads it all, for one row.

use domain::attempt::Api;
use domain::effect::{Effect, Plan};
use domain::feedback::PaymentStatus;
use domain::id::{AttemptId, OutboxId, TripId};
use domain::outbox::{Fence, OutboxState};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::call::{lock_call, save_call};
pub use self::claim::{claim, claim_next, claim_probe};
use super::{Result, StoreError};

mod call;
mod claim;
pub mod listed;
pub mod tried;

/// The lane of effects that call none of Amazon's APIs. The others' lane is their API.
const OWN_LANE: &str = "own";

fn lane(effect: &Effect) -> &'static str {
    effect.api().map_or(OWN_LANE, Api::as_str)
}

/// An effect that a worker holds under a lease.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The row.
    pub id: OutboxId,
    /// Names this lease: another claim has another number.
    pub fence: Fence,
    /// Tries so far, this one included.
    pub tries: u32,
    /// Answers so far that were neither yes nor no.
    pub polls: u32,
    /// The number of the probe that it is, where its API is paused.
    pub probe: Option<Fence>,
    /// When it was to be tried.
    pub due_at: OffsetDateTime,
    /// When the lease ends.
    pub until: OffsetDateTime,
    /// When it is too late for it. `None`: never.
    pub deadline_at: Option<OffsetDateTime>,
    /// What must happen.
    pub effect: Effect,
    /// The record that its call is about to be made, where that was written together with the claim.
    pub begun: Option<Begun>,
}

/// A call that is recorded already.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// The record.
    pub attempt: AttemptId,
    /// What a report says.
    pub told: Option<PaymentStatus>,
    /// When it was recorded.
    pub at: OffsetDateTime,
}

/// Puts an effect into the outbox, due at `due_at`.
pub async fn push(
    conn: &mut PgConnection,
    effect: &Effect,
    due_at: OffsetDateTime,
    deadline_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<OutboxId> {
    let id = Uuid::new_v4();
    let payload = serde_json::to_value(effect).map_err(|_| StoreError::Corrupt("effect"))?;
    sqlx::query!(
        "INSERT INTO outbox (outbox_id, kind, lane, trip_id, payload, state, due_at, deadline_at, created_at)
         VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)",
        id,
        effect.kind(),
        lane(effect),
        effect.trip().map(TripId::as_str),
        payload,
        due_at,
        deadline_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(OutboxId(id))
}

/// Puts effects into the outbox, in one statement, each when its plan says; none of which one that waits for the same visit is enough.
///
/// The visit's effects are found by their key, whatever the planner knows of the table: `OFFSET 0` keeps it from reading all that waits
/// and looking the visit up in that.
pub async fn push_all(conn: &mut PgConnection, planned: &[(&Effect, Plan)], now: OffsetDateTime) -> Result<()> {
    if planned.is_empty() {
        return Ok(());
    }
    let effects = || planned.iter().map(|(effect, _)| *effect);
    let payloads: std::result::Result<Vec<_>, _> = effects().map(serde_json::to_value).collect();
    let payloads = payloads.map_err(|_| StoreError::Corrupt("effect"))?;
    let ids: Vec<Uuid> = planned.iter().map(|_| Uuid::new_v4()).collect();
    let kinds: Vec<&str> = effects().map(Effect::kind).collect();
    let lanes: Vec<&str> = effects().map(lane).collect();
    let trips: Vec<Option<&str>> = effects().map(|it| it.trip().map(TripId::as_str)).collect();
    let due_at: Vec<OffsetDateTime> = planned.iter().map(|(_, plan)| plan.due_at).collect();
    let deadlines: Vec<Option<OffsetDateTime>> = planned.iter().map(|(_, plan)| plan.deadline_at).collect();
    let is_coalesced: Vec<bool> = effects().map(Effect::is_coalesced).collect();
    sqlx::query!(
        "INSERT INTO outbox (outbox_id, kind, lane, trip_id, payload, state, due_at, deadline_at, created_at)
         SELECT outbox_id, kind, lane, trip_id, payload, 'waiting', due_at, deadline_at, $1
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[], $8::timestamptz[], $9::bool[])
             AS asked (outbox_id, kind, lane, trip_id, payload, due_at, deadline_at, is_coalesced)
         WHERE NOT (is_coalesced AND EXISTS (
             SELECT 1 FROM (SELECT kind, state FROM outbox WHERE outbox.trip_id = asked.trip_id OFFSET 0) other
             WHERE other.kind = asked.kind AND other.state = 'waiting'))",
        now,
        &ids,
        &kinds as _,
        &lanes as _,
        &trips as _,
        &payloads,
        &due_at,
        &deadlines as _,
        &is_coalesced,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts an effect of a visit into the outbox, due now, unless one of its kind was ever asked for. `false`: one was.
pub async fn push_once(conn: &mut PgConnection, effect: &Effect, trip: &TripId, now: OffsetDateTime) -> Result<bool> {
    let payload = serde_json::to_value(effect).map_err(|_| StoreError::Corrupt("effect"))?;
    let done = sqlx::query!(
        "INSERT INTO outbox (outbox_id, kind, lane, trip_id, payload, state, due_at, created_at)
         SELECT $1, $2, $3, $4, $5, 'waiting', $6, $6
         WHERE NOT EXISTS (SELECT 1 FROM outbox asked WHERE asked.trip_id = $4 AND asked.kind = $2)",
        Uuid::new_v4(),
        effect.kind(),
        lane(effect),
        trip.as_str(),
        payload,
        now,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Where this visit's effects of a kind are, of those that have not ended: does one wait, does a worker hold one?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// One waits.
    pub waiting: bool,
    /// A worker holds one.
    pub claimed: bool,
}

/// Which effects of this kind are still to come for this visit.
pub async fn live(conn: &mut PgConnection, kind: &str, trip: &TripId) -> Result<Live> {
    let row = sqlx::query!(
        r#"SELECT coalesce(bool_or(state = 'waiting'), false) AS "waiting!", coalesce(bool_or(state = 'claimed'), false) AS "claimed!"
           FROM outbox WHERE trip_id = $1 AND kind = $2"#,
        trip.as_str(),
        kind,
    );
    let row = row.fetch_one(conn).await?;
    Ok(Live { waiting: row.waiting, claimed: row.claimed })
}

/// Locks the row of a claim until the transaction ends. `false`: the lease was passed on, and its holder may not act.
pub async fn lock_claim(conn: &mut PgConnection, claim: &Claim) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT outbox_id FROM outbox WHERE outbox_id = $1 AND claimed_until IS NOT NULL AND fence = $2 FOR UPDATE",
        claim.id.0,
        claim.fence.0,
    );
    Ok(found.fetch_optional(conn).await?.is_some())
}

/// What a row says of a claim that was ended.
struct Ended {
    word: &'static str,
    due_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
}

impl Ended {
    /// `None`: that state ends no claim.
    fn of(state: OutboxState, now: OffsetDateTime) -> Option<Self> {
        let over = |word| Self { word, due_at: None, ended_at: Some(now) };
        Some(match state {
            OutboxState::Waiting { due_at } => Self { word: "waiting", due_at: Some(due_at), ended_at: None },
            OutboxState::Claimed { .. } => return None,
            OutboxState::Done => over("done"),
            OutboxState::Exhausted => over("exhausted"),
            OutboxState::Dropped => over("dropped"),
        })
    }
}

/// Ends a claim. `false`: the lease was passed on meanwhile, and nothing has changed.
pub async fn save(
    conn: &mut PgConnection,
    claim: &Claim,
    state: OutboxState,
    problem: Option<&str>,
    now: OffsetDateTime,
) -> Result<bool> {
    let Some(Ended { word, due_at, ended_at }) = Ended::of(state, now) else { return Ok(false) };
    // A code for signing in is of no use to anybody once it is sent.
    let keeps_secret = matches!(claim.effect, Effect::SendSignInCode { .. }) && ended_at.is_some();
    let done = sqlx::query!(
        "UPDATE outbox SET state = $3, due_at = $4, claimed_until = NULL, ended_at = $5, last_problem = coalesce($6, last_problem),
             payload = CASE WHEN $7 THEN '{}'::jsonb ELSE payload END
         WHERE outbox_id = $1 AND claimed_until IS NOT NULL AND fence = $2",
        claim.id.0,
        claim.fence.0,
        word,
        due_at,
        ended_at,
        problem,
        keeps_secret,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// A refund of this visit that waits for word of its capture is due now. One that waits because Amazon asked for it is not.
pub async fn wake_refund(conn: &mut PgConnection, trip: &TripId, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "UPDATE outbox SET due_at = $2 FROM refund
         WHERE outbox.trip_id = $1 AND outbox.kind = 'refund_charge' AND due_at > $2
           AND refund.refund_id::text = payload ->> 'refund' AND refund.state = 'waiting'",
        trip.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a try off those that a claim has used up: it did not come to pass, or was no fault of the effect's.
pub async fn forgive_try(conn: &mut PgConnection, claim: &Claim) -> Result<()> {
    sqlx::query!(
        "UPDATE outbox SET tries = tries - 1 WHERE outbox_id = $1 AND claimed_until IS NOT NULL AND fence = $2 AND tries > 0",
        claim.id.0,
        claim.fence.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts an answer that was neither yes nor no, instead of the try that the claim has used up.
pub async fn count_poll(conn: &mut PgConnection, claim: &Claim) -> Result<()> {
    sqlx::query!(
        "UPDATE outbox SET polls = polls + 1, tries = tries - 1
         WHERE outbox_id = $1 AND claimed_until IS NOT NULL AND fence = $2 AND tries > 0",
        claim.id.0,
        claim.fence.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the next effect can be claimed, pauses considered, or the next lease ends. `None`: nothing waits.
pub async fn next_due_at(conn: &mut PgConnection) -> Result<Option<OffsetDateTime>> {
    let next = sqlx::query_scalar!(
        "SELECT least((SELECT min(greatest(due_at, pause.until_at)) FROM outbox LEFT JOIN pause ON pause.api = outbox.lane
                       WHERE outbox.state = 'waiting'),
                      (SELECT min(claimed_until) FROM outbox WHERE state = 'claimed'))"
    );
    Ok(next.fetch_one(conn).await?)
}

/// Does anything wait for this API whose deadline comes from `after` on and until `until`?
pub async fn has_deadline_between(
    conn: &mut PgConnection,
    api: Api,
    after: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM outbox WHERE lane = $1 AND state = 'waiting' AND deadline_at BETWEEN $2 AND $3) AS "found!""#,
        api.as_str(),
        after,
        until,
    );
    Ok(found.fetch_one(conn).await?)
}

/// How many effects wait, are with a worker, and are out of tries.
pub async fn backlog(conn: &mut PgConnection) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT state, count(*) AS "count!" FROM outbox WHERE state IN ('waiting', 'claimed', 'exhausted') GROUP BY state"#
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.state, row.count)).collect())
}

/// What of a lane could be done and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingLane {
    /// An API of Amazon's, or `own`.
    pub lane: String,
    /// Effects that are due.
    pub due: i64,
    /// For how long the oldest of them has been.
    pub oldest_seconds: i64,
}

/// What is due, in each lane that anything waits in or ever could.
pub async fn waiting_by_lane(conn: &mut PgConnection, now: OffsetDateTime) -> Result<Vec<WaitingLane>> {
    let lanes: Vec<String> = Api::ALL.iter().map(|api| api.as_str()).chain([OWN_LANE]).map(str::to_owned).collect();
    let rows = sqlx::query_as!(
        WaitingLane,
        r#"SELECT lane AS "lane!", count(due_at) AS "due!",
               coalesce(extract(epoch FROM $2 - min(due_at))::bigint, 0) AS "oldest_seconds!"
           FROM unnest($1::text[]) AS every(lane)
           LEFT JOIN (SELECT lane, due_at FROM outbox WHERE state = 'waiting' AND due_at <= $2) waiting USING (lane)
           GROUP BY lane ORDER BY lane"#,
        &lanes,
        now,
    );
    Ok(rows.fetch_all(conn).await?)
}

#[cfg(test)]
mod tests;
