//! One word about one payoff: what it changes, the debts it settles or reopens, entries, history, audit, mail, all in one
//! transaction. Nothing else moves money for a payoff.

use domain::alert::AlertKind;
use domain::debt::{Debt, DebtEvent};
use domain::effect::{Effect, PayoffNews};
use domain::id::{PayoffId, TripId};
use domain::money::Money;
use domain::payoff::{Payoff, PayoffError, PayoffEvent, PayoffMoney, Share, spread};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::PayoffRow;
use crate::flow::advance::settings_of;
use crate::flow::move_debt::{Moved, Mover, move_debt, report};
use crate::store::audit::AuditEntry;
use crate::store::payoff::AllocationRow;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Who says it, and what else is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Teller<'a> {
    /// The actor in the audit.
    pub(super) by: &'a str,
    /// Where the session is paid, if it was just opened.
    pub(super) url: Option<&'a str>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Told {
    /// It moved.
    Moved,
    /// Nothing new.
    Unchanged,
    /// Word of the payment has not come yet.
    TooEarly,
    /// It cannot be: a person looks.
    Refused,
    /// There is no such payoff.
    Unknown,
}

/// Tells a payoff what became known.
pub(super) async fn tell(
    db: &PgPool,
    id: PayoffId,
    event: PayoffEvent,
    teller: Teller<'_>,
    now: OffsetDateTime,
) -> Result<Told, StoreError> {
    let mut tx = db.begin().await?;
    let Some(mut row) = store::payoff::lock(&mut tx, id).await? else { return Ok(Told::Unknown) };
    let step = match row.state.apply(row.amount, event) {
        Ok(step) => step,
        Err(PayoffError::NotPaidYet) => return Ok(Told::TooEarly),
        Err(PayoffError::StillOpen) => return Ok(Told::Unchanged),
        Err(refused @ (PayoffError::OtherSession | PayoffError::OtherAmount | PayoffError::OtherDispute)) => {
            tracing::error!(payoff.id = %id, problem = %refused, "word of a payoff that cannot be right");
            store::alert::open(&mut tx, AlertKind::PayoffImplausible, &id.to_string(), now).await?;
            tx.commit().await?;
            return Ok(Told::Refused);
        }
    };
    if step.payoff == row.state {
        return Ok(Told::Unchanged);
    }
    let before = std::mem::replace(&mut row.state, step.payoff);
    row.url = teller.url.map(str::to_owned);
    if before.paid_by().is_none() && row.state.paid_by().is_some() {
        row.paid_at = Some(now);
    }
    store::payoff::save(&mut tx, &row, now).await?;
    let word = Change { row: &row, by: teller.by, at: now };
    match step.money {
        PayoffMoney::Stays => {}
        PayoffMoney::Settles => word.settle(&mut tx).await?,
        PayoffMoney::TakenBack(amount) => word.take_back(&mut tx, amount).await?,
        PayoffMoney::GivenBack(_) => word.give_back(&mut tx).await?,
    }
    word.audit(&mut tx, &before, step.money).await?;
    tx.commit().await?;
    tracing::info!(payoff.id = %id, before = before.name(), state = row.state.name(), by = teller.by, "a payoff moved");
    metrics::counter!("storeside_payoffs_total", "state" => row.state.name()).increment(1);
    Ok(Told::Moved)
}

/// What moves with a payoff.
struct Change<'a> {
    row: &'a PayoffRow,
    by: &'a str,
    at: OffsetDateTime,
}

/// One part, with its visit and debt locked.
struct Part {
    trip: TripRow,
    debt: store::debt::DebtRow,
}

impl Change<'_> {
    async fn settle(&self, conn: &mut PgConnection) -> Result<(), StoreError> {
        for AllocationRow { allocation, .. } in store::payoff::allocations(&mut *conn, self.row).await? {
            let part = lock(&mut *conn, &allocation.trip).await?;
            let before = part.debt.debt.paid;
            let debt = self.apply(&mut *conn, part, DebtEvent::PaidOnline(allocation.amount)).await?;
            let share = debt.paid.checked_sub(before).and_then(|settled| Share::paid(allocation.amount, settled));
            let share = share.map_err(|_| StoreError::Corrupt("payoff amounts"))?;
            store::payoff::save_share(&mut *conn, self.row.id, &allocation.trip, &share).await?;
        }
        self.notice(conn, PayoffNews::Paid).await
    }

    async fn take_back(&self, conn: &mut PgConnection, amount: Money) -> Result<(), StoreError> {
        let corrupt = |_| StoreError::Corrupt("payoff amounts");
        let parts = store::payoff::allocations(&mut *conn, self.row).await?;
        let shares: Vec<Share> = parts.iter().map(|it| it.share).collect();
        let takes = spread(amount, &shares).map_err(corrupt)?;
        for (AllocationRow { allocation, share }, take) in parts.into_iter().zip(takes) {
            if take.is_zero() {
                continue;
            }
            let part = lock(&mut *conn, &allocation.trip).await?;
            let credit = store::payoff::shopper_credit(&mut *conn, &allocation.trip, amount.currency()).await?;
            let (share, back) = share.charge_back(take, part.debt.debt.paid, credit).map_err(corrupt)?;
            self.apply(&mut *conn, part, DebtEvent::ChargedBack(back)).await?;
            store::payoff::save_share(&mut *conn, self.row.id, &allocation.trip, &share).await?;
        }
        store::alert::open(&mut *conn, AlertKind::PayoffDisputed, &self.row.id.to_string(), self.at).await?;
        self.notice(conn, PayoffNews::ChargedBack).await
    }

    async fn give_back(&self, conn: &mut PgConnection) -> Result<(), StoreError> {
        let corrupt = |_| StoreError::Corrupt("payoff amounts");
        for AllocationRow { allocation, share } in store::payoff::allocations(&mut *conn, self.row).await? {
            if share.charged_back.is_zero() {
                continue;
            }
            let part = lock(&mut *conn, &allocation.trip).await?;
            let before = part.debt.debt.paid;
            let amount = share.charged_back.checked_sub(share.lost).map_err(corrupt)?;
            let event = DebtEvent::ChargeRestored { amount, lost: share.lost };
            let debt = self.apply(&mut *conn, part, event).await?;
            let share = debt.paid.checked_sub(before).and_then(|settled| share.restore(settled)).map_err(corrupt)?;
            store::payoff::save_share(&mut *conn, self.row.id, &allocation.trip, &share).await?;
        }
        store::alert::close(&mut *conn, AlertKind::PayoffDisputed, &self.row.id.to_string(), self.at).await?;
        self.notice(conn, PayoffNews::Paid).await
    }

    async fn apply(&self, conn: &mut PgConnection, part: Part, event: DebtEvent) -> Result<Debt, StoreError> {
        let reference = self.row.id.to_string();
        let mover = Mover { by: self.by, reason: None, reference: Some(&reference), parts: None, at: self.at };
        let moved = match move_debt(&mut *conn, &part.trip, part.debt, event, mover).await? {
            Moved::Debt(debt) => debt,
            Moved::Refused(_) | Moved::CountedBefore => {
                return Err(StoreError::Corrupt("a debt that refuses its payoff"));
            }
        };
        let settings = settings_of(&mut *conn, &part.trip).await?;
        report(conn, &settings, &part.trip, self.at).await?;
        Ok(moved)
    }

    async fn notice(&self, conn: &mut PgConnection, news: PayoffNews) -> Result<(), StoreError> {
        let effect = Effect::SendPayoffNotice { payoff: self.row.id, news };
        store::outbox::push(conn, &effect, self.at, None, self.at).await.map(drop)
    }

    async fn audit(&self, conn: &mut PgConnection, before: &Payoff, money: PayoffMoney) -> Result<(), StoreError> {
        let (moved, minor) = match money {
            PayoffMoney::Stays => ("stays", 0),
            PayoffMoney::Settles => ("settles", self.row.amount.minor()),
            PayoffMoney::TakenBack(amount) => ("taken_back", amount.minor()),
            PayoffMoney::GivenBack(amount) => ("given_back", amount.minor()),
        };
        let detail = json!({
            "before": before.name(),
            "state": self.row.state.name(),
            "money": moved,
            "amount_minor": minor,
            "currency": self.row.amount.currency().code(),
            "payment": self.row.state.paid_by().map(|it| it.payment.as_str()),
        });
        let subject = self.row.id.to_string();
        let entry = AuditEntry { actor: self.by, action: "payoff_moved", subject: &subject, detail };
        store::audit::insert(conn, entry, self.at).await
    }
}

/// The visit first, then its debt, as everybody locks them.
async fn lock(conn: &mut PgConnection, trip: &TripId) -> Result<Part, StoreError> {
    let row = store::trip::lock(&mut *conn, trip).await?.ok_or(StoreError::Corrupt("payoff_allocation.trip_id"))?;
    let debt = store::debt::lock(conn, trip).await?.ok_or(StoreError::Corrupt("payoff_allocation.debt_id"))?;
    Ok(Part { trip: row, debt })
}
