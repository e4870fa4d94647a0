//! What people do about a debt: take a payment, take one back, give it up, let its shopper in.

use domain::debt::{Debt, DebtError, DebtEvent, PaymentMeans};
use domain::id::{InstrumentId, TripId};
use domain::money::Money;
use domain::trip::{Trip, TripEvent};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::advance::{Said, advance, settings_of};
use super::move_debt::{Moved, Mover, move_debt, report};
use super::staff::{UnknownStaff, check_staff};
use crate::failpoint::{self, Commit};
pub use crate::store::debt::{Balance, DebtFilter, ListedDebt};
use crate::store::debt_event::ToldLine;
use crate::store::{self, StoreError};

/// Why a debt stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SettleDebtError {
    /// The visit has none.
    #[error("trip {0} has no debt: `storeside debt list` shows all")]
    NotFound(TripId),
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// Two people are asked for.
    #[error("{amount} is more than one person may give up here ({limit}): name a second one with another --as")]
    SecondPerson {
        /// What would be given up.
        amount: Money,
        /// What one person may give up.
        limit: Money,
    },
    /// The same person twice.
    #[error("the two people must be two")]
    SamePerson,
    /// The debt refuses.
    #[error("{0} (outstanding: {1})")]
    Refused(DebtError, Money),
    /// The reference was counted before.
    #[error("a payment with the reference {0} was counted before; nothing has changed")]
    CountedBefore(String),
    /// Not a case for a person.
    #[error("the trip is {0}: only what could not be confirmed waits for a person")]
    NotUnconfirmed(&'static str),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SettleDebtError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Who decides, and why.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    /// The person.
    pub by: &'a str,
    /// The second one, where two are asked for.
    pub second: Option<&'a str>,
    /// For auditors.
    pub reason: &'a str,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum DebtChange<'a> {
    /// A payment that staff took.
    Pay {
        /// How much.
        amount: Money,
        /// How.
        means: PaymentMeans,
        /// The till's own number: the same one counts once.
        reference: &'a str,
    },
    /// A payment is taken back.
    ReversePayment {
        /// How much.
        amount: Money,
        /// How it had been paid.
        means: PaymentMeans,
    },
    /// Give up what is outstanding.
    WriteOff,
    /// It is not given up after all.
    Reopen,
    /// It does not count at the gate any more.
    Clear,
    /// It counts at the gate from now on.
    Confirm,
}

impl DebtChange<'_> {
    fn event(&self) -> DebtEvent {
        match *self {
            Self::Pay { amount, means, .. } => DebtEvent::Paid { amount, means },
            Self::ReversePayment { amount, means } => DebtEvent::PaymentReversed { amount, means },
            Self::WriteOff => DebtEvent::WrittenOff,
            Self::Reopen => DebtEvent::Reopened,
            Self::Clear => DebtEvent::Cleared,
            Self::Confirm => DebtEvent::Confirmed,
        }
    }

    fn reference(&self) -> Option<&str> {
        match self {
            Self::Pay { reference, .. } => Some(reference),
            Self::ReversePayment { .. } | Self::WriteOff | Self::Reopen | Self::Clear | Self::Confirm => None,
        }
    }
}

/// Changes a visit's debt. Entries, history, audit and the report to Amazon are written with it.
///
/// # Errors
///
/// See [`SettleDebtError`]. Nothing has changed then.
pub async fn settle_debt(
    db: &PgPool,
    trip: &TripId,
    change: DebtChange<'_>,
    decider: Decider<'_>,
    now: OffsetDateTime,
) -> Result<Debt, SettleDebtError> {
    let mut tx = db.begin().await?;
    known(&mut tx, decider).await?;
    let row = store::trip::lock(&mut tx, trip).await?.ok_or_else(|| SettleDebtError::NotFound(trip.clone()))?;
    let held = store::debt::lock(&mut tx, trip).await?.ok_or_else(|| SettleDebtError::NotFound(trip.clone()))?;
    let outstanding = held.debt.outstanding;
    if matches!(change, DebtChange::WriteOff) && decider.second.is_none() {
        let limit = store::settings::write_off_alone(&mut tx, &row.store).await?;
        if outstanding.minor() > limit.minor() {
            return Err(SettleDebtError::SecondPerson { amount: outstanding, limit });
        }
    }
    let by = decider.second.map_or_else(|| decider.by.to_owned(), |second| format!("{} and {second}", decider.by));
    let mover = Mover { by: &by, reason: Some(decider.reason), reference: change.reference(), parts: None, at: now };
    let debt = match move_debt(&mut tx, &row, held, change.event(), mover).await? {
        Moved::Debt(debt) => debt,
        Moved::Refused(refused) => return Err(SettleDebtError::Refused(refused, outstanding)),
        Moved::CountedBefore => {
            return Err(SettleDebtError::CountedBefore(change.reference().unwrap_or_default().to_owned()));
        }
    };
    // A write-off is no settlement: Amazon hears of payments.
    if matches!(change, DebtChange::Pay { .. } | DebtChange::ReversePayment { .. }) {
        let settings = settings_of(&mut tx, &row).await?;
        report(&mut tx, &settings, &row, now).await?;
    }
    failpoint::commit(tx, Commit::DebtChanged).await?;
    Ok(debt)
}

/// A person found out what became of a capture that nobody could confirm in time.
///
/// # Errors
///
/// See [`SettleDebtError`]. Nothing has changed then.
pub async fn confirm_capture(
    db: &PgPool,
    trip: &TripId,
    was_taken: bool,
    decider: Decider<'_>,
    now: OffsetDateTime,
) -> Result<Trip, SettleDebtError> {
    let mut tx = db.begin().await?;
    known(&mut tx, decider).await?;
    let mut row = store::trip::lock(&mut tx, trip).await?.ok_or_else(|| SettleDebtError::NotFound(trip.clone()))?;
    let Trip::CaptureUnconfirmed { amount, .. } = row.state else {
        return Err(SettleDebtError::NotUnconfirmed(row.state.name()));
    };
    let settings = settings_of(&mut tx, &row).await?;
    let event = match was_taken {
        true => TripEvent::CaptureApproved { amount: Some(amount) },
        false => TripEvent::CaptureDeclined,
    };
    advance(&mut tx, &settings, &mut row, event, Said { by: decider.by, parts: None, at: now }).await?;
    let detail = serde_json::json!({ "was_taken": was_taken, "reason": decider.reason });
    let entry =
        store::audit::AuditEntry { actor: decider.by, action: "capture_confirmed", subject: trip.as_str(), detail };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(row.state)
}

async fn known(conn: &mut sqlx::PgConnection, decider: Decider<'_>) -> Result<(), SettleDebtError> {
    if decider.second == Some(decider.by) {
        return Err(SettleDebtError::SamePerson);
    }
    for name in [Some(decider.by), decider.second].into_iter().flatten() {
        check_staff(&mut *conn, name).await??;
    }
    Ok(())
}

/// Debts, the oldest first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_debts(db: &PgPool, filter: &DebtFilter) -> Result<Vec<ListedDebt>, StoreError> {
    store::debt::list(&mut *db.acquire().await?, filter).await
}

/// A visit's debt from its birth on.
///
/// # Errors
///
/// A database that is away.
pub async fn debt_history(db: &PgPool, trip: &TripId) -> Result<Vec<ToldLine>, StoreError> {
    store::debt_event::list(&mut *db.acquire().await?, trip).await
}

/// What an instrument owes over all its visits and stores, a currency each: what is outstanding, what was given up, and what of both
/// counts at the gate.
///
/// # Errors
///
/// A database that is away.
pub async fn balance(db: &PgPool, instrument: &InstrumentId) -> Result<Vec<Balance>, StoreError> {
    store::debt::balance(&mut *db.acquire().await?, instrument).await
}
