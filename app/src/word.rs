//! Every word a shopper reads, one file per subject. English is the first language; another one is another set of these files.

pub(crate) mod balance;
pub(crate) mod closed;
pub(crate) mod confirm;
pub(crate) mod date;
pub(crate) mod dispute;
pub(crate) mod help;
pub(crate) mod home;
pub(crate) mod layout;
pub(crate) mod link;
pub(crate) mod payoff;
pub(crate) mod privacy;
pub(crate) mod receipt_mail;
pub(crate) mod refund;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod sign_in_card;
pub(crate) mod trip;
pub(crate) mod trouble;
