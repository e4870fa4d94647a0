//! One tap at a gate: the decision, kept before it is sent.

use domain::alert::AlertKind;
use domain::effect::Effect;
use domain::gate::{self, GateDecision, GateRequest};
use domain::money::Money;
use domain::reason::GateReason;
use domain::store::Store;
use domain::trip::{Trip, entry_stale_at};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::join_instrument::join_instrument;
use crate::failpoint::{self, Commit};
use crate::store::audit::AuditEntry;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Why a tap got no decision.
#[derive(Debug, thiserror::Error)]
pub enum DecideGateError {
    /// We do not serve this store.
    #[error("this store is not served here")]
    UnknownStore,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DecideGateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Decides a tap, or gives the answer that the same tap got before.
///
/// # Errors
///
/// Refuses a store that we do not serve. A database that is away is an error too.
pub async fn decide_gate(
    db: &PgPool,
    request: &GateRequest,
    now: OffsetDateTime,
) -> Result<GateDecision, DecideGateError> {
    let mut tx = db.begin().await?;
    let Some(settings) = store::settings::get(&mut tx, &request.store).await? else {
        return Err(DecideGateError::UnknownStore);
    };
    if let Some(kept) = store::gate_decision::get(&mut tx, request).await? {
        if !kept.is_same {
            // A fault at Amazon's: the same tap cannot be another card's. A person is told.
            store::alert::open(&mut tx, AlertKind::GateEventReused, request.event.as_str(), now).await?;
            tx.commit().await?;
        }
        return Ok(kept.decision);
    }
    // The instrument first, then the visit: the order in which a cart takes them, so that the two cannot wait for each other.
    store::instrument::insert(&mut tx, &request.instrument, now).await?;
    join(&mut tx, request, now).await?;
    let standing = store::debt::standing(&mut tx, &request.instrument, settings.currency).await?;
    let decision = gate::decide(request, &standing, &settings);
    if !store::gate_decision::insert(&mut tx, request, standing.outstanding, &decision, now).await? {
        // The same tap, asked twice at once: the one that was kept first is the answer.
        let kept = store::gate_decision::get(&mut tx, request).await?;
        return Ok(kept.map_or(decision, |kept| kept.decision));
    }
    if decision.authorized {
        enter(&mut tx, request, &decision, &settings, now).await?;
    }
    if decision.reason == GateReason::OutstandingBalance {
        store::debt_event::insert_denied(&mut tx, &request.instrument, settings.currency, now).await?;
    }
    audit(&mut tx, request, &decision, standing.outstanding, now).await?;
    failpoint::commit(tx, Commit::Gate).await?;
    count(request, &decision);
    Ok(decision)
}

/// The cart may have been faster than the tap: who pays for it is known only now, and counts for this very decision.
async fn join(conn: &mut PgConnection, request: &GateRequest, now: OffsetDateTime) -> Result<(), StoreError> {
    let Some(trip) = &request.trip else { return Ok(()) };
    match store::trip::lock(&mut *conn, trip).await? {
        Some(mut row) if row.instrument.is_none() && row.store == request.store => {
            join_instrument(conn, &mut row, &request.instrument, now).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Begins the visit. A second tap of a group joins the visit that is there, whose first tap pays.
async fn enter(
    conn: &mut PgConnection,
    request: &GateRequest,
    decision: &GateDecision,
    settings: &Store,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let Some(trip) = &request.trip else { return Ok(()) };
    let hold = decision.adjusted_hold.unwrap_or(request.hold);
    let row = TripRow {
        id: trip.clone(),
        store: request.store.clone(),
        instrument: Some(request.instrument.clone()),
        currency: settings.currency,
        state: Trip::Entered,
        hold: Some(hold).filter(|hold| hold.currency() == settings.currency),
        started_at: request.tapped_at,
        deadline_at: request.tapped_at.saturating_add(settings.token_life),
    };
    if store::trip::insert(&mut *conn, &row, now).await? {
        let check = Effect::CheckEntry { trip: trip.clone() };
        store::outbox::push(conn, &check, entry_stale_at(request.tapped_at, now), None, now).await?;
    }
    Ok(())
}

async fn audit(
    conn: &mut PgConnection,
    request: &GateRequest,
    decision: &GateDecision,
    outstanding: Money,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if decision.authorized && !decision.is_override {
        return Ok(());
    }
    let detail = json!({
        "gate_event": request.event.as_str(),
        "store": request.store.as_str(),
        "trip": request.trip.as_ref().map(ToString::to_string),
        "reason": decision.reason.as_str(),
        "outstanding_minor": outstanding.minor(),
        "currency": outstanding.currency().code(),
        "is_override": decision.is_override,
    });
    let action = if decision.authorized { "entry_allowed_against_recommendation" } else { "entry_denied" };
    let entry = AuditEntry { actor: "gate", action, subject: request.instrument.as_str(), detail };
    store::audit::insert(conn, entry, now).await
}

fn count(request: &GateRequest, decision: &GateDecision) {
    let authorized = if decision.authorized { "yes" } else { "no" };
    metrics::counter!("storeside_gate_decisions_total", "authorized" => authorized, "reason" => decision.reason.as_str())
        .increment(1);
    if decision.is_override {
        metrics::counter!("storeside_gate_overrides_total", "authorized" => authorized).increment(1);
    }
    tracing::info!(
        gate_event.id = %request.event,
        trip.id = request.trip.as_ref().map(|it| it.as_str()),
        authorized = decision.authorized,
        reason = decision.reason.as_str(),
        is_override = decision.is_override,
        "gate decided"
    );
}
