//! Pages that can show nothing but what went wrong: a title and what to do.

use crate::error::UiError;

pub(crate) const TO_HOME: &str = "Go to the first page";
pub(crate) const TO_BALANCE: &str = "Go to your balance";
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
        UiError::NoMatch => (
            "No trip of yours has this number",
            "Type the whole number as your statement has it. Some banks cut it: then look for the trip by its date instead.",
        ),
        UiError::NotAgreed => ("Tick the box first", "Nothing has changed. Go back, tick the box and send it again."),
        UiError::NoAddress => (
            "We do not know where to send it",
            "No email address is known for this card. Download the receipt as a PDF instead.",
        ),
        UiError::MailedEnough => (
            "It was sent several times just now",
            "Look into your inbox and your spam folder. You can have it sent again in an hour, or download the PDF.",
        ),
        UiError::NothingChosen => ("Choose at least one trip", "Nothing was chosen to be paid. Nothing was taken."),
        UiError::TooLittle => (
            "This is too little to pay online",
            "Cards are charged from 0.50 on. Choose more trips together, or pay at the store. Nothing was taken.",
        ),
        UiError::NotPayable => (
            "These trips cannot be paid together",
            "One of them may be paid already, or is in another currency. Look at your balance and choose again. Nothing was taken.",
        ),
        UiError::Changed => (
            "What you owe has changed",
            "It changed since you looked, so nothing was taken. Look at your balance and choose again.",
        ),
        UiError::PayAway => (
            "Paying online does not work right now",
            "Nothing was taken. Try again in a few minutes; you can also pay at the store named on your balance.",
        ),
        UiError::BadEmail | UiError::BadCode | UiError::Unexpected => (
            "Something went wrong on our side",
            "Nothing is lost, and your card is not affected. Try again; if it keeps happening, ask the store named on your receipt.",
        ),
    }
}
