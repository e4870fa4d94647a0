//! The visit's next call, taken and recorded in the transaction that keeps the outcome of the one before: what one answer leads to need
//! not be looked for, and no second and third transaction is paid for it.
//!
//! **Invariant**: only who held the effect that just ended takes the next one. Until the commit nobody else can call for this visit, so
//! that still no two calls of one visit are out; and the attempt is committed before the call is made, as everywhere.

use domain::effect::Effect;
use domain::feedback::PaymentStatus;
use domain::id::AttemptId;
use domain::outbox::{Fence, LEASE};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::report_status::status_of;
use super::is_wanted;
use crate::failpoint::Commit;
use crate::store::outbox::{Begun, Claim};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// What a call for an effect says, as its attempt keeps it; a report says this status, as of this moment. `None`: more than the effect
/// must be read to know, and the call is recorded when it is begun.
pub type BodyOf = fn(&Effect, Option<PaymentStatus>, OffsetDateTime) -> Option<Value>;

/// The lease of an effect that nobody has held before: no call of its can have been made.
const FIRST: Fence = Fence(1);

/// Takes what is due of a locked visit whose call has just ended, and records the call where that is all there is to do first.
pub(super) async fn take(
    conn: &mut PgConnection,
    row: &TripRow,
    body_of: BodyOf,
    now: OffsetDateTime,
) -> Result<Option<Claim>, StoreError> {
    let until = now.saturating_add(LEASE);
    let Some(mut claim) = store::outbox::claim_next(&mut *conn, &row.id, now, until).await? else { return Ok(None) };
    claim.begun = record(conn, row, &claim, body_of, now).await?;
    Ok(Some(claim))
}

async fn record(
    conn: &mut PgConnection,
    row: &TripRow,
    claim: &Claim,
    body_of: BodyOf,
    now: OffsetDateTime,
) -> Result<Option<Begun>, StoreError> {
    let Some(api) = claim.effect.api().filter(|_| claim.fence == FIRST) else { return Ok(None) };
    let told = match claim.effect {
        Effect::ReportPaymentStatus { .. } => Some(status_of(&mut *conn, row).await?),
        _ => None,
    };
    let Some(body) = body_of(&claim.effect, told, now) else { return Ok(None) };
    if !is_wanted(&mut *conn, &claim.effect, row, now).await? {
        return Ok(None);
    }
    let attempt = AttemptId(Uuid::new_v4());
    store::attempt::insert(conn, attempt, claim, &row.id, api, &body, now).await?;
    Ok(Some(Begun { attempt, told, at: now }))
}

/// What is committed together with the outcome.
pub(super) fn commits(next: Option<&Claim>) -> impl Iterator<Item = Commit> {
    let api = next.and_then(|it| it.effect.api());
    let begun = api.filter(|_| next.is_some_and(|it| it.begun.is_some()));
    api.map(Commit::Claim).into_iter().chain(begun.map(Commit::Attempt))
}
