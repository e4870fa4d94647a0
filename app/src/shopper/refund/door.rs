//! The way to a refund, under a receipt.

use domain::id::TripId;
use leptos::prelude::*;

use crate::word::refund as word;

/// Where something is asked back.
#[component]
pub(crate) fn RefundDoor(trip: TripId) -> impl IntoView {
    view! {
        <section>
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
