//! Questions people have, and whom to ask.

pub(crate) const NAME: &str = "Help and contact";
pub(crate) const DESCRIPTION: &str = "Why a gate stayed closed, what a hold on your card is, when your receipt comes, how to get money back, and whom to ask.";
pub(crate) const LEAD: &str = "Short answers to what people ask most, and where to find a person.";

/// A question, the name of its place on the page, and the answer in paragraphs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) place: &'static str,
    pub(crate) question: &'static str,
    pub(crate) answer: &'static [&'static str],
}

pub(crate) const QUESTIONS: [Question; 8] = [
    Question {
        place: "gate",
        question: "Why did the gate stay closed?",
        answer: &[
            "Most often because something is still owed from an earlier trip: a bank declined the payment after you had left. \
             Open your balance to see how much and for which trip. Once it is paid, the gate opens again, usually within seconds.",
            "If nothing is owed, your bank may have refused the hold, or the card could not be read. Try again or use another card. \
             If it still stays closed, ask the store.",
        ],
    },
    Question {
        place: "hold",
        question: "What is the hold on my card?",
        answer: &[
            "A hold is not a charge. Your bank sets an amount aside when you tap in. Once your total is known, your card is charged \
             that total and no more, and the rest is released.",
            "If you took nothing, all of it is released. Your bank decides how soon that shows, often within a few days.",
        ],
    },
    Question {
        place: "receipt",
        question: "When does my receipt come?",
        answer: &[
            "Most receipts are there within minutes of leaving. Some trips take a few hours to add up. Your trip shows here meanwhile, \
             and says that its receipt is coming.",
        ],
    },
    Question {
        place: "statement",
        question: "How do I find a payment on my card statement?",
        answer: &[
            "Each receipt has a number that stands on your statement too, in the details or the description of the payment. Some banks \
             cut it: compare the first characters, the amount and the date.",
        ],
    },
    Question {
        place: "refund",
        question: "How do I get money back?",
        answer: &[
            "Open the trip, choose “Ask for a refund”, and pick the items. You see the exact amount before you send anything. \
             Many requests are decided at once; a person looks at the others. The money goes back to the card you used.",
        ],
    },
    Question {
        place: "wrong",
        question: "I owe nothing, or this trip is not mine",
        answer: &[
            "Open your balance and choose “This is not right” beside the trip. Say what is wrong in your own words. A person looks \
             at it, and you see here what was decided.",
        ],
    },
    Question {
        place: "sign-in",
        question: "I cannot sign in",
        answer: &[
            "You can sign in with your email address, your loyalty number, or the facts of the card you used. If you paid with a phone \
             or a watch, its wallet shows the last four digits of the number it uses in place of your card’s.",
            "If none of these works, ask the store: somebody there can send you a link to your trip.",
        ],
    },
    Question {
        place: "safe",
        question: "What do you know about me?",
        answer: &[
            "Your trips, what you took, and the last four digits of your card. If the card network gave us your email address, we use it for \
             receipts and sign-in codes only. We never see your whole card number, and we never ask for it.",
        ],
    },
];

pub(crate) const CONTACT: &str = "Ask the store";
pub(crate) const CONTACT_TEXT: &str = "Have the date of your trip and its amount at hand, or the trip number from your receipt. Never send a whole card number.";
pub(crate) const NO_CONTACT: &str = "The contact of your store is on your receipt.";
