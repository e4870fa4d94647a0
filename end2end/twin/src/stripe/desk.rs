//! What a test asks of the twin's Stripe.

use std::sync::Arc;

use super::{
    StripeCall,
    book::{Card, PayOutcome, StripeSession},
    webhook::StripeEvent,
};
use crate::{EventSettings, Fault, SendOrder, Times, WalkError, world::World};

/// The twin's Stripe.
#[derive(Debug)]
pub struct Stripe<'a> {
    pub(crate) world: &'a Arc<World>,
}

impl Stripe<'_> {
    fn now(&self) -> i64 {
        self.world.clock.now().unix_timestamp()
    }

    /// Every session, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<StripeSession> {
        let now = self.now();
        self.world.state().stripe.book.sessions(now)
    }

    /// The newest session.
    ///
    /// # Panics
    ///
    /// Without any: a test asks too early.
    #[must_use]
    #[track_caller]
    pub fn newest(&self) -> StripeSession {
        self.sessions().pop().expect("a session was made")
    }

    /// Somebody types a card number into the page of a session.
    pub async fn pay(&self, session: &str, number: &str) -> PayOutcome {
        self.pay_with(session, number, None).await
    }

    /// And answers the bank that asks.
    pub async fn authenticate(&self, session: &str, number: &str, agrees: bool) -> PayOutcome {
        self.pay_with(session, number, Some(agrees)).await
    }

    async fn pay_with(&self, session: &str, number: &str, authenticated: Option<bool>) -> PayOutcome {
        let now = self.now();
        let outcome = self.world.state().stripe.book.pay(session, Card::of(number), authenticated, now);
        self.world.tell_webhooks().await;
        outcome
    }

    /// The cardholder's bank takes the money of a session back, or a part of it.
    pub async fn dispute(&self, session: &str, amount_minor: Option<i64>) -> bool {
        let now = self.now();
        let done = self.world.state().stripe.book.dispute(session, amount_minor, now);
        self.world.tell_webhooks().await;
        done
    }

    /// And decides.
    pub async fn close_dispute(&self, session: &str, won: bool) -> bool {
        let now = self.now();
        let done = self.world.state().stripe.book.close_dispute(session, won, now);
        self.world.tell_webhooks().await;
        done
    }

    /// Somebody gives money back at Stripe, past Storeside.
    #[must_use]
    pub fn refund(&self, session: &str, amount_minor: i64) -> bool {
        let now = self.now();
        self.world.state().stripe.book.refund(session, amount_minor, now)
    }

    /// What cards have paid and nobody has got back, before fees.
    #[must_use]
    pub fn net_minor(&self) -> i64 {
        self.world.state().stripe.book.net_minor()
    }

    /// Lets the next calls of one kind go wrong (`1`, or [`Times::Always`]).
    pub fn fault(&self, call: StripeCall, fault: Fault, times: impl Into<Times>) {
        self.world.state().stripe.faults.add(call, fault, times.into());
    }

    /// How many calls of one kind there were.
    #[must_use]
    pub fn calls(&self, call: StripeCall) -> usize {
        self.world.state().stripe.calls.iter().filter(|it| **it == call).count()
    }

    /// Says how what happens from now on is told.
    pub fn tell(&self, settings: impl Into<EventSettings>) {
        self.world.state().stripe.webhooks.settings = settings.into();
    }

    /// Sends the webhooks that are held. The status of each answer, in the order of sending.
    ///
    /// # Errors
    ///
    /// A Storeside that is nowhere.
    pub async fn send(&self, order: SendOrder) -> Result<Vec<u16>, WalkError> {
        self.world.tell_webhooks().await;
        self.world.send_webhooks(order).await
    }

    /// Every event, oldest first, and how often each was taken.
    #[must_use]
    pub fn events(&self) -> Vec<StripeEvent> {
        self.world.state().stripe.webhooks.log.clone()
    }

    /// Sends one event of the log once more.
    ///
    /// # Errors
    ///
    /// A Storeside that is nowhere.
    pub async fn send_again(&self, event: &str) -> Result<u16, WalkError> {
        self.world.send_webhook(event).await
    }

    /// Sends any body, with a right signature or with this one. The status of the answer; 0 is none.
    ///
    /// # Errors
    ///
    /// A Storeside that is nowhere.
    pub async fn post(&self, body: &str, signature: Option<&str>) -> Result<u16, WalkError> {
        self.world.post_webhook(body, signature).await
    }
}
