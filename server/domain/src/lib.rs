//! The rules of a Just Walk Out store whose retailer runs the payment.
//!
//! Everything here is decided without asking anybody: no clock, no database, no network, no chance. Time, ids and what is
//! known come in as arguments; what must happen outside is returned, never done.
//!
//! Words, one per thing, in code, tables, URLs and pages alike:
//!
//! *store*; *shopper* (a person in the portal); *viewer* (who looks, by what they
//! have proven); *instrument* (Amazon's id for the payment instrument); *gate decision*;
//! *recommendation*, *risk*, *condition* (of Amazon); *standing* (what we know of an instrument at the gate); *trip* (one
//! visit); *cart*, *cart item*; *purchase* (our priced cart, with *purchase lines*); *bad cart* (has lines we could not
//! identify); *authorization* (the hold), *adjust*, *capture*, *cancel*; *attempt* (one call to Amazon, recorded before it is
//! made); *debt* (bad debt of one trip), *outstanding balance* (sum of an instrument's open debts), *payoff*, *credit*,
//! *dispute*, *write-off*; *refund*; *receipt*; *entry* (ledger); *effect* (something that must happen outside), *outbox*;
//! *feedback* (Report Payment Status); *pause* (of one of Amazon's APIs), *probe* (the call that ends it); *rule set* (a version
//! of prices, promotions, taxes or risk rules); *alert*; *audit entry*.

#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, reason = "tests may reckon as they like: an overflow there panics")
)]

// Reading order: values, then what a cart costs, then what a visit becomes, then what must happen outside.
pub mod id;
pub mod label;
pub mod money;
pub mod reason;
pub mod unit;

pub mod cart;
pub mod catalog;
pub mod identification;
pub mod loyalty;
pub mod note;
pub mod promotion;
pub mod tax;

pub mod pricing;
pub mod receipt;

pub mod attempt;
pub mod debt;
pub mod dispute;
pub mod feedback;
pub mod gate;
pub mod law;
pub mod ledger;
pub mod loss;
pub mod payment_event;
pub mod payoff;
pub mod refund;
pub mod search;
pub mod sign_in;
pub mod store;
pub mod trip;
pub mod viewer;

pub mod alert;
pub mod audit;
pub mod effect;
pub mod outbox;
pub mod pause;
