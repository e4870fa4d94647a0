//! What people decide about a refund: yes, no, given back in another way, found to be done, asked for once more.

use domain::effect::Effect;
use domain::id::{ReconciliationId, RefundId};
use domain::refund::{Refund, RefundError, RefundEvent};
use domain::store::Store;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::advance::settings_of;
use super::move_refund::{Place, RefundMover, move_refund};
use super::request_refund::approval;
use super::staff::{Person, UnknownStaff};
use crate::failpoint::{self, Commit};
use crate::store::audit::AuditEntry;
use crate::store::refund::RefundRow;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Why a refund stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DecideRefundError {
    /// There is none of this id.
    #[error("there is no refund {0}: `storeside refund list` shows all")]
    NotFound(RefundId),
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// Two people are asked for.
    #[error("{0} asked for this refund: somebody else must approve it")]
    SamePerson(String),
    /// It is not in a state for this.
    #[error("the refund is {0}: this can only be done with one that is {1}")]
    MovedOn(&'static str, &'static str),
    /// It would give back more than was taken.
    #[error("{0}")]
    Refused(RefundError),
    /// It may have been done by Amazon, and nobody has looked.
    #[error(
        "Amazon may have given the money back before it refused: look in its reports, then say --amazon-did-not, or `refund found`"
    )]
    InDoubt,
    /// It waits in the outbox, or a worker has it.
    #[error("Amazon is being asked already")]
    OnItsWay,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DecideRefundError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What is decided.
#[derive(Debug, Clone)]
pub enum Decision {
    /// It is given.
    Approve,
    /// It is not. The reviewer's reason is what the shopper reads.
    Decline,
    /// A person has given back what Amazon would not.
    DoneByHand {
        /// Has somebody made sure that Amazon has not given it back as well?
        amazon_did_not: bool,
    },
    /// Amazon's reports say that it was given back.
    Found {
        /// By this number.
        reconciliation: ReconciliationId,
    },
    /// Amazon is asked once more, with the same key.
    Retry,
}

/// Decides about a refund.
///
/// # Errors
///
/// See [`DecideRefundError`]. Nothing has changed then.
pub async fn decide_refund(
    db: &PgPool,
    id: RefundId,
    decision: Decision,
    reviewer: Person<'_>,
    now: OffsetDateTime,
) -> Result<RefundRow, DecideRefundError> {
    let mut tx = db.begin().await?;
    let Held { settings, row, mut refund } = lock(&mut tx, id, reviewer).await?;
    let place = Place { row: &row, settings: &settings };
    let (event, wanted) = match decision {
        Decision::Approve if refund.requested_by == reviewer.by => {
            return Err(DecideRefundError::SamePerson(reviewer.by.to_owned()));
        }
        Decision::Approve => (approval(&mut tx, place, refund.kind, now).await?, "in_review"),
        Decision::Decline => (RefundEvent::Declined, "in_review"),
        Decision::DoneByHand { amazon_did_not } => {
            if matches!(refund.state, Refund::ByHand { in_doubt: true, .. }) && !amazon_did_not {
                return Err(DecideRefundError::InDoubt);
            }
            (RefundEvent::DoneByHand, "by_hand")
        }
        Decision::Found { reconciliation } => {
            if !matches!(refund.state, Refund::ByHand { .. } | Refund::Sending { .. }) {
                return Err(DecideRefundError::MovedOn(refund.state.name(), "sending or by_hand"));
            }
            (RefundEvent::Answered { reconciliation: Some(reconciliation) }, "sending or by_hand")
        }
        Decision::Retry => {
            retry(&mut tx, &refund, reviewer, now).await?;
            tx.commit().await?;
            return Ok(refund);
        }
    };
    let mover = RefundMover { by: reviewer.by, reason: Some(reviewer.reason), at: now };
    match move_refund(&mut tx, place, &mut refund, event, mover).await? {
        Ok(()) => {}
        Err(RefundError::MovedOn) => return Err(DecideRefundError::MovedOn(refund.state.name(), wanted)),
        Err(refused @ (RefundError::MoreThanTaken | RefundError::Amount(_))) => {
            return Err(DecideRefundError::Refused(refused));
        }
    }
    failpoint::commit(tx, Commit::RefundDecided).await?;
    Ok(refund)
}

/// The same call with the same key: what was done already is not done twice.
async fn retry(
    conn: &mut PgConnection,
    refund: &RefundRow,
    reviewer: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), DecideRefundError> {
    let Refund::Sending { split } = refund.state else {
        return Err(DecideRefundError::MovedOn(refund.state.name(), "sending"));
    };
    let effect = Effect::RefundCharge {
        refund: refund.id,
        trip: refund.trip.clone(),
        store: refund.store.clone(),
        amount: split.card,
        reason: refund.reason,
    };
    let live = store::outbox::live(&mut *conn, effect.kind(), &refund.trip).await?;
    if live.waiting || live.claimed {
        return Err(DecideRefundError::OnItsWay);
    }
    store::outbox::push(&mut *conn, &effect, now, None, now).await?;
    let (subject, detail) = (refund.id.to_string(), json!({ "reason": reviewer.reason }));
    let entry = AuditEntry { actor: reviewer.by, action: "refund_retried", subject: &subject, detail };
    store::audit::insert(conn, entry, now).await?;
    Ok(())
}

struct Held {
    settings: Store,
    row: TripRow,
    refund: RefundRow,
}

/// A refund, its row locked after its visit's.
async fn lock(conn: &mut PgConnection, id: RefundId, reviewer: Person<'_>) -> Result<Held, DecideRefundError> {
    reviewer.check(&mut *conn).await??;
    let found = store::refund::get(&mut *conn, id).await?.ok_or(DecideRefundError::NotFound(id))?;
    let row = store::trip::lock(&mut *conn, &found.trip).await?.ok_or(DecideRefundError::NotFound(id))?;
    let refund = store::refund::lock(&mut *conn, id).await?.ok_or(DecideRefundError::NotFound(id))?;
    Ok(Held { settings: settings_of(conn, &row).await?, row, refund })
}
