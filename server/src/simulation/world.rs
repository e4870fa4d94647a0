//! One run: everything that happens, one thing after the other, on a clock of its own.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::Api;
use domain::debt::{DebtEvent, PaymentMeans};
use domain::effect::GRACE;
use domain::id::IdError;
use domain::money::Money;
use domain::outbox::OutboxState;
use domain::payment_event::EventName;
use domain::trip::{Trip, TripEvent};
use time::{Duration, OffsetDateTime};

use super::agenda::{Agenda, Happening};
use super::amazon::Account;
use super::arrival::{FeedEvent, Tap};
use super::fault::{Fault, Faults};
use super::law::{Broken, Law};
use super::random::Chance;
use super::scenario::{Mistake, START, Scenario, Walk, usd};
use super::stripe::Stripe;
use super::tables::Tables;
use super::worker::{Task, WORKERS, Worker};

/// A run that takes more steps for each of its trips never becomes quiet.
const STEPS_EACH: usize = 5_000;

/// How long after its deadline a visit may be without an outcome: the grace, then the tries of a capture that is answered with "later".
const OUTCOME_AFTER: Duration = GRACE.saturating_add(Duration::hours(7));

#[derive(Debug)]
pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    pub(super) now: OffsetDateTime,
    pub(super) agenda: Agenda,
    pub(super) tables: Tables,
    pub(super) walks: Vec<Walk>,
    pub(super) cards: Vec<Account>,
    pub(super) outages: Vec<(Api, OffsetDateTime, OffsetDateTime)>,
    pub(super) mail_outages: Vec<(OffsetDateTime, OffsetDateTime)>,
    /// Of each instrument: does Amazon know an address?
    pub(super) has_address: Vec<bool>,
    /// Of each visit, the mails that left, by their effects.
    pub(super) mailed: Vec<Vec<usize>>,
    /// Those of which nobody heard that they left.
    pub(super) unheard: Vec<Vec<usize>>,
    /// Of each visit, when Amazon was last asked for a refund.
    pub(super) refund_sent_at: Vec<OffsetDateTime>,
    pub(super) stripe: Stripe,
    /// Of payoffs, the time of the newest webhook that was told.
    pub(super) newest_word: BTreeMap<usize, OffsetDateTime>,
    /// Payoffs of whose dispute a word was lost.
    pub(super) lost_words: BTreeSet<usize>,
    pub(super) workers: Vec<Worker>,
    pub(super) tasks: Vec<Task>,
    /// Nobody looks for work before then.
    pub(super) idle_until: OffsetDateTime,
    /// Requests so far.
    pub(super) sent: u64,
    /// Of each visit, the latest request that has arrived.
    pub(super) last_arrived: Vec<u64>,
    /// Of each visit, when the newest event that we were told of was, and whether one is lost.
    newest_told: Vec<OffsetDateTime>,
    pub(super) has_lost_event: Vec<bool>,
    pub(super) clocks_jump: bool,
    pub(super) steps: usize,
}

impl World {
    pub(super) fn new(seed: u64, trips: usize, mistake: Option<Mistake>) -> Result<Self, IdError> {
        let mut chance = Chance::new(seed);
        let mut faults = Faults::new(&mut chance);
        let Scenario { stores, instruments, walks, cards, outages, mail_outages, has_address } =
            Scenario::new(trips, mistake, &mut chance, &mut faults)?;
        let clocks_jump = faults.is_on(Fault::ClockAhead) || faults.is_on(Fault::ClockBehind);
        let mut world = Self {
            chance,
            faults,
            now: START,
            agenda: Agenda::default(),
            tables: Tables::new(stores, instruments, trips),
            walks,
            cards,
            outages,
            mail_outages,
            has_address,
            mailed: vec![vec![]; trips],
            unheard: vec![vec![]; trips],
            refund_sent_at: vec![START; trips],
            stripe: Stripe::default(),
            newest_word: BTreeMap::new(),
            lost_words: BTreeSet::new(),
            workers: vec![Worker::new(START); WORKERS],
            tasks: vec![],
            idle_until: START,
            sent: 0,
            last_arrived: vec![0; trips],
            newest_told: vec![START; trips],
            has_lost_event: vec![false; trips],
            clocks_jump,
            steps: 0,
        };
        world.announce();
        Ok(world)
    }

    /// What is known to happen from the beginning.
    fn announce(&mut self) {
        for trip in 0..self.walks.len() {
            let Walk { told_at, cart_at, .. } = self.walks[trip];
            self.agenda.put(told_at, Happening::Tapped(trip));
            if let Some(cart_at) = cart_at {
                self.agenda.put(cart_at, Happening::CartSent(trip));
            }
            self.announce_refunds(trip, told_at);
            for most in [8, 30, 90, 160] {
                let later = self.chance.hours(1, most);
                self.agenda.put(told_at + later, Happening::DebtLookedAt(trip));
                // Two at once meet in the reports that they ask for.
                let soon = self.chance.millis(1, 2_000);
                self.agenda.put(told_at + later + soon, Happening::DebtLookedAt(trip));
            }
        }
        self.announce_payoffs();
        for (fault, sign) in [(Fault::ClockAhead, 1), (Fault::ClockBehind, -1)] {
            for _ in 0..if self.faults.is_on(fault) { 3 } else { 0 } {
                let (worker, at) = (self.chance.below(WORKERS), START + self.chance.hours(0, 100));
                let minutes = sign * self.chance.between(1, 180);
                self.agenda.put(at, Happening::ClockJumped(worker, minutes));
                let back_at = at + self.chance.minutes(1, 300);
                self.agenda.put(back_at, Happening::ClockJumped(worker, 0));
            }
        }
    }

    /// Runs until nothing is left to happen, or a law is broken.
    pub(super) fn run(&mut self) -> Option<Broken> {
        let steps_max = STEPS_EACH * self.walks.len();
        while self.tables.broken.is_none() && self.step() {
            self.steps += 1;
            if self.steps > steps_max {
                self.tables.break_law(Law::Quiet, 0, format!("{} steps, and still something to do", self.steps));
            }
            while let Some(trip) = self.tables.touched.pop() {
                self.tables.check_trip(trip);
                self.tables.check_card(trip, &self.cards[trip]);
            }
        }
        if self.tables.broken.is_none() {
            self.check_quiet();
        }
        self.tables.broken.clone()
    }

    fn step(&mut self) -> bool {
        let happens_at = self.agenda.next_at();
        match (happens_at, self.next_claim()) {
            (None, None) => return false,
            (event, Some((at, worker))) if event.is_none_or(|event| at < event) => {
                self.now = self.now.max(at);
                self.claim(worker);
            }
            _ => {
                let Some((at, what)) = self.agenda.take() else { return false };
                self.now = self.now.max(at);
                self.happen(what);
            }
        }
        true
    }

    fn happen(&mut self, what: Happening) {
        let now = self.now;
        self.tables.tell(|_| format!("{now} {what:?}"));
        match what {
            Happening::Tapped(trip) => self.tap(trip),
            Happening::CartSent(trip) => self.send_cart(trip),
            Happening::Begun(task) => self.begin(task),
            Happening::Sent(task) => self.send(task),
            Happening::Arrived { task, is_awaited } => self.arrive(task, is_awaited),
            Happening::Answered(task, reply) => self.finish(task, reply),
            Happening::BankDeclined(trip) => self.decline(trip),
            Happening::EventTold(trip, event) => self.hear(trip, event),
            Happening::DebtLookedAt(trip) => self.look_at_debt(trip),
            Happening::RefundWanted(trip, number) => self.want_refund(trip, number),
            Happening::RefundLookedAt(trip) => self.look_at_refund(trip),
            Happening::PayoffWanted(instrument) => self.want_payoff(instrument),
            Happening::PageLeft(payoff) => self.leave_page(payoff),
            Happening::PageOver(payoff) => self.page_over(payoff),
            Happening::CameBack(payoff) => self.come_back(payoff),
            Happening::WebhookTold(webhook) => self.hear_webhook(webhook),
            Happening::BankAsked(payoff) => self.dispute(payoff),
            Happening::BankDecided(payoff) => self.decide_dispute(payoff),
            Happening::Matched => self.match_balance(),
            Happening::ClockJumped(worker, minutes) => {
                let fault = if minutes < 0 { Fault::ClockBehind } else { Fault::ClockAhead };
                if minutes != 0 {
                    self.faults.note(fault);
                }
                self.workers[worker].skew = Duration::minutes(minutes);
            }
            Happening::Judged(trip) => self.judge(trip),
        }
    }

    pub(super) fn falls(&mut self, fault: Fault) -> bool {
        let falls = self.faults.falls(fault, &mut self.chance);
        if falls {
            self.tables.tell(|_| format!("  fault: {}", fault.word()));
        }
        falls
    }

    /// A request to us: its process may die before it has committed, or before it has answered. `false`: nothing is committed.
    pub(super) fn commits(&mut self, again: Happening) -> bool {
        let later = self.now + self.chance.millis(500, 60_000);
        if self.falls(Fault::CrashBeforeArrival) {
            self.agenda.put(later, again);
            return false;
        }
        if self.falls(Fault::CrashAfterArrival) {
            self.agenda.put(later, again);
        }
        true
    }

    fn tap(&mut self, trip: usize) {
        if !self.commits(Happening::Tapped(trip)) {
            return;
        }
        if self.falls(Fault::TapDoubled) {
            let later = self.chance.millis(1, 60_000);
            self.agenda.put(self.now + later, Happening::Tapped(trip));
        }
        if self.cards[trip].is_admitted && self.tables.trips[trip].as_ref().is_some_and(|it| it.instrument.is_some()) {
            // The same tap again: it has its answer.
            return;
        }
        let (now, walk) = (self.now, self.walks[trip].clone());
        let tap = Tap { trip, store: walk.store, instrument: walk.instrument, request: &walk.request };
        let decision = self.tables.transact(trip, |tables| tables.decide_gate(tap, now));
        self.tables.check_gate(tap, &decision);
        if decision.authorized && !self.cards[trip].is_admitted {
            self.cards[trip].admit(walk.request.hold);
        }
        if !decision.authorized && self.tables.trips[trip].is_none() {
            // Nobody came in, so that no cart comes.
            self.walks[trip].cart_at = None;
            return;
        }
        self.judge_later(trip);
    }

    fn send_cart(&mut self, trip: usize) {
        if self.walks[trip].cart_at.is_none() || !self.commits(Happening::CartSent(trip)) {
            return;
        }
        if self.falls(Fault::CartDoubled) {
            let later = self.chance.minutes(1, 600);
            self.agenda.put(self.now + later, Happening::CartSent(trip));
        }
        let Walk { store, verdict, tax, ref request, .. } = self.walks[trip];
        if !self.cards[trip].is_admitted {
            // The gate opened long ago; only we are told late.
            self.cards[trip].admit(request.hold);
        }
        let (now, started_at) = (self.now, request.tapped_at);
        self.tables.transact(trip, |tables| tables.receive_cart((trip, store), verdict, tax, started_at, now));
        self.judge_later(trip);
    }

    /// A card was charged: the feed will tell, and the bank may think again.
    pub(super) fn charged(&mut self, trip: usize, amount: Money) {
        let soon = self.chance.millis(500, 1_800_000);
        self.tell_event(trip, EventName::CaptureApproved, Some(amount), soon);
        if self.falls(Fault::LateDecline) {
            let later =
                if self.chance.percent(30) { self.chance.millis(100, 60_000) } else { self.chance.hours(0, 40) };
            self.agenda.put(self.now + later, Happening::BankDeclined(trip));
        }
    }

    fn decline(&mut self, trip: usize) {
        for capture in &mut self.cards[trip].captures {
            capture.is_declined = true;
        }
        let soon = self.chance.millis(500, 1_800_000);
        self.tell_event(trip, EventName::CaptureDeclined, None, soon);
    }

    pub(super) fn tell_event(&mut self, trip: usize, name: EventName, amount: Option<Money>, soon: Duration) {
        let amount = amount.filter(|_| self.chance.percent(80));
        let event = FeedEvent { name, amount, occurred_at: self.now };
        if self.falls(Fault::EventLost) {
            self.has_lost_event[trip] |= name != EventName::AuthorizationCancelled;
            return;
        }
        let late = if self.chance.percent(5) { self.chance.hours(1, 47) } else { soon };
        self.agenda.put(self.now + late, Happening::EventTold(trip, event));
        if self.falls(Fault::EventDoubled) {
            let again = late + self.chance.hours(0, 10);
            self.agenda.put(self.now + again, Happening::EventTold(trip, event));
        }
    }

    fn hear(&mut self, trip: usize, event: FeedEvent) {
        if !self.commits(Happening::EventTold(trip, event)) {
            return;
        }
        if event.occurred_at < self.newest_told[trip] {
            self.faults.note(Fault::EventsReordered);
        }
        self.newest_told[trip] = self.newest_told[trip].max(event.occurred_at);
        let now = self.now;
        if !self.tables.transact(trip, |tables| tables.hear(trip, event, now)) {
            self.agenda.put(now + Duration::HOUR, Happening::EventTold(trip, event));
        }
    }

    /// Shoppers pay, banks and people take back, staff give up and think again.
    fn look_at_debt(&mut self, trip: usize) {
        let Some(debt) = self.tables.debts[trip].map(|it| it.debt) else { return };
        // Online, Stripe takes it.
        let means = self.chance.pick(&[PaymentMeans::InStore, PaymentMeans::ByPhone]);
        let part = |chance: &mut Chance, most: Money| chance.part_of(usd(most.minor().max(1)));
        let event = match self.chance.below(12) {
            0..=4 => DebtEvent::Paid { amount: part(&mut self.chance, debt.outstanding), means },
            5 => DebtEvent::PaymentReversed { amount: part(&mut self.chance, debt.paid), means },
            6 => DebtEvent::Credited(part(&mut self.chance, debt.outstanding)),
            7 | 8 => DebtEvent::WrittenOff,
            9 => DebtEvent::Reopened,
            10 => DebtEvent::Cleared,
            _ => DebtEvent::Confirmed,
        };
        let now = self.now;
        self.tables.transact(trip, |tables| tables.settle(trip, event, now));
    }

    fn judge_later(&mut self, trip: usize) {
        let deadline_at = self.tables.trips[trip].as_ref().map_or(self.now, |it| it.deadline_at);
        self.agenda.put(deadline_at.max(self.now) + OUTCOME_AFTER, Happening::Judged(trip));
    }

    /// Its time is long over: it has an outcome, or somebody was told that it has none.
    fn judge(&mut self, trip: usize) {
        let Some(row) = self.tables.trips[trip].clone() else { return };
        let is_told = self.tables.is_alerted(domain::alert::AlertKind::EffectExhausted, trip);
        match row.state {
            Trip::Captured { .. }
            | Trip::PartlyCaptured { .. }
            | Trip::Uncollected { .. }
            | Trip::Recovered { .. }
            | Trip::Cancelled => {}
            Trip::CaptureUnconfirmed { .. } => self.resolve(trip),
            // What is left is to release a hold that ends by itself.
            Trip::Cancelling if is_told || self.is_out(trip, "cancel_charge") => {}
            Trip::Cancelling
            | Trip::Entered
            | Trip::InReview
            | Trip::Adjusting { .. }
            | Trip::Capturing { .. }
            | Trip::CaptureUnknown { .. } => {
                let since = self.now - row.deadline_at;
                let what = format!("{:?}, {} minutes after its deadline", row.state, since.whole_minutes());
                self.tables.break_law(Law::Outcome, trip, what);
            }
        }
    }

    fn is_out(&self, trip: usize, kind: &str) -> bool {
        let effects = self.tables.effects_of[trip].iter().map(|id| &self.tables.outbox[*id]);
        effects.filter(|it| it.effect.kind() == kind).any(|it| !matches!(it.state, OutboxState::Done))
    }

    /// Sometimes a person asks Amazon what became of a capture.
    fn resolve(&mut self, trip: usize) {
        if self.chance.percent(40) {
            return;
        }
        let taken = self.cards[trip].effective().next();
        let event = match taken {
            Some(_) => TripEvent::CaptureApproved { amount: taken },
            None => TripEvent::CaptureDeclined,
        };
        let now = self.now;
        self.tables.transact(trip, |tables| tables.advance(trip, event, usd(0), now));
    }
}
