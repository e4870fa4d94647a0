//! What people's browsers and machines of our own call: pages, health, metrics.

pub mod health;
pub mod metrics;
pub mod portal;
pub mod router;
pub mod session;

mod network;
