//! `/sign-in/loyalty`: a code to the address that a membership has.

use domain::id::LoyaltyNumber;
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::backend;
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::entrance::{Next, SkipWhenSignedIn, next_of_query, problem_of};
use crate::part::field::{Field, Typing};
use crate::part::notice::ErrorSummary;
use crate::part::title::PageTitle;
use crate::shopper::way_back::WayBack;
use crate::word::{layout, sign_in as word};

/// Mails a code to the address on file, if there is one. What follows is the same whether there is or not.
#[server(endpoint = "request_code_by_number")]
pub async fn request_code_by_number(loyalty_number: String, next: Option<String>) -> Result<(), UiError> {
    let number = LoyaltyNumber::new(loyalty_number.trim()).map_err(|_| UiError::BadLoyaltyNumber)?;
    backend()?.request_code_by_number(number).await?;
    leptos_axum::redirect(&WayBack::code(next.as_deref().and_then(WayBack::new).as_ref()));
    Ok(())
}

const NUMBER: Typing = Typing { kind: "text", autocomplete: "off", inputmode: "text", pattern: None, chars_max: 255 };

#[component]
pub(crate) fn LoyaltyPage() -> impl IntoView {
    let next = next_of_query();
    let action = ServerAction::<RequestCodeByNumber>::new();
    let problem = problem_of(action);
    let by_email = WayBack::sign_in(next.as_ref());
    view! {
        <SkipWhenSignedIn next=next.clone() />
        <PageTitle name=word::LOYALTY_NAME failed=problem.is_some() />
        {problem.map(|message| view! { <ErrorSummary field="loyalty_number" message /> })}
        <h1>{word::LOYALTY_NAME}</h1>
        <p class="lead">{word::LOYALTY_LEAD}</p>
        <ActionForm action>
            <Next next />
            <Field
                name="loyalty_number"
                label=word::LOYALTY_NUMBER
                hint=word::LOYALTY_HINT
                typing=NUMBER
                problem
                class="input"
            />
            <SubmitButton label=word::SEND_CODE.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <p>
            <a href=by_email>{word::BY_EMAIL}</a>
        </p>
    }
}
