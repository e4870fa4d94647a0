use super::*;
use crate::money::Currency;
use DebtEvent::*;
use PaymentMeans::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn owed(minor: i64) -> Debt {
    Debt::incur(usd(minor), DebtCause::PaymentDeclined).unwrap()
}

fn after(debt: Debt, events: &[DebtEvent]) -> Debt {
    events.iter().fold(debt, |debt, event| debt.apply(*event).unwrap().debt)
}

fn paid(minor: i64) -> DebtEvent {
    Paid { amount: usd(minor), means: InStore }
}

/// Incurred, outstanding, paid, recovered, credited, written off.
fn sums(debt: Debt) -> [i64; 6] {
    [debt.incurred, debt.outstanding, debt.paid, debt.recovered, debt.credited, debt.written_off].map(Money::minor)
}

#[test]
fn a_debt_is_settled_by_the_last_cent_and_not_before() {
    let almost = after(owed(100), &[paid(99)]);
    assert_eq!((almost.status, almost.outstanding), (DebtStatus::Open, usd(1)));
    let settled = after(almost, &[paid(1)]);
    assert_eq!((settled.status, sums(settled)), (DebtStatus::Settled, [100, 0, 100, 0, 0, 0]));
    assert_eq!(settled.apply(paid(1)), Err(DebtError::NothingOutstanding));
}

#[test]
fn what_cannot_be_is_refused() {
    assert_eq!(Debt::incur(usd(0), DebtCause::SystemError), Err(DebtError::NotPositive));
    let debt = owed(100);
    for amount in [usd(0), usd(-1)] {
        for event in [Increased(amount), Paid { amount, means: Online }, CaptureRecovered(amount), Credited(amount)] {
            assert_eq!(debt.apply(event), Err(DebtError::NotPositive), "{event:?}");
        }
    }
    assert_eq!(debt.apply(paid(101)), Err(DebtError::MoreThanOutstanding));
    assert_eq!(debt.apply(Credited(usd(101))), Err(DebtError::MoreThanOutstanding));
    assert_eq!(debt.apply(PaymentReversed { amount: usd(1), means: InStore }), Err(DebtError::MoreThanPaid));
    assert_eq!(debt.apply(Reopened), Err(DebtError::NotWrittenOff));
    assert_eq!(debt.apply(Confirmed), Err(DebtError::NothingToChange));
    let yen = Paid { amount: Money::new(1, Currency::JPY), means: InStore };
    assert_eq!(debt.apply(yen), Err(DebtError::Amount(MoneyError::CurrencyMismatch)));
}

#[test]
fn a_debt_that_was_given_up_still_counts_at_the_gate_until_it_is_cleared() {
    let given_up = after(owed(100), &[paid(30), WrittenOff]);
    assert_eq!((given_up.status, sums(given_up)), (DebtStatus::WrittenOff, [100, 0, 30, 0, 0, 70]));
    assert_eq!(given_up.at_gate(), Ok(usd(70)));
    assert_eq!(after(given_up, &[Cleared]).at_gate(), Ok(usd(0)));
    let reopened = after(given_up, &[Reopened]);
    assert_eq!((reopened.status, sums(reopened)), (DebtStatus::Open, [100, 70, 30, 0, 0, 0]));
    assert_eq!(after(owed(100), &[paid(100)]).apply(WrittenOff), Err(DebtError::NothingOutstanding));
}

#[test]
fn a_payment_that_is_taken_back_is_owed_again() {
    let reversed = after(owed(100), &[paid(100), PaymentReversed { amount: usd(40), means: InStore }]);
    assert_eq!((reversed.status, sums(reversed)), (DebtStatus::Open, [100, 40, 60, 0, 0, 0]));
}

#[test]
fn a_late_capture_settles_what_is_outstanding_and_the_rest_is_the_shoppers() {
    let step = after(owed(100), &[paid(30)]).apply(CaptureRecovered(usd(100))).unwrap();
    assert_eq!((step.debt.status, sums(step.debt)), (DebtStatus::Settled, [100, 0, 30, 70, 0, 0]));
    assert_eq!(step.movements, [DebtMovement::Recovered(usd(70)), DebtMovement::RecoveredSurplus(usd(30))]);
    let back = step.debt.apply(RecoveryReversed(usd(100))).unwrap();
    assert_eq!((back.debt.status, sums(back.debt)), (DebtStatus::Open, [100, 70, 30, 0, 0, 0]));
    assert_eq!(back.movements, [DebtMovement::Recovered(usd(-70)), DebtMovement::RecoveredSurplus(usd(-30))]);
    // A part of it: neither the shopper's credit nor the debt can be said to be meant.
    assert_eq!(step.debt.apply(RecoveryReversed(usd(69))), Err(DebtError::LessThanRecovered));
}

#[test]
fn a_late_capture_undoes_what_was_given_up() {
    let step = after(owed(100), &[WrittenOff]).apply(CaptureRecovered(usd(100))).unwrap();
    assert_eq!((step.debt.status, sums(step.debt)), (DebtStatus::Settled, [100, 0, 0, 100, 0, 0]));
    assert_eq!(step.movements, [DebtMovement::WrittenOff(usd(-100)), DebtMovement::Recovered(usd(100))]);
}

#[test]
fn a_capture_that_is_taken_back_adds_to_a_debt_in_whatever_state() {
    for events in [&[][..], &[paid(100)], &[WrittenOff], &[Credited(usd(100))]] {
        let debt = after(after(owed(100), events), &[Increased(usd(50))]);
        assert_eq!((debt.status, debt.incurred), (DebtStatus::Open, usd(150)));
        assert!(debt.outstanding.is_positive());
    }
}

#[test]
fn a_late_carts_debt_does_not_close_the_gate_until_a_person_confirms_it() {
    for cause in DebtCause::ALL {
        let debt = Debt::incur(usd(1), *cause).unwrap();
        assert_eq!(debt.counts_at_gate, *cause != DebtCause::LateCart);
    }
    let late = Debt::incur(usd(7), DebtCause::LateCart).unwrap();
    assert_eq!((late.at_gate(), after(late, &[Confirmed]).at_gate()), (Ok(usd(0)), Ok(usd(7))));
}

#[test]
fn a_debt_grows_old_by_whole_days() {
    let class = |days| DebtAge::of(time::Duration::days(days)).as_str();
    let days = [0, 7, 8, 30, 31, 60, 61, 90, 91, 1000];
    assert_eq!(days.map(class), ["0-7", "0-7", "8-30", "8-30", "31-60", "31-60", "61-90", "61-90", "90+", "90+"]);
    assert_eq!(DebtAge::of(time::Duration::hours(8 * 24 - 1)), DebtAge::Week);
}
