//! Trips and their receipts.

use crate::backend::TripStatus;

pub(crate) const NAME: &str = "Your trips";
pub(crate) const NONE: &str = "No trips yet";
pub(crate) const NONE_TEXT: &str =
    "A trip appears here as soon as you have tapped your card at the gate, its receipt some time after you have left.";
pub(crate) const ALL: &str = "Every trip, the latest first";
pub(crate) const DATE: &str = "Date";
pub(crate) const STORE: &str = "Store";
pub(crate) const CARD: &str = "Card";
pub(crate) const STATUS: &str = "Status";
pub(crate) const TOTAL: &str = "Total";
pub(crate) const NO_TOTAL: &str = "Not known yet";
pub(crate) const NOTHING: &str = "Nothing";
pub(crate) const NO_CARD: &str = "Card not known";
pub(crate) const BACK: &str = "Your trips";

pub(crate) const RECEIPT: &str = "Receipt";
pub(crate) const ITEMS: &str = "Items";
pub(crate) const ITEM: &str = "Item";
pub(crate) const QUANTITY: &str = "Quantity";
pub(crate) const UNIT_PRICE: &str = "Unit price";
pub(crate) const PRICE: &str = "Price";
pub(crate) const SUMS: &str = "Total";
pub(crate) const DEPOSITS: &str = "Deposits and fees";
pub(crate) const CHARGED: &str = "Charged to your card";
pub(crate) const OWED: &str = "Still owed";
pub(crate) const PAYMENT: &str = "Payment";
pub(crate) const ENTRY_MODE: &str = "Card read";
pub(crate) const STATEMENT_ID: &str = "Number on your card statement";
pub(crate) const STATEMENT_HELP: &str = "How to find this on your statement";
pub(crate) const STATEMENT_TEXT: &str = "Look for this number in the details or the description of the payment, in your bank's app or on paper. \
    Some banks cut it: compare the first characters, the amount and the date.";
pub(crate) const CARD_COMING: &str = "The details of your card are not known yet.";
pub(crate) const COPY: &str = "Copy";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const PRINT: &str = "Print or save";
pub(crate) const TRIP: &str = "Trip number";
pub(crate) const TAX_NUMBER: &str = "Tax number";
pub(crate) const CONTACT: &str = "Contact";

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

/// The tax of one rate; `percent` is like `8.875`.
pub(crate) fn tax(name: &str, percent: &str) -> String {
    format!("{name} {percent}%")
}

/// The same for a tax that is part of the prices.
pub(crate) fn tax_included(name: &str, percent: &str) -> String {
    format!("Included: {name} {percent}%")
}

/// What a promotion took off.
pub(crate) fn off(amount: &str) -> String {
    format!("−{amount}")
}

/// A promotion on one item.
pub(crate) fn promotion(name: &str, amount: &str) -> String {
    format!("{name}: {}", off(amount))
}

/// Things that could not be identified.
pub(crate) fn unidentified(count: u32) -> String {
    match count {
        1 => "One thing you took could not be identified. It is not charged.".to_owned(),
        count => format!("{count} things you took could not be identified. They are not charged."),
    }
}
