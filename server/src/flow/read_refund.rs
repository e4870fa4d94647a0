//! Refunds as people read them: the desk's list, one refund with its calls, the shopper's mail.

use std::collections::BTreeMap;

use domain::id::{EmailAddress, RefundId, TripId};
use domain::money::Money;
use domain::note::Note;
use domain::receipt::Merchant;
use domain::refund::amount::RefundLine;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::advance::settings_of;
pub use crate::store::attempt::RefundAttempt;
use crate::store::instrument::Identity;
pub use crate::store::refund::RefundRow;
pub use crate::store::refund_review::Review;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Refunds that are listed at most.
const LISTED_MAX: i64 = 500;

/// One refund with everything that is known of it.
#[derive(Debug, Clone)]
pub struct RefundPaper {
    /// The refund.
    pub refund: RefundRow,
    /// Which goods. Empty for a credit.
    pub lines: Vec<RefundLine>,
    /// The calls to Amazon about it, the first one first.
    pub attempts: Vec<RefundAttempt>,
}

/// A mail about a refund: to whom, and what it is about.
#[derive(Debug, Clone)]
pub struct RefundMail {
    /// The shopper's address.
    pub to: EmailAddress,
    /// Whom to ask.
    pub merchant: Merchant,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// The refund.
    pub refund: RefundRow,
    /// Which goods. Empty for a credit.
    pub lines: Vec<RefundLine>,
    /// What is still owed for the visit.
    pub outstanding: Money,
}

/// Refunds, the oldest open one first; with `all`, the newest first, whatever became of them.
///
/// # Errors
///
/// A database that is away.
pub async fn list_refunds(db: &PgPool, all: bool) -> Result<Vec<RefundRow>, StoreError> {
    store::refund::list(&mut *db.acquire().await?, !all, LISTED_MAX).await
}

/// The refunds of one visit, the first one first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_refunds_of_trip(db: &PgPool, trip: &TripId) -> Result<Vec<RefundRow>, StoreError> {
    store::refund::list_by_trip(&mut *db.acquire().await?, trip).await
}

/// Why a person must look at each of these refunds, and whether its shopper has added something.
///
/// # Errors
///
/// A database that is away.
pub async fn reviews(db: &PgPool, ids: &[RefundId]) -> Result<BTreeMap<RefundId, Review>, StoreError> {
    store::refund_review::list(&mut *db.acquire().await?, ids).await
}

/// What the shopper added. `None`: nothing.
///
/// # Errors
///
/// A database that is away; a note that no key opens.
pub async fn refund_note(db: &PgPool, vault: &Vault, id: RefundId) -> Result<Option<Note>, StoreError> {
    store::refund_review::note(&mut *db.acquire().await?, vault, id).await
}

/// One refund. `None`: there is none of this id.
///
/// # Errors
///
/// A database that is away.
pub async fn refund_paper(db: &PgPool, id: RefundId) -> Result<Option<RefundPaper>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(refund) = store::refund::get(&mut conn, id).await? else { return Ok(None) };
    let lines = store::refund_line::list(&mut conn, id, refund.amount.currency()).await?;
    let attempts = store::attempt::list_of_refund(&mut conn, &refund.trip, id).await?;
    Ok(Some(RefundPaper { refund, lines, attempts }))
}

/// What to mail about a refund. `None`: nobody to write to.
///
/// # Errors
///
/// A database that is away.
pub async fn refund_mail(db: &PgPool, vault: &Vault, id: RefundId) -> Result<Option<RefundMail>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(refund) = store::refund::get(&mut conn, id).await? else { return Ok(None) };
    let Some(row) = store::trip::get(&mut conn, &refund.trip).await? else { return Ok(None) };
    let Some(instrument) = &row.instrument else { return Ok(None) };
    let Identity::Known(shopper) = store::instrument::identity(&mut conn, instrument).await? else { return Ok(None) };
    let Some(to) = store::shopper::email(&mut conn, vault, shopper).await? else { return Ok(None) };
    let lines = store::refund_line::list(&mut conn, id, row.currency).await?;
    let outstanding = store::debt::outstanding_of_trip(&mut conn, &row.id).await?;
    let merchant = settings_of(&mut conn, &row).await?.merchant;
    let outstanding = outstanding.unwrap_or(Money::zero(row.currency));
    Ok(Some(RefundMail { to, merchant, started_at: row.started_at, refund, lines, outstanding }))
}
