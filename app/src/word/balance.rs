//! What is owed.

use domain::reason::DebtCause;

pub(crate) const NAME: &str = "Balance";
pub(crate) const TITLE: &str = "Your balance";
pub(crate) const NOTHING: &str = "You owe nothing";
pub(crate) const NOTHING_TEXT: &str =
    "Nothing is open from your trips. No unpaid trip keeps the gate closed for your card.";
pub(crate) const OWED: &str = "You owe";
pub(crate) const GATE: &str = "What this means at the gate";
pub(crate) const GATE_TEXT: &str = "While something is owed, the gate may stay closed when you tap the card of that trip. \
    Once it is paid, the card opens the gate again.";
pub(crate) const BY_TRIP: &str = "What you owe, by trip";
pub(crate) const DATE: &str = "Date";
pub(crate) const STORE: &str = "Store";
pub(crate) const CAUSE: &str = "Why";
pub(crate) const AMOUNT: &str = "Owed";
pub(crate) const TOTAL: &str = "Total owed";
pub(crate) const CHOOSE: &str = "Every trip is chosen. Take away the ticks of those that you do not want to pay now.";
pub(crate) const CONTINUE: &str = "Continue to pay";
pub(crate) const PAY_ELSEWHERE: &str = "Other ways to pay";
pub(crate) const PAY: &str = "How to pay";
pub(crate) const PAY_TEXT: &str = "Ask the store. Name the date and the number of the trip, which are on its receipt. \
    Staff never need your card number or a sign-in code.";

/// What a tick pays.
pub(crate) fn pay_for(day: &str, amount: &str) -> String {
    format!("Pay {amount} for the trip of {day}")
}

/// How much was taken, and how long it is owed.
pub(crate) fn since(items: u32, days: u32) -> String {
    let items = match items {
        1 => "1 item".to_owned(),
        items => format!("{items} items"),
    };
    match days {
        0 => format!("{items}, owed since today."),
        1 => format!("{items}, owed for 1 day."),
        days => format!("{items}, owed for {days} days."),
    }
}

/// Why something is owed, to the person who owes it.
pub(crate) fn cause(cause: DebtCause) -> &'static str {
    match cause {
        DebtCause::PaymentDeclined => "Your bank declined the payment.",
        DebtCause::PartialCapture => "Your bank allowed only a part of the payment.",
        DebtCause::PreauthExpired => "The hold on your card had ended before the payment could be taken.",
        DebtCause::CaptureFailed => "The payment could not be completed.",
        DebtCause::CaptureDeclined => "Your bank took the payment back.",
        DebtCause::LateCart => "Your total was known only after the hold on your card had been released.",
        DebtCause::SystemError => "A fault on our side kept the payment from being taken.",
    }
}

/// For who may pay and see no trip.
pub(crate) const SUM_ONLY: &str = "To see your trips and receipts, sign in again with the exact total of a visit, with the transaction ID from your card statement, or with your email address.";
pub(crate) const PAY_AT_STORE: &str = "You can pay at the store.";
