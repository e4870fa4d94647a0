//! What people's browsers and machines of our own call: pages, health, metrics; and Amazon's event feed.

pub mod event_feed;
pub mod health;
pub mod metrics;
pub mod portal;
pub mod router;
pub mod session;
pub mod stripe_webhook;

mod network;
