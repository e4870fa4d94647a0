//! Staff keep an instrument out, or let it in whatever is said of it, until a moment.

use domain::gate::GateList;
use domain::id::{InstrumentId, StoreId};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::staff::{Person, UnknownStaff};
use crate::store::audit::AuditEntry;
pub use crate::store::gate_listing::GateListing;
use crate::store::{self, StoreError};

/// Why a list stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum GateListError {
    /// Nobody of this name works here.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// An id that no gate and no cart has shown: most likely misspelt.
    #[error("the instrument {0} was never seen: the audit of a decision and `storeside gate show` say how it is spelt")]
    UnknownInstrument(InstrumentId),
    /// We do not serve this store.
    #[error("the store {0} is not served here")]
    UnknownStore(StoreId),
    /// It would count for nobody.
    #[error("--until must be later than now")]
    InThePast,
    /// There is nothing to take back.
    #[error("the instrument is on no list there: `storeside gate list` shows the lists")]
    NotListed,
    /// Two people at the same instrument at the same moment.
    #[error("somebody else listed this instrument at this very moment: look at `storeside gate list`, and try again")]
    Meanwhile,
    /// The database is away.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for GateListError {
    fn from(error: StoreError) -> Self {
        if error.constraint() == Some("gate_listing_once") { Self::Meanwhile } else { Self::Store(error) }
    }
}

impl From<sqlx::Error> for GateListError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Whose place, and where.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The instrument.
    pub instrument: &'a InstrumentId,
    /// The store. `None`: every store.
    pub store: Option<&'a StoreId>,
}

/// Puts an instrument on a list until a moment. A place that it has there already is replaced. Counts for the next tap everywhere.
///
/// # Errors
///
/// See [`GateListError`]. Nothing has changed then.
pub async fn put_on_list(
    db: &PgPool,
    place: Place<'_>,
    list: GateList,
    until: OffsetDateTime,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), GateListError> {
    if until <= now {
        return Err(GateListError::InThePast);
    }
    let mut tx = db.begin().await?;
    check(&mut tx, place, person).await?;
    store::gate_listing::clear(&mut tx, place.instrument, place.store, list, person.by, now).await?;
    let listing = GateListing {
        instrument: place.instrument.clone(),
        store: place.store.cloned(),
        list,
        until,
        reason: person.reason.to_owned(),
        by: person.by.to_owned(),
        at: now,
    };
    store::gate_listing::insert(&mut tx, &listing).await?;
    let action = match list {
        GateList::Block => "instrument_blocked",
        GateList::Allow => "instrument_allowed",
    };
    audit(&mut tx, place, action, person, Some(until), now).await?;
    Ok(tx.commit().await?)
}

/// Takes an instrument off both lists, of one store or of every store alike.
///
/// # Errors
///
/// See [`GateListError`]. Nothing has changed then.
pub async fn take_off_lists(
    db: &PgPool,
    place: Place<'_>,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), GateListError> {
    let mut tx = db.begin().await?;
    check(&mut tx, place, person).await?;
    let mut cleared = 0_usize;
    for list in GateList::ALL {
        let places = store::gate_listing::clear(&mut tx, place.instrument, place.store, *list, person.by, now).await?;
        cleared = cleared.saturating_add(places);
    }
    if cleared == 0 {
        return Err(GateListError::NotListed);
    }
    audit(&mut tx, place, "instrument_delisted", person, None, now).await?;
    Ok(tx.commit().await?)
}

/// The places that count now, of one instrument or of all, those that end first in front.
///
/// # Errors
///
/// A database that is away.
pub async fn list_places(
    db: &PgPool,
    instrument: Option<&InstrumentId>,
    limit: i64,
    now: OffsetDateTime,
) -> Result<Vec<GateListing>, StoreError> {
    store::gate_listing::list(&mut *db.acquire().await?, instrument, now, limit).await
}

async fn check(conn: &mut PgConnection, place: Place<'_>, person: Person<'_>) -> Result<(), GateListError> {
    person.check(&mut *conn).await??;
    if let Some(id) = place.store
        && store::settings::get(&mut *conn, id).await?.is_none()
    {
        return Err(GateListError::UnknownStore(id.clone()));
    }
    if !store::instrument::exists(conn, place.instrument).await? {
        return Err(GateListError::UnknownInstrument(place.instrument.clone()));
    }
    Ok(())
}

async fn audit(
    conn: &mut PgConnection,
    place: Place<'_>,
    action: &'static str,
    person: Person<'_>,
    until: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let detail = json!({
        "store": place.store.map(StoreId::as_str),
        "until": until.and_then(|it| it.format(&Rfc3339).ok()),
        "reason": person.reason,
    });
    let entry = AuditEntry { actor: person.by, action, subject: place.instrument.as_str(), detail };
    store::audit::insert(conn, entry, now).await
}
