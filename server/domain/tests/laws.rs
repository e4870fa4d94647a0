//! What holds for every amount, every cart and every order of events.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use domain::debt::{Debt, DebtEvent, DebtStatus, PaymentMeans};
use domain::effect::Effect;
use domain::id::{InstrumentId, StoreId, TripId};
use domain::ledger::{self, Account, Books};
use domain::money::{Currency, Money};
use domain::pricing::PricingSettings;
use domain::reason::DebtCause;
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use domain::trip::{CartVerdict, Movement, Trip, TripEvent, Visit};
use proptest::prelude::*;
use time::Duration;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn store(decline: DeclinePolicy, capture_repeat_is_safe: bool, skips_adjust: bool) -> Store {
    Store {
        id: StoreId::new("store").unwrap(),
        merchant: Merchant {
            name: String::new(),
            address: String::new(),
            tax_number: String::new(),
            contact: String::new(),
        },
        currency: Currency::USD,
        gate_strategy: GateStrategy::CustomerManaged,
        debt_threshold: None,
        feedback: FeedbackPolicy::Always,
        bad_cart: BadCartPolicy::ChargeRecognised,
        decline,
        pricing: PricingSettings::plain("here"),
        review_limit: Duration::hours(24),
        token_life: Duration::hours(46),
        capture_repeat_is_safe,
        transactional_data_proves_capture: true,
        skips_adjust,
        refund: RefundRules::plain(Currency::USD),
    }
}

fn any_event() -> impl Strategy<Value = TripEvent> {
    prop_oneof![
        (1_i64..10_000).prop_map(|total| TripEvent::CartPriced(CartVerdict::Payable(usd(total)))),
        // Totals that a hold may meet to the cent.
        (1_i64..5).prop_map(|total| TripEvent::CartPriced(CartVerdict::Payable(usd(total)))),
        (1_i64..10_000).prop_map(|total| TripEvent::Reviewed(CartVerdict::Payable(usd(total)))),
        Just(TripEvent::Reviewed(CartVerdict::NothingToPay)),
        Just(TripEvent::CartPriced(CartVerdict::NothingToPay)),
        Just(TripEvent::CartPriced(CartVerdict::NeedsReview)),
        (0_i64..12_000).prop_map(|hold| TripEvent::AdjustApproved { authorized: usd(hold) }),
        (0_i64..12_000).prop_map(|hold| TripEvent::AdjustDeclined { authorized: Some(usd(hold)) }),
        Just(TripEvent::AdjustDeclined { authorized: None }),
        Just(TripEvent::TokenExpired),
        Just(TripEvent::CaptureInitiated),
        any::<bool>().prop_map(|after_failure| TripEvent::CaptureRefused { after_failure }),
        Just(TripEvent::CaptureFailed),
        Just(TripEvent::CaptureUnanswered),
        Just(TripEvent::CaptureWitnessed),
        Just(TripEvent::NoWitness),
        Just(TripEvent::CancelInitiated),
        Just(TripEvent::EntryStale),
        Just(TripEvent::DeadlinePassed),
        prop::option::of(1_i64..12_000).prop_map(|amount| TripEvent::CaptureApproved { amount: amount.map(usd) }),
        Just(TripEvent::CaptureDeclined),
    ]
}

/// What the movements so far say: priced, captured, owed, set apart; in cents.
#[derive(Default, Debug)]
struct Sums {
    priced: i64,
    captured: i64,
    owed: i64,
    suspended: i64,
}

impl Sums {
    fn add(&mut self, movement: Movement) {
        match movement {
            Movement::Priced(amount) => self.priced += amount.minor(),
            Movement::Captured(amount) => self.captured += amount.minor(),
            Movement::DebtIncurred { amount, .. } => self.owed += amount.minor(),
            Movement::Suspended(amount) => self.suspended += amount.minor(),
            Movement::Unsuspended(amount) => self.suspended -= amount.minor(),
            Movement::CaptureReversed(amount) => self.captured -= amount.minor(),
            // These are within a debt, which has a law of its own.
            Movement::LateCapture(_) | Movement::LateCaptureReversed(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn splitting_loses_nothing_and_keeps_every_part_within_one_unit_of_its_share(
        minor in -1_000_000_i64..1_000_000, weights in prop::collection::vec(0_u64..1_000, 1..8),
    ) {
        let parts = usd(minor).split(&weights).unwrap();
        prop_assert_eq!(parts.iter().map(|part| part.minor()).sum::<i64>(), minor);
        let total: u64 = weights.iter().sum();
        if total > 0 {
            for (part, weight) in parts.iter().zip(&weights) {
                let share = i128::from(minor) * i128::from(*weight);
                prop_assert!((i128::from(part.minor()) * i128::from(total) - share).abs() < i128::from(total));
            }
        }
    }

    #[test]
    fn money_is_conserved_whatever_happens_in_whatever_order(
        events in prop::collection::vec(any_event(), 1..40), policy in 0..DeclinePolicy::ALL.len(), repeat_is_safe: bool,
        hold in prop::option::of(1_i64..5), skips_adjust: bool,
    ) {
        let decline = DeclinePolicy::ALL[policy];
        let store = store(decline, repeat_is_safe, skips_adjust);
        let id = TripId::new("trip").unwrap();
        let mut trip = Trip::Entered;
        let mut sums = Sums::default();
        let mut authorized_most = hold.unwrap_or(0);
        for event in events {
            if let TripEvent::AdjustApproved { authorized } | TripEvent::AdjustDeclined { authorized: Some(authorized) } = event {
                authorized_most = authorized_most.max(authorized.minor());
            }
            let Ok(step) = trip.apply(event, Visit { trip: &id, store: &store, hold: hold.map(usd) }) else { continue };
            let was_cancelled = matches!(trip, Trip::Cancelling | Trip::Cancelled);
            let captures = step.effects.iter().any(|effect| matches!(effect, Effect::CaptureCharge { .. }));
            prop_assert!(!(was_cancelled && captures), "never a capture after a cancel");
            trip = step.trip;
            step.movements.into_iter().for_each(|movement| sums.add(movement));
            let in_flight = trip.in_flight().map_or(0, Money::minor);
            prop_assert_eq!(sums.priced, in_flight + sums.captured + sums.owed + sums.suspended, "{:?}", trip);
            prop_assert!(sums.captured <= authorized_most, "never more than was authorized");
        }
    }

    #[test]
    fn the_entries_of_every_movement_add_up_to_nothing(
        amount in 1_i64..1_000_000, tax_share in 0_i64..100, known: bool, kind in 0..5,
    ) {
        let (trip, instrument) = (TripId::new("trip").unwrap(), InstrumentId::new("card").unwrap());
        let movement = match kind {
            0 => Movement::Priced(usd(amount)),
            1 => Movement::Captured(usd(amount)),
            2 => Movement::CaptureReversed(usd(amount)),
            3 => Movement::Suspended(usd(amount)),
            _ => Movement::Unsuspended(usd(amount)),
        };
        let books = Books { trip: &trip, instrument: known.then_some(&instrument), tax: usd(amount * tax_share / 100), deposits: usd(amount / 20) };
        let entries = ledger::entries(movement, books).unwrap();
        prop_assert_eq!(entries.iter().map(|entry| entry.amount.minor()).sum::<i64>(), 0);
        prop_assert!(entries.iter().all(|entry| !entry.amount.is_zero()));
        prop_assert!(entries.len() >= 2);
    }

    #[test]
    fn a_debt_keeps_its_law_and_its_entries_say_what_is_outstanding(
        born in 1_i64..10_000, events in prop::collection::vec(any_debt_event(), 0..30), known: bool,
    ) {
        let (trip, instrument) = (TripId::new("trip").unwrap(), InstrumentId::new("card").unwrap());
        let books = Books { trip: &trip, instrument: known.then_some(&instrument), tax: usd(0), deposits: usd(0) };
        let mut debt = Debt::incur(usd(born), DebtCause::PaymentDeclined).unwrap();
        let mut receivable = born;
        for event in events {
            let Ok(step) = debt.apply(event) else { continue };
            debt = step.debt;
            for movement in step.movements {
                let entries = ledger::debt_entries(movement, books).unwrap();
                prop_assert_eq!(entries.iter().map(|entry| entry.amount.minor()).sum::<i64>(), 0);
                let account = if known { Account::ShopperReceivable } else { Account::UnresolvedReceivable };
                receivable += entries.iter().filter(|it| it.account == account).map(|it| it.amount.minor()).sum::<i64>();
            }
            let parts = [debt.outstanding, debt.paid, debt.recovered, debt.credited, debt.written_off];
            prop_assert!(parts.iter().all(|part| part.minor() >= 0), "{:?}", debt);
            prop_assert_eq!(parts.iter().map(|part| part.minor()).sum::<i64>(), debt.incurred.minor(), "{:?}", debt);
            prop_assert_eq!(receivable, debt.outstanding.minor(), "{:?}", debt);
            prop_assert_eq!(debt.status == DebtStatus::Open, debt.outstanding.is_positive());
        }
    }
}

fn any_debt_event() -> impl Strategy<Value = DebtEvent> {
    let means = prop_oneof![Just(PaymentMeans::InStore), Just(PaymentMeans::ByPhone), Just(PaymentMeans::Online)];
    (0..10, 1_i64..6_000, means).prop_map(|(kind, minor, means)| {
        let amount = usd(minor);
        match kind {
            0 => DebtEvent::Increased(amount),
            1 => DebtEvent::Paid { amount, means },
            2 => DebtEvent::PaymentReversed { amount, means },
            3 => DebtEvent::CaptureRecovered(amount),
            4 => DebtEvent::RecoveryReversed(amount),
            5 => DebtEvent::Credited(amount),
            6 => DebtEvent::WrittenOff,
            7 => DebtEvent::Reopened,
            8 => DebtEvent::Cleared,
            _ => DebtEvent::Confirmed,
        }
    })
}
