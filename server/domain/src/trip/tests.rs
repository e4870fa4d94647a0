use super::*;
use crate::money::Currency;
use crate::store::tests::demo_store;

const TOTAL: Money = Money::new(2599, Currency::USD);
const HOLD: Money = Money::new(1000, Currency::USD);

fn id() -> TripId {
    TripId::new("550e8400-e29b-41d4-a716-446655440000").unwrap()
}

fn step(store: &Store, trip: Trip, event: TripEvent) -> Result<Step, TripError> {
    let id = id();
    trip.apply(event, Visit { trip: &id, store, hold: Some(HOLD) })
}

fn adjusting() -> Trip {
    Trip::Adjusting { total: TOTAL, search: Search::start(TOTAL) }
}

fn kinds(step: &Step) -> Vec<&'static str> {
    step.effects.iter().map(Effect::kind).collect()
}

fn run(store: &Store, events: &[TripEvent]) -> (Trip, Vec<Movement>) {
    let mut trip = Trip::Entered;
    let mut movements = vec![];
    for event in events {
        let next = step(store, trip, *event).unwrap();
        trip = next.trip;
        movements.extend(next.movements);
    }
    (trip, movements)
}

use CartVerdict::*;
use TripEvent::*;

fn states() -> Vec<Trip> {
    vec![
        Trip::Entered,
        Trip::InReview,
        adjusting(),
        Trip::Adjusting { total: TOTAL, search: Search { skipped: true, ..Search::start(TOTAL) } },
        Trip::Capturing { total: TOTAL, amount: TOTAL, doubts: 0, skipped_adjust: false },
        Trip::Capturing { total: TOTAL, amount: TOTAL, doubts: 0, skipped_adjust: true },
        Trip::Capturing { total: TOTAL, amount: TOTAL, doubts: 1, skipped_adjust: false },
        Trip::CaptureUnknown { total: TOTAL, amount: TOTAL, doubts: 1, failed: false },
        Trip::CaptureUnknown { total: TOTAL, amount: TOTAL, doubts: 1, failed: true },
        Trip::CaptureUnknown { total: TOTAL, amount: TOTAL, doubts: 6, failed: false },
        Trip::CaptureUnconfirmed { total: TOTAL, amount: TOTAL },
        Trip::Captured { total: TOTAL },
        Trip::PartlyCaptured { total: TOTAL, captured: HOLD },
        Trip::Uncollected { total: TOTAL, cause: DebtCause::PaymentDeclined },
        Trip::Recovered { total: TOTAL, cause: DebtCause::CaptureFailed, captured: HOLD },
        Trip::Cancelling,
        Trip::Cancelled,
    ]
}

fn events() -> Vec<TripEvent> {
    vec![
        CartPriced(Payable(TOTAL)),
        CartPriced(NothingToPay),
        CartPriced(NeedsReview),
        Reviewed(Payable(TOTAL)),
        Reviewed(NothingToPay),
        Reviewed(NeedsReview),
        AdjustApproved { authorized: TOTAL },
        AdjustDeclined { authorized: None },
        TokenExpired,
        CaptureInitiated,
        CaptureRefused { after_failure: false },
        CaptureRefused { after_failure: true },
        CaptureFailed,
        CaptureUnanswered,
        CaptureWitnessed,
        NoWitness,
        CancelInitiated,
        EntryStale,
        DeadlinePassed,
        CaptureApproved { amount: Some(HOLD) },
        CaptureApproved { amount: None },
        CaptureDeclined,
    ]
}

/// One letter a cell: the state an event leads to, `.` where it is refused.
fn letter(next: &Result<Step, TripError>) -> char {
    match next.as_ref().map(|step| step.trip) {
        Err(_) => '.',
        Ok(Trip::Entered) => 'E',
        Ok(Trip::InReview) => 'R',
        Ok(Trip::Adjusting { .. }) => 'A',
        Ok(Trip::Capturing { doubts: 0, .. }) => 'c',
        Ok(Trip::Capturing { .. }) => 'r',
        Ok(Trip::CaptureUnknown { .. }) => '?',
        Ok(Trip::CaptureUnconfirmed { .. }) => '!',
        Ok(Trip::Captured { .. }) => 'C',
        Ok(Trip::PartlyCaptured { .. }) => 'P',
        Ok(Trip::Uncollected { .. }) => 'U',
        Ok(Trip::Recovered { .. }) => 'V',
        Ok(Trip::Cancelling) => 'x',
        Ok(Trip::Cancelled) => 'X',
    }
}

#[test]
fn every_event_in_every_state() {
    // Columns: cart payable, nothing to pay, needs review | the same as reviewed | approved, declined, expired | initiated, refused, refused after a
    // failure, failed, unanswered, witnessed, no witness | cancel initiated, stale, deadline | by the event feed: approved, approved
    // without an amount, declined.
    #[rustfmt::skip]
    let table = [
        "AxR ... ... ....... .xE EEE",
        "... AxR ..x ....... .Rx RRR",
        "... ... cUU ....... .AU AAA",
        "... ... cU? ....... .A? CAA",
        "... ... ..U CU???Cc .cU CCU",
        "... ... ..U CA???Cc .cU CCU",
        "... ... ..? C????Cr .r! CCU",
        "... ... ... C...?Cr .?! CCU",
        "... ... ... C...?CU .?! CCU",
        "... ... ... C...?C? .?! CCU",
        "... ... ... !....C! !!! CCU",
        "... ... ... C....CC CCC CCU",
        "... ... ... P....PP PPP PPU",
        "... ... ... U....UU UUU VUU",
        "... ... ... V....VV VVV VVU",
        "Uxx ... ... ....... Xxx xxx",
        "UXX ... ... ....... XXX XXX",
    ];
    for (trip, row) in states().into_iter().zip(table) {
        let got: String = events().into_iter().map(|event| letter(&step(&demo_store(), trip, event))).collect();
        assert_eq!(got, row.replace(' ', ""), "{trip:?}");
    }
}

#[test]
fn an_entry_without_a_cart_is_stale_twelve_hours_after_its_tap_and_not_at_once_where_we_hear_of_it_late() {
    let hours = |hours| time::OffsetDateTime::UNIX_EPOCH + time::Duration::hours(hours);
    for (heard, stale) in [(0, 12), (5, 12), (11, 12), (12, 13), (40, 41)] {
        assert_eq!(entry_stale_at(hours(0), hours(heard)), hours(stale), "heard after {heard} hours");
    }
}

#[test]
fn the_happy_trip_asks_for_each_thing_once_and_in_order() {
    let store = demo_store();
    let priced = step(&store, Trip::Entered, CartPriced(Payable(TOTAL))).unwrap();
    assert_eq!(kinds(&priced), ["adjust_charge", "check_deadline"]);
    let approved = step(&store, priced.trip, AdjustApproved { authorized: TOTAL }).unwrap();
    assert_eq!(kinds(&approved), ["capture_charge"]);
    let captured = step(&store, approved.trip, CaptureInitiated).unwrap();
    assert_eq!(kinds(&captured), ["fetch_transactional_data", "report_payment_status"]);
    assert_eq!((captured.trip, captured.movements), (Trip::Captured { total: TOTAL }, vec![Movement::Captured(TOTAL)]));
}

#[test]
fn a_decline_makes_the_whole_total_a_debt_and_releases_the_hold_that_is_left() {
    let declined = step(&demo_store(), adjusting(), AdjustDeclined { authorized: Some(HOLD) }).unwrap();
    assert_eq!(declined.trip, Trip::Uncollected { total: TOTAL, cause: DebtCause::PaymentDeclined });
    assert_eq!(kinds(&declined), ["fetch_transactional_data", "report_payment_status", "cancel_charge"]);
    assert_eq!(declined.alerts, [AlertKind::BadDebt, AlertKind::PaymentDeclined]);
}

#[test]
fn a_store_may_take_what_is_authorized_and_never_more() {
    let store = Store { decline: DeclinePolicy::CaptureAuthorized, ..demo_store() };
    for (hold, amount) in [(HOLD, HOLD), (Money::new(9999, Currency::USD), TOTAL)] {
        let next = step(&store, adjusting(), AdjustDeclined { authorized: Some(hold) }).unwrap();
        assert_eq!(next.trip, Trip::Capturing { total: TOTAL, amount, doubts: 0, skipped_adjust: false });
    }
    let (trip, movements) =
        run(&store, &[CartPriced(Payable(TOTAL)), AdjustDeclined { authorized: Some(HOLD) }, CaptureInitiated]);
    assert_eq!(trip, Trip::PartlyCaptured { total: TOTAL, captured: HOLD });
    let rest = Movement::DebtIncurred { amount: Money::new(1599, Currency::USD), cause: DebtCause::PartialCapture };
    assert_eq!(movements, [Movement::Priced(TOTAL), Movement::Captured(HOLD), rest]);
}

#[test]
fn an_approval_of_less_than_was_asked_for_captures_no_more_than_that() {
    let next = step(&demo_store(), adjusting(), AdjustApproved { authorized: HOLD }).unwrap();
    assert_eq!(next.trip, Trip::Capturing { total: TOTAL, amount: HOLD, doubts: 0, skipped_adjust: false });
}

#[test]
fn an_answer_in_another_currency_is_refused() {
    let yen = Money::new(2599, Currency::JPY);
    let next = step(&demo_store(), adjusting(), AdjustApproved { authorized: yen });
    assert_eq!(next, Err(TripError::Amount(MoneyError::CurrencyMismatch)));
}

#[test]
fn a_capture_without_an_answer_is_neither_repeated_nor_owed_where_a_repeat_is_not_safe() {
    let store = Store { capture_repeat_is_safe: false, ..demo_store() };
    let (trip, movements) = run(
        &store,
        &[
            CartPriced(Payable(TOTAL)),
            AdjustApproved { authorized: TOTAL },
            CaptureUnanswered,
            NoWitness,
            DeadlinePassed,
        ],
    );
    assert_eq!(trip, Trip::CaptureUnconfirmed { total: TOTAL, amount: TOTAL });
    assert_eq!(movements, [Movement::Priced(TOTAL), Movement::Suspended(TOTAL)]);
}

#[test]
fn a_refusal_after_a_doubt_or_a_failure_does_not_make_a_debt_of_money_perhaps_taken() {
    let doubted = [CaptureUnanswered, NoWitness, CaptureRefused { after_failure: false }];
    let failed = [CaptureRefused { after_failure: true }];
    for events in [&doubted[..], &failed] {
        let start = [CartPriced(Payable(TOTAL)), AdjustApproved { authorized: TOTAL }];
        let (trip, movements) = run(&demo_store(), &[&start, events].concat());
        assert!(matches!(trip, Trip::CaptureUnknown { .. }), "{trip:?}");
        assert_eq!(movements, [Movement::Priced(TOTAL)]);
    }
}

#[test]
fn a_capture_in_doubt_is_sent_again_a_few_times_and_then_left_to_a_person() {
    let store = demo_store();
    let mut trip = Trip::Capturing { total: TOTAL, amount: TOTAL, doubts: 0, skipped_adjust: false };
    let mut sent = 1;
    for _ in 0..100 {
        trip = step(&store, trip, CaptureUnanswered).unwrap().trip;
        let looked = step(&store, trip, NoWitness).unwrap();
        sent += kinds(&looked).iter().filter(|kind| **kind == "capture_charge").count();
        trip = looked.trip;
    }
    assert_eq!((sent, trip), (6, Trip::CaptureUnknown { total: TOTAL, amount: TOTAL, doubts: 6, failed: false }));
}

#[test]
fn failures_on_every_try_are_a_debt_only_once_the_witness_has_nothing() {
    let start = [CartPriced(Payable(TOTAL)), AdjustApproved { authorized: TOTAL }, CaptureFailed];
    let (trip, movements) = run(&demo_store(), &start);
    assert!(matches!(trip, Trip::CaptureUnknown { failed: true, .. }), "{trip:?}");
    assert_eq!(movements, [Movement::Priced(TOTAL)]);
    assert_eq!(run(&demo_store(), &[&start[..], &[CaptureWitnessed]].concat()).0, Trip::Captured { total: TOTAL });
    let owed = Trip::Uncollected { total: TOTAL, cause: DebtCause::CaptureFailed };
    assert_eq!(run(&demo_store(), &[&start[..], &[NoWitness]].concat()).0, owed);
    let without_witness = Store { transactional_data_proves_capture: false, ..demo_store() };
    assert_eq!(run(&without_witness, &start).0, owed);
}

#[test]
fn a_capture_that_is_only_hinted_at_after_the_trip_ended_without_one_is_a_persons_case() {
    let owed = Trip::Uncollected { total: TOTAL, cause: DebtCause::CaptureFailed };
    for event in [CaptureWitnessed, CaptureInitiated, CaptureApproved { amount: None }] {
        let step = step(&demo_store(), owed, event).unwrap();
        assert_eq!((step.trip, step.movements, step.alerts), (owed, vec![], vec![AlertKind::LateCapture]));
    }
    // The event was faster than the answer to the capture that it is about: nobody must look.
    let declined = step(
        &demo_store(),
        Trip::Capturing { total: TOTAL, amount: TOTAL, doubts: 0, skipped_adjust: false },
        CaptureDeclined,
    )
    .unwrap();
    let answered = step(&demo_store(), declined.trip, CaptureInitiated).unwrap();
    assert_eq!((answered.trip, answered.movements, answered.alerts), (declined.trip, vec![], vec![]));
    assert_eq!(step(&demo_store(), Trip::Captured { total: TOTAL }, CaptureWitnessed).unwrap().alerts, []);
    for trip in [Trip::Entered, Trip::InReview, adjusting(), Trip::Cancelling, Trip::Cancelled] {
        let step = step(&demo_store(), trip, CaptureApproved { amount: Some(TOTAL) }).unwrap();
        assert_eq!((step.trip, step.movements, step.alerts), (trip, vec![], vec![AlertKind::LateCapture]));
    }
}

#[test]
fn a_capture_approved_after_its_debt_was_booked_goes_towards_the_debt_and_may_be_taken_back() {
    let cause = DebtCause::CaptureFailed;
    let owed = Trip::Uncollected { total: TOTAL, cause };
    let late = step(&demo_store(), owed, CaptureApproved { amount: Some(TOTAL) }).unwrap();
    assert_eq!(late.trip, Trip::Recovered { total: TOTAL, cause, captured: TOTAL });
    assert_eq!(late.movements, [Movement::LateCapture(TOTAL)]);
    assert!(kinds(&late).contains(&"report_payment_status"));
    let back = step(&demo_store(), late.trip, CaptureDeclined).unwrap();
    assert_eq!((back.trip, back.movements), (owed, vec![Movement::LateCaptureReversed(TOTAL)]));
}

#[test]
fn a_capture_that_the_bank_takes_back_is_reversed_and_owed() {
    let cause = DebtCause::CaptureDeclined;
    for (trip, taken) in
        [(Trip::Captured { total: TOTAL }, TOTAL), (Trip::PartlyCaptured { total: TOTAL, captured: HOLD }, HOLD)]
    {
        let step = step(&demo_store(), trip, CaptureDeclined).unwrap();
        assert_eq!(step.trip, Trip::Uncollected { total: TOTAL, cause });
        let owed = Movement::DebtIncurred { amount: taken, cause };
        assert_eq!(step.movements, [Movement::CaptureReversed(taken), owed]);
        assert_eq!(step.alerts, [AlertKind::BadDebt, AlertKind::CaptureDeclined]);
    }
}

#[test]
fn what_nobody_could_confirm_is_settled_by_whoever_says_it_later() {
    let trip = Trip::CaptureUnconfirmed { total: TOTAL, amount: HOLD };
    let taken = step(&demo_store(), trip, CaptureApproved { amount: None }).unwrap();
    assert_eq!(taken.trip, Trip::PartlyCaptured { total: TOTAL, captured: HOLD });
    let rest = Movement::DebtIncurred { amount: Money::new(1599, Currency::USD), cause: DebtCause::PartialCapture };
    assert_eq!(taken.movements, [Movement::Unsuspended(TOTAL), Movement::Captured(HOLD), rest]);
    let not_taken = step(&demo_store(), trip, CaptureDeclined).unwrap();
    let owed = Movement::DebtIncurred { amount: TOTAL, cause: DebtCause::CaptureDeclined };
    assert_eq!(not_taken.movements, [Movement::Unsuspended(TOTAL), owed]);
}

#[test]
fn if_005_a_declined_trip_asks_for_less_and_captures_the_first_rung_that_holds() {
    let store = Store { decline: DeclinePolicy::Ladder, ..demo_store() };
    let rung = |percent: i64| Money::new(TOTAL.minor() * percent / 100, Currency::USD);
    let first = step(&store, adjusting(), AdjustDeclined { authorized: None }).unwrap();
    assert_eq!((kinds(&first), first.movements, first.alerts), (vec!["adjust_charge"], vec![], vec![]));
    let second = step(&store, first.trip, AdjustDeclined { authorized: None }).unwrap();
    let third = step(&store, second.trip, AdjustApproved { authorized: rung(50) }).unwrap();
    assert_eq!(third.trip, Trip::Capturing { total: TOTAL, amount: rung(50), doubts: 0, skipped_adjust: false });
    let last = [75, 50, 25].map(|_| AdjustDeclined { authorized: Some(Money::new(0, Currency::USD)) });
    let events = [&[CartPriced(Payable(TOTAL)), AdjustDeclined { authorized: None }], &last[..]].concat();
    let (trip, movements) = run(&store, &events);
    assert_eq!(trip, Trip::Uncollected { total: TOTAL, cause: DebtCause::PaymentDeclined });
    let owed = Movement::DebtIncurred { amount: TOTAL, cause: DebtCause::PaymentDeclined };
    assert_eq!(movements, [Movement::Priced(TOTAL), owed]);
}

/// A store that captures what is held already; its visits hold [`HOLD`].
fn skipping() -> Store {
    Store { skips_adjust: true, ..demo_store() }
}

#[test]
fn a_total_that_is_held_to_the_cent_is_captured_without_an_adjustment_where_the_store_says_so() {
    let priced = step(&skipping(), Trip::Entered, CartPriced(Payable(HOLD))).unwrap();
    assert_eq!(kinds(&priced), ["capture_charge", "check_deadline"]);
    assert_eq!(priced.trip, Trip::Capturing { total: HOLD, amount: HOLD, doubts: 0, skipped_adjust: true });
    assert_eq!(priced.movements, [Movement::Priced(HOLD)]);
    let captured = step(&skipping(), priced.trip, CaptureInitiated).unwrap();
    assert_eq!(captured.trip, Trip::Captured { total: HOLD });
    let yen = Money::new(HOLD.minor(), Currency::JPY);
    let cent = |more| Money::new(HOLD.minor() + more, Currency::USD);
    let other = [(skipping(), cent(1)), (skipping(), cent(-1)), (skipping(), yen), (demo_store(), HOLD)];
    for (store, total) in other {
        let priced = step(&store, Trip::Entered, CartPriced(Payable(total))).unwrap();
        assert_eq!(kinds(&priced), ["adjust_charge", "check_deadline"], "{total:?}");
    }
    let id = id();
    let unheld = Visit { trip: &id, store: &skipping(), hold: None };
    let priced = Trip::Entered.apply(CartPriced(Payable(HOLD)), unheld).unwrap();
    assert_eq!(kinds(&priced), ["adjust_charge", "check_deadline"], "nobody knows what is held");
}

#[test]
fn a_capture_without_an_adjustment_that_is_refused_is_adjusted_and_captured_once() {
    let refused = CaptureRefused { after_failure: false };
    let asked = step(&skipping(), skipped(0), refused).unwrap();
    let search = Search { skipped: true, ..Search::start(HOLD) };
    assert_eq!((asked.trip, kinds(&asked)), (Trip::Adjusting { total: HOLD, search }, vec!["adjust_charge"]));
    assert_eq!((asked.movements, asked.alerts), (vec![], vec![]));
    let again = step(&skipping(), asked.trip, AdjustApproved { authorized: HOLD }).unwrap();
    assert_eq!(again.trip, Trip::Capturing { total: HOLD, amount: HOLD, doubts: 0, skipped_adjust: false });
    assert_eq!(kinds(&again), ["capture_charge"]);
    let owed = step(&skipping(), again.trip, refused).unwrap();
    let cause = DebtCause::CaptureFailed;
    assert_eq!(owed.trip, Trip::Uncollected { total: HOLD, cause }, "it falls back once");
    let declined = step(&skipping(), asked.trip, AdjustDeclined { authorized: None }).unwrap();
    assert_eq!(declined.trip, Trip::Uncollected { total: HOLD, cause: DebtCause::PaymentDeclined });
}

#[test]
fn a_capture_without_an_adjustment_of_which_nobody_knows_is_not_followed_by_an_adjustment() {
    for doubt in [CaptureUnanswered, CaptureRefused { after_failure: true }, CaptureFailed] {
        let unknown = step(&skipping(), skipped(0), doubt).unwrap();
        assert!(matches!(unknown.trip, Trip::CaptureUnknown { .. }), "{doubt:?}: {:?}", unknown.trip);
        assert!(!kinds(&unknown).contains(&"adjust_charge"), "{doubt:?}");
    }
    let unknown = step(&skipping(), skipped(0), CaptureUnanswered).unwrap().trip;
    let repeated = step(&skipping(), unknown, NoWitness).unwrap().trip;
    let refused = step(&skipping(), repeated, CaptureRefused { after_failure: false }).unwrap();
    assert!(matches!(refused.trip, Trip::CaptureUnknown { doubts: 2, .. }), "{:?}", refused.trip);
    let doubted = step(&skipping(), skipped(1), CaptureRefused { after_failure: false }).unwrap();
    assert!(matches!(doubted.trip, Trip::CaptureUnknown { .. }), "{:?}", doubted.trip);
}

#[test]
fn a_capture_that_the_feed_tells_of_while_its_refusal_is_answered_by_an_adjustment_counts() {
    let search = Search { skipped: true, ..Search::start(HOLD) };
    let told =
        step(&skipping(), Trip::Adjusting { total: HOLD, search }, CaptureApproved { amount: Some(HOLD) }).unwrap();
    assert_eq!((told.trip, told.movements), (Trip::Captured { total: HOLD }, vec![Movement::Captured(HOLD)]));
}

#[test]
fn a_total_that_is_not_adjusted_in_time_after_a_refused_capture_is_a_debt_only_once_the_witness_had_nothing() {
    let adjusting = Trip::Adjusting { total: HOLD, search: Search { skipped: true, ..Search::start(HOLD) } };
    for end in [DeadlinePassed, TokenExpired] {
        let asked = step(&skipping(), adjusting, end).unwrap();
        assert!(matches!(asked.trip, Trip::CaptureUnknown { failed: true, .. }), "{:?}", asked.trip);
        assert_eq!((kinds(&asked), asked.movements), (vec!["fetch_transactional_data", "check_deadline"], vec![]));
        let owed = step(&skipping(), asked.trip, NoWitness).unwrap().trip;
        assert_eq!(owed, Trip::Uncollected { total: HOLD, cause: DebtCause::CaptureFailed });
        let without_witness = Store { transactional_data_proves_capture: false, ..skipping() };
        let open = step(&without_witness, adjusting, end).unwrap();
        assert_eq!(open.trip, Trip::CaptureUnconfirmed { total: HOLD, amount: HOLD });
    }
}

fn skipped(doubts: u32) -> Trip {
    Trip::Capturing { total: HOLD, amount: HOLD, doubts, skipped_adjust: true }
}
