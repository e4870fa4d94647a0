//! What Amazon is told of a visit's payment, read when it is told.

use domain::feedback::PaymentStatus;
use domain::id::TripId;
use domain::money::Money;
use sqlx::{PgConnection, PgPool};

use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// The status of a visit. `None`: it is not there.
///
/// # Errors
///
/// A database that is away.
pub async fn payment_status(db: &PgPool, trip: &TripId) -> Result<Option<PaymentStatus>, StoreError> {
    let mut tx = db.begin().await?;
    let Some(row) = store::trip::get(&mut tx, trip).await? else { return Ok(None) };
    status_of(&mut tx, &row).await.map(Some)
}

/// The status of a visit that was read in this transaction.
pub(super) async fn status_of(conn: &mut PgConnection, row: &TripRow) -> Result<PaymentStatus, StoreError> {
    let total = row.state.total().unwrap_or(Money::zero(row.currency));
    let debt = store::debt::lock(conn, &row.id).await?.map(|row| row.debt);
    PaymentStatus::of(total, debt.as_ref()).map_err(|_| StoreError::Corrupt("debt.currency"))
}
