//! What the business watches: sales, promotions and refunds of the last day, how many carts could be priced whole, and bad debt by cause
//! and by how it stands. Read from the rows, so that no restart loses a count.

use metrics::gauge;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::gauge::whole;
use crate::store::StoreError;
use crate::store::figures::{Debts, Sales, debts, refunds_since, sales_since};

/// How far back sales and refunds are counted, in hours.
const LAST_HOURS: u32 = 24;

/// Sets every one of them.
pub(super) async fn set_all(conn: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    let since = now.saturating_sub(Duration::hours(LAST_HOURS.into()));
    for sales in sales_since(&mut *conn, since).await? {
        set_sales(&sales);
    }
    for refunds in refunds_since(&mut *conn, since).await? {
        let labels = [("currency", refunds.currency), ("state", refunds.state), ("last_hours", LAST_HOURS.to_string())];
        gauge!("storeside_refunds", &labels).set(whole(refunds.count));
        gauge!("storeside_refunds_minor", &labels).set(whole(refunds.amount));
    }
    for debts in debts(conn).await? {
        set_debts(&debts);
    }
    Ok(())
}

/// The share of carts and of lines that could be priced is the accuracy of our reckoning; what could not be is the discrepancy.
fn set_sales(sales: &Sales) {
    let label = |key, word: &str| {
        [("currency", sales.currency.clone()), (key, word.to_owned()), ("last_hours", LAST_HOURS.to_string())]
    };
    for (priced, count) in [("whole", sales.whole), ("incomplete", sales.incomplete)] {
        gauge!("storeside_purchases", &label("priced", priced)).set(whole(count));
    }
    for (priced, count) in [("yes", sales.lines), ("no", sales.bad_lines)] {
        gauge!("storeside_cart_lines", &label("priced", priced)).set(whole(count));
    }
    let parts = [
        ("price", sales.price),
        ("promotions", sales.promotions),
        ("tax", sales.tax),
        ("deposits", sales.deposits),
        ("total", sales.total),
    ];
    for (part, minor) in parts {
        gauge!("storeside_sales_minor", &label("part", part)).set(whole(minor));
    }
}

fn set_debts(debts: &Debts) {
    let labels =
        [("currency", debts.currency.clone()), ("cause", debts.cause.clone()), ("status", debts.status.clone())];
    gauge!("storeside_debts", &labels).set(whole(debts.count));
    let parts = [
        ("incurred", debts.incurred),
        ("settled", debts.settled),
        ("credited", debts.credited),
        ("written_off", debts.written_off),
        ("outstanding", debts.outstanding),
    ];
    for (part, minor) in parts {
        let [currency, cause, status] = labels.clone();
        let labels = [currency, cause, status, ("part", part.to_owned())];
        gauge!("storeside_debt_minor", &labels).set(whole(minor));
    }
}
