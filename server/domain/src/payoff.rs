//! A payment towards debts through the retailer's own processor: what is paid, how far it is, and what its cardholder's bank may
//! still take back.
//!
//! Word of it comes from a webhook, from the shopper's way back and from a look that nobody asked for, in any order and any number
//! of times. [`Payoff::apply`] makes the same of it in each: only the first word that it is paid settles anything.

use crate::id::{CheckoutSessionId, PaymentIntentId, StripeDisputeId};
use crate::money::Money;
use crate::reason::closed_list;

mod allocation;
mod matching;
mod share;

pub use allocation::{Allocation, AllocationError, OwedDebt, TRIPS_MAX, allocate, chargeable};
pub use matching::{Break, BreakKind, Movement, MovementKind, OurPayoff, match_payoffs};
pub use share::{Share, spread};

/// How long a shopper has for the payment page. Stripe allows 30 minutes to 24 hours (Stripe API, `expires_at`).
pub const SESSION_LASTS: time::Duration = time::Duration::minutes(60);

/// So long a payoff may be without its session: then the call that asks for one is not repeated, as its `expires_at` would soon be
/// refused. Nobody was given the session's address by then, if there is one.
pub const CREATED_LASTS: time::Duration = time::Duration::minutes(10);

closed_list!(
    /// How a cardholder's dispute stands, by what it does with the money (Stripe API, `dispute.status`).
    DisputeStanding {
        /// The bank only asks (`warning_…`): no money moves.
        Inquiry = "inquiry",
        /// The bank has taken the money, and decides later.
        Open = "open",
        /// It keeps it.
        Lost = "lost",
        /// It has given it back.
        Won = "won",
    }
);

/// By which session and payment a payoff was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidBy {
    /// The session.
    pub session: CheckoutSessionId,
    /// The payment.
    pub payment: PaymentIntentId,
}

/// A dispute and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// Which.
    pub dispute: StripeDisputeId,
    /// How much the bank took: no more than was paid.
    pub amount: Money,
}

/// How far a payoff is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payoff {
    /// Committed; Stripe may not have heard of it.
    Created,
    /// The shopper can pay.
    Open {
        /// Where.
        session: CheckoutSessionId,
    },
    /// The session is over, and nothing was paid.
    Expired {
        /// Which.
        session: CheckoutSessionId,
    },
    /// Given up before anybody had the session's address.
    Abandoned,
    /// Paid: the debts are settled by it.
    Paid(PaidBy),
    /// Paid, and the bank has taken it back for now: the debts are owed again.
    Disputed(PaidBy, Disputed),
    /// Paid, and the bank has taken it back for good.
    Lost(PaidBy, Disputed),
    /// Paid, disputed, and the bank has given it back.
    Won(PaidBy, Disputed),
}

/// What became known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoffEvent {
    /// Stripe has a session for it.
    SessionOpened(CheckoutSessionId),
    /// The session is over without a payment.
    SessionOver(CheckoutSessionId),
    /// Nobody waits for it any more, and no address was handed out.
    Abandoned,
    /// It is paid.
    Paid {
        /// By what.
        by: PaidBy,
        /// What Stripe says was paid.
        amount: Money,
    },
    /// A dispute stands so.
    Dispute {
        /// Which.
        dispute: StripeDisputeId,
        /// Over how much.
        amount: Money,
        /// How.
        standing: DisputeStanding,
    },
}

/// What an event does with money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoffMoney {
    /// Nothing.
    Stays,
    /// The debts are settled by the whole amount.
    Settles,
    /// So much of it is taken back.
    TakenBack(Money),
    /// So much comes back after all.
    GivenBack(Money),
}

/// What an event leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoffStep {
    /// The payoff now.
    pub payoff: Payoff,
    /// What money does.
    pub money: PayoffMoney,
}

/// Why a payoff refused an event: nothing changes, and a person looks, but for [`PayoffError::NotPaidYet`] and
/// [`PayoffError::StillOpen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayoffError {
    /// A dispute of what is not paid as far as we know: word of the payment is still on its way.
    #[error("the payoff is not paid yet")]
    NotPaidYet,
    /// Its session is open: it must be expired at Stripe first.
    #[error("the payoff's session is still open")]
    StillOpen,
    /// One payoff has one session.
    #[error("Stripe names another session than the payoff's own")]
    OtherSession,
    /// Another amount or currency was paid than was asked for.
    #[error("Stripe names another amount than the payoff's own")]
    OtherAmount,
    /// One dispute at a time is reckoned with.
    #[error("Stripe names another dispute than the one before")]
    OtherDispute,
}

impl Payoff {
    /// The word of rows and lists.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Open { .. } => "open",
            Self::Expired { .. } => "expired",
            Self::Abandoned => "abandoned",
            Self::Paid(_) => "paid",
            Self::Disputed(..) => "disputed",
            Self::Lost(..) => "lost",
            Self::Won(..) => "won",
        }
    }

    /// May it still be paid, as far as we know?
    #[must_use]
    pub fn is_live(&self) -> bool {
        match self {
            Self::Created | Self::Open { .. } => true,
            Self::Expired { .. }
            | Self::Abandoned
            | Self::Paid(_)
            | Self::Disputed(..)
            | Self::Lost(..)
            | Self::Won(..) => false,
        }
    }

    /// By what it was paid, if it was.
    #[must_use]
    pub fn paid_by(&self) -> Option<&PaidBy> {
        match self {
            Self::Paid(by) | Self::Disputed(by, _) | Self::Lost(by, _) | Self::Won(by, _) => Some(by),
            Self::Created | Self::Open { .. } | Self::Expired { .. } | Self::Abandoned => None,
        }
    }

    /// Decides what `event` does to a payoff of `total`.
    ///
    /// # Errors
    ///
    /// [`PayoffError`]: nothing changes.
    pub fn apply(&self, total: Money, event: PayoffEvent) -> Result<PayoffStep, PayoffError> {
        match event {
            PayoffEvent::SessionOpened(session) => self.opened(session),
            PayoffEvent::SessionOver(session) => self.over(session),
            PayoffEvent::Abandoned => match self {
                Self::Created => Ok(stays(Self::Abandoned)),
                Self::Open { .. } => Err(PayoffError::StillOpen),
                Self::Expired { .. }
                | Self::Abandoned
                | Self::Paid(_)
                | Self::Disputed(..)
                | Self::Lost(..)
                | Self::Won(..) => Ok(self.unchanged()),
            },
            PayoffEvent::Paid { by, amount } => self.paid(by, amount, total),
            PayoffEvent::Dispute { dispute, amount, standing } => self.disputed(dispute, amount, standing, total),
        }
    }

    fn opened(&self, session: CheckoutSessionId) -> Result<PayoffStep, PayoffError> {
        match self {
            Self::Created => Ok(stays(Self::Open { session })),
            Self::Open { session: own } | Self::Expired { session: own } => self.own_session(own, &session),
            // The answer came after everybody had gone; the caller sees that it is not open, and ends the session.
            Self::Abandoned => Ok(self.unchanged()),
            Self::Paid(by) | Self::Disputed(by, _) | Self::Lost(by, _) | Self::Won(by, _) => {
                self.own_session(&by.session, &session)
            }
        }
    }

    fn over(&self, session: CheckoutSessionId) -> Result<PayoffStep, PayoffError> {
        match self {
            Self::Created | Self::Abandoned => Ok(stays(Self::Expired { session })),
            Self::Open { session: own } if *own == session => Ok(stays(Self::Expired { session })),
            Self::Open { session: own } | Self::Expired { session: own } => self.own_session(own, &session),
            Self::Paid(by) | Self::Disputed(by, _) | Self::Lost(by, _) | Self::Won(by, _) => {
                self.own_session(&by.session, &session)
            }
        }
    }

    /// That it is paid counts in every state, once: the money is here.
    fn paid(&self, by: PaidBy, amount: Money, total: Money) -> Result<PayoffStep, PayoffError> {
        if amount != total {
            return Err(PayoffError::OtherAmount);
        }
        match self {
            Self::Open { session } | Self::Expired { session } if *session != by.session => {
                Err(PayoffError::OtherSession)
            }
            Self::Created | Self::Abandoned | Self::Open { .. } | Self::Expired { .. } => {
                Ok(PayoffStep { payoff: Self::Paid(by), money: PayoffMoney::Settles })
            }
            Self::Paid(own) | Self::Disputed(own, _) | Self::Lost(own, _) | Self::Won(own, _) => {
                if *own == by {
                    Ok(self.unchanged())
                } else {
                    Err(PayoffError::OtherSession)
                }
            }
        }
    }

    /// A dispute that was won stays won, whatever older word of it comes later.
    fn disputed(
        &self,
        dispute: StripeDisputeId,
        amount: Money,
        standing: DisputeStanding,
        total: Money,
    ) -> Result<PayoffStep, PayoffError> {
        if amount.currency() != total.currency() || !amount.is_positive() {
            return Err(PayoffError::OtherAmount);
        }
        let amount = if amount.minor() < total.minor() { amount } else { total };
        let said = Disputed { dispute, amount };
        let own = match self {
            Self::Created | Self::Open { .. } | Self::Expired { .. } | Self::Abandoned => {
                return Err(PayoffError::NotPaidYet);
            }
            Self::Paid(by) => return Ok(first_word(by.clone(), said, standing)),
            Self::Disputed(_, own) | Self::Lost(_, own) | Self::Won(_, own) => own,
        };
        if own.dispute != said.dispute {
            return Err(PayoffError::OtherDispute);
        }
        Ok(match (self, standing) {
            (Self::Disputed(by, own), DisputeStanding::Lost) => stays(Self::Lost(by.clone(), own.clone())),
            (Self::Disputed(by, own) | Self::Lost(by, own), DisputeStanding::Won) => {
                PayoffStep { payoff: Self::Won(by.clone(), own.clone()), money: PayoffMoney::GivenBack(own.amount) }
            }
            (
                Self::Disputed(..)
                | Self::Lost(..)
                | Self::Won(..)
                | Self::Paid(_)
                | Self::Created
                | Self::Open { .. }
                | Self::Expired { .. }
                | Self::Abandoned,
                DisputeStanding::Inquiry | DisputeStanding::Open | DisputeStanding::Lost | DisputeStanding::Won,
            ) => self.unchanged(),
        })
    }

    fn own_session(&self, own: &CheckoutSessionId, said: &CheckoutSessionId) -> Result<PayoffStep, PayoffError> {
        if own == said { Ok(self.unchanged()) } else { Err(PayoffError::OtherSession) }
    }

    fn unchanged(&self) -> PayoffStep {
        stays(self.clone())
    }
}

fn first_word(by: PaidBy, said: Disputed, standing: DisputeStanding) -> PayoffStep {
    let amount = said.amount;
    match standing {
        DisputeStanding::Inquiry => stays(Payoff::Paid(by)),
        DisputeStanding::Open => {
            PayoffStep { payoff: Payoff::Disputed(by, said), money: PayoffMoney::TakenBack(amount) }
        }
        DisputeStanding::Lost => PayoffStep { payoff: Payoff::Lost(by, said), money: PayoffMoney::TakenBack(amount) },
        DisputeStanding::Won => stays(Payoff::Won(by, said)),
    }
}

fn stays(payoff: Payoff) -> PayoffStep {
    PayoffStep { payoff, money: PayoffMoney::Stays }
}

#[cfg(test)]
mod tests;
