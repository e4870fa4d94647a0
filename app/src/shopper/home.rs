//! `/`: why somebody is here, as three doors, and how a visit works.

use leptos::prelude::*;

use crate::backend::backend;
use crate::part::title::PageTitle;
use crate::shopper::way_back::WayBack;
use crate::word::home as word;

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    view! {
        <PageTitle name=word::NAME description=word::DESCRIPTION />
        <section class="hero">
            <h1>{word::TITLE}</h1>
            <p class="lead">{word::LEAD}</p>
            <Doors />
            <p>
                <a href="/help">{word::HELP}</a>
            </p>
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

/// Straight there for who is signed in, by way of signing in for everybody else, also when that cannot be told.
#[component]
fn Doors() -> impl IntoView {
    let backend = backend();
    Suspend::new(async move {
        let is_signed_in = match backend {
            Ok(backend) => matches!(backend.who().await, Ok(Some(_))),
            Err(_) => false,
        };
        let door = move |it: word::Door| {
            let address =
                if is_signed_in { it.path.to_owned() } else { WayBack::sign_in(WayBack::new(it.path).as_ref()) };
            view! {
                <li class="door">
                    <h2 class="door-title">
                        <a class="door-link" href=address>
                            {it.title}
                        </a>
                    </h2>
                    <p>{it.text}</p>
                    <p class="door-action" aria-hidden="true">
                        {it.action}
                    </p>
                </li>
            }
        };
        view! { <ul class="doors">{word::DOORS.map(door)}</ul> }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_leads_to_a_page_that_signing_in_leads_back_to() {
        for door in word::DOORS {
            assert_eq!(WayBack::new(door.path).unwrap().to_string(), door.path, "{}", door.title);
        }
    }
}
