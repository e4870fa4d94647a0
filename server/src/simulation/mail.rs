//! Mails and whose an instrument is, in the order of `flow::notify_shopper` and `server/src/worker/mail.rs`; the decisions are `domain`'s.

use domain::alert::AlertKind;
use domain::effect::{Effect, Plan};
use domain::outbox::{Failure, OutboxState, after_failure};
use domain::trip::Trip;
use time::OffsetDateTime;

use super::fault::Fault;
use super::law::Law;
use super::tables::{Claim, Tables};
use super::world::World;

/// Whose an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    NotAsked,
    Nobody,
    Known,
}

/// What the mail server made of a mail.
#[derive(Debug, Clone, Copy)]
enum Posted {
    Taken,
    Refused,
    Busy,
    /// Taken, and nobody heard that it was.
    TakenUnheard,
}

/// Is it a mail?
pub(super) fn is_mail(effect: &Effect) -> bool {
    matches!(effect, Effect::SendReceipt { .. } | Effect::SendDebtNotice { .. } | Effect::SendRefundNotice { .. })
}

impl Tables {
    fn identity(&self, trip: usize) -> Option<Identity> {
        let instrument = self.trips[trip].as_ref()?.instrument?;
        Some(self.identities[instrument])
    }

    /// Asks for the mail about a visit, or first whose the instrument is.
    pub(super) fn notify(&mut self, trip: usize, now: OffsetDateTime) {
        let Some(row) = &self.trips[trip] else { return };
        let Some(instrument) = row.instrument else { return };
        let (id, store) = (row.id.clone(), self.stores[row.store].id.clone());
        let wanted = match self.identities[instrument] {
            Identity::Nobody => vec![],
            Identity::NotAsked => {
                let instrument = self.instruments[instrument].clone();
                vec![Effect::FetchShopperIdentity { trip: id, store, instrument }]
            }
            Identity::Known => Effect::mails(&id, row.state),
        };
        for effect in wanted {
            if !self.exists(effect.kind(), trip) {
                self.push(trip, effect, Plan { due_at: now, deadline_at: None });
                self.change.is_audited = true;
            }
        }
    }

    fn exists(&self, kind: &str, trip: usize) -> bool {
        self.effects_of[trip].iter().any(|id| self.outbox[*id].effect.kind() == kind)
    }

    pub(super) fn save_identity(&mut self, trip: usize, is_known: bool) {
        if let Some(instrument) = self.trips[trip].as_ref().and_then(|it| it.instrument) {
            self.identities[instrument] = if is_known { Identity::Known } else { Identity::Nobody };
        }
    }
}

impl World {
    /// A mail leaves, or does not. `None`: its worker is dead.
    pub(super) fn mail(&mut self, claim: &Claim, now: OffsetDateTime) -> Option<OutboxState> {
        if self.tables.identity(claim.trip) != Some(Identity::Known) {
            return Some(OutboxState::Dropped);
        }
        let posted = self.post_mail();
        if matches!(posted, Posted::Taken | Posted::TakenUnheard) {
            self.mailed[claim.trip].push(claim.row);
        }
        let dies = matches!(posted, Posted::Taken) && self.falls(Fault::CrashAfterMail);
        if dies || matches!(posted, Posted::TakenUnheard) {
            self.unheard[claim.trip].push(claim.row);
        }
        if dies {
            return None;
        }
        let failure = match posted {
            Posted::Taken => return Some(OutboxState::Done),
            Posted::Refused => Failure::Final,
            Posted::Busy | Posted::TakenUnheard => Failure::TryAgain { retry_after: None },
        };
        let state = after_failure(claim.tries, failure, now, claim.deadline_at, self.chance.jitter());
        if state == OutboxState::Exhausted {
            self.faults.note(Fault::MailGivenUp);
            self.tables.alert(AlertKind::EffectExhausted, claim.trip);
        }
        Some(state)
    }

    fn post_mail(&mut self) -> Posted {
        if self.mail_outages.iter().any(|(from, to)| *from <= self.now && self.now < *to) {
            self.faults.note(Fault::MailBusy);
            return Posted::Busy;
        }
        match () {
            () if self.falls(Fault::MailRefused) => Posted::Refused,
            () if self.falls(Fault::MailBusy) => Posted::Busy,
            () if self.falls(Fault::MailUnheard) => Posted::TakenUnheard,
            () => Posted::Taken,
        }
    }

    /// Whoever is known was told, once, of what there is to tell; and what could not be told, a person knows of.
    pub(super) fn check_mails(&mut self, trip: usize, state: Trip) {
        let effects = self.tables.effects_of[trip].iter().map(|id| (*id, &self.tables.outbox[*id]));
        let asked: Vec<_> = effects.filter(|(_, it)| is_mail(&it.effect)).collect();
        let is_alerted = self.tables.is_alerted(AlertKind::EffectExhausted, trip);
        let mut wrong = vec![];
        for (id, row) in &asked {
            let was_mailed = self.mailed[trip].contains(id);
            let is_right = match row.state {
                OutboxState::Done => was_mailed,
                OutboxState::Exhausted => is_alerted,
                OutboxState::Dropped => !was_mailed,
                OutboxState::Waiting { .. } | OutboxState::Claimed { .. } => false,
            };
            let count = |rows: &[usize]| rows.iter().filter(|it| *it == id).count();
            let (times, unheard) = (count(&self.mailed[trip]), count(&self.unheard[trip]));
            if times > 1 + unheard {
                wrong.push(format!("{} left {times} times, and nobody heard of {unheard}", row.effect.kind()));
            }
            if !is_right {
                wrong.push(format!("{} is {:?}, mailed: {was_mailed}", row.effect.kind(), row.state));
            }
            if asked.iter().filter(|(_, other)| other.effect == row.effect).count() > 1 {
                wrong.push(format!("{:?} twice", row.effect));
            }
        }
        let id = self.tables.trips[trip].as_ref().map(|row| row.id.clone());
        let was_asked = !self.tables.is_given_up("fetch_shopper_identity", trip);
        let is_known = self.tables.identity(trip) == Some(Identity::Known) && was_asked;
        for effect in id.map_or_else(Vec::new, |id| Effect::mails(&id, state)) {
            let kind = effect.kind();
            if is_known && !self.tables.exists(kind, trip) {
                wrong.push(format!("no {kind} for {state:?}"));
            }
        }
        if !wrong.is_empty() {
            self.tables.break_law(Law::Mail, trip, wrong.join("; "));
        }
    }
}
