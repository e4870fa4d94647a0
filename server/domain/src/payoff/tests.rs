use DisputeStanding::{Inquiry, Lost, Open, Won};
use PayoffMoney::{GivenBack, Settles, Stays, TakenBack};
use uuid::Uuid;

use super::*;
use crate::id::{DebtId, PayoffId, TripId};
use crate::money::Currency;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

const TOTAL: i64 = 1_032;

fn session(n: u8) -> CheckoutSessionId {
    CheckoutSessionId::new(&format!("cs_{n}")).unwrap()
}

fn by(n: u8) -> PaidBy {
    PaidBy { session: session(n), payment: PaymentIntentId::new(&format!("pi_{n}")).unwrap() }
}

fn paid(n: u8) -> PayoffEvent {
    PayoffEvent::Paid { by: by(n), amount: usd(TOTAL) }
}

fn said(n: u8, minor: i64) -> Disputed {
    Disputed { dispute: StripeDisputeId::new(&format!("dp_{n}")).unwrap(), amount: usd(minor) }
}

fn dispute(n: u8, standing: DisputeStanding) -> PayoffEvent {
    let Disputed { dispute, amount } = said(n, TOTAL);
    PayoffEvent::Dispute { dispute, amount, standing }
}

fn all() -> [Payoff; 8] {
    [
        Payoff::Created,
        Payoff::Open { session: session(1) },
        Payoff::Expired { session: session(1) },
        Payoff::Abandoned,
        Payoff::Paid(by(1)),
        Payoff::Disputed(by(1), said(1, TOTAL)),
        Payoff::Lost(by(1), said(1, TOTAL)),
        Payoff::Won(by(1), said(1, TOTAL)),
    ]
}

/// What `event` makes of each state: its name and what money does, or why not.
fn row(event: &PayoffEvent) -> Vec<Result<(&'static str, PayoffMoney), PayoffError>> {
    let step = |state: &Payoff| state.apply(usd(TOTAL), event.clone()).map(|it| (it.payoff.name(), it.money));
    all().iter().map(step).collect()
}

#[test]
fn every_event_in_every_state() {
    let unpaid = Err(PayoffError::NotPaidYet);
    let other = Err(PayoffError::OtherSession);
    let stays = |name| Ok((name, Stays));
    let settles = Ok(("paid", Settles));
    let [created, open, expired, abandoned, is_paid, disputed, lost, won] = all().map(|it| Ok((it.name(), Stays)));
    let (taken, given) = (TakenBack(usd(TOTAL)), Ok(("won", GivenBack(usd(TOTAL)))));
    assert_eq!(created, stays("created"));
    #[rustfmt::skip]
    let table = [
        //                                             created           open                        expired           abandoned         paid     disputed  lost   won
        (PayoffEvent::SessionOpened(session(1)), [stays("open"),    open,                       expired,          abandoned,        is_paid, disputed, lost,  won]),
        (PayoffEvent::SessionOpened(session(2)), [stays("open"),    other,                      other,            abandoned,        other,   other,    other, other]),
        (PayoffEvent::SessionOver(session(1)),   [stays("expired"), stays("expired"),           expired,          stays("expired"), is_paid, disputed, lost,  won]),
        (PayoffEvent::SessionOver(session(2)),   [stays("expired"), other,                      other,            stays("expired"), other,   other,    other, other]),
        (PayoffEvent::Abandoned,                 [abandoned,        Err(PayoffError::StillOpen), expired,         abandoned,        is_paid, disputed, lost,  won]),
        (paid(1),                                [settles,          settles,                    settles,          settles,          is_paid, disputed, lost,  won]),
        (paid(2),                                [settles,          other,                      other,            settles,          other,   other,    other, other]),
        (dispute(1, Inquiry),                    [unpaid,           unpaid,                     unpaid,           unpaid,           is_paid, disputed, lost,  won]),
        (dispute(1, Open),                       [unpaid,           unpaid,                     unpaid,           unpaid,           Ok(("disputed", taken)), disputed, lost, won]),
        (dispute(1, Lost),                       [unpaid,           unpaid,                     unpaid,           unpaid,           Ok(("lost", taken)), stays("lost"), lost, won]),
        (dispute(1, Won),                        [unpaid,           unpaid,                     unpaid,           unpaid,           stays("won"), given, given, won]),
    ];
    for (event, wanted) in table {
        assert_eq!(row(&event), wanted, "{event:?}");
    }
    let another = row(&dispute(2, Open));
    assert!(another[5..].iter().all(|it| *it == Err(PayoffError::OtherDispute)), "{another:?}");
}

#[test]
fn an_amount_that_stripe_alone_knows_of_moves_nothing() {
    for amount in [usd(TOTAL - 1), usd(TOTAL + 1), usd(0), Money::new(TOTAL, Currency::JPY)] {
        for state in all() {
            let event = PayoffEvent::Paid { by: by(1), amount };
            assert_eq!(state.apply(usd(TOTAL), event), Err(PayoffError::OtherAmount), "{amount} {state:?}");
        }
    }
    let more = PayoffEvent::Dispute { dispute: said(1, 1).dispute, amount: usd(TOTAL + 500), standing: Open };
    let step = Payoff::Paid(by(1)).apply(usd(TOTAL), more).unwrap();
    assert_eq!(step.money, TakenBack(usd(TOTAL)), "a bank takes no more of it than was paid");
}

#[test]
fn only_what_may_still_be_paid_is_live() {
    let live: Vec<_> = all().into_iter().filter(Payoff::is_live).map(|it| it.name()).collect();
    assert_eq!(live, ["created", "open"]);
    assert_eq!(all().iter().filter(|it| it.paid_by() == Some(&by(1))).count(), 4);
}

fn owed(n: u128, minor: i64) -> OwedDebt {
    OwedDebt { debt: DebtId(Uuid::from_u128(n)), trip: trip(n), outstanding: usd(minor) }
}

fn trip(n: u128) -> TripId {
    TripId::new(&format!("trip-{n}")).unwrap()
}

#[test]
fn a_payoff_pays_whole_trips_each_once_in_one_order() {
    let debts = [owed(2, 500), owed(1, 300), owed(3, 200)];
    let (allocations, total) = allocate(&debts, &[trip(2), trip(1), trip(2)]).unwrap();
    assert_eq!(total, usd(800));
    let paid: Vec<_> = allocations.iter().map(|it| (it.trip.as_str(), it.amount.minor())).collect();
    assert_eq!(paid, [("trip-1", 300), ("trip-2", 500)]);
    let again = allocate(&debts, &[trip(1), trip(2)]).unwrap();
    assert_eq!(again.0, allocations, "the order of choosing says nothing");
}

#[test]
fn what_cannot_be_paid_is_refused_with_its_reason() {
    let yen = OwedDebt { outstanding: Money::new(500, Currency::JPY), ..owed(4, 1) };
    let debts = [owed(1, 300), owed(2, 49), owed(3, 0), yen, owed(5, 99_999_999)];
    let refused = |chosen: &[u128]| {
        let chosen: Vec<TripId> = chosen.iter().map(|n| trip(*n)).collect();
        allocate(&debts, &chosen).err()
    };
    assert_eq!(refused(&[]), Some(AllocationError::NothingChosen));
    assert_eq!(refused(&[1, 9]), Some(AllocationError::NotOwed), "of another shopper, or of nobody");
    assert_eq!(refused(&[3]), Some(AllocationError::NotOwed), "paid meanwhile");
    assert_eq!(refused(&[1, 4]), Some(AllocationError::Currencies));
    assert_eq!(refused(&[2]), Some(AllocationError::TooLittle(usd(50))));
    assert_eq!(refused(&[1, 2]), None, "together they are enough");
    assert_eq!(refused(&[5, 1]), Some(AllocationError::TooMuch(usd(99_999_999))));
    assert_eq!(allocate(&debts, &(0..101).map(trip).collect::<Vec<_>>()), Err(AllocationError::TooMany));
    let dinar = Currency::new("KWD").unwrap();
    assert_eq!(chargeable(Money::new(5_000, dinar)), Err(AllocationError::Currency(dinar)));
}

#[test]
fn a_bank_takes_from_the_last_share_first() {
    let share = |settled, surplus| Share { settled: usd(settled), surplus: usd(surplus), ..Share::unpaid(usd(0)) };
    let shares = [share(300, 0), share(400, 100)];
    let taken = |minor| spread(usd(minor), &shares).unwrap().iter().map(|it| it.minor()).collect::<Vec<_>>();
    assert_eq!(taken(200), [0, 200]);
    assert_eq!(taken(600), [100, 500]);
    assert_eq!(taken(800), [300, 500]);
}

fn ours(n: u128, payment: Option<&str>, minor: i64, back: i64) -> OurPayoff {
    let payment = payment.map(|it| PaymentIntentId::new(it).unwrap());
    OurPayoff { id: PayoffId(Uuid::from_u128(n)), payment, amount: usd(minor), charged_back: usd(back) }
}

fn theirs(kind: MovementKind, payoff: Option<u128>, payment: &str, minor: i64) -> Movement {
    Movement {
        id: format!("txn_{payment}_{kind}"),
        kind,
        payment: Some(PaymentIntentId::new(payment).unwrap()),
        payoff: payoff.map(|n| PayoffId(Uuid::from_u128(n))),
        amount: usd(minor),
    }
}

#[test]
fn every_difference_from_stripes_balance_is_named() {
    use MovementKind::{Charge, Dispute, Refund};
    let payoffs = [
        ours(1, Some("pi_1"), 100, 0),
        ours(2, Some("pi_2"), 200, 0),
        ours(3, None, 300, 0),
        ours(4, Some("pi_4"), 400, 400),
        ours(5, Some("pi_5"), 500, 0),
        ours(6, Some("pi_6"), 600, 0),
        ours(7, None, 700, 0),
    ];
    let lines = [
        theirs(Charge, Some(1), "pi_1", 100),
        theirs(Charge, Some(3), "pi_3", 300),
        theirs(Charge, Some(4), "pi_4", 400),
        theirs(Dispute, None, "pi_4", -400),
        theirs(Charge, Some(5), "pi_5", 499),
        theirs(Charge, Some(6), "pi_6", 600),
        theirs(Dispute, None, "pi_6", -100),
        theirs(Refund, None, "pi_6", -5),
        theirs(Charge, None, "pi_of_somebody_else", 12),
    ];
    let breaks = match_payoffs(&payoffs, &lines).unwrap();
    let told: Vec<_> =
        breaks.iter().map(|it| (it.payoff.0.as_u128(), it.kind, it.ours.minor(), it.theirs.minor())).collect();
    let wanted = [
        (2, BreakKind::MissingAtStripe, 200, 0),
        (3, BreakKind::NotCounted, 0, 300),
        (5, BreakKind::OtherAmount, 500, 499),
        (6, BreakKind::OtherChargeback, 0, 100),
        (6, BreakKind::RefundedThere, 0, -5),
    ];
    assert_eq!(told, wanted);
}
