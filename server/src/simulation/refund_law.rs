//! What must hold of refunds: after every step, and once everything is quiet.

use domain::ledger::Account;
use domain::refund::{CardPart, Refund, RefundKind};

use super::amazon::Account as Card;
use super::law::Law;
use super::refund::RefundRow;
use super::tables::Tables;
use super::world::World;

impl Tables {
    /// No more is given back than was approved, and no more is approved than was ever captured and paid; one refund of a visit is open.
    pub(super) fn check_refunds(&mut self, trip: usize) {
        let sums = self.refund_sums(trip);
        let (approved, given, taken) = (sums.goods + sums.credit, sums.card + sums.by_hand, self.taken_ever[trip]);
        if given > approved || approved > taken {
            let what = format!("{taken} was taken, {approved} approved, {given} given back");
            self.break_law(Law::Refunded, trip, what);
        }
        if self.refunds[trip].iter().filter(|it| it.state.is_open()).count() > 1 {
            self.break_law(Law::Refunded, trip, "two refunds are open");
        }
    }

    /// Whenever it is decided how a refund is given: no cash goes out while something is owed, and of what waited no more than is there.
    pub(super) fn check_split(&mut self, trip: usize, at: usize, before: &Refund) {
        let RefundRow { kind, ref state, .. } = self.refunds[trip][at];
        let Some(split) = state.split().filter(|split| before.split() != Some(*split) || before.name() != state.name())
        else {
            return;
        };
        if !matches!(before, Refund::InReview | Refund::Waiting { .. }) {
            return;
        }
        let owed = self.debts[trip].map_or(0, |it| it.debt.outstanding.minor());
        let there = self.books.trip(trip, Account::CardClearing);
        let sends_too_much = matches!(state, Refund::Sending { .. }) && split.card.minor() > there;
        let is_cash = split.card.is_positive() || split.elsewhere.is_positive();
        let skips_debt = kind == RefundKind::Goods && is_cash && owed > 0 && !matches!(state, Refund::ByHand { .. });
        if sends_too_much || skips_debt {
            self.break_law(Law::Refunded, trip, format!("{split:?}, {owed} is owed and {there} on the card"));
        }
    }

    /// Each refund that Amazon made is one of ours, under its one key, with its amount; and together they are no more than was taken.
    pub(super) fn check_refunds_of_card(&mut self, trip: usize, card: &Card) {
        for (id, amount) in &card.refunds {
            let ours = self.refunds[trip].iter().find(|it| it.id == *id);
            if ours.and_then(|it| it.state.split()).is_none_or(|split| split.card != *amount) {
                let what = format!("Amazon gave back {amount:?} as {id}, ours is {ours:?}");
                self.break_law(Law::OneRefund, trip, what);
            }
        }
        let back: i64 = card.refunds.iter().map(|(_, amount)| amount.minor()).sum();
        let taken: i64 = card.captures.iter().map(|it| it.amount.minor()).sum();
        if back > taken {
            self.break_law(Law::Refunded, trip, format!("Amazon took {taken} and gave back {back}"));
        }
    }
}

impl World {
    /// What we say of a refund is what Amazon did; and whatever is not finished, a person knows of.
    pub(super) fn check_refunds_quiet(&mut self, trip: usize) {
        for refund in self.tables.refunds[trip].clone() {
            let is_given = self.cards[trip].refunds.iter().any(|(id, _)| *id == refund.id);
            if says(&refund).is_some_and(|says| says != is_given) {
                let what = format!("ours {refund:?}, given by Amazon: {is_given}");
                self.tables.break_law(Law::Truth, trip, what);
            }
            if refund.state.is_open() && self.tables.refund_alert(trip, &refund.state).is_none() {
                self.tables.break_law(Law::Refund, trip, format!("nobody knows of {refund:?}"));
            }
        }
    }
}

/// Do our books say that Amazon gave it back? `None`: they say that nobody knows.
fn says(refund: &RefundRow) -> Option<bool> {
    match &refund.state {
        Refund::InReview | Refund::Waiting { .. } | Refund::Credited { .. } | Refund::Declined => Some(false),
        Refund::Sending { .. } | Refund::ByHand { in_doubt: true, .. } => None,
        Refund::ByHand { card, .. } | Refund::Refunded { card, .. } => Some(matches!(card, CardPart::Paid { .. })),
    }
}
