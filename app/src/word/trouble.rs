//! Pages that can show nothing but what went wrong: a title and what to do.

use crate::error::UiError;

pub(crate) const TO_HOME: &str = "Go to the first page";
pub(crate) const TO_BALANCE: &str = "Go to your balance";
pub(crate) const TO_TRIPS: &str = "Go to your trips";
pub(crate) const MAIL_LATE: &str = "Our emails are late just now";
pub(crate) const MAIL_LATE_TEXT: &str =
    "They are kept and sent as soon as it works again. If yours is not there in ten minutes, come back and try again.";
pub(crate) const CHARGE_LATE: &str = "Payments take longer just now";
pub(crate) const CHARGE_LATE_TEXT: &str = "The service that charges cards does not answer. We keep trying, nothing is lost, and nothing is charged twice. Look again in an hour.";
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
        UiError::NotRefundable => (
            "This cannot be refunded like that",
            "Something about the trip may have changed. Nothing was sent. Open the receipt and choose again, or ask the store named on it.",
        ),
        UiError::RefundChanged => (
            "The amount has changed",
            "It changed since you looked, so nothing was sent. Open the receipt and choose again.",
        ),
        UiError::NotDisputable => (
            "This message cannot be sent",
            "Nothing may be owed for this trip any more, or you have told us already. Look at your balance.",
        ),
        UiError::LongNote => {
            ("Your note is too long", "It may have 500 characters. Nothing was sent. Go back and shorten it.")
        }
        UiError::CardNumber => {
            ("There is a card number in your note", "We have not kept it. Go back and leave the number out.")
        }
        UiError::LinkGone => (
            "This link cannot be used any more",
            "It was used already, or is too old. If you still owe something, sign in, or ask the store for a new link.",
        ),
        UiError::BadEmail | UiError::BadCode | UiError::BadLoyaltyNumber | UiError::Card(_) | UiError::Unexpected => (
            "Something went wrong on our side",
            "Nothing is lost, and your card is not affected. Try again; if it keeps happening, ask the store named on your receipt.",
        ),
    }
}
