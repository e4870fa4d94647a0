//! The articles in force, read page by page: what a cart is charged is what this says.

use domain::catalog::CatalogItem;
use domain::id::{Sku, StoreId};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::price_cart::PriceCartError;
use crate::store::{self, StoreError};

/// Articles read at once.
const PAGE: i64 = 2000;

/// Gives each article in force at `at` to `write`, in the order of their numbers. How many there were.
///
/// # Errors
///
/// A store that is not served or has no rules, a database that is away, and whatever `write` says.
pub async fn export_catalog<E: From<PriceCartError>>(
    db: &PgPool,
    store: &StoreId,
    at: OffsetDateTime,
    mut write: impl FnMut(&CatalogItem) -> Result<(), E>,
) -> Result<u64, E> {
    let read = |error: StoreError| E::from(PriceCartError::from(error));
    let mut conn = db.acquire().await.map_err(|error| read(error.into()))?;
    let settings = store::settings::get(&mut conn, store).await.map_err(read)?;
    let settings = settings.ok_or_else(|| E::from(PriceCartError::UnknownStore(store.clone())))?;
    let version = store::rule_set::in_force(&mut conn, store, at).await.map_err(read)?;
    let version = version.ok_or_else(|| E::from(PriceCartError::NoRules))?;
    let (mut count, mut after): (u64, Option<Sku>) = (0, None);
    loop {
        let page = store::catalog::list_page(&mut conn, version.parts.catalog, settings.currency, after.as_ref(), PAGE);
        let page = page.await.map_err(read)?;
        for item in &page {
            write(item)?;
            count = count.saturating_add(1);
        }
        match page.into_iter().next_back() {
            Some(last) => after = Some(last.sku),
            None => return Ok(count),
        }
    }
}
