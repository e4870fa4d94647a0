//! The law of money, as what can be verified over all that was ever booked. Each word is one sentence that must be true of every
//! trip, debt, instrument and ledger transaction, at every moment between two commits.

use std::fmt;

use crate::reason::closed_list;

closed_list!(
    /// What must hold.
    MoneyLaw {
        /// The entries of a ledger transaction add up to nothing.
        Balanced = "balanced",
        /// A ledger transaction has entries, and entries have their transaction.
        Complete = "complete",
        /// Entries are their trip's own, in the books of its store.
        OwnTrip = "own_trip",
        /// Trip, purchase, debt and ledger are in one currency.
        OneCurrency = "one_currency",
        /// `priced = in flight + captured + owed + in suspense`.
        Conserved = "conserved",
        /// A trip's total is what the ledger has as priced.
        TotalIsPriced = "total_is_priced",
        /// What was sold is what the ledger has as priced.
        PurchaseIsPriced = "purchase_is_priced",
        /// So is its tax.
        TaxIsPriced = "tax_is_priced",
        /// So are its deposits.
        DepositsArePriced = "deposits_are_priced",
        /// Only a trip that is being collected has something in flight: its total.
        InFlightByState = "in_flight_by_state",
        /// Only a trip whose capture nobody could confirm has something in suspense: its total.
        SuspenseByState = "suspense_by_state",
        /// A trip says what the ledger has as captured.
        CapturedByState = "captured_by_state",
        /// A recovered trip says what the ledger has as captured late.
        RecoveredByState = "recovered_by_state",
        /// A debt's `incurred = outstanding + paid + recovered + credited + written off`.
        DebtConserved = "debt_conserved",
        /// A debt says what the ledger has as owed.
        DebtIncurred = "debt_incurred",
        /// And as paid.
        DebtPaid = "debt_paid",
        /// And as recovered.
        DebtRecovered = "debt_recovered",
        /// And as credited.
        DebtCredited = "debt_credited",
        /// And as written off.
        DebtWrittenOff = "debt_written_off",
        /// What is outstanding of a debt is receivable from the instrument that owes it.
        ReceivableOfTrip = "receivable_of_trip",
        /// Or from nobody known.
        UnresolvedOfTrip = "unresolved_of_trip",
        /// What is receivable from an instrument is what is outstanding of its debts.
        ReceivableOfInstrument = "receivable_of_instrument",
        /// No more is refunded than was captured and paid.
        RefundedAtMost = "refunded_at_most",
        /// No more is refunded than was approved.
        RefundedAsApproved = "refunded_as_approved",
        /// No more credit is given back than the shopper had.
        CreditAtMost = "credit_at_most",
        /// One capture at most took effect.
        CapturedOnce = "captured_once",
    }
);

impl MoneyLaw {
    /// What two numbers are compared, as words for a person: what must be, then what is.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Balanced => "its entries must add up to nothing",
            Self::Complete => "it must have both a transaction and entries",
            Self::OwnTrip => "entries of another trip, or in another store's books",
            Self::OneCurrency => "rows in another currency",
            Self::Conserved => "priced must be in flight + captured + owed + in suspense",
            Self::TotalIsPriced => "its total must be what the ledger has as priced",
            Self::PurchaseIsPriced => "its purchase must be what the ledger has as priced",
            Self::TaxIsPriced => "the tax of its purchase must be what the ledger has",
            Self::DepositsArePriced => "the deposits of its purchase must be what the ledger has",
            Self::InFlightByState => "what its state has in flight must be what the ledger has",
            Self::SuspenseByState => "what its state has in suspense must be what the ledger has",
            Self::CapturedByState => "what its state has as captured must be what the ledger has",
            Self::RecoveredByState => "what its state has as captured late must be what the ledger has",
            Self::DebtConserved => {
                "what its debt incurred must be outstanding + paid + recovered + credited + written off"
            }
            Self::DebtIncurred => "what its debt incurred must be what the ledger has",
            Self::DebtPaid => "what was paid of its debt must be what the ledger has",
            Self::DebtRecovered => "what was recovered of its debt must be what the ledger has",
            Self::DebtCredited => "what was credited of its debt must be what the ledger has",
            Self::DebtWrittenOff => "what was written off of its debt must be what the ledger has",
            Self::ReceivableOfTrip => "what is outstanding must be receivable from the instrument",
            Self::UnresolvedOfTrip => "what is outstanding of nobody known must be an unresolved receivable",
            Self::ReceivableOfInstrument => "what is outstanding of its debts must be receivable from it",
            Self::RefundedAtMost => "no more may be refunded than was captured and paid",
            Self::RefundedAsApproved => "no more may be refunded than was approved",
            Self::CreditAtMost => "no more credit may be given back than the shopper had",
            Self::CapturedOnce => "one capture at most may take effect",
        }
    }
}

/// Where a law does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyViolation {
    /// Which.
    pub law: MoneyLaw,
    /// Where: `trip …`, `instrument …`, `ledger transaction …`.
    pub subject: String,
    /// What must be: minor units, or how many.
    pub expected: i64,
    /// What is.
    pub found: i64,
}

impl fmt::Display for MoneyViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, subject, expected, found } = self;
        write!(f, "{subject}: {}: {expected} expected, {found} found ({law})", law.says())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_law_has_a_word_and_a_sentence_of_its_own() {
        for law in MoneyLaw::ALL {
            assert_eq!(law.as_str().parse(), Ok(*law));
        }
        let sentences: BTreeSet<&str> = MoneyLaw::ALL.iter().map(|it| it.says()).collect();
        assert_eq!(sentences.len(), MoneyLaw::ALL.len());
    }

    #[test]
    fn a_violation_names_its_row_and_both_numbers() {
        let law = MoneyLaw::CapturedOnce;
        let violation = MoneyViolation { law, subject: "trip t-1".to_owned(), expected: 1, found: 2 };
        let said = "trip t-1: one capture at most may take effect: 1 expected, 2 found (captured_once)";
        assert_eq!(violation.to_string(), said);
    }
}
