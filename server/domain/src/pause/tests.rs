use super::Answer::{Fails, Wait, Works};
use super::Pause::{Asked, Flowing, Probing, Tripped};
use super::PauseError::{NotPaused, NotYet, ProbeOut};
use super::PauseEvent::{Called, Lifted, ProbeReturned, ProbeWanted};
use super::*;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const MINE: Fence = Fence(7);
const OLD: Fence = Fence(6);
const NEXT: Fence = Fence(8);

fn seconds(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

fn streak(failures: u32, since: i64) -> Pause {
    Flowing { streak: Some(Streak { failures, since: seconds(since) }) }
}

fn ordinary(answer: Answer) -> PauseEvent {
    Called { answer, probe: None }
}

fn probe(answer: Answer, fence: Fence) -> PauseEvent {
    Called { answer, probe: Some(fence) }
}

const TEN_MINUTES: Answer = Wait(Duration::seconds(600));

#[test]
fn every_event_in_every_state() {
    let (flowing, failing, brink) = (Pause::FLOWING, streak(3, -5), streak(FAILURES_MAX - 1, -5));
    let (asked, asked_over) = (Asked { until: seconds(300) }, Asked { until: NOW });
    let (tripped, tripped_over) = (Tripped { until: seconds(60), trips: 2 }, Tripped { until: NOW, trips: 2 });
    let probing = Probing { fence: MINE, until: seconds(60), trips: 2 };
    let probing_asked = Probing { fence: MINE, until: seconds(60), trips: 0 };
    let prober_gone = Probing { fence: MINE, until: NOW, trips: 2 };
    let waits = Asked { until: seconds(600) };
    let started = |trips| Ok(Probing { fence: NEXT, until: NOW + LEASE, trips });
    #[rustfmt::skip]
    let table = [
        (flowing, ordinary(Works), Ok(flowing)),
        (failing, ordinary(Works), Ok(flowing)),
        (flowing, ordinary(TEN_MINUTES), Ok(waits)),
        (failing, ordinary(TEN_MINUTES), Ok(waits)),
        (flowing, ordinary(Fails), Ok(streak(1, 0))),
        (failing, ordinary(Fails), Ok(streak(4, -5))),
        (brink, ordinary(Fails), Ok(Tripped { until: seconds(30), trips: 1 })),
        // Failures that are further apart are no outage.
        (streak(9, -60), ordinary(Fails), Ok(Tripped { until: seconds(30), trips: 1 })),
        (streak(9, -61), ordinary(Fails), Ok(streak(1, 0))),
        // A probe of a pause that somebody lifted is an ordinary call.
        (flowing, probe(Works, MINE), Ok(flowing)),
        (flowing, probe(Fails, MINE), Ok(streak(1, 0))),
        (flowing, ProbeWanted(NEXT), Err(NotPaused)),
        (flowing, ProbeReturned(MINE), Ok(flowing)),
        (flowing, Lifted, Err(NotPaused)),
        // What was out before the pause says nothing; a longer wait is obeyed, a shorter one changes nothing.
        (asked, ordinary(Works), Ok(asked)),
        (asked, ordinary(Fails), Ok(asked)),
        (asked, ordinary(TEN_MINUTES), Ok(waits)),
        (asked, ordinary(Wait(Duration::SECOND)), Ok(asked)),
        (asked, probe(Works, OLD), Ok(asked)),
        (asked, ProbeWanted(NEXT), Err(NotYet)),
        (asked_over, ProbeWanted(NEXT), started(0)),
        (asked_over, ordinary(Works), Ok(asked_over)),
        (asked, ProbeReturned(MINE), Ok(asked)),
        (asked, Lifted, Ok(flowing)),
        (tripped, ordinary(Works), Ok(tripped)),
        (tripped, ordinary(Fails), Ok(tripped)),
        (tripped, ordinary(TEN_MINUTES), Ok(waits)),
        (tripped, ordinary(Wait(Duration::SECOND)), Ok(Asked { until: seconds(60) })),
        (tripped, probe(Fails, OLD), Ok(tripped)),
        (tripped, ProbeWanted(NEXT), Err(NotYet)),
        (tripped_over, ProbeWanted(NEXT), started(2)),
        (tripped, ProbeReturned(MINE), Ok(tripped)),
        (tripped, Lifted, Ok(flowing)),
        (probing, probe(Works, MINE), Ok(flowing)),
        (probing, probe(Works, OLD), Ok(probing)),
        (probing, ordinary(Works), Ok(probing)),
        (probing, probe(Fails, MINE), Ok(Tripped { until: seconds(120), trips: 3 })),
        (probing_asked, probe(Fails, MINE), Ok(Tripped { until: seconds(30), trips: 1 })),
        (probing, probe(Fails, OLD), Ok(probing)),
        (probing, ordinary(Fails), Ok(probing)),
        (probing, probe(TEN_MINUTES, MINE), Ok(waits)),
        (probing, ordinary(TEN_MINUTES), Ok(waits)),
        (probing, ProbeWanted(NEXT), Err(ProbeOut)),
        (prober_gone, ProbeWanted(NEXT), started(2)),
        (probing, ProbeReturned(MINE), Ok(tripped_over)),
        (probing_asked, ProbeReturned(MINE), Ok(asked_over)),
        (probing, ProbeReturned(OLD), Ok(probing)),
        (probing, Lifted, Ok(flowing)),
    ];
    for (pause, event, want) in table {
        assert_eq!(pause.apply(event, NOW), want, "{pause:?} + {event:?}");
    }
}

#[test]
fn one_effect_that_fails_for_ever_never_stops_the_others_and_two_dozen_do() {
    let fails_at = |pause: Pause, at: OffsetDateTime| pause.apply(ordinary(Fails), at).unwrap();
    // The shortest waits that chance allows.
    let (mut pause, mut at) = (Pause::FLOWING, NOW);
    for tries in 1..=crate::outbox::TRIES_MAX {
        pause = fails_at(pause, at);
        assert!(pause.is_flowing(), "after {tries} tries");
        at += crate::outbox::backoff(tries, 999);
    }
    let outage = (0..24).fold(Pause::FLOWING, |pause, _| fails_at(pause, NOW));
    assert_eq!(outage, Tripped { until: seconds(30), trips: 1 });
}

#[test]
fn each_probe_that_fails_doubles_the_wait_up_to_ten_minutes() {
    let (mut pause, mut waits) = (tripped(1, NOW), vec![]);
    for number in 1..8 {
        let at = pause.probe_at().unwrap();
        let probing = pause.apply(ProbeWanted(Fence(number)), at).unwrap();
        pause = probing.apply(probe(Fails, Fence(number)), at).unwrap();
        waits.push((pause.probe_at().unwrap() - at).whole_seconds());
    }
    assert_eq!(waits, [60, 120, 240, 480, 600, 600, 600]);
}

#[test]
fn a_prober_that_comes_back_late_cannot_speak_for_the_one_after_it() {
    let first = Asked { until: NOW }.apply(ProbeWanted(MINE), NOW).unwrap();
    let later = NOW + LEASE;
    assert_eq!(first.apply(ProbeWanted(NEXT), later - Duration::SECOND), Err(ProbeOut));
    let second = first.apply(ProbeWanted(NEXT), later).unwrap();
    for answer in [Works, Fails] {
        assert_eq!(second.apply(probe(answer, MINE), later), Ok(second), "{answer:?}");
    }
    assert_eq!(second.apply(probe(Works, NEXT), later), Ok(Pause::FLOWING));
}
