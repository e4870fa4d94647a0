//! The twin from outside: its APIs over HTTP, its gate against a Storeside that says what the test wants, its mail sink.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod command;
mod connector;
mod control;
mod fault;
mod feed;
mod mail;
mod payment;
mod shopper;
mod stripe;
mod support;
mod validation;
