//! Payoffs in the words of pages.

use app::backend::{Balance, OwedTrip, PayoffGate, PayoffPage, PayoffProgress, PayoffTrip};
use app::error::UiError;
use domain::money::Money;
use domain::payoff::{AllocationError, Payoff};
use domain::viewer::Viewer;
use time::OffsetDateTime;

use super::unavailable;
use crate::flow::payoff::{ShownPayoff, StartError};
use crate::store::debt;

/// What is owed by visit, and as a sum. Who may only pay sees the sum.
pub(super) fn balance(
    viewer: &Viewer,
    debts: Vec<debt::OwedTrip>,
    can_pay: bool,
    now: OffsetDateTime,
) -> Result<Balance, UiError> {
    let mut total: Vec<Money> = vec![];
    for debt in &debts {
        match total.iter_mut().find(|sum| sum.currency() == debt.outstanding.currency()) {
            Some(sum) => *sum = sum.checked_add(debt.outstanding).map_err(|_| UiError::Unexpected)?,
            None => total.push(debt.outstanding),
        }
    }
    let shown = if is_debtor(viewer) { vec![] } else { debts };
    Ok(Balance { total, debts: shown.into_iter().map(|debt| owed(debt, now)).collect(), can_pay })
}

/// Has this viewer proven too little to see more than a sum?
pub(super) fn is_debtor(viewer: &Viewer) -> bool {
    matches!(viewer, Viewer::Debtor(_))
}

pub(super) fn owed(debt: debt::OwedTrip, now: OffsetDateTime) -> OwedTrip {
    OwedTrip {
        trip: debt.trip,
        store_name: debt.store_name,
        contact: debt.contact,
        started_at: debt.started_at,
        outstanding: debt.outstanding,
        cause: debt.cause,
        items: u32::try_from(debt.items).unwrap_or(u32::MAX),
        days: u32::try_from((now - debt.incurred_at).whole_days()).unwrap_or(0),
        dispute: None,
    }
}

pub(super) fn refused(error: &StartError) -> UiError {
    match error {
        StartError::NotOffered | StartError::Unavailable => UiError::PayAway,
        StartError::Changed => UiError::Changed,
        StartError::Refused(refused) => match refused {
            AllocationError::NothingChosen => UiError::NothingChosen,
            AllocationError::TooLittle(_) => UiError::TooLittle,
            AllocationError::NotOwed => UiError::Changed,
            AllocationError::TooMany
            | AllocationError::Currencies
            | AllocationError::TooMuch(_)
            | AllocationError::Currency(_)
            | AllocationError::Amount(_) => UiError::NotPayable,
        },
        StartError::Store(error) => unavailable(error),
    }
}

pub(super) fn page(viewer: &Viewer, mut shown: ShownPayoff) -> PayoffPage {
    let progress = progress(&shown);
    if is_debtor(viewer) {
        shown.trips.clear();
        shown.gates.clear();
    }
    let trips = shown.trips.into_iter().map(|it| PayoffTrip {
        trip: it.trip,
        store_name: it.store_name,
        contact: it.contact,
        started_at: it.started_at,
        amount: it.amount,
    });
    let gates = shown.gates.into_iter().map(|it| PayoffGate { store_name: it.store_name, opens: it.opens });
    PayoffPage {
        id: shown.row.id,
        amount: shown.row.amount,
        trips: trips.collect(),
        progress,
        remaining: shown.remaining,
        gates: gates.collect(),
    }
}

fn progress(shown: &ShownPayoff) -> PayoffProgress {
    match (&shown.row.state, &shown.row.url) {
        (Payoff::Created, _) => PayoffProgress::Waiting,
        (Payoff::Open { .. }, Some(url)) if !shown.is_uncertain => {
            PayoffProgress::Unpaid { address: url.clone(), is_declined: shown.is_declined }
        }
        (Payoff::Open { .. }, _) => PayoffProgress::Waiting,
        (Payoff::Expired { .. } | Payoff::Abandoned, _) => PayoffProgress::Over,
        (Payoff::Paid(_) | Payoff::Won(..), _) => PayoffProgress::Paid,
        (Payoff::Disputed(..) | Payoff::Lost(..), _) => PayoffProgress::ChargedBack,
    }
}
