//! Paying what is owed through Stripe Checkout: asked for, told of, looked at, matched.
//!
//! The one flow that waits for a network, since a person waits for the address of the payment page. No transaction is open
//! meanwhile: the payoff is committed before the call, and what the call tells is told to it afterwards, as a webhook would.

mod look;
mod matching;
mod receive;
mod show;
mod start;
mod tell;

pub use self::look::look;
pub use self::matching::{MatchError, match_balance, match_daily};
pub use self::receive::{Word, apply_open_words, receive_word};
pub use self::show::{GateSays, PayoffMail, ShownPayoff, list, payoff_mail, show};
pub use self::start::{CheckedTrip, StartError, StartPayoff, Started, check, start};
use crate::client::stripe::{Session, SessionStatus, StripeClient, StripeError, StripeSettings, StripeSettingsError};
pub use crate::store::payoff::PayoffRow;
use domain::id::PayoffId;
use domain::payoff::{PaidBy, PayoffEvent};
use sqlx::PgPool;
use time::OffsetDateTime;

use self::tell::{Teller, Told, tell};
use crate::store::StoreError;

/// Where payoffs are paid, if they are offered at all.
#[derive(Debug, Clone, Default)]
pub struct Checkout {
    /// `None`: `STRIPE_SECRET_KEY` is not set, and nobody can pay online.
    stripe: Option<StripeClient>,
    /// Where the portal is; without a slash at the end.
    public_url: String,
}

impl Checkout {
    /// With these settings; without, payoffs are not offered.
    ///
    /// # Errors
    ///
    /// An address that cannot be used.
    pub fn new(settings: Option<&StripeSettings>, public_url: &str) -> Result<Self, StripeSettingsError> {
        let stripe = settings.map(StripeClient::new).transpose()?;
        Ok(Self { stripe, public_url: public_url.to_owned() })
    }

    /// Can anybody pay online?
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.stripe.is_some()
    }

    /// Where the browser is sent to pay.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.stripe.as_ref().map(StripeClient::checkout_origin)
    }
}

/// Tells a payoff what a session of it is now.
async fn observe(
    db: &PgPool,
    id: PayoffId,
    session: &Session,
    by: &str,
    now: OffsetDateTime,
) -> Result<Told, StoreError> {
    let event = match (session.status, session.is_paid, &session.payment, session.amount) {
        (SessionStatus::Complete, true, Some(payment), Some(amount)) => {
            PayoffEvent::Paid { by: PaidBy { session: session.id.clone(), payment: payment.clone() }, amount }
        }
        (SessionStatus::Expired, ..) => PayoffEvent::SessionOver(session.id.clone()),
        (SessionStatus::Open, ..) => PayoffEvent::SessionOpened(session.id.clone()),
        // On its way: the next word tells.
        (SessionStatus::Complete, ..) => return Ok(Told::Unchanged),
    };
    tell(db, id, event, Teller { by, url: session.url.as_deref() }, now).await
}
