//! The lines of Stripe's balance.

use domain::id::PaymentIntentId;
use domain::money::Money;
use domain::payoff::{Movement, MovementKind};
use stripe_core::balance_transaction::ListBalanceTransaction;
use stripe_shared::{BalanceTransaction, BalanceTransactionSource};
use stripe_types::{Expandable, RangeBoundsTs, RangeQueryTs};
use time::OffsetDateTime;

use super::session::{PAYOFF, our_currency};
use super::{StripeClient, StripeError};

/// Lines asked for at once: the most that Stripe gives.
const PAGE: i64 = 100;

/// Pages asked for at most: more lines in a few days than a chain of stores has debts.
const PAGES_MAX: usize = 500;

impl StripeClient {
    /// Every line about charges, disputes and refunds that Stripe wrote from `from` on and before `until`.
    ///
    /// # Errors
    ///
    /// See [`StripeError`].
    pub async fn movements(&self, from: OffsetDateTime, until: OffsetDateTime) -> Result<Vec<Movement>, StripeError> {
        let created = RangeQueryTs::Bounds(RangeBoundsTs {
            gte: Some(from.unix_timestamp()),
            lt: Some(until.unix_timestamp()),
            ..RangeBoundsTs::default()
        });
        let mut movements = vec![];
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut request =
                ListBalanceTransaction::new().created(created).limit(PAGE).expand(vec!["data.source".to_owned()]);
            if let Some(after) = &after {
                request = request.starting_after(after.clone());
            }
            let page = request.send(self).await?;
            after = page.data.last().map(|it| it.id.as_str().to_owned());
            movements.extend(page.data.iter().filter_map(movement));
            if !page.has_more || after.is_none() {
                return Ok(movements);
            }
        }
        Err(StripeError::Unreadable)
    }
}

/// `None`: a payout, a fee, or anything else that is about no payment.
fn movement(line: &BalanceTransaction) -> Option<Movement> {
    let source = line.source.as_ref().and_then(Expandable::as_object)?;
    let (kind, payment, payoff) = match source {
        BalanceTransactionSource::Charge(charge) => {
            let payoff = charge.metadata.get(PAYOFF).and_then(|it| it.parse().ok());
            (MovementKind::Charge, charge.payment_intent.as_ref(), payoff)
        }
        BalanceTransactionSource::Dispute(dispute) => (MovementKind::Dispute, dispute.payment_intent.as_ref(), None),
        BalanceTransactionSource::Refund(refund) => (MovementKind::Refund, refund.payment_intent.as_ref(), None),
        _ => return None,
    };
    let payment = payment.and_then(|it| PaymentIntentId::new(it.id().as_str()).ok());
    let amount = Money::new(line.amount, our_currency(&line.currency)?);
    Some(Movement { id: line.id.as_str().to_owned(), kind, payment, payoff, amount })
}
