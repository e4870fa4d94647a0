//! Checkout Sessions: made, looked at, ended.

use std::collections::HashMap;
use std::str::FromStr;

use domain::id::{CheckoutSessionId, PaymentIntentId, PayoffId};
use domain::money::{Currency, Money};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAllowedPaymentMethodTypes, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData, ExpireCheckoutSession,
    ProductData, RetrieveCheckoutSession,
};
use stripe_client_core::{IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_shared::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionPaymentStatus, CheckoutSessionStatus, PaymentIntent,
};
use stripe_types::Expandable;
use time::OffsetDateTime;

use super::{StripeClient, StripeError};

/// What a charge at Stripe says of ours.
pub(super) const PAYOFF: &str = "payoff";

/// What is asked for. The same value makes the same call, byte for byte: Stripe refuses a key that comes with another body.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The key, the reference and the metadata.
    pub payoff: PayoffId,
    /// What is to be paid.
    pub amount: Money,
    /// What the payment page calls it.
    pub name: String,
    /// Where the shopper goes once it is paid.
    pub success_url: String,
    /// And otherwise.
    pub cancel_url: String,
    /// When the page closes.
    pub expires_at: OffsetDateTime,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// It can be paid.
    Open,
    /// The payment is done, or on its way.
    Complete,
    /// It is over.
    Expired,
}

/// A session as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: CheckoutSessionId,
    /// Where it is paid. `None`: it is not open.
    pub url: Option<String>,
    /// How far it is.
    pub status: SessionStatus,
    /// Is the money there?
    pub is_paid: bool,
    /// The payment, once somebody has tried.
    pub payment: Option<PaymentIntentId>,
    /// Was the last try declined?
    pub is_declined: bool,
    /// The whole amount. `None`: Stripe says none, or one we cannot read.
    pub amount: Option<Money>,
    /// Our payoff. `None`: it is not of ours.
    pub payoff: Option<PayoffId>,
}

impl StripeClient {
    /// Asks for a session. The same again gives the same session.
    ///
    /// # Errors
    ///
    /// See [`StripeError`]; [`StripeError::is_in_doubt`] says whether there may be one all the same.
    pub async fn create_session(&self, new: &NewSession) -> Result<Session, StripeError> {
        let currency = stripe_currency(new.amount.currency());
        let mut price = CreateCheckoutSessionLineItemsPriceData::new(currency);
        price.product_data = Some(ProductData::new(new.name.clone()));
        price.unit_amount = Some(new.amount.minor());
        let mut line = CreateCheckoutSessionLineItems::new();
        line.price_data = Some(price);
        line.quantity = Some(1);
        // One entry each: a map of several would be written in any order, and Stripe compares bodies.
        let metadata = HashMap::from([(PAYOFF.to_owned(), new.payoff.to_string())]);
        let mut payment = CreateCheckoutSessionPaymentIntentData::new();
        payment.metadata = Some(metadata.clone());
        let request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Payment)
            .allowed_payment_method_types(vec![CreateCheckoutSessionAllowedPaymentMethodTypes::Card])
            .client_reference_id(new.payoff.to_string())
            .line_items(vec![line])
            .metadata(metadata)
            .payment_intent_data(payment)
            .success_url(new.success_url.clone())
            .cancel_url(new.cancel_url.clone())
            .expires_at(new.expires_at.unix_timestamp());
        let key = IdempotencyKey::new(new.payoff.to_string()).map_err(|_| StripeError::Unreadable)?;
        let sent = request.customize().request_strategy(RequestStrategy::Idempotent(key)).send(self).await?;
        read(&sent)
    }

    /// Looks at a session.
    ///
    /// # Errors
    ///
    /// See [`StripeError`].
    pub async fn session(&self, id: &CheckoutSessionId) -> Result<Session, StripeError> {
        let request = RetrieveCheckoutSession::new(id.as_str()).expand(vec!["payment_intent".to_owned()]);
        read(&request.send(self).await?)
    }

    /// Ends a session, so that nobody can pay it. One that is over or paid is refused: look at it then.
    ///
    /// # Errors
    ///
    /// See [`StripeError`].
    pub async fn expire_session(&self, id: &CheckoutSessionId) -> Result<Session, StripeError> {
        read(&ExpireCheckoutSession::new(id.as_str()).send(self).await?)
    }
}

fn read(session: &CheckoutSession) -> Result<Session, StripeError> {
    let status = match session.status {
        Some(CheckoutSessionStatus::Open) => SessionStatus::Open,
        Some(CheckoutSessionStatus::Complete) => SessionStatus::Complete,
        Some(CheckoutSessionStatus::Expired) => SessionStatus::Expired,
        Some(_) | None => return Err(StripeError::Unreadable),
    };
    let intent = session.payment_intent.as_ref();
    let payment = intent.map(|it| PaymentIntentId::new(it.id().as_str())).transpose();
    let currency = session.currency.as_ref().and_then(our_currency);
    Ok(Session {
        id: CheckoutSessionId::new(session.id.as_str()).map_err(|_| StripeError::Unreadable)?,
        url: session.url.clone().filter(|it| it.starts_with("https://") || it.starts_with("http://")),
        status,
        is_paid: session.payment_status == CheckoutSessionPaymentStatus::Paid,
        payment: payment.map_err(|_| StripeError::Unreadable)?,
        is_declined: intent.and_then(Expandable::as_object).is_some_and(is_declined),
        amount: session.amount_total.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
        payoff: session.client_reference_id.as_deref().and_then(|it| it.parse().ok()),
    })
}

fn is_declined(payment: &PaymentIntent) -> bool {
    payment.last_payment_error.is_some()
}

/// Stripe writes currencies in lower case.
fn stripe_currency(currency: Currency) -> stripe_types::Currency {
    let Ok(known) = stripe_types::Currency::from_str(&currency.code().to_lowercase());
    known
}

pub(super) fn our_currency(currency: &stripe_types::Currency) -> Option<Currency> {
    Currency::new(&currency.to_string().to_uppercase()).ok()
}
