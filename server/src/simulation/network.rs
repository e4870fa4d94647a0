//! The way to Amazon and back: what gets lost, late, doubled or refused on it, and what an answer means, as `server/src/worker` reads it.

use domain::alert::AlertKind;
use domain::attempt::{Api, AttemptOutcome};
use domain::effect::Effect;
use domain::id::RefundId;
use domain::money::Money;
use domain::pause::Answer;
use domain::payment_event::EventName;
use domain::trip::TripEvent;
use time::Duration;

use super::agenda::Happening;
use super::amazon::{Adjusted, Refusal};
use super::attempt::{Finished, Meaning};
use super::fault::Fault;
use super::law::Law;
use super::refund::RefundAnswer;
use super::world::World;

/// The client gives up after this long (`AmazonSettings::TIMEOUT_DEFAULT`).
pub(super) const TIMEOUT: Duration = Duration::seconds(20);

/// What Amazon asks for by default with a 429.
const THROTTLED_FOR: Duration = Duration::seconds(600);

/// How a call comes back to its caller.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    Adjusted(Adjusted, Money),
    Captured,
    Cancelled,
    Facts,
    Refunded,
    /// Has it an address?
    Identity(bool),
    Accepted,
    Rejected,
    Refused(Refusal),
    Throttled(Option<Duration>),
    Busy(u16, Option<Duration>),
    NotLetIn,
    NotSent,
    NoAnswer,
    Unreadable,
}

impl World {
    /// A request leaves: what becomes of it on its way.
    pub(super) fn depart(&mut self, task: usize) {
        let api = self.tasks[task].claim.effect.api();
        let (now, may_come_late) = (self.now, self.may_come_late(task));
        self.sent += 1;
        if api == Some(Api::RefundCharge) {
            self.refund_sent_at[self.tasks[task].claim.trip] = now;
        }
        self.tasks[task].sent = self.sent;
        if self.falls(Fault::NoConnection) {
            return self.agenda.put(now + Duration::milliseconds(20), Happening::Answered(task, Reply::NotSent));
        }
        if self.falls(Fault::RequestLost) {
            return self.agenda.put(now + TIMEOUT, Happening::Answered(task, Reply::NoAnswer));
        }
        if may_come_late && self.falls(Fault::RequestDelayed) {
            let late = if self.chance.percent(70) { self.chance.minutes(1, 30) } else { self.chance.hours(1, 47) };
            self.agenda.put(now + late, Happening::Arrived { task, is_awaited: false });
            return self.agenda.put(now + TIMEOUT, Happening::Answered(task, Reply::NoAnswer));
        }
        // A network that doubles requests would charge twice by itself where Amazon does not know a repeat, and a report's time, which is
        // in seconds, cannot tell two of one second apart.
        let is_told_apart = match api {
            Some(Api::CaptureCharge) => !self.charges_twice(task),
            Some(Api::ReportPaymentStatus) => false,
            _ => true,
        };
        if is_told_apart && self.falls(Fault::RequestDoubled) {
            let again = self.chance.millis(1, 60_000);
            self.agenda.put(now + again, Happening::Arrived { task, is_awaited: false });
        }
        let way = self.chance.millis(5, 400);
        self.agenda.put(now + way, Happening::Arrived { task, is_awaited: true });
    }

    /// Where the report that arrives last counts, a late one would be Amazon's last word whatever anybody does.
    fn may_come_late(&self, task: usize) -> bool {
        let claim = &self.tasks[task].claim;
        claim.effect.api() != Some(Api::ReportPaymentStatus) || self.cards[claim.trip].contract.newest_report_counts
    }

    fn charges_twice(&self, task: usize) -> bool {
        self.cards[self.tasks[task].claim.trip].contract.duplicate_capture == super::amazon::Duplicate::Charged
    }

    /// A request is at Amazon.
    pub(super) fn arrive(&mut self, task: usize, is_awaited: bool) {
        let (trip, row) = (self.tasks[task].claim.trip, self.tasks[task].claim.row);
        let recorded = self.tasks[task].attempt.is_some_and(|it| self.tables.outbox[row].attempts.contains(&it));
        if !recorded {
            self.tables.break_law(Law::Attempt, trip, "Amazon was called, and nothing says so");
        }
        if self.last_arrived[trip] > self.tasks[task].sent {
            self.faults.note(Fault::RequestsReordered);
        }
        self.last_arrived[trip] = self.last_arrived[trip].max(self.tasks[task].sent);
        let reply = match self.turned_away(task) {
            Some(reply) => reply,
            None => {
                let reply = self.perform(task);
                self.tables.touched.push(trip);
                self.garbled(task, reply)
            }
        };
        self.tables.tell(|it| format!("amazon: trip-{trip} {} {reply:?}", it.outbox[row].effect.kind()));
        if is_awaited {
            let way =
                if self.chance.percent(3) { self.chance.millis(5_000, 18_000) } else { self.chance.millis(5, 600) };
            let back = if matches!(reply, Reply::NoAnswer) { TIMEOUT } else { way };
            self.agenda.put(self.now + back, Happening::Answered(task, reply));
        }
    }

    /// Answers that come before anything is done.
    fn turned_away(&mut self, task: usize) -> Option<Reply> {
        let api = self.tasks[task].claim.effect.api();
        if self.outages.iter().any(|(of, from, to)| Some(*of) == api && *from <= self.now && self.now < *to) {
            self.faults.note(Fault::RunOfFailures);
            return Some(Reply::Busy(500, None));
        }
        if self.falls(Fault::Throttled) {
            return Some(Reply::Throttled(self.chance.pick(&[None, Some(THROTTLED_FOR)])));
        }
        if self.falls(Fault::Busy) {
            return Some(Reply::Busy(503, self.chance.pick(&[None, Some(Duration::seconds(30))])));
        }
        if self.falls(Fault::Failed) {
            return Some(Reply::Busy(500, None));
        }
        self.falls(Fault::NotLetIn).then_some(Reply::NotLetIn)
    }

    /// What happens to an answer of something that was done.
    fn garbled(&mut self, task: usize, reply: Reply) -> Reply {
        if self.falls(Fault::AnswerLost) {
            return Reply::NoAnswer;
        }
        if self.falls(Fault::FailedAfterEffect) {
            if let Some(api) = self.tasks[task].claim.effect.api().filter(|_| self.chance.percent(40)) {
                // It rarely fails so alone.
                let until = self.now + self.chance.minutes(1, 60);
                self.outages.push((api, self.now, until));
            }
            return Reply::Busy(500, None);
        }
        let is_read = !matches!(reply, Reply::Refused(_));
        if is_read && self.falls(Fault::AnswerUnreadable) { Reply::Unreadable } else { reply }
    }

    fn perform(&mut self, task: usize) -> Reply {
        let trip = self.tasks[task].claim.trip;
        let card = &mut self.cards[trip];
        let refused = |refusal| Reply::Refused(refusal);
        match self.tasks[task].claim.effect {
            Effect::AdjustCharge { amount, .. } => {
                let answer = card.adjust(amount, self.now).map_or_else(refused, |(it, held)| Reply::Adjusted(it, held));
                if matches!(answer, Reply::Adjusted(Adjusted::Pending, _)) {
                    self.faults.note(Fault::Pending);
                }
                answer
            }
            Effect::CaptureCharge { amount, .. } => match card.capture(amount, self.now) {
                Ok(is_charged) => {
                    if is_charged {
                        self.charged(trip, amount);
                    }
                    Reply::Captured
                }
                Err(refusal) => {
                    if self.cards[trip].adjusted.is_none() {
                        self.faults.note(Fault::SkippedAdjustRefused);
                    }
                    Reply::Refused(refusal)
                }
            },
            Effect::RefundCharge { refund, amount, .. } => self.refund(trip, refund, amount),
            Effect::FetchShopperIdentity { .. } => {
                let has_address = self.has_address[self.walks[trip].instrument];
                if !has_address {
                    self.faults.note(Fault::NoAddress);
                }
                Reply::Identity(has_address)
            }
            Effect::CancelCharge { .. } => match card.cancel() {
                Ok(()) => {
                    let soon = self.chance.millis(500, 600_000);
                    self.tell_event(trip, EventName::AuthorizationCancelled, None, soon);
                    Reply::Cancelled
                }
                Err(refusal) => Reply::Refused(refusal),
            },
            Effect::FetchTransactionalData { .. } => card.facts().map_or_else(refused, |()| Reply::Facts),
            Effect::ReportPaymentStatus { .. } => {
                let told = self.tasks[task].told;
                let is_rejected = self.falls(Fault::Rejected);
                match told.filter(|_| !is_rejected) {
                    Some(told) => {
                        self.cards[trip].report(told);
                        Reply::Accepted
                    }
                    None => Reply::Rejected,
                }
            }
            _ => Reply::Refused(Refusal::Bad),
        }
    }
}

impl World {
    fn refund(&mut self, trip: usize, id: RefundId, amount: Money) -> Reply {
        match self.cards[trip].refund(id, amount, self.now) {
            Ok(is_new) => {
                if !is_new {
                    self.faults.note(Fault::RefundRepeated);
                }
                Reply::Refunded
            }
            Err(refusal) => {
                if self.cards[trip].refunds.iter().any(|(known, _)| *known == id) {
                    self.faults.note(Fault::RefundRepeatRefused);
                }
                self.faults.note(Fault::RefundRefused);
                Reply::Refused(refusal)
            }
        }
    }
}

/// What a call that came back says about its API, as `server/src/worker/call.rs` reads it.
fn answer(reply: Reply) -> Answer {
    match reply {
        Reply::Throttled(asked) => Answer::Wait(asked.unwrap_or(THROTTLED_FOR)),
        Reply::Busy(503, Some(asked)) => Answer::Wait(asked),
        Reply::Busy(..) | Reply::NoAnswer | Reply::NotSent => Answer::Fails,
        Reply::Adjusted(..)
        | Reply::Captured
        | Reply::Cancelled
        | Reply::Facts
        | Reply::Refunded
        | Reply::Identity(_)
        | Reply::Accepted
        | Reply::Rejected
        | Reply::Refused(_)
        | Reply::NotLetIn
        | Reply::Unreadable => Answer::Works,
    }
}

/// What a call that came back means for its visit, as the worker of its API reads it.
pub(super) fn read(effect: &Effect, reply: Reply) -> Finished {
    let is_capture = matches!(effect, Effect::CaptureCharge { .. });
    let again = |retry_after, answered| Meaning::TryAgain { retry_after, answered };
    let (outcome, status, meaning) = match reply {
        Reply::Adjusted(Adjusted::Approved, authorized) => {
            (AttemptOutcome::Answered, Some(200), Meaning::Event(TripEvent::AdjustApproved { authorized }))
        }
        Reply::Adjusted(Adjusted::Declined, held) => {
            let authorized = Some(held);
            (AttemptOutcome::Answered, Some(200), Meaning::Event(TripEvent::AdjustDeclined { authorized }))
        }
        Reply::Adjusted(Adjusted::Pending, _) => (AttemptOutcome::Answered, Some(200), Meaning::Pending),
        Reply::Captured => (AttemptOutcome::Answered, Some(200), Meaning::Event(TripEvent::CaptureInitiated)),
        Reply::Cancelled => (AttemptOutcome::Answered, Some(200), Meaning::Event(TripEvent::CancelInitiated)),
        Reply::Facts => (AttemptOutcome::Answered, Some(200), Meaning::Facts),
        Reply::Refunded => (AttemptOutcome::Answered, Some(200), Meaning::Refund(RefundAnswer::Given)),
        Reply::Identity(is_known) => (AttemptOutcome::Answered, Some(200), Meaning::Identity(is_known)),
        Reply::Accepted => (AttemptOutcome::Answered, Some(200), Meaning::Done),
        Reply::Rejected => (AttemptOutcome::Answered, Some(200), Meaning::GiveUp(AlertKind::FeedbackRejected)),
        Reply::Refused(refusal) => (AttemptOutcome::Refused, Some(400), refused(effect, refusal)),
        Reply::Throttled(asked) => {
            let retry_after = asked.unwrap_or(THROTTLED_FOR);
            (AttemptOutcome::Busy, Some(429), Meaning::Throttled { retry_after })
        }
        Reply::Busy(503, Some(retry_after)) => (AttemptOutcome::Busy, Some(503), Meaning::Throttled { retry_after }),
        Reply::Busy(status, asked) => (AttemptOutcome::Busy, Some(status), again(asked, true)),
        Reply::NotLetIn => (AttemptOutcome::Busy, Some(403), again(None, false)),
        Reply::NotSent => (AttemptOutcome::NotSent, None, again(None, false)),
        Reply::NoAnswer | Reply::Unreadable if is_capture => {
            (AttemptOutcome::NoAnswer, None, Meaning::Event(TripEvent::CaptureUnanswered))
        }
        Reply::NoAnswer | Reply::Unreadable => (AttemptOutcome::NoAnswer, None, again(None, false)),
    };
    Finished { outcome, status, meaning, answer: answer(reply) }
}

fn refused(effect: &Effect, refusal: Refusal) -> Meaning {
    match (effect, refusal) {
        (Effect::CancelCharge { .. }, Refusal::UnknownTrip | Refusal::Expired) => {
            Meaning::Event(TripEvent::CancelInitiated)
        }
        (Effect::FetchTransactionalData { .. }, _) => Meaning::NoFacts,
        (Effect::RefundCharge { .. }, _) => Meaning::Refund(RefundAnswer::Refused),
        (Effect::FetchShopperIdentity { .. }, _) => Meaning::Identity(false),
        (Effect::AdjustCharge { .. } | Effect::CaptureCharge { .. }, Refusal::Expired) => {
            Meaning::Event(TripEvent::TokenExpired)
        }
        (Effect::CaptureCharge { .. }, _) => Meaning::Event(TripEvent::CaptureRefused { after_failure: false }),
        (_, Refusal::UnknownTrip) => Meaning::GiveUp(AlertKind::UnknownTrip),
        _ => Meaning::GiveUp(AlertKind::CallRefused),
    }
}
