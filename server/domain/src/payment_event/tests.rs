use time::macros::datetime;

use super::judge::{Judgement, Known, judge};
use super::*;
use crate::alert::AlertKind;
use crate::money::Currency;
use crate::reason::DebtCause;
use crate::search::Search;
use crate::trip::{Trip, TripEvent};

const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn event(name: EventName, amount: EventAmount, occurred_at: OffsetDateTime) -> PaymentEvent {
    PaymentEvent {
        id: PaymentEventId::new("event-1").unwrap(),
        family: EventFamily::Payment,
        name: name.as_str().to_owned(),
        trip: None,
        store: None,
        amount,
        reconciliation: None,
        occurred_at,
    }
}

fn told(name: EventName, amount: EventAmount, known: Known) -> Judgement {
    judge(&event(name, amount, NOW), name, known)
}

/// A visit of each state whose total is 10.00.
fn states() -> [Trip; 12] {
    let total = usd(1000);
    [
        Trip::Entered,
        Trip::InReview,
        Trip::Adjusting { total, search: Search::start(total) },
        Trip::Capturing { total, amount: total, doubts: 0, skipped_adjust: false },
        Trip::CaptureUnknown { total, amount: total, doubts: 1, failed: false },
        Trip::CaptureUnconfirmed { total, amount: total },
        Trip::Captured { total },
        Trip::PartlyCaptured { total, captured: usd(300) },
        Trip::Uncollected { total, cause: DebtCause::CaptureFailed },
        Trip::Recovered { total, cause: DebtCause::CaptureFailed, captured: total },
        Trip::Cancelling,
        Trip::Cancelled,
    ]
}

const UNSAID: EventAmount = EventAmount::Unsaid;

#[test]
fn every_word_of_the_lists_reads_back_as_itself_and_fits_its_column() {
    for name in EventName::ALL {
        assert_eq!(name.as_str().parse(), Ok(*name));
        assert!(name.as_str().len() <= NAME_CHARS_MAX);
    }
    for why in Ignored::ALL {
        assert_eq!(why.as_str().parse(), Ok(*why));
        assert!(!Fate::Ignored(*why).is_open());
    }
}

#[test]
fn a_capture_that_was_asked_for_is_told_in_every_state_and_one_that_was_not_in_none() {
    for trip in states() {
        let asked = Known { trip, asked: Some(usd(1000)), newest: None };
        let taken = Judgement::Tell(TripEvent::CaptureApproved { amount: Some(usd(1000)) });
        assert_eq!(told(EventName::CaptureApproved, UNSAID, asked), taken, "{trip:?}");
        let declined = Judgement::Tell(TripEvent::CaptureDeclined);
        assert_eq!(told(EventName::CaptureDeclined, UNSAID, asked), declined, "{trip:?}");
        let unasked = Known { asked: None, ..asked };
        let ignored = |alert| Judgement::Ignore(Ignored::Unasked, Some(alert));
        assert_eq!(told(EventName::CaptureApproved, UNSAID, unasked), ignored(AlertKind::LateCapture), "{trip:?}");
        assert_eq!(told(EventName::CaptureDeclined, UNSAID, unasked), ignored(AlertKind::CaptureDeclined), "{trip:?}");
    }
}

#[test]
fn eh_002_an_amount_that_cannot_be_right_moves_nothing() {
    let absurd = Judgement::Ignore(Ignored::AbsurdAmount, Some(AlertKind::AbsurdEventAmount));
    let taken = |minor| Judgement::Tell(TripEvent::CaptureApproved { amount: Some(usd(minor)) });
    let said = |minor| EventAmount::Said(usd(minor));
    for trip in states() {
        let known = Known { trip, asked: Some(usd(1000)), newest: None };
        let yen = EventAmount::Said(Money::new(1000, Currency::JPY));
        for amount in [said(1001), said(0), said(-1000), said(i64::MAX), said(i64::MIN), yen, EventAmount::Absurd] {
            assert_eq!(told(EventName::CaptureApproved, amount, known), absurd, "{trip:?} {amount:?}");
            let declined = Judgement::Tell(TripEvent::CaptureDeclined);
            assert_eq!(told(EventName::CaptureDeclined, amount, known), declined, "{trip:?} {amount:?}");
        }
        assert_eq!(told(EventName::CaptureApproved, said(1000), known), taken(1000), "{trip:?}");
        let less = told(EventName::CaptureApproved, said(300), known);
        let all_is_owed = matches!(trip, Trip::Uncollected { .. });
        assert_eq!(less, if all_is_owed { taken(300) } else { absurd }, "{trip:?}");
    }
}

#[test]
fn of_two_events_about_a_capture_the_newer_counts_and_of_one_moment_neither_overrules_the_other() {
    let [approved, declined] = [EventName::CaptureApproved, EventName::CaptureDeclined];
    let trip = Trip::Captured { total: usd(1000) };
    let known = |newest, at| Known { trip, asked: Some(usd(1000)), newest: Some((newest, at)) };
    let is_told = |it| matches!(it, Judgement::Tell(_));
    let second = Duration::seconds(1);
    for (name, other) in [(approved, declined), (declined, approved)] {
        let stale = Judgement::Ignore(Ignored::Stale, None);
        assert_eq!(told(name, UNSAID, known(other, NOW + second)), stale);
        assert_eq!(told(name, UNSAID, known(name, NOW + second)), stale);
        assert!(is_told(told(name, UNSAID, known(other, NOW - second))));
        assert!(is_told(told(name, UNSAID, known(name, NOW))), "the same twice is no contradiction");
        let disagree = Judgement::Ignore(Ignored::Disagrees, Some(AlertKind::EventsDisagree));
        assert_eq!(told(name, UNSAID, known(other, NOW)), disagree);
    }
}

#[test]
fn rpt_002_authorizations_are_left_to_our_own_answers_and_a_decline_is_seen() {
    for trip in states() {
        let known = Known { trip, asked: None, newest: None };
        let approved = told(EventName::AuthorizationApproved, EventAmount::Said(usd(1000)), known);
        assert_eq!(approved, Judgement::Ignore(Ignored::AnswerCounts, None));
        let declined = told(EventName::AuthorizationDeclined, UNSAID, known);
        assert_eq!(declined, Judgement::Ignore(Ignored::AnswerCounts, Some(AlertKind::PaymentDeclined)));
    }
}

#[test]
fn a_hold_that_goes_without_our_asking_is_a_persons_case() {
    for trip in states() {
        let judged = told(EventName::AuthorizationCancelled, UNSAID, Known { trip, asked: None, newest: None });
        let wanted = match trip {
            Trip::Cancelling => Judgement::Tell(TripEvent::CancelInitiated),
            Trip::Cancelled | Trip::Uncollected { .. } => Judgement::Heard,
            _ => Judgement::Ignore(Ignored::Unasked, Some(AlertKind::HoldCancelled)),
        };
        assert_eq!(judged, wanted, "{trip:?}");
    }
}
