//! Payoffs, in the order of `flow::payoff::{start, tell}`; the decisions are `domain`'s.

use domain::alert::AlertKind;
use domain::debt::DebtEvent;
use domain::effect::{Effect, Plan};
use domain::id::{DebtId, PayoffId, TripId};
use domain::ledger::Account;
use domain::money::{Currency, Money};
use domain::payoff::{
    Allocation, CREATED_LASTS, OwedDebt, Payoff, PayoffError, PayoffEvent, PayoffMoney, SESSION_LASTS, Share, allocate,
    spread,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::law::Law;
use super::tables::Tables;

/// Paying takes a person this long, or longer (`flow::payoff::look`).
const LOOK_FIRST: Duration = Duration::minutes(2);

const NOTHING: Money = Money::zero(Currency::USD);

/// A part of a payoff.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) trip: usize,
    pub(super) amount: Money,
    pub(super) share: Share,
}

/// A payoff.
#[derive(Debug, Clone)]
pub(super) struct PayoffRow {
    /// Whose: in a run, each instrument is a shopper's.
    pub(super) instrument: usize,
    pub(super) amount: Money,
    pub(super) state: Payoff,
    /// Was the address of its page kept?
    pub(super) has_address: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
    pub(super) parts: Vec<Part>,
    /// What of it ever went towards a debt, in minor units.
    pub(super) counted: i64,
}

/// What of a visit's payoffs is not the debt's, in minor units.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Beside {
    /// The shopper's.
    pub(super) surplus: i64,
    /// Nobody's: a bank has it.
    pub(super) lost: i64,
}

/// What the next step towards a page is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Nothing can be paid so.
    Refused,
    /// There is a page.
    Go(usize),
    /// Stripe is asked for one.
    Ask(usize),
    /// Another page is ended first.
    EndFirst(usize),
}

/// What became of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Moved,
    Unchanged,
    TooEarly,
    Refused,
}

/// The id of a run's payoff of this number.
pub(super) fn payoff_id(number: usize) -> PayoffId {
    PayoffId(Uuid::from_u128(number as u128))
}

impl Tables {
    /// What a shopper owes.
    pub(super) fn owed(&self, instrument: usize) -> Vec<OwedDebt> {
        let mine = self.debts.iter().enumerate().filter_map(|(trip, it)| Some((trip, (*it)?)));
        let mine = mine.filter(|(_, it)| it.instrument == Some(instrument) && it.debt.outstanding.is_positive());
        let owed = mine.filter_map(|(trip, it)| {
            let id = self.trips[trip].as_ref()?.id.clone();
            Some(OwedDebt { debt: DebtId(Uuid::from_u128(trip as u128)), trip: id, outstanding: it.debt.outstanding })
        });
        owed.collect()
    }

    /// One step on the way to a payment page for these trips.
    pub(super) fn plan_payoff(&mut self, instrument: usize, chosen: &[TripId], now: OffsetDateTime) -> Step {
        let Ok((allocations, total)) = allocate(&self.owed(instrument), chosen) else { return Step::Refused };
        let live = self.payoffs.iter().position(|it| it.instrument == instrument && it.state.is_live());
        if let Some(live) = live {
            let row = &self.payoffs[live];
            let held = row.parts.iter().map(|it| (it.trip, it.amount));
            let is_same = held.eq(allocations.iter().map(|it| (trip_of(it), it.amount)));
            match &row.state {
                Payoff::Open { .. } if is_same && row.has_address && now < row.expires_at => return Step::Go(live),
                Payoff::Created if is_same && now < row.created_at + CREATED_LASTS => return Step::Ask(live),
                Payoff::Created => {
                    self.tell_payoff(live, PayoffEvent::Abandoned, now);
                }
                _ => return Step::EndFirst(live),
            }
        }
        Step::Ask(self.create_payoff(instrument, total, &allocations, now))
    }

    fn create_payoff(
        &mut self,
        instrument: usize,
        amount: Money,
        allocations: &[Allocation],
        now: OffsetDateTime,
    ) -> usize {
        let part = |it: &Allocation| Part { trip: trip_of(it), amount: it.amount, share: Share::unpaid(it.amount) };
        let number = self.payoffs.len();
        let row = PayoffRow {
            instrument,
            amount,
            state: Payoff::Created,
            has_address: false,
            created_at: now,
            expires_at: now.saturating_add(SESSION_LASTS),
            parts: allocations.iter().map(part).collect(),
            counted: 0,
        };
        self.change.has_moved = true;
        self.change.is_audited = true;
        let trip = row.parts.first().map_or(0, |it| it.trip);
        self.payoffs.push(row);
        let plan = Plan { due_at: now.saturating_add(LOOK_FIRST), deadline_at: None };
        self.push(trip, Effect::CheckPayoff { payoff: payoff_id(number) }, plan);
        number
    }

    /// Tells a payoff what became known: its debts, their entries, reports and refunds move with it.
    pub(super) fn tell_payoff(&mut self, number: usize, event: PayoffEvent, now: OffsetDateTime) -> Told {
        let row = &self.payoffs[number];
        let step = match row.state.apply(row.amount, event) {
            Ok(step) => step,
            Err(PayoffError::NotPaidYet) => return Told::TooEarly,
            Err(PayoffError::StillOpen) => return Told::Unchanged,
            Err(PayoffError::OtherSession | PayoffError::OtherAmount | PayoffError::OtherDispute) => {
                return Told::Refused;
            }
        };
        if step.payoff == row.state {
            return Told::Unchanged;
        }
        self.payoffs[number].state = step.payoff;
        self.change.has_moved = true;
        self.change.is_audited = true;
        match step.money {
            PayoffMoney::Stays => {}
            PayoffMoney::Settles => self.settle_by(number, now),
            PayoffMoney::TakenBack(amount) => self.charge_back(number, amount, now),
            PayoffMoney::GivenBack(_) => self.give_back(number, now),
        }
        self.tell(|tables| format!("payoff {number} is {:?}", tables.payoffs[number]));
        Told::Moved
    }

    fn settle_by(&mut self, number: usize, now: OffsetDateTime) {
        for place in 0..self.payoffs[number].parts.len() {
            let Part { trip, amount, .. } = self.payoffs[number].parts[place];
            let before = self.paid(trip);
            self.move_part(number, trip, DebtEvent::PaidOnline(amount), now);
            let settled = Money::new(self.paid(trip) - before, Currency::USD);
            if let Ok(share) = Share::paid(amount, settled) {
                self.payoffs[number].parts[place].share = share;
            }
            self.payoffs[number].counted += amount.minor();
        }
    }

    fn charge_back(&mut self, number: usize, amount: Money, now: OffsetDateTime) {
        let shares: Vec<Share> = self.payoffs[number].parts.iter().map(|it| it.share).collect();
        let Ok(takes) = spread(amount, &shares) else { return };
        for (place, take) in takes.into_iter().enumerate().filter(|(_, take)| !take.is_zero()) {
            let Part { trip, share, .. } = self.payoffs[number].parts[place];
            let credit = Money::new(-self.books.trip(trip, Account::ShopperCredit), Currency::USD);
            let paid = Money::new(self.paid(trip), Currency::USD);
            let Ok((share, back)) = share.charge_back(take, paid, credit) else { continue };
            self.move_part(number, trip, DebtEvent::ChargedBack(back), now);
            self.payoffs[number].parts[place].share = share;
        }
        self.disputed.insert(number);
    }

    fn give_back(&mut self, number: usize, now: OffsetDateTime) {
        for place in 0..self.payoffs[number].parts.len() {
            let Part { trip, share, .. } = self.payoffs[number].parts[place];
            if share.charged_back.is_zero() {
                continue;
            }
            let before = self.paid(trip);
            let Ok(amount) = share.charged_back.checked_sub(share.lost) else { continue };
            self.move_part(number, trip, DebtEvent::ChargeRestored { amount, lost: share.lost }, now);
            if let Ok(share) = share.restore(Money::new(self.paid(trip) - before, Currency::USD)) {
                self.payoffs[number].parts[place].share = share;
            }
        }
        self.disputed.remove(&number);
    }

    fn paid(&self, trip: usize) -> i64 {
        self.debts[trip].map_or(0, |it| it.debt.paid.minor())
    }

    fn move_part(&mut self, number: usize, trip: usize, event: DebtEvent, now: OffsetDateTime) {
        if !self.move_debt(trip, event, NOTHING, now) {
            self.break_law(Law::Payoff, trip, format!("the debt refused {event:?} of payoff {number}"));
        }
        self.report(trip, now);
        self.touched.push(trip);
    }

    /// A person is told that a payoff and Stripe differ.
    pub(super) fn note_unmatched(&mut self, number: usize) {
        let trip = self.payoffs[number].parts.first().map_or(0, |it| it.trip);
        self.alert(AlertKind::PayoffUnmatched, trip);
        self.unmatched.insert(number);
    }
}

/// A run's debts are numbered as its visits are.
fn trip_of(allocation: &Allocation) -> usize {
    usize::try_from(allocation.debt.0.as_u128()).unwrap_or(usize::MAX)
}
