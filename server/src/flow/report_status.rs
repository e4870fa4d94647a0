//! What Amazon is told of a visit's payment, read when it is told.

use domain::id::TripId;
use domain::money::Money;
use sqlx::PgPool;

use crate::store::{self, StoreError};

/// What became of a payment: `settled = total − outstanding`. Cash that is given back changes neither; a credit lowers the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentStatus {
    /// What the cart costs; nothing for a cancelled visit.
    pub total: Money,
    /// What of it is settled.
    pub settled: Money,
}

/// The status of a visit. `None`: it is not there.
///
/// # Errors
///
/// A database that is away.
pub async fn payment_status(db: &PgPool, trip: &TripId) -> Result<Option<PaymentStatus>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(row) = store::trip::get(&mut conn, trip).await? else { return Ok(None) };
    let nothing = Money::zero(row.currency);
    let outstanding = store::debt::outstanding_of_trip(&mut conn, trip).await?.unwrap_or(nothing);
    let credited = store::debt::credited_of_trip(&mut conn, trip).await?.unwrap_or(nothing);
    let total = row.state.total().unwrap_or(nothing).checked_sub(credited);
    let total = total.map_err(|_| StoreError::Corrupt("debt.currency"))?;
    let settled = total.checked_sub(outstanding).map_err(|_| StoreError::Corrupt("debt.currency"))?;
    Ok(Some(PaymentStatus { total, settled }))
}
