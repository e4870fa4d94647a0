//! Do our payoffs and Stripe's balance tell the same?

use crate::id::{PaymentIntentId, PayoffId};
use crate::money::{Money, MoneyError};
use crate::reason::closed_list;

closed_list!(
    /// What a line of Stripe's balance is about (Stripe API, `balance_transaction.type`, by what its `source` is).
    MovementKind {
        /// A card was charged.
        Charge = "charge",
        /// A bank took a charge back, or gave it back again.
        Dispute = "dispute",
        /// Somebody gave a charge back at Stripe.
        Refund = "refund",
    }
);

/// One line of Stripe's balance that concerns a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Stripe's number of the line.
    pub id: String,
    /// What it is about.
    pub kind: MovementKind,
    /// The payment. `None`: Stripe names none.
    pub payment: Option<PaymentIntentId>,
    /// The payoff that the charge names. `None`: it is not of ours.
    pub payoff: Option<PayoffId>,
    /// Before fees; negative where it left.
    pub amount: Money,
}

/// A payoff of ours in the time that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurPayoff {
    /// Which.
    pub id: PayoffId,
    /// The payment. `None`: it is not paid as far as we know.
    pub payment: Option<PaymentIntentId>,
    /// What was to be paid.
    pub amount: Money,
    /// What the bank has of it.
    pub charged_back: Money,
}

closed_list!(
    /// How the two differ.
    BreakKind {
        /// We counted it, and Stripe has no such charge.
        MissingAtStripe = "missing_at_stripe",
        /// Stripe has charged it, and we have not counted it.
        NotCounted = "not_counted",
        /// Stripe charged another amount.
        OtherAmount = "other_amount",
        /// The bank has another amount than we have booked as taken back.
        OtherChargeback = "other_chargeback",
        /// Given back at Stripe, which nobody here knows.
        RefundedThere = "refunded_there",
    }
);

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// How they differ.
    pub kind: BreakKind,
    /// Of which payoff.
    pub payoff: PayoffId,
    /// What we have.
    pub ours: Money,
    /// What Stripe has.
    pub theirs: Money,
}

/// Every difference between our payoffs and the lines of Stripe's balance of the same time. Lines that name no payoff of ours belong
/// to somebody else who uses the account.
///
/// # Errors
///
/// Refuses sums past 64 bits.
pub fn match_payoffs(ours: &[OurPayoff], theirs: &[Movement]) -> Result<Vec<Break>, MoneyError> {
    let mut breaks = vec![];
    for payoff in ours {
        let is_its =
            |it: &&Movement| it.payoff == Some(payoff.id) || (it.payment.is_some() && it.payment == payoff.payment);
        // Another currency than was asked for is another amount: it counts as none of ours.
        let of = |kind| {
            let lines =
                theirs.iter().filter(is_its).filter(|it| it.kind == kind && it.amount.currency() == currency(payoff));
            Money::sum(currency(payoff), lines.map(|it| it.amount))
        };
        let (charged, back, refunded) =
            (of(MovementKind::Charge)?, of(MovementKind::Dispute)?.checked_neg()?, of(MovementKind::Refund)?);
        let nothing = Money::zero(currency(payoff));
        let counted = if payoff.payment.is_some() { payoff.amount } else { nothing };
        let mut differs = |kind, ours, theirs| breaks.push(Break { kind, payoff: payoff.id, ours, theirs });
        if charged != counted {
            let kind = match (counted.is_zero(), charged.is_zero()) {
                (true, _) => BreakKind::NotCounted,
                (false, true) => BreakKind::MissingAtStripe,
                (false, false) => BreakKind::OtherAmount,
            };
            differs(kind, counted, charged);
        }
        if back != payoff.charged_back {
            differs(BreakKind::OtherChargeback, payoff.charged_back, back);
        }
        if !refunded.is_zero() {
            differs(BreakKind::RefundedThere, nothing, refunded);
        }
    }
    Ok(breaks)
}

fn currency(payoff: &OurPayoff) -> crate::money::Currency {
    payoff.amount.currency()
}
