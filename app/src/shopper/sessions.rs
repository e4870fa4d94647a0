//! `/sessions`: where one is signed in, and how to end that.

use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::backend;
use crate::backend::ways::{OpenSession, SessionName};
use crate::error::UiError;
use crate::part::asked::asked;
use crate::part::title::PageTitle;
use crate::word::date::moment;
use crate::word::sessions as word;

/// Ends one session.
#[server(endpoint = "end_session")]
pub async fn end_session(session: String) -> Result<(), UiError> {
    backend()?.end_session(SessionName::new(&session)?).await?;
    leptos_axum::redirect("/sessions");
    Ok(())
}

/// Ends every session, this one too.
#[server(endpoint = "end_sessions")]
pub async fn end_sessions() -> Result<(), UiError> {
    backend()?.end_sessions().await?;
    leptos_axum::redirect("/signed-out");
    Ok(())
}

#[component]
pub(crate) fn SessionsPage() -> impl IntoView {
    asked(async |backend| backend.sessions().await, |sessions| view! { <SessionsView sessions /> })
}

#[component]
fn SessionsView(sessions: Vec<OpenSession>) -> impl IntoView {
    let all = ServerAction::<EndSessions>::new();
    let rows: Vec<_> = sessions.into_iter().map(|session| view! { <SessionRow session /> }).collect();
    view! {
        <PageTitle name=word::NAME />
        <h1>{word::NAME}</h1>
        <p class="lead">{word::LEAD}</p>
        <ul class="cards">{rows}</ul>
        <ActionForm action=all>
            <button class="button" type="submit">
                {word::END_ALL}
            </button>
        </ActionForm>
    }
}

#[component]
fn SessionRow(session: OpenSession) -> impl IntoView {
    let end = ServerAction::<EndSession>::new();
    let since = moment(session.signed_in_at);
    let label = word::end(&since);
    view! {
        <li class="card">
            <h2>{if session.is_this { word::THIS } else { word::OTHER }}</h2>
            <p>{word::since(&since, &moment(session.used_at))}</p>
            <ActionForm action=end>
                <input type="hidden" name="session" value=session.name.to_string() />
                <button class="button button-quiet" type="submit" aria-label=label>
                    {word::END}
                </button>
            </ActionForm>
        </li>
    }
}
