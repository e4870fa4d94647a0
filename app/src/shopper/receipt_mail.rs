//! Mailing a receipt once more.

use domain::id::TripId;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::backend::backend;
use crate::backend::find::ReceiptMail;
use crate::error::UiError;
use crate::part::notice::{Notice, Refusal, Tone};
use crate::word::receipt_mail as word;

/// Mails the receipt of a trip to the address on file.
#[server(endpoint = "send_receipt")]
pub async fn send_receipt(trip: String) -> Result<(), UiError> {
    let trip = TripId::new(&trip).map_err(|_| UiError::NotFound)?;
    backend()?.send_receipt(trip.clone()).await?;
    leptos_axum::redirect(&format!("/trips/{trip}?mailed=1"));
    Ok(())
}

/// Says that a mail is on its way, or why none is. Stands first on the page.
#[component]
pub(crate) fn ReceiptMailed() -> impl IntoView {
    let send = ServerAction::<SendReceipt>::new();
    let is_mailed = use_query_map().read_untracked().get_str("mailed").is_some();
    match send.value().get_untracked().and_then(Result::err) {
        Some(error) => view! { <Refusal error /> }.into_any(),
        None if is_mailed => view! {
            <Notice tone=Tone::Good title=word::MAILED>
                <p>{word::MAILED_TEXT}</p>
            </Notice>
        }
        .into_any(),
        None => ().into_any(),
    }
}

/// One button, or why there is none.
#[component]
pub(crate) fn ReceiptMailForm(trip: TripId) -> impl IntoView {
    let send = ServerAction::<SendReceipt>::new();
    let backend = backend();
    Suspend::new(async move {
        let id = trip.to_string();
        let mail = match backend {
            Ok(backend) => backend.receipt_mail(trip).await,
            Err(error) => Err(error),
        };
        let form = |to: String| {
            view! {
                <p>{to}</p>
                <ActionForm action=send>
                    <input type="hidden" name="trip" value=id.clone() />
                    <button class="button button-quiet" type="submit">
                        {word::SEND}
                    </button>
                </ActionForm>
            }
            .into_any()
        };
        let content = match mail {
            Ok(ReceiptMail::Masked(address)) => form(word::to(&address)),
            Ok(ReceiptMail::OnFile) => form(word::TO_FILE.to_owned()),
            Ok(ReceiptMail::Nobody) => view! { <p>{word::NOBODY}</p> }.into_any(),
            // The receipt itself is there; that it cannot be mailed now is no reason to hide it.
            Err(_) => view! { <p>{word::AWAY}</p> }.into_any(),
        };
        view! {
            <section class="receipt-mail">
                <h2>{word::NAME}</h2>
                {content}
            </section>
        }
    })
}
