//! `/trips`: every trip of the shopper.

use leptos::prelude::*;

use crate::backend::{TripStatus, TripSummary};
use crate::part::asked::asked;
use crate::part::moment::Moment;
use crate::part::money::amount;
use crate::part::notice::{Notice, Tone};
use crate::part::title::PageTitle;
use crate::word::trip as word;

#[component]
pub(crate) fn TripsPage() -> impl IntoView {
    asked(async |backend| backend.trips().await, |trips| view! { <Trips trips /> })
}

#[component]
fn Trips(trips: Vec<TripSummary>) -> impl IntoView {
    let list = if trips.is_empty() {
        view! {
            <Notice tone=Tone::Calm title=word::NONE>
                <p>{word::NONE_TEXT}</p>
            </Notice>
        }
        .into_any()
    } else {
        view! { <TripTable trips /> }.into_any()
    };
    view! {
        <PageTitle name=word::NAME />
        <h1>{word::NAME}</h1>
        {list}
    }
}

/// The roles repeat what the elements say: on a phone the rows are laid out as cards, and some browsers then forget it.
#[component]
fn TripTable(trips: Vec<TripSummary>) -> impl IntoView {
    let rows: Vec<_> = trips.into_iter().map(|trip| view! { <TripRow trip /> }).collect();
    view! {
        <table class="table trip-table" role="table">
            <caption class="hidden">{word::ALL}</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">{word::DATE}</th>
                    <th scope="col" role="columnheader">{word::STORE}</th>
                    <th scope="col" role="columnheader">{word::CARD}</th>
                    <th scope="col" role="columnheader">{word::STATUS}</th>
                    <th scope="col" role="columnheader" class="money">{word::TOTAL}</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn TripRow(trip: TripSummary) -> impl IntoView {
    let total = match (trip.total, trip.status) {
        (Some(total), _) => amount(total).into_any(),
        (None, TripStatus::NoCharge) => word::NOTHING.into_any(),
        (None, TripStatus::Coming | TripStatus::InProgress | TripStatus::Paid | TripStatus::Owed) => {
            view! { <span class="quiet">{word::NO_TOTAL}</span> }.into_any()
        }
    };
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" class="trip-date">
                <a href=format!("/trips/{}", trip.trip)>
                    <Moment at=trip.started_at />
                </a>
            </th>
            <td role="cell" class="trip-store">{trip.store_name}</td>
            <td role="cell" class="trip-card quiet">{trip.card_name.unwrap_or_else(|| word::NO_CARD.to_owned())}</td>
            <td role="cell" class="trip-status">
                <span class=status_class(trip.status)>{word::status(trip.status)}</span>
            </td>
            <td role="cell" class="trip-total money">{total}</td>
        </tr>
    }
}

fn status_class(status: TripStatus) -> &'static str {
    match status {
        TripStatus::Coming | TripStatus::InProgress | TripStatus::NoCharge => "tag",
        TripStatus::Paid => "tag tag-good",
        TripStatus::Owed => "tag tag-warning",
    }
}
