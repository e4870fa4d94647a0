//! `/trips/{trip}`: the receipt, or what there is to say before there is one.

use std::sync::Arc;

use domain::receipt::PaymentProgress;
use leptos::prelude::*;

use crate::backend::{ShopperBackend, TripPage as Page, Visit};
use crate::error::UiError;
use crate::part::asked::{asked, trip_of_path};
use crate::part::delay::{Delay, WaitsFor};
use crate::part::moment::Moment;
use crate::part::money::amount;
use crate::part::notice::{Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::receipt::ReceiptView;
use crate::shopper::refund::door::RefundDoor;
use crate::word::{date, trip as word};

#[component]
pub(crate) fn TripPage() -> impl IntoView {
    let trip = trip_of_path();
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.trip(trip.ok_or(UiError::NotFound)?).await;
    asked(ask, |page| {
        view! {
            <p class="back">
                <a href="/trips">{word::BACK}</a>
            </p>
            {show(page)}
        }
    })
}

fn show(page: Page) -> AnyView {
    match page {
        Page::Receipt(receipt) => {
            let trip = receipt.trip.clone();
            let delay = (receipt.progress == PaymentProgress::InProgress)
                .then(|| view! { <Delay waits_for=WaitsFor::Charge /> });
            view! {
                {delay}
                <ReceiptView receipt=*receipt />
                <RefundDoor trip />
            }
            .into_any()
        }
        Page::Coming(visit) => view! { <Coming visit /> }.into_any(),
        Page::NoPurchase(visit) => view! { <NoPurchase visit /> }.into_any(),
    }
}

/// We know of the visit; its purchase has not come yet.
#[component]
fn Coming(visit: Visit) -> impl IntoView {
    let held = visit.held.map(|held| {
        view! {
            <p>{word::held(&amount(held.amount))}</p>
            <p>{word::held_now(Some(held))}</p>
        }
    });
    view! {
        <VisitHead visit />
        <Notice tone=Tone::Calm title=word::COMING>
            <p>{word::COMING_TEXT}</p>
        </Notice>
        <h2>{word::HOLD}</h2>
        {held}
        <p>{word::HOLD_TEXT}</p>
    }
}

/// Nothing was taken.
#[component]
fn NoPurchase(visit: Visit) -> impl IntoView {
    view! {
        <VisitHead visit />
        <Notice tone=Tone::Good title=word::NO_CHARGE>
            <p>{word::NO_CHARGE_TEXT}</p>
        </Notice>
    }
}

#[component]
fn VisitHead(visit: Visit) -> impl IntoView {
    let name = word::page_name(&visit.merchant.name, &date::day(visit.started_at));
    view! {
        <PageTitle name=name />
        <h1>{visit.merchant.name}</h1>
        <p class="lead">
            <Moment at=visit.started_at />
        </p>
        <dl class="facts">
            <dt>{word::TRIP}</dt>
            <dd class="code">{visit.trip.to_string()}</dd>
            <dt>{word::CONTACT}</dt>
            <dd>{visit.merchant.contact}</dd>
        </dl>
    }
}
