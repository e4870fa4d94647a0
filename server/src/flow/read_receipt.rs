//! A visit's receipt, put together from its rows.

use domain::id::{EmailAddress, TripId};
use domain::money::Money;
use domain::receipt::{Collected, Held, Merchant, Receipt, ReceiptRefund};
use domain::refund::Refund;
use domain::trip::Trip;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::advance::settings_of;
use crate::store::instrument::Identity;
use crate::store::refund::RefundRow;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// A visit as its shopper may read it.
#[derive(Debug, Clone)]
pub enum TripPaper {
    /// The receipt.
    Receipt(Box<Receipt>),
    /// No purchase: not yet, or never.
    NoPurchase {
        /// Where.
        merchant: Merchant,
        /// When the visit began.
        started_at: OffsetDateTime,
        /// What is held on the card meanwhile, as far as we know.
        held: Option<Held>,
        /// Is the visit over, and its hold released?
        is_over: bool,
    },
}

/// A mail about a visit: to whom, and what it says.
#[derive(Debug, Clone)]
pub struct TripMail {
    /// The shopper's address.
    pub to: EmailAddress,
    /// What the receipt says.
    pub receipt: Receipt,
}

/// The receipt of a visit whose rows are there.
pub(super) async fn paper(conn: &mut PgConnection, vault: &Vault, row: &TripRow) -> Result<TripPaper, StoreError> {
    let settings = settings_of(&mut *conn, row).await?;
    let Some((_, purchase)) = store::purchase::get_by_trip(&mut *conn, &row.id).await? else {
        let is_over = matches!(row.state, Trip::Cancelling | Trip::Cancelled);
        let (merchant, started_at) = (settings.merchant, row.started_at);
        return Ok(TripPaper::NoPurchase { merchant, started_at, held: held(row), is_over });
    };
    let nothing = Money::zero(row.currency);
    let outstanding = store::debt::outstanding_of_trip(&mut *conn, &row.id).await?.unwrap_or(nothing);
    let collected = Collected {
        captured: row.state.captured().unwrap_or(nothing),
        outstanding,
        progress: row.state.progress(outstanding),
    };
    let card = store::card_facts::get(&mut *conn, vault, &row.id).await?;
    let refunds = store::refund::list_by_trip(conn, &row.id).await?;
    let receipt = Receipt::of(row.id.clone(), settings.merchant, row.started_at, &purchase, collected, card);
    let receipt = receipt.map_err(|_| StoreError::Corrupt("purchase amounts"))?;
    let receipt = receipt.with_refunds(refunds.into_iter().map(refund).collect()).with_held(held(row));
    Ok(TripPaper::Receipt(Box::new(receipt)))
}

/// What is still held on the card for a visit, and until when at most.
#[must_use]
pub fn held(row: &TripRow) -> Option<Held> {
    Some(Held { amount: row.state.held(row.hold)?, until: row.deadline_at })
}

fn refund(row: RefundRow) -> ReceiptRefund {
    ReceiptRefund {
        reference: row.id,
        requested_at: row.requested_at,
        amount: row.amount,
        progress: row.state.progress(),
        reconciliation: row.state.reconciliation().cloned(),
        declined_because: row.decided_because.filter(|_| row.state == Refund::Declined),
    }
}

/// What to mail about a visit. `None`: nobody to write to, or nothing to say.
///
/// # Errors
///
/// A database that is away.
pub async fn trip_mail(db: &PgPool, vault: &Vault, trip: &TripId) -> Result<Option<TripMail>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(row) = store::trip::get(&mut conn, trip).await? else { return Ok(None) };
    let Some(instrument) = &row.instrument else { return Ok(None) };
    let Identity::Known(shopper) = store::instrument::identity_at(&mut conn, instrument, row.started_at).await? else {
        return Ok(None);
    };
    let Some(to) = store::shopper::email(&mut conn, vault, shopper).await? else { return Ok(None) };
    match paper(&mut conn, vault, &row).await? {
        TripPaper::Receipt(receipt) => Ok(Some(TripMail { to, receipt: *receipt })),
        TripPaper::NoPurchase { .. } => Ok(None),
    }
}
