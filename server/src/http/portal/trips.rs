//! Trips and their mails in the words of pages.

use app::backend::find::{CardChoice, CardKey, ReceiptMail, TripList, TripPlace, TripSearch};
use app::backend::{TripStatus, TripSummary};
use app::error::UiError;
use domain::id::EmailAddress;
use domain::receipt::PaymentProgress;
use domain::trip::Trip;
use domain::viewer::Viewer;
use time::{Date, Time};

use super::unavailable;
use crate::flow::find_trips::{FindTrips, FoundTrips};
use crate::flow::mail_receipt::MailReceiptError;
use crate::flow::read_receipt::held;
use crate::store::trip::listed::{ListedTrip, Wanted};

/// Days begin and end in UTC, as the pages show moments.
pub(super) fn find(search: TripSearch) -> FindTrips {
    let begin = |day: Date| day.with_time(Time::MIDNIGHT).assume_utc();
    let wanted = Wanted {
        from: search.from.map(begin),
        until: search.to.and_then(Date::next_day).map(begin),
        after: search.after.map(|it| (it.started_at, it.trip)),
    };
    FindTrips { wanted, card: search.card.map(|it| it.to_string()) }
}

pub(super) fn list(found: FoundTrips) -> TripList {
    let trips: Vec<TripSummary> = found.trips.into_iter().map(summary).collect();
    let last = trips.last().filter(|_| found.has_more);
    let next = last.map(|it| TripPlace { started_at: it.started_at, trip: it.trip.clone() });
    let cards = found.cards.into_iter();
    let cards = cards.filter_map(|it| Some(CardChoice { key: CardKey::new(&it.key)?, name: it.name }));
    TripList { next, cards: cards.collect(), trips }
}

fn summary(listed: ListedTrip) -> TripSummary {
    let held = held(&listed.row);
    let row = listed.row;
    let status = match (row.state, row.state.progress(listed.outstanding)) {
        (Trip::Entered | Trip::InReview, _) => TripStatus::Coming,
        (_, PaymentProgress::InProgress) => TripStatus::InProgress,
        (_, PaymentProgress::Paid) => TripStatus::Paid,
        (_, PaymentProgress::Owed) => TripStatus::Owed,
        (_, PaymentProgress::NoCharge) => TripStatus::NoCharge,
    };
    TripSummary {
        trip: row.id,
        store_name: listed.store_name,
        started_at: row.started_at,
        total: row.state.total(),
        status,
        card_name: listed.card.and_then(|card| card.name()),
        held,
    }
}

/// Whoever has proven an address sees it masked; others are told only that there is one.
pub(super) fn mail_to(viewer: &Viewer, address: Option<EmailAddress>) -> ReceiptMail {
    match (viewer, address) {
        (_, None) => ReceiptMail::Nobody,
        (Viewer::Shopper(_), Some(address)) => ReceiptMail::Masked(address.masked()),
        (_, Some(_)) => ReceiptMail::OnFile,
    }
}

pub(super) fn not_mailed(error: &MailReceiptError) -> UiError {
    match error {
        MailReceiptError::NotFound => UiError::NotFound,
        MailReceiptError::NoAddress => UiError::NoAddress,
        MailReceiptError::TooMany => UiError::MailedEnough,
        MailReceiptError::Store(error) => unavailable(error),
    }
}
