//! Effects as people see them, and what they do with those that are out of tries.

use domain::effect::Effect;
use domain::id::{OutboxId, TripId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::super::{Result, read};

/// An effect as a list shows it.
#[derive(Debug, Clone)]
pub struct ListedEffect {
    /// The row.
    pub id: OutboxId,
    /// What must happen.
    pub kind: String,
    /// For which visit.
    pub trip: Option<TripId>,
    /// `waiting`, `claimed`, `exhausted`, `done`, `dropped`.
    pub state: String,
    /// Tries that failed, or are under way.
    pub tries: i32,
    /// When it waits for its next try.
    pub due_at: Option<OffsetDateTime>,
    /// When it is too late.
    pub deadline_at: Option<OffsetDateTime>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// What went wrong last. Never personal.
    pub last_problem: Option<String>,
}

/// Effects in a state, of one kind or of all, the nearest deadline first, at most `limit`.
pub async fn list(conn: &mut PgConnection, state: &str, kind: Option<&str>, limit: i64) -> Result<Vec<ListedEffect>> {
    let rows = sqlx::query!(
        "SELECT outbox_id, kind, trip_id, state, tries, due_at, deadline_at, created_at, last_problem FROM outbox
         WHERE state = $1 AND ($2::text IS NULL OR kind = $2) ORDER BY deadline_at, created_at, outbox_id LIMIT $3",
        state,
        kind,
        limit,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(ListedEffect {
            id: OutboxId(row.outbox_id),
            kind: row.kind,
            trip: row.trip_id.map(|id| read(TripId::new(&id), "outbox.trip_id")).transpose()?,
            state: row.state,
            tries: row.tries,
            due_at: row.due_at,
            deadline_at: row.deadline_at,
            created_at: row.created_at,
            last_problem: row.last_problem,
        })
    });
    rows.collect()
}

/// An effect that a person decides about.
#[derive(Debug, Clone)]
pub struct KeptEffect {
    /// Where it is, in a word.
    pub state: String,
    /// What must happen. `None`: this version cannot read it, or what it said was secret and is gone.
    pub effect: Option<Effect>,
}

/// The visit of an effect, to be locked before the effect is. `None`: there is no such effect; `Some(None)`: it has no visit.
pub async fn trip_of(conn: &mut PgConnection, id: OutboxId) -> Result<Option<Option<TripId>>> {
    let row = sqlx::query_scalar!("SELECT trip_id FROM outbox WHERE outbox_id = $1", id.0).fetch_optional(conn).await?;
    row.map(|trip| trip.map(|id| read(TripId::new(&id), "outbox.trip_id")).transpose()).transpose()
}

/// One effect, locked until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: OutboxId) -> Result<Option<KeptEffect>> {
    let row = sqlx::query!("SELECT state, payload FROM outbox WHERE outbox_id = $1 FOR UPDATE", id.0);
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    Ok(Some(KeptEffect { state: row.state, effect: serde_json::from_value(row.payload).ok() }))
}

/// Puts an effect that is out of tries back, with all of them.
pub async fn put_back(conn: &mut PgConnection, id: OutboxId, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "UPDATE outbox SET state = 'waiting', due_at = $2, ended_at = NULL, tries = 0, polls = 0
         WHERE outbox_id = $1 AND state = 'exhausted'",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends an effect that is out of tries.
pub async fn drop_kept(conn: &mut PgConnection, id: OutboxId, why: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE outbox SET state = 'dropped', last_problem = $2 WHERE outbox_id = $1 AND state = 'exhausted'",
        id.0,
        why,
    )
    .execute(conn)
    .await?;
    Ok(())
}
