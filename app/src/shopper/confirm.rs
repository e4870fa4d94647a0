//! `/confirm`: whoever is signed in for a while shows once more that the mailbox is theirs, before something that cannot be undone.

use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::{SignInCode, backend};
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::entrance::{Next, next_of_query, problem_of};
use crate::part::field::{CODE, Field};
use crate::part::notice::ErrorSummary;
use crate::part::title::PageTitle;
use crate::shopper::way_back::WayBack;
use crate::word::{confirm as word, layout, sign_in as sign_in_word};

/// Mails a code to the address one is signed in with.
#[server(endpoint = "request_confirmation")]
pub async fn request_confirmation(next: Option<String>) -> Result<(), UiError> {
    backend()?.request_confirmation().await?;
    leptos_axum::redirect(&WayBack::confirm_code(next.as_deref().and_then(WayBack::new).as_ref()));
    Ok(())
}

/// Confirms, and goes back to where that was needed.
#[server(endpoint = "confirm")]
pub async fn confirm(code: String, next: Option<String>) -> Result<(), UiError> {
    backend()?.confirm(SignInCode::new(&code)?).await?;
    let next = next.as_deref().and_then(WayBack::new).unwrap_or(WayBack::Sessions);
    leptos_axum::redirect(&next.to_string());
    Ok(())
}

#[component]
pub(crate) fn ConfirmPage() -> impl IntoView {
    let next = next_of_query();
    let action = ServerAction::<RequestConfirmation>::new();
    let problem = problem_of(action).map(|text| view! { <p role="alert" class="field-problem">{text}</p> });
    view! {
        <PageTitle name=word::NAME failed=problem.is_some() />
        <h1>{word::NAME}</h1>
        <p class="lead">{word::LEAD}</p>
        {problem}
        <ActionForm action>
            <Next next />
            <SubmitButton label=sign_in_word::SEND_CODE.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
    }
}

/// `/confirm/code`
#[component]
pub(crate) fn ConfirmCodePage() -> impl IntoView {
    let next = next_of_query();
    let action = ServerAction::<Confirm>::new();
    let problem = problem_of(action);
    let hint = sign_in_word::code_hint(SignInCode::DIGITS);
    view! {
        <PageTitle name=word::NAME failed=problem.is_some() />
        {problem.map(|message| view! { <ErrorSummary field="code" message /> })}
        <h1>{word::NAME}</h1>
        <ActionForm action>
            <Next next />
            <Field name="code" label=word::CODE hint typing=CODE problem class="input input-code" />
            <SubmitButton label=word::CONFIRM.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
    }
}
