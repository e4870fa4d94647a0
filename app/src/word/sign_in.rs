//! Signing in and out.

pub(crate) const NAME: &str = "Sign in";
pub(crate) const LEAD: &str = "We send a code to your email address. There is no password.";
pub(crate) const FOR_A_PAGE: &str = "Sign in to see this page. You come back to it afterwards.";
pub(crate) const EMAIL: &str = "Email address";
pub(crate) const EMAIL_HINT: &str = "The address that belongs to the card you enter the store with.";
pub(crate) const SEND_CODE: &str = "Send me a code";

pub(crate) const OTHER_WAYS: &str = "Other ways to sign in";
pub(crate) const BY_CARD: &str = "With your payment card and one visit";
pub(crate) const BY_LOYALTY: &str = "With your loyalty number";

pub(crate) const LOYALTY_NAME: &str = "Sign in with your loyalty number";
pub(crate) const LOYALTY_LEAD: &str = "We send a code to the email address that your membership has.";
pub(crate) const LOYALTY_NUMBER: &str = "Loyalty number";
pub(crate) const LOYALTY_HINT: &str = "As it stands on your membership card or in the app, like L-100.";
pub(crate) const BAD_LOYALTY_NUMBER: &str =
    "Enter your loyalty number, as it stands on your membership card or in the app";
pub(crate) const BY_EMAIL: &str = "Sign in with your email address instead";

pub(crate) const CODE_NAME: &str = "Enter your code";
pub(crate) const CODE_SENT: &str = "If we know you, a code is on its way";
pub(crate) const CODE: &str = "Sign-in code";
pub(crate) const SIGN_IN: &str = "Sign in";
pub(crate) const NO_CODE: &str = "No code after a few minutes?";
pub(crate) const NO_CODE_HELP: &str = "Look in your spam folder, and check that the address is the one that belongs to your card. A new code replaces the old one.";
pub(crate) const NEW_CODE: &str = "Ask for a new code";

pub(crate) const SIGNED_OUT: &str = "You are signed out";
pub(crate) const SIGNED_OUT_TEXT: &str = "This browser can no longer see your trips and your balance.";
pub(crate) const SIGN_IN_AGAIN: &str = "Sign in again";

pub(crate) const PROBLEM: &str = "There is a problem";
pub(crate) const BAD_EMAIL: &str = "Enter an email address, like name@example.com";
pub(crate) const BAD_CODE: &str = "This code is wrong or no longer valid. Check the digits, or ask for a new code";
pub(crate) const TOO_MANY_TRIES: &str = "Too many tries. Wait ten minutes, then ask for a new code";
pub(crate) const UNAVAILABLE: &str = "We cannot do this right now. Nothing is lost; try again in a few minutes";
pub(crate) const UNEXPECTED: &str = "Something went wrong on our side. Try again";

/// What to do with the code, under its title.
pub(crate) fn code_lead(minutes: u32, tries: u32) -> String {
    format!("It is valid for {minutes} minutes, in this browser, for up to {tries} tries.")
}

/// What to type.
pub(crate) fn code_hint(digits: usize) -> String {
    format!("The {digits} digits from the email. Blanks do not matter.")
}
