//! Who works here, and where.

use domain::id::StoreId;
use domain::money::Currency;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use crate::store::audit::AuditEntry;
use crate::store::{self, StoreError};

/// Who decides something, and why.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The name.
    pub by: &'a str,
    /// For auditors.
    pub reason: &'a str,
}

/// Nobody of this name works here.
#[derive(Debug, thiserror::Error)]
#[error("nobody named {0} works here: `storeside staff add` adds people")]
pub struct UnknownStaff(pub String);

impl Person<'_> {
    /// Does this person work here?
    pub(super) async fn check(&self, conn: &mut PgConnection) -> Result<Result<(), UnknownStaff>, StoreError> {
        check_staff(conn, self.by).await
    }
}

/// Does anybody of this name work here?
pub(super) async fn check_staff(conn: &mut PgConnection, name: &str) -> Result<Result<(), UnknownStaff>, StoreError> {
    let is_known = store::staff::is_known(conn, name).await?;
    Ok(if is_known { Ok(()) } else { Err(UnknownStaff(name.to_owned())) })
}

/// Why a person was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddStaffError {
    /// Not a name for `--as`.
    #[error("a name is 2 to 64 of a-z, 0-9, dot, hyphen and underscore, and begins with a letter")]
    Name,
    /// There is one of this name.
    #[error("there is somebody of this name already")]
    Known,
    /// The database is away.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AddStaffError {
    fn from(error: StoreError) -> Self {
        if error.constraint() == Some("staff_name") { Self::Name } else { Self::Store(error) }
    }
}

/// Adds a person.
///
/// # Errors
///
/// See [`AddStaffError`].
pub async fn add_staff(db: &PgPool, name: &str, now: OffsetDateTime) -> Result<(), AddStaffError> {
    let mut tx = db.begin().await.map_err(StoreError::from)?;
    if !store::staff::insert(&mut tx, name, now).await? {
        return Err(AddStaffError::Known);
    }
    let entry = AuditEntry { actor: "command", action: "staff_added", subject: name, detail: json!({}) };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// The stores that are served.
///
/// # Errors
///
/// A database that is away.
pub async fn list_stores(db: &PgPool) -> Result<Vec<StoreId>, StoreError> {
    store::settings::list_ids(&mut *db.acquire().await?).await
}

/// A store's currency. `None`: it is not served.
///
/// # Errors
///
/// A database that is away.
pub async fn store_currency(db: &PgPool, id: &StoreId) -> Result<Option<Currency>, StoreError> {
    Ok(store::settings::get(&mut *db.acquire().await?, id).await?.map(|settings| settings.currency))
}
