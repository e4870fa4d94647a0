//! What a refund does to the ledger.

use crate::id::TripId;
use crate::ledger::{Account, Entry, Subject};
use crate::money::{Money, MoneyError};

use super::amount::RefundParts;
use super::{RefundKind, RefundMovement, Split};

/// The parts of what an approval moves: of what reduces the debt, and of what goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedParts {
    /// Of what reduces the debt.
    pub credited: RefundParts,
    /// Of what goes out; negative where it does not, after all.
    pub approved: RefundParts,
}

impl MovedParts {
    /// What moves when a refund with these parts, split so `before`, is split otherwise `after`. However often that happens, the
    /// parts of all that moved add up to the whole.
    ///
    /// # Errors
    ///
    /// Refuses mixed currencies and amounts past 64 bits.
    pub fn of(whole: RefundParts, before: Option<Split>, after: Split) -> Result<Self, MoneyError> {
        let nothing = RefundParts::nothing(after.credit.currency());
        let credit_after = whole.share(after.credit)?;
        let (credit_before, cash_before) = match before {
            None => (nothing, nothing),
            Some(split) => {
                let credit = whole.share(split.credit)?;
                (credit, whole.less(credit)?)
            }
        };
        let credited = credit_after.less(credit_before)?;
        let approved = whole.less(credit_after)?.less(cash_before)?;
        Ok(Self { credited, approved })
    }
}

impl RefundMovement {
    /// The kind of the ledger transaction that books it. `None`: the debt's own movement does.
    #[must_use]
    pub fn ledger_kind(&self, kind: RefundKind) -> Option<&'static str> {
        match (self, kind) {
            (Self::Credited(_), _) => None,
            (Self::Approved(amount), _) if !amount.is_positive() => Some("refund_taken_back"),
            (Self::Approved(_), RefundKind::Goods) => Some("refund_approved"),
            (Self::Approved(_), RefundKind::Credit) => Some("credit_refund_approved"),
            (Self::Refunded(_), _) => Some("refund_done"),
            (Self::PaidByHand(_), _) => Some("refund_by_hand"),
        }
    }
}

/// The entries of one movement of a trip's refund. They add up to nothing. `parts` are those of an approved amount. What reduces
/// a debt has none here: the debt's movement has them.
///
/// # Errors
///
/// Refuses amounts of mixed currencies or past 64 bits.
pub fn refund_entries(
    movement: RefundMovement,
    kind: RefundKind,
    trip: &TripId,
    parts: RefundParts,
) -> Result<Vec<Entry>, MoneyError> {
    let entry = |account, amount: Money| Entry { account, subject: Subject::Trip(trip.clone()), amount };
    let entries = match movement {
        RefundMovement::Credited(_) => vec![],
        RefundMovement::Approved(amount) => {
            let clearing = entry(Account::RefundClearing, amount.checked_neg()?);
            match kind {
                RefundKind::Credit => vec![entry(Account::ShopperCredit, amount), clearing],
                RefundKind::Goods => vec![
                    entry(Account::SalesReturns, parts.sales),
                    entry(Account::TaxPayable, parts.tax),
                    entry(Account::DepositsPayable, parts.deposits),
                    clearing,
                ],
            }
        }
        RefundMovement::Refunded(amount) => {
            vec![entry(Account::RefundClearing, amount), entry(Account::CardClearing, amount.checked_neg()?)]
        }
        RefundMovement::PaidByHand(amount) => {
            vec![entry(Account::RefundClearing, amount), entry(Account::ExternalPayments, amount.checked_neg()?)]
        }
    };
    Ok(entries.into_iter().filter(|entry| !entry.amount.is_zero()).collect())
}
