//! Shoppers who want their money back, and people who look at refunds.

use domain::refund::{CardPart, Refund, RefundEvent, RefundKind};
use time::{Duration, OffsetDateTime};

use super::agenda::Happening;
use super::fault::Fault;
use super::refund::RefundOrder;
use super::scenario::usd;
use super::tables::refund_id;
use super::world::World;

/// A request may be so long on its way: before that a person cannot say that Amazon has not given something back.
const ON_ITS_WAY: Duration = Duration::hours(48);

impl World {
    /// When somebody will want something back, and when people look at what waits for them.
    pub(super) fn announce_refunds(&mut self, trip: usize, told_at: OffsetDateTime) {
        for (number, most) in (0_u64..).zip([6, 40, 100, 200]) {
            if self.chance.percent(50) {
                let later = self.chance.hours(1, most);
                self.agenda.put(told_at + later, Happening::RefundWanted(trip, number));
            }
        }
        // Some before anybody can have confirmed the capture.
        if let Some(cart_at) = self.walks[trip].cart_at.filter(|_| self.chance.percent(40)) {
            let soon = self.chance.minutes(1, 120);
            self.agenda.put(cart_at + soon, Happening::RefundWanted(trip, 9));
        }
        for from in [8, 40, 80, 140, 220, 300, 380] {
            let later = self.chance.hours(from, from + 40);
            self.agenda.put(told_at + later, Happening::RefundLookedAt(trip));
        }
    }

    pub(super) fn want_refund(&mut self, trip: usize, number: u64) {
        if !self.commits(Happening::RefundWanted(trip, number)) {
            return;
        }
        let Some(row) = self.tables.trips[trip].clone() else { return };
        let left = row.left.map_or(0, |it| it.sales.minor() + it.tax.minor());
        let amount = self.chance.part_of(usd(left.max(1)));
        let Some(id) = refund_id(trip as u64, number) else { return };
        let order = RefundOrder { id, kind: RefundKind::Goods, amount };
        let (now, owes) = (self.now, self.tables.debts[trip].is_some_and(|it| it.debt.outstanding.is_positive()));
        let is_open = self.tables.transact(trip, |tables| tables.request_refund(trip, order, now));
        if is_open && owes {
            self.faults.note(Fault::RefundOfDebt);
        }
        self.note_waiting(trip);
    }

    fn note_waiting(&mut self, trip: usize) {
        let open = self.tables.open_refund_of(trip).map(|at| &self.tables.refunds[trip][at].state);
        if matches!(open, Some(Refund::Waiting { .. })) {
            self.faults.note(Fault::RefundWaits);
            if self.faults.is_on(Fault::LateDecline) && self.chance.percent(30) {
                // The bank thinks again while it waits.
                let soon = self.chance.minutes(1, 120);
                self.faults.note(Fault::LateDecline);
                self.agenda.put(self.now + soon, Happening::BankDeclined(trip));
            }
        }
    }

    /// A person decides, gives back by hand, or asks Amazon what it did.
    pub(super) fn look_at_refund(&mut self, trip: usize) {
        let Some(at) = self.tables.open_refund_of(trip).filter(|_| !self.chance.percent(15)) else { return };
        let (now, refund) = (self.now, self.tables.refunds[trip][at].clone());
        let is_given = self.cards[trip].refunds.iter().any(|(id, _)| *id == refund.id);
        let found = RefundEvent::Answered { reconciliation: None };
        let event = match &refund.state {
            Refund::InReview if self.chance.percent(25) => RefundEvent::Declined,
            Refund::InReview => self.tables.approval(trip, refund.kind, now),
            Refund::ByHand { in_doubt: true, card: CardPart::Unpaid, .. } => {
                if now < self.refund_sent_at[trip] + ON_ITS_WAY {
                    return;
                }
                if is_given { found } else { RefundEvent::DoneByHand }
            }
            Refund::ByHand { .. } => RefundEvent::DoneByHand,
            Refund::Sending { .. } if is_given && self.chance.percent(50) => found,
            Refund::Sending { .. } => {
                return self.tables.transact(trip, |tables| tables.retry_refund(trip, at, now));
            }
            Refund::Waiting { .. } | Refund::Refunded { .. } | Refund::Credited { .. } | Refund::Declined => return,
        };
        self.tables.transact(trip, |tables| tables.move_refund(trip, at, event, now));
        self.note_waiting(trip);
    }
}
