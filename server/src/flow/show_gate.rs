//! What was decided at a gate, and what a sign beside it says.

use domain::id::{GateEventId, StoreId};
use domain::store::Store;
use sqlx::PgPool;

use crate::store::{self, StoreError};

pub use crate::store::gate_decision::ShownDecision;

/// A decision with everything around it. `None`: this tap was never decided.
///
/// # Errors
///
/// A database that is away.
pub async fn show_decision(db: &PgPool, event: &GateEventId) -> Result<Option<ShownDecision>, StoreError> {
    store::gate_decision::show(&mut *db.acquire().await?, event).await
}

/// The store whose gate a sign stands beside. `None`: it is not served.
///
/// # Errors
///
/// A database that is away.
pub async fn show_store(db: &PgPool, id: &StoreId) -> Result<Option<Store>, StoreError> {
    store::settings::get(&mut *db.acquire().await?, id).await
}
