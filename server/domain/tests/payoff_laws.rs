//! What holds for every payoff of every set of debts, whatever happens to them meanwhile and in whatever order it is told.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use std::collections::BTreeMap;

use domain::debt::{Debt, DebtEvent, DebtMovement, PaymentMeans};
use domain::id::{CheckoutSessionId, InstrumentId, PaymentIntentId, StripeDisputeId, TripId};
use domain::ledger::{Account, Books, debt_entries};
use domain::money::{Currency, Money};
use domain::payoff::{DisputeStanding, PaidBy, Payoff, PayoffError, PayoffEvent, PayoffMoney, Share, spread};
use domain::reason::DebtCause;
use proptest::prelude::*;

const TOTAL: i64 = 1_000;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Every word that Stripe, the shopper's way back and the poller may have of one payoff.
fn any_word() -> impl Strategy<Value = PayoffEvent> {
    let session = CheckoutSessionId::new("cs_1").unwrap();
    let by = PaidBy { session: session.clone(), payment: PaymentIntentId::new("pi_1").unwrap() };
    let dispute = |standing| PayoffEvent::Dispute {
        dispute: StripeDisputeId::new("dp_1").unwrap(),
        amount: usd(TOTAL),
        standing,
    };
    prop_oneof![
        Just(PayoffEvent::SessionOpened(session.clone())),
        Just(PayoffEvent::SessionOver(session)),
        Just(PayoffEvent::Abandoned),
        Just(PayoffEvent::Paid { by, amount: usd(TOTAL) }),
        prop::sample::select(DisputeStanding::ALL).prop_map(dispute),
    ]
}

/// All words told in this order, those that come too early again at the end. What the debts then have of it.
fn told(words: &[PayoffEvent]) -> (&'static str, i64) {
    let (mut payoff, mut held, mut waiting) = (Payoff::Created, 0, vec![]);
    let mut tell = |payoff: &mut Payoff, word: &PayoffEvent| match payoff.apply(usd(TOTAL), word.clone()) {
        Ok(step) => {
            *payoff = step.payoff;
            held += match step.money {
                PayoffMoney::Stays => 0,
                PayoffMoney::Settles => TOTAL,
                PayoffMoney::TakenBack(amount) => -amount.minor(),
                PayoffMoney::GivenBack(amount) => amount.minor(),
            };
            assert!((0..=TOTAL).contains(&held), "the debts have no more of it than was paid: {held}");
            true
        }
        Err(PayoffError::NotPaidYet) => false,
        Err(PayoffError::StillOpen) => true,
        Err(refused) => panic!("{refused}"),
    };
    for word in words {
        if !tell(&mut payoff, word) {
            waiting.push(word.clone());
        }
    }
    for word in &waiting {
        tell(&mut payoff, word);
    }
    (payoff.name(), held)
}

/// What may happen to a debt while its payoff is under way, and after.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    PaidAtTill(i64),
    CapturedLate(i64),
    Credited(i64),
    GivenUp,
    CreditGivenBack(i64),
}

fn any_meanwhile() -> impl Strategy<Value = Meanwhile> {
    let some = 1_i64..1_200;
    prop_oneof![
        some.clone().prop_map(Meanwhile::PaidAtTill),
        some.clone().prop_map(Meanwhile::CapturedLate),
        some.clone().prop_map(Meanwhile::Credited),
        Just(Meanwhile::GivenUp),
        some.prop_map(Meanwhile::CreditGivenBack),
    ]
}

/// A debt and its books.
struct Kept {
    debt: Debt,
    accounts: BTreeMap<&'static str, i64>,
}

impl Kept {
    fn new(minor: i64) -> Self {
        let debt = Debt::incur(usd(minor), DebtCause::PaymentDeclined).unwrap();
        let mut kept = Self { debt, accounts: BTreeMap::new() };
        kept.book(DebtMovement::Incurred(usd(minor)));
        kept
    }

    /// What is refused changes nothing.
    fn apply(&mut self, event: DebtEvent) {
        let Ok(step) = self.debt.apply(event) else { return };
        self.debt = step.debt;
        for movement in step.movements {
            self.book(movement);
        }
        let Debt { incurred, outstanding, paid, recovered, credited, written_off, .. } = self.debt;
        let parts = [outstanding, paid, recovered, credited, written_off].map(Money::minor);
        assert!(parts.iter().all(|it| *it >= 0), "{:?}", self.debt);
        assert_eq!(incurred.minor(), parts.iter().sum::<i64>(), "{:?}", self.debt);
        assert_eq!(self.account(Account::ShopperReceivable), outstanding.minor(), "what is receivable is outstanding");
    }

    fn book(&mut self, movement: DebtMovement) {
        let (trip, instrument) = (TripId::new("t").unwrap(), InstrumentId::new("i").unwrap());
        let nothing = usd(0);
        let books = Books { trip: &trip, instrument: Some(&instrument), tax: nothing, deposits: nothing };
        let entries = debt_entries(movement, books).unwrap();
        assert_eq!(entries.iter().map(|it| it.amount.minor()).sum::<i64>(), 0, "{movement:?}");
        for entry in entries {
            *self.accounts.entry(entry.account.as_str()).or_default() += entry.amount.minor();
        }
    }

    fn account(&self, account: Account) -> i64 {
        self.accounts.get(account.as_str()).copied().unwrap_or_default()
    }

    /// What of the surplus is still the shopper's.
    fn credit(&self) -> Money {
        usd(-self.account(Account::ShopperCredit))
    }

    fn meanwhile(&mut self, what: Meanwhile) {
        match what {
            Meanwhile::PaidAtTill(minor) => {
                self.apply(DebtEvent::Paid { amount: usd(minor), means: PaymentMeans::InStore })
            }
            Meanwhile::CapturedLate(minor) => self.apply(DebtEvent::CaptureRecovered(usd(minor))),
            Meanwhile::Credited(minor) => self.apply(DebtEvent::Credited(usd(minor))),
            Meanwhile::GivenUp => self.apply(DebtEvent::WrittenOff),
            Meanwhile::CreditGivenBack(minor) => {
                let given = minor.min(self.credit().minor());
                *self.accounts.entry(Account::ShopperCredit.as_str()).or_default() += given;
            }
        }
    }
}

proptest! {
    #[test]
    fn the_order_and_the_number_of_words_say_nothing(words in prop::collection::vec(any_word(), 0..8), seed in any::<u64>()) {
        let once = told(&words);
        let mut shuffled = words.clone();
        // A cheap shuffle that a failing case can repeat.
        let mut state = seed | 1;
        for last in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
        }
        prop_assert_eq!(told(&shuffled).1, once.1, "{:?} and {:?}", words, shuffled);
        let doubled: Vec<_> = words.iter().flat_map(|it| [it.clone(), it.clone()]).collect();
        prop_assert_eq!(told(&doubled), once);
    }

    #[test]
    fn what_a_card_paid_is_with_debts_credits_or_the_bank_and_nowhere_else(
        owed in prop::collection::vec(50_i64..1_000, 1..4),
        before in prop::collection::vec((0_usize..4, any_meanwhile()), 0..5),
        between in prop::collection::vec((0_usize..4, any_meanwhile()), 0..5),
        after in prop::collection::vec((0_usize..4, any_meanwhile()), 0..5),
        percent in 1_i64..=100,
        is_won in any::<bool>(),
    ) {
        let mut debts: Vec<Kept> = owed.iter().map(|minor| Kept::new(*minor)).collect();
        let happen = |debts: &mut Vec<Kept>, all: &[(usize, Meanwhile)]| {
            for (index, what) in all {
                let index = index % debts.len();
                debts[index].meanwhile(*what);
            }
        };
        let clearing = |debts: &[Kept]| debts.iter().map(|it| it.account(Account::PayoffClearing)).sum::<i64>();
        happen(&mut debts, &before);
        let mut shares = vec![];
        for (debt, minor) in debts.iter_mut().zip(&owed) {
            let paid = debt.debt.paid;
            debt.apply(DebtEvent::PaidOnline(usd(*minor)));
            let share = Share::paid(usd(*minor), debt.debt.paid.checked_sub(paid).unwrap()).unwrap();
            prop_assert!(share.settled.minor() >= 0 && share.surplus.minor() >= 0);
            shares.push(share);
        }
        let total: i64 = owed.iter().sum();
        prop_assert_eq!(clearing(&debts), total, "all of it is in the books");
        happen(&mut debts, &between);

        let amount = (total * percent / 100).max(1);
        let takes = spread(usd(amount), &shares).unwrap();
        prop_assert_eq!(takes.iter().map(|it| it.minor()).sum::<i64>(), amount);
        for ((debt, share), take) in debts.iter_mut().zip(&mut shares).zip(takes) {
            let (now, back) = share.charge_back(take, debt.debt.paid, debt.credit()).unwrap();
            *share = now;
            if take.is_positive() {
                debt.apply(DebtEvent::ChargedBack(back));
            }
            prop_assert!(debt.credit().minor() >= 0, "no credit is taken that is not there");
        }
        prop_assert_eq!(clearing(&debts), total - amount, "what the bank took is gone from the books");
        happen(&mut debts, &after);
        if is_won {
            for (debt, share) in debts.iter_mut().zip(&mut shares) {
                let paid = debt.debt.paid;
                let amount = share.charged_back.checked_sub(share.lost).unwrap();
                debt.apply(DebtEvent::ChargeRestored { amount, lost: share.lost });
                *share = share.restore(debt.debt.paid.checked_sub(paid).unwrap()).unwrap();
            }
            prop_assert_eq!(clearing(&debts), total);
            prop_assert!(debts.iter().all(|it| it.account(Account::DisputeLoss) == 0), "and nothing was lost");
        }
        for (share, minor) in shares.iter().zip(&owed) {
            let parts = [share.settled, share.surplus, share.charged_back].map(Money::minor);
            prop_assert_eq!(parts.iter().sum::<i64>(), *minor, "{:?}", share);
        }
    }
}
