//! Stories: HTTP in, rows and calls out, against the twin and a real PostgreSQL. The worker is pumped by hand, so that every
//! duplicate, delay and crash between two commits can be told.

#![allow(clippy::unwrap_used, reason = "a story that lacks a value fails")]

mod audit_stories;
mod bad_cart_stories;
mod browser;
mod chargeback_stories;
mod connector_stories;
mod debt_stories;
mod declined_stories;
mod desk_stories;
mod event_feed_stories;
mod event_stories;
mod failure_stories;
mod happy_stories;
mod import_stories;
mod killed_stories;
mod loyalty_stories;
mod money_stories;
mod pause_stories;
mod payoff_stories;
mod payoffs;
mod pending_stories;
mod portal_stories;
mod pricing_stories;
mod program_stories;
mod programs;
mod race_stories;
mod refund_call_stories;
mod refund_debt_stories;
mod refund_stories;
mod refunds;
mod repeated_stories;
mod rules_stories;
mod shop;
mod storm_stories;
mod suspended_stories;
