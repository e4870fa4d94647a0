//! Refunds, in the order of `flow::{request_refund, move_refund, send_refund, decide_refund}`; the decisions are `domain`'s. A refund of
//! goods is a share of what has not come back yet: which lines those are is no matter of orders of events.

use domain::alert::AlertKind;
use domain::attempt::AttemptOutcome;
use domain::debt::DebtEvent;
use domain::effect::{Effect, Plan};
use domain::id::RefundId;
use domain::ledger::Account;
use domain::money::{Currency, Money};
use domain::refund::amount::RefundParts;
use domain::refund::{
    Asked, CardPart, Funds, Habits, MovedParts, Refund, RefundCase, RefundEvent, RefundKind, RefundMovement,
    RefundReason, RefundStep, Verdict, check, refund_entries,
};
use time::{Duration, OffsetDateTime};

use super::law::Law;
use super::tables::Tables;

/// How long a refund counts towards the limit on an instrument's.
const COUNTED_FOR: Duration = domain::refund::COUNTED_FOR;

/// A refund.
#[derive(Debug, Clone)]
pub(super) struct RefundRow {
    pub(super) id: RefundId,
    pub(super) kind: RefundKind,
    pub(super) amount: Money,
    parts: RefundParts,
    pub(super) state: Refund,
    requested_at: OffsetDateTime,
}

/// A refund that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefundOrder {
    pub(super) id: RefundId,
    pub(super) kind: RefundKind,
    /// Of goods.
    pub(super) amount: Money,
}

/// What became of the card's part, as far as a call or a person says.
#[derive(Debug, Clone, Copy)]
pub(super) enum RefundAnswer {
    Given,
    Refused,
}

/// What the refunds of a visit come to, in minor units.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct RefundSums {
    pub(super) goods: i64,
    pub(super) credit: i64,
    pub(super) card: i64,
    pub(super) by_hand: i64,
}

impl RefundRow {
    fn sums(&self) -> RefundSums {
        let cash = self.state.split().and_then(|it| it.cash().ok()).map_or(0, Money::minor);
        let (goods, credit) = if self.kind == RefundKind::Goods { (cash, 0) } else { (0, cash) };
        let (by_hand, part) = match &self.state {
            Refund::ByHand { card, .. } => (0, Some(card)),
            Refund::Refunded { by_hand, card, .. } => (by_hand.minor(), Some(card)),
            _ => (0, None),
        };
        let is_paid = matches!(part, Some(CardPart::Paid { .. }));
        let card = self.state.split().filter(|_| is_paid).map_or(0, |it| it.card.minor());
        RefundSums { goods, credit, card, by_hand }
    }
}

impl Tables {
    /// Asked for by a shopper or a person. `false`: the rules say no.
    pub(super) fn request_refund(&mut self, trip: usize, order: RefundOrder, now: OffsetDateTime) -> bool {
        if self.refunds[trip].iter().any(|it| it.id == order.id) {
            // Asked twice with one id: asked once.
            return true;
        }
        let Some(verdict) = self.reckon(trip, order, now) else { return false };
        let Some(at) = self.open_refund(trip, order, verdict, now) else { return false };
        if verdict == Verdict::Automatic {
            let event = self.approval(trip, order.kind, now);
            if !self.move_refund(trip, at, event, now) {
                self.break_law(Law::Refund, trip, "a refund that the rules approve and refuse");
            }
        }
        true
    }

    fn reckon(&self, trip: usize, order: RefundOrder, now: OffsetDateTime) -> Option<Verdict> {
        let row = self.trips[trip].as_ref()?;
        let is_charged = row.state.captured().is_some();
        let nothing = Money::zero(Currency::USD);
        let asked = Asked {
            kind: order.kind,
            amount: order.amount,
            started_at: row.started_at,
            funds: is_charged.then(|| self.funds(trip, order.kind)),
            written_off: self.debts[trip].map_or(nothing, |it| it.debt.written_off),
            open: self.open_refund_of(trip).map(|at| self.refunds[trip][at].id),
            habits: row
                .instrument
                .map(|it| Habits::plain(self.count_recent(it, now.saturating_sub(COUNTED_FOR)), Currency::USD)),
            now,
        };
        check(&asked, &self.stores[row.store].refund).ok()
    }

    fn count_recent(&self, instrument: usize, since: OffsetDateTime) -> u32 {
        let trips = self.trips.iter().zip(&self.refunds);
        let mine = trips.filter(|(row, _)| row.as_ref().is_some_and(|it| it.instrument == Some(instrument)));
        let counted = mine
            .flat_map(|(_, refunds)| refunds)
            .filter(|it| it.kind == RefundKind::Goods && it.requested_at > since && it.state != Refund::Declined);
        counted.count() as u32
    }

    /// The refund of a visit that is not finished.
    pub(super) fn open_refund_of(&self, trip: usize) -> Option<usize> {
        self.refunds[trip].iter().position(|it| it.state.is_open())
    }

    /// Where the money of a visit is, by the ledger.
    fn funds(&self, trip: usize, kind: RefundKind) -> Funds {
        let balance = |account| self.books.trip(trip, account);
        let owed = match kind {
            RefundKind::Goods => self.debts[trip].map_or(0, |it| it.debt.outstanding.minor()),
            RefundKind::Credit => 0,
        };
        let elsewhere = balance(Account::ExternalPayments) + balance(Account::PayoffClearing);
        let money = |minor| Money::new(minor, Currency::USD);
        Funds { card: money(balance(Account::CardClearing)), elsewhere: money(elsewhere), owed: money(owed) }
    }

    fn open_refund(&mut self, trip: usize, order: RefundOrder, verdict: Verdict, now: OffsetDateTime) -> Option<usize> {
        let parts = match order.kind {
            RefundKind::Credit => RefundParts::nothing(Currency::USD),
            RefundKind::Goods => {
                let left = self.trips[trip].as_ref()?.left?;
                let parts = left.share(order.amount).ok()?;
                let rest = left.less(parts).ok()?;
                self.trips[trip].as_mut()?.left = Some(rest);
                parts
            }
        };
        let RefundOrder { id, kind, amount } = order;
        self.refunds[trip].push(RefundRow { id, kind, amount, parts, state: Refund::InReview, requested_at: now });
        self.change.has_moved = true;
        self.change.is_audited = true;
        self.tell(|_| format!("refund {id} of trip {trip}: {kind:?} {amount:?}, {verdict:?}"));
        let at = self.refunds[trip].len() - 1;
        let step = self.with_case(trip, at, |case| Refund::ask(verdict, case))?;
        self.tell_refund(trip, &step, now);
        Some(at)
    }

    fn with_case<T>(&self, trip: usize, at: usize, act: impl FnOnce(RefundCase<'_>) -> T) -> Option<T> {
        let (row, refund) = (self.trips[trip].as_ref()?, &self.refunds[trip][at]);
        let reason = RefundReason::Other;
        let RefundRow { id, kind, amount, .. } = *refund;
        Some(act(RefundCase { id, trip: &row.id, store: &self.stores[row.store].id, kind, amount, reason }))
    }

    /// An approval now: where the money is, and how long to wait for the word that the capture went through.
    pub(super) fn approval(&self, trip: usize, kind: RefundKind, now: OffsetDateTime) -> RefundEvent {
        let funds = self.funds(trip, kind);
        let until = self.trips[trip].as_ref().and_then(|row| {
            let store = &self.stores[row.store];
            let is_witnessed = store.transactional_data_proves_capture && row.has_facts;
            let until = row.taken_at.unwrap_or(now).saturating_add(store.refund.after);
            (!is_witnessed && !row.is_confirmed && until > now).then_some(until)
        });
        RefundEvent::Approved { funds, until }
    }

    /// Applies an event to a refund. `false`: it refused, and nothing changed.
    pub(super) fn move_refund(&mut self, trip: usize, at: usize, event: RefundEvent, now: OffsetDateTime) -> bool {
        let before = self.refunds[trip][at].state.clone();
        let applied = self.with_case(trip, at, |case| before.clone().apply(event.clone(), case));
        let Some(Ok(step)) = applied else { return false };
        self.refunds[trip][at].state = step.refund.clone();
        if step.refund == Refund::Declined
            && self.refunds[trip][at].kind == RefundKind::Goods
            && let Some(row) = &mut self.trips[trip]
        {
            // What did not come back may be asked for again.
            row.left = row.left.and_then(|left| sum(left, self.refunds[trip][at].parts));
        }
        self.book_refund(trip, at, &before, &step, now);
        self.check_split(trip, at, &before);
        if step.refund != before {
            self.change.has_moved = true;
            self.change.is_audited = true;
            self.tell(|it| format!("refund {} is {:?} after {event:?}", it.refunds[trip][at].id, step.refund));
        }
        self.tell_refund(trip, &step, now);
        true
    }

    fn book_refund(&mut self, trip: usize, at: usize, before: &Refund, step: &RefundStep, now: OffsetDateTime) {
        let RefundRow { kind, parts, ref state, .. } = self.refunds[trip][at];
        let Some(after) = state.split() else { return };
        let Ok(parts) = MovedParts::of(parts, before.split(), after) else {
            return self.break_law(Law::Refund, trip, "the parts of a refund cannot be reckoned");
        };
        for movement in &step.movements {
            self.change.has_moved = true;
            if let RefundMovement::Credited(amount) = *movement {
                if !self.move_debt(trip, DebtEvent::Credited(amount), parts.credited.tax, now) {
                    self.break_law(Law::Refund, trip, format!("the debt refused a credit of {amount:?}"));
                }
                self.report(trip, now);
            }
            if movement.ledger_kind(kind).is_some() {
                let nothing = Money::zero(Currency::USD);
                self.post(trip, nothing, |facts| refund_entries(*movement, kind, facts.trip, parts.approved));
            }
        }
    }

    fn tell_refund(&mut self, trip: usize, step: &RefundStep, now: OffsetDateTime) {
        for effect in &step.effects {
            let due_at = match (effect, &step.refund) {
                (Effect::RefundCharge { .. }, Refund::Waiting { until, .. }) => *until,
                _ => now,
            };
            self.push(trip, effect.clone(), Plan { due_at, deadline_at: None });
        }
        for kind in &step.alerts {
            self.alert(*kind, trip);
        }
    }

    /// May `amount` of this refund be asked for? One that waited is due: the money is looked at once more.
    pub(super) fn refund_is_wanted(&mut self, trip: usize, id: RefundId, amount: Money, now: OffsetDateTime) -> bool {
        let Some(at) = self.refunds[trip].iter().position(|it| it.id == id) else { return false };
        if matches!(self.refunds[trip][at].state, Refund::Waiting { .. }) {
            let funds = self.funds(trip, self.refunds[trip][at].kind);
            self.move_refund(trip, at, RefundEvent::Due { funds }, now);
        }
        matches!(self.refunds[trip][at].state, Refund::Sending { split } if split.card == amount)
    }

    /// What a call came to. A refusal means another thing after a try that may have been done all the same.
    pub(super) fn conclude_refund(&mut self, trip: usize, id: RefundId, answer: RefundAnswer, now: OffsetDateTime) {
        let event = match answer {
            RefundAnswer::Given => RefundEvent::Answered { reconciliation: None },
            RefundAnswer::Refused => RefundEvent::Refused { in_doubt: self.is_in_doubt(trip, id) },
        };
        self.apply_to_refund(trip, id, event, now);
    }

    pub(super) fn apply_to_refund(&mut self, trip: usize, id: RefundId, event: RefundEvent, now: OffsetDateTime) {
        if let Some(at) = self.refunds[trip].iter().position(|it| it.id == id) {
            self.move_refund(trip, at, event, now);
        }
    }

    fn is_in_doubt(&self, trip: usize, id: RefundId) -> bool {
        let effects = self.effects_of[trip].iter().map(|effect| &self.outbox[*effect]);
        let mine = effects.filter(|it| matches!(it.effect, Effect::RefundCharge { refund, .. } if refund == id));
        mine.flat_map(|it| &it.attempts).map(|attempt| self.attempts[*attempt]).any(|it| match it.outcome {
            AttemptOutcome::Sent | AttemptOutcome::NoAnswer => true,
            AttemptOutcome::Busy => it.status.is_some_and(|status| status >= 500),
            AttemptOutcome::Answered | AttemptOutcome::Refused | AttemptOutcome::NotSent => false,
        })
    }

    /// It is known by now what became of the visit's capture: a refund that waits for that is looked at.
    pub(super) fn wake_refund(&mut self, trip: usize, now: OffsetDateTime) {
        for effect in self.effects_of[trip].clone() {
            let Effect::RefundCharge { refund, .. } = self.outbox[effect].effect else { continue };
            let waits = |it: &RefundRow| it.id == refund && matches!(it.state, Refund::Waiting { .. });
            if self.refunds[trip].iter().any(waits) {
                self.hasten(effect, now);
            }
        }
    }

    /// The same call with the same key, asked for by a person.
    pub(super) fn retry_refund(&mut self, trip: usize, at: usize, now: OffsetDateTime) {
        let Refund::Sending { split } = self.refunds[trip][at].state else { return };
        let (waiting, claimed) = self.live("refund_charge", trip);
        let Some(row) = self.trips[trip].as_ref().filter(|_| !waiting && !claimed) else { return };
        let effect = Effect::RefundCharge {
            refund: self.refunds[trip][at].id,
            trip: row.id.clone(),
            store: self.stores[row.store].id.clone(),
            amount: split.card,
            reason: RefundReason::Other,
        };
        self.push(trip, effect, Plan { due_at: now, deadline_at: None });
        self.change.is_audited = true;
    }

    /// What was taken beyond what was owed is given back, once a person agrees.
    pub(super) fn open_credit(&mut self, trip: usize, now: OffsetDateTime) {
        let amount = Money::new(-self.books.trip(trip, Account::ShopperCredit), Currency::USD);
        let Some(id) = self.next_credit_id() else { return };
        let order = RefundOrder { id, kind: RefundKind::Credit, amount };
        if let Some(verdict) = self.reckon(trip, order, now) {
            self.open_refund(trip, order, verdict, now);
        }
    }

    /// That money was taken back by the bank: its refund is not given, if nobody has approved it.
    pub(super) fn withdraw_credit(&mut self, trip: usize, now: OffsetDateTime) {
        let Some(at) = self.open_refund_of(trip) else { return };
        let refund = &self.refunds[trip][at];
        if refund.kind == RefundKind::Credit && refund.state == Refund::InReview {
            self.move_refund(trip, at, RefundEvent::Declined, now);
        }
    }

    pub(super) fn refund_sums(&self, trip: usize) -> RefundSums {
        let sums = self.refunds[trip].iter().map(RefundRow::sums);
        sums.fold(RefundSums::default(), |a, b| RefundSums {
            goods: a.goods + b.goods,
            credit: a.credit + b.credit,
            card: a.card + b.card,
            by_hand: a.by_hand + b.by_hand,
        })
    }

    /// Tells who must know of a refund that is not finished. `None`: nobody was told.
    pub(super) fn refund_alert(&self, trip: usize, state: &Refund) -> Option<AlertKind> {
        let kinds: &[AlertKind] = match state {
            Refund::InReview => &[AlertKind::RefundInReview],
            Refund::Sending { .. } => &[AlertKind::RefundStuck],
            Refund::ByHand { .. } => &[AlertKind::RefundByHand, AlertKind::RefundRefused],
            Refund::Waiting { .. } | Refund::Refunded { .. } | Refund::Credited { .. } | Refund::Declined => &[],
        };
        kinds.iter().copied().find(|kind| self.is_alerted(*kind, trip))
    }
}

fn sum(a: RefundParts, b: RefundParts) -> Option<RefundParts> {
    Some(RefundParts {
        sales: a.sales.checked_add(b.sales).ok()?,
        tax: a.tax.checked_add(b.tax).ok()?,
        deposits: a.deposits.checked_add(b.deposits).ok()?,
    })
}
