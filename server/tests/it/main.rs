//! Stories: HTTP in, rows and calls out, against the twin and a real PostgreSQL. The worker is pumped by hand, so that every
//! duplicate, delay and crash between two commits can be told.

#![allow(clippy::unwrap_used, reason = "a story that lacks a value fails")]

mod audit_stories;
mod away_stories;
mod bad_cart_stories;
mod browser;
mod caller_stories;
mod chargeback_stories;
mod cluster;
mod connector_stories;
mod contract_stories;
mod crash_stories;
mod crashes;
mod debt_stories;
mod declined_stories;
mod desk_stories;
mod doctor_stories;
mod event_feed_stories;
mod event_stories;
mod failure_stories;
mod gate_command_stories;
mod gate_stories;
mod happy_stories;
mod hostile_stories;
mod import_stories;
mod key_stories;
mod killed_stories;
mod load_stories;
mod loyalty_stories;
mod money_stories;
mod parked_stories;
mod pause_stories;
mod payoff_stories;
mod payoffs;
mod pending_stories;
mod portal_stories;
mod pricing_stories;
mod program_stories;
mod programs;
mod proof;
mod published_cart_stories;
mod race_stories;
mod refund_call_stories;
mod refund_command_stories;
mod refund_debt_stories;
mod refund_stories;
mod refunds;
mod repair_stories;
mod repeated_stories;
mod report_stories;
mod rules_stories;
mod shop;
mod skipped_adjust_stories;
mod storm_stories;
mod suspended_stories;
