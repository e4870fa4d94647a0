//! What the pages for signing in share: the way back, who need not sign in, and why it was refused.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::backend::backend;
use crate::error::UiError;
use crate::respond::Answer;
use crate::shopper::way_back::WayBack;
use crate::word::{sign_in as word, sign_in_card as card};

/// Carries the way back through the form.
#[component]
pub(crate) fn Next(next: Option<WayBack>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next.to_string() /> })
}

/// Whoever is signed in already goes on at once.
#[component]
pub(crate) fn SkipWhenSignedIn(next: Option<WayBack>) -> impl IntoView {
    let answer = Answer::of_request();
    let backend = backend();
    Suspend::new(async move {
        if let Ok(backend) = backend
            && let Ok(Some(who)) = backend.who().await
        {
            answer.redirect(&WayBack::after(&who, next).to_string());
        }
    })
}

pub(crate) fn next_of_query() -> Option<WayBack> {
    use_query_map().read_untracked().get_str("next").and_then(WayBack::new)
}

/// Why the form was refused last time, in words. The framework brings the reason along in the address.
pub(crate) fn problem_of<S>(action: ServerAction<S>) -> Option<&'static str>
where
    S: leptos::server_fn::ServerFn<Output = (), Error = UiError> + Send + Sync + Clone + 'static,
{
    action.value().get_untracked().and_then(Result::err).map(problem_text)
}

/// What is said of it at a form for signing in.
pub(crate) fn problem_text(error: UiError) -> &'static str {
    match error {
        UiError::BadEmail => word::BAD_EMAIL,
        UiError::BadCode => word::BAD_CODE,
        UiError::BadLoyaltyNumber => word::BAD_LOYALTY_NUMBER,
        UiError::Card(problem) => card::problem(problem),
        UiError::TooManyTries => word::TOO_MANY_TRIES,
        UiError::Unavailable => word::UNAVAILABLE,
        UiError::NotSignedIn
        | UiError::NotFound
        | UiError::NothingChosen
        | UiError::TooLittle
        | UiError::NotPayable
        | UiError::Changed
        | UiError::PayAway
        | UiError::NotRefundable
        | UiError::RefundChanged
        | UiError::NotDisputable
        | UiError::LongNote
        | UiError::CardNumber
        | UiError::LinkGone
        | UiError::NoMatch
        | UiError::NotAgreed
        | UiError::NoAddress
        | UiError::MailedEnough
        | UiError::Unexpected => word::UNEXPECTED,
    }
}
