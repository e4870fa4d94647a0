//! The pages as a browser gets them, over a backend that only knows what a test tells it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod browser;
mod fake;

mod balance;
mod entrance;
mod receipt;
mod refund;
mod site;
mod trips;
