use time::OffsetDateTime;

use super::state::Next;
use super::*;
use crate::money::Currency;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const TOTAL: i64 = 1000;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn funds(card: i64, elsewhere: i64, owed: i64) -> Funds {
    Funds { card: usd(card), elsewhere: usd(elsewhere), owed: usd(owed) }
}

fn split(credit: i64, card: i64, elsewhere: i64) -> Split {
    Split { credit: usd(credit), card: usd(card), elsewhere: usd(elsewhere) }
}

fn step(refund: Refund, event: RefundEvent) -> Next {
    let (trip, store) = (TripId::new("trip").unwrap(), StoreId::new("store").unwrap());
    refund.apply(event, case(&trip, &store))
}

fn case<'a>(trip: &'a TripId, store: &'a StoreId) -> RefundCase<'a> {
    RefundCase {
        id: "550e8400-e29b-41d4-a716-446655440000".parse().unwrap(),
        trip,
        store,
        kind: RefundKind::Goods,
        amount: usd(TOTAL),
        reason: RefundReason::DamagedItem,
    }
}

fn kinds(step: &RefundStep) -> Vec<&'static str> {
    step.effects.iter().map(Effect::kind).collect()
}

fn number() -> Option<ReconciliationId> {
    Some(ReconciliationId::new("rec-1").unwrap())
}

fn answered() -> RefundEvent {
    RefundEvent::Answered { reconciliation: number() }
}

fn states() -> Vec<Refund> {
    let (whole, mixed) = (split(0, 1000, 0), split(200, 500, 300));
    let paid = CardPart::Paid { reconciliation: number() };
    let hand = |split, left, card| Refund::ByHand { split, left: usd(left), in_doubt: false, card };
    vec![
        Refund::InReview,
        Refund::Waiting { split: whole, until: NOW },
        Refund::Sending { split: whole },
        Refund::Sending { split: mixed },
        hand(whole, 1000, CardPart::Unpaid),
        hand(mixed, 300, paid.clone()),
        Refund::Refunded { split: whole, by_hand: usd(0), card: paid },
        Refund::Refunded { split: whole, by_hand: usd(1000), card: CardPart::Unpaid },
        Refund::Credited { split: split(1000, 0, 0) },
        Refund::Declined,
    ]
}

fn events() -> Vec<RefundEvent> {
    vec![
        RefundEvent::Approved { funds: funds(1000, 0, 0), until: Some(NOW) },
        RefundEvent::Approved { funds: funds(1000, 0, 0), until: None },
        RefundEvent::Approved { funds: funds(0, 1000, 0), until: None },
        RefundEvent::Approved { funds: funds(0, 0, 1000), until: None },
        RefundEvent::Approved { funds: funds(999, 0, 0), until: None },
        RefundEvent::Declined,
        RefundEvent::Due { funds: funds(1000, 0, 0) },
        RefundEvent::Due { funds: funds(0, 0, 1000) },
        RefundEvent::Due { funds: funds(0, 0, 0) },
        answered(),
        RefundEvent::Refused { in_doubt: false },
        RefundEvent::TriesExhausted,
        RefundEvent::DoneByHand,
    ]
}

/// One letter a cell: the state an event leads to, `.` where it is refused.
fn letter(next: &Next) -> char {
    match next.as_ref().map(|step| &step.refund) {
        Err(_) => '.',
        Ok(Refund::InReview) => 'I',
        Ok(Refund::Waiting { .. }) => 'W',
        Ok(Refund::Sending { .. }) => 'S',
        Ok(Refund::ByHand { .. }) => 'H',
        Ok(Refund::Refunded { .. }) => 'R',
        Ok(Refund::Credited { .. }) => 'C',
        Ok(Refund::Declined) => 'D',
    }
}

#[test]
fn every_event_in_every_state() {
    // Columns: approved and waiting, at once, by hand, as a credit, beyond what was taken, declined | due, due with the money
    // turned into a debt, due with no money | answered, refused, exhausted | done by hand.
    #[rustfmt::skip]
    let table = [
        "WSHC.D ... ... .",
        "...... SCH ..W .",
        "...... SSS RHS .",
        "...... SSS HHS .",
        "...... ... RHH R",
        "...... ... HHH R",
        "...... ... RRR .",
        "...... ... RRR .",
        "...... ... ... .",
        "...... ... ... .",
    ];
    for (refund, row) in states().into_iter().zip(table) {
        let got: String = events().into_iter().map(|event| letter(&step(refund.clone(), event))).collect();
        assert_eq!(got, row.replace(' ', ""), "{refund:?}");
    }
}

#[test]
fn the_debt_is_reduced_first_then_the_card_then_what_was_paid_in_another_way() {
    let table = [
        (1000, funds(1000, 0, 0), Ok(split(0, 1000, 0))),
        (1000, funds(300, 0, 700), Ok(split(700, 300, 0))),
        (500, funds(300, 0, 700), Ok(split(500, 0, 0))),
        (1000, funds(300, 700, 0), Ok(split(0, 300, 700))),
        (1000, funds(300, 500, 200), Ok(split(200, 300, 500))),
        // A refund that was given by hand left more on the card than there is in all.
        (400, funds(1000, -600, 0), Ok(split(0, 400, 0))),
        (401, funds(1000, -600, 0), Err(RefundError::MoreThanTaken)),
        // Money was taken back from both.
        (1, funds(-400, 300, 0), Err(RefundError::MoreThanTaken)),
        (1, funds(0, 0, 0), Err(RefundError::MoreThanTaken)),
        (1000, funds(999, 0, 0), Err(RefundError::MoreThanTaken)),
    ];
    for (amount, funds, want) in table {
        assert_eq!(Split::of(usd(amount), funds), want, "{amount} of {funds:?}");
    }
    let yen = Funds { card: Money::new(1, Currency::JPY), ..funds(0, 0, 0) };
    assert_eq!(Split::of(usd(1), yen), Err(RefundError::Amount(MoneyError::CurrencyMismatch)));
}

#[test]
fn g18_nothing_goes_out_while_a_refund_is_only_asked_for() {
    let (trip, store) = (TripId::new("trip").unwrap(), StoreId::new("store").unwrap());
    let asked = Refund::ask(Verdict::Review, case(&trip, &store));
    assert_eq!((asked.refund, asked.movements), (Refund::InReview, vec![]));
    assert_eq!(asked.alerts, [AlertKind::RefundInReview]);
    assert!(asked.effects.iter().all(|effect| effect.kind() != "refund_charge"), "{:?}", asked.effects);
    for event in [answered(), RefundEvent::Due { funds: funds(1000, 0, 0) }, RefundEvent::DoneByHand] {
        assert_eq!(step(Refund::InReview, event), Err(RefundError::MovedOn));
    }
    let declined = step(Refund::InReview, RefundEvent::Declined).unwrap();
    assert_eq!((kinds(&declined), declined.movements), (vec!["send_refund_notice"], vec![]));
}

#[test]
fn a_credit_that_goes_away_before_anybody_approved_it_is_not_told() {
    let (trip, store) = (TripId::new("trip").unwrap(), StoreId::new("store").unwrap());
    let credit = RefundCase { kind: RefundKind::Credit, ..case(&trip, &store) };
    assert_eq!(Refund::ask(Verdict::Review, credit).effects, []);
    assert_eq!(Refund::InReview.apply(RefundEvent::Declined, credit).unwrap().effects, []);
}

#[test]
fn an_approval_sends_the_cards_part_and_credits_the_debt() {
    let approved = RefundEvent::Approved { funds: funds(300, 0, 700), until: None };
    let next = step(Refund::InReview, approved).unwrap();
    assert_eq!(next.refund, Refund::Sending { split: split(700, 300, 0) });
    assert_eq!(next.movements, [RefundMovement::Credited(usd(700)), RefundMovement::Approved(usd(300))]);
    assert_eq!(kinds(&next), ["refund_charge", "send_refund_notice"]);
    let Effect::RefundCharge { amount, .. } = &next.effects[0] else { panic!("{:?}", next.effects) };
    assert_eq!(*amount, usd(300));
}

#[test]
fn a_capture_that_was_taken_back_during_the_wait_turns_the_cash_into_a_credit() {
    let waiting = Refund::Waiting { split: split(200, 800, 0), until: NOW };
    let next = step(waiting.clone(), RefundEvent::Due { funds: funds(0, 0, 1000) }).unwrap();
    assert_eq!(next.refund, Refund::Credited { split: split(1000, 0, 0) });
    assert_eq!(next.movements, [RefundMovement::Approved(usd(-800)), RefundMovement::Credited(usd(800))]);
    assert_eq!(next.effects, [], "nothing is sent");

    // A part of it: the effect of the whole amount is replaced by one of the rest.
    let next = step(waiting.clone(), RefundEvent::Due { funds: funds(500, 0, 300) }).unwrap();
    assert_eq!(next.refund, Refund::Sending { split: split(500, 500, 0) });
    assert_eq!(kinds(&next), ["refund_charge"]);

    let next = step(waiting, RefundEvent::Due { funds: funds(1000, 0, 0) }).unwrap();
    assert_eq!(
        (next.refund, next.movements, next.effects),
        (Refund::Sending { split: split(200, 800, 0) }, vec![], vec![])
    );
}

#[test]
fn ref_006_what_amazon_refuses_is_given_back_by_a_person() {
    let sending = Refund::Sending { split: split(0, 1000, 0) };
    for in_doubt in [false, true] {
        let next = step(sending.clone(), RefundEvent::Refused { in_doubt }).unwrap();
        let hand = Refund::ByHand { split: split(0, 1000, 0), left: usd(1000), in_doubt, card: CardPart::Unpaid };
        assert_eq!((&next.refund, &next.alerts[..]), (&hand, &[AlertKind::RefundRefused][..]));
        assert_eq!(next.movements, [], "no money moves on a refusal");
    }
}

#[test]
fn an_answer_that_comes_after_a_person_has_paid_is_booked_and_alerted_once() {
    let by_person = Refund::Refunded { split: split(0, 1000, 0), by_hand: usd(1000), card: CardPart::Unpaid };
    let next = step(by_person, answered()).unwrap();
    assert_eq!(next.movements, [RefundMovement::Refunded(usd(1000))]);
    assert_eq!(next.alerts, [AlertKind::RefundedTwice]);
    let again = step(next.refund, answered()).unwrap();
    assert_eq!((again.movements, again.alerts), (vec![], vec![]));
}

#[test]
fn ref_002_the_same_answer_twice_counts_once() {
    let first = step(Refund::Sending { split: split(0, 1000, 0) }, answered()).unwrap();
    assert_eq!(first.movements, [RefundMovement::Refunded(usd(1000))]);
    let again = step(first.refund.clone(), answered()).unwrap();
    assert_eq!((&again.refund, again.movements, again.effects), (&first.refund, vec![], vec![]));
}

fn asked() -> Asked {
    Asked {
        kind: RefundKind::Goods,
        amount: usd(1000),
        started_at: NOW,
        funds: Some(funds(1000, 0, 0)),
        written_off: usd(0),
        open: None,
        habits: Some(Habits::plain(0, Currency::USD)),
        now: NOW + Duration::days(30),
    }
}

#[test]
fn ref_003_the_window_closes_after_thirty_days_and_not_before() {
    let rules = RefundRules::plain(Currency::USD);
    assert_eq!(check(&asked(), &rules), Ok(Verdict::Automatic));
    let late = Asked { now: NOW + Duration::days(30) + Duration::SECOND, ..asked() };
    assert_eq!(check(&late, &rules), Err(RefundRefusal::WindowOver { days: 30 }));
    assert_eq!(check(&late, &RefundRules { window: Duration::days(60), ..rules }), Ok(Verdict::Automatic));
    // What was taken beyond what was owed is the shopper's for ever; and a person looks.
    assert_eq!(check(&Asked { kind: RefundKind::Credit, ..late }, &rules), Ok(Verdict::Review));
}

#[test]
fn what_is_large_or_frequent_or_nobodys_is_looked_at() {
    let rules = RefundRules::plain(Currency::USD);
    let with = |amount: i64, recent: Option<u32>| {
        let habits = recent.map(|it| Habits::plain(it, Currency::USD));
        Asked { amount: usd(amount), habits, funds: Some(funds(amount, 0, 0)), ..asked() }
    };
    let table = [
        (with(5000, Some(0)), Verdict::Automatic),
        (with(5001, Some(0)), Verdict::Review),
        (with(100, Some(2)), Verdict::Automatic),
        (with(100, Some(3)), Verdict::Review),
        (with(100, None), Verdict::Review),
    ];
    for (asked, want) in table {
        assert_eq!(check(&asked, &rules), Ok(want), "{asked:?}");
    }
    for rules in [RefundRules { auto_limit: usd(0), ..rules }, RefundRules { auto_count: 0, ..rules }] {
        assert_eq!(check(&asked(), &rules), Ok(Verdict::Review));
    }
}

#[test]
fn a_pattern_is_looked_at_and_says_which_it_is() {
    let rules = RefundRules::plain(Currency::USD);
    let plain = Habits { bought: usd(10_000), ..Habits::plain(0, Currency::USD) };
    let much = Habits { trips: 2, refunded: usd(4_000), ..plain };
    let table: [(Habits, i64, &[ReviewReason]); 8] = [
        (Habits { same_article: 1, ..plain }, 1000, &[]),
        (Habits { same_article: 2, ..plain }, 1000, &[ReviewReason::SameArticle]),
        (much, 1000, &[]),
        (much, 1001, &[ReviewReason::MostlyReturned]),
        (Habits { trips: 1, ..much }, 1001, &[]),
        (Habits { trips: 2, bought: usd(0), refunded: usd(0), ..plain }, 1, &[ReviewReason::MostlyReturned]),
        (Habits { recent: 3, ..plain }, 5001, &[ReviewReason::OverLimit, ReviewReason::Frequent]),
        (plain, 5000, &[]),
    ];
    for (habits, amount, want) in table {
        let asked = Asked { habits: Some(habits), amount: usd(amount), funds: Some(funds(amount, 0, 0)), ..asked() };
        assert_eq!(review_reasons(&asked, &rules).as_deref(), Ok(want), "{habits:?} {amount}");
        let verdict = if want.is_empty() { Verdict::Automatic } else { Verdict::Review };
        assert_eq!(check(&asked, &rules), Ok(verdict));
    }
    let nobody = Asked { habits: None, kind: RefundKind::Credit, ..asked() };
    let want = vec![ReviewReason::Credit, ReviewReason::NobodyKnown];
    assert_eq!(review_reasons(&nobody, &rules), Ok(want));
}

#[test]
fn what_may_not_be_asked_for_says_why() {
    let open: RefundId = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
    let table = [
        (Asked { funds: None, ..asked() }, RefundRefusal::NotCharged),
        (Asked { open: Some(open), ..asked() }, RefundRefusal::AlreadyOpen(open)),
        (Asked { amount: usd(0), ..asked() }, RefundRefusal::Nothing),
        (Asked { amount: usd(-1), ..asked() }, RefundRefusal::Nothing),
        (Asked { written_off: usd(1), ..asked() }, RefundRefusal::WrittenOff),
        (Asked { amount: usd(1001), ..asked() }, RefundRefusal::MoreThanTaken),
    ];
    for (asked, want) in table {
        assert_eq!(check(&asked, &RefundRules::plain(Currency::USD)), Err(want), "{asked:?}");
    }
}
