//! The demo store: what `make run` shows, and what the examples in the contracts' test plan name.

use domain::catalog::RuleSet;
use domain::id::StoreId;
use domain::money::Currency;
use domain::pricing::PricingSettings;
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use crate::store::{self, StoreError};

/// The demo store's id, as in the test plan's "Test Environment Setup".
pub const DEMO_STORE: &str = "TEST_STORE_001";

/// People of the demo, so that one can draft rules and another publish them.
const STAFF: [&str; 2] = ["ann", "ben"];

/// Makes the demo store with these rules. `false`: it is there, and is left as it is.
///
/// # Errors
///
/// A database that is away or not migrated.
pub async fn seed_demo(db: &PgPool, rules: &RuleSet, now: OffsetDateTime) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    let settings = demo_store().ok_or(StoreError::Corrupt("demo store"))?;
    if !store::settings::insert(&mut tx, &settings, now).await? {
        return Ok(false);
    }
    // Carts may be older than the store, since tests send the examples of the contracts.
    store::rule_set::insert(&mut tx, &settings.id, rules, OffsetDateTime::UNIX_EPOCH, now).await?;
    for name in STAFF {
        store::staff::insert(&mut tx, name, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// The demo store's settings. `None`: a constant of this file is wrong.
#[must_use]
pub fn demo_store() -> Option<Store> {
    Some(Store {
        id: StoreId::new(DEMO_STORE).ok()?,
        merchant: Merchant {
            name: "Corner Market".to_owned(),
            address: "100 Market Street\nSpringfield, NY 10001".to_owned(),
            tax_number: "12-3456789".to_owned(),
            contact: "help@corner-market.example".to_owned(),
        },
        currency: Currency::USD,
        gate_strategy: GateStrategy::CustomerManaged,
        debt_threshold: None,
        feedback: FeedbackPolicy::Always,
        bad_cart: BadCartPolicy::ChargeRecognised,
        review_limit: Duration::hours(24),
        decline: DeclinePolicy::DebtInFull,
        pricing: PricingSettings::plain("US-NY"),
        token_life: Duration::hours(46),
        capture_repeat_is_safe: true,
        transactional_data_proves_capture: true,
        skips_adjust: false,
        refund: RefundRules::plain(Currency::USD),
    })
}
