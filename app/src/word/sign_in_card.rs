//! Signing in by facts of a card.

use crate::error::CardProblem;

pub(crate) const NAME: &str = "Sign in with your card";
pub(crate) const LEAD: &str =
    "Tell us about the card and about one visit that was paid with it. You then see all visits of that card.";
pub(crate) const STORE: &str = "Store";
pub(crate) const DAY: &str = "Day of the visit";
pub(crate) const DAY_HINT: &str = "The day you were in the store.";
pub(crate) const TAIL: &str = "Last four digits of the card";
pub(crate) const TAIL_HINT: &str = "Only these four. Never type your whole card number here.";
pub(crate) const EXPIRY: &str = "Expiry date";
pub(crate) const EXPIRY_HINT: &str = "Month and year, as on the card, like 09/31.";
pub(crate) const LAST: &str = "One more thing that only you know";
pub(crate) const LAST_TEXT: &str = "Fill in one of the two. With neither you can still see how much you owe with this card and pay it, and nothing else.";
pub(crate) const TOTAL: &str = "Exact total of that visit";
pub(crate) const TOTAL_HINT: &str = "To the cent, like 14.81.";
pub(crate) const STATEMENT: &str = "Transaction ID";
pub(crate) const STATEMENT_HINT: &str =
    "It stands beside the payment on your card statement or in your banking app, and on the receipt.";

pub(crate) const WALLET: &str = "I paid with a phone or a watch";
pub(crate) const WALLET_TEXT: &str = "A phone or watch does not show the store your card's own number. It has a number of its own, often called \
device account number or virtual card number. Type the last four digits of that one:";
/// Where each wallet shows the number.
pub(crate) const WALLETS: [(&str, &str); 3] = [
    (
        "Apple Pay",
        "open Wallet, choose the card, tap the three dots, then Card Number or Card Details: Device Account Number",
    ),
    ("Google Pay", "open Google Wallet, choose the card, tap Details: Virtual account number"),
    ("Samsung Pay", "open Samsung Wallet, choose the card: Digital card number"),
];

/// What is wrong, and what to do.
pub(crate) fn problem(problem: CardProblem) -> &'static str {
    match problem {
        CardProblem::Store => "Choose the store you were in",
        CardProblem::Day => "Enter the day of the visit",
        CardProblem::Tail => "Enter the last four digits of the card, like 4242",
        CardProblem::WholeNumber => {
            "Enter only four digits. You typed more of a card number than we may see; we have not kept it"
        }
        CardProblem::Expiry => "Enter the month and year the card expires, like 09/31",
        CardProblem::Total => "Enter the total in figures, like 14.81, or leave it empty",
        CardProblem::Statement => "Enter the transaction ID as it stands on your statement, or leave it empty",
        CardProblem::NoMatch => {
            "We cannot find one card that all of this is true of. Check each answer; the transaction ID from your statement helps most"
        }
        CardProblem::AskStatement => {
            "Right now we need the transaction ID from your card statement. You can also sign in with your email address, or ask the store"
        }
    }
}
