//! `/trips`: the trips of whoever looks, and how to find one among many.

use std::sync::Arc;

use leptos::prelude::*;

use crate::backend::find::{TripList, TripSearch};
use crate::backend::{ShopperBackend, TripStatus, TripSummary};
use crate::part::asked::asked;
use crate::part::moment::Moment;
use crate::part::money::amount;
use crate::part::notice::{Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::trips::search::{Looked, NumberForm, SearchForm};
use crate::word::trip as word;

pub mod search;

#[component]
pub(crate) fn TripsPage() -> impl IntoView {
    let looked = Looked::of_query();
    // What cannot be looked for is asked again, beside all trips.
    let search = looked.search().unwrap_or_default();
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.trips(search).await;
    asked(ask, |list| view! { <Trips list looked /> })
}

#[component]
fn Trips(list: TripList, looked: Looked) -> impl IntoView {
    let search = looked.search().unwrap_or_default();
    let is_all = search == TripSearch::default();
    let pages = view! { <Pages search next=list.next.as_ref().map(ToString::to_string) /> };
    let failed = looked.search().is_none();
    let content = if list.trips.is_empty() {
        let (title, text) = if is_all { (word::NONE, word::NONE_TEXT) } else { (word::NO_MATCH, word::NO_MATCH_TEXT) };
        view! {
            <Notice tone=Tone::Calm title>
                <p>{text}</p>
            </Notice>
        }
        .into_any()
    } else {
        view! { <TripTable trips=list.trips /> }.into_any()
    };
    // Nothing to look among: no form.
    let forms = (!is_all || failed || list.next.is_some() || !list.cards.is_empty()).then(|| {
        view! {
            <SearchForm looked cards=list.cards />
            <NumberForm />
        }
    });
    view! {
        <PageTitle name=word::NAME failed />
        <h1>{word::NAME}</h1>
        {forms}
        {content}
        {pages}
    }
}

/// To the older ones, and back.
#[component]
fn Pages(search: TripSearch, next: Option<String>) -> impl IntoView {
    let latest = search.after.is_some().then(|| {
        view! {
            <li>
                <a href=search::address(&search, None)>{word::LATEST}</a>
            </li>
        }
    });
    let older = next.map(|next| {
        view! {
            <li>
                <a class="button button-quiet" href=search::address(&search, Some(&next))>
                    {word::OLDER}
                </a>
            </li>
        }
    });
    let any = latest.is_some() || older.is_some();
    any.then(|| {
        view! {
            <nav aria-label=word::ALL>
                <ul class="pages">{older} {latest}</ul>
            </nav>
        }
    })
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
    let held = trip.held.map(|held| view! { <span class="line quiet trip-held">{word::held_until(held)}</span> });
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
                {held}
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
