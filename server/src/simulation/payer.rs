//! Shoppers who pay online, their banks, and all that Stripe tells of it, in the order of `flow::payoff::{start, look, receive, matching}`.

use domain::effect::Effect;
use domain::id::TripId;
use domain::money::Money;
use domain::outbox::OutboxState;
use domain::payoff::{BreakKind, CREATED_LASTS, DisputeStanding, OurPayoff, Payoff, PayoffEvent, match_payoffs};
use time::{Duration, OffsetDateTime};

use super::agenda::Happening;
use super::fault::Fault;
use super::law::Law;
use super::payoff::{Step, Told, payoff_id};
use super::scenario::START;
use super::stripe::{Dispute, Page, PageState, number_of};
use super::tables::Claim;
use super::world::World;

/// How often an open payoff is looked at (`flow::payoff::look`).
const LOOK_AGAIN: Duration = Duration::minutes(5);

/// So long a dispute waits for word of its payment (`flow::payoff::receive`).
const PARKED_FOR: Duration = Duration::days(7);

/// Pages that may stand in the way of one wish (`flow::payoff::start`).
const ROUNDS: usize = 3;

/// What a webhook says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    Paid,
    Over,
    Dispute(Money, DisputeStanding),
}

/// A webhook.
#[derive(Debug, Clone, Copy)]
pub(super) struct Webhook {
    pub(super) payoff: usize,
    pub(super) word: Word,
    pub(super) occurred_at: OffsetDateTime,
    /// When it was stored here, if it waits.
    parked_at: Option<OffsetDateTime>,
}

impl World {
    /// When shoppers will want to pay, and when the books are laid beside Stripe's.
    pub(super) fn announce_payoffs(&mut self) {
        for instrument in 0..self.has_address.len() {
            for most in [50, 60, 80, 100, 130, 160, 200, 240, 280, 320] {
                let at = START + self.chance.hours(4, most);
                self.agenda.put(at, Happening::PayoffWanted(instrument));
            }
        }
        for day in 1..=90 {
            self.agenda.put(START + Duration::days(day), Happening::Matched);
        }
    }

    pub(super) fn want_payoff(&mut self, instrument: usize) {
        if !self.commits(Happening::PayoffWanted(instrument)) {
            return;
        }
        let mut chosen: Vec<TripId> = self.tables.owed(instrument).into_iter().map(|it| it.trip).collect();
        if chosen.len() > 1 && self.chance.percent(50) {
            chosen.remove(self.chance.below(chosen.len()));
        }
        for _ in 0..ROUNDS {
            let now = self.now;
            let step = self.tables.transact(0, |tables| tables.plan_payoff(instrument, &chosen, now));
            match step {
                Step::Refused => return,
                Step::Go(payoff) => return self.visit_page(payoff),
                Step::Ask(payoff) => return self.ask_page(instrument, payoff),
                Step::EndFirst(payoff) => {
                    if !self.end_page(payoff) {
                        return;
                    }
                }
            }
        }
    }

    fn try_again(&mut self, instrument: usize) {
        if self.chance.percent(70) {
            let soon = self.chance.millis(2_000, 1_200_000);
            self.agenda.put(self.now + soon, Happening::PayoffWanted(instrument));
        }
    }

    /// Stripe is asked for the page of a committed payoff.
    fn ask_page(&mut self, instrument: usize, payoff: usize) {
        if self.falls(Fault::CrashBeforePage) || self.falls(Fault::PageRequestLost) {
            return self.try_again(instrument);
        }
        let (amount, expires_at) = (self.tables.payoffs[payoff].amount, self.tables.payoffs[payoff].expires_at);
        if self.falls(Fault::PageFailed) {
            self.stripe.fail(payoff);
        }
        let is_new = self.stripe.page(payoff).is_none();
        let Some(page) = self.stripe.open(payoff, amount, expires_at) else {
            // Answered, and no: another payoff takes its place.
            self.tell(payoff, PayoffEvent::Abandoned);
            return self.try_again(instrument);
        };
        let says = page.says();
        if is_new {
            self.agenda.put(expires_at, Happening::PageOver(payoff));
        }
        if self.falls(Fault::PageUnheard) || self.falls(Fault::CrashAfterPage) {
            return self.try_again(instrument);
        }
        self.tell(payoff, says);
        match self.tables.payoffs[payoff].state {
            Payoff::Open { .. } => {
                self.tables.payoffs[payoff].has_address = true;
                self.visit_page(payoff);
            }
            Payoff::Paid(_) => {}
            _ => self.expire(payoff),
        }
    }

    /// The page of a payoff that is not wanted any more. `false`: Stripe does not answer.
    fn end_page(&mut self, payoff: usize) -> bool {
        if self.falls(Fault::StripeAway) {
            return false;
        }
        self.expire(payoff);
        self.observe(payoff)
    }

    fn expire(&mut self, payoff: usize) {
        let Some(page) = self.stripe.page_mut(payoff).filter(|it| it.state == PageState::Open) else { return };
        page.state = PageState::Over;
        self.send_word(payoff, Word::Over);
    }

    fn visit_page(&mut self, payoff: usize) {
        let later = self.chance.millis(5_000, 4_200_000);
        self.agenda.put(self.now + later, Happening::PageLeft(payoff));
    }

    /// The shopper pays, or does not.
    pub(super) fn leave_page(&mut self, payoff: usize) {
        let Some(page) = self.stripe.page(payoff) else { return };
        if page.state != PageState::Open || self.now >= page.expires_at {
            return;
        }
        if self.falls(Fault::PaymentDeclined) {
            // Another card, or no more.
            return if self.chance.percent(50) {
                self.visit_page(payoff)
            };
        }
        if self.falls(Fault::PaymentAbandoned) {
            return;
        }
        if let Some(page) = self.stripe.page_mut(payoff) {
            page.state = PageState::Paid;
        }
        let parts = self.tables.payoffs[payoff].parts.clone();
        let owed = |trip: usize| self.tables.debts[trip].map_or(0, |it| it.debt.outstanding.minor());
        if parts.iter().any(|it| owed(it.trip) < it.amount.minor()) {
            self.faults.note(Fault::PaidTooMuch);
        }
        self.send_word(payoff, Word::Paid);
        if !self.falls(Fault::NeverCameBack) {
            let soon = self.chance.millis(300, 60_000);
            self.agenda.put(self.now + soon, Happening::CameBack(payoff));
        }
        if self.faults.is_on(Fault::Disputed) && self.chance.percent(25) {
            self.faults.note(Fault::Disputed);
            let later = if self.chance.percent(40) { self.chance.millis(1, 20_000) } else { self.chance.hours(1, 300) };
            self.agenda.put(self.now + later, Happening::BankAsked(payoff));
        }
    }

    pub(super) fn page_over(&mut self, payoff: usize) {
        let is_open = self.stripe.page(payoff).is_some_and(|it| it.state == PageState::Open);
        if is_open {
            self.faults.note(Fault::PageExpired);
            self.expire(payoff);
        }
    }

    /// The bank takes a payment back, or a part of it, and decides later.
    pub(super) fn dispute(&mut self, payoff: usize) {
        let Some(page) = self.stripe.page(payoff) else { return };
        let Ok(id) = format!("dp_{payoff}").parse() else { return };
        let amount = self.chance.part_of(page.amount);
        let standing = DisputeStanding::Open;
        if let Some(page) = self.stripe.page_mut(payoff) {
            page.dispute = Some(Dispute { id, amount, standing });
        }
        self.send_word(payoff, Word::Dispute(amount, standing));
        let later = if self.chance.percent(20) { self.chance.millis(1, 60_000) } else { self.chance.hours(24, 700) };
        self.agenda.put(self.now + later, Happening::BankDecided(payoff));
    }

    pub(super) fn decide_dispute(&mut self, payoff: usize) {
        let is_won = self.chance.percent(50);
        let (standing, fault) = if is_won {
            (DisputeStanding::Won, Fault::DisputeWon)
        } else {
            (DisputeStanding::Lost, Fault::DisputeLost)
        };
        let Some(dispute) = self.stripe.page_mut(payoff).and_then(|it| it.dispute.as_mut()) else { return };
        dispute.standing = standing;
        let amount = dispute.amount;
        self.faults.note(fault);
        self.send_word(payoff, Word::Dispute(amount, standing));
    }

    fn send_word(&mut self, payoff: usize, word: Word) {
        if self.falls(Fault::WebhookLost) {
            if matches!(word, Word::Dispute(..)) {
                self.lost_words.insert(payoff);
            }
            return;
        }
        let webhook = Webhook { payoff, word, occurred_at: self.now, parked_at: None };
        let later =
            if self.falls(Fault::WebhookLate) { self.chance.hours(1, 72) } else { self.chance.millis(200, 60_000) };
        self.agenda.put(self.now + later, Happening::WebhookTold(webhook));
        if self.falls(Fault::WebhookDoubled) {
            let again = later + self.chance.millis(1, 36_000_000);
            self.agenda.put(self.now + again, Happening::WebhookTold(webhook));
        }
    }

    pub(super) fn hear_webhook(&mut self, webhook: Webhook) {
        if !self.commits(Happening::WebhookTold(webhook)) {
            return;
        }
        let Webhook { payoff, word, occurred_at, parked_at } = webhook;
        let Some(page) = self.stripe.page(payoff) else { return };
        let event = match word {
            Word::Paid | Word::Over => page_word(page, word),
            Word::Dispute(amount, standing) => {
                let Some(dispute) = &page.dispute else { return };
                PayoffEvent::Dispute { dispute: dispute.id.clone(), amount, standing }
            }
        };
        let newest = self.newest_word.entry(payoff).or_insert(occurred_at);
        if *newest > occurred_at && parked_at.is_none() {
            self.faults.note(Fault::WebhooksReordered);
        }
        *newest = occurred_at.max(*newest);
        if self.tell(payoff, event) == Told::TooEarly {
            self.faults.note(Fault::DisputeBeforePayment);
            let parked_at = parked_at.unwrap_or(self.now);
            if self.now < parked_at + PARKED_FOR {
                let again = Webhook { parked_at: Some(parked_at), ..webhook };
                self.agenda.put(self.now + Duration::HOUR, Happening::WebhookTold(again));
            } else {
                self.lost_words.insert(payoff);
            }
        }
    }

    /// The shopper is back from the page: Stripe is asked at once.
    pub(super) fn come_back(&mut self, payoff: usize) {
        self.look_at_payoff(payoff, self.now);
    }

    /// The poller looks.
    pub(super) fn check_payoff(&mut self, claim: &Claim, now: OffsetDateTime) -> OutboxState {
        let Effect::CheckPayoff { payoff } = claim.effect else { return OutboxState::Done };
        let again = self.look_at_payoff(number_of(payoff), now);
        again.map_or(OutboxState::Done, |due_at| OutboxState::Waiting { due_at })
    }

    /// Asks Stripe how a live payoff stands. When to look again.
    fn look_at_payoff(&mut self, payoff: usize, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let again = Some(now + LOOK_AGAIN);
        let row = &self.tables.payoffs[payoff];
        match row.state {
            Payoff::Created if now < row.created_at + CREATED_LASTS => again,
            Payoff::Created => {
                self.tell(payoff, PayoffEvent::Abandoned);
                None
            }
            Payoff::Open { .. } => {
                if self.falls(Fault::StripeAway) {
                    return again;
                }
                self.observe(payoff);
                again.filter(|_| self.tables.payoffs[payoff].state.is_live())
            }
            _ => None,
        }
    }

    fn observe(&mut self, payoff: usize) -> bool {
        let Some(says) = self.stripe.page(payoff).map(Page::says) else { return false };
        matches!(self.tell(payoff, says), Told::Moved | Told::Unchanged)
    }

    /// The daily match with Stripe's balance.
    pub(super) fn match_balance(&mut self) {
        if self.falls(Fault::StripeAway) {
            return;
        }
        let Ok(breaks) = match_payoffs(&self.our_payoffs(), &self.stripe.movements()) else { return };
        for found in breaks {
            let payoff = number_of(found.payoff);
            let is_known = matches!(self.tables.payoffs[payoff].state, Payoff::Open { .. } | Payoff::Expired { .. });
            if found.kind == BreakKind::NotCounted && is_known && self.observe(payoff) {
                continue;
            }
            self.tables.note_unmatched(payoff);
        }
    }

    /// Our side of a match.
    pub(super) fn our_payoffs(&self) -> Vec<OurPayoff> {
        let rows = self.tables.payoffs.iter().enumerate();
        let ours = rows.map(|(number, row)| OurPayoff {
            id: payoff_id(number),
            payment: row.state.paid_by().map(|it| it.payment.clone()),
            amount: row.amount,
            charged_back: Money::new(
                row.parts.iter().map(|it| it.share.charged_back.minor()).sum(),
                row.amount.currency(),
            ),
        });
        ours.collect()
    }

    fn tell(&mut self, payoff: usize, event: PayoffEvent) -> Told {
        let (now, trip) = (self.now, self.tables.payoffs[payoff].parts.first().map_or(0, |it| it.trip));
        let what = format!("{event:?}");
        let told = self.tables.transact(trip, |tables| tables.tell_payoff(payoff, event, now));
        if told == Told::Refused {
            self.tables.break_law(Law::Payoff, trip, format!("payoff {payoff} refused {what}"));
        }
        self.check_payoff_laws(payoff);
        told
    }
}

fn page_word(page: &Page, word: Word) -> PayoffEvent {
    // A word says what was so when it was sent.
    let state = if matches!(word, Word::Paid) { PageState::Paid } else { PageState::Over };
    Page { state, ..page.clone() }.says()
}
