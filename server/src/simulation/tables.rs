//! The tables, in memory. What one call changes is one transaction: it happens whole or not at all, one after the other, as the lock on
//! a visit's row has it.

use std::collections::{BTreeSet, HashSet};

use domain::alert::AlertKind;
use domain::attempt::{Api, AttemptOutcome};
use domain::debt::Debt;
use domain::effect::{Effect, Plan};
use domain::id::{InstrumentId, RefundId, TripId};
use domain::money::Money;
use domain::outbox::{Fence, LEASE, OutboxState};
use domain::pause::{Pause, PauseEvent};
use domain::payment_event::EventName;
use domain::refund::amount::RefundParts;
use domain::store::Store;
use domain::trip::Trip;
use time::OffsetDateTime;

use super::books::Books;
use super::law::{Broken, Law};
use super::mail::{Identity, is_mail};
use super::payoff::{Beside, PayoffRow};
use super::refund::RefundRow;

/// A visit.
#[derive(Debug, Clone)]
pub(super) struct TripRow {
    pub(super) id: TripId,
    pub(super) store: usize,
    pub(super) instrument: Option<usize>,
    pub(super) state: Trip,
    /// What the gate said is held.
    pub(super) hold: Option<Money>,
    pub(super) started_at: OffsetDateTime,
    pub(super) deadline_at: OffsetDateTime,
    pub(super) has_cart: bool,
    pub(super) has_facts: bool,
    /// A witness said that its capture went through.
    pub(super) is_confirmed: bool,
    /// When money was last taken from its card.
    pub(super) taken_at: Option<OffsetDateTime>,
    /// What of its goods has not come back.
    pub(super) left: Option<RefundParts>,
    /// The newest event of its capture that was told to it.
    pub(super) newest_event: Option<(EventName, OffsetDateTime)>,
}

/// What is owed for a visit.
#[derive(Debug, Clone, Copy)]
pub(super) struct DebtRow {
    pub(super) instrument: Option<usize>,
    pub(super) debt: Debt,
}

/// An effect.
#[derive(Debug, Clone)]
pub(super) struct OutboxRow {
    pub(super) trip: usize,
    pub(super) effect: Effect,
    pub(super) state: OutboxState,
    pub(super) fence: Fence,
    pub(super) tries: u32,
    /// Answers so far that were neither yes nor no.
    pub(super) polls: u32,
    pub(super) deadline_at: Option<OffsetDateTime>,
    /// The calls that were recorded for it.
    pub(super) attempts: Vec<usize>,
}

/// An effect that a worker holds.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) row: usize,
    pub(super) trip: usize,
    pub(super) fence: Fence,
    pub(super) tries: u32,
    pub(super) polls: u32,
    /// The number of the probe that it is, where its API is paused.
    pub(super) probe: Option<Fence>,
    pub(super) until: OffsetDateTime,
    pub(super) deadline_at: Option<OffsetDateTime>,
    pub(super) effect: Effect,
}

/// A call that was recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptRow {
    pub(super) outcome: AttemptOutcome,
    pub(super) status: Option<u16>,
}

/// What the transaction under way has done.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) has_moved: bool,
    pub(super) has_asked: bool,
    pub(super) is_audited: bool,
}

#[derive(Debug)]
pub(super) struct Tables {
    pub(super) stores: Vec<Store>,
    pub(super) instruments: Vec<InstrumentId>,
    pub(super) trips: Vec<Option<TripRow>>,
    pub(super) debts: Vec<Option<DebtRow>>,
    /// Of each visit, its refunds.
    pub(super) refunds: Vec<Vec<RefundRow>>,
    credits: u64,
    /// Of each visit, what was ever taken from its card or paid, whatever became of it.
    pub(super) taken_ever: Vec<i64>,
    /// Whose each instrument is.
    pub(super) identities: Vec<Identity>,
    pub(super) outbox: Vec<OutboxRow>,
    /// Of each visit, its effects.
    pub(super) effects_of: Vec<Vec<usize>>,
    /// Of each API, and of looks at our own rows: what waits, and when its time or its lease is over.
    due: Vec<BTreeSet<(OffsetDateTime, usize)>>,
    /// Of each API, whether it may be called, and the number of its last probe.
    pub(super) pauses: Vec<(Pause, Fence)>,
    pub(super) attempts: Vec<AttemptRow>,
    pub(super) books: Books,
    pub(super) payoffs: Vec<PayoffRow>,
    /// Of each visit.
    pub(super) beside: Vec<Beside>,
    /// Payoffs of which a person knows that a bank has money of theirs.
    pub(super) disputed: BTreeSet<usize>,
    /// Payoffs of which a person knows that they are not Stripe's.
    pub(super) unmatched: BTreeSet<usize>,
    alerts: HashSet<(AlertKind, usize)>,
    pub(super) change: Change,
    /// Visits that changed since they were looked at last.
    pub(super) touched: Vec<usize>,
    pub(super) broken: Option<Broken>,
    /// What happened, in words, where somebody wants to read it.
    pub(super) story: Option<Vec<String>>,
}

impl Tables {
    pub(super) fn new(stores: Vec<Store>, instruments: Vec<InstrumentId>, trips: usize) -> Self {
        let books = Books::new(trips, instruments.len());
        let identities = vec![Identity::NotAsked; instruments.len()];
        Self {
            stores,
            instruments,
            identities,
            trips: vec![None; trips],
            debts: vec![None; trips],
            refunds: vec![vec![]; trips],
            credits: 0,
            taken_ever: vec![0; trips],
            outbox: vec![],
            effects_of: vec![vec![]; trips],
            due: vec![BTreeSet::new(); Api::ALL.len() + 1],
            pauses: vec![(Pause::FLOWING, Fence(0)); Api::ALL.len()],
            attempts: vec![],
            books,
            payoffs: vec![],
            beside: vec![Beside::default(); trips],
            disputed: BTreeSet::new(),
            unmatched: BTreeSet::new(),
            alerts: HashSet::new(),
            change: Change::default(),
            touched: vec![],
            broken: None,
            story: None,
        }
    }

    /// One transaction about one visit.
    pub(super) fn transact<T>(&mut self, trip: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        self.change = Change::default();
        let done = act(self);
        let Change { has_moved, has_asked, is_audited } = self.change;
        if (has_moved || has_asked) && !is_audited {
            self.break_law(Law::Audit, trip, "something changed, or was asked for, without an audit row");
        }
        self.touched.push(trip);
        done
    }

    /// The first broken law is the one that is told.
    pub(super) fn break_law(&mut self, law: Law, trip: usize, what: impl Into<String>) {
        if self.broken.is_none() {
            self.broken = Some(Broken { law, trip, what: what.into() });
        }
    }

    pub(super) fn tell(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.story.is_some() {
            let line = line(self);
            self.story.get_or_insert_default().push(line);
        }
    }

    pub(super) fn store_of(&self, row: &TripRow) -> Store {
        self.stores[row.store].clone()
    }

    /// Opens an alert.
    pub(super) fn alert(&mut self, kind: AlertKind, trip: usize) {
        self.alerts.insert((kind, trip));
    }

    pub(super) fn is_alerted(&self, kind: AlertKind, trip: usize) -> bool {
        self.alerts.contains(&(kind, trip))
    }

    // ---- The outbox, as server/src/store/outbox.rs has it.

    pub(super) fn push(&mut self, trip: usize, effect: Effect, plan: Plan) {
        self.change.has_asked |= effect.api().is_some() || is_mail(&effect);
        let id = self.outbox.len();
        let state = OutboxState::Waiting { due_at: plan.due_at };
        let (fence, deadline_at) = (Fence(0), plan.deadline_at);
        self.outbox.push(OutboxRow { trip, effect, state, fence, tries: 0, polls: 0, deadline_at, attempts: vec![] });
        self.effects_of[trip].push(id);
        self.due[lane(&self.outbox[id].effect)].insert((plan.due_at, id));
    }

    /// It is due now, if it waits for later.
    pub(super) fn hasten(&mut self, id: usize, now: OffsetDateTime) {
        if matches!(self.outbox[id].state, OutboxState::Waiting { due_at } if due_at > now) {
            self.set(id, OutboxState::Waiting { due_at: now });
        }
    }

    /// Is an effect of this kind kept for a person?
    pub(super) fn is_given_up(&self, kind: &str, trip: usize) -> bool {
        let effects = self.effects_of[trip].iter().map(|id| &self.outbox[*id]);
        effects.filter(|it| it.effect.kind() == kind).any(|it| it.state == OutboxState::Exhausted)
    }

    /// The id of the next refund that nobody asked for.
    pub(super) fn next_credit_id(&mut self) -> Option<RefundId> {
        self.credits += 1;
        refund_id(u64::MAX, self.credits)
    }

    /// Does an effect of this kind wait, does a worker hold one?
    pub(super) fn live(&self, kind: &str, trip: usize) -> (bool, bool) {
        let states = self.effects_of[trip].iter().map(|id| &self.outbox[*id]).filter(|it| it.effect.kind() == kind);
        states.fold((false, false), |(waiting, claimed), row| {
            let is_waiting = matches!(row.state, OutboxState::Waiting { .. });
            (waiting || is_waiting, claimed || matches!(row.state, OutboxState::Claimed { .. }))
        })
    }

    /// When the next effect can be claimed or the next lease ends, pauses considered.
    pub(super) fn next_due_at(&self) -> Option<OffsetDateTime> {
        let lanes = self.due.iter().enumerate();
        lanes
            .filter_map(|(lane, due)| due.first().map(|(at, _)| self.probe_at(lane).map_or(*at, |it| it.max(*at))))
            .min()
    }

    /// When a lane may be probed. `None`: it is not paused.
    fn probe_at(&self, lane: usize) -> Option<OffsetDateTime> {
        self.pauses.get(lane).and_then(|(pause, _)| pause.probe_at())
    }

    /// Takes up to `limit` effects that are due, or whose lease is over, by the worker's clock: the probes of pauses that are over, then
    /// what is nearest to its deadline; of each visit one call to Amazon at a time, so that what is reported first arrives first.
    pub(super) fn claim(&mut self, limit: usize, now: OffsetDateTime) -> Vec<Claim> {
        self.take_back(now);
        let mut claims = vec![];
        for lane in 0..self.pauses.len() {
            if claims.len() < limit && self.probe_at(lane).is_some_and(|at| now >= at) {
                claims.extend(self.claim_probe(lane, now));
            }
        }
        let open = |lane: &usize| self.probe_at(*lane).is_none();
        let lanes: Vec<usize> = (0..self.due.len()).filter(open).collect();
        for id in self.due_in(&lanes, now) {
            if claims.len() < limit && !self.must_wait(id) {
                claims.push(self.lease(id, None, now));
            }
        }
        claims
    }

    /// What is held under a lease that is over waits again: whoever held it does so no more.
    fn take_back(&mut self, now: OffsetDateTime) {
        let due = self.due.iter().flat_map(|due| due.range(..=(now, usize::MAX)).map(|(_, id)| *id));
        let lost: Vec<usize> = due.filter(|id| matches!(self.outbox[*id].state, OutboxState::Claimed { .. })).collect();
        for id in lost {
            if let OutboxState::Claimed { until } = self.outbox[id].state {
                self.set(id, OutboxState::Waiting { due_at: until });
            }
        }
    }

    /// The most urgent call that is due for a visit whose call has just ended, for whoever had that. Nothing of a paused API.
    pub(super) fn claim_next(&mut self, trip: usize, now: OffsetDateTime) -> Option<Claim> {
        let is_due = |id: &usize| {
            let row = &self.outbox[*id];
            let is_open = row.effect.api().is_some_and(|api| self.pauses[api as usize].0.is_flowing());
            is_open && matches!(row.state, OutboxState::Waiting { due_at } if due_at <= now)
        };
        let mut due: Vec<usize> = self.effects_of[trip].iter().copied().filter(is_due).collect();
        due.sort_by_key(|id| (self.outbox[*id].deadline_at.is_none(), self.outbox[*id].deadline_at, *id));
        due.first().map(|id| self.lease(*id, None, now))
    }

    /// One worker of the fleet gets the most urgent effect that waits for a paused API.
    fn claim_probe(&mut self, lane: usize, now: OffsetDateTime) -> Option<Claim> {
        let (pause, Fence(last)) = self.pauses[lane];
        let fence = Fence(last + 1);
        let probing = pause.apply(PauseEvent::ProbeWanted(fence), now).ok()?;
        let id = self.due_in(&[lane], now).into_iter().find(|id| !self.must_wait(*id))?;
        self.pauses[lane] = (probing, fence);
        Some(self.lease(id, Some(fence), now))
    }

    fn due_in(&self, lanes: &[usize], now: OffsetDateTime) -> Vec<usize> {
        let due = lanes.iter().flat_map(|lane| self.due[*lane].range(..=(now, usize::MAX)));
        let mut ids: Vec<usize> = due.map(|(_, id)| *id).collect();
        ids.sort_by_key(|id| (self.outbox[*id].deadline_at.is_none(), self.outbox[*id].deadline_at, *id));
        ids
    }

    fn must_wait(&self, id: usize) -> bool {
        self.outbox[id].effect.api().is_some() && self.is_calling(self.outbox[id].trip)
    }

    fn lease(&mut self, id: usize, probe: Option<Fence>, now: OffsetDateTime) -> Claim {
        let until = now.saturating_add(LEASE);
        if self.must_wait(id) {
            self.break_law(Law::OneCall, self.outbox[id].trip, format!("another is out beside {:?}", self.outbox[id]));
        }
        self.set(id, OutboxState::Claimed { until });
        let row = &mut self.outbox[id];
        row.fence = Fence(row.fence.0 + 1);
        row.tries += 1;
        let OutboxRow { trip, fence, tries, polls, deadline_at, .. } = *row;
        Claim { row: id, trip, fence, tries, polls, probe, until, deadline_at, effect: row.effect.clone() }
    }

    /// What a call, or a probe without one, says about its API.
    pub(super) fn note(&mut self, api: Api, event: PauseEvent, now: OffsetDateTime) {
        let row = &mut self.pauses[api as usize];
        if let Ok(pause) = row.0.apply(event, now) {
            row.0 = pause;
        }
    }

    /// May the claim's API be called: because nothing is paused, or because the claim is the probe?
    pub(super) fn may_call(&self, api: Api, probe: Option<Fence>) -> bool {
        self.pauses[api as usize].0.lets_call(probe)
    }

    /// Gives back the try that a claim has used up; counts an answer that was neither yes nor no in its place.
    pub(super) fn forgive_try(&mut self, claim: &Claim, has_polled: bool) {
        if self.holds(claim) {
            let row = &mut self.outbox[claim.row];
            row.tries = row.tries.saturating_sub(1);
            row.polls += u32::from(has_polled);
        }
    }

    /// Is a call to Amazon out for the visit, as far as leases say?
    fn is_calling(&self, trip: usize) -> bool {
        let effects = self.effects_of[trip].iter().map(|id| &self.outbox[*id]).filter(|it| it.effect.api().is_some());
        effects.map(|it| it.state).any(|it| matches!(it, OutboxState::Claimed { .. }))
    }

    /// Is the lease still the claim's?
    pub(super) fn holds(&self, claim: &Claim) -> bool {
        let row = &self.outbox[claim.row];
        matches!(row.state, OutboxState::Claimed { .. }) && row.fence == claim.fence
    }

    /// Ends a claim. Nothing changes when the lease was passed on meanwhile.
    pub(super) fn save(&mut self, claim: &Claim, state: OutboxState) {
        if self.holds(claim) && !matches!(state, OutboxState::Claimed { .. }) {
            self.set(claim.row, state);
        }
    }

    fn set(&mut self, id: usize, state: OutboxState) {
        let due = &mut self.due[lane(&self.outbox[id].effect)];
        if let Some(at) = wakes_at(self.outbox[id].state) {
            due.remove(&(at, id));
        }
        if let Some(at) = wakes_at(state) {
            due.insert((at, id));
        }
        self.outbox[id].state = state;
    }

    // ---- Attempts, as server/src/store/attempt.rs has them.

    pub(super) fn insert_attempt(&mut self, effect: usize) -> usize {
        let id = self.attempts.len();
        self.attempts.push(AttemptRow { outcome: AttemptOutcome::Sent, status: None });
        self.outbox[effect].attempts.push(id);
        id
    }

    pub(super) fn give_up_sent(&mut self, effect: usize) -> bool {
        let mut found = false;
        for id in &self.outbox[effect].attempts {
            let attempt = &mut self.attempts[*id];
            if attempt.outcome == AttemptOutcome::Sent {
                attempt.outcome = AttemptOutcome::NoAnswer;
                found = true;
            }
        }
        found
    }

    pub(super) fn had_failure(&self, effect: usize) -> bool {
        let mut tries = self.outbox[effect].attempts.iter().map(|id| self.attempts[*id]);
        tries.any(|it| it.outcome == AttemptOutcome::Busy && it.status.is_some_and(|status| status >= 500))
    }

    /// What the last capture of a visit asked for that may have reached Amazon.
    pub(super) fn last_capture(&self, trip: usize) -> Option<Money> {
        let effects = self.effects_of[trip].iter().map(|id| &self.outbox[*id]);
        let captures = effects.filter_map(|row| match row.effect {
            Effect::CaptureCharge { amount, .. } => {
                let sent = row.attempts.iter().filter(|id| self.attempts[**id].outcome != AttemptOutcome::NotSent);
                sent.max().map(|last| (*last, amount))
            }
            _ => None,
        });
        captures.max_by_key(|(last, _)| *last).map(|(_, amount)| amount)
    }
}

/// The id of a refund: made up beforehand, so that asking twice is asking once.
pub(super) fn refund_id(trip: u64, number: u64) -> Option<RefundId> {
    let bits = (u128::from(trip) << 64) | u128::from(number);
    let uuid = uuid::Builder::from_u128(bits).with_variant(uuid::Variant::RFC4122).with_version(uuid::Version::Random);
    RefundId::new(uuid.into_uuid()).ok()
}

/// Where an effect waits: by its API, or with the looks at our own rows.
fn lane(effect: &Effect) -> usize {
    effect.api().map_or(Api::ALL.len(), |api| api as usize)
}

/// When somebody must look at an effect in this state.
fn wakes_at(state: OutboxState) -> Option<OffsetDateTime> {
    match state {
        OutboxState::Waiting { due_at } => Some(due_at),
        OutboxState::Claimed { until } => Some(until),
        OutboxState::Done | OutboxState::Exhausted | OutboxState::Dropped => None,
    }
}
