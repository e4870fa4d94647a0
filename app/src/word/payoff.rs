//! Paying what is owed.

pub(crate) const CHECK: &str = "Check what you pay";
pub(crate) const CHECK_LEAD: &str =
    "You pay by card on the page of Stripe, our payment processor. We never see your card number.";
pub(crate) const FOR_TRIPS: &str = "For these trips";
pub(crate) const TOTAL: &str = "You pay";
pub(crate) const AMOUNT: &str = "Amount";
pub(crate) const PAY: &str = "Pay by card";
pub(crate) const BACK: &str = "Back to your balance";
pub(crate) const NAME: &str = "Your payment";
pub(crate) const PAID: &str = "Paid";
pub(crate) const MAILED: &str = "If we know your email address, a confirmation is on its way to it.";
pub(crate) const STILL_OWED: &str = "Still owed";
pub(crate) const NOTHING_OWED: &str = "You owe nothing more.";
pub(crate) const GATE: &str = "At the gate";
pub(crate) const REFERENCE: &str = "Reference";
pub(crate) const WAITING: &str = "We are waiting for word of your payment";
pub(crate) const WAITING_TEXT: &str =
    "If you have paid, there is no need to pay again: this page will say so in a moment, and so will a mail.";
pub(crate) const LOOK_AGAIN: &str = "Look again";
pub(crate) const UNPAID: &str = "You have not paid yet";
pub(crate) const UNPAID_TEXT: &str =
    "Nothing was taken, and what you owe is as it was. You can go on paying, or choose other trips.";
pub(crate) const DECLINED: &str = "Your card was declined";
pub(crate) const DECLINED_TEXT: &str =
    "Nothing was taken, and what you owe is as it was. Try another card, or ask your bank why it said no.";
pub(crate) const GO_ON: &str = "Go on paying";
pub(crate) const OVER: &str = "This payment was not made";
pub(crate) const OVER_TEXT: &str = "Its page is closed. Nothing was taken, and what you owe is as it was.";
pub(crate) const CHARGED_BACK: &str = "Your bank has taken this payment back";
pub(crate) const CHARGED_BACK_TEXT: &str =
    "The payment was disputed, so what it had paid is owed again. If you did not dispute it, ask your bank.";

/// What the gate of a store would say now.
pub(crate) fn gate(store: &str, opens: bool) -> String {
    match opens {
        true => format!("The gate of {store} opens for your card now."),
        false => format!("The gate of {store} stays closed for your card while something is owed."),
    }
}

/// The title once it is paid.
pub(crate) fn paid(amount: &str) -> String {
    format!("You paid {amount}")
}
