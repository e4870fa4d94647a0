//! Stripe, as far as payoffs meet it: one payment page for each key, what was really paid on it, and what banks took back. It keeps an
//! answered 500 under its key (Stripe API, "Idempotent requests").

use std::collections::BTreeMap;

use domain::id::{CheckoutSessionId, IdError, PaymentIntentId, PayoffId, StripeDisputeId};
use domain::money::{Currency, Money};
use domain::payoff::{DisputeStanding, Movement, MovementKind, PaidBy, PayoffEvent};
use time::OffsetDateTime;

use super::payoff::payoff_id;

/// How far a payment page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageState {
    Open,
    Paid,
    Over,
}

/// A dispute of a payment.
#[derive(Debug, Clone)]
pub(super) struct Dispute {
    pub(super) id: StripeDisputeId,
    pub(super) amount: Money,
    pub(super) standing: DisputeStanding,
}

/// A payment page.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) session: CheckoutSessionId,
    pub(super) payment: PaymentIntentId,
    pub(super) amount: Money,
    pub(super) expires_at: OffsetDateTime,
    pub(super) state: PageState,
    pub(super) dispute: Option<Dispute>,
}

impl Page {
    fn new(payoff: usize, amount: Money, expires_at: OffsetDateTime) -> Result<Self, IdError> {
        let session = CheckoutSessionId::new(&format!("cs_{payoff}"))?;
        let payment = PaymentIntentId::new(&format!("pi_{payoff}"))?;
        Ok(Self { session, payment, amount, expires_at, state: PageState::Open, dispute: None })
    }

    /// What Stripe says of the page when it is asked.
    pub(super) fn says(&self) -> PayoffEvent {
        let session = self.session.clone();
        match self.state {
            PageState::Open => PayoffEvent::SessionOpened(session),
            PageState::Over => PayoffEvent::SessionOver(session),
            PageState::Paid => {
                PayoffEvent::Paid { by: PaidBy { session, payment: self.payment.clone() }, amount: self.amount }
            }
        }
    }

    /// What the bank has of the payment now.
    pub(super) fn charged_back(&self) -> Money {
        let taken =
            self.dispute.as_ref().filter(|it| matches!(it.standing, DisputeStanding::Open | DisputeStanding::Lost));
        taken.map_or(Money::zero(Currency::USD), |it| it.amount)
    }
}

/// What is under a key.
#[derive(Debug, Clone)]
enum Kept {
    Page(Page),
    Failure,
}

#[derive(Debug, Default)]
pub(super) struct Stripe {
    kept: BTreeMap<usize, Kept>,
}

impl Stripe {
    /// The page of a payoff. Asked twice under one key, it is the same; `None`: it answers 500 under this key.
    pub(super) fn open(&mut self, payoff: usize, amount: Money, expires_at: OffsetDateTime) -> Option<&Page> {
        let made = || Page::new(payoff, amount, expires_at).map_or(Kept::Failure, Kept::Page);
        match self.kept.entry(payoff).or_insert_with(made) {
            Kept::Page(page) => Some(page),
            Kept::Failure => None,
        }
    }

    /// A 500, once and for ever. `false`: the page is there already.
    pub(super) fn fail(&mut self, payoff: usize) -> bool {
        matches!(self.kept.entry(payoff).or_insert(Kept::Failure), Kept::Failure)
    }

    pub(super) fn page(&self, payoff: usize) -> Option<&Page> {
        match self.kept.get(&payoff)? {
            Kept::Page(page) => Some(page),
            Kept::Failure => None,
        }
    }

    pub(super) fn page_mut(&mut self, payoff: usize) -> Option<&mut Page> {
        match self.kept.get_mut(&payoff)? {
            Kept::Page(page) => Some(page),
            Kept::Failure => None,
        }
    }

    /// The lines of its balance.
    pub(super) fn movements(&self) -> Vec<Movement> {
        let mut lines = vec![];
        for (number, kept) in &self.kept {
            let Kept::Page(page) = kept else { continue };
            if page.state != PageState::Paid {
                continue;
            }
            let line = |kind: MovementKind, amount| Movement {
                id: format!("txn_{number}_{}", kind.as_str()),
                kind,
                payment: Some(page.payment.clone()),
                payoff: Some(payoff_id(*number)),
                amount,
            };
            lines.push(line(MovementKind::Charge, page.amount));
            let back = page.charged_back();
            if back.is_positive() {
                lines.push(line(MovementKind::Dispute, Money::new(-back.minor(), back.currency())));
            }
        }
        lines
    }
}

/// Which payoff a row's id is.
pub(super) fn number_of(id: PayoffId) -> usize {
    usize::try_from(id.0.as_u128()).unwrap_or(usize::MAX)
}
