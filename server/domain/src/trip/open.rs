//! The states a trip can leave, one function each.

use super::{CartVerdict, DeclinePolicy, Movement, Search, Step, Trip, TripError, TripEvent, Visit};
use crate::alert::AlertKind;
use crate::money::{Money, MoneyError};
use crate::reason::DebtCause;

type Next = Result<Step, TripError>;

pub(super) fn entered(event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CartPriced(verdict) => Ok(priced(verdict, visit)),
        TripEvent::EntryStale => Ok(Step::to(Trip::Cancelling).then([visit.cancel()])),
        TripEvent::DeadlinePassed | TripEvent::CaptureDeclined => Ok(Step::to(Trip::Entered)),
        TripEvent::CaptureApproved { .. } => Ok(never_asked_for(Trip::Entered)),
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

/// The event feed tells of a capture where we sent none: a person's case.
fn never_asked_for(same: Trip) -> Step {
    Step::to(same).alert(AlertKind::LateCapture)
}

fn priced(verdict: CartVerdict, visit: Visit<'_>) -> Step {
    match verdict {
        // What is held to the cent may be taken as it is.
        CartVerdict::Payable(total) if visit.store.skips_adjust && visit.hold == Some(total) => {
            Step::to(Trip::Capturing { total, amount: total, doubts: 0, skipped_adjust: true })
                .moving(Movement::Priced(total))
                .then([visit.capture(total), visit.check_deadline()])
        }
        CartVerdict::Payable(total) => Step::to(Trip::Adjusting { total, search: Search::start(total) })
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
        TripEvent::EntryStale | TripEvent::CaptureDeclined => Ok(Step::to(Trip::InReview)),
        TripEvent::CaptureApproved { .. } => Ok(never_asked_for(Trip::InReview)),
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

pub(super) fn adjusting(total: Money, search: Search, event: TripEvent, visit: Visit<'_>) -> Next {
    let same = Trip::Adjusting { total, search };
    match event {
        TripEvent::AdjustApproved { authorized } => {
            total.checked_sub(authorized)?;
            searched(total, search.approved(authorized), visit)
        }
        TripEvent::AdjustDeclined { authorized } => {
            if authorized.is_some_and(|hold| hold.currency() != total.currency()) {
                return Err(TripError::Amount(MoneyError::CurrencyMismatch));
            }
            let step = searched(total, search.declined(authorized), visit)?;
            let still_asks = matches!(step.trip, Trip::Adjusting { .. });
            Ok(if still_asks { step } else { step.alert(AlertKind::PaymentDeclined) })
        }
        TripEvent::TokenExpired | TripEvent::DeadlinePassed if search.skipped => Ok(over_after_a_capture(total, visit)),
        TripEvent::TokenExpired | TripEvent::DeadlinePassed => Ok(uncollected(total, DebtCause::PreauthExpired, visit)),
        TripEvent::EntryStale | TripEvent::CaptureDeclined => Ok(Step::to(same)),
        // The capture that was refused had a twin on its way, which came when the total was adjusted.
        TripEvent::CaptureApproved { amount: Some(_) } if search.skipped => captured(total, total, visit),
        TripEvent::CaptureApproved { .. } => Ok(never_asked_for(same)),
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

/// The time is over, and a capture that was refused may have had a twin on its way, which came when the total was adjusted: a witness is
/// heard before it is a debt, and where there is none, a person.
fn over_after_a_capture(total: Money, visit: Visit<'_>) -> Step {
    let capture = Capture { total, amount: total, doubts: 0 };
    if visit.store.transactional_data_proves_capture {
        unknown(capture, true, visit)
    } else {
        unconfirmed(total, total)
    }
}

/// Asks for less as long as the store's policy has a lower amount to try; then takes what is held, or nothing. An approval of
/// less than was asked for (which the Adjust Charge page does not know) takes no more than that.
fn searched(total: Money, search: Search, visit: Visit<'_>) -> Next {
    if let Some(next) = search.next(visit.store.decline, total)? {
        return Ok(Step::to(Trip::Adjusting { total, search: next }).then([visit.adjust(next.asked)]));
    }
    let gives_up_the_hold = search.ceiling.is_some() && visit.store.decline == DeclinePolicy::DebtInFull;
    match search.capturable(total) {
        Some(amount) if !gives_up_the_hold => Ok(start_capture(total, amount, visit)),
        // What is left of the hold must not stay on the card.
        _ => Ok(uncollected(total, DebtCause::PaymentDeclined, visit).then([visit.cancel()])),
    }
}

fn start_capture(total: Money, amount: Money, visit: Visit<'_>) -> Step {
    Step::to(Trip::Capturing { total, amount, doubts: 0, skipped_adjust: false }).then([visit.capture(amount)])
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

pub(super) fn capturing(capture: Capture, skipped_adjust: bool, event: TripEvent, visit: Visit<'_>) -> Next {
    let Capture { total, amount, doubts } = capture;
    let in_doubt = doubts > 0;
    match event {
        TripEvent::CaptureInitiated | TripEvent::CaptureWitnessed | TripEvent::CaptureApproved { .. } => {
            captured(total, amount, visit)
        }
        // In doubt or not: a capture is only sent again where Amazon takes it for the first one, so that this was it.
        TripEvent::CaptureDeclined => Ok(uncollected(total, DebtCause::CaptureDeclined, visit)),
        TripEvent::CaptureUnanswered => Ok(unknown(capture, false, visit)),
        TripEvent::CaptureRefused { after_failure } if in_doubt || after_failure => Ok(unknown(capture, false, visit)),
        TripEvent::TokenExpired | TripEvent::CaptureFailed if in_doubt => Ok(unknown(capture, false, visit)),
        // Amazon wants to be asked to adjust after all. Surely nothing was taken: this was the first try, and it has its answer.
        TripEvent::CaptureRefused { .. } if skipped_adjust => {
            let search = Search { skipped: true, ..Search::start(total) };
            Ok(Step::to(Trip::Adjusting { total, search }).then([visit.adjust(total)]))
        }
        // Failures were answered, but one may have come after the effect: a witness, where there is one, is heard first.
        TripEvent::CaptureFailed if visit.store.transactional_data_proves_capture => Ok(unknown(capture, true, visit)),
        TripEvent::CaptureRefused { .. } | TripEvent::CaptureFailed => {
            Ok(uncollected(total, DebtCause::CaptureFailed, visit))
        }
        TripEvent::DeadlinePassed if in_doubt => Ok(unconfirmed(total, amount)),
        // Asked only when no call is out or to come: every try surely never reached Amazon.
        TripEvent::TokenExpired | TripEvent::DeadlinePassed => Ok(uncollected(total, DebtCause::PreauthExpired, visit)),
        TripEvent::EntryStale | TripEvent::NoWitness => {
            Ok(Step::to(Trip::Capturing { total, amount, doubts, skipped_adjust }))
        }
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
        TripEvent::CaptureWitnessed | TripEvent::CaptureInitiated | TripEvent::CaptureApproved { .. } => {
            captured(total, amount, visit)
        }
        // However often it was sent, it was one: see above. Waiting for an answer that says otherwise would lose what is owed.
        TripEvent::CaptureDeclined => Ok(uncollected(total, DebtCause::CaptureDeclined, visit)),
        TripEvent::NoWitness if failed => Ok(uncollected(total, DebtCause::CaptureFailed, visit)),
        TripEvent::NoWitness if visit.store.capture_repeat_is_safe && doubts <= REPEATS_MAX => {
            // A refusal of this one proves nothing, so that it asks for no adjustment.
            let again = Trip::Capturing { total, amount, doubts, skipped_adjust: false };
            Ok(Step::to(again).then([visit.capture(amount)]))
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

pub(super) fn captured(total: Money, amount: Money, visit: Visit<'_>) -> Next {
    let rest = total.checked_sub(amount)?;
    if !rest.is_positive() {
        let step = Step::to(Trip::Captured { total }).moving(Movement::Captured(amount));
        return Ok(step.then([visit.transactional_data()]).then(visit.report()));
    }
    let step = Step::to(Trip::PartlyCaptured { total, captured: amount }).moving(Movement::Captured(amount));
    Ok(incurred(step, rest, DebtCause::PartialCapture, visit))
}

pub(super) fn uncollected(total: Money, cause: DebtCause, visit: Visit<'_>) -> Step {
    incurred(Step::to(Trip::Uncollected { total, cause }), total, cause, visit)
}

/// A debt is born, or grows: the card facts are wanted, since a debtor must be able to sign in by card, and Amazon is told.
pub(super) fn incurred(step: Step, amount: Money, cause: DebtCause, visit: Visit<'_>) -> Step {
    step.moving(Movement::DebtIncurred { amount, cause })
        .then([visit.transactional_data()])
        .then(visit.report())
        .alert(AlertKind::BadDebt)
}

pub(super) fn cancelling(event: TripEvent, visit: Visit<'_>) -> Next {
    match event {
        TripEvent::CancelInitiated => Ok(Step::to(Trip::Cancelled).then(visit.report())),
        TripEvent::CartPriced(verdict) => Ok(late_cart(Trip::Cancelling, verdict, visit)),
        TripEvent::DeadlinePassed | TripEvent::EntryStale | TripEvent::CaptureDeclined => {
            Ok(Step::to(Trip::Cancelling))
        }
        TripEvent::CaptureApproved { .. } => Ok(never_asked_for(Trip::Cancelling)),
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
        TripEvent::CancelInitiated | TripEvent::DeadlinePassed | TripEvent::EntryStale | TripEvent::CaptureDeclined => {
            Ok(Step::to(Trip::Cancelled))
        }
        TripEvent::CaptureApproved { .. } => Ok(never_asked_for(Trip::Cancelled)),
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
