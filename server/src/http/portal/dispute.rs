//! Disputes in the words of pages.

use app::backend::OwedTrip;
use app::backend::dispute::{
    DisputeBar, DisputeClaim, DisputeForm, DisputePage, DisputeStage, DisputeWish, OwedDispute,
};
use app::error::UiError;
use domain::dispute::{Dispute, DisputeKind};
use domain::id::{DisputeId, TripId};
use domain::viewer::Viewer;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{PortalState, unavailable};
use crate::flow::dispute::{
    self, DisputeOrder, DisputeRow, OpenDisputeError, ShownDispute, check_dispute, newest_disputes, show_dispute,
};
use crate::flow::read_receipt::TripPaper;
use crate::flow::shopper as flow;

pub(super) async fn form(
    state: &PortalState,
    viewer: &Viewer,
    trip: TripId,
    now: OffsetDateTime,
) -> Result<DisputeForm, UiError> {
    let owed = match check_dispute(&state.database, viewer, &trip).await {
        Ok(amount) => Ok(amount),
        Err(OpenDisputeError::NotOwed) => Err(DisputeBar::NotOwed),
        Err(OpenDisputeError::AlreadyOpen(id)) => Err(DisputeBar::Open(id)),
        Err(OpenDisputeError::TooOften) => Err(DisputeBar::TooOften),
        Err(refused) => return Err(error(&refused)),
    };
    let paper = flow::trip(&state.database, &state.vault, viewer, &trip, now).await.map_err(|it| unavailable(&it))?;
    let (merchant, started_at) = match paper.ok_or(UiError::NotFound)? {
        TripPaper::Receipt(receipt) => (receipt.merchant, receipt.started_at),
        TripPaper::NoPurchase { merchant, started_at, .. } => (merchant, started_at),
    };
    Ok(DisputeForm {
        id: DisputeId(Uuid::new_v4()),
        trip,
        store_name: merchant.name,
        contact: merchant.contact,
        started_at,
        owed,
    })
}

pub(super) async fn open(
    state: &PortalState,
    viewer: &Viewer,
    wish: DisputeWish,
    now: OffsetDateTime,
) -> Result<DisputeId, UiError> {
    let kind = match wish.claim {
        DisputeClaim::AlreadyPaid => DisputeKind::AlreadyPaid,
        DisputeClaim::NotMine => DisputeKind::NotMine,
    };
    let order = DisputeOrder { id: wish.id, trip: &wish.trip, kind, note: wish.note.as_ref(), viewer };
    match dispute::open_dispute(&state.database, &state.vault, order, now).await {
        Ok(row) => Ok(row.id),
        // Said before, in another tab: that one stands.
        Err(OpenDisputeError::AlreadyOpen(id)) => Ok(id),
        Err(refused) => Err(error(&refused)),
    }
}

pub(super) async fn show(state: &PortalState, viewer: &Viewer, id: DisputeId) -> Result<DisputePage, UiError> {
    let shown = show_dispute(&state.database, viewer, id).await.map_err(|it| unavailable(&it))?;
    let ShownDispute { row, merchant, started_at, outstanding } = shown.ok_or(UiError::NotFound)?;
    let stage = match row.state {
        Dispute::Open => DisputeStage::Open,
        Dispute::Upheld { .. } => DisputeStage::Upheld,
        Dispute::Rejected => DisputeStage::Rejected { because: row.decided_because.clone().unwrap_or_default() },
    };
    let claim = match row.kind {
        DisputeKind::AlreadyPaid => DisputeClaim::AlreadyPaid,
        DisputeKind::NotMine => DisputeClaim::NotMine,
    };
    Ok(DisputePage {
        id,
        trip: row.trip,
        store_name: merchant.name,
        contact: merchant.contact,
        started_at,
        claim,
        opened_at: row.opened_at,
        amount: row.amount,
        outstanding,
        stage,
    })
}

/// Says of each debt what its shopper said of it last.
pub(super) async fn mark(state: &PortalState, debts: &mut [OwedTrip]) -> Result<(), UiError> {
    let trips: Vec<TripId> = debts.iter().map(|debt| debt.trip.clone()).collect();
    let disputes = newest_disputes(&state.database, &trips).await.map_err(|it| unavailable(&it))?;
    for debt in debts {
        let as_owed = |row: &DisputeRow| OwedDispute { id: row.id, is_open: row.state == Dispute::Open };
        debt.dispute = disputes.get(&debt.trip).map(as_owed);
    }
    Ok(())
}

fn error(error: &OpenDisputeError) -> UiError {
    match error {
        OpenDisputeError::NotFound => UiError::NotFound,
        OpenDisputeError::NotOwed | OpenDisputeError::AlreadyOpen(_) | OpenDisputeError::TooOften => {
            UiError::NotDisputable
        }
        OpenDisputeError::Store(error) => unavailable(error),
    }
}
