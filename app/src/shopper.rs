//! What a shopper sees: one file per page, with its server functions and forms.

pub(crate) mod balance;
pub mod confirm;
pub mod dispute;
pub(crate) mod help;
pub(crate) mod home;
pub mod link;
pub mod payoff;
pub mod privacy;
pub(crate) mod receipt;
pub mod receipt_mail;
pub mod refund;
pub mod sessions;
pub mod sign_in;
pub mod sign_in_card;
pub mod sign_in_loyalty;
pub mod sign_out;
pub(crate) mod trip;
pub mod trips;
pub(crate) mod way_back;
