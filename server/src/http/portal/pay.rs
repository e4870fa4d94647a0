//! Payoffs in the words of pages.

use app::backend::{OwedTrip, PayoffGate, PayoffPage, PayoffProgress, PayoffTrip};
use app::error::UiError;
use domain::id::ShopperId;
use domain::payoff::{AllocationError, Payoff};
use domain::viewer::Viewer;
use time::OffsetDateTime;

use super::unavailable;
use crate::flow::payoff::{ShownPayoff, StartError};
use crate::store::debt;

/// Only whoever is known by an address pays, until payoffs know other viewers.
pub(super) fn payer(viewer: &Viewer) -> Result<ShopperId, UiError> {
    match viewer {
        Viewer::Shopper(shopper) => Ok(*shopper),
        Viewer::Card(_) | Viewer::Visit(_) => Err(UiError::NotFound),
    }
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

pub(super) fn page(shown: ShownPayoff) -> PayoffPage {
    let progress = progress(&shown);
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
