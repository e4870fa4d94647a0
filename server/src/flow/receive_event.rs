//! One event of the feed: stored, so that it can be answered, then told to its visit.

use std::time::Duration;

use domain::alert::AlertKind;
use domain::payment_event::{EventFamily, Fate, Ignored, KEPT_FOR, PaymentEvent};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::apply_event::apply_event;
use crate::failpoint::{self, Commit};
use crate::log::chain;
use crate::store::{self, StoreError};

/// How long whoever sent the event waits for its consequences. It is stored by then; what takes longer is looked at again.
const APPLIED_WITHIN: Duration = Duration::from_secs(2);

/// An event, and what is kept of the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// What was understood.
    pub event: PaymentEvent,
    /// What a person may need besides: an object without personal facts.
    pub detail: Value,
}

/// Stores an event and tells it to its visit. `Ok` says that it is stored and committed, now or before; what it leads to may
/// have to wait, and is never lost.
///
/// # Errors
///
/// A database that is away. Then it must be sent again.
pub async fn receive_event(db: &PgPool, received: &ReceivedEvent, now: OffsetDateTime) -> Result<(), StoreError> {
    let event = &received.event;
    let mut tx = db.begin().await?;
    let (fate, alert) = first_fate(&mut tx, event, now).await?;
    let is_new = store::payment_event::insert(&mut tx, event, &received.detail, fate, now).await?;
    if let (true, Some((kind, subject))) = (is_new, alert) {
        store::alert::open(&mut tx, kind, &subject, now).await?;
    }
    failpoint::commit(tx, Commit::EventStored).await?;
    tracing::info!(event.id = %event.id, event.name, state = fate.name(), is_new, "an event was stored");
    metrics::counter!("storeside_events_total", "family" => event.family.as_str(), "state" => fate.name()).increment(1);
    if fate.is_open() {
        // Also for one that came before: whoever stored it may have died before it was told.
        match tokio::time::timeout(APPLIED_WITHIN, apply_event(db, &event.id, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(event.id = %event.id, error = chain(&error), "an event waits to be applied");
            }
            Err(_) => tracing::error!(event.id = %event.id, "an event was not applied in time, and waits"),
        }
    }
    Ok(())
}

/// What becomes of an event before any visit is looked at, and what a person must see of it.
async fn first_fate(
    conn: &mut PgConnection,
    event: &PaymentEvent,
    now: OffsetDateTime,
) -> Result<(Fate, Option<(AlertKind, String)>), StoreError> {
    if event.known().is_none() {
        return Ok(match event.family {
            EventFamily::Cart | EventFamily::Shopper => (Fate::Ignored(Ignored::NotUsed), None),
            EventFamily::Payment | EventFamily::Other => {
                (Fate::Ignored(Ignored::UnknownName), Some((AlertKind::UnknownEvent, event.name.clone())))
            }
        });
    }
    if let Some(id) = &event.store
        && store::settings::get(conn, id).await?.is_none()
    {
        let alert = (AlertKind::UnknownEventStore, id.to_string());
        return Ok((Fate::Ignored(Ignored::UnknownStore), Some(alert)));
    }
    if event.occurred_at < now.saturating_sub(KEPT_FOR) {
        return Ok((Fate::Ignored(Ignored::Stale), None));
    }
    Ok(match &event.trip {
        Some(_) => (Fate::Waiting, None),
        None => (Fate::Parked, Some((AlertKind::UnknownEventTrip, event.id.to_string()))),
    })
}
