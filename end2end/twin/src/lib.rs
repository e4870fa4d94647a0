//! The twin: a stateful stand-in for everything outside Storeside.
//!
//! It plays Amazon's payment, feedback and identity APIs, the gate and the carts that call Storeside's connectors, a card
//! network with test cards, a Stripe that takes payments by Checkout, and a mail server. It keeps its own truth about money, so that a test can compare Storeside's
//! books with what "really" happened. It shares no type with the server: a misreading of the contract must not be made twice
//! the same way.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use twin::{Api, Fault, Twin, TwinOptions, demo_items};
//!
//! let twin = Twin::start(TwinOptions::for_tests()).await?;
//! twin.point_at("http://127.0.0.1:3000");
//! twin.fault(Api::Capture, Fault::LoseAnswer, 1);
//!
//! let tap = twin.tap("visa").await?;
//! let cart = twin.send_cart(&tap, &demo_items(3)).await?;
//! assert_eq!(cart.answer.status, 201);
//! assert_eq!(twin.truth().trip(tap.trip).captures_minor.len(), 1);
//! # Ok(())
//! # }
//! ```

// Whole objects of Stripe's are long.
#![recursion_limit = "256"]

mod amazon;
mod api;
mod card;
mod cart;
mod clock;
mod connector;
mod control;
mod fault;
mod feed;
mod mail;
mod money;
mod network;
mod options;
mod signature;
mod stripe;
mod truth;
mod twin;
mod walk;
mod world;

pub use api::Api;
pub use card::{Card, GateType, Pending, demo_cards};
pub use cart::{CartLine, demo_items};
pub use connector::{Answer, Cart, Tap, Visit, WalkError};
pub use fault::{Fault, Times};
pub use feed::{Event, EventName, EventSettings, SendOrder, Telling};
pub use mail::Mail;
pub use network::{DuplicateCapture, RefundAnswer, Settings};
pub use options::{Credentials, SigV4Scope, TwinOptions};
pub use stripe::{PayOutcome, SessionStatus, Stripe, StripeCall, StripeCard, StripeEvent, StripeSession};
pub use truth::{AdjustStatus, Call, Feedback, Refund, Trip, Truth};
pub use twin::{StartError, Twin};
pub use walk::{Walk, WalkOrder};
