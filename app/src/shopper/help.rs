//! `/help`: answers, and whom to ask.

use leptos::prelude::*;

use crate::backend::{Contact, backend};
use crate::part::title::PageTitle;
use crate::word::help as word;

#[component]
pub(crate) fn HelpPage() -> impl IntoView {
    view! {
        <PageTitle name=word::NAME description=word::DESCRIPTION />
        <h1>{word::NAME}</h1>
        <p class="lead">{word::LEAD}</p>
        <div class="questions">
            {word::QUESTIONS
                .map(|it| {
                    view! {
                        <section id=it.place>
                            <h2>{it.question}</h2>
                            {it.answer.iter().map(|text| view! { <p>{*text}</p> }).collect_view()}
                        </section>
                    }
                })}
        </div>
        <section id="contact">
            <h2>{word::CONTACT}</h2>
            <p>{word::CONTACT_TEXT}</p>
            <Contacts />
        </section>
    }
}

/// Every store's. The rest of the page is there also when they cannot be read.
#[component]
fn Contacts() -> impl IntoView {
    let backend = backend();
    Suspend::new(async move {
        let contacts = match backend {
            Ok(backend) => backend.contacts().await.unwrap_or_default(),
            Err(_) => vec![],
        };
        if contacts.is_empty() {
            return view! { <p>{word::NO_CONTACT}</p> }.into_any();
        }
        let each = |it: Contact| {
            view! {
                <dt>{it.store_name}</dt>
                <dd>
                    {it.contact}
                    <br />
                    <span class="quiet">{it.address}</span>
                </dd>
            }
        };
        view! { <dl class="facts">{contacts.into_iter().map(each).collect_view()}</dl> }.into_any()
    })
}
