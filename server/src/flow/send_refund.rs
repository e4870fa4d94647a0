//! A refund on its way to Amazon: is it still to be sent, what came of it, and who wakes one that waits.

use domain::id::{RefundId, TripId};
use domain::money::Money;
use domain::refund::{Refund, RefundError, RefundEvent};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::advance::settings_of;
use super::move_refund::{Place, RefundMover, funds, move_refund};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

const SAID_BY: &str = "worker";

/// May `amount` of this refund be asked for? One that waited is due: the money is looked at once more, and when less is to be sent
/// by now, another effect takes this one's place.
pub(super) async fn is_wanted(
    conn: &mut PgConnection,
    row: &TripRow,
    id: RefundId,
    amount: Money,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let refund = store::refund::lock(&mut *conn, id).await?;
    let Some(refund) = refund.filter(|it| it.trip == row.id) else { return Ok(false) };
    if matches!(refund.state, Refund::Waiting { .. }) {
        let funds = funds(&mut *conn, row, refund.kind).await?;
        apply(&mut *conn, row, id, RefundEvent::Due { funds }, now).await?;
    }
    let state = store::refund::get(conn, id).await?.map(|refund| refund.state);
    Ok(matches!(state, Some(Refund::Sending { split }) if split.card == amount))
}

/// Applies what a call came to. A refusal means another thing after a try that may have been done all the same.
pub(super) async fn conclude(
    conn: &mut PgConnection,
    row: &TripRow,
    id: RefundId,
    event: RefundEvent,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let event = match event {
        RefundEvent::Refused { .. } => {
            RefundEvent::Refused { in_doubt: store::refund::is_in_doubt(&mut *conn, &row.id, id).await? }
        }
        other => other,
    };
    apply(conn, row, id, event, now).await
}

async fn apply(
    conn: &mut PgConnection,
    row: &TripRow,
    id: RefundId,
    event: RefundEvent,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let refund = store::refund::lock(&mut *conn, id).await?;
    let mut refund = refund.ok_or(StoreError::Corrupt("an effect of a refund that is not there"))?;
    let settings = settings_of(&mut *conn, row).await?;
    let (place, mover) = (Place { row, settings: &settings }, RefundMover { by: SAID_BY, reason: None, at: now });
    match move_refund(conn, place, &mut refund, event, mover).await? {
        Ok(()) => Ok(()),
        Err(RefundError::MovedOn) => {
            tracing::info!(refund.id = %id, state = refund.state.name(), "an event came late or twice");
            Ok(())
        }
        Err(RefundError::MoreThanTaken | RefundError::Amount(_)) => Err(StoreError::Corrupt("refund amounts")),
    }
}

/// It is known by now what became of the visit's capture: a refund that waits for that is looked at.
pub(super) async fn wake(conn: &mut PgConnection, trip: &TripId, now: OffsetDateTime) -> Result<(), StoreError> {
    store::outbox::wake_refund(conn, trip, now).await
}
