//! What holds for every amount, every cart and every order of events.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a law that overflows or lacks a value fails")]

use domain::effect::Effect;
use domain::id::{InstrumentId, StoreId, TripId};
use domain::ledger::{self, Account, Books};
use domain::money::{Currency, Money};
use domain::pricing::PricingSettings;
use domain::receipt::Merchant;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use domain::trip::{CartVerdict, Movement, Trip, TripEvent, Visit};
use proptest::prelude::*;
use time::Duration;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn store(decline: DeclinePolicy, capture_repeat_is_safe: bool) -> Store {
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
    }
}

fn any_event() -> impl Strategy<Value = TripEvent> {
    prop_oneof![
        (1_i64..10_000).prop_map(|total| TripEvent::CartPriced(CartVerdict::Payable(usd(total)))),
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
        events in prop::collection::vec(any_event(), 1..40), capture_authorized: bool, repeat_is_safe: bool,
    ) {
        let decline = if capture_authorized { DeclinePolicy::CaptureAuthorized } else { DeclinePolicy::DebtInFull };
        let store = store(decline, repeat_is_safe);
        let id = TripId::new("trip").unwrap();
        let mut trip = Trip::Entered;
        let mut sums = Sums::default();
        let mut authorized_most = 0;
        for event in events {
            if let TripEvent::AdjustApproved { authorized } | TripEvent::AdjustDeclined { authorized: Some(authorized) } = event {
                authorized_most = authorized_most.max(authorized.minor());
            }
            let Ok(step) = trip.apply(event, Visit { trip: &id, store: &store }) else { continue };
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
        amount in 1_i64..1_000_000, tax_share in 0_i64..100, known: bool, kind in 0..4,
    ) {
        let (trip, instrument) = (TripId::new("trip").unwrap(), InstrumentId::new("card").unwrap());
        let movement = match kind {
            0 => Movement::Priced(usd(amount)),
            1 => Movement::Captured(usd(amount)),
            2 => Movement::DebtIncurred { amount: usd(amount), cause: domain::reason::DebtCause::PaymentDeclined },
            _ => Movement::Suspended(usd(amount)),
        };
        let books = Books { trip: &trip, instrument: known.then_some(&instrument), tax: usd(amount * tax_share / 100), deposits: usd(amount / 20) };
        let entries = ledger::entries(movement, books).unwrap();
        prop_assert_eq!(entries.iter().map(|entry| entry.amount.minor()).sum::<i64>(), 0);
        prop_assert!(entries.iter().all(|entry| !entry.amount.is_zero()));
        let on_shopper = entries.iter().any(|entry| entry.account == Account::ShopperReceivable);
        prop_assert_eq!(on_shopper, known && kind == 2);
    }
}
