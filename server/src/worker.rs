//! What makes effects happen: claims a row, commits, then acts. May run twice, anywhere, any number of times at once.
//!
//! **Invariant**: no transaction is open while the network is slow, and every call to Amazon is recorded before it is made.

mod adjust_charge;
mod call;
mod cancel_charge;
mod capture_charge;
pub mod inbox;
mod mail;
mod payment_status;
mod refund_charge;
mod runner;
pub mod schedule;
mod shopper_identity;
mod transactional_data;
mod wake;

use std::time::Duration;

use domain::effect::Effect;
use domain::outbox::OutboxState;
use sqlx::PgPool;
use tracing::Instrument;

pub use self::runner::{run, run_due};
use crate::client::amazon::AmazonClient;
use crate::client::mail::MailClient;
use crate::clock::Clock;
use crate::flow;
use crate::flow::payoff::Checkout;
use crate::log::chain;
use crate::store::outbox::Claim;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// What a worker works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The database.
    pub database: PgPool,
    /// The injected clock.
    pub clock: Clock,
    /// Amazon.
    pub amazon: AmazonClient,
    /// Mail.
    pub mail: MailClient,
    /// Seals and opens what is personal.
    pub vault: Vault,
    /// Where payoffs are paid.
    pub checkout: Checkout,
    /// Where the portal is, for links in mails; without a slash at the end.
    pub public_url: String,
}

impl Worker {
    /// Does one effect, or finds that it is not wanted any more; and the visit's next calls as long as each leads to one. How many
    /// effects that were.
    ///
    /// # Errors
    ///
    /// A database that is away: the lease ends then, and another takes the effect.
    pub async fn act(&self, claim: &Claim) -> Result<usize, StoreError> {
        let (mut done, mut next) = (1, self.act_once(claim).await?);
        while let Some(claim) = next {
            next = self.act_once(&claim).await?;
            done += 1;
        }
        Ok(done)
    }

    async fn act_once(&self, claim: &Claim) -> Result<Option<Claim>, StoreError> {
        let (kind, trip) = (claim.effect.kind(), claim.effect.trip().map(|it| it.as_str()));
        let waited = Duration::try_from(self.clock.now() - claim.due_at).unwrap_or_default();
        metrics::histogram!("storeside_pickup_seconds").record(waited);
        let span = tracing::info_span!("effect", kind, effect.id = %claim.id, trip.id = trip);
        let acted = self.happen(claim).instrument(span).await;
        let outcome = if acted.is_ok() { "done" } else { "database" };
        metrics::counter!("storeside_effects_total", "kind" => kind, "outcome" => outcome).increment(1);
        if let Err(error) = &acted {
            // Nothing is lost: the lease ends, and another takes it.
            tracing::error!(kind, effect.id = %claim.id, error = chain(error), "effect not finished");
        }
        if claim.probe.is_some() {
            // One that turned out to have nothing to send says nothing about its API: another is the probe.
            flow::pause::return_probe(&self.database, claim, self.clock.now()).await?;
        }
        acted
    }

    /// Does it, and gives the visit's next call where one was taken with the outcome.
    async fn happen(&self, claim: &Claim) -> Result<Option<Claim>, StoreError> {
        match &claim.effect {
            Effect::AdjustCharge { trip, store, amount } => adjust_charge::act(self, claim, trip, store, *amount).await,
            Effect::CaptureCharge { trip, store, amount } => {
                capture_charge::act(self, claim, trip, store, *amount).await
            }
            Effect::CancelCharge { trip, store } => cancel_charge::act(self, claim, trip, store).await,
            Effect::RefundCharge { refund, trip, store, amount, reason } => {
                let order = refund_charge::Order { refund: *refund, trip, store, amount: *amount, reason: *reason };
                refund_charge::act(self, claim, order).await
            }
            Effect::FetchTransactionalData { trip, store } => transactional_data::act(self, claim, trip, store).await,
            Effect::FetchShopperIdentity { trip, store, instrument } => {
                shopper_identity::act(self, claim, trip, store, instrument).await
            }
            Effect::ReportPaymentStatus { trip, store } => payment_status::act(self, claim, trip, store).await,
            Effect::SendReceipt { .. }
            | Effect::SendDebtNotice { .. }
            | Effect::SendRefundNotice { .. }
            | Effect::SendDisputeNotice { .. }
            | Effect::MailSignInCode { .. }
            | Effect::MailPaymentLink { .. }
            | Effect::SendPayoffNotice { .. }
            | Effect::CheckPayoff { .. }
            | Effect::SendSignInCode { .. }
            | Effect::CheckReview { .. }
            | Effect::CheckEntry { .. }
            | Effect::CheckDeadline { .. } => self.happen_here(claim).await.map(|()| None),
        }
    }

    /// An effect that calls none of Amazon's APIs.
    async fn happen_here(&self, claim: &Claim) -> Result<(), StoreError> {
        match &claim.effect {
            Effect::SendReceipt { trip } => mail::send_receipt(self, claim, trip).await,
            Effect::SendDebtNotice { trip } => mail::send_debt_notice(self, claim, trip).await,
            Effect::SendRefundNotice { refund, news, .. } => {
                mail::send_refund_notice(self, claim, *refund, *news).await
            }
            Effect::SendDisputeNotice { dispute, news, .. } => {
                mail::send_dispute_notice(self, claim, *dispute, *news).await
            }
            Effect::MailSignInCode { code } => mail::mail_sign_in_code(self, claim, *code).await,
            Effect::MailPaymentLink { link } => mail::mail_payment_link(self, claim, *link).await,
            Effect::SendPayoffNotice { payoff, news } => mail::send_payoff_notice(self, claim, *payoff, *news).await,
            Effect::CheckPayoff { payoff } => {
                let again = flow::payoff::look(&self.database, &self.checkout, *payoff, self.clock.now()).await?;
                let state = again.map_or(OutboxState::Done, |due_at| OutboxState::Waiting { due_at });
                self.end(claim, state, None).await
            }
            Effect::SendSignInCode { to, code } => mail::send_sign_in_code(self, claim, to, code).await,
            Effect::CheckReview { trip } => {
                flow::review_cart::check_review(&self.database, trip, self.clock.now()).await?;
                self.end(claim, OutboxState::Done, None).await
            }
            Effect::CheckEntry { trip } => {
                flow::check_entry::check_entry(&self.database, trip, self.clock.now()).await?;
                self.end(claim, OutboxState::Done, None).await
            }
            Effect::CheckDeadline { trip } => {
                let again = flow::check_deadline::check_deadline(&self.database, trip, self.clock.now()).await?;
                let state = again.map_or(OutboxState::Done, |due_at| OutboxState::Waiting { due_at });
                self.end(claim, state, None).await
            }
            // Calls, which are above.
            Effect::AdjustCharge { .. }
            | Effect::CaptureCharge { .. }
            | Effect::CancelCharge { .. }
            | Effect::RefundCharge { .. }
            | Effect::FetchTransactionalData { .. }
            | Effect::FetchShopperIdentity { .. }
            | Effect::ReportPaymentStatus { .. } => Ok(()),
        }
    }

    /// Ends a claim that no visit waits for.
    async fn end(&self, claim: &Claim, state: OutboxState, problem: Option<&str>) -> Result<(), StoreError> {
        let mut conn = self.database.acquire().await?;
        store::outbox::save(&mut conn, claim, state, problem, self.clock.now()).await.map(drop)
    }
}

/// Chance for a wait, 0 to 999.
fn jitter() -> u16 {
    rand::random_range(0..1000)
}
