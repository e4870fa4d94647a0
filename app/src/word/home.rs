//! The first page.

pub(crate) const NAME: &str = "Your trips to the store";
pub(crate) const DESCRIPTION: &str = "Receipts, refunds and balances of your trips to stores where you walk in with your card and walk out without a till.";
pub(crate) const TITLE: &str = "You walked out. What can we do for you?";
pub(crate) const LEAD: &str = "Everything about your trips to a store without a till, in one place.";

/// One reason to be here, and the way on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) action: &'static str,
    /// Where who is signed in goes; everybody else signs in first and then goes there.
    pub(crate) path: &'static str,
}

pub(crate) const DOORS: [Door; 3] = [
    Door {
        title: "I was charged and want to see it",
        text: "Every item with its price, the tax, the total, and the number to look for on your card statement.",
        action: "Find my receipt",
        path: "/trips",
    },
    Door {
        title: "The gate did not open for me",
        text: "Often something is still owed from an earlier trip. See how much, pay it, and walk in again.",
        action: "See what I owe",
        path: "/balance",
    },
    Door {
        title: "Something is wrong with my trip",
        text: "An item you did not take, a wrong price, something broken. Choose the trip and ask for your money back.",
        action: "Choose the trip",
        path: "/trips",
    },
];

pub(crate) const HELP: &str = "None of these? Read the help, or ask the store.";

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
