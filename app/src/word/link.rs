//! A payment link.

pub(crate) const NAME: &str = "Pay for your visit";
pub(crate) const LEAD: &str = "This link shows one visit: what you took, what is still owed, and how to pay it.";
pub(crate) const OPEN: &str = "Show my visit";
pub(crate) const ONCE: &str = "The link works once. You then have two hours in this browser.";
