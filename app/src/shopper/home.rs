//! `/`: what a shopper can do here, and how a visit works.

use leptos::prelude::*;

use crate::backend::backend;
use crate::part::title::PageTitle;
use crate::word::home as word;

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    view! {
        <PageTitle name=word::NAME />
        <section class="hero">
            <h1>{word::TITLE}</h1>
            <p class="lead">{word::LEAD}</p>
            <NextStep />
        </section>
        <section>
            <h2>{word::CAN_DO}</h2>
            <ul class="cards">
                {word::THINGS
                    .map(|(title, text)| {
                        view! {
                            <li class="card">
                                <h3>{title}</h3>
                                <p>{text}</p>
                            </li>
                        }
                    })}
            </ul>
        </section>
        <section>
            <h2>{word::ENTRY}</h2>
            <ol class="steps">
                {word::STEPS
                    .map(|(title, text)| {
                        view! {
                            <li class="step">
                                <h3>{title}</h3>
                                <p>{text}</p>
                            </li>
                        }
                    })}
            </ol>
        </section>
    }
}

/// To the trips for who is signed in, to sign in for everybody else, also when that cannot be told.
#[component]
fn NextStep() -> impl IntoView {
    let backend = backend();
    Suspend::new(async move {
        let signed_in = match backend {
            Ok(backend) => matches!(backend.who().await, Ok(Some(_))),
            Err(_) => false,
        };
        let (address, text) = if signed_in { ("/trips", word::TO_TRIPS) } else { ("/sign-in", word::SIGN_IN) };
        view! {
            <p>
                <a class="button button-large" href=address>
                    {text}
                </a>
            </p>
        }
    })
}
