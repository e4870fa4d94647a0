//! "I already paid" and "this is not mine".

use crate::backend::dispute::DisputeClaim;

pub(crate) const LINK: &str = "I already paid, or this is not mine";
pub(crate) const OPEN_LINK: &str = "You told us that this is wrong. We look at it";
pub(crate) const REJECTED_LINK: &str = "We looked at it again. See the answer";

pub(crate) const NAME: &str = "Tell us what is wrong";
pub(crate) const LEAD: &str = "A person looks at every message. Until it is decided, the amount stays on your balance, and the gate may stay closed.";
pub(crate) const CLAIM: &str = "What is wrong?";
pub(crate) const NO_CLAIM: &str = "Choose what is wrong";
pub(crate) const CONTINUE: &str = "Continue";
pub(crate) const BACK: &str = "Back to your balance";
pub(crate) const CHECK: &str = "Check your message";
pub(crate) const CHECK_LEAD: &str = "Nothing is sent before you press the button below.";
pub(crate) const CHANGE: &str = "Change";
pub(crate) const OWED: &str = "Owed";
pub(crate) const TRIP: &str = "Trip";
pub(crate) const SAYS: &str = "You say";
pub(crate) const NOTE: &str = "What should we know? (optional)";
pub(crate) const NOTE_HINT: &str =
    "Where and when you paid, or why it is not yours. Up to 500 characters, without card numbers. Only staff read it.";
pub(crate) const SUBMIT: &str = "Send this message";

pub(crate) const STATUS: &str = "Your message about a trip";
pub(crate) const REFERENCE: &str = "Reference";
pub(crate) const OPENED: &str = "Sent";
pub(crate) const CONTACT: &str = "Questions";
pub(crate) const OPEN: &str = "We look at it";
pub(crate) const OPEN_TEXT: &str = "We have your message, and a person looks at it. We write to your email address, if we know it, when it is decided; this page says so as well. You can still pay meanwhile, and the gate opens then.";
pub(crate) const UPHELD: &str = "You are right";
pub(crate) const UPHELD_TEXT: &str = "You need not pay for this trip. It no longer keeps the gate closed.";
pub(crate) const STILL_OWED: &str = "Still owed for this trip";
pub(crate) const REJECTED: &str = "The amount stays";
pub(crate) const PAY: &str = "Go to your balance";

pub(crate) const BARRED: &str = "There is nothing to send";
pub(crate) const NOT_OWED: &str = "Nothing is owed for this trip.";
pub(crate) const ALREADY_OPEN: &str = "You have already told us, and a person looks at it.";
pub(crate) const SEE: &str = "See how it stands";
pub(crate) const TOO_OFTEN: &str = "We have looked at this trip several times. Please speak to the store.";

/// What a shopper says.
pub(crate) fn claim(claim: DisputeClaim) -> &'static str {
    match claim {
        DisputeClaim::AlreadyPaid => "I already paid for this trip",
        DisputeClaim::NotMine => "This trip is not mine",
    }
}

/// Why the amount stays.
pub(crate) fn because(reason: &str) -> String {
    format!("The reason: {reason}")
}
