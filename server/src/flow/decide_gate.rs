//! One tap at a gate: the decision, kept before it is sent.

use domain::alert::AlertKind;
use domain::effect::Effect;
use domain::gate::{self, GateDecision, GateRequest, OverrideKind};
use domain::money::Money;
use domain::reason::GateReason;
use domain::store::Store;
use domain::trip::{Trip, entry_stale_at};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::join_instrument::join_instrument;
use crate::failpoint::{self, Commit};
use crate::standing::answers::Answers;
use crate::store::audit::AuditEntry;
use crate::store::gate::Known;
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
/// The answer is settled before the commit is asked for: whoever stops waiting meanwhile finds it in `answers` and gives the same one,
/// or was faster, and then nothing is kept here. So it may be dropped at any moment.
///
/// # Errors
///
/// Refuses a store that we do not serve. A database that is away is an error too.
pub async fn decide_gate(
    db: &PgPool,
    answers: &Answers,
    request: &GateRequest,
    now: OffsetDateTime,
) -> Result<GateDecision, DecideGateError> {
    let mut tx = db.begin().await?;
    let Some(settings) = store::settings::get(&mut tx, &request.store).await? else {
        return Err(DecideGateError::UnknownStore);
    };
    let mut known = store::gate::known(&mut tx, request, settings.currency, now).await?;
    if let Some(kept) = known.kept {
        if !kept.is_same {
            // A fault at Amazon's: the same tap cannot be another card's. A person is told.
            store::alert::open(&mut tx, AlertKind::GateEventReused, request.event.as_str(), now).await?;
            tx.commit().await?;
        }
        return Ok(answers.settle(request, &kept.decision));
    }
    if known.awaits_instrument {
        // The instrument first, then the visit: the order in which a cart takes them, so that the two cannot wait for each other.
        store::instrument::insert(&mut tx, &request.instrument, now).await?;
        join(&mut tx, request, now).await?;
        known = store::gate::known(&mut tx, request, settings.currency, now).await?;
    }
    let decision = gate::decide(request, &known.standing, &known.rules, &settings, now);
    if !store::gate_decision::insert(&mut tx, request, known.standing.outstanding, &decision, now).await? {
        // The same tap, asked twice at once: the one that was kept first is the answer.
        let kept = store::gate_decision::get(&mut tx, request).await?;
        let first = kept.map_or(decision, |kept| kept.decision);
        return Ok(answers.settle(request, &first));
    }
    if decision.authorized {
        enter(&mut tx, request, &decision, &settings, now).await?;
    }
    remember(&mut tx, request, &known, &decision, now).await?;
    audit(&mut tx, request, &decision, known.standing.outstanding, now).await?;
    let settled = answers.settle(request, &decision);
    if settled != decision {
        return Ok(settled);
    }
    failpoint::commit(tx, Commit::Gate).await?;
    count(request, &decision);
    Ok(decision)
}

/// What a decision leaves behind besides itself.
pub(super) async fn remember(
    conn: &mut PgConnection,
    request: &GateRequest,
    known: &Known,
    decision: &GateDecision,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let currency = known.standing.outstanding.currency();
    if matches!(decision.reason, GateReason::OutstandingBalance | GateReason::RepeatOffender) {
        store::debt_event::insert_denied(&mut *conn, &request.instrument, currency, now).await?;
    }
    if decision.reason == GateReason::RepeatOffender {
        store::alert::open(&mut *conn, AlertKind::RepeatOffender, request.instrument.as_str(), now).await?;
    }
    if known.standing.shows_clear_flag(&request.recommendation) {
        store::instrument::save_unflagged(&mut *conn, &request.instrument, now).await?;
    }
    for risk in request.recommendation.risks.iter().filter(|risk| known.rules.is_unknown(risk)) {
        store::alert::open_once(&mut *conn, AlertKind::UnknownRisk, risk, now).await?;
    }
    Ok(())
}

/// The cart may have been faster than the tap: who pays for it is known only now, and counts for this very decision.
pub(super) async fn join(
    conn: &mut PgConnection,
    request: &GateRequest,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let Some(trip) = &request.trip else { return Ok(()) };
    match store::trip::lock(&mut *conn, trip).await? {
        Some(mut row) if row.instrument.is_none() && row.store == request.store => {
            join_instrument(conn, &mut row, &request.instrument, now).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Begins the visit. A second tap of a group joins the visit that is there, whose first tap pays.
pub(super) async fn enter(
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
        Ok(())
    } else {
        // A second tap of a group; or a cart that came since we looked.
        join(conn, request, now).await
    }
}

pub(super) async fn audit(
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
        "override": decision.override_kind,
        "rule": decision.rule,
        "rules_part": decision.rules_part,
        "hold_minor": decision.adjusted_hold.unwrap_or(request.hold).minor(),
        "asked_minor": request.hold.minor(),
    });
    let action = match (decision.authorized, decision.override_kind) {
        (false, _) => "entry_denied",
        (true, Some(OverrideKind::Adjust)) => "hold_adjusted",
        (true, Some(OverrideKind::Accept | OverrideKind::Deny) | None) => "entry_allowed_against_recommendation",
    };
    let entry = AuditEntry { actor: "gate", action, subject: request.instrument.as_str(), detail };
    store::audit::insert(conn, entry, now).await
}

pub(super) fn count(request: &GateRequest, decision: &GateDecision) {
    let authorized = if decision.authorized { "yes" } else { "no" };
    metrics::counter!("storeside_gate_decisions_total", "authorized" => authorized, "reason" => decision.reason.as_str())
        .increment(1);
    if let Some(kind) = decision.override_kind {
        metrics::counter!("storeside_gate_overrides_total", "kind" => kind.as_str(), "reason" => decision.reason.as_str())
            .increment(1);
    }
    tracing::info!(
        gate_event.id = %request.event,
        trip.id = request.trip.as_ref().map(|it| it.as_str()),
        authorized = decision.authorized,
        reason = decision.reason.as_str(),
        rule = decision.rule,
        is_override = decision.is_override,
        "gate decided"
    );
}
