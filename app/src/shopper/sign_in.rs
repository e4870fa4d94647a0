//! Signing in by e-mail code, in two steps: the address, then the code.

use domain::id::{EMAIL_CHARS_MAX, EmailAddress};
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::{SignInCode, backend};
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::delay::{Delay, WaitsFor};
use crate::part::entrance::{Next, SkipWhenSignedIn, next_of_query, problem_of};
use crate::part::field::{CODE, Field, Typing};
use crate::part::notice::ErrorSummary;
use crate::part::title::PageTitle;
use crate::shopper::way_back::WayBack;
use crate::word::{layout, sign_in as word};

/// Mails a code, if the address is known. What follows is the same whether it is or not.
#[server(endpoint = "request_code")]
pub async fn request_code(email: String, next: Option<String>) -> Result<(), UiError> {
    let email = EmailAddress::new(&email).map_err(|_| UiError::BadEmail)?;
    backend()?.request_code(email).await?;
    leptos_axum::redirect(&WayBack::code(next.as_deref().and_then(WayBack::new).as_ref()));
    Ok(())
}

/// Signs this browser in and goes to where the shopper wanted to be.
#[server(endpoint = "sign_in")]
pub async fn sign_in(code: String, next: Option<String>) -> Result<(), UiError> {
    backend()?.sign_in(SignInCode::new(&code)?).await?;
    let next = next.as_deref().and_then(WayBack::new).unwrap_or(WayBack::Trips);
    leptos_axum::redirect(&next.to_string());
    Ok(())
}

const EMAIL: Typing =
    Typing { kind: "email", autocomplete: "email", inputmode: "email", pattern: None, chars_max: EMAIL_CHARS_MAX };

/// `/sign-in`
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let next = next_of_query();
    let request_code = ServerAction::<RequestCode>::new();
    let problem = problem_of(request_code);
    let other = next.clone();
    let for_a_page = next.as_ref().map(|_| view! { <p class="inset">{word::FOR_A_PAGE}</p> });
    view! {
        <SkipWhenSignedIn next=next.clone() />
        <PageTitle name=word::NAME failed=problem.is_some() />
        {problem.map(|message| view! { <ErrorSummary field="email" message /> })}
        <h1>{word::NAME}</h1>
        {for_a_page}
        <p class="lead">{word::LEAD}</p>
        <ActionForm action=request_code>
            <Next next />
            <Field name="email" label=word::EMAIL hint=word::EMAIL_HINT typing=EMAIL problem class="input" />
            <SubmitButton label=word::SEND_CODE.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <h2>{word::OTHER_WAYS}</h2>
        <ul>
            <li>
                <a href=WayBack::card(other.as_ref())>{word::BY_CARD}</a>
            </li>
            <li>
                <a href=WayBack::loyalty(other.as_ref())>{word::BY_LOYALTY}</a>
            </li>
        </ul>
    }
}

/// `/sign-in/code`
#[component]
pub(crate) fn CodePage() -> impl IntoView {
    let next = next_of_query();
    let sign_in = ServerAction::<SignIn>::new();
    let problem = problem_of(sign_in);
    let lead = word::code_lead(SignInCode::VALID_FOR_MINUTES, SignInCode::TRIES_MAX);
    let hint = word::code_hint(SignInCode::DIGITS);
    let again = WayBack::sign_in(next.as_ref());
    view! {
        <SkipWhenSignedIn next=next.clone() />
        <PageTitle name=word::CODE_NAME failed=problem.is_some() />
        {problem.map(|message| view! { <ErrorSummary field="code" message /> })}
        <h1>{word::CODE_SENT}</h1>
        <Delay waits_for=WaitsFor::Mail />
        <p class="lead">{lead}</p>
        <ActionForm action=sign_in>
            <Next next />
            <Field name="code" label=word::CODE hint typing=CODE problem class="input input-code" />
            <SubmitButton label=word::SIGN_IN.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <h2>{word::NO_CODE}</h2>
        <p>{word::NO_CODE_HELP}</p>
        <p>
            <a href=again>{word::NEW_CODE}</a>
        </p>
    }
}
