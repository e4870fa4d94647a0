//! One event of one debt: the new amounts, the entries, the history, the alerts and the audit, all in the caller's transaction. The
//! one place where [`Debt::apply`] is called.

use domain::alert::AlertKind;
use domain::debt::{Debt, DebtError, DebtEvent, DebtMovement, DebtStory};
use domain::effect::Effect;
use domain::id::DebtId;
use domain::ledger::{self, Books};
use domain::money::Money;
use domain::reason::DebtCause;
use domain::store::Store;
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::advance::Parts;
use super::request_refund::{open_credit, withdraw_credit};
use crate::store::audit::AuditEntry;
use crate::store::debt::DebtRow;
use crate::store::debt_event::DebtTold;
use crate::store::ledger::Posting;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Who moves a debt, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mover<'a> {
    /// The actor in the audit.
    pub(super) by: &'a str,
    /// Why, where a person says so.
    pub(super) reason: Option<&'a str>,
    /// The till's own number of a payment.
    pub(super) reference: Option<&'a str>,
    /// What of a credited amount is tax and deposits.
    pub(super) parts: Option<Parts>,
    /// The time.
    pub(super) at: OffsetDateTime,
}

/// What became of an event.
#[derive(Debug)]
pub(super) enum Moved {
    /// The debt is this now.
    Debt(Debt),
    /// The debt refused it; nothing changed.
    Refused(DebtError),
    /// A payment with this reference was counted before; nothing changed.
    CountedBefore,
}

/// `amount` of a visit is owed from now on: a debt is born, or grows. The visit's row is locked.
pub(super) async fn incur(
    conn: &mut PgConnection,
    row: &TripRow,
    amount: Money,
    cause: DebtCause,
    mover: Mover<'_>,
) -> Result<(), StoreError> {
    if let Some(debt) = store::debt::lock(&mut *conn, &row.id).await? {
        return match move_debt(conn, row, debt, DebtEvent::Increased(amount), mover).await? {
            Moved::Debt(_) => Ok(()),
            Moved::Refused(_) | Moved::CountedBefore => Err(StoreError::Corrupt("debt amount")),
        };
    }
    let debt = Debt::incur(amount, cause).map_err(|_| StoreError::Corrupt("debt amount"))?;
    let id = DebtId(Uuid::new_v4());
    store::debt::insert(&mut *conn, id, &row.id, row.instrument.as_ref(), &debt, mover.at).await?;
    let told = told(DebtStory::Incurred, amount, mover);
    store::debt_event::insert(&mut *conn, id, &told, mover.at).await?;
    post(&mut *conn, row, DebtMovement::Incurred(amount), mover).await?;
    if row.instrument.is_none() {
        store::alert::open(&mut *conn, AlertKind::UnresolvedInstrument, row.id.as_str(), mover.at).await?;
    }
    let detail = json!({
        "amount_minor": amount.minor(),
        "currency": amount.currency().code(),
        "cause": cause.as_str(),
        "instrument": row.instrument.as_ref().map(ToString::to_string),
    });
    let entry = AuditEntry { actor: mover.by, action: "debt_incurred", subject: row.id.as_str(), detail };
    store::audit::insert(conn, entry, mover.at).await
}

/// Applies `event` to the debt of a visit; the rows of both are locked.
pub(super) async fn move_debt(
    conn: &mut PgConnection,
    row: &TripRow,
    held: DebtRow,
    event: DebtEvent,
    mover: Mover<'_>,
) -> Result<Moved, StoreError> {
    let DebtRow { id, debt: before, .. } = held;
    let step = match before.apply(event) {
        Ok(step) => step,
        Err(refused) => return Ok(Moved::Refused(refused)),
    };
    let (story, amount) = event.story();
    // What was given up, or is not given up any more, where the event does not say how much.
    let amount = match amount {
        Some(amount) => amount,
        None => moved_amount(&step.movements, before.incurred)?,
    };
    if !store::debt_event::insert(&mut *conn, id, &told(story, amount, mover), mover.at).await? {
        return Ok(Moved::CountedBefore);
    }
    store::debt::save(&mut *conn, id, &step.debt, mover.at).await?;
    for movement in &step.movements {
        post(&mut *conn, row, *movement, mover).await?;
        match movement {
            DebtMovement::Overpaid(surplus) | DebtMovement::RecoveredSurplus(surplus) if surplus.is_positive() => {
                store::alert::open(&mut *conn, AlertKind::ShopperCredit, row.id.as_str(), mover.at).await?;
                open_credit(&mut *conn, row, mover.by, mover.at).await?;
            }
            // What a bank gives back of it is the shopper's again.
            DebtMovement::CreditChargedBack(taken) if !taken.is_positive() => {
                store::alert::open(&mut *conn, AlertKind::ShopperCredit, row.id.as_str(), mover.at).await?;
                open_credit(&mut *conn, row, mover.by, mover.at).await?;
            }
            DebtMovement::RecoveredSurplus(_) | DebtMovement::CreditChargedBack(_) => {
                withdraw_credit(&mut *conn, row, mover.by, mover.at).await?
            }
            _ => {}
        }
    }
    let detail = json!({
        "event": story.as_str(),
        "amount_minor": amount.minor(),
        "currency": amount.currency().code(),
        "outstanding_before_minor": before.outstanding.minor(),
        "outstanding_minor": step.debt.outstanding.minor(),
        "status": step.debt.status.as_str(),
        "counts_at_gate": step.debt.counts_at_gate,
        "reason": mover.reason,
        "reference": mover.reference,
    });
    let entry = AuditEntry { actor: mover.by, action: "debt_moved", subject: row.id.as_str(), detail };
    store::audit::insert(conn, entry, mover.at).await?;
    Ok(Moved::Debt(step.debt))
}

/// Amazon hears of what is outstanding now, where the store tells it. Several changes make one report.
pub(super) async fn report(
    conn: &mut PgConnection,
    settings: &Store,
    row: &TripRow,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let effect = Effect::ReportPaymentStatus { trip: row.id.clone(), store: row.store.clone() };
    if !settings.reports_feedback() || store::outbox::live(&mut *conn, effect.kind(), &row.id).await?.waiting {
        return Ok(());
    }
    store::outbox::push(conn, &effect, now, Some(row.deadline_at), now).await.map(drop)
}

fn told<'a>(story: DebtStory, amount: Money, mover: Mover<'a>) -> DebtTold<'a> {
    DebtTold { story, amount, by: mover.by, reason: mover.reason, reference: mover.reference }
}

fn moved_amount(movements: &[DebtMovement], like: Money) -> Result<Money, StoreError> {
    let nothing = Money::zero(like.currency());
    let amounts = movements.iter().map(|movement| match *movement {
        DebtMovement::WrittenOff(amount) if amount.is_positive() => Ok(amount),
        DebtMovement::WrittenOff(amount) => amount.checked_neg(),
        DebtMovement::Incurred(_)
        | DebtMovement::Paid { .. }
        | DebtMovement::Overpaid(_)
        | DebtMovement::ChargedBack(_)
        | DebtMovement::CreditChargedBack(_)
        | DebtMovement::ChargebackLost(_)
        | DebtMovement::Recovered(_)
        | DebtMovement::RecoveredSurplus(_)
        | DebtMovement::Credited(_) => Ok(nothing),
    });
    let amounts = amounts.collect::<Result<Vec<_>, _>>();
    amounts.and_then(|it| Money::sum(like.currency(), it)).map_err(|_| StoreError::Corrupt("debt amount"))
}

async fn post(
    conn: &mut PgConnection,
    row: &TripRow,
    movement: DebtMovement,
    mover: Mover<'_>,
) -> Result<(), StoreError> {
    let nothing = Money::zero(row.currency);
    let Parts { tax, deposits } = mover.parts.unwrap_or(Parts { tax: nothing, deposits: nothing });
    let books = Books { trip: &row.id, instrument: row.instrument.as_ref(), tax, deposits };
    let entries = ledger::debt_entries(movement, books).map_err(|_| StoreError::Corrupt("ledger amounts"))?;
    let posting = Posting { store: &row.store, currency: row.currency, trip: &row.id, kind: movement.ledger_kind() };
    store::ledger::post(conn, posting, &entries, mover.at).await
}
