//! What must hold when nothing is left to happen.

use domain::alert::AlertKind;
use domain::effect::Effect;
use domain::ledger::Account;
use domain::money::Money;
use domain::outbox::OutboxState;
use domain::reason::DebtCause;
use domain::trip::Trip;

use super::law::Law;
use super::tables::TripRow;
use super::world::World;

impl World {
    pub(super) fn check_quiet(&mut self) {
        for trip in 0..self.walks.len() {
            self.tables.check_trip(trip);
            self.tables.check_card(trip, &self.cards[trip]);
            let Some(row) = self.tables.trips[trip].clone() else { continue };
            self.check_truth(trip, &row);
            self.check_both(trip);
            self.check_feedback(trip, &row);
            self.check_refunds_quiet(trip);
            self.check_mails(trip, row.state);
        }
        self.check_payoffs_quiet();
    }

    /// Our books of a card are Amazon's, as far as the event feed told us everything; and whatever it told, what we say was taken was
    /// asked for and charged, and a debt is not for money that was taken.
    fn check_truth(&mut self, trip: usize, row: &TripRow) {
        let ours = row.state.captured().map_or(0, Money::minor);
        let truth: i64 = self.cards[trip].effective().map(Money::minor).sum();
        let is_told_all = !self.has_lost_event[trip];
        let is_open = matches!(row.state, Trip::CaptureUnconfirmed { .. });
        if is_told_all && ours != truth {
            let what = format!("ours {ours}, Amazon's {truth}, {:?}", row.state);
            self.tables.break_law(Law::Truth, trip, what);
        }
        let was_charged = self.cards[trip].captures.iter().any(|it| it.amount.minor() == ours);
        if ours > 0 && !was_charged {
            self.tables.break_law(Law::Truth, trip, format!("ours {ours}, and Amazon never charged it"));
        }
        // A failure that was answered may hide a success: where no witness is to be had, only the feed can tell.
        let is_excused = is_open || matches!(row.state, Trip::Uncollected { cause: DebtCause::CaptureFailed, .. });
        if truth > ours && !is_excused {
            let what = format!("Amazon took {truth}, and we have {:?}", row.state);
            self.tables.break_law(Law::WrongDebt, trip, what);
        }
    }

    /// A hold was released, or captured from; never asked for both.
    fn check_both(&mut self, trip: usize) {
        let was_sent = |kind: &str| {
            let effects = self.tables.effects_of[trip].iter().map(|id| &self.tables.outbox[*id]);
            effects.filter(|it| it.effect.kind() == kind).any(|it| !it.attempts.is_empty())
        };
        if was_sent("capture_charge") && was_sent("cancel_charge") {
            self.tables.break_law(Law::NeverBoth, trip, "a capture and a cancel were sent");
        }
    }

    /// Amazon knows how each balance stands, unless it did not accept what it was told and a person knows.
    fn check_feedback(&mut self, trip: usize, row: &TripRow) {
        let has_outcome = matches!(
            row.state,
            Trip::Captured { .. }
                | Trip::PartlyCaptured { .. }
                | Trip::Uncollected { .. }
                | Trip::Recovered { .. }
                | Trip::Cancelled
        );
        if !has_outcome || !self.tables.store_of(row).reports_feedback() {
            return;
        }
        let mut effects = self.tables.effects_of[trip].iter().map(|id| &self.tables.outbox[*id]);
        let last = effects.rfind(|it| matches!(it.effect, Effect::ReportPaymentStatus { .. }));
        if last.is_some_and(|it| it.state == OutboxState::Exhausted) {
            let is_told = self.tables.is_alerted(AlertKind::EffectExhausted, trip);
            if !is_told {
                self.tables.break_law(Law::Feedback, trip, "a report was given up, and nobody was told");
            }
            return;
        }
        let (status, told) = (self.tables.payment_status(trip), self.cards[trip].told);
        // Workers whose clocks disagree may have two reports out at once.
        let is_right = told.is_some_and(|it| it.status == status || self.clocks_jump);
        if !is_right {
            self.tables.break_law(Law::Feedback, trip, format!("ours {status:?}, Amazon was told {told:?}"));
        }
        // By the ledger, which knows nothing of statuses: settled is what came in and is nobody's credit.
        let balance = |account| self.tables.books.trip(trip, account);
        let came_in = [
            Account::CardClearing,
            Account::ExternalPayments,
            Account::PayoffClearing,
            Account::ShopperCredit,
            Account::DisputeLoss,
        ];
        // What was given back had come in.
        let back = self.tables.refund_sums(trip);
        let booked = came_in.into_iter().map(balance).sum::<i64>() + back.card + back.by_hand - back.credit;
        if status.settled.minor() != booked {
            self.tables.break_law(Law::Feedback, trip, format!("{status:?}, and {booked} came in"));
        }
    }
}
