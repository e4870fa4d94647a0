//! Why something is so, as closed lists: what a row, a report and a page may say.

/// A word that is in none of the lists here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a known reason")]
pub struct UnknownReason;

/// Makes a closed list with one spelling, the same in rows, reports and code.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $word)] $item),+
        }

        impl $name {
            /// Every one of them, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$item),+];

            /// The one spelling, as rows and reports have it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$item => $word),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::reason::UnknownReason;
            fn from_str(word: &str) -> Result<Self, $crate::reason::UnknownReason> {
                match word {
                    $($word => Ok(Self::$item),)+
                    _ => Err($crate::reason::UnknownReason),
                }
            }
        }
    };
}
pub(crate) use closed_list;

closed_list!(
    /// Why a trip was not collected whole (the root causes of the test plan, sections 14.3 to 14.6).
    DebtCause {
        /// Adjust Charge answered DECLINED and nothing was captured.
        PaymentDeclined = "payment_declined",
        /// Only a part was authorized and captured.
        PartialCapture = "partial_capture",
        /// The payment token ended before the cart was charged.
        PreauthExpired = "preauth_expired",
        /// Capture failed on every try, each of them answered.
        CaptureFailed = "capture_failed",
        /// The bank took a capture back.
        CaptureDeclined = "capture_declined",
        /// The cart came after the hold had been released.
        LateCart = "late_cart",
        /// Our own fault.
        SystemError = "system_error",
    }
);

closed_list!(
    /// Why the gate opened or stayed closed.
    GateReason {
        /// Nothing speaks against it.
        NothingOwed = "nothing_owed",
        /// Something is owed, but less than the store's threshold.
        BelowThreshold = "below_threshold",
        /// Amazon's recommendation was followed.
        Recommended = "recommended",
        /// An outstanding balance at or above the store's threshold.
        OutstandingBalance = "outstanding_balance",
        /// Amazon recommended to deny.
        RecommendedDenial = "recommended_denial",
        /// A risk that the store denies, such as an expired card.
        Risk = "risk",
        /// Too many unpaid visits, or too much owed: whatever another rule says.
        RepeatOffender = "repeat_offender",
        /// A rule of the store's opens the gate with another hold.
        Conditional = "conditional",
        /// Amazon recommended to deny because of risks that the store accepts.
        RiskAccepted = "risk_accepted",
        /// Amazon recommended to deny because of a debt that was settled since.
        SettledSince = "settled_since",
        /// On the list of instruments that stay out.
        Blocked = "blocked",
        /// On the list of instruments that come in whatever is said of them.
        Allowed = "allowed",
        /// The records are away, and the store admits nobody without them.
        RecordsAway = "records_away",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_itself() {
        for cause in DebtCause::ALL {
            assert_eq!(cause.as_str().parse(), Ok(*cause));
        }
        for reason in GateReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
        }
        assert_eq!("".parse::<DebtCause>(), Err(UnknownReason));
    }
}
