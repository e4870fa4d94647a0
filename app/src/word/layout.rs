//! Around every page.

pub(crate) const BRAND: &str = "Storeside";
pub(crate) const SKIP: &str = "Skip to main content";
pub(crate) const NAVIGATION: &str = "Main";
pub(crate) const TRIPS: &str = "Your trips";
pub(crate) const BALANCE: &str = "Balance";
pub(crate) const SIGN_IN: &str = "Sign in";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const HELP: &str = "Help and contact";
pub(crate) const FOOTER: &str =
    "Receipts and balances of your trips to stores where you walk in with your card and walk out without a till.";
pub(crate) const PRIVACY: &str = "Your data";
pub(crate) const FOOTER_CARD: &str = "We never see your whole card number, only its last four digits.";
pub(crate) const BUSY: &str = "One moment…";

pub(crate) const SIGNED_IN_BY_CARD: &str = "Signed in with a card";
pub(crate) const SIGNED_IN_BY_LINK: &str = "Signed in with a payment link";

/// The name of a page, as the browser's tab has it.
pub(crate) fn page_title(name: &str) -> String {
    format!("{name} – {BRAND}")
}

/// The same for a page whose form was refused, so that a screen reader says so first.
pub(crate) fn failed_page_title(name: &str) -> String {
    format!("Error: {}", page_title(name))
}

/// Who is signed in.
pub(crate) fn signed_in_as(masked_email: &str) -> String {
    format!("Signed in as {masked_email}")
}
