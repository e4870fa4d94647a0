//! The first page.

pub(crate) const NAME: &str = "Your trips to the store";
pub(crate) const TITLE: &str = "You walked out. Here is your receipt.";
pub(crate) const LEAD: &str =
    "See what you took, what it cost and what was charged to your card, for every trip to a store without a till.";
pub(crate) const SIGN_IN: &str = "Sign in to see your trips";
pub(crate) const TO_TRIPS: &str = "See your trips";

pub(crate) const CAN_DO: &str = "What you can do here";
/// Title and text of each thing.
pub(crate) const THINGS: [(&str, &str); 3] = [
    (
        "Find a receipt",
        "Every item with its price, the tax, the total, and the number to look for on your card statement.",
    ),
    (
        "See what you owe",
        "When a bank declines a payment, the amount stays open. You see how much, for which trip and why.",
    ),
    (
        "Understand a hold",
        "A hold on your card is not a charge. A trip whose receipt is still to come shows what is held, and what becomes of it.",
    ),
];

pub(crate) const ENTRY: &str = "How a trip works";
/// Title and text of each step, in order.
pub(crate) const STEPS: [(&str, &str); 4] = [
    (
        "Tap your card at the gate",
        "Your bank sets an amount aside, called a hold. If something is still owed from an earlier trip, the gate may stay closed until it is paid.",
    ),
    ("Take what you like", "The store keeps count of what you take and what you put back."),
    ("Walk out", "There is no till and no queue. If you took nothing, the hold is released and nothing is charged."),
    (
        "Get your receipt",
        "Once the store has added up your trip, your card is charged the exact total. The receipt comes by email if we know your address, and stays here.",
    ),
];
