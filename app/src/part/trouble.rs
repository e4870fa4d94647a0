//! A page that can show nothing but what went wrong.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::error::UiError;
use crate::part::title::PageTitle;
use crate::respond::Answer;
use crate::shopper::way_back::WayBack;
use crate::word::trouble as word;

/// Says what went wrong and what to do, under the right status. Who is not signed in goes to sign in, and comes back.
#[component]
pub(crate) fn Trouble(error: UiError) -> impl IntoView {
    let answer = Answer::of_request();
    answer.set_status(error.status());
    let way_back = WayBack::new(&use_location().pathname.get_untracked());
    let sign_in = WayBack::sign_in(way_back.as_ref());
    if error == UiError::NotSignedIn {
        answer.redirect(&sign_in);
    }
    let (title, text) = word::of(error);
    let (next, next_text) = match error {
        UiError::NotSignedIn => (sign_in, word::SIGN_IN),
        UiError::NotRefundable | UiError::RefundChanged => ("/trips".to_owned(), word::TO_TRIPS),
        UiError::NotDisputable => ("/balance".to_owned(), word::TO_BALANCE),
        UiError::NothingChosen | UiError::TooLittle | UiError::NotPayable | UiError::Changed | UiError::PayAway => {
            ("/balance".to_owned(), word::TO_BALANCE)
        }
        UiError::NotFound
        | UiError::BadEmail
        | UiError::BadLoyaltyNumber
        | UiError::Card(_)
        | UiError::LinkGone
        | UiError::BadCode
        | UiError::TooManyTries
        | UiError::LongNote
        | UiError::CardNumber
        | UiError::NoMatch
        | UiError::NotAgreed
        | UiError::NoAddress
        | UiError::MailedEnough
        | UiError::Unavailable
        | UiError::Unexpected => ("/".to_owned(), word::TO_HOME),
    };
    view! {
        <PageTitle name=title />
        <h1>{title}</h1>
        <p class="lead">{text}</p>
        <p>
            <a class="button" href=next>
                {next_text}
            </a>
        </p>
    }
}
