//! Bringing something back.

use crate::backend::refund::ReturnReason;

pub(crate) const DOOR: &str = "Something wrong with what you bought?";
pub(crate) const DOOR_TEXT: &str = "Ask for your money back for what was broken, too old or not wanted.";
pub(crate) const DOOR_LINK: &str = "Ask for a refund";

pub(crate) const NAME: &str = "Ask for a refund";
pub(crate) const CHOOSE: &str = "How much comes back?";
pub(crate) const CHOOSE_HINT: &str = "Leave 0 for what you keep.";
pub(crate) const NOTHING_LEFT_OF_LINE: &str = "All of it has come back before.";
pub(crate) const REASON: &str = "Why does it come back?";
pub(crate) const CONTINUE: &str = "Continue";
pub(crate) const BACK: &str = "Back to the receipt";
pub(crate) const NOTHING_CHOSEN: &str = "Say how much of at least one item comes back";
pub(crate) const NO_REASON: &str = "Choose why it comes back";

pub(crate) const CHECK: &str = "Check your refund";
pub(crate) const CHECK_LEAD: &str = "Nothing is sent before you press the button below.";
pub(crate) const COMES_BACK: &str = "What comes back";
pub(crate) const AMOUNT: &str = "Refund";
pub(crate) const WHY: &str = "Why";
pub(crate) const CHANGE: &str = "Change what comes back";
pub(crate) const HOW: &str = "How you get it";
pub(crate) const REVIEWED: &str = "A person looks at this refund first. We mail you when it is decided.";
pub(crate) const NOTE: &str = "Anything to add? (optional)";
pub(crate) const NOTE_HINT: &str = "Up to 500 characters, without card numbers. Only staff read it.";
pub(crate) const SUBMIT: &str = "Send this request";

pub(crate) const LONG_NOTE: &str = "Your note is longer than 500 characters. Shorten it";
pub(crate) const CARD_NUMBER: &str = "Your note has a card number in it, so we have not kept it. Leave the number out";
pub(crate) const CHANGED: &str = "The amount has changed";
pub(crate) const CHANGED_TEXT: &str =
    "It changed since you looked, so nothing was sent. Check the new amount below and send again.";

pub(crate) const STATUS: &str = "Your refund";
pub(crate) const REFERENCE: &str = "Reference";
pub(crate) const RECONCILIATION: &str = "Reconciliation ID";
pub(crate) const REQUESTED: &str = "Asked for";
pub(crate) const STORE: &str = "Store";
pub(crate) const CONTACT: &str = "Questions";
pub(crate) const MAILED: &str =
    "We also write to your email address, if we know it. You can come back to this page at any time.";
pub(crate) const IN_REVIEW: &str = "We have your request";
pub(crate) const IN_REVIEW_TEXT: &str = "A person looks at it. There is nothing more for you to do.";
pub(crate) const WAITING: &str = "Your refund is approved";
pub(crate) const WAITING_TEXT: &str = "It is sent as soon as your payment for the trip is confirmed, within a day.";
pub(crate) const SENDING: &str = "Your refund is approved and on its way";
pub(crate) const SENDING_TEXT: &str = "It is being sent. This page says when it is done.";
pub(crate) const LATE_TEXT: &str =
    "Sending it does not work right now. We keep trying, nothing is lost, and there is no need to ask again.";
pub(crate) const BY_HAND: &str = "Your refund is approved";
pub(crate) const BY_HAND_TEXT: &str = "It cannot go back by itself: our staff give it back to you. Ask the store below if you do not hear of it in a few days.";
pub(crate) const REFUNDED: &str = "Your refund is done";
pub(crate) const REFUNDED_TEXT: &str = "Your bank decides how soon it shows, often within a few days.";
pub(crate) const CREDITED: &str = "Your refund is done";
pub(crate) const CREDITED_TEXT: &str = "It came off what you owed for this trip.";
pub(crate) const DECLINED: &str = "We cannot give this refund";

pub(crate) const BARRED: &str = "No refund can be asked for now";
pub(crate) const NOT_CHARGED: &str = "Nothing has been charged for this trip yet. Once it is charged, come back here.";
pub(crate) const OPEN: &str =
    "You have already asked for a refund of this trip, and it is not finished. Only one at a time is possible.";
pub(crate) const OPEN_LINK: &str = "See how it stands";
pub(crate) const ALL_BACK: &str = "Everything of this trip has already been refunded, or it cost nothing.";
pub(crate) const ASK_STORE: &str =
    "Only the store can say whether money goes back for this trip. Name the number of the trip.";

/// Too late.
pub(crate) fn window_over(days: i64, until: &str) -> String {
    format!("Refunds can be asked for within {days} days of a trip. For this one that was until {until}.")
}

/// Until when.
pub(crate) fn until(day: &str) -> String {
    format!("You can ask until {day}.")
}

/// What one choice is about.
pub(crate) fn of_line(left: &str) -> String {
    format!("of {left}")
}

/// More than there is, or a part of a piece.
pub(crate) fn wrong_quantity(name: &str, left: &str) -> String {
    format!("{name}: type a number from 0 to {left}, whole where it is sold by the piece")
}

pub(crate) fn to_card(amount: &str) -> String {
    format!("{amount} goes back to the card you paid with.")
}

pub(crate) fn off_debt(amount: &str) -> String {
    format!("{amount} comes off what you owe for this trip.")
}

pub(crate) fn elsewhere(amount: &str) -> String {
    format!("{amount} is given back as you paid it, by our staff.")
}

/// Why a refund was declined.
pub(crate) fn because(reason: &str) -> String {
    format!("The reason: {reason}")
}

/// Why something comes back.
pub(crate) fn reason(reason: ReturnReason) -> &'static str {
    match reason {
        ReturnReason::Damaged => "It was broken or damaged",
        ReturnReason::Expired => "It was past its date",
        ReturnReason::Unwanted => "I do not want it after all",
        ReturnReason::Other => "Another reason",
    }
}
