//! The way to a refund, under a receipt.

use domain::id::TripId;
use domain::receipt::ReceiptRefund;
use leptos::prelude::*;

use crate::part::money::amount;
use crate::word::{date, refund as word};

/// What was asked back so far, and where more is asked for.
#[component]
pub(crate) fn RefundDoor(trip: TripId, refunds: Vec<ReceiptRefund>) -> impl IntoView {
    let listed: Vec<_> = refunds
        .into_iter()
        .map(|it| {
            let text = word::listed(&amount(it.amount), &date::day(it.requested_at));
            view! {
                <li>
                    <a href=format!("/refunds/{}", it.reference)>{text}</a>
                </li>
            }
        })
        .collect();
    let so_far = (!listed.is_empty()).then(|| {
        view! {
            <h2>{word::SO_FAR}</h2>
            <ul>{listed}</ul>
        }
    });
    view! {
        <section class="door">
            {so_far}
            <h2>{word::DOOR}</h2>
            <p>{word::DOOR_TEXT}</p>
            <p>
                <a class="button button-quiet" href=format!("/trips/{trip}/refund")>
                    {word::DOOR_LINK}
                </a>
            </p>
        </section>
    }
}
