//! What a page may say went wrong.

use domain::sign_in::CardFactError;
use http::StatusCode;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Everything that can go wrong for a shopper, without text and without personal data: after a form that failed it stands in
/// the page's address, and anybody can make such a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UiError {
    /// Nobody is signed in, or the session has ended.
    #[error("not signed in")]
    NotSignedIn,
    /// There is no such thing, or it is another shopper's: from outside the two look alike.
    #[error("not found")]
    NotFound,
    /// What was typed is not an e-mail address.
    #[error("not an e-mail address")]
    BadEmail,
    /// What was typed is no loyalty number.
    #[error("not a loyalty number")]
    BadLoyaltyNumber,
    /// Something about the facts of a card.
    #[error("facts of a card: {0:?}")]
    Card(CardProblem),
    /// The payment link is wrong, used or too old. One message for all.
    #[error("the link opens nothing any more")]
    LinkGone,
    /// The sign-in code is wrong, too old, used up, or of another browser. One message for all.
    #[error("the code is wrong or no longer valid")]
    BadCode,
    /// A budget of tries is used up for now.
    #[error("too many tries")]
    TooManyTries,
    /// No trip was chosen to be paid.
    #[error("no trip was chosen")]
    NothingChosen,
    /// The chosen trips cost less than a card can be charged online.
    #[error("too little to be paid online")]
    TooLittle,
    /// The chosen trips cannot be paid together here.
    #[error("cannot be paid online")]
    NotPayable,
    /// What is owed has changed since the shopper looked.
    #[error("what is owed has changed")]
    Changed,
    /// This cannot come back like that.
    #[error("cannot be refunded so")]
    NotRefundable,
    /// A refund comes to another amount than the shopper saw.
    #[error("the refund has changed")]
    RefundChanged,
    /// Nothing of this trip can be disputed.
    #[error("cannot be disputed")]
    NotDisputable,
    /// A note is too long.
    #[error("the note is too long")]
    LongNote,
    /// A note has the number of a payment card in it.
    #[error("a card number was typed")]
    CardNumber,
    /// No trip within reach is what was looked for.
    #[error("no trip matches")]
    NoMatch,
    /// A box that must be ticked was not.
    #[error("not agreed")]
    NotAgreed,
    /// There is no address to write to.
    #[error("no address is known")]
    NoAddress,
    /// Something was mailed as often as it may be for now.
    #[error("mailed often enough for now")]
    MailedEnough,
    /// The payment processor is away.
    #[error("nothing can be paid online now")]
    PayAway,
    /// Something we need is away; trying again later helps.
    #[error("not available now")]
    Unavailable,
    /// A fault of ours; trying again may not help.
    #[error("unexpected")]
    Unexpected,
}

/// What is wrong with the facts of a card. None says what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardProblem {
    /// No store was chosen.
    Store,
    /// Not a day.
    Day,
    /// Not four digits.
    Tail,
    /// More of the card's number than anybody here may see.
    WholeNumber,
    /// Not a month and a year.
    Expiry,
    /// Not an amount.
    Total,
    /// Not a transaction id.
    Statement,
    /// They are not those of one card. One message for whichever is wrong.
    NoMatch,
    /// Only the transaction id is taken now.
    AskStatement,
}

impl From<CardFactError> for UiError {
    fn from(error: CardFactError) -> Self {
        Self::Card(match error {
            CardFactError::WholeNumber => CardProblem::WholeNumber,
            CardFactError::Tail => CardProblem::Tail,
            CardFactError::Expiry => CardProblem::Expiry,
            CardFactError::Day => CardProblem::Day,
            CardFactError::Total => CardProblem::Total,
            CardFactError::Statement => CardProblem::Statement,
        })
    }
}

impl UiError {
    /// The status of a page that can show nothing but this.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::NotFound | Self::NoMatch => StatusCode::NOT_FOUND,
            Self::LinkGone => StatusCode::GONE,
            Self::BadEmail
            | Self::BadLoyaltyNumber
            | Self::Card(_)
            | Self::BadCode
            | Self::NothingChosen
            | Self::TooLittle
            | Self::NotPayable
            | Self::NotRefundable
            | Self::NotDisputable
            | Self::LongNote
            | Self::CardNumber
            | Self::NotAgreed
            | Self::NoAddress => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Changed | Self::RefundChanged => StatusCode::CONFLICT,
            Self::TooManyTries | Self::MailedEnough => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable | Self::PayAway => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unexpected => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl FromServerFnError for UiError {
    type Encoder = JsonEncoding;

    /// What the framework found wrong with a request, its text left out.
    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self::Unexpected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_address_and_carries_no_text() {
        let given = ServerFnErrorErr::Args("email=jane@example.com".to_owned());
        for error in [UiError::TooManyTries, UiError::Card(CardProblem::WholeNumber)] {
            assert_eq!(UiError::de(error.ser()), error);
        }
        assert_eq!(UiError::from_server_fn_error(given), UiError::Unexpected);
        assert_eq!(UiError::de("jane@example.com".into()), UiError::Unexpected);
    }
}
