//! Stories: HTTP in, rows and calls out, against the twin and a real PostgreSQL. The worker is pumped by hand, so that every
//! duplicate, delay and crash between two commits can be told.

#![allow(clippy::unwrap_used, reason = "a story that lacks a value fails")]

mod bad_cart_stories;
mod connector_stories;
mod debt_stories;
mod declined_stories;
mod event_feed_stories;
mod event_stories;
mod failure_stories;
mod happy_stories;
mod import_stories;
mod killed_stories;
mod loyalty_stories;
mod portal_stories;
mod pricing_stories;
mod program_stories;
mod programs;
mod repeated_stories;
mod rules_stories;
mod shop;
mod storm_stories;
