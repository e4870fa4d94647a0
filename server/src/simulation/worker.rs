//! The workers: they claim, begin, send and finish, as `server/src/worker` does; they die, sleep, and their clocks are wrong.
//!
//! Not modelled: a sleep between the last look at the lease and the first byte that is sent, a few microseconds.

use domain::attempt::Api;
use domain::effect::Effect;
use domain::outbox::LEASE;
use domain::pause::{Pause, PauseEvent};
use domain::refund::Split;
use time::{Duration, OffsetDateTime};

use super::agenda::Happening;
use super::amazon::Told;
use super::fault::Fault;
use super::mail::is_mail;
use super::network::{Reply, TIMEOUT, read};
use super::tables::Claim;
use super::world::World;

/// Workers of the fleet.
pub(super) const WORKERS: usize = 3;

/// Effects a worker takes at once, at most.
const CLAIMED_MAX: usize = 6;

/// How long a worker is awake at least between two sleeps.
const RESTED_FOR: Duration = Duration::minutes(10);

/// How long a mail may take (`server/src/worker/mail.rs`).
const MAILED_WITHIN: Duration = Duration::seconds(45);

/// How long workers wait who found nothing that they may take.
const LOOK_EVERY: Duration = Duration::seconds(1);

/// One process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worker {
    /// A process that was started again remembers nothing of the one before.
    life: u32,
    /// Dead or asleep until then.
    pub(super) away_until: OffsetDateTime,
    /// It does not fall asleep again before then: a fleet that always sleeps proves nothing.
    rested_until: OffsetDateTime,
    /// How wrong its clock is.
    pub(super) skew: Duration,
}

impl Worker {
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self { life: 0, away_until: now, rested_until: now, skew: Duration::ZERO }
    }
}

/// An effect that a worker has in hand.
#[derive(Debug, Clone)]
pub(super) struct Task {
    worker: usize,
    life: u32,
    pub(super) claim: Claim,
    pub(super) attempt: Option<usize>,
    /// What a report says: read before the attempt is recorded.
    pub(super) told: Option<Told>,
    /// Which request of the run it was; 0 before it is sent.
    pub(super) sent: u64,
}

impl World {
    /// When a worker would next find something to do, and which.
    pub(super) fn next_claim(&self) -> Option<(OffsetDateTime, usize)> {
        let due_at = self.tables.next_due_at()?;
        let due_at = due_at.max(self.idle_until);
        let at = |worker: &Worker| due_at.saturating_sub(worker.skew).max(worker.away_until);
        self.workers.iter().enumerate().map(|(number, worker)| (at(worker), number)).min()
    }

    /// A worker takes what is due.
    pub(super) fn claim(&mut self, worker: usize) {
        let shared = self.workers.iter().enumerate();
        let awake: Vec<usize> = shared
            .filter(|(_, it)| it.away_until <= self.now && it.skew == self.workers[worker].skew)
            .map(|(number, _)| number)
            .collect();
        let worker = self.chance.pick(&awake);
        if self.falls(Fault::CrashBeforeClaim) {
            return self.die(worker);
        }
        let limit = 1 + self.chance.below(CLAIMED_MAX);
        let claims = self.tables.claim(limit, self.clock(worker));
        if claims.is_empty() {
            // What is due waits for another call of its visit.
            self.idle_until = self.clock(worker) + LOOK_EVERY;
        }
        let died = self.falls(Fault::CrashAfterClaim);
        for claim in claims {
            let life = self.workers[worker].life;
            self.tasks.push(Task { worker, life, claim, attempt: None, told: None, sent: 0 });
            let soon = self.chance.millis(1, 40);
            self.agenda.put(self.now + soon, Happening::Begun(self.tasks.len() - 1));
        }
        if died {
            self.die(worker);
        }
    }

    fn clock(&self, worker: usize) -> OffsetDateTime {
        self.now + self.workers[worker].skew
    }

    fn die(&mut self, worker: usize) {
        let pause = self.chance.millis(500, 120_000);
        self.workers[worker].life += 1;
        self.workers[worker].away_until = self.now + pause;
    }

    /// Is the task's worker there? When it sleeps, it goes on where it was.
    fn is_awake(&mut self, task: usize, what: Happening) -> bool {
        let Task { worker, life, .. } = self.tasks[task];
        let Worker { life: now_alive, away_until, .. } = self.workers[worker];
        if life != now_alive {
            return false;
        }
        if away_until > self.now {
            self.agenda.put(away_until, what);
            return false;
        }
        true
    }

    /// The whole process stops for longer than a lease. `false`: it does not.
    fn falls_asleep(&mut self, task: usize, what: Happening) -> bool {
        let worker = self.tasks[task].worker;
        if self.workers[worker].rested_until > self.now || !self.falls(Fault::Asleep) {
            return false;
        }
        let nap = LEASE + self.chance.millis(1_000, 300_000);
        self.workers[worker].away_until = self.now + nap;
        self.workers[worker].rested_until = self.now + nap + RESTED_FOR;
        self.agenda.put(self.now + nap, what);
        true
    }

    /// The effect is begun: a look at our own rows is all of it, a call is recorded.
    pub(super) fn begin(&mut self, task: usize) {
        if !self.is_awake(task, Happening::Begun(task)) || self.falls_asleep(task, Happening::Begun(task)) {
            return;
        }
        let Task { worker, claim, .. } = self.tasks[task].clone();
        let now = self.clock(worker);
        let Some(api) = claim.effect.api() else {
            return if is_mail(&claim.effect) { self.send_mail(worker, &claim) } else { self.look(worker, &claim) };
        };
        if api == Api::ReportPaymentStatus {
            let status = self.tables.payment_status(claim.trip);
            self.tasks[task].told = Some(Told { status, at: now.unix_timestamp() });
        }
        if self.falls(Fault::CrashBeforeBegin) {
            return self.die(worker);
        }
        let split = self.split_of(&claim);
        let attempt = self.tables.transact(claim.trip, |tables| tables.begin(&claim, now));
        if split.is_some() && split != self.split_of(&claim) {
            self.faults.note(Fault::RefundSplitAnew);
        }
        self.tasks[task].attempt = attempt;
        if self.falls(Fault::CrashAfterBegin) {
            return self.die(worker);
        }
        if attempt.is_none() {
            return self.return_probe(&claim, now);
        }
        let soon = self.chance.millis(1, 5);
        self.agenda.put(self.now + soon, Happening::Sent(task));
    }

    /// How the refund that a claim is about is given.
    fn split_of(&self, claim: &Claim) -> Option<Split> {
        let Effect::RefundCharge { refund, .. } = claim.effect else { return None };
        self.tables.refunds[claim.trip].iter().find(|it| it.id == refund)?.state.split()
    }

    fn send_mail(&mut self, worker: usize, claim: &Claim) {
        let now = self.clock(worker);
        if now + MAILED_WITHIN > claim.until || !self.tables.holds(claim) {
            return;
        }
        match self.mail(claim, now) {
            Some(state) => self.tables.save(claim, state),
            None => self.die(worker),
        }
    }

    fn look(&mut self, worker: usize, claim: &Claim) {
        if self.falls(Fault::CrashBeforeLook) {
            return self.die(worker);
        }
        let (now, recognised) = (self.clock(worker), self.walks[claim.trip].recognised);
        let state = match claim.effect {
            Effect::CheckPayoff { .. } => self.check_payoff(claim, now),
            _ => self.tables.transact(claim.trip, |tables| tables.look(claim, recognised, now)),
        };
        if self.falls(Fault::CrashAfterLook) {
            return self.die(worker);
        }
        self.tables.save(claim, state);
    }

    /// It is sent while the lease outlives the call.
    pub(super) fn send(&mut self, task: usize) {
        if !self.is_awake(task, Happening::Sent(task)) || self.falls_asleep(task, Happening::Sent(task)) {
            return;
        }
        let Task { worker, claim, .. } = self.tasks[task].clone();
        if self.clock(worker) + TIMEOUT > claim.until {
            return self.return_probe(&claim, self.clock(worker));
        }
        self.depart(task);
    }

    /// A probe that had nothing to send lets another be it.
    fn return_probe(&mut self, claim: &Claim, now: OffsetDateTime) {
        if let (Some(fence), Some(api)) = (claim.probe, claim.effect.api()) {
            self.tables.note(api, PauseEvent::ProbeReturned(fence), now);
        }
    }

    /// The visit's next call was taken with the outcome of the one before.
    fn go_on(&mut self, worker: usize, claim: Claim, attempt: Option<usize>, now: OffsetDateTime) {
        let is_report = attempt.is_some() && claim.effect.api() == Some(Api::ReportPaymentStatus);
        let told = is_report.then(|| Told { status: self.tables.payment_status(claim.trip), at: now.unix_timestamp() });
        let (life, task) = (self.workers[worker].life, self.tasks.len());
        self.tasks.push(Task { worker, life, claim, attempt, told, sent: 0 });
        let soon = self.chance.millis(1, 5);
        let what = if attempt.is_some() { Happening::Sent(task) } else { Happening::Begun(task) };
        self.agenda.put(self.now + soon, what);
    }

    /// The call came back: its outcome is kept.
    pub(super) fn finish(&mut self, task: usize, reply: Reply) {
        let slept = self.workers[self.tasks[task].worker].away_until > self.now;
        // The answer of a call that was slept through may be there, or be past its time.
        let reply = if slept && self.chance.percent(50) { Reply::NoAnswer } else { reply };
        let again = Happening::Answered(task, reply);
        if !self.is_awake(task, again) || self.falls_asleep(task, again) {
            return;
        }
        let Task { worker, claim, attempt, .. } = self.tasks[task].clone();
        let Some(attempt) = attempt else { return };
        if self.falls(Fault::CrashBeforeFinish) {
            return self.die(worker);
        }
        let (now, jitter) = (self.clock(worker), self.chance.jitter());
        let finished = read(&claim.effect, reply);
        let before: Vec<bool> = self.tables.pauses.iter().map(|(pause, _)| pause.is_flowing()).collect();
        let next = self.tables.transact(claim.trip, |tables| tables.finish(&claim, attempt, finished, jitter, now));
        if let Some((claim, attempt)) = next {
            self.go_on(worker, claim, attempt, now);
        }
        for (was_flowing, (pause, _)) in before.into_iter().zip(&self.tables.pauses) {
            match pause {
                Pause::Asked { .. } if was_flowing => self.faults.note(Fault::Paused),
                Pause::Tripped { .. } if was_flowing => self.faults.note(Fault::BreakerTripped),
                _ => {}
            }
        }
        if self.falls(Fault::CrashAfterFinish) {
            self.die(worker);
        }
    }
}
