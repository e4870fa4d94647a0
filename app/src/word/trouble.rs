//! Pages that can show nothing but what went wrong: a title and what to do.

use crate::error::UiError;

pub(crate) const TO_HOME: &str = "Go to the first page";
pub(crate) const SIGN_IN: &str = "Sign in";

/// Title and text.
pub(crate) fn of(error: UiError) -> (&'static str, &'static str) {
    match error {
        UiError::NotSignedIn => ("Sign in to see this page", "Your session may have ended. Nothing is lost."),
        UiError::NotFound => (
            "Page not found",
            "Check the address. If it is a trip of yours, sign in with the email address that belongs to the card you used.",
        ),
        UiError::TooManyTries => ("Too many tries", "Wait ten minutes, then try again."),
        UiError::Unavailable => (
            "This does not work right now",
            "Something we need is away. Nothing is lost, and your card is not affected. Try again in a few minutes.",
        ),
        UiError::BadEmail | UiError::BadCode | UiError::Unexpected => (
            "Something went wrong on our side",
            "Nothing is lost, and your card is not affected. Try again; if it keeps happening, ask the store named on your receipt.",
        ),
    }
}
