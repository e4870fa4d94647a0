//! Trips and their receipts.

pub(crate) use domain::receipt::word::{
    CARD, CARD_COMING, CONTACT, DATE, ITEM, ITEMS, PAYMENT, PRICE, QUANTITY, RECEIPT, REFUNDS, STATEMENT_HELP,
    STATEMENT_ID, STATEMENT_TEXT, TAX_NUMBER, TOTAL, TRIP, UNIT_PRICE, promotion, unidentified,
};

use domain::receipt::Held;
use domain::receipt::word::{amount, day, moment};

use crate::backend::TripStatus;

pub(crate) const NAME: &str = "Your trips";
pub(crate) const NONE: &str = "No trips yet";
pub(crate) const NONE_TEXT: &str =
    "A trip appears here as soon as you have tapped your card at the gate, its receipt some time after you have left.";
pub(crate) const ALL: &str = "Every trip, the latest first";
pub(crate) const FIND: &str = "Find a trip";
pub(crate) const FROM: &str = "From";
pub(crate) const TO: &str = "To";
pub(crate) const DATE_HINT: &str = "Like 2026-11-21";
pub(crate) const ANY_CARD: &str = "Any card";
pub(crate) const SHOW: &str = "Show trips";
pub(crate) const CLEAR: &str = "Show all trips";
pub(crate) const OLDER: &str = "Older trips";
pub(crate) const LATEST: &str = "Back to the latest trips";
pub(crate) const BAD_DATE: &str = "Write the date as year, month and day, like 2026-11-21";
pub(crate) const BACKWARDS: &str = "This day is before the first one: swap the two";
pub(crate) const NO_MATCH: &str = "No trip matches";
pub(crate) const NO_MATCH_TEXT: &str = "Try other dates, or show all trips.";
pub(crate) const BY_NUMBER: &str = "Find a payment of your card statement";
pub(crate) const NUMBER: &str = "Number on your card statement";
pub(crate) const NUMBER_HINT: &str = "The whole number that stands in the details of the payment";
pub(crate) const FIND_NUMBER: &str = "Find it";
pub(crate) const STORE: &str = "Store";
pub(crate) const STATUS: &str = "Status";
pub(crate) const NO_TOTAL: &str = "Not known yet";
pub(crate) const NOTHING: &str = "Nothing";
pub(crate) const NO_CARD: &str = "Card not known";
pub(crate) const BACK: &str = "Your trips";

pub(crate) const SUMS: &str = "Total";
pub(crate) const COPY: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const PRINT: &str = "Print";
pub(crate) const DOWNLOAD: &str = "Download PDF";

pub(crate) const PAID: &str = "Paid";
pub(crate) const IN_PROGRESS: &str = "Your card is being charged";
pub(crate) const IN_PROGRESS_TEXT: &str = "There is nothing for you to do. This page shows when it is done.";
pub(crate) const OWED_TEXT: &str = "See why, and how to pay";
pub(crate) const NO_CHARGE: &str = "Nothing was charged";
pub(crate) const NO_CHARGE_TEXT: &str =
    "The hold on your card is released. Your bank decides how soon that shows, often within a few days.";

pub(crate) const COMING: &str = "Your receipt is coming";
pub(crate) const COMING_TEXT: &str = "We know of your trip. The store is still adding up what you took, which can take some hours. \
    The receipt then appears here.";
pub(crate) const HOLD: &str = "About the hold on your card";
pub(crate) const HOLD_TEXT: &str = "A hold is not a charge: your bank only sets the amount aside. \
    Once your total is known, your card is charged that total and no more, and the rest is released. \
    If you took nothing, all of it is released. Your bank decides how soon that shows, often within a few days.";

/// How far a trip is.
pub(crate) fn status(status: TripStatus) -> &'static str {
    match status {
        TripStatus::Coming => "Receipt coming",
        TripStatus::InProgress => "Being charged",
        TripStatus::Paid => "Paid",
        TripStatus::Owed => "Owed",
        TripStatus::NoCharge => "No charge",
    }
}

/// The name of a trip's page.
pub(crate) fn page_name(store: &str, day: &str) -> String {
    format!("{store}, {day}")
}

/// What was held at the gate.
pub(crate) fn held(amount: &str) -> String {
    format!("{amount} was set aside when you entered.")
}

/// What is still held on the card.
pub(crate) fn held_now(held: Option<Held>) -> String {
    match held {
        Some(Held { amount: sum, until }) => {
            format!("{} is still held on your card. The hold ends by {} at the latest.", amount(sum), moment(until))
        }
        None => "Nothing is held on your card for this trip any more.".to_owned(),
    }
}

/// The same in a list: `$25.00 held until 23 November 2026`.
pub(crate) fn held_until(held: Held) -> String {
    format!("{} held until {} at the latest", amount(held.amount), day(held.until))
}

/// What was taken, and from which card.
pub(crate) fn paid_text(amount: &str, card: Option<&str>) -> String {
    match card {
        Some(card) => format!("{amount} was charged to {card}."),
        None => format!("{amount} was charged to your card."),
    }
}

/// What is still owed for this trip.
pub(crate) fn you_owe(amount: &str) -> String {
    format!("You still owe {amount} for this trip")
}
