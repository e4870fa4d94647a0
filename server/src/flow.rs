//! Use cases, one a file: load, decide, save and enqueue, in one transaction. Nothing here waits for a network.

pub mod attempt;
pub mod check_deadline;
pub mod check_entry;
pub mod compare_rules;
pub mod decide_gate;
pub mod export_catalog;
pub mod import_rules;
pub mod mail_failed;
pub mod price_cart;
pub mod publish_rules;
pub mod read_audit;
pub mod read_receipt;
pub mod receive_cart;
pub mod report_status;
pub mod review_cart;
pub mod seal_audit;
pub mod seed_demo;
pub mod shopper;
pub mod sign_in;
pub mod staff;
pub mod verify;
pub mod verify_audit;
pub mod verify_money;
pub mod verify_prices;

mod advance;
mod check_rules;
mod join_instrument;
mod move_debt;
mod notify_shopper;
