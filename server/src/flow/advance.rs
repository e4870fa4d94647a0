//! One event of one visit: the new state, the entries, the debt, the effects, the alerts and the audit, all in the caller's
//! transaction. The one place where [`domain::trip::Trip::apply`] is called.

use domain::alert::AlertKind;
use domain::debt::DebtEvent;
use domain::effect::Moment;
use domain::ledger::{self, Books};
use domain::money::Money;
use domain::pricing::Purchase;
use domain::store::Store;
use domain::trip::{Movement, Step, Trip, TripError, TripEvent, Visit};
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::move_debt::{Moved, Mover, incur, move_debt};
use crate::store::audit::AuditEntry;
use crate::store::ledger::Posting;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Who says so, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// The actor in the audit.
    pub(super) by: &'a str,
    /// What is in a total that is priced now.
    pub(super) parts: Option<Parts>,
    /// The time.
    pub(super) at: OffsetDateTime,
}

/// What of a total is not the store's to keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    /// Tax, added or included.
    pub(super) tax: Money,
    /// Deposits and fees.
    pub(super) deposits: Money,
}

impl Parts {
    pub(super) fn of(purchase: &Purchase) -> Result<Self, StoreError> {
        let tax = purchase.tax_whole().map_err(|_| StoreError::Corrupt("purchase amounts"))?;
        Ok(Self { tax, deposits: purchase.deposits })
    }
}

/// The settings of a visit's store, which its row refers to.
pub(super) async fn settings_of(conn: &mut PgConnection, row: &TripRow) -> Result<Store, StoreError> {
    store::settings::get(conn, &row.store).await?.ok_or(StoreError::Corrupt("a trip of a store that is not there"))
}

/// Applies `event` to a visit whose row is locked. `false`: the visit has moved on, and nothing changed.
pub(super) async fn advance(
    conn: &mut PgConnection,
    store: &Store,
    row: &mut TripRow,
    event: TripEvent,
    said: Said<'_>,
) -> Result<bool, StoreError> {
    let before = row.state;
    let step = match before.apply(event, Visit { trip: &row.id, store, hold: row.hold }) {
        Ok(step) => step,
        Err(TripError::MovedOn) => {
            tracing::info!(trip.id = %row.id, state = before.name(), event = ?event, "an event came late or twice");
            return Ok(false);
        }
        Err(error @ TripError::Amount(_)) => {
            tracing::error!(trip.id = %row.id, state = before.name(), event = ?event, %error, "an event cannot be right");
            store::alert::open(&mut *conn, AlertKind::ImplausibleAnswer, row.id.as_str(), said.at).await?;
            return Ok(false);
        }
    };
    row.state = step.trip;
    store::trip::save(&mut *conn, row, said.at).await?;
    for movement in &step.movements {
        book(&mut *conn, row, *movement, said).await?;
    }
    if step.trip != before {
        record(&mut *conn, row, before, said).await?;
    }
    if matches!(event, TripEvent::CaptureApproved { .. } | TripEvent::CaptureWitnessed | TripEvent::CaptureDeclined) {
        let is_taken =
            !matches!(event, TripEvent::CaptureDeclined) && row.state.captured().is_some_and(Money::is_positive);
        store::trip::confirm_capture(&mut *conn, &row.id, is_taken.then_some(said.at)).await?;
        super::send_refund::wake(&mut *conn, &row.id, said.at).await?;
    }
    enqueue(&mut *conn, store, row, &step, said.at).await?;
    for kind in step.alerts {
        store::alert::open(&mut *conn, kind, row.id.as_str(), said.at).await?;
    }
    Ok(true)
}

async fn book(conn: &mut PgConnection, row: &TripRow, movement: Movement, said: Said<'_>) -> Result<(), StoreError> {
    let mover = Mover { by: said.by, reason: None, reference: None, parts: None, at: said.at };
    let kind = match movement {
        Movement::Priced(_) => "priced",
        Movement::Captured(_) => "captured",
        Movement::CaptureReversed(_) => "capture_reversed",
        Movement::Suspended(_) => "suspended",
        Movement::Unsuspended(_) => "unsuspended",
        Movement::DebtIncurred { amount, cause } => return incur(conn, row, amount, cause, mover).await,
        Movement::LateCapture(amount) => return late(conn, row, DebtEvent::CaptureRecovered(amount), mover).await,
        Movement::LateCaptureReversed(amount) => {
            return late(conn, row, DebtEvent::RecoveryReversed(amount), mover).await;
        }
    };
    let nothing = Money::zero(row.currency);
    let Parts { tax, deposits } = said.parts.unwrap_or(Parts { tax: nothing, deposits: nothing });
    let books = Books { trip: &row.id, instrument: row.instrument.as_ref(), tax, deposits };
    let entries = ledger::entries(movement, books).map_err(|_| StoreError::Corrupt("ledger amounts"))?;
    let posting = Posting { store: &row.store, currency: row.currency, trip: &row.id, kind };
    store::ledger::post(conn, posting, &entries, said.at).await
}

/// A capture after the fact moves the debt that the visit has by then.
async fn late(conn: &mut PgConnection, row: &TripRow, event: DebtEvent, mover: Mover<'_>) -> Result<(), StoreError> {
    let debt = store::debt::lock(&mut *conn, &row.id).await?;
    let debt = debt.ok_or(StoreError::Corrupt("an uncollected trip without a debt"))?;
    match move_debt(conn, row, debt, event, mover).await? {
        Moved::Debt(_) => Ok(()),
        Moved::Refused(_) | Moved::CountedBefore => Err(StoreError::Corrupt("debt amount")),
    }
}

async fn record(conn: &mut PgConnection, row: &TripRow, before: Trip, said: Said<'_>) -> Result<(), StoreError> {
    let detail = json!({
        "from": before.name(),
        "to": row.state.name(),
        "total_minor": row.state.total().map(Money::minor),
        "captured_minor": row.state.captured().map(Money::minor),
    });
    let entry = AuditEntry { actor: said.by, action: "trip_moved", subject: row.id.as_str(), detail };
    store::audit::insert(conn, entry, said.at).await?;
    tracing::info!(trip.id = %row.id, from = before.name(), to = row.state.name(), "trip moved");
    Ok(())
}

async fn enqueue(
    conn: &mut PgConnection,
    store: &Store,
    row: &TripRow,
    step: &Step,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let moment = Moment { trip: step.trip, deadline_at: row.deadline_at, review_limit: store.review_limit, now };
    let planned: Vec<_> = step.effects.iter().map(|effect| (effect, effect.plan(moment))).collect();
    store::outbox::push_all(&mut *conn, &planned, now).await?;
    if matches!(step.trip, Trip::Uncollected { .. }) && !step.movements.is_empty() {
        super::notify_shopper::notify(conn, row, now).await?;
    }
    Ok(())
}
