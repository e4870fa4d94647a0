//! The answers that this process gave lately, so that a tap that comes again gets the same one also while the database is away, and so
//! that of two ways to decide one tap only one gives the answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use domain::gate::{GateDecision, GateRequest};
use domain::id::{GateEventId, InstrumentId, StoreId};

/// Answers that are remembered: 40 seconds of 500 a second, and days of an ordinary gate. Amazon repeats within seconds.
const ANSWERS_MAX: usize = 20_000;

/// An answer and whom it was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub decision: GateDecision,
    /// Where it was given.
    pub store: StoreId,
    /// To whom.
    pub instrument: InstrumentId,
}

/// The answers of one process.
#[derive(Debug, Default)]
pub struct Answers {
    lately: Mutex<Lately>,
}

#[derive(Debug, Default)]
struct Lately {
    by_event: HashMap<GateEventId, Answer>,
    /// The oldest first.
    order: VecDeque<GateEventId>,
}

impl Answers {
    /// The answer that a tap has, if it has one.
    #[must_use]
    pub fn get(&self, event: &GateEventId) -> Option<Answer> {
        self.lock().by_event.get(event).cloned()
    }

    /// Makes `decision` the answer to a tap, unless it has one. Gives the answer that it has then.
    pub fn settle(&self, request: &GateRequest, decision: &GateDecision) -> GateDecision {
        let mut lately = self.lock();
        if let Some(first) = lately.by_event.get(&request.event) {
            return first.decision.clone();
        }
        let answer =
            Answer { decision: decision.clone(), store: request.store.clone(), instrument: request.instrument.clone() };
        lately.by_event.insert(request.event.clone(), answer);
        lately.order.push_back(request.event.clone());
        if lately.order.len() > ANSWERS_MAX
            && let Some(oldest) = lately.order.pop_front()
        {
            lately.by_event.remove(&oldest);
        }
        decision.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::gate::{GateEventKind, Recommendation};
    use domain::money::{Currency, Money};
    use domain::reason::GateReason;
    use time::OffsetDateTime;

    use super::*;

    fn tap(event: &str) -> GateRequest {
        GateRequest {
            store: StoreId::new("store-1").unwrap(),
            event: GateEventId::new(event).unwrap(),
            kind: GateEventKind::CreditCard,
            interaction: None,
            tapped_at: OffsetDateTime::UNIX_EPOCH,
            location: "ENTRY".to_owned(),
            instrument: InstrumentId::new("card-1").unwrap(),
            trip: None,
            hold: Money::zero(Currency::USD),
            recommendation: Recommendation::default(),
        }
    }

    fn decision(authorized: bool) -> GateDecision {
        let reason = GateReason::NothingOwed;
        GateDecision {
            authorized,
            reason,
            adjusted_hold: None,
            risks: vec![],
            is_override: false,
            override_kind: None,
            rule: "nothing_owed".to_owned(),
            rules_part: None,
            notice: None,
        }
    }

    #[test]
    fn the_first_answer_to_a_tap_stays_and_the_oldest_are_forgotten() {
        let answers = Answers::default();
        assert_eq!(answers.get(&tap("tap").event), None);
        assert_eq!(answers.settle(&tap("tap"), &decision(false)), decision(false));
        assert_eq!(answers.settle(&tap("tap"), &decision(true)), decision(false));
        for number in 1..ANSWERS_MAX {
            answers.settle(&tap(&number.to_string()), &decision(true));
        }
        assert_eq!(answers.get(&tap("tap").event).map(|it| it.decision), Some(decision(false)));
        answers.settle(&tap("one more"), &decision(true));
        assert_eq!(answers.get(&tap("tap").event), None);
        assert!(answers.get(&tap("1").event).is_some());
    }
}
