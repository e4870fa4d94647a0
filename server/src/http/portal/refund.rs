//! Refunds in the words of pages.

use app::backend::refund::{
    RefundBar, RefundCheck, RefundForm, RefundPage, RefundStage, RefundWays, RefundWish, ReturnChoice, ReturnableLine,
    ReturnedLine,
};
use app::error::UiError;
use domain::id::{RefundId, TripId};
use domain::refund::amount::{Choice, RefundLine};
use domain::refund::{Refund, RefundReason, RefundRefusal, Split, Verdict};
use domain::viewer::Viewer;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{PortalState, unavailable};
use crate::flow::offer_refund::{RefundOffer, offer_refund};
use crate::flow::request_refund::{
    NoteToSeal, RefundOrder, RequestRefundError, Requester, Wish, expect_refund, request_refund,
};
use crate::flow::show_refund::{ShownRefund, show_refund};

pub(super) async fn form(
    state: &PortalState,
    viewer: &Viewer,
    trip: TripId,
    now: OffsetDateTime,
) -> Result<RefundForm, UiError> {
    let offer = offer_refund(&state.database, &trip, Requester::Viewer(viewer), now).await;
    let RefundOffer { merchant, started_at, until, lines, refused } = offer.map_err(|it| error(&it))?;
    let lines = lines.into_iter().map(|line| ReturnableLine {
        line_no: line.line_no,
        name: line.name,
        unit: line.unit,
        bought: line.bought,
        left: line.left,
        price: line.price,
    });
    Ok(RefundForm {
        trip,
        store_name: merchant.name,
        contact: merchant.contact,
        started_at,
        until,
        lines: lines.collect(),
        bar: refused.map(bar),
    })
}

fn bar(refused: RefundRefusal) -> RefundBar {
    match refused {
        RefundRefusal::NotCharged => RefundBar::NotCharged,
        RefundRefusal::WindowOver { days } => RefundBar::WindowOver { days },
        RefundRefusal::AlreadyOpen(refund) => RefundBar::Open(refund),
        RefundRefusal::Nothing => RefundBar::NothingLeft,
        RefundRefusal::WrittenOff
        | RefundRefusal::MoreThanTaken
        | RefundRefusal::NoSuchLine { .. }
        | RefundRefusal::Quantity { .. }
        | RefundRefusal::ReturnedBefore { .. }
        | RefundRefusal::Amount(_) => RefundBar::AskStore,
    }
}

pub(super) async fn check(
    state: &PortalState,
    viewer: &Viewer,
    trip: &TripId,
    choice: ReturnChoice,
    now: OffsetDateTime,
) -> Result<RefundCheck, UiError> {
    let wish = Wish::Goods(Choice::Lines(choice.lines));
    let expected = expect_refund(&state.database, trip, &wish, Requester::Viewer(viewer), now).await;
    let expected = expected.map_err(|it| error(&it))?;
    Ok(RefundCheck {
        id: RefundId::new(Uuid::new_v4()).map_err(|_| UiError::Unexpected)?,
        lines: expected.lines.into_iter().map(line).collect(),
        amount: expected.amount,
        ways: ways(expected.split),
        is_reviewed: expected.verdict == Verdict::Review,
    })
}

pub(super) async fn ask(
    state: &PortalState,
    viewer: &Viewer,
    wish: RefundWish,
    now: OffsetDateTime,
) -> Result<RefundId, UiError> {
    let reason: RefundReason = wish.choice.reason.word().parse().map_err(|_| UiError::NotRefundable)?;
    let order = RefundOrder {
        id: wish.id,
        trip: &wish.trip,
        wish: Wish::Goods(Choice::Lines(wish.choice.lines)),
        reason,
        because: None,
        note: wish.note.as_ref().map(|note| NoteToSeal { note, vault: &state.vault }),
        agreed: Some(wish.agreed),
        by: Requester::Viewer(viewer),
    };
    let refund = request_refund(&state.database, &order, now).await.map_err(|it| error(&it))?;
    Ok(refund.id)
}

pub(super) async fn show(state: &PortalState, viewer: &Viewer, id: RefundId) -> Result<RefundPage, UiError> {
    let shown = show_refund(&state.database, viewer, id).await.map_err(|it| unavailable(&it))?;
    let ShownRefund { refund, lines, merchant, started_at, is_late } = shown.ok_or(UiError::NotFound)?;
    let stage = match &refund.state {
        Refund::InReview => RefundStage::InReview,
        Refund::Waiting { .. } => RefundStage::Waiting,
        Refund::Sending { .. } => RefundStage::Sending { is_late },
        Refund::ByHand { .. } => RefundStage::ByHand,
        Refund::Refunded { .. } => RefundStage::Refunded,
        Refund::Credited { .. } => RefundStage::Credited,
        Refund::Declined => RefundStage::Declined { because: refund.decided_because.clone().unwrap_or_default() },
    };
    Ok(RefundPage {
        id,
        ways: refund.state.split().map(ways),
        reconciliation: refund.state.reconciliation().cloned(),
        trip: refund.trip,
        store_name: merchant.name,
        contact: merchant.contact,
        started_at,
        requested_at: refund.requested_at,
        amount: refund.amount,
        lines: lines.into_iter().map(line).collect(),
        stage,
    })
}

fn line(line: RefundLine) -> ReturnedLine {
    ReturnedLine { name: line.name, quantity: line.quantity, unit: line.unit, amount: line.amount }
}

fn ways(split: Split) -> RefundWays {
    RefundWays { off_debt: split.credit, to_card: split.card, elsewhere: split.elsewhere }
}

fn error(error: &RequestRefundError) -> UiError {
    match error {
        RequestRefundError::NotFound => UiError::NotFound,
        RequestRefundError::Changed => UiError::RefundChanged,
        RequestRefundError::Refused(_) => UiError::NotRefundable,
        RequestRefundError::UnknownStaff(_) => UiError::Unexpected,
        RequestRefundError::Store(error) => unavailable(error),
    }
}
