//! The states a trip ends in, one function each. Only what the event feed or a person says moves money here.

use super::open::incurred;
use super::{Movement, Step, Trip, TripError, TripEvent, Visit};
use crate::alert::AlertKind;
use crate::money::Money;
use crate::reason::DebtCause;

type Next = Result<Step, TripError>;

/// Answers that only confirm that a trip has ended.
fn confirms(same: Trip, event: TripEvent) -> Next {
    match event {
        TripEvent::CancelInitiated | TripEvent::DeadlinePassed | TripEvent::EntryStale | TripEvent::NoWitness => {
            Ok(Step::to(same))
        }
        TripEvent::CartPriced(_)
        | TripEvent::Reviewed(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::TokenExpired
        | TripEvent::CaptureInitiated
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CaptureUnanswered
        | TripEvent::CaptureWitnessed
        | TripEvent::CaptureApproved { .. }
        | TripEvent::CaptureDeclined => Err(TripError::MovedOn),
    }
}

/// Nobody knew in time. Whoever says it now, settles it.
pub(super) fn capture_unconfirmed(total: Money, amount: Money, event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CaptureApproved { .. } | TripEvent::CaptureWitnessed => {
            let mut step = super::open::captured(total, amount, visit)?;
            step.movements.insert(0, Movement::Unsuspended(total));
            Ok(step)
        }
        TripEvent::CaptureDeclined => {
            let mut step = super::open::uncollected(total, DebtCause::CaptureDeclined, visit);
            step.movements.insert(0, Movement::Unsuspended(total));
            Ok(step)
        }
        TripEvent::CaptureInitiated => {
            Ok(Step::to(Trip::CaptureUnconfirmed { total, amount }).alert(AlertKind::LateCapture))
        }
        other => confirms(Trip::CaptureUnconfirmed { total, amount }, other),
    }
}

/// `taken` of `total` was captured. What the bank takes back becomes a debt, beside what is one already.
pub(super) fn captured(same: Trip, total: Money, taken: Money, event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CaptureInitiated | TripEvent::CaptureWitnessed | TripEvent::CaptureApproved { .. } => {
            Ok(Step::to(same))
        }
        TripEvent::CaptureDeclined => {
            let cause = DebtCause::CaptureDeclined;
            Ok(incurred(
                Step::to(Trip::Uncollected { total, cause }).moving(Movement::CaptureReversed(taken)),
                taken,
                cause,
                visit,
            )
            .alert(AlertKind::CaptureDeclined))
        }
        other => confirms(same, other),
    }
}

/// Everything is a debt. A capture that is seen now goes towards it.
pub(super) fn uncollected(total: Money, cause: DebtCause, event: TripEvent, visit: Visit<'_>) -> Next {
    let same = Trip::Uncollected { total, cause };
    match event {
        TripEvent::CaptureApproved { amount: Some(captured) } if captured.is_positive() => {
            total.checked_sub(captured)?;
            Ok(Step::to(Trip::Recovered { total, cause, captured })
                .moving(Movement::LateCapture(captured))
                .then([visit.transactional_data()])
                .then(visit.report())
                .alert(AlertKind::LateCapture))
        }
        // The answer to the capture that the bank has declined meanwhile: that it was initiated is no news.
        TripEvent::CaptureInitiated if cause == DebtCause::CaptureDeclined => Ok(Step::to(same)),
        // Money that we never asked for, or an answer that says less than that it was taken: a person's case.
        TripEvent::CaptureApproved { .. } | TripEvent::CaptureInitiated | TripEvent::CaptureWitnessed => {
            Ok(Step::to(same).alert(AlertKind::LateCapture))
        }
        TripEvent::CaptureDeclined => Ok(Step::to(same)),
        other => confirms(same, other),
    }
}

/// What was taken late may be taken back, too.
pub(super) fn recovered(total: Money, cause: DebtCause, captured: Money, event: TripEvent, visit: Visit<'_>) -> Next {
    let same = Trip::Recovered { total, cause, captured };
    match event {
        TripEvent::CaptureInitiated | TripEvent::CaptureWitnessed | TripEvent::CaptureApproved { .. } => {
            Ok(Step::to(same))
        }
        TripEvent::CaptureDeclined => Ok(Step::to(Trip::Uncollected { total, cause })
            .moving(Movement::LateCaptureReversed(captured))
            .then(visit.report())
            .alert(AlertKind::CaptureDeclined)),
        other => confirms(same, other),
    }
}
