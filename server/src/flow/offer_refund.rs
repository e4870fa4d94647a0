//! What of a visit can still come back, before anybody chooses: the first page of a refund.

use domain::id::TripId;
use domain::money::Money;
use domain::receipt::Merchant;
use domain::refund::RefundRefusal;
use domain::refund::amount::Choice;
use rust_decimal::Decimal;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::advance::settings_of;
use super::request_refund::{RequestRefundError, Requester, Wish, lock_trip, reckon};
use crate::store;

/// What can come back, or why nothing can.
#[derive(Debug, Clone)]
pub struct RefundOffer {
    /// Whose store.
    pub merchant: Merchant,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// Until when it can be asked for.
    pub until: OffsetDateTime,
    /// What was bought, in the order of the cart.
    pub lines: Vec<OfferedLine>,
    /// Why nothing can be asked for now.
    pub refused: Option<RefundRefusal>,
}

/// One line of the purchase.
#[derive(Debug, Clone)]
pub struct OfferedLine {
    /// Position in the cart, from 1.
    pub line_no: u32,
    /// The article's name.
    pub name: String,
    /// The article's own unit.
    pub unit: String,
    /// How much was bought.
    pub bought: Decimal,
    /// How much of it can still come back.
    pub left: Decimal,
    /// What it cost before promotions and added tax.
    pub price: Money,
}

/// What can come back of a visit. Nothing is written.
///
/// # Errors
///
/// [`RequestRefundError::NotFound`] also for somebody else's visit; a database that is away.
pub async fn offer_refund(
    db: &PgPool,
    trip: &TripId,
    by: Requester<'_>,
    now: OffsetDateTime,
) -> Result<RefundOffer, RequestRefundError> {
    let mut tx = db.begin().await?;
    let row = lock_trip(&mut tx, trip, by).await?;
    let settings = settings_of(&mut tx, &row).await?;
    let refused = match reckon(&mut tx, &settings, &row, &Wish::Goods(Choice::Everything), now).await {
        // A part may be given back where the whole may not.
        Ok(_) | Err(RequestRefundError::Refused(RefundRefusal::MoreThanTaken)) => None,
        Err(RequestRefundError::Refused(refused)) => Some(refused),
        // The visit is there, and has no purchase.
        Err(RequestRefundError::NotFound) => Some(RefundRefusal::NotCharged),
        Err(error) => return Err(error),
    };
    let returned = store::refund_line::returned(&mut tx, &row.id).await?;
    let purchase = store::purchase::get_by_trip(&mut tx, &row.id).await?;
    let lines = purchase.map(|(_, purchase)| purchase.lines).unwrap_or_default().into_iter().map(|line| {
        let back = returned.get(&line.line_no).copied().unwrap_or_default();
        OfferedLine {
            line_no: line.line_no,
            name: line.name,
            unit: line.unit,
            bought: line.quantity,
            left: line.quantity.checked_sub(back).unwrap_or_default(),
            price: line.price,
        }
    });
    let until = row.started_at.saturating_add(settings.refund.window);
    Ok(RefundOffer { merchant: settings.merchant, started_at: row.started_at, until, lines: lines.collect(), refused })
}
