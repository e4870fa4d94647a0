//! A refund as the one who sees its visit may read it.

use domain::attempt::{Api, AttemptOutcome};
use domain::id::RefundId;
use domain::pause::Pause;
use domain::receipt::Merchant;
use domain::refund::Refund;
use domain::refund::amount::RefundLine;
use domain::viewer::Viewer;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::advance::settings_of;
use crate::store::refund::RefundRow;
use crate::store::{self, StoreError};

/// A refund as its page shows it.
#[derive(Debug, Clone)]
pub struct ShownRefund {
    /// The refund.
    pub refund: RefundRow,
    /// Which goods. Empty for a credit.
    pub lines: Vec<RefundLine>,
    /// Whose store.
    pub merchant: Merchant,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// Is Amazon asked, and does not answer as it should?
    pub is_late: bool,
}

/// A refund, by our own rows alone. `None` also when it is of somebody else's visit: from outside the two look alike.
///
/// # Errors
///
/// A database that is away.
pub async fn show_refund(db: &PgPool, viewer: &Viewer, id: RefundId) -> Result<Option<ShownRefund>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(refund) = store::refund::get(&mut conn, id).await? else { return Ok(None) };
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    if !store::trip::is_within(&mut conn, &refund.trip, &reach).await? {
        return Ok(None);
    }
    let Some(row) = store::trip::get(&mut conn, &refund.trip).await? else { return Ok(None) };
    let lines = store::refund_line::list(&mut conn, id, refund.amount.currency()).await?;
    let is_late = is_late(&mut conn, &refund).await?;
    let merchant = settings_of(&mut conn, &row).await?.merchant;
    Ok(Some(ShownRefund { refund, lines, merchant, started_at: row.started_at, is_late }))
}

async fn is_late(conn: &mut PgConnection, refund: &RefundRow) -> Result<bool, StoreError> {
    if !matches!(refund.state, Refund::Sending { .. }) {
        return Ok(false);
    }
    let attempts = store::attempt::list_of_refund(&mut *conn, &refund.trip, refund.id).await?;
    let has_failed = attempts.last().is_some_and(|it| match it.outcome {
        AttemptOutcome::Busy | AttemptOutcome::NotSent | AttemptOutcome::NoAnswer => true,
        AttemptOutcome::Sent | AttemptOutcome::Answered | AttemptOutcome::Refused => false,
    });
    let pause = store::pause::get(conn, Api::RefundCharge).await?;
    Ok(has_failed || !matches!(pause, Pause::Flowing { .. }))
}
