//! `/link/{token}`: a payment link. Looking at it changes nothing, so that a mailbox that looks at links does not use it up.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::backend::backend;
use crate::backend::ways::LinkToken;
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::notice::Refusal;
use crate::part::title::PageTitle;
use crate::part::trouble::Trouble;
use crate::word::{layout, link as word};

/// Uses the link up and goes to what is owed.
#[server(endpoint = "open_link")]
pub async fn open_link(token: String) -> Result<(), UiError> {
    backend()?.open_link(LinkToken::new(&token)?).await?;
    leptos_axum::redirect("/balance");
    Ok(())
}

#[component]
pub(crate) fn LinkPage() -> impl IntoView {
    let token = use_params_map().read_untracked().get_str("token").map(LinkToken::new);
    match token {
        Some(Ok(token)) => view! { <LinkForm token /> }.into_any(),
        Some(Err(_)) | None => view! { <Trouble error=UiError::LinkGone /> }.into_any(),
    }
}

#[component]
fn LinkForm(token: LinkToken) -> impl IntoView {
    let action = ServerAction::<OpenLink>::new();
    let problem = action.value().get_untracked().and_then(Result::err).map(|error| view! { <Refusal error /> });
    view! {
        <PageTitle name=word::NAME failed=problem.is_some() />
        {problem}
        <h1>{word::NAME}</h1>
        <p class="lead">{word::LEAD}</p>
        <ActionForm action>
            <input type="hidden" name="token" value=token.expose().to_owned() />
            <SubmitButton label=word::OPEN.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <p class="hint">{word::ONCE}</p>
    }
}
