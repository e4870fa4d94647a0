//! What a cart costs, by the rules in force when its visit began.

use domain::cart::Cart;
use domain::catalog::{RuleSet, RuleSetId};
use domain::id::StoreId;
use domain::money::Money;
use domain::pricing::{self, BadLine, BadLineCause, ENGINE_VERSION, Occasion, Purchase};
use domain::store::Store;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::store::audit::AuditEntry;
use crate::store::rule_set::RuleSetRow;
use crate::store::{self, StoreError};

/// Why a cart has no price.
#[derive(Debug, thiserror::Error)]
pub enum PriceCartError {
    /// We do not serve this store.
    #[error("the store {0} is not served here")]
    UnknownStore(StoreId),
    /// It has no rules.
    #[error("the store has no prices yet: import a catalog and publish it")]
    NoRules,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Prices a cart without keeping anything.
///
/// # Errors
///
/// See [`PriceCartError`].
pub async fn price_cart(
    db: &PgPool,
    store: &StoreId,
    cart: &Cart,
    occasion: Occasion,
) -> Result<Purchase, PriceCartError> {
    let mut conn = db.acquire().await.map_err(StoreError::from)?;
    let settings = store::settings::get(&mut conn, store).await?;
    let settings = settings.ok_or_else(|| PriceCartError::UnknownStore(store.clone()))?;
    let version = store::rule_set::in_force(&mut conn, store, occasion.at).await?.ok_or(PriceCartError::NoRules)?;
    Ok(price_by(&mut conn, &settings, &version, cart, occasion).await?)
}

/// The rules that a visit of `at` is priced by. A store that has none yet gets its first version, an empty one: a cart is never
/// refused, and one in which nothing is known waits for a person.
pub(super) async fn version_at(
    conn: &mut PgConnection,
    store: &StoreId,
    at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<RuleSetRow, StoreError> {
    if let Some(version) = store::rule_set::in_force(&mut *conn, store, at).await? {
        return Ok(version);
    }
    store::settings::lock_rules(&mut *conn, store).await?;
    if store::rule_set::in_force(&mut *conn, store, at).await?.is_none() {
        let empty = RuleSet { id: RuleSetId(0), items: vec![], promotions: vec![], tax_rates: vec![] };
        let from = OffsetDateTime::UNIX_EPOCH;
        let id = store::rule_set::insert(&mut *conn, store, &empty, from, now).await?;
        let detail = json!({ "rule_set": id.0, "empty": true });
        let entry = AuditEntry { actor: "cart", action: "rules_published", subject: store.as_str(), detail };
        store::audit::insert(&mut *conn, entry, now).await?;
    }
    store::rule_set::in_force(conn, store, at).await?.ok_or(StoreError::Corrupt("rule_set"))
}

/// Prices a cart by one version. A cart that costs more than can be counted becomes a purchase of nothing but bad lines.
pub(super) async fn price_by(
    conn: &mut PgConnection,
    settings: &Store,
    version: &RuleSetRow,
    cart: &Cart,
    occasion: Occasion,
) -> Result<Purchase, StoreError> {
    let rules = store::rule_set::load_for(conn, version, settings.currency, cart).await?;
    let priced = pricing::price(cart, &rules, settings, occasion);
    Ok(priced.unwrap_or_else(|error| {
        tracing::error!(store.id = %settings.id, %error, "a cart cannot be priced");
        unpriced(cart, version.id, settings)
    }))
}

fn unpriced(cart: &Cart, rule_set: RuleSetId, settings: &Store) -> Purchase {
    let nothing = Money::zero(settings.currency);
    let bad = |(line_no, item): (u32, &domain::cart::CartItem)| BadLine {
        line_no,
        item: item.clone(),
        cause: BadLineCause::TooLarge,
    };
    Purchase {
        rule_set,
        engine_version: ENGINE_VERSION,
        settings: settings.pricing.clone(),
        lines: vec![],
        bad_lines: (1..).zip(&cart.items).map(bad).collect(),
        price: nothing,
        promotions: nothing,
        tax: nothing,
        tax_included: nothing,
        deposits: nothing,
        total: nothing,
        applied: vec![],
        explanation: vec![],
    }
}
