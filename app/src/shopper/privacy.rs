//! `/privacy`: what is kept, taking it along, and erasing it.

use std::sync::Arc;

use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::privacy::Erasure;
use crate::backend::{ShopperBackend, backend};
use crate::error::UiError;
use crate::part::asked::asked;
use crate::part::notice::{ErrorSummary, Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::way_back::WayBack;
use crate::word::{privacy as word, sessions, trouble};

/// Erases what is personal of who is signed in. `agreed` is the box that was ticked.
#[server(endpoint = "erase_data")]
pub async fn erase_data(agreed: Option<String>) -> Result<(), UiError> {
    if agreed.is_none() {
        return Err(UiError::NotAgreed);
    }
    backend()?.erase_data().await?;
    leptos_axum::redirect("/privacy/erased");
    Ok(())
}

/// `/privacy`
#[component]
pub(crate) fn PrivacyPage() -> impl IntoView {
    let list = |items: &[&'static str]| items.iter().map(|it| view! { <li>{*it}</li> }).collect::<Vec<_>>();
    view! {
        <PageTitle name=word::NAME />
        <h1>{word::NAME}</h1>
        <p class="lead">{word::LEAD}</p>
        <h2>{word::KEPT}</h2>
        <ul>{list(&word::KEPT_THINGS)}</ul>
        <h2>{word::NOT_KEPT}</h2>
        <p>{word::NOT_KEPT_TEXT}</p>
        <h2>{word::DOWNLOAD}</h2>
        <p>{word::DOWNLOAD_TEXT}</p>
        <p>
            <a class="button button-quiet" href="/privacy/data.json" download>
                {word::DOWNLOAD_BUTTON}
            </a>
        </p>
        <h2>{word::ERASE}</h2>
        <p>{word::ERASE_TEXT}</p>
        <p>
            <a href="/privacy/erase">{word::ERASE_LINK}</a>
        </p>
        <h2>{sessions::NAME}</h2>
        <p>
            <a href="/sessions">{word::SESSIONS_LINK}</a>
        </p>
    }
}

/// `/privacy/erase`: what goes, what stays, and asking once more.
#[component]
pub(crate) fn ErasePage() -> impl IntoView {
    asked(
        async |backend: Arc<dyn ShopperBackend>| backend.erasure().await,
        |erasure| {
            let content = match erasure {
                Erasure::Ready => view! { <EraseForm /> }.into_any(),
                Erasure::SignInFirst => view! { <ConfirmFirst /> }.into_any(),
                Erasure::StillOpen => why(word::STILL_OPEN, word::STILL_OPEN_TEXT),
                Erasure::ByAddressOnly => why(word::BY_ADDRESS, word::BY_ADDRESS_TEXT),
            };
            view! {
                <p class="back">
                    <a href="/privacy">{word::NAME}</a>
                </p>
                {content}
            }
        },
    )
}

#[component]
fn ConfirmFirst() -> impl IntoView {
    view! {
        <PageTitle name=word::ERASE />
        <h1>{word::ERASE}</h1>
        <Notice tone=Tone::Calm title=word::CONFIRM_FIRST>
            <p>{word::CONFIRM_FIRST_TEXT}</p>
            <p>
                <a class="button" href=WayBack::confirm(Some(&WayBack::Erase))>
                    {word::CONFIRM}
                </a>
            </p>
        </Notice>
    }
}

fn why(title: &'static str, text: &'static str) -> AnyView {
    view! {
        <PageTitle name=word::ERASE />
        <h1>{word::ERASE}</h1>
        <Notice tone=Tone::Calm title>
            <p>{text}</p>
        </Notice>
    }
    .into_any()
}

#[component]
fn EraseForm() -> impl IntoView {
    let erase = ServerAction::<EraseData>::new();
    let problem = erase.value().get_untracked().and_then(Result::err).map(|error| match error {
        UiError::NotAgreed => word::NOT_AGREED,
        other => trouble::of(other).0,
    });
    let list = |items: &[&'static str]| items.iter().map(|it| view! { <li>{*it}</li> }).collect::<Vec<_>>();
    view! {
        <PageTitle name=word::ERASE failed=problem.is_some() />
        {problem.map(|message| view! { <ErrorSummary field="agreed" message /> })}
        <h1>{word::ERASE}</h1>
        <h2>{word::GOES}</h2>
        <ul>{list(&word::GOES_THINGS)}</ul>
        <h2>{word::STAYS}</h2>
        <p>{word::STAYS_TEXT}</p>
        <p>{word::AGAIN_TEXT}</p>
        <ActionForm action=erase>
            <div class="field" class:field-failed=problem.is_some()>
                {problem.map(|text| view! { <p id="agreed-problem" class="field-problem">{text}</p> })}
                <label class="choice" for="agreed">
                    <input
                        id="agreed"
                        name="agreed"
                        type="checkbox"
                        value="yes"
                        aria-describedby=problem.map(|_| "agreed-problem")
                        aria-invalid=problem.map(|_| "true")
                    />
                    {word::AGREED}
                </label>
            </div>
            <button class="button" type="submit">
                {word::ERASE_BUTTON}
            </button>
        </ActionForm>
    }
}

/// `/privacy/erased`
#[component]
pub(crate) fn ErasedPage() -> impl IntoView {
    view! {
        <PageTitle name=word::ERASED />
        <h1>{word::ERASED}</h1>
        <p class="lead">{word::ERASED_TEXT}</p>
        <p>
            <a href="/">{trouble::TO_HOME}</a>
        </p>
    }
}
