//! Storeside: the retailer's side of a Just Walk Out store with credit-card entry.
//!
//! One direction: `connector` and `http` translate what comes in, `flow` loads, decides (in `domain`), saves and enqueues in
//! one transaction, `worker` claims what was enqueued and acts through `client`, and the outcome goes back into `flow`.

#![recursion_limit = "256"]

pub mod body;
pub mod client;
pub mod clock;
pub mod command;
pub mod config;
pub mod connector;
pub mod database;
pub mod demo;
pub mod failpoint;
pub mod flow;
pub mod http;
pub mod listen;
pub mod log;
pub mod openapi;
pub mod paper;
pub mod rate;
pub mod reread;
pub mod secret;
pub mod secrets;
pub mod server;
pub mod simulation;
pub mod standing;
pub mod store;
pub mod vault;
pub mod worker;
