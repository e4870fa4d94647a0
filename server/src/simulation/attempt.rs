//! One call to Amazon, before and after, in the order of `flow::attempt`; the decisions are `domain`'s.

use domain::alert::AlertKind;
use domain::attempt::AttemptOutcome;
use domain::attempt::rule::{self, Wanted};
use domain::effect::{DeadlineLook, Effect, LOOK_AGAIN, deadline_look, is_uncharged};
use domain::feedback::PaymentStatus;
use domain::money::{Currency, Money};
use domain::outbox::{Failure, Fence, OutboxState, after_failure, after_pending, uses_try};
use domain::pause::{Answer, PauseEvent};
use domain::refund::RefundEvent;
use domain::trip::{Trip, TripEvent};
use time::{Duration, OffsetDateTime};

use super::mail::Identity;
use super::refund::RefundAnswer;
use super::tables::{Claim, Tables};

/// What a call came to, in what it means for the visit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    Event(TripEvent),
    Facts,
    NoFacts,
    Done,
    Pending,
    TryAgain {
        retry_after: Option<Duration>,
        answered: bool,
    },
    Throttled {
        retry_after: Duration,
    },
    GiveUp(AlertKind),
    Refund(RefundAnswer),
    /// Has Amazon an address for it?
    Identity(bool),
}

/// A finished call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished {
    pub(super) outcome: AttemptOutcome,
    pub(super) status: Option<u16>,
    pub(super) meaning: Meaning,
    /// What it says about its API.
    pub(super) answer: Answer,
}

const NOTHING: Money = Money::zero(Currency::USD);

impl Tables {
    /// Records that a call is about to be made, if it is still wanted and still the claim's to make.
    pub(super) fn begin(&mut self, claim: &Claim, now: OffsetDateTime) -> Option<usize> {
        if !self.holds(claim) {
            return None;
        }
        if !claim.effect.api().is_some_and(|api| self.may_call(api, claim.probe)) {
            // Paused since it was claimed: it waits with the others, and has used up nothing.
            self.forgive_try(claim, false);
            self.save(claim, OutboxState::Waiting { due_at: now });
            return None;
        }
        if !self.is_wanted(claim, now)? {
            // Another visit may have brought what this one waits for.
            self.notify(claim.trip, now);
            self.save(claim, OutboxState::Dropped);
            return None;
        }
        let was_sent = self.give_up_sent(claim.row);
        if let Some(event) = rule::left_as_sent(&claim.effect).filter(|_| was_sent) {
            self.advance(claim.trip, event, NOTHING, now);
            self.save(claim, OutboxState::Done);
            return None;
        }
        Some(self.insert_attempt(claim.row))
    }

    fn is_wanted(&mut self, claim: &Claim, now: OffsetDateTime) -> Option<bool> {
        let row = self.trips[claim.trip].as_ref()?;
        Some(match rule::wanted(&claim.effect, row.state) {
            Wanted::Yes => true,
            Wanted::No => false,
            Wanted::WithoutFacts => !row.has_facts,
            Wanted::WithoutIdentity => row.instrument.is_some_and(|it| self.identities[it] == Identity::NotAsked),
            Wanted::ByRefund => match claim.effect {
                Effect::RefundCharge { refund, amount, .. } => self.refund_is_wanted(claim.trip, refund, amount, now),
                _ => true,
            },
        })
    }

    /// Writes what became of a call and applies it to the visit, even when the lease was passed on: it is true. Gives the visit's next
    /// call, and its attempt where that is recorded in the same transaction.
    pub(super) fn finish(
        &mut self,
        claim: &Claim,
        attempt: usize,
        it: Finished,
        jitter: u16,
        now: OffsetDateTime,
    ) -> Option<(Claim, Option<usize>)> {
        self.attempts[attempt].outcome = it.outcome;
        self.attempts[attempt].status = it.status;
        let state = self.conclude(claim, it.meaning, jitter, now);
        let is_ours = self.holds(claim);
        self.save(claim, state);
        if let Some(api) = claim.effect.api() {
            self.note(api, PauseEvent::Called { answer: it.answer, probe: claim.probe }, now);
        }
        if !is_ours || !state.has_ended() {
            return None;
        }
        let next = self.claim_next(claim.trip, now)?;
        // Of these, more must be read than the effect says before they are recorded.
        let is_plain = !matches!(next.effect, Effect::RefundCharge { .. } | Effect::FetchShopperIdentity { .. });
        let is_recorded = is_plain && next.fence == Fence(1) && self.is_wanted(&next, now) == Some(true);
        let attempt = is_recorded.then(|| self.insert_attempt(next.row));
        Some((next, attempt))
    }

    fn conclude(&mut self, claim: &Claim, meaning: Meaning, jitter: u16, now: OffsetDateTime) -> OutboxState {
        match meaning {
            Meaning::Event(event) => {
                let event = rule::informed(&claim.effect, event, self.had_failure(claim.row));
                self.advance(claim.trip, event, NOTHING, now);
                OutboxState::Done
            }
            Meaning::Done => OutboxState::Done,
            Meaning::Pending => self.pending(claim, jitter, now),
            Meaning::Facts => {
                self.take_facts(claim.trip, now);
                OutboxState::Done
            }
            Meaning::NoFacts => self.no_facts(claim, jitter, now),
            Meaning::Refund(answer) => {
                if let Effect::RefundCharge { refund, .. } = claim.effect {
                    self.conclude_refund(claim.trip, refund, answer, now);
                }
                OutboxState::Done
            }
            Meaning::Identity(is_known) => {
                self.save_identity(claim.trip, is_known);
                self.notify(claim.trip, now);
                OutboxState::Done
            }
            Meaning::TryAgain { retry_after, answered } => {
                let store = self.trips[claim.trip].as_ref().map(|row| &self.stores[row.store]);
                let in_doubt = store.and_then(|store| rule::failed_once(&claim.effect, store));
                if let Some(event) = in_doubt.filter(|_| answered) {
                    self.advance(claim.trip, event, NOTHING, now);
                    return OutboxState::Done;
                }
                self.give_up_or_wait(claim, Failure::TryAgain { retry_after }, answered, jitter, now)
            }
            Meaning::Throttled { retry_after } => {
                self.give_up_or_wait(claim, Failure::Throttled { retry_after }, true, jitter, now)
            }
            Meaning::GiveUp(kind) => {
                self.alert(kind, claim.trip);
                self.exhausted(claim, false, now);
                OutboxState::Exhausted
            }
        }
    }

    fn give_up_or_wait(
        &mut self,
        claim: &Claim,
        failure: Failure,
        answered: bool,
        jitter: u16,
        now: OffsetDateTime,
    ) -> OutboxState {
        let state = after_failure(claim.tries, failure, now, claim.deadline_at, jitter);
        if state == OutboxState::Exhausted {
            self.exhausted(claim, answered, now);
        } else if !uses_try(failure, now, claim.deadline_at) {
            self.forgive_try(claim, false);
        }
        state
    }

    /// Asked for again until shortly before the deadline, and then kept for a person.
    fn pending(&mut self, claim: &Claim, jitter: u16, now: OffsetDateTime) -> OutboxState {
        let deadline_at = self.trips[claim.trip].as_ref().map_or(now, |row| row.deadline_at);
        let state = after_pending(claim.polls.saturating_add(1), now, deadline_at, jitter);
        match state {
            OutboxState::Exhausted => self.exhausted(claim, true, now),
            _ => self.forgive_try(claim, true),
        }
        state
    }

    /// Card facts that only exist after a capture say that there was one.
    fn take_facts(&mut self, trip: usize, now: OffsetDateTime) {
        let Some(row) = &mut self.trips[trip] else { return };
        row.has_facts = true;
        let (state, store) = (row.state, row.store);
        if let Some(event) = rule::witnessed(state, self.last_capture(trip))
            && self.stores[store].transactional_data_proves_capture
        {
            self.advance(trip, event, NOTHING, now);
        }
        self.wake_refund(trip, now);
        self.notify(trip, now);
    }

    fn no_facts(&mut self, claim: &Claim, jitter: u16, now: OffsetDateTime) -> OutboxState {
        let state_of = |tables: &Self| tables.trips[claim.trip].as_ref().map(|it| it.state);
        if matches!(state_of(self), Some(Trip::CaptureUnknown { .. })) {
            self.advance(claim.trip, TripEvent::NoWitness, NOTHING, now);
            if !matches!(state_of(self), Some(Trip::CaptureUnknown { .. })) {
                return OutboxState::Done;
            }
        }
        let again = Failure::TryAgain { retry_after: None };
        let state = after_failure(claim.tries, again, now, claim.deadline_at, jitter);
        match (state, state_of(self)) {
            (OutboxState::Exhausted, Some(Trip::Uncollected { .. })) => OutboxState::Dropped,
            (OutboxState::Exhausted, _) => {
                self.exhausted(claim, true, now);
                state
            }
            _ => state,
        }
    }

    /// The tries are over: the effect stays for a person, and what waited for it goes on without it.
    fn exhausted(&mut self, claim: &Claim, answered: bool, now: OffsetDateTime) {
        self.alert(AlertKind::EffectExhausted, claim.trip);
        if let Some(event) = rule::exhausted(&claim.effect, answered, self.had_failure(claim.row)) {
            self.advance(claim.trip, event, NOTHING, now);
        }
        match claim.effect {
            Effect::RefundCharge { refund, .. } => {
                self.apply_to_refund(claim.trip, refund, RefundEvent::TriesExhausted, now);
            }
            // A receipt without card facts is better than none.
            Effect::FetchTransactionalData { .. } => self.notify(claim.trip, now),
            _ => {}
        }
    }

    /// What Amazon is told.
    pub(super) fn payment_status(&self, trip: usize) -> PaymentStatus {
        let total = self.trips[trip].as_ref().and_then(|it| it.state.total()).unwrap_or(NOTHING);
        let debt = self.debts[trip].map(|it| it.debt);
        PaymentStatus::of(total, debt.as_ref()).unwrap_or(PaymentStatus { total, settled: NOTHING })
    }

    /// A look at a visit of its own time. Gives what becomes of the effect.
    pub(super) fn look(&mut self, claim: &Claim, recognised: Money, now: OffsetDateTime) -> OutboxState {
        let trip = claim.trip;
        match claim.effect {
            Effect::CheckDeadline { .. } => {
                let Some(row) = &self.trips[trip] else { return OutboxState::Done };
                if let DeadlineLook::Near { again_at } = deadline_look(row.deadline_at, now) {
                    if !is_uncharged(row.state) {
                        return OutboxState::Done;
                    }
                    self.alert(AlertKind::DeadlineNear, trip);
                    return OutboxState::Waiting { due_at: again_at };
                }
                let awaited = self.trips[trip].as_ref().and_then(|it| rule::awaited(it.state));
                let is_undecided = awaited.is_some_and(|awaited| {
                    let (waiting, claimed) = self.live(awaited.kind, trip);
                    claimed || (awaited.even_waiting && waiting)
                });
                if is_undecided {
                    return OutboxState::Waiting { due_at: now.saturating_add(LOOK_AGAIN) };
                }
                self.advance(trip, TripEvent::DeadlinePassed, NOTHING, now);
            }
            Effect::CheckEntry { .. } => {
                self.advance(trip, TripEvent::EntryStale, NOTHING, now);
            }
            Effect::CheckReview { .. } => self.review(trip, recognised, now),
            _ => {}
        }
        OutboxState::Done
    }
}
