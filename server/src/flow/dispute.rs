//! A shopper says that a debt was paid already, or is not theirs; a person decides. Opening one moves no money and changes no debt.

use domain::alert::AlertKind;
use domain::debt::DebtEvent;
use domain::dispute::{Dispute, DisputeEvent, DisputeKind, takes_two};
use domain::effect::Effect;
use domain::id::{DisputeId, TripId};
use domain::money::Money;
use domain::note::Note;
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::advance::settings_of;
use super::move_debt::{Moved, Mover, move_debt, report};
use super::settle_debt::Decider;
use super::staff::{UnknownStaff, check_staff};
use crate::failpoint::{self, Commit};
use crate::store::audit::AuditEntry;
use crate::store::debt::DebtRow;
pub use crate::store::dispute::DisputeRow;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};
use crate::vault::Vault;

mod read;

pub use read::{DisputeMail, ShownDispute, dispute_mail, dispute_note, list_disputes, newest_disputes, show_dispute};

/// Disputes of one debt. Whoever was told no so often speaks to the store.
const PER_DEBT_MAX: usize = 3;

/// Why no dispute is opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenDisputeError {
    /// There is no such visit, or it is somebody else's: from outside the two look alike.
    #[error("there is no such trip")]
    NotFound,
    /// Nothing is owed for it.
    #[error("nothing is owed for this trip")]
    NotOwed,
    /// One at a time.
    #[error("the trip has a dispute already: {0}")]
    AlreadyOpen(DisputeId),
    /// It was disputed often enough.
    #[error("the trip was disputed often enough")]
    TooOften,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for OpenDisputeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a shopper says. Whoever asks makes the id beforehand: asking twice with the same one is asking once.
#[derive(Debug, Clone, Copy)]
pub struct DisputeOrder<'a> {
    /// Its id, for life.
    pub id: DisputeId,
    /// The visit.
    pub trip: &'a TripId,
    /// What.
    pub kind: DisputeKind,
    /// What they add.
    pub note: Option<&'a Note>,
    /// Who.
    pub viewer: &'a Viewer,
}

/// What can be disputed of a visit: what is outstanding. Nothing is written.
///
/// # Errors
///
/// See [`OpenDisputeError`].
pub async fn check_dispute(db: &PgPool, viewer: &Viewer, trip: &TripId) -> Result<Money, OpenDisputeError> {
    let mut tx = db.begin().await?;
    let (_, held) = lock(&mut tx, viewer, trip).await?;
    may_open(&mut tx, &held, trip).await
}

/// Opens a dispute.
///
/// # Errors
///
/// See [`OpenDisputeError`]. Nothing has changed then.
pub async fn open_dispute(
    db: &PgPool,
    vault: &Vault,
    order: DisputeOrder<'_>,
    now: OffsetDateTime,
) -> Result<DisputeRow, OpenDisputeError> {
    let mut tx = db.begin().await?;
    let (row, held) = lock(&mut tx, order.viewer, order.trip).await?;
    if let Some(known) = store::dispute::get(&mut tx, order.id).await? {
        // Asked twice: a second click, or a page that was sent again.
        return if known.trip == row.id { Ok(known) } else { Err(OpenDisputeError::NotFound) };
    }
    let amount = may_open(&mut tx, &held, order.trip).await?;
    let debt = held.ok_or(OpenDisputeError::NotOwed)?.id;
    let dispute = DisputeRow {
        id: order.id,
        debt,
        trip: row.id.clone(),
        kind: order.kind,
        amount,
        state: Dispute::Open,
        opened_by: order.viewer.to_string(),
        decided_by: None,
        decided_because: None,
        opened_at: now,
        decided_at: None,
    };
    store::dispute::insert(&mut tx, vault, &dispute, order.note).await?;
    let subject = dispute.id.to_string();
    store::alert::open(&mut tx, AlertKind::DisputeOpen, &subject, now).await?;
    let detail = json!({
        "trip": row.id.as_str(),
        "kind": order.kind.as_str(),
        "amount_minor": amount.minor(),
        "currency": amount.currency().code(),
    });
    let entry = AuditEntry { actor: &dispute.opened_by, action: "dispute_opened", subject: &subject, detail };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(dispute)
}

async fn lock(
    conn: &mut PgConnection,
    viewer: &Viewer,
    trip: &TripId,
) -> Result<(TripRow, Option<DebtRow>), OpenDisputeError> {
    let reach = store::viewer::reach(&mut *conn, viewer).await?;
    if !store::trip::is_within(&mut *conn, trip, &reach).await? {
        return Err(OpenDisputeError::NotFound);
    }
    let row = store::trip::lock(&mut *conn, trip).await?.ok_or(OpenDisputeError::NotFound)?;
    let held = store::debt::lock(conn, trip).await?;
    Ok((row, held))
}

/// What is outstanding, where it may be disputed.
async fn may_open(conn: &mut PgConnection, held: &Option<DebtRow>, trip: &TripId) -> Result<Money, OpenDisputeError> {
    let disputes = store::dispute::list_by_trip(conn, trip).await?;
    if let Some(open) = disputes.iter().find(|it| it.state == Dispute::Open) {
        return Err(OpenDisputeError::AlreadyOpen(open.id));
    }
    let outstanding = held.as_ref().map(|held| held.debt.outstanding).filter(|it| it.is_positive());
    let outstanding = outstanding.ok_or(OpenDisputeError::NotOwed)?;
    if disputes.len() >= PER_DEBT_MAX {
        return Err(OpenDisputeError::TooOften);
    }
    Ok(outstanding)
}

/// Why a dispute stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ResolveDisputeError {
    /// There is none of this id.
    #[error("there is no dispute {0}: `storeside dispute list` shows the open ones")]
    NotFound(DisputeId),
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// Two people are asked for.
    #[error(
        "{amount} need not be paid then, and one person may give up {limit}: name a second person with another --as"
    )]
    SecondPerson {
        /// What is outstanding.
        amount: Money,
        /// What one person may give up.
        limit: Money,
    },
    /// The same person twice.
    #[error("the two people must be two")]
    SamePerson,
    /// Somebody decided before.
    #[error("the dispute is {0} already")]
    Decided(&'static str),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ResolveDisputeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The shopper is right: what is outstanding need not be paid.
    Upheld,
    /// The debt stays. The shopper reads the reason.
    Rejected,
}

/// Decides a dispute. Entries, history, audit, the mail and the report to Amazon are written with it.
///
/// # Errors
///
/// See [`ResolveDisputeError`]. Nothing has changed then.
pub async fn resolve_dispute(
    db: &PgPool,
    id: DisputeId,
    resolution: Resolution,
    decider: Decider<'_>,
    now: OffsetDateTime,
) -> Result<DisputeRow, ResolveDisputeError> {
    let mut tx = db.begin().await?;
    known(&mut tx, decider).await?;
    let found = store::dispute::get(&mut tx, id).await?.ok_or(ResolveDisputeError::NotFound(id))?;
    let row = store::trip::lock(&mut tx, &found.trip).await?.ok_or(ResolveDisputeError::NotFound(id))?;
    let held = store::debt::lock(&mut tx, &found.trip).await?.ok_or(ResolveDisputeError::NotFound(id))?;
    // Under the visit's lock nobody else decides.
    let mut dispute = store::dispute::get(&mut tx, id).await?.ok_or(ResolveDisputeError::NotFound(id))?;
    let event = match resolution {
        Resolution::Upheld => DisputeEvent::Upheld { outstanding: held.debt.outstanding },
        Resolution::Rejected => DisputeEvent::Rejected,
    };
    dispute.state = dispute.state.apply(event).map_err(|_| ResolveDisputeError::Decided(dispute.state.name()))?;
    let by = decider.second.map_or_else(|| decider.by.to_owned(), |second| format!("{} and {second}", decider.by));
    if let Dispute::Upheld { cleared } = dispute.state {
        let limit = store::settings::write_off_alone(&mut tx, &row.store).await?;
        if decider.second.is_none() && takes_two(cleared, limit) {
            return Err(ResolveDisputeError::SecondPerson { amount: cleared, limit });
        }
        let mover = Mover { by: &by, reason: Some(decider.reason), reference: None, parts: None, at: now };
        release(&mut tx, &row, held, cleared, mover).await?;
    }
    dispute.decided_by = Some(by.clone());
    dispute.decided_because = Some(decider.reason.to_owned());
    dispute.decided_at = Some(now);
    if !store::dispute::save(&mut tx, &dispute).await? {
        return Err(ResolveDisputeError::Decided(found.state.name()));
    }
    conclude(&mut tx, &dispute, &by, now).await?;
    failpoint::commit(tx, Commit::DebtChanged).await?;
    Ok(dispute)
}

/// What is outstanding need not be paid, and what was given up before does not keep the gate closed any more.
async fn release(
    conn: &mut PgConnection,
    row: &TripRow,
    held: DebtRow,
    cleared: Money,
    mover: Mover<'_>,
) -> Result<(), StoreError> {
    let debt = held.debt;
    let event = match (cleared.is_positive(), debt.written_off.is_positive() && debt.counts_at_gate) {
        (true, _) => DebtEvent::Credited(cleared),
        (false, true) => DebtEvent::Cleared,
        (false, false) => return Ok(()),
    };
    match move_debt(&mut *conn, row, held, event, mover).await? {
        Moved::Debt(_) => {}
        Moved::Refused(_) | Moved::CountedBefore => return Err(StoreError::Corrupt("debt amount")),
    }
    let settings = settings_of(&mut *conn, row).await?;
    report(conn, &settings, row, mover.at).await
}

/// The audit, the alert and the mail of a decision.
async fn conclude(
    conn: &mut PgConnection,
    dispute: &DisputeRow,
    by: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let subject = dispute.id.to_string();
    let cleared = match dispute.state {
        Dispute::Upheld { cleared } => Some(cleared.minor()),
        Dispute::Open | Dispute::Rejected => None,
    };
    let detail = json!({
        "trip": dispute.trip.as_str(),
        "kind": dispute.kind.as_str(),
        "to": dispute.state.name(),
        "cleared_minor": cleared,
        "currency": dispute.amount.currency().code(),
        "reason": dispute.decided_because,
    });
    let entry = AuditEntry { actor: by, action: "dispute_decided", subject: &subject, detail };
    store::audit::insert(&mut *conn, entry, now).await?;
    store::alert::close(&mut *conn, AlertKind::DisputeOpen, &subject, now).await?;
    if let Some(news) = dispute.state.news() {
        let effect = Effect::SendDisputeNotice { trip: dispute.trip.clone(), dispute: dispute.id, news };
        store::outbox::push(conn, &effect, now, None, now).await?;
    }
    Ok(())
}

async fn known(conn: &mut PgConnection, decider: Decider<'_>) -> Result<(), ResolveDisputeError> {
    if decider.second == Some(decider.by) {
        return Err(ResolveDisputeError::SamePerson);
    }
    for name in [Some(decider.by), decider.second].into_iter().flatten() {
        check_staff(&mut *conn, name).await??;
    }
    Ok(())
}
