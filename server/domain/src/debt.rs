//! What was not collected for one trip, and what became of it.
//!
//! A debt has no state for being paid online: it stays open, may be paid at a till or shrink meanwhile, and what a payoff then
//! brings beyond it is the shopper's. Whether a payment is under way is the payoff's to know ([`crate::payoff`]).

use crate::money::{Money, MoneyError};
use crate::reason::{DebtCause, closed_list};

mod online;

closed_list!(
    /// Where a debt is.
    DebtStatus {
        /// Something is outstanding.
        Open = "open",
        /// Nothing is outstanding: it was paid, recovered or credited.
        Settled = "settled",
        /// What was outstanding is given up. Still counts at the gate until staff clear it.
        WrittenOff = "written_off",
    }
);

closed_list!(
    /// How a debt was paid.
    PaymentMeans {
        /// At a till, taken by staff.
        InStore = "in_store",
        /// By telephone, taken by staff.
        ByPhone = "by_phone",
        /// Through the retailer's own processor.
        Online = "online",
    }
);

closed_list!(
    /// How old a debt is, in the classes of finance.
    DebtAge {
        /// Up to a week.
        Week = "0-7",
        /// Up to a month.
        Month = "8-30",
        /// Up to two.
        TwoMonths = "31-60",
        /// Up to three.
        ThreeMonths = "61-90",
        /// Older.
        Older = "90+",
    }
);

impl DebtAge {
    /// The class of a debt that is `age` old: whole days count.
    #[must_use]
    pub fn of(age: time::Duration) -> Self {
        match age.whole_days() {
            ..=7 => Self::Week,
            8..=30 => Self::Month,
            31..=60 => Self::TwoMonths,
            61..=90 => Self::ThreeMonths,
            91.. => Self::Older,
        }
    }
}

/// The debt of one trip. `incurred = outstanding + paid + recovered + credited + written_off`, always, and none is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debt {
    /// What was owed when it was born, and what reversed captures added.
    pub incurred: Money,
    /// What is owed now.
    pub outstanding: Money,
    /// What was paid towards it, less what was taken back.
    pub paid: Money,
    /// What a late capture collected after all.
    pub recovered: Money,
    /// What need not be paid: goods returned, disputes upheld.
    pub credited: Money,
    /// What was given up.
    pub written_off: Money,
    /// Why it was born.
    pub cause: DebtCause,
    /// Where it is.
    pub status: DebtStatus,
    /// Does it keep the gate closed? A late cart's does not until a person confirms it.
    pub counts_at_gate: bool,
}

/// What happened to a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebtEvent {
    /// A capture was taken back: what it had collected is owed, too.
    Increased(Money),
    /// Something was paid.
    Paid {
        /// How much: no more than is outstanding.
        amount: Money,
        /// How.
        means: PaymentMeans,
    },
    /// A payoff came in. What is more than outstanding is the shopper's.
    PaidOnline(Money),
    /// The cardholder's bank took a payoff back.
    ChargedBack(ChargeBack),
    /// And gave it back again.
    ChargeRestored {
        /// What came back, without what had been the store's loss.
        amount: Money,
        /// What had been the store's loss, and is none any more.
        lost: Money,
    },
    /// A payment was taken back: a cheque that bounced.
    PaymentReversed {
        /// How much: no more than was paid.
        amount: Money,
        /// How it had been paid.
        means: PaymentMeans,
    },
    /// A capture that came late. What is more than outstanding is the shopper's.
    CaptureRecovered(Money),
    /// A capture that came late was taken back, as a whole: what it had settled is owed again, and the rest is not the shopper's any
    /// more. A part has no answer here: of what is left, nobody could say whether it settles or is the shopper's.
    RecoveryReversed(Money),
    /// Not to be paid after all. What is more than outstanding is the shopper's.
    Credited(Money),
    /// What is outstanding is given up.
    WrittenOff,
    /// It is not given up after all.
    Reopened,
    /// A person lets the shopper in all the same.
    Cleared,
    /// A person confirms that it counts at the gate.
    Confirmed,
}

/// What a chargeback takes of one debt's payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeBack {
    /// Of what was paid: it is owed again.
    pub paid: Money,
    /// Of what was the shopper's credit, and is theirs no more.
    pub credit: Money,
    /// Of what had left both already: the store's loss.
    pub lost: Money,
}

closed_list!(
    /// What a debt's history tells, in the words of rows and lists.
    DebtStory {
        /// It was born.
        Incurred = "incurred",
        /// A capture was taken back.
        Increased = "increased",
        /// It is known now who owes it.
        Assigned = "assigned",
        /// Something was paid.
        Paid = "paid",
        /// A payment was taken back.
        PaymentReversed = "payment_reversed",
        /// The bank took a payoff back.
        ChargedBack = "charged_back",
        /// And gave it back again.
        ChargeRestored = "charge_restored",
        /// A late capture went towards it.
        Recovered = "recovered",
        /// A late capture was taken back.
        RecoveryReversed = "recovery_reversed",
        /// A part need not be paid.
        Credited = "credited",
        /// It was given up.
        WrittenOff = "written_off",
        /// It was not given up after all.
        Reopened = "reopened",
        /// It does not count at the gate any more.
        Cleared = "cleared",
        /// It counts at the gate from now on.
        Confirmed = "confirmed",
        /// Amazon took note of how it stands.
        FeedbackAccepted = "feedback_accepted",
        /// Its shopper was refused at a gate.
        EntryDenied = "entry_denied",
    }
);

impl DebtEvent {
    /// What the history tells of it, and of how much.
    #[must_use]
    pub fn story(&self) -> (DebtStory, Option<Money>) {
        match *self {
            Self::Increased(amount) => (DebtStory::Increased, Some(amount)),
            Self::Paid { amount, .. } => (DebtStory::Paid, Some(amount)),
            Self::PaidOnline(amount) => (DebtStory::Paid, Some(amount)),
            Self::ChargedBack(taken) => (DebtStory::ChargedBack, Some(taken.paid)),
            Self::ChargeRestored { amount, .. } => (DebtStory::ChargeRestored, Some(amount)),
            Self::PaymentReversed { amount, .. } => (DebtStory::PaymentReversed, Some(amount)),
            Self::CaptureRecovered(amount) => (DebtStory::Recovered, Some(amount)),
            Self::RecoveryReversed(amount) => (DebtStory::RecoveryReversed, Some(amount)),
            Self::Credited(amount) => (DebtStory::Credited, Some(amount)),
            Self::WrittenOff => (DebtStory::WrittenOff, None),
            Self::Reopened => (DebtStory::Reopened, None),
            Self::Cleared => (DebtStory::Cleared, None),
            Self::Confirmed => (DebtStory::Confirmed, None),
        }
    }
}

/// Money that moves with a debt. The ledger makes balanced entries of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebtMovement {
    /// Owed from now on.
    Incurred(Money),
    /// Paid; negative when taken back.
    Paid {
        /// How much.
        amount: Money,
        /// How.
        means: PaymentMeans,
    },
    /// Paid online beyond what was outstanding.
    Overpaid(Money),
    /// A payoff that was taken back; negative when it was given back again.
    ChargedBack(Money),
    /// The same of what had become the shopper's.
    CreditChargedBack(Money),
    /// The same of what nobody has any more: the store's loss.
    ChargebackLost(Money),
    /// Captured late; negative when taken back.
    Recovered(Money),
    /// Captured late beyond what was outstanding; negative when taken back.
    RecoveredSurplus(Money),
    /// Need not be paid.
    Credited(Money),
    /// Given up; negative when reopened.
    WrittenOff(Money),
}

/// What an event leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebtStep {
    /// The debt now.
    pub debt: Debt,
    /// Money that moved.
    pub movements: Vec<DebtMovement>,
}

/// Why a debt refused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DebtError {
    /// Only a positive amount makes or moves a debt.
    #[error("the amount must be more than nothing")]
    NotPositive,
    /// More than is outstanding: the surplus would be owed to the shopper.
    #[error("the amount is more than is outstanding")]
    MoreThanOutstanding,
    /// More is taken back than was paid.
    #[error("the amount is more than was paid")]
    MoreThanPaid,
    /// A late capture is taken back as a whole, and this is less than it had settled.
    #[error("the amount is less than the late capture had settled")]
    LessThanRecovered,
    /// Nothing is outstanding.
    #[error("nothing is outstanding of this debt")]
    NothingOutstanding,
    /// It was not written off.
    #[error("the debt is not written off")]
    NotWrittenOff,
    /// It counts at the gate already, or does not already.
    #[error("the gate knows this already")]
    NothingToChange,
    /// Another currency, or too large.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

impl DebtMovement {
    /// The kind of the ledger transaction that books it.
    #[must_use]
    pub fn ledger_kind(&self) -> &'static str {
        match self {
            Self::Incurred(_) => "debt_incurred",
            Self::Paid { amount, .. } if amount.is_positive() => "debt_paid",
            Self::Paid { .. } => "debt_payment_reversed",
            Self::Overpaid(_) => "debt_overpaid",
            Self::ChargedBack(amount) | Self::CreditChargedBack(amount) | Self::ChargebackLost(amount) => {
                if amount.is_positive() { "debt_charged_back" } else { "debt_charge_restored" }
            }
            Self::Recovered(amount) | Self::RecoveredSurplus(amount) if amount.is_positive() => "debt_recovered",
            Self::Recovered(_) | Self::RecoveredSurplus(_) => "debt_recovery_reversed",
            Self::Credited(_) => "debt_credited",
            Self::WrittenOff(amount) if amount.is_positive() => "debt_written_off",
            Self::WrittenOff(_) => "debt_reopened",
        }
    }
}

impl Debt {
    /// A debt is born.
    ///
    /// # Errors
    ///
    /// Refuses an amount that is not positive.
    pub fn incur(amount: Money, cause: DebtCause) -> Result<Self, DebtError> {
        let amount = positive(amount)?;
        let nothing = Money::zero(amount.currency());
        Ok(Self {
            incurred: amount,
            outstanding: amount,
            paid: nothing,
            recovered: nothing,
            credited: nothing,
            written_off: nothing,
            cause,
            status: DebtStatus::Open,
            counts_at_gate: cause != DebtCause::LateCart,
        })
    }

    /// What the gate counts: what is outstanding, and what was given up and not cleared.
    ///
    /// # Errors
    ///
    /// Refuses sums past 64 bits.
    pub fn at_gate(&self) -> Result<Money, MoneyError> {
        let counted = self.outstanding.checked_add(self.written_off)?;
        Ok(if self.counts_at_gate { counted } else { Money::zero(counted.currency()) })
    }

    /// Decides what `event` does. No `_` arm: a new event must be decided here to compile.
    ///
    /// # Errors
    ///
    /// [`DebtError`] for what cannot be: nothing changes.
    pub fn apply(self, event: DebtEvent) -> Result<DebtStep, DebtError> {
        match event {
            DebtEvent::Increased(amount) => {
                let amount = positive(amount)?;
                let debt = Self {
                    incurred: self.incurred.checked_add(amount)?,
                    outstanding: self.outstanding.checked_add(amount)?,
                    ..self
                };
                Ok(debt.moved([DebtMovement::Incurred(amount)]))
            }
            DebtEvent::Paid { amount, means } => {
                let outstanding = self.less(positive(amount)?)?;
                let debt = Self { outstanding, paid: self.paid.checked_add(amount)?, ..self };
                Ok(debt.moved([DebtMovement::Paid { amount, means }]))
            }
            DebtEvent::PaymentReversed { amount, means } => {
                let paid = taken_back(self.paid, positive(amount)?)?;
                let debt = Self { paid, outstanding: self.outstanding.checked_add(amount)?, ..self };
                Ok(debt.moved([DebtMovement::Paid { amount: amount.checked_neg()?, means }]))
            }
            DebtEvent::PaidOnline(amount) => self.pay_online(positive(amount)?),
            DebtEvent::ChargedBack(taken) => self.charge_back(taken),
            DebtEvent::ChargeRestored { amount, lost } => self.restore_charge(amount, lost),
            DebtEvent::CaptureRecovered(amount) => self.recover(positive(amount)?),
            DebtEvent::RecoveryReversed(amount) => self.unrecover(positive(amount)?),
            DebtEvent::Credited(amount) => {
                let outstanding = self.less(positive(amount)?)?;
                let debt = Self { outstanding, credited: self.credited.checked_add(amount)?, ..self };
                Ok(debt.moved([DebtMovement::Credited(amount)]))
            }
            DebtEvent::WrittenOff => {
                let amount = positive(self.outstanding).map_err(|_| DebtError::NothingOutstanding)?;
                let nothing = Money::zero(amount.currency());
                let debt = Self { outstanding: nothing, written_off: self.written_off.checked_add(amount)?, ..self };
                Ok(debt.moved([DebtMovement::WrittenOff(amount)]))
            }
            DebtEvent::Reopened => {
                let amount = positive(self.written_off).map_err(|_| DebtError::NotWrittenOff)?;
                let nothing = Money::zero(amount.currency());
                let debt = Self { written_off: nothing, outstanding: self.outstanding.checked_add(amount)?, ..self };
                Ok(debt.moved([DebtMovement::WrittenOff(amount.checked_neg()?)]))
            }
            DebtEvent::Cleared => self.counting(false),
            DebtEvent::Confirmed => self.counting(true),
        }
    }

    /// Late money settles what is outstanding first, then undoes what was given up; the rest is the shopper's.
    fn recover(self, amount: Money) -> Result<DebtStep, DebtError> {
        let (mut debt, mut movements, settles) = self.settle(amount)?;
        let surplus = amount.checked_sub(settles)?;
        debt.recovered = debt.recovered.checked_add(settles)?;
        if settles.is_positive() {
            movements.push(DebtMovement::Recovered(settles));
        }
        if surplus.is_positive() {
            movements.push(DebtMovement::RecoveredSurplus(surplus));
        }
        Ok(debt.moved(movements))
    }

    /// The debt with as much less outstanding as `amount` settles, what that undid before, and how much it is. Where it went is for the
    /// caller to say.
    fn settle(self, amount: Money) -> Result<(Self, Vec<DebtMovement>, Money), DebtError> {
        let mut movements = vec![];
        let mut debt = self;
        if debt.written_off.is_positive() && amount.minor() > debt.outstanding.minor() {
            let step = debt.apply(DebtEvent::Reopened)?;
            movements.extend(step.movements);
            debt = step.debt;
        }
        let settles = if amount.minor() < debt.outstanding.minor() { amount } else { debt.outstanding };
        debt.outstanding = debt.outstanding.checked_sub(settles)?;
        Ok((debt, movements, settles))
    }

    /// What it had settled is owed again; what was beyond that had been the shopper's.
    fn unrecover(self, amount: Money) -> Result<DebtStep, DebtError> {
        let settled = self.recovered;
        let surplus = amount.checked_sub(settled)?;
        if surplus.minor() < 0 {
            return Err(DebtError::LessThanRecovered);
        }
        let debt = Self {
            recovered: Money::zero(amount.currency()),
            outstanding: self.outstanding.checked_add(settled)?,
            ..self
        };
        let mut movements = vec![];
        if settled.is_positive() {
            movements.push(DebtMovement::Recovered(settled.checked_neg()?));
        }
        if surplus.is_positive() {
            movements.push(DebtMovement::RecoveredSurplus(surplus.checked_neg()?));
        }
        Ok(debt.moved(movements))
    }

    fn less(&self, amount: Money) -> Result<Money, DebtError> {
        let outstanding = self.outstanding.checked_sub(amount)?;
        if self.outstanding.is_zero() {
            return Err(DebtError::NothingOutstanding);
        }
        if outstanding.minor() < 0 { Err(DebtError::MoreThanOutstanding) } else { Ok(outstanding) }
    }

    fn counting(self, counts_at_gate: bool) -> Result<DebtStep, DebtError> {
        if self.counts_at_gate == counts_at_gate {
            return Err(DebtError::NothingToChange);
        }
        Ok(Self { counts_at_gate, ..self }.moved([]))
    }

    /// The status follows from the amounts.
    fn moved(self, movements: impl IntoIterator<Item = DebtMovement>) -> DebtStep {
        let status = if self.outstanding.is_positive() {
            DebtStatus::Open
        } else if self.written_off.is_positive() {
            DebtStatus::WrittenOff
        } else {
            DebtStatus::Settled
        };
        DebtStep { debt: Self { status, ..self }, movements: movements.into_iter().collect() }
    }
}

fn positive(amount: Money) -> Result<Money, DebtError> {
    if amount.is_positive() { Ok(amount) } else { Err(DebtError::NotPositive) }
}

fn taken_back(paid: Money, amount: Money) -> Result<Money, DebtError> {
    let rest = paid.checked_sub(amount)?;
    if rest.minor() < 0 { Err(DebtError::MoreThanPaid) } else { Ok(rest) }
}

#[cfg(test)]
mod tests;
