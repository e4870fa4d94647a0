//! One event of one refund: the new state, the entries, the debt it reduces, the effects, the alerts and the audit, all in the
//! caller's transaction. The one place where [`domain::refund::Refund::apply`] is called.

use domain::alert::AlertKind;
use domain::debt::DebtEvent;
use domain::effect::Effect;
use domain::money::{Money, MoneyError};
use domain::refund::{
    Funds, MovedParts, Refund, RefundCase, RefundError, RefundEvent, RefundKind, RefundMovement, RefundStep, Split,
    refund_entries,
};
use domain::store::Store;
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::advance::Parts;
use super::move_debt::{Moved, Mover, move_debt, report};
use crate::store::audit::AuditEntry;
use crate::store::ledger::Posting;
use crate::store::refund::RefundRow;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Alerts that are settled once a refund has gone on.
const SETTLED_BY_MOVING: [AlertKind; 4] =
    [AlertKind::RefundInReview, AlertKind::RefundRefused, AlertKind::RefundByHand, AlertKind::RefundStuck];

/// Who moves a refund, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefundMover<'a> {
    /// The actor in the audit.
    pub(super) by: &'a str,
    /// Why, where a person says so.
    pub(super) reason: Option<&'a str>,
    /// The time.
    pub(super) at: OffsetDateTime,
}

/// What became of an event.
pub(super) type RefundMoved = Result<(), RefundError>;

/// A visit whose row is locked, and its store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The visit.
    pub(super) row: &'a TripRow,
    /// Its store.
    pub(super) settings: &'a Store,
}

/// The refund that the rules of `domain` are asked about.
pub(super) fn case(refund: &RefundRow) -> RefundCase<'_> {
    RefundCase {
        id: refund.id,
        trip: &refund.trip,
        store: &refund.store,
        kind: refund.kind,
        amount: refund.amount,
        reason: refund.reason,
    }
}

/// Where the money of a visit is. Its row is locked.
pub(super) async fn funds(conn: &mut PgConnection, row: &TripRow, kind: RefundKind) -> Result<Funds, StoreError> {
    let taken = store::refund::taken(&mut *conn, &row.id, row.currency).await?;
    let nothing = Money::zero(row.currency);
    let owed = match kind {
        RefundKind::Goods => store::debt::outstanding_of_trip(conn, &row.id).await?.unwrap_or(nothing),
        // What is the shopper's already is not goods that come back.
        RefundKind::Credit => nothing,
    };
    Ok(Funds { card: taken.card, elsewhere: taken.elsewhere, owed })
}

/// Applies `event` to a refund whose row is locked, after its visit's. `Err` of `domain`: nothing changed.
pub(super) async fn move_refund(
    conn: &mut PgConnection,
    place: Place<'_>,
    refund: &mut RefundRow,
    event: RefundEvent,
    mover: RefundMover<'_>,
) -> Result<RefundMoved, StoreError> {
    let before = refund.state.clone();
    let decides = matches!(event, RefundEvent::Approved { .. } | RefundEvent::Declined);
    let step = match before.clone().apply(event, case(refund)) {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    refund.state = step.refund.clone();
    if decides {
        refund.decided_by = Some(mover.by.to_owned());
        refund.decided_because = mover.reason.map(str::to_owned);
        refund.decided_at = Some(mover.at);
    }
    if before.is_open() && !refund.state.is_open() {
        refund.ended_at = Some(mover.at);
    }
    store::refund::save(&mut *conn, refund, mover.at).await?;
    book(&mut *conn, place, refund, &before, &step, mover).await?;
    if refund.state != before {
        record(&mut *conn, refund, &before, mover).await?;
    }
    tell(conn, refund, &before, step, mover.at).await?;
    Ok(Ok(()))
}

async fn book(
    conn: &mut PgConnection,
    place: Place<'_>,
    refund: &RefundRow,
    before: &Refund,
    step: &RefundStep,
    mover: RefundMover<'_>,
) -> Result<(), StoreError> {
    let Some(after) = refund.state.split() else { return Ok(()) };
    let parts = MovedParts::of(refund.parts, before.split(), after).map_err(amounts)?;
    for movement in &step.movements {
        if let RefundMovement::Credited(amount) = movement {
            let credited = Parts { tax: parts.credited.tax, deposits: parts.credited.deposits };
            credit(&mut *conn, place, *amount, credited, mover).await?;
        }
        let Some(kind) = movement.ledger_kind(refund.kind) else { continue };
        let entries = refund_entries(*movement, refund.kind, &refund.trip, parts.approved).map_err(amounts)?;
        let posting = Posting { store: &refund.store, currency: refund.amount.currency(), trip: &refund.trip, kind };
        store::ledger::post(&mut *conn, posting, &entries, mover.at).await?;
    }
    Ok(())
}

fn amounts(_: MoneyError) -> StoreError {
    StoreError::Corrupt("refund amounts")
}

/// What comes back need not be paid: the debt goes down, and Amazon hears of it. Cash that is given back changes neither.
async fn credit(
    conn: &mut PgConnection,
    place: Place<'_>,
    amount: Money,
    parts: Parts,
    mover: RefundMover<'_>,
) -> Result<(), StoreError> {
    let debt = store::debt::lock(&mut *conn, &place.row.id).await?;
    let debt = debt.ok_or(StoreError::Corrupt("a refund that reduces a debt that is not there"))?;
    let by = Mover { by: mover.by, reason: mover.reason, reference: None, parts: Some(parts), at: mover.at };
    match move_debt(&mut *conn, place.row, debt, DebtEvent::Credited(amount), by).await? {
        Moved::Debt(_) => report(conn, place.settings, place.row, mover.at).await,
        Moved::Refused(_) | Moved::CountedBefore => Err(StoreError::Corrupt("debt amount")),
    }
}

async fn record(
    conn: &mut PgConnection,
    refund: &RefundRow,
    before: &Refund,
    mover: RefundMover<'_>,
) -> Result<(), StoreError> {
    let minor = |of: fn(&Split) -> Money| refund.state.split().map(|split| of(&split).minor());
    let detail = json!({
        "trip": refund.trip.as_str(),
        "from": before.name(),
        "to": refund.state.name(),
        "amount_minor": refund.amount.minor(),
        "currency": refund.amount.currency().code(),
        "credit_minor": minor(|split| split.credit),
        "card_minor": minor(|split| split.card),
        "elsewhere_minor": minor(|split| split.elsewhere),
        "reconciliation_id": refund.state.reconciliation().map(ToString::to_string),
        "reason": mover.reason,
    });
    let subject = refund.id.to_string();
    let entry = AuditEntry { actor: mover.by, action: "refund_moved", subject: &subject, detail };
    store::audit::insert(conn, entry, mover.at).await?;
    tracing::info!(refund.id = %refund.id, trip.id = %refund.trip, from = before.name(), to = refund.state.name(), "refund moved");
    Ok(())
}

/// The effects and alerts of a step.
pub(super) async fn tell(
    conn: &mut PgConnection,
    refund: &RefundRow,
    before: &Refund,
    step: RefundStep,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let subject = refund.id.to_string();
    for effect in &step.effects {
        let due_at = match (effect, &step.refund) {
            (Effect::RefundCharge { .. }, Refund::Waiting { until, .. }) => *until,
            _ => now,
        };
        // A refund has no deadline after which it would be worth nothing.
        store::outbox::push(&mut *conn, effect, due_at, None, now).await?;
    }
    if step.refund.name() != before.name() {
        for kind in SETTLED_BY_MOVING {
            store::alert::close(&mut *conn, kind, &subject, now).await?;
        }
    }
    for kind in step.alerts {
        store::alert::open(&mut *conn, kind, &subject, now).await?;
    }
    Ok(())
}
