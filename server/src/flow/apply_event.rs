//! Tells a stored event to the visit it is about.

use domain::alert::AlertKind;
use domain::id::{PaymentEventId, TripId};
use domain::payment_event::{EventName, Fate, Ignored, Judgement, Known, PaymentEvent, judge};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use super::advance::{Said, advance, settings_of};
use crate::failpoint::{self, Commit};
use crate::log::chain;
use crate::store::audit::AuditEntry;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

const SAID_BY: &str = "event_feed";

/// Whoever stored an event tells it at once. What still waits after this long has lost them.
const LOOKED_AT_WITHIN: Duration = Duration::seconds(10);

/// Events looked at in one go.
const OPEN_MAX: i64 = 100;

/// Tells the events that wait: those whose visit has appeared by now, and those whose receiver has died. How many that were.
///
/// # Errors
///
/// A database that is away. One event that cannot be told does not keep the others.
pub async fn apply_open_events(db: &PgPool, now: OffsetDateTime) -> Result<usize, StoreError> {
    let before = now.saturating_sub(LOOKED_AT_WITHIN);
    let open = store::payment_event::list_open(&mut *db.acquire().await?, before, OPEN_MAX).await?;
    let mut applied = 0_usize;
    for id in &open {
        match apply_event(db, id, now).await {
            Ok(()) => applied = applied.saturating_add(1),
            Err(error) => tracing::error!(event.id = %id, error = chain(&error), "an event still waits"),
        }
    }
    Ok(applied)
}

/// Tells one event to its visit, once, or parks it until the visit is known.
///
/// # Errors
///
/// A database that is away. The event waits then, and is looked at again.
pub async fn apply_event(db: &PgPool, id: &PaymentEventId, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let Some(stored) = store::payment_event::get(&mut tx, id).await? else { return Ok(()) };
    let (Some(trip), Some(name)) = (&stored.event.trip, stored.event.known()) else { return Ok(()) };
    // The visit first, then the event: two events of one visit wait for each other here, and each sees what the other did.
    let row = store::trip::lock(&mut tx, trip).await?;
    let Some(stored) = store::payment_event::lock(&mut tx, id).await? else { return Ok(()) };
    if !stored.fate.is_open() {
        return Ok(());
    }
    let fate = match row {
        Some(mut row) => tell(&mut tx, &mut row, &stored.event, name, now).await?,
        None => park(&mut tx, &stored.event, trip, stored.fate, now).await?,
    };
    store::payment_event::save(&mut tx, id, fate, now).await?;
    if stored.fate == Fate::Parked && !fate.is_open() && store::payment_event::none_parked(&mut tx, trip).await? {
        store::alert::close(&mut tx, AlertKind::UnknownEventTrip, trip.as_str(), now).await?;
    }
    failpoint::commit(tx, Commit::EventApplied).await?;
    let ignored = fate.ignored().map(Ignored::as_str);
    tracing::info!(event.id = %id, trip.id = %trip, %name, state = fate.name(), ignored, "an event was looked at");
    metrics::counter!("storeside_events_applied_total", "name" => name.as_str(), "state" => fate.name()).increment(1);
    Ok(())
}

/// A person is told once; the visit may come later.
async fn park(
    conn: &mut PgConnection,
    event: &PaymentEvent,
    trip: &TripId,
    fate: Fate,
    now: OffsetDateTime,
) -> Result<Fate, StoreError> {
    if fate != Fate::Parked {
        tracing::warn!(event.id = %event.id, trip.id = %trip, "an event of a trip that nobody here has seen");
        store::alert::open(conn, AlertKind::UnknownEventTrip, trip.as_str(), now).await?;
    }
    Ok(Fate::Parked)
}

async fn tell(
    conn: &mut PgConnection,
    row: &mut TripRow,
    event: &PaymentEvent,
    name: EventName,
    now: OffsetDateTime,
) -> Result<Fate, StoreError> {
    if event.store.as_ref().is_some_and(|it| *it != row.store) {
        store::alert::open(&mut *conn, AlertKind::UnknownEventStore, row.id.as_str(), now).await?;
        return Ok(Fate::Ignored(Ignored::OtherStore));
    }
    let known = Known {
        trip: row.state,
        asked: store::attempt::last_capture(&mut *conn, &row.id).await?,
        newest: store::payment_event::newest_capture(&mut *conn, &row.id).await?,
    };
    match judge(event, name, known) {
        Judgement::Tell(told) => {
            let settings = settings_of(&mut *conn, row).await?;
            let said = Said { by: SAID_BY, parts: None, at: now };
            let before = row.state;
            let is_told = advance(&mut *conn, &settings, row, told, said).await?;
            if row.state != before {
                audit(conn, row, event, now).await?;
            }
            Ok(if is_told { Fate::Applied } else { Fate::Ignored(Ignored::MovedOn) })
        }
        Judgement::Heard => Ok(Fate::Applied),
        Judgement::Ignore(why, alert) => {
            if let Some(kind) = alert {
                store::alert::open(&mut *conn, kind, row.id.as_str(), now).await?;
            }
            Ok(Fate::Ignored(why))
        }
    }
}

/// Which event it was that moved the visit.
async fn audit(
    conn: &mut PgConnection,
    row: &TripRow,
    event: &PaymentEvent,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let detail =
        json!({ "event": event.id.as_str(), "name": event.name, "occurred_at": event.occurred_at.unix_timestamp() });
    let entry = AuditEntry { actor: SAID_BY, action: "event_applied", subject: row.id.as_str(), detail };
    store::audit::insert(conn, entry, now).await
}
