//! Every page, and what pages may ask for.
//!
//! Pages are made on the server and are whole without a program in the browser: links and forms do everything. The browser
//! gets the islands (`island.rs`) and nothing else; they only make a page smoother.
//!
//! Reading order: `backend` (what can be asked), the table of routes below, then one file per page in `shopper`.

#![cfg_attr(
    feature = "ssr",
    expect(unreachable_pub, reason = "the component macro writes `pub` for the props of every component")
)]

pub mod island;

#[cfg(feature = "ssr")]
pub mod backend;
#[cfg(feature = "ssr")]
mod closed;
#[cfg(feature = "ssr")]
pub mod error;
#[cfg(feature = "ssr")]
mod part;
#[cfg(feature = "ssr")]
mod respond;
#[cfg(feature = "ssr")]
pub mod shopper;
#[cfg(feature = "ssr")]
mod site;
#[cfg(feature = "ssr")]
mod word;

#[cfg(feature = "ssr")]
pub use closed::closed_page;
#[cfg(feature = "ssr")]
pub use site::{App, shell};
