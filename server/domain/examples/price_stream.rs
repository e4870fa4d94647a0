//! Prices carts from a stream: one JSON line in, one JSON line out. The other side of `end2end/oracle/oracle.py`.
//!
//! In: `{"cart", "rule_set", "settings", "store", "currency", "at", "member"}`, as the types of this crate are written.
//! Out: the purchase, or `{"error": "…"}`.

use std::io::{BufRead, BufWriter, Write};

use domain::cart::Cart;
use domain::catalog::RuleSet;
use domain::id::StoreId;
use domain::money::{Currency, MoneyError};
use domain::pricing::{self, Occasion, PricingSettings, Purchase};
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

#[derive(Deserialize)]
struct Question {
    cart: Cart,
    rule_set: RuleSet,
    settings: PricingSettings,
    store: StoreId,
    currency: Currency,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    member: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        match price(serde_json::from_str(&line?)?) {
            Ok(purchase) => serde_json::to_writer(&mut out, &purchase)?,
            Err(error) => serde_json::to_writer(&mut out, &serde_json::json!({ "error": error.to_string() }))?,
        }
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn price(question: Question) -> Result<Purchase, MoneyError> {
    let Question { cart, rule_set, settings, store, currency, at, member } = question;
    pricing::price(&cart, &rule_set, &store_with(store, currency, settings), Occasion { at, member })
}

/// Only what pricing looks at matters.
fn store_with(id: StoreId, currency: Currency, pricing: PricingSettings) -> Store {
    Store {
        id,
        merchant: Merchant {
            name: String::new(),
            address: String::new(),
            tax_number: String::new(),
            contact: String::new(),
        },
        currency,
        gate_strategy: GateStrategy::CustomerManaged,
        debt_threshold: None,
        feedback: FeedbackPolicy::Always,
        bad_cart: BadCartPolicy::ChargeRecognised,
        decline: DeclinePolicy::DebtInFull,
        pricing,
        review_limit: Duration::hours(24),
        token_life: Duration::hours(46),
        capture_repeat_is_safe: false,
        transactional_data_proves_capture: false,
        skips_adjust: false,
        refund: RefundRules::plain(Currency::USD),
    }
}
