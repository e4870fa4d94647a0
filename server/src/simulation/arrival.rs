//! What reaches us from outside, in the order of `flow::{decide_gate, receive_cart, join_instrument}` and of the flows of the event feed
//! and of staff; the decisions are `domain`'s.

use domain::debt::DebtEvent;
use domain::effect::{Effect, Plan};
use domain::gate::{self, GateDecision, GateRequest, RiskRules, Standing};
use domain::id::PaymentEventId;
use domain::ledger;
use domain::money::{Currency, Money};
use domain::payment_event::{EventAmount, EventFamily, EventName, Judgement, Known, PaymentEvent, judge};
use domain::trip::{CartVerdict, Trip, TripEvent, entry_stale_at};
use time::OffsetDateTime;

use super::law::Law;
use super::tables::{Tables, TripRow};

const NOTHING: Money = Money::zero(Currency::USD);

/// What the event feed tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeedEvent {
    pub(super) name: EventName,
    /// Not every event says how much.
    pub(super) amount: Option<Money>,
    pub(super) occurred_at: OffsetDateTime,
}

/// A tap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap<'a> {
    pub(super) trip: usize,
    pub(super) store: usize,
    pub(super) instrument: usize,
    pub(super) request: &'a GateRequest,
}

impl Tables {
    /// What an instrument owes at the gate.
    fn standing(&self, instrument: usize, now: OffsetDateTime) -> Standing {
        let owed = self.debts.iter().flatten().filter(|it| it.instrument == Some(instrument));
        let counted = owed.filter_map(|it| it.debt.at_gate().ok()).filter(|it| it.is_positive());
        let mut standing = Standing::nothing(Currency::USD);
        let mut outstanding = 0;
        for amount in counted {
            outstanding += amount.minor();
            standing.incidents.push(now);
        }
        Standing { outstanding: Money::new(outstanding, Currency::USD), ..standing }
    }

    /// Decides a tap and begins the visit, or joins the one whose cart was faster.
    pub(super) fn decide_gate(&mut self, tap: Tap<'_>, now: OffsetDateTime) -> GateDecision {
        let Tap { trip, store, instrument, request } = tap;
        if self.trips[trip].as_ref().is_some_and(|row| row.instrument.is_none()) {
            self.join(trip, instrument, now);
        }
        let standing = self.standing(instrument, now);
        let decision = gate::decide(request, &standing, &RiskRules::default(), &self.stores[store], now);
        if decision.authorized && self.trips[trip].is_none() {
            let life = self.stores[store].token_life;
            let deadline_at = request.tapped_at.saturating_add(life);
            self.insert_trip(trip, store, Some((instrument, request.hold)), deadline_at);
            if let Some(row) = &self.trips[trip] {
                let check = Effect::CheckEntry { trip: row.id.clone() };
                let plan = Plan { due_at: entry_stale_at(request.tapped_at, now), deadline_at: None };
                self.push(trip, check, plan);
            }
        }
        self.change.is_audited |= !decision.authorized || decision.is_override;
        decision
    }

    fn insert_trip(&mut self, trip: usize, store: usize, tapped: Option<(usize, Money)>, deadline_at: OffsetDateTime) {
        let Ok(id) = format!("trip-{trip}").parse() else { return };
        self.trips[trip] = Some(TripRow {
            id,
            store,
            instrument: tapped.map(|(instrument, _)| instrument),
            state: Trip::Entered,
            hold: tapped.map(|(_, hold)| hold),
            started_at: deadline_at.saturating_sub(self.stores[store].token_life),
            deadline_at,
            has_cart: false,
            has_facts: false,
            is_confirmed: false,
            taken_at: None,
            left: None,
            newest_event: None,
        });
    }

    /// Names who pays for a visit, and for its debt.
    fn join(&mut self, trip: usize, instrument: usize, now: OffsetDateTime) {
        if let Some(row) = &mut self.trips[trip] {
            row.instrument = Some(instrument);
        }
        self.change.has_moved = true;
        // Without a debt, the visit's row and the gate's decision say who.
        self.change.is_audited = true;
        if let Some(debt) = &mut self.debts[trip] {
            debt.instrument = Some(instrument);
            let outstanding = debt.debt.outstanding;
            if outstanding.is_positive() {
                let owner = self.instruments[instrument].clone();
                self.post(trip, NOTHING, |facts| ledger::assignment(facts.trip, &owner, outstanding));
            }
        }
        self.notify(trip, now);
    }

    /// A cart, priced. The first one counts.
    pub(super) fn receive_cart(
        &mut self,
        (trip, store): (usize, usize),
        verdict: CartVerdict,
        tax: Money,
        started_at: OffsetDateTime,
        now: OffsetDateTime,
    ) {
        let deadline_at = started_at.saturating_add(self.stores[store].token_life);
        if self.trips[trip].is_none() {
            self.insert_trip(trip, store, None, deadline_at);
        }
        let Some(row) = self.trips[trip].as_mut().filter(|row| !row.has_cart) else { return };
        row.has_cart = true;
        row.deadline_at = row.deadline_at.min(deadline_at);
        self.advance(trip, TripEvent::CartPriced(verdict), tax, now);
    }

    /// The time for a person is over: what was recognised is charged.
    pub(super) fn review(&mut self, trip: usize, recognised: Money, now: OffsetDateTime) {
        if !matches!(self.trips[trip].as_ref().map(|it| it.state), Some(Trip::InReview)) {
            return;
        }
        let verdict =
            if recognised.is_positive() { CartVerdict::Payable(recognised) } else { CartVerdict::NothingToPay };
        self.advance(trip, TripEvent::Reviewed(verdict), NOTHING, now);
    }

    /// What the feed tells. `false`: the visit is not known yet.
    pub(super) fn hear(&mut self, trip: usize, told: FeedEvent, now: OffsetDateTime) -> bool {
        let asked = self.last_capture(trip);
        let Some(row) = &self.trips[trip] else { return false };
        let Ok(id) = PaymentEventId::new("event") else { return false };
        let event = PaymentEvent {
            id,
            family: EventFamily::Payment,
            name: told.name.as_str().to_owned(),
            trip: Some(row.id.clone()),
            store: None,
            amount: told.amount.map_or(EventAmount::Unsaid, EventAmount::Said),
            reconciliation: None,
            occurred_at: told.occurred_at,
        };
        let known = Known { trip: row.state, asked, newest: row.newest_event };
        match judge(&event, told.name, known) {
            Judgement::Tell(event) => {
                let is_told = self.advance(trip, event, NOTHING, now);
                let is_about_capture = told.name != EventName::AuthorizationCancelled;
                if let Some(row) = self.trips[trip].as_mut().filter(|_| is_told && is_about_capture) {
                    row.newest_event = Some((told.name, told.occurred_at));
                }
            }
            Judgement::Heard => {}
            Judgement::Ignore(_, alert) => {
                if let Some(kind) = alert {
                    self.alert(kind, trip);
                }
            }
        }
        true
    }

    /// A shopper or a person moves a debt; Amazon hears of what changes its balance.
    pub(super) fn settle(&mut self, trip: usize, event: DebtEvent, now: OffsetDateTime) {
        let before = self.payment_status(trip);
        if self.move_debt(trip, event, NOTHING, now) && self.payment_status(trip) != before {
            self.report(trip, now);
        }
    }

    /// The gate must say what the debts say, however it reckons.
    pub(super) fn check_gate(&mut self, tap: Tap<'_>, decision: &GateDecision) {
        let debts = self.debts.iter().flatten().filter(|it| it.instrument == Some(tap.instrument));
        let counted: i64 = debts
            .filter(|it| it.debt.counts_at_gate)
            .map(|it| it.debt.outstanding.minor() + it.debt.written_off.minor())
            .sum();
        let threshold = self.stores[tap.store].debt_threshold.map_or(1, Money::minor);
        if (counted >= threshold) == decision.authorized {
            let what = format!("counted {counted}, threshold {threshold}, decided {decision:?}");
            self.break_law(Law::Gate, tap.trip, what);
        }
    }
}
