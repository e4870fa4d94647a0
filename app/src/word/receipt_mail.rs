//! Mailing a receipt once more.

pub(crate) const NAME: &str = "Get it by email";
pub(crate) const SEND: &str = "Send it again";
pub(crate) const MAILED: &str = "Your receipt is on its way";
pub(crate) const MAILED_TEXT: &str = "We send it with a PDF to the email address on file. It usually arrives within a few minutes. \
    If it does not, look into your spam folder.";
pub(crate) const TO_FILE: &str = "We send it with a PDF to the email address that belongs to this card.";
pub(crate) const NOBODY: &str =
    "We do not know an email address for this card, so we cannot mail the receipt. Download it as a PDF instead.";
pub(crate) const AWAY: &str = "Mailing does not work right now. Download the PDF, or try again in a few minutes.";

/// To whom; the address is masked.
pub(crate) fn to(address: &str) -> String {
    format!("We send it with a PDF to {address}.")
}
