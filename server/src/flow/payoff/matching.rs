//! Our payoffs beside Stripe's balance, day by day.

use domain::alert::AlertKind;
use domain::payoff::{Break, BreakKind, Payoff, match_payoffs};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::{Checkout, StripeError, observe};
use crate::store::{self, StoreError};

/// What was paid so lately may not have been told of yet.
const SETTLES_WITHIN: Duration = Duration::hours(2);

/// A cardholder may dispute a payment for about this long (Stripe docs, "How disputes work").
const LOOKED_BACK: Duration = Duration::days(120);

const MATCHER: &str = "matcher";

/// Why nothing could be matched.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// Payoffs are not set up here.
    #[error("nobody can pay online here: STRIPE_SECRET_KEY is not set")]
    NotOffered,
    /// Stripe gave no balance.
    #[error("Stripe's balance cannot be read: {0}")]
    Stripe(#[source] StripeError),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MatchError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Matches the payoffs of the last `days` with Stripe's balance. What Stripe has charged and we have not counted is looked at, and
/// counted, where its session is known; every other difference is given, and has an alert.
///
/// # Errors
///
/// See [`MatchError`].
pub async fn match_balance(
    db: &PgPool,
    checkout: &Checkout,
    days: i64,
    now: OffsetDateTime,
) -> Result<Vec<Break>, MatchError> {
    let stripe = checkout.stripe.as_ref().ok_or(MatchError::NotOffered)?;
    let (from, until) = (now.saturating_sub(Duration::days(days)), now.saturating_sub(SETTLES_WITHIN));
    let ours = store::payoff::list_to_match(&mut *db.acquire().await?, from, until).await?;
    let theirs = stripe.movements(from, now.saturating_add(Duration::minutes(1))).await.map_err(MatchError::Stripe)?;
    let mut breaks = match_payoffs(&ours, &theirs).map_err(|_| StoreError::Corrupt("payoff amounts"))?;
    let mut left = vec![];
    for found in breaks.drain(..) {
        if found.kind == BreakKind::NotCounted && heal(db, checkout, &found, now).await? {
            tracing::warn!(payoff.id = %found.payoff, "a payoff that was paid had not been counted, and is now");
            continue;
        }
        tracing::error!(payoff.id = %found.payoff, kind = %found.kind, "a payoff and Stripe's balance differ");
        let subject = found.payoff.to_string();
        store::alert::open(&mut *db.acquire().await?, AlertKind::PayoffUnmatched, &subject, now).await?;
        left.push(found);
    }
    Ok(left)
}

/// Every word of it was lost: it says itself how it stands.
async fn heal(db: &PgPool, checkout: &Checkout, found: &Break, now: OffsetDateTime) -> Result<bool, StoreError> {
    let Some(row) = store::payoff::get(&mut *db.acquire().await?, found.payoff).await? else { return Ok(false) };
    let (Payoff::Open { session } | Payoff::Expired { session }, Some(stripe)) = (&row.state, &checkout.stripe) else {
        return Ok(false);
    };
    let Ok(session) = stripe.session(session).await else { return Ok(false) };
    observe(db, row.id, &session, MATCHER, now).await?;
    let row = store::payoff::get(&mut *db.acquire().await?, found.payoff).await?;
    Ok(row.is_some_and(|it| it.state.paid_by().is_some()))
}

/// The daily match. Where payoffs are not offered there is nothing to do; where Stripe is away, the next one looks as far back.
///
/// # Errors
///
/// A database that is away.
pub async fn match_daily(db: &PgPool, checkout: &Checkout, now: OffsetDateTime) -> Result<(), StoreError> {
    match match_balance(db, checkout, LOOKED_BACK.whole_days(), now).await {
        Ok(_) | Err(MatchError::NotOffered) => Ok(()),
        Err(MatchError::Stripe(problem)) => {
            tracing::error!(problem = %problem, "payoffs were not matched today");
            Ok(())
        }
        Err(MatchError::Store(error)) => Err(error),
    }
}
