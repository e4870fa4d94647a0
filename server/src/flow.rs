//! Use cases, one a file: load, decide, save and enqueue, in one transaction. Nothing here waits for a network.

pub mod apply_event;
pub mod attempt;
pub mod check_deadline;
pub mod check_entry;
pub mod compare_rules;
pub mod decide_gate;
pub mod export_catalog;
pub mod import_loyalty;
pub mod import_rules;
pub mod mail_failed;
pub mod price_cart;
pub mod publish_rules;
pub mod read_receipt;
pub mod receive_cart;
pub mod receive_event;
pub mod report_status;
pub mod review_cart;
pub mod seed_demo;
pub mod settle_debt;
pub mod shopper;
pub mod sign_in;
pub mod staff;
pub mod verify_prices;

mod advance;
mod book_loss;
mod check_rules;
mod join_instrument;
mod move_debt;
mod notify_shopper;
