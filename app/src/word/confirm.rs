//! Confirming that it is still the same person.

pub(crate) const NAME: &str = "Confirm that it is you";
pub(crate) const LEAD: &str = "You signed in a while ago. Before we do what cannot be undone, we send a code to the email address you signed in with.";
pub(crate) const CODE: &str = "Code from the email";
pub(crate) const CONFIRM: &str = "Confirm";
