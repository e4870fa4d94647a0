//! The states a trip can leave, one function each.

use super::{CartVerdict, DeclinePolicy, Movement, Step, Trip, TripError, TripEvent, Visit};
use crate::alert::AlertKind;
use crate::money::{Money, MoneyError};
use crate::reason::DebtCause;

type Next = Result<Step, TripError>;

pub(super) fn entered(event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CartPriced(verdict) => Ok(priced(verdict, visit)),
        TripEvent::EntryStale => Ok(Step::to(Trip::Cancelling).then([visit.cancel()])),
        TripEvent::DeadlinePassed => Ok(Step::to(Trip::Entered)),
        TripEvent::Reviewed(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::TokenExpired
        | TripEvent::CaptureInitiated
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CaptureUnanswered
        | TripEvent::CaptureWitnessed
        | TripEvent::NoWitness
        | TripEvent::CancelInitiated => Err(TripError::MovedOn),
    }
}

fn priced(verdict: CartVerdict, visit: Visit<'_>) -> Step {
    match verdict {
        CartVerdict::Payable(total) => Step::to(Trip::Adjusting { total })
            .moving(Movement::Priced(total))
            .then([visit.adjust(total), visit.check_deadline()]),
        CartVerdict::NothingToPay => Step::to(Trip::Cancelling).then([visit.cancel()]),
        CartVerdict::NeedsReview => {
            let looks = [visit.check_review(), visit.check_deadline()];
            Step::to(Trip::InReview).then(looks).alert(AlertKind::BadCart)
        }
    }
}

pub(super) fn in_review(event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::Reviewed(CartVerdict::NeedsReview) => Ok(Step::to(Trip::InReview)),
        TripEvent::Reviewed(CartVerdict::NothingToPay) => {
            Ok(Step::to(Trip::Cancelling).then([visit.cancel()]).alert(AlertKind::RevenueLost))
        }
        TripEvent::Reviewed(verdict @ CartVerdict::Payable(_)) => Ok(priced(verdict, visit)),
        // Nobody priced it in time: nothing can be charged any more.
        TripEvent::DeadlinePassed | TripEvent::TokenExpired => {
            Ok(Step::to(Trip::Cancelling).then([visit.cancel()]).alert(AlertKind::RevenueLost))
        }
        TripEvent::EntryStale => Ok(Step::to(Trip::InReview)),
        TripEvent::CartPriced(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::CaptureInitiated
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CaptureUnanswered
        | TripEvent::CaptureWitnessed
        | TripEvent::NoWitness
        | TripEvent::CancelInitiated => Err(TripError::MovedOn),
    }
}

pub(super) fn adjusting(total: Money, event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::AdjustApproved { authorized } => approved(total, authorized, visit),
        TripEvent::AdjustDeclined { authorized } => declined(total, authorized, visit),
        TripEvent::TokenExpired | TripEvent::DeadlinePassed => Ok(uncollected(total, DebtCause::PreauthExpired, visit)),
        TripEvent::EntryStale => Ok(Step::to(Trip::Adjusting { total })),
        TripEvent::CartPriced(_)
        | TripEvent::Reviewed(_)
        | TripEvent::CaptureInitiated
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CaptureUnanswered
        | TripEvent::CaptureWitnessed
        | TripEvent::NoWitness
        | TripEvent::CancelInitiated => Err(TripError::MovedOn),
    }
}

/// An approval is for the amount that was asked for (Adjust Charge page); should Amazon ever approve less, no more than that is
/// taken.
fn approved(total: Money, authorized: Money, visit: Visit<'_>) -> Next {
    let short = total.checked_sub(authorized)?;
    if !short.is_positive() {
        return Ok(start_capture(total, total, visit));
    }
    if authorized.is_positive() { Ok(start_capture(total, authorized, visit)) } else { declined(total, None, visit) }
}

fn declined(total: Money, authorized: Option<Money>, visit: Visit<'_>) -> Next {
    if authorized.is_some_and(|hold| hold.currency() != total.currency()) {
        return Err(TripError::Amount(MoneyError::CurrencyMismatch));
    }
    let authorized = authorized.filter(|hold| hold.is_positive());
    match (visit.store.decline, authorized) {
        (DeclinePolicy::CaptureAuthorized, Some(hold)) => {
            let amount = if hold.minor() < total.minor() { hold } else { total };
            Ok(start_capture(total, amount, visit).alert(AlertKind::PaymentDeclined))
        }
        (DeclinePolicy::DebtInFull, Some(_)) | (_, None) => {
            let step = uncollected(total, DebtCause::PaymentDeclined, visit);
            Ok(step.then([visit.cancel()]).alert(AlertKind::PaymentDeclined))
        }
    }
}

fn start_capture(total: Money, amount: Money, visit: Visit<'_>) -> Step {
    Step::to(Trip::Capturing { total, amount, doubts: 0 }).then([visit.capture(amount)])
}

/// A capture under way, or in doubt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capture {
    pub(super) total: Money,
    pub(super) amount: Money,
    pub(super) doubts: u32,
}

/// Times a capture in doubt is sent again where that is safe. After that only a witness or a person helps.
const REPEATS_MAX: u32 = 5;

pub(super) fn capturing(capture: Capture, event: TripEvent, visit: Visit<'_>) -> Next {
    let Capture { total, amount, doubts } = capture;
    let in_doubt = doubts > 0;
    match event {
        TripEvent::CaptureInitiated | TripEvent::CaptureWitnessed => captured(total, amount, visit),
        TripEvent::CaptureUnanswered => Ok(unknown(capture, false, visit)),
        TripEvent::CaptureRefused { after_failure } if in_doubt || after_failure => Ok(unknown(capture, false, visit)),
        TripEvent::TokenExpired | TripEvent::CaptureFailed if in_doubt => Ok(unknown(capture, false, visit)),
        // Failures were answered, but one may have come after the effect: a witness, where there is one, is heard first.
        TripEvent::CaptureFailed if visit.store.transactional_data_proves_capture => Ok(unknown(capture, true, visit)),
        TripEvent::CaptureRefused { .. } | TripEvent::CaptureFailed => {
            Ok(uncollected(total, DebtCause::CaptureFailed, visit))
        }
        TripEvent::DeadlinePassed if in_doubt => Ok(unconfirmed(total, amount)),
        // Asked only when no call is out or to come: every try surely never reached Amazon.
        TripEvent::TokenExpired | TripEvent::DeadlinePassed => Ok(uncollected(total, DebtCause::PreauthExpired, visit)),
        TripEvent::EntryStale | TripEvent::NoWitness => Ok(Step::to(Trip::Capturing { total, amount, doubts })),
        TripEvent::CartPriced(_)
        | TripEvent::Reviewed(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::CancelInitiated => Err(TripError::MovedOn),
    }
}

/// Nobody knows: the witness is asked, and at the deadline it is looked at again, whatever became of earlier looks.
fn unknown(capture: Capture, failed: bool, visit: Visit<'_>) -> Step {
    let Capture { total, amount, doubts } = capture;
    Step::to(Trip::CaptureUnknown { total, amount, doubts: doubts.saturating_add(1), failed })
        .then([visit.transactional_data(), visit.check_deadline()])
        .alert(AlertKind::CaptureUnknown)
}

fn unconfirmed(total: Money, amount: Money) -> Step {
    Step::to(Trip::CaptureUnconfirmed { total, amount })
        .moving(Movement::Suspended(total))
        .alert(AlertKind::CaptureUnconfirmed)
}

pub(super) fn capture_unknown(capture: Capture, failed: bool, event: TripEvent, visit: Visit<'_>) -> Next {
    let Capture { total, amount, doubts } = capture;
    let same = Trip::CaptureUnknown { total, amount, doubts, failed };
    match event {
        TripEvent::CaptureWitnessed | TripEvent::CaptureInitiated => captured(total, amount, visit),
        TripEvent::NoWitness if failed => Ok(uncollected(total, DebtCause::CaptureFailed, visit)),
        TripEvent::NoWitness if visit.store.capture_repeat_is_safe && doubts <= REPEATS_MAX => {
            Ok(Step::to(Trip::Capturing { total, amount, doubts }).then([visit.capture(amount)]))
        }
        TripEvent::DeadlinePassed => Ok(unconfirmed(total, amount)),
        TripEvent::NoWitness | TripEvent::EntryStale | TripEvent::CaptureUnanswered => Ok(Step::to(same)),
        TripEvent::CartPriced(_)
        | TripEvent::Reviewed(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::TokenExpired
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CancelInitiated => Err(TripError::MovedOn),
    }
}

fn captured(total: Money, amount: Money, visit: Visit<'_>) -> Next {
    let rest = total.checked_sub(amount)?;
    let trip =
        if rest.is_positive() { Trip::PartlyCaptured { total, captured: amount } } else { Trip::Captured { total } };
    let mut step =
        Step::to(trip).moving(Movement::Captured(amount)).then([visit.transactional_data()]).then(visit.report());
    if rest.is_positive() {
        let debt = Movement::DebtIncurred { amount: rest, cause: DebtCause::PartialCapture };
        step = step.moving(debt).alert(AlertKind::BadDebt);
    }
    Ok(step)
}

fn uncollected(total: Money, cause: DebtCause, visit: Visit<'_>) -> Step {
    Step::to(Trip::Uncollected { total, cause })
        .moving(Movement::DebtIncurred { amount: total, cause })
        .then([visit.transactional_data()])
        .then(visit.report())
        .alert(AlertKind::BadDebt)
}

pub(super) fn cancelling(event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CancelInitiated => Ok(Step::to(Trip::Cancelled).then(visit.report())),
        TripEvent::CartPriced(verdict) => Ok(late_cart(Trip::Cancelling, verdict, visit)),
        TripEvent::DeadlinePassed | TripEvent::EntryStale => Ok(Step::to(Trip::Cancelling)),
        TripEvent::Reviewed(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::TokenExpired
        | TripEvent::CaptureInitiated
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CaptureUnanswered
        | TripEvent::CaptureWitnessed
        | TripEvent::NoWitness => Err(TripError::MovedOn),
    }
}

pub(super) fn cancelled(event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CartPriced(verdict) => Ok(late_cart(Trip::Cancelled, verdict, visit)),
        TripEvent::CancelInitiated | TripEvent::DeadlinePassed | TripEvent::EntryStale => Ok(Step::to(Trip::Cancelled)),
        TripEvent::Reviewed(_)
        | TripEvent::AdjustApproved { .. }
        | TripEvent::AdjustDeclined { .. }
        | TripEvent::TokenExpired
        | TripEvent::CaptureInitiated
        | TripEvent::CaptureRefused { .. }
        | TripEvent::CaptureFailed
        | TripEvent::CaptureUnanswered
        | TripEvent::CaptureWitnessed
        | TripEvent::NoWitness => Err(TripError::MovedOn),
    }
}

/// The hold is gone or going: nothing can be captured after a cancel. What the cart costs is a debt that does not count at the
/// gate until a person confirms it.
fn late_cart(same: Trip, verdict: CartVerdict, visit: Visit<'_>) -> Step {
    match verdict {
        CartVerdict::Payable(total) => {
            let mut step = uncollected(total, DebtCause::LateCart, visit).alert(AlertKind::LateCart);
            step.movements.insert(0, Movement::Priced(total));
            step
        }
        CartVerdict::NothingToPay => Step::to(same),
        CartVerdict::NeedsReview => Step::to(same).alert(AlertKind::BadCart).alert(AlertKind::RevenueLost),
    }
}
