//! What of a visit's cart is known by now and cannot be charged any more becomes the store's loss, in entries.

use domain::alert::AlertKind;
use domain::loss::Loss;
use domain::pricing::Purchase;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::store::ledger::{BAD_CART_LOST, Posting};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Books what the cart costs as it is `known` now, beyond what the visit was `charged` and what was booked as lost before: so that
/// the same finding twice books once, and a finding that is put right is put right in the books. The visit's row is locked. Gives
/// what was booked now, and what is lost in all.
pub(super) async fn book_loss(
    conn: &mut PgConnection,
    row: &TripRow,
    known: &Purchase,
    charged: Option<&Purchase>,
    now: OffsetDateTime,
) -> Result<(Loss, Loss), StoreError> {
    let corrupt = |_| StoreError::Corrupt("purchase amounts");
    let lost = Loss::beyond(known, charged).map_err(corrupt)?;
    let before = store::ledger::bad_cart_loss(&mut *conn, &row.id, row.currency).await?;
    let booked = lost.checked_sub(before).map_err(corrupt)?;
    let entries = booked.entries(&row.id).map_err(corrupt)?;
    if !entries.is_empty() {
        let posting = Posting { store: &row.store, currency: row.currency, trip: &row.id, kind: BAD_CART_LOST };
        store::ledger::post(&mut *conn, posting, &entries, now).await?;
    }
    if booked.total.is_positive() {
        store::alert::open(conn, AlertKind::RevenueLost, row.id.as_str(), now).await?;
    }
    Ok((booked, lost))
}
