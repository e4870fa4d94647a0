//! Amazon, as far as we know it: holds, captures, feedback, and both ways of playing what its pages do not say. Its truth is its own.

use domain::feedback::PaymentStatus;
use domain::id::RefundId;
use domain::money::{Currency, Money};
use time::{Duration, OffsetDateTime};

/// What Amazon does where its contract is silent, or where stores differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contract {
    pub(super) duplicate_capture: Duplicate,
    /// Do card facts exist before a capture?
    pub(super) data_before_capture: bool,
    /// Is a capture of an ended token "expired" even when it was captured before?
    pub(super) expired_first: bool,
    /// Is more captured than is held, when that is asked for?
    pub(super) captures_beyond_hold: bool,
    /// Does the newest report count by its own time? Else the one that arrived last.
    pub(super) newest_report_counts: bool,
    /// Is what is held captured without an adjustment before?
    pub(super) captures_unadjusted: bool,
    /// Is more given back than was captured, when that is asked for?
    pub(super) refunds_beyond_capture: bool,
    /// Is a refund that was made refused when it is asked for again under its key?
    pub(super) refuses_repeated_refunds: bool,
    /// How long after the tap anything is given back.
    pub(super) refund_window: Duration,
}

/// What a second capture does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicate {
    Ignored,
    Charged,
    Refused,
}

/// A capture that was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capture {
    pub(super) amount: Money,
    /// The bank has taken it back, or never paid.
    pub(super) is_declined: bool,
}

/// What Amazon was told of a payment last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: PaymentStatus,
    /// By the sender's clock, in whole seconds as on the wire.
    pub(super) at: i64,
}

/// What the issuer said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adjusted {
    Approved,
    Declined,
    Pending,
}

/// One visit in Amazon's books.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) contract: Contract,
    pub(super) tapped_at: OffsetDateTime,
    pub(super) token_life: Duration,
    /// What the card bears.
    pub(super) limit: Money,
    pub(super) authorized: Money,
    /// The most that was ever authorized.
    pub(super) authorized_most: Money,
    pub(super) adjusted: Option<Adjusted>,
    /// Answers PENDING so many times more.
    pub(super) pending: u32,
    pub(super) captures: Vec<Capture>,
    /// What was given back, each under the key that it was asked for with.
    pub(super) refunds: Vec<(RefundId, Money)>,
    /// Nothing of it is ever given back.
    pub(super) refuses_refunds: bool,
    pub(super) is_cancelled: bool,
    pub(super) told: Option<Told>,
    /// The visit was let in: before that no API knows it.
    pub(super) is_admitted: bool,
}

/// Why a well-made call is refused: all are 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTrip,
    Expired,
    Bad,
}

impl Account {
    pub(super) fn new(contract: Contract, tapped_at: OffsetDateTime, token_life: Duration, limit: Money) -> Self {
        let nothing = Money::zero(Currency::USD);
        Self {
            contract,
            tapped_at,
            token_life,
            limit,
            authorized: nothing,
            authorized_most: nothing,
            adjusted: None,
            pending: 0,
            captures: vec![],
            refunds: vec![],
            refuses_refunds: false,
            is_cancelled: false,
            told: None,
            is_admitted: false,
        }
    }

    /// The gate opens: the issuer holds what was asked for, as far as the card goes.
    pub(super) fn admit(&mut self, hold: Money) {
        self.is_admitted = true;
        self.authorize(if hold.minor() < self.limit.minor() { hold } else { self.limit });
    }

    fn authorize(&mut self, amount: Money) {
        self.authorized = amount;
        if amount.minor() > self.authorized_most.minor() {
            self.authorized_most = amount;
        }
    }

    fn open(&self, now: OffsetDateTime) -> Result<(), Refusal> {
        match () {
            () if !self.is_admitted => Err(Refusal::UnknownTrip),
            () if self.is_cancelled => Err(Refusal::Bad),
            () if now > self.tapped_at.saturating_add(self.token_life) => Err(Refusal::Expired),
            () => Ok(()),
        }
    }

    pub(super) fn adjust(&mut self, amount: Money, now: OffsetDateTime) -> Result<(Adjusted, Money), Refusal> {
        self.open(now)?;
        if !self.captures.is_empty() {
            return Err(Refusal::Bad);
        }
        let adjusted = if self.pending > 0 {
            self.pending -= 1;
            Adjusted::Pending
        } else if amount.minor() <= self.limit.minor() {
            self.authorize(amount);
            Adjusted::Approved
        } else {
            Adjusted::Declined
        };
        self.adjusted = Some(adjusted);
        Ok((adjusted, self.authorized))
    }

    /// Charges the card. `true`: it was charged by this call.
    pub(super) fn capture(&mut self, amount: Money, now: OffsetDateTime) -> Result<bool, Refusal> {
        let is_expired = now > self.tapped_at.saturating_add(self.token_life);
        let is_first = self.captures.is_empty() || (is_expired && self.contract.expired_first);
        match self.contract.duplicate_capture {
            _ if is_first => self.open(now)?,
            Duplicate::Ignored => return Ok(false),
            Duplicate::Refused => return Err(Refusal::Bad),
            Duplicate::Charged => {}
        }
        let may_capture = match self.adjusted {
            Some(Adjusted::Approved | Adjusted::Declined) => true,
            Some(Adjusted::Pending) => false,
            None => self.contract.captures_unadjusted,
        };
        let is_held = amount.minor() <= self.authorized.minor() || self.contract.captures_beyond_hold;
        if !may_capture || !is_held {
            return Err(Refusal::Bad);
        }
        self.captures.push(Capture { amount, is_declined: false });
        Ok(true)
    }

    /// Releases the hold. Twice is the same as once.
    pub(super) fn cancel(&mut self) -> Result<(), Refusal> {
        if !self.is_admitted {
            return Err(Refusal::UnknownTrip);
        }
        if !self.captures.is_empty() {
            return Err(Refusal::Bad);
        }
        self.is_cancelled = true;
        self.authorized = Money::zero(Currency::USD);
        Ok(())
    }

    /// Gives back to the card. `true`: by this call; `false`: it was given back under this key before.
    pub(super) fn refund(&mut self, id: RefundId, amount: Money, now: OffsetDateTime) -> Result<bool, Refusal> {
        if !self.is_admitted {
            return Err(Refusal::UnknownTrip);
        }
        if let Some((_, known)) = self.refunds.iter().find(|(it, _)| *it == id) {
            let is_repeated = *known == amount && !self.contract.refuses_repeated_refunds;
            return if is_repeated { Ok(false) } else { Err(Refusal::Bad) };
        }
        let taken: i64 = self.effective().map(Money::minor).sum();
        let back: i64 = self.refunds.iter().map(|(_, it)| it.minor()).sum();
        let is_there = back + amount.minor() <= taken || self.contract.refunds_beyond_capture;
        let is_late = now > self.tapped_at.saturating_add(self.contract.refund_window);
        if self.captures.is_empty() || !is_there || is_late || self.refuses_refunds {
            return Err(Refusal::Bad);
        }
        self.refunds.push((id, amount));
        Ok(true)
    }

    /// Are there card facts?
    pub(super) fn facts(&self) -> Result<(), Refusal> {
        if self.captures.is_empty() && !self.contract.data_before_capture { Err(Refusal::Bad) } else { Ok(()) }
    }

    pub(super) fn report(&mut self, told: Told) {
        let is_older = self.contract.newest_report_counts && self.told.is_some_and(|known| known.at > told.at);
        if !is_older {
            self.told = Some(told);
        }
    }

    /// How many captures the cardholder really pays.
    pub(super) fn effective(&self) -> impl Iterator<Item = Money> {
        self.captures.iter().filter(|it| !it.is_declined).map(|it| it.amount)
    }
}
