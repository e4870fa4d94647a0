//! What we call outside: Amazon's APIs, Stripe and mail. Each client turns our words into theirs, makes one call, and sorts what came
//! back by what the caller must do next.
//!
//! Nothing here decides, retries, logs, or reads a clock, an environment variable or a row.

pub mod amazon;
pub mod mail;
pub mod stripe;

use std::net::IpAddr;

/// 127.0.0.0/8, ::1 or `localhost`: what is sent there cannot be overheard.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |it| it.is_loopback())
}
