//! One event of one visit, and of its debt, in the order of `flow::advance` and `flow::move_debt`; the decisions are `domain`'s.

use domain::alert::AlertKind;
use domain::debt::{Debt, DebtEvent, DebtMovement};
use domain::effect::{Effect, Moment};
use domain::ledger::{self, Books as Facts, Entry};
use domain::money::{Currency, Money, MoneyError};
use domain::reason::DebtCause;
use domain::refund::amount::RefundParts;
use domain::trip::{Movement, Step, Trip, TripError, TripEvent, Visit};
use time::OffsetDateTime;

use super::books::Parties;
use super::law::Law;
use super::tables::{DebtRow, Tables, TripRow};

impl Tables {
    /// Applies an event to a visit. `false`: it has moved on, and nothing changed.
    pub(super) fn advance(&mut self, trip: usize, event: TripEvent, tax: Money, now: OffsetDateTime) -> bool {
        let Some(row) = self.trips[trip].clone() else { return false };
        let store = self.store_of(&row);
        let step = match row.state.apply(event, Visit { trip: &row.id, store: &store, hold: row.hold }) {
            Ok(step) => step,
            Err(TripError::MovedOn) => return false,
            Err(TripError::Amount(_)) => {
                self.alert(AlertKind::ImplausibleAnswer, trip);
                return false;
            }
        };
        let before = row.state;
        if let Some(it) = &mut self.trips[trip] {
            it.state = step.trip;
        }
        for movement in &step.movements {
            self.book(trip, *movement, tax, now);
        }
        if step.trip != before {
            self.change.has_moved = true;
            self.change.is_audited = true;
            self.tell(|_| format!("{} is {:?} after {event:?}", row.id, step.trip));
        }
        if matches!(event, TripEvent::CaptureApproved { .. } | TripEvent::CaptureWitnessed | TripEvent::CaptureDeclined)
        {
            self.confirm_capture(trip, event, now);
        }
        self.enqueue(trip, &row, &step, store.review_limit, now);
        for kind in step.alerts {
            self.alert(kind, trip);
        }
        true
    }

    fn enqueue(&mut self, trip: usize, row: &TripRow, step: &Step, review_limit: time::Duration, now: OffsetDateTime) {
        let moment = Moment { trip: step.trip, deadline_at: row.deadline_at, review_limit, now };
        for effect in &step.effects {
            if !(effect.is_coalesced() && self.live(effect.kind(), trip).0) {
                self.push(trip, effect.clone(), effect.plan(moment));
            }
        }
        if matches!(step.trip, Trip::Uncollected { .. }) && !step.movements.is_empty() {
            self.notify(trip, now);
        }
    }

    /// A refund that waits for word of the capture hears it.
    fn confirm_capture(&mut self, trip: usize, event: TripEvent, now: OffsetDateTime) {
        if let Some(row) = &mut self.trips[trip] {
            let is_taken = row.state.captured().is_some_and(Money::is_positive);
            row.is_confirmed = is_taken && event != TripEvent::CaptureDeclined;
        }
        self.wake_refund(trip, now);
    }

    fn book(&mut self, trip: usize, movement: Movement, tax: Money, now: OffsetDateTime) {
        self.change.has_moved = true;
        self.note_money(trip, movement, tax, now);
        match movement {
            Movement::DebtIncurred { amount, cause } => self.incur(trip, amount, cause, now),
            Movement::LateCapture(amount) => self.late(trip, DebtEvent::CaptureRecovered(amount), now),
            Movement::LateCaptureReversed(amount) => self.late(trip, DebtEvent::RecoveryReversed(amount), now),
            Movement::Priced(_)
            | Movement::Captured(_)
            | Movement::CaptureReversed(_)
            | Movement::Suspended(_)
            | Movement::Unsuspended(_) => self.post(trip, tax, |facts| ledger::entries(movement, facts)),
        }
    }

    /// What refunds must know: what may come back, and what was taken, when.
    fn note_money(&mut self, trip: usize, movement: Movement, tax: Money, now: OffsetDateTime) {
        let Some(row) = &mut self.trips[trip] else { return };
        match movement {
            Movement::Priced(total) => {
                let deposits = Money::zero(total.currency());
                row.left = total.checked_sub(tax).ok().map(|sales| RefundParts { sales, tax, deposits });
            }
            Movement::Captured(amount) => {
                row.taken_at = Some(now);
                self.taken_ever[trip] += amount.minor();
            }
            Movement::LateCapture(_) => row.taken_at = Some(now),
            Movement::DebtIncurred { .. }
            | Movement::CaptureReversed(_)
            | Movement::LateCaptureReversed(_)
            | Movement::Suspended(_)
            | Movement::Unsuspended(_) => {}
        }
    }

    fn incur(&mut self, trip: usize, amount: Money, cause: DebtCause, now: OffsetDateTime) {
        if self.debts[trip].is_some() {
            return self.late(trip, DebtEvent::Increased(amount), now);
        }
        let Ok(debt) = Debt::incur(amount, cause) else {
            return self.break_law(Law::DebtLaw, trip, format!("a debt of {amount:?}"));
        };
        let instrument = self.trips[trip].as_ref().and_then(|it| it.instrument);
        self.debts[trip] = Some(DebtRow { instrument, debt });
        self.post_debt(trip, DebtMovement::Incurred(amount), Money::zero(Currency::USD));
        if instrument.is_none() {
            self.alert(AlertKind::UnresolvedInstrument, trip);
        }
        self.change.is_audited = true;
    }

    /// A step of the visit moves its debt: refusing it is a mistake of ours.
    fn late(&mut self, trip: usize, event: DebtEvent, now: OffsetDateTime) {
        if !self.move_debt(trip, event, Money::zero(Currency::USD), now) {
            self.break_law(Law::DebtLaw, trip, format!("the debt refused {event:?}"));
        }
    }

    /// Applies an event to the debt of a visit; `tax` is in what is credited. `false`: it refused, and nothing changed.
    pub(super) fn move_debt(&mut self, trip: usize, event: DebtEvent, tax: Money, now: OffsetDateTime) -> bool {
        let Some(row) = self.debts[trip] else { return false };
        let Ok(step) = row.debt.apply(event) else { return false };
        self.change.has_moved = true;
        self.debts[trip] = Some(DebtRow { debt: step.debt, ..row });
        for movement in step.movements {
            self.post_debt(trip, movement, tax);
            match movement {
                DebtMovement::Overpaid(surplus) | DebtMovement::RecoveredSurplus(surplus) if surplus.is_positive() => {
                    self.alert(AlertKind::ShopperCredit, trip);
                    self.open_credit(trip, now);
                }
                // What a bank gives back of it is the shopper's again.
                DebtMovement::CreditChargedBack(taken) if !taken.is_positive() => {
                    self.alert(AlertKind::ShopperCredit, trip);
                    self.open_credit(trip, now);
                }
                DebtMovement::RecoveredSurplus(_) | DebtMovement::CreditChargedBack(_) => {
                    self.withdraw_credit(trip, now);
                }
                _ => {}
            }
        }
        self.change.is_audited = true;
        self.tell(|_| format!("the debt of trip {trip} is {:?} after {event:?}", step.debt));
        true
    }

    /// Amazon hears of what is outstanding now, where the store tells it.
    pub(super) fn report(&mut self, trip: usize, now: OffsetDateTime) {
        let Some(row) = self.trips[trip].clone() else { return };
        let store = self.store_of(&row);
        let effect = Effect::ReportPaymentStatus { trip: row.id, store: store.id.clone() };
        if store.reports_feedback() && !self.live(effect.kind(), trip).0 {
            let moment =
                Moment { trip: row.state, deadline_at: row.deadline_at, review_limit: store.review_limit, now };
            let plan = effect.plan(moment);
            self.push(trip, effect, plan);
        }
    }

    fn post_debt(&mut self, trip: usize, movement: DebtMovement, tax: Money) {
        let beside = &mut self.beside[trip];
        match movement {
            DebtMovement::Overpaid(amount) => beside.surplus += amount.minor(),
            DebtMovement::CreditChargedBack(amount) => beside.surplus -= amount.minor(),
            DebtMovement::ChargebackLost(amount) => beside.lost += amount.minor(),
            _ => {}
        }
        if let DebtMovement::Paid { amount, .. }
        | DebtMovement::Overpaid(amount)
        | DebtMovement::Recovered(amount)
        | DebtMovement::RecoveredSurplus(amount) = movement
        {
            self.taken_ever[trip] += amount.minor().max(0);
        }
        self.post(trip, tax, |facts| ledger::debt_entries(movement, facts));
    }

    /// Books entries about a visit and whoever pays for it.
    pub(super) fn post(
        &mut self,
        trip: usize,
        tax: Money,
        entries: impl FnOnce(Facts<'_>) -> Result<Vec<Entry>, MoneyError>,
    ) {
        let Some(row) = &self.trips[trip] else { return };
        let instrument = row.instrument.map(|at| (at, &self.instruments[at]));
        let deposits = Money::zero(Currency::USD);
        let facts = Facts { trip: &row.id, instrument: instrument.map(|(_, id)| id), tax, deposits };
        let parties = Parties { trip: (trip, &row.id), instrument };
        let posted = entries(facts).map_err(|error| error.to_string());
        if let Err(wrong) = posted.and_then(|entries| self.books.post(parties, &entries)) {
            self.break_law(Law::LedgerBalance, trip, wrong);
        }
    }
}
