//! Signing out.

use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::backend;
use crate::error::UiError;
use crate::part::title::PageTitle;
use crate::word::{layout, sign_in as word};

/// Ends the session of this browser.
#[server(endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), UiError> {
    backend()?.sign_out().await?;
    leptos_axum::redirect("/signed-out");
    Ok(())
}

/// One button.
#[component]
pub(crate) fn SignOutForm() -> impl IntoView {
    let sign_out = ServerAction::<SignOut>::new();
    view! {
        <ActionForm action=sign_out>
            <button class="button button-quiet" type="submit">
                {layout::SIGN_OUT}
            </button>
        </ActionForm>
    }
}

/// `/signed-out`
#[component]
pub(crate) fn SignedOutPage() -> impl IntoView {
    view! {
        <PageTitle name=word::SIGNED_OUT />
        <h1>{word::SIGNED_OUT}</h1>
        <p class="lead">{word::SIGNED_OUT_TEXT}</p>
        <p>
            <a class="button" href="/sign-in">
                {word::SIGN_IN_AGAIN}
            </a>
        </p>
    }
}
