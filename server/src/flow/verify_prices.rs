//! Prices every stored cart again and tells what came out differently.

use domain::id::TripId;
use domain::identification::identified;
use domain::money::Money;
use domain::pricing::{ENGINE_VERSION, Purchase, PurchaseLine};
use domain::store::Store;
use sqlx::{PgConnection, PgPool};

use super::price_cart::price_by;
use crate::store::{self, StoreError};

/// Visits read at once.
const PAGE: i64 = 500;

/// One purchase that would be another one today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The visit.
    pub trip: TripId,
    /// The version of the reckoning that made it, where that is not today's: then a difference need not be a mistake.
    pub older_engine: Option<u32>,
    /// What differs, each in words.
    pub what: Vec<String>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Purchases priced again.
    pub checked: u64,
    /// Those that differ.
    pub differences: Vec<Difference>,
}

/// How many purchases there are to verify.
///
/// # Errors
///
/// A database that is away.
pub async fn count_purchases(db: &PgPool) -> Result<u64, StoreError> {
    store::purchase::count(&mut *db.acquire().await?).await
}

/// Prices all stored purchases again. `progress` is called after each.
///
/// # Errors
///
/// A database that is away, a row that cannot be read.
pub async fn verify_prices(db: &PgPool, mut progress: impl FnMut()) -> Result<Verification, StoreError> {
    let mut conn = db.acquire().await?;
    let (mut found, mut after) = (Verification::default(), None);
    loop {
        let trips = store::purchase::list_trips(&mut conn, after.as_ref(), PAGE).await?;
        for trip in &trips {
            found.differences.extend(verify(&mut conn, trip).await?);
            found.checked = found.checked.saturating_add(1);
            progress();
        }
        match trips.into_iter().next_back() {
            Some(last) => after = Some(last),
            None => return Ok(found),
        }
    }
}

async fn verify(conn: &mut PgConnection, trip: &TripId) -> Result<Option<Difference>, StoreError> {
    let gone = |what| move || StoreError::Corrupt(what);
    let row = store::trip::get(&mut *conn, trip).await?.ok_or_else(gone("purchase.trip_id"))?;
    let stored = store::purchase::get_with_occasion(&mut *conn, trip).await?.ok_or_else(gone("purchase"))?;
    let cart = store::cart::get_items(&mut *conn, trip).await?.ok_or_else(gone("a purchase without a cart"))?;
    let cart = identified(&cart, &store::line_identification::list(&mut *conn, trip).await?);
    let settings = store::settings::get(&mut *conn, &row.store).await?.ok_or_else(gone("trip.store_id"))?;
    let settings = Store { pricing: stored.purchase.settings.clone(), ..settings };
    let version = store::rule_set::get(&mut *conn, &row.store, stored.purchase.rule_set).await?;
    let version = version.ok_or_else(gone("a purchase by the rules of another store"))?;
    let again = price_by(conn, &settings, &version, &cart, stored.occasion).await?;
    let what = differences(&stored.purchase, &again);
    let older_engine = (stored.purchase.engine_version != ENGINE_VERSION).then_some(stored.purchase.engine_version);
    Ok((!what.is_empty()).then(|| Difference { trip: trip.clone(), older_engine, what }))
}

/// Everything that differs, in words. Nothing where only the words of another reckoning do.
fn differences(stored: &Purchase, again: &Purchase) -> Vec<String> {
    let parts = |it: &Purchase| [it.price, it.promotions, it.tax, it.tax_included, it.deposits, it.total];
    let names = ["price", "promotions", "tax", "tax included", "deposits", "total"];
    let mut what = amounts("", names, parts(stored), parts(again));
    for line in &stored.lines {
        if let Some(other) = again.lines.iter().find(|it| it.line_no == line.line_no) {
            what.extend(line_differences(line, other));
        }
    }
    let numbers = |it: &Purchase| it.lines.iter().map(|line| line.line_no).collect::<Vec<_>>();
    let bad = |it: &Purchase| it.bad_lines.iter().map(|line| (line.line_no, line.cause)).collect::<Vec<_>>();
    if numbers(stored) != numbers(again) || bad(stored) != bad(again) {
        what.push("other lines are priced than were stored".to_owned());
    }
    if what.is_empty() && stored.engine_version == again.engine_version && stored != again {
        what.push("the amounts are the same, what is said of them is not".to_owned());
    }
    what
}

fn line_differences(stored: &PurchaseLine, again: &PurchaseLine) -> Vec<String> {
    let parts = |it: &PurchaseLine| [it.unit_price, it.price, it.discount, it.tax, it.tax_included, it.deposit];
    let names = ["unit price", "price", "discount", "tax", "tax included", "deposit"];
    let mut what = amounts(&format!("line {} ", stored.line_no), names, parts(stored), parts(again));
    if (&stored.sku, stored.quantity) != (&again.sku, again.quantity) {
        what.push(format!(
            "line {}: {} {} stored, {} {} priced again",
            stored.line_no, stored.quantity, stored.sku, again.quantity, again.sku
        ));
    }
    what
}

fn amounts<const N: usize>(of: &str, names: [&str; N], stored: [Money; N], again: [Money; N]) -> Vec<String> {
    let all = names.into_iter().zip(stored.into_iter().zip(again));
    let other = all.filter(|(_, (stored, again))| stored != again);
    other.map(|(name, (stored, again))| format!("{of}{name}: {stored} stored, {again} priced again")).collect()
}
