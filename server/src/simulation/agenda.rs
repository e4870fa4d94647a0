//! What will happen, and when: one line of time for everything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use time::OffsetDateTime;

use super::arrival::FeedEvent;
use super::network::Reply;
use super::payer::Webhook;

/// Something that happens at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Happening {
    /// The gate asks us about a shopper.
    Tapped(usize),
    /// Amazon sends the cart.
    CartSent(usize),
    /// A worker begins with an effect that it holds.
    Begun(usize),
    /// It sends.
    Sent(usize),
    /// A request reaches Amazon; nobody waits any more for the answer of a late one.
    Arrived { task: usize, is_awaited: bool },
    /// The call comes back to its caller, one way or another.
    Answered(usize, Reply),
    /// The bank takes a capture back.
    BankDeclined(usize),
    /// The feed tells of a capture.
    EventTold(usize, FeedEvent),
    /// A shopper or a person looks at a debt.
    DebtLookedAt(usize),
    /// A shopper asks for a refund, the first, the second …
    RefundWanted(usize, u64),
    /// A person looks at a refund that is not finished.
    RefundLookedAt(usize),
    /// A shopper wants to pay what is owed for an instrument.
    PayoffWanted(usize),
    /// A shopper leaves the payment page of a payoff, having paid or not.
    PageLeft(usize),
    /// The time of a payment page is over.
    PageOver(usize),
    /// A shopper is back from the payment page.
    CameBack(usize),
    /// A webhook arrives.
    WebhookTold(Webhook),
    /// A bank takes a payment back.
    BankAsked(usize),
    /// A bank decides about it.
    BankDecided(usize),
    /// Our payoffs are laid beside Stripe's balance.
    Matched,
    /// A worker's clock jumps, by so many minutes.
    ClockJumped(usize, i64),
    /// A visit must have an outcome by now.
    Judged(usize),
}

#[derive(Debug)]
struct Line {
    at: OffsetDateTime,
    number: u64,
    what: Happening,
}

impl Line {
    fn order(&self) -> (OffsetDateTime, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Line {}

impl PartialOrd for Line {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Line {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// The lines, the earliest first; of two at one moment, the one that was written first.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    lines: BinaryHeap<Reverse<Line>>,
    written: u64,
}

impl Agenda {
    pub(super) fn put(&mut self, at: OffsetDateTime, what: Happening) {
        self.written += 1;
        self.lines.push(Reverse(Line { at, number: self.written, what }));
    }

    pub(super) fn next_at(&self) -> Option<OffsetDateTime> {
        self.lines.peek().map(|line| line.0.at)
    }

    pub(super) fn take(&mut self) -> Option<(OffsetDateTime, Happening)> {
        self.lines.pop().map(|line| (line.0.at, line.0.what))
    }
}
