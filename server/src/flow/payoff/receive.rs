//! What Stripe tells by webhook: stored, so that it can be answered, then told to its payoff.

use std::time::Duration as StdDuration;

use domain::alert::AlertKind;
use domain::id::{CheckoutSessionId, PaymentIntentId, PayoffId, StripeDisputeId, StripeEventId};
use domain::money::Money;
use domain::payoff::{DisputeStanding, PaidBy, PayoffEvent};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::tell::{Teller, Told, tell};
use crate::log::chain;
use crate::store::stripe_event::{StripeEventFate, StripeEventRow};
use crate::store::{self, StoreError};

/// How long whoever sent the event waits for its consequences. It is stored by then; what takes longer is looked at again.
const APPLIED_WITHIN: StdDuration = StdDuration::from_secs(2);

/// Whoever stored an event tells it at once. What still waits after this long has lost them.
const LOOKED_AT_WITHIN: Duration = Duration::seconds(10);

/// Events looked at in one go.
const OPEN_MAX: i64 = 100;

/// So long a dispute waits for word of its payment: Stripe repeats webhooks for three days, and the poller looks within an hour.
const PARKED_FOR: Duration = Duration::days(7);

const WEBHOOK: &str = "stripe";

/// What an event says, as far as it is used. Kept as JSON: add variants and optional fields, never rename.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Word {
    /// A session is paid.
    Paid {
        /// Our reference in it.
        payoff: PayoffId,
        /// The session.
        session: CheckoutSessionId,
        /// Its payment.
        payment: PaymentIntentId,
        /// How much.
        amount: Money,
    },
    /// A session is over.
    Over {
        /// Our reference in it.
        payoff: PayoffId,
        /// The session.
        session: CheckoutSessionId,
    },
    /// A dispute stands so.
    Dispute {
        /// Of which payment.
        payment: PaymentIntentId,
        /// Which.
        dispute: StripeDisputeId,
        /// Over how much.
        amount: Money,
        /// How.
        standing: DisputeStanding,
    },
    /// Nothing that is used here.
    NotUsed,
}

impl Word {
    fn payoff(&self) -> Option<PayoffId> {
        match self {
            Self::Paid { payoff, .. } | Self::Over { payoff, .. } => Some(*payoff),
            Self::Dispute { .. } | Self::NotUsed => None,
        }
    }

    fn payment(&self) -> Option<&PaymentIntentId> {
        match self {
            Self::Paid { payment, .. } | Self::Dispute { payment, .. } => Some(payment),
            Self::Over { .. } | Self::NotUsed => None,
        }
    }

    fn event(self) -> Option<PayoffEvent> {
        match self {
            Self::Paid { session, payment, amount, .. } => {
                Some(PayoffEvent::Paid { by: PaidBy { session, payment }, amount })
            }
            Self::Over { session, .. } => Some(PayoffEvent::SessionOver(session)),
            Self::Dispute { dispute, amount, standing, .. } => Some(PayoffEvent::Dispute { dispute, amount, standing }),
            Self::NotUsed => None,
        }
    }
}

/// Stores an event and tells it to its payoff. `Ok` says that it is stored and committed, now or before; what it leads to may have
/// to wait, and is never lost.
///
/// # Errors
///
/// A database that is away. Then it must be sent again.
pub async fn receive_word(
    db: &PgPool,
    id: &StripeEventId,
    kind: &str,
    word: &Word,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let told = serde_json::to_value(word).map_err(|_| StoreError::Corrupt("stripe_event.told"))?;
    let is_used = *word != Word::NotUsed;
    let row = StripeEventRow { id, kind, payoff: word.payoff(), payment: word.payment(), told: &told, is_used };
    let is_new = store::stripe_event::insert(&mut *db.acquire().await?, &row, now).await?;
    tracing::info!(event.id = %id, kind, is_new, "an event of Stripe's was stored");
    if is_used {
        // Also for one that came before: whoever stored it may have died before it was told.
        match tokio::time::timeout(APPLIED_WITHIN, apply_word(db, id, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(event.id = %id, error = chain(&error), "an event waits to be applied"),
            Err(_) => tracing::error!(event.id = %id, "an event was not applied in time, and waits"),
        }
    }
    Ok(())
}

/// Tells the events that wait: those whose payment is known by now, and those whose receiver has died. How many that were.
///
/// # Errors
///
/// A database that is away. One event that cannot be told does not keep the others.
pub async fn apply_open_words(db: &PgPool, now: OffsetDateTime) -> Result<usize, StoreError> {
    let before = now.saturating_sub(LOOKED_AT_WITHIN);
    let open = store::stripe_event::list_open(&mut *db.acquire().await?, before, OPEN_MAX).await?;
    for id in &open {
        if let Err(error) = apply_word(db, id, now).await {
            tracing::error!(event.id = %id, error = chain(&error), "an event still waits");
        }
    }
    Ok(open.len())
}

/// Told twice, it changes nothing the second time: that is the payoff's to know, under its lock.
async fn apply_word(db: &PgPool, id: &StripeEventId, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut conn = db.acquire().await?;
    let Some((told, was_parked, received_at)) = store::stripe_event::open(&mut conn, id).await? else { return Ok(()) };
    let word: Word = serde_json::from_value(told).map_err(|_| StoreError::Corrupt("stripe_event.told"))?;
    let payoff = match (word.payoff(), word.payment()) {
        (Some(payoff), _) => Some(payoff),
        (None, Some(payment)) => store::payoff::of_payment(&mut conn, payment).await?,
        (None, None) => None,
    };
    drop(conn);
    let is_dispute = matches!(word, Word::Dispute { .. });
    let told = match (payoff, word.event()) {
        (Some(payoff), Some(event)) => tell(db, payoff, event, Teller { by: WEBHOOK, url: None }, now).await?,
        (None, Some(_)) | (_, None) => Told::Unknown,
    };
    let fate = match told {
        Told::Moved | Told::Unchanged => StripeEventFate::Applied,
        Told::Refused => StripeEventFate::Ignored,
        // A dispute may be faster than word of its payment.
        Told::TooEarly | Told::Unknown if is_dispute && now < received_at + PARKED_FOR => StripeEventFate::Parked,
        // Of somebody else who uses the account.
        Told::TooEarly | Told::Unknown => StripeEventFate::Ignored,
    };
    let mut tx = db.begin().await?;
    store::stripe_event::save(&mut tx, id, fate, now).await?;
    match (fate, was_parked) {
        (StripeEventFate::Parked, false) => {
            store::alert::open(&mut tx, AlertKind::PayoffUnknown, id.as_str(), now).await?;
        }
        (StripeEventFate::Applied, true) => {
            store::alert::close(&mut tx, AlertKind::PayoffUnknown, id.as_str(), now).await?;
        }
        (StripeEventFate::Parked | StripeEventFate::Applied | StripeEventFate::Ignored, _) => {}
    }
    Ok(tx.commit().await?)
}
