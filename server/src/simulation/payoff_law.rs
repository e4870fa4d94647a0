//! What must hold of payoffs: after every word, and once everything is quiet.

use domain::ledger::Account;
use domain::payoff::{BreakKind, Payoff, match_payoffs};

use super::law::Law;
use super::stripe::{PageState, number_of};
use super::world::World;

impl World {
    /// A payoff is counted once, and only where Stripe took it; what it took is settled, surplus or charged back; and of a shopper one
    /// payoff is live.
    pub(super) fn check_payoff_laws(&mut self, number: usize) {
        let row = self.tables.payoffs[number].clone();
        let trip = row.parts.first().map_or(0, |it| it.trip);
        let is_paid = row.state.paid_by().is_some();
        let mut wrong = vec![];
        if row.counted != if is_paid { row.amount.minor() } else { 0 } {
            wrong.push(format!("{} of {} was counted", row.counted, row.amount));
        }
        let was_taken =
            self.stripe.page(number).is_some_and(|it| it.state == PageState::Paid && it.amount == row.amount);
        if is_paid && !was_taken {
            wrong.push("Stripe never took it".to_owned());
        }
        for part in &row.parts {
            let share = part.share;
            let parts = [share.settled, share.surplus, share.charged_back].map(|it| it.minor());
            let whole = if is_paid { part.amount.minor() } else { 0 };
            let is_lost = (0..=share.charged_back.minor()).contains(&share.lost.minor());
            if parts.iter().sum::<i64>() != whole || parts.iter().any(|it| *it < 0) || !is_lost {
                wrong.push(format!("{part:?}"));
            }
            self.check_clearing(part.trip);
        }
        let back: i64 = row.parts.iter().map(|it| it.share.charged_back.minor()).sum();
        let said = match &row.state {
            Payoff::Disputed(_, it) | Payoff::Lost(_, it) => it.amount.minor(),
            _ => 0,
        };
        if back != said {
            wrong.push(format!("{back} is taken back, and the dispute is over {said}"));
        }
        if self.tables.disputed.contains(&number) != matches!(row.state, Payoff::Disputed(..) | Payoff::Lost(..)) {
            wrong.push("a person knows otherwise of its dispute".to_owned());
        }
        let rows = self.tables.payoffs.iter().filter(|it| it.instrument == row.instrument);
        if rows.filter(|it| it.state.is_live()).count() > 1 {
            wrong.push("two are live".to_owned());
        }
        if !wrong.is_empty() {
            self.tables.break_law(Law::Payoff, trip, format!("payoff {number}: {}; {row:?}", wrong.join(", ")));
        }
    }

    /// What a visit has in clearing at Stripe is its share of what Stripe took and banks have not; and nobody took more of a shopper's
    /// credit than there was.
    fn check_clearing(&mut self, trip: usize) {
        let parts = self.tables.payoffs.iter().flat_map(|it| &it.parts).filter(|it| it.trip == trip);
        let there: i64 = parts.map(|it| it.share.settled.minor() + it.share.surplus.minor()).sum();
        let booked = self.tables.books.trip(trip, Account::PayoffClearing);
        let credit = -self.tables.books.trip(trip, Account::ShopperCredit);
        if there != booked || credit < 0 {
            let what = format!("shares say {there}, the ledger {booked}; the shopper's credit is {credit}");
            self.tables.break_law(Law::Payoff, trip, what);
        }
    }

    /// Our books equal Stripe's; where every word of a dispute was lost, a person knows. Nothing is live any more.
    pub(super) fn check_payoffs_quiet(&mut self) {
        for number in 0..self.tables.payoffs.len() {
            self.check_payoff_laws(number);
            if self.tables.payoffs[number].state.is_live() {
                let what = format!("payoff {number} is {:?} for ever", self.tables.payoffs[number].state);
                self.tables.break_law(Law::PayoffTruth, 0, what);
            }
        }
        let Ok(breaks) = match_payoffs(&self.our_payoffs(), &self.stripe.movements()) else { return };
        for found in breaks {
            let number = number_of(found.payoff);
            let is_excused = found.kind == BreakKind::OtherChargeback
                && self.lost_words.contains(&number)
                && self.tables.unmatched.contains(&number);
            if !is_excused {
                let row = &self.tables.payoffs[number];
                let what = format!("{found:?}; ours {row:?}, Stripe's {:?}", self.stripe.page(number));
                self.tables.break_law(Law::PayoffTruth, row.parts.first().map_or(0, |it| it.trip), what);
            }
        }
    }
}
