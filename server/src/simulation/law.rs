//! What must hold after every step, and once everything is quiet.

use domain::ledger::Account;
use domain::money::{Currency, Money};
use domain::reason::DebtCause;
use domain::trip::Trip;

use super::amazon::Account as Card;
use super::payoff::Beside;
use super::tables::{Tables, TripRow};

/// What a run proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// At most one effective capture of a trip.
    OneCapture,
    /// Nothing is captured beyond what was authorized, or beyond the total.
    WithinAuthorization,
    /// One call for a trip is out at a time, as far as leases say.
    OneCall,
    /// Never a cancel of a trip that a capture was sent for, nor the reverse.
    NeverBoth,
    /// `priced = in flight + captured + owed + in suspense`.
    TripLaw,
    /// `incurred = outstanding + paid + recovered + credited + written off`, and none is negative.
    DebtLaw,
    /// Postings add up to nothing, and balances say what the rows say.
    LedgerBalance,
    /// What an instrument owes in the ledger is the sum of what is outstanding on its debts.
    Receivable,
    /// Whatever changed, or was asked for outside, has its audit row.
    Audit,
    /// What was sent is recorded.
    Attempt,
    /// The gate knows what is owed, and nothing else.
    Gate,
    /// Some time after its deadline a trip has an outcome.
    Outcome,
    /// Once quiet, our books say of each card what Amazon's say.
    Truth,
    /// Never a debt for money that was perhaps taken.
    WrongDebt,
    /// Once quiet, Amazon was told how each balance stands.
    Feedback,
    /// No more is given back than was approved, nor approved than was captured and paid; one refund of a trip at a time.
    Refunded,
    /// Amazon gives back what we ask for, once for each refund.
    OneRefund,
    /// What was promised is given back, or a person knows that it is not.
    Refund,
    /// Whoever is known is told, once; what cannot be told, a person knows of.
    Mail,
    /// A payoff is counted once; what Stripe took of it is settled, surplus or charged back.
    Payoff,
    /// Once quiet, our payoffs are Stripe's, and where they are not a person knows.
    PayoffTruth,
    /// It becomes quiet.
    Quiet,
}

/// A law that was broken.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// The number of the trip in its run.
    pub trip: usize,
    /// How.
    pub what: String,
}

/// Where the total of a visit is, by its state.
#[derive(Debug, PartialEq, Eq)]
struct Shares {
    total: i64,
    in_flight: i64,
    captured: i64,
    suspended: i64,
}

impl Shares {
    fn of(trip: Trip) -> Self {
        let minor = |amount: Option<Money>| amount.map_or(0, Money::minor);
        let captured = match trip {
            Trip::Captured { total } => total.minor(),
            Trip::PartlyCaptured { captured, .. } => captured.minor(),
            _ => 0,
        };
        let suspended = match trip {
            Trip::CaptureUnconfirmed { total, .. } => total.minor(),
            _ => 0,
        };
        Self { total: minor(trip.total()), in_flight: minor(trip.in_flight()), captured, suspended }
    }
}

impl Tables {
    /// The laws of one visit, after a step.
    pub(super) fn check_trip(&mut self, trip: usize) {
        let Some(row) = self.trips[trip].clone() else { return };
        let shares = Shares::of(row.state);
        let incurred = self.debts[trip].map_or(0, |it| it.debt.incurred.minor());
        if shares.total != shares.in_flight + shares.captured + incurred + shares.suspended {
            self.break_law(Law::TripLaw, trip, format!("{shares:?}, debt {incurred}, {:?}", row.state));
        }
        self.check_debt(trip);
        self.check_refunds(trip);
        self.check_balances(trip, &row, &shares);
        if let Some(instrument) = row.instrument {
            let debts = self.debts.iter().flatten().filter(|it| it.instrument == Some(instrument));
            let outstanding: i64 = debts.map(|it| it.debt.outstanding.minor()).sum();
            let booked = self.books.instrument(instrument);
            if outstanding != booked {
                self.break_law(Law::Receivable, trip, format!("debts say {outstanding}, the ledger {booked}"));
            }
        }
    }

    fn check_debt(&mut self, trip: usize) {
        let Some(debt) = self.debts[trip].map(|it| it.debt) else { return };
        let parts = [debt.outstanding, debt.paid, debt.recovered, debt.credited, debt.written_off].map(Money::minor);
        if parts.iter().any(|it| *it < 0) || parts.iter().sum::<i64>() != debt.incurred.minor() {
            self.break_law(Law::DebtLaw, trip, format!("{debt:?}"));
        }
    }

    fn check_balances(&mut self, trip: usize, row: &TripRow, shares: &Shares) {
        let nothing = Money::zero(Currency::USD);
        let debt = self.debts[trip].map(|it| it.debt);
        let of_debt = |part: fn(&domain::debt::Debt) -> Money| debt.as_ref().map_or(nothing, part).minor();
        let balance = |account| self.books.trip(trip, account);
        let unresolved = if row.instrument.is_none() { of_debt(|it| it.outstanding) } else { 0 };
        let taken = row.state.captured().unwrap_or(nothing).minor();
        let back = self.refund_sums(trip);
        let Beside { surplus, lost } = self.beside[trip];
        let expected = [
            (Account::TripInFlight, shares.in_flight),
            (Account::CaptureSuspense, shares.suspended),
            (Account::CardClearing, taken - back.card),
            (Account::ShopperCredit, shares.captured + of_debt(|it| it.recovered) - taken + back.credit - surplus),
            (Account::DisputeLoss, lost),
            (Account::RefundClearing, back.card + back.by_hand - back.goods - back.credit),
            (Account::BadDebtExpense, of_debt(|it| it.written_off)),
            (Account::UnresolvedReceivable, unresolved),
        ];
        let mut wrong: Vec<String> = expected
            .iter()
            .filter(|(account, expected)| balance(*account) != *expected)
            .map(|(account, expected)| format!("{} is {}, not {expected}", account.as_str(), balance(*account)))
            .collect();
        let paid = balance(Account::ExternalPayments) + balance(Account::PayoffClearing);
        if paid != of_debt(|it| it.paid) - back.by_hand + surplus - lost {
            wrong.push(format!("payments are {paid}"));
        }
        let sold = balance(Account::Sales) + balance(Account::SalesReturns) + balance(Account::TaxPayable);
        if sold != of_debt(|it| it.credited) + back.goods - shares.total {
            wrong.push(format!("{sold} is sold: not the total, less what came back"));
        }
        if !wrong.is_empty() {
            self.break_law(Law::LedgerBalance, trip, format!("{}; {:?}", wrong.join(", "), row.state));
        }
    }

    /// The laws between a visit and its card, after a step.
    pub(super) fn check_card(&mut self, trip: usize, card: &Card) {
        let effective: Vec<Money> = card.effective().collect();
        if effective.len() > 1 {
            self.break_law(Law::OneCapture, trip, format!("charged {effective:?}"));
        }
        self.check_refunds_of_card(trip, card);
        // A failure that was answered may hide a success: where no witness is to be had, only the feed can tell.
        let state = self.trips[trip].as_ref().map(|it| it.state);
        if let (Some(Trip::Uncollected { cause, .. }), Some(taken)) = (state, effective.first())
            && cause != DebtCause::CaptureFailed
        {
            self.break_law(Law::WrongDebt, trip, format!("a debt by {}, and {taken:?} was taken", cause.as_str()));
        }
        let taken: i64 = card.captures.iter().map(|it| it.amount.minor()).max().unwrap_or(0);
        if taken > card.authorized_most.minor() {
            self.break_law(Law::WithinAuthorization, trip, format!("{taken} of {:?}", card.authorized_most));
        }
        let total = self.trips[trip].as_ref().and_then(|it| it.state.total());
        if taken > total.map_or(0, Money::minor) {
            self.break_law(Law::WithinAuthorization, trip, format!("{taken} taken of a total of {total:?}"));
        }
    }
}
