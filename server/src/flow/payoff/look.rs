//! Looks at a payoff of which nobody has told anything for a while: a webhook may be lost, and a shopper may not come back.

use domain::id::PayoffId;
use domain::payoff::{CREATED_LASTS, Payoff, PayoffEvent};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::tell::{Teller, tell};
use super::{Checkout, observe};
use crate::store::{self, StoreError};

/// Paying takes a person this long, or longer.
pub(super) const LOOK_FIRST: Duration = Duration::minutes(2);

/// And is looked for this often then, also where Stripe does not answer.
const LOOK_AGAIN: Duration = Duration::minutes(5);

const POLLER: &str = "poller";

/// Asks Stripe how an open payoff stands. When to look again; `None`: there is nothing more to wait for.
///
/// # Errors
///
/// A database that is away.
pub async fn look(
    db: &PgPool,
    checkout: &Checkout,
    id: PayoffId,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let Some(row) = store::payoff::get(&mut *db.acquire().await?, id).await? else { return Ok(None) };
    let again = Some(now.saturating_add(LOOK_AGAIN));
    match (&row.state, &checkout.stripe) {
        (Payoff::Created, _) if now < row.created_at + CREATED_LASTS => Ok(again),
        (Payoff::Created, _) => {
            tell(db, id, PayoffEvent::Abandoned, Teller { by: POLLER, url: None }, now).await?;
            Ok(None)
        }
        (Payoff::Open { .. }, None) => Ok(again),
        (Payoff::Open { session }, Some(stripe)) => {
            let Ok(session) = stripe.session(session).await else { return Ok(again) };
            observe(db, id, &session, POLLER, now).await?;
            let row = store::payoff::get(&mut *db.acquire().await?, id).await?;
            Ok(again.filter(|_| row.is_some_and(|it| it.state.is_live())))
        }
        (
            Payoff::Expired { .. }
            | Payoff::Abandoned
            | Payoff::Paid(_)
            | Payoff::Disputed(..)
            | Payoff::Lost(..)
            | Payoff::Won(..),
            _,
        ) => Ok(None),
    }
}
