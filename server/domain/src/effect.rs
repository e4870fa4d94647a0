//! What must happen outside. A value of [`Effect`] is a row in the outbox, committed with the change that asks for it.

use serde::{Deserialize, Serialize};

use crate::attempt::Api;
use crate::dispute::DisputeNews;
use crate::id::{
    DisputeId, EmailAddress, InstrumentId, PaymentLinkId, PayoffId, RefundId, SignInCodeId, StoreId, TripId,
};
use crate::money::Money;
use crate::reason::closed_list;
use crate::refund::RefundReason;

mod mail;
mod plan;

pub use plan::{DeadlineLook, GRACE, LOOK_AGAIN, Moment, Plan, WARN_BEFORE, deadline_look, is_uncharged};

/// One thing that must happen outside. Its JSON form is the outbox row's payload: add variants and optional fields, never
/// rename, since rows written by the version before are still waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Ask Amazon to hold `amount` instead of the first hold.
    AdjustCharge {
        /// The visit.
        trip: TripId,
        /// The store.
        store: StoreId,
        /// The whole total, not the difference.
        amount: Money,
    },
    /// Take `amount` from the card.
    CaptureCharge {
        /// The visit.
        trip: TripId,
        /// The store.
        store: StoreId,
        /// Never more than is authorized.
        amount: Money,
    },
    /// Release the hold.
    CancelCharge {
        /// The visit.
        trip: TripId,
        /// The store.
        store: StoreId,
    },
    /// Give `amount` back to the card. Asking again with the same id is harmless.
    RefundCharge {
        /// Which refund; its id is Amazon's key.
        refund: RefundId,
        /// The visit.
        trip: TripId,
        /// The store.
        store: StoreId,
        /// The card's part of the refund.
        amount: Money,
        /// Why.
        reason: RefundReason,
    },
    /// Ask for the card facts, which also witness a capture.
    FetchTransactionalData {
        /// The visit.
        trip: TripId,
        /// The store.
        store: StoreId,
    },
    /// Ask for the e-mail address.
    FetchShopperIdentity {
        /// The visit that gave the reason to ask.
        trip: TripId,
        /// The store.
        store: StoreId,
        /// Whose.
        instrument: InstrumentId,
    },
    /// Tell Amazon what became of a payment. The amounts are read when it is sent, so that several outcomes make one report.
    ReportPaymentStatus {
        /// The visit.
        trip: TripId,
        /// The store.
        store: StoreId,
    },
    /// Mail the receipt.
    SendReceipt {
        /// The visit.
        trip: TripId,
    },
    /// Tell the shopper what is owed.
    SendDebtNotice {
        /// The visit.
        trip: TripId,
    },
    /// Tell the shopper how a refund stands.
    SendRefundNotice {
        /// The visit.
        trip: TripId,
        /// Which.
        refund: RefundId,
        /// What there is to say.
        news: RefundNews,
    },
    /// Tell the shopper what was decided about a dispute.
    SendDisputeNotice {
        /// The visit.
        trip: TripId,
        /// Which.
        dispute: DisputeId,
        /// What there is to say.
        news: DisputeNews,
    },
    /// Tell the shopper how a payoff stands.
    SendPayoffNotice {
        /// Which.
        payoff: PayoffId,
        /// What there is to say.
        news: PayoffNews,
    },
    /// Ask how a payoff stands of which nobody has told.
    CheckPayoff {
        /// Which.
        payoff: PayoffId,
    },
    /// Mail the code for signing in. Its row has the code and the address, sealed.
    MailSignInCode {
        /// Which.
        code: SignInCodeId,
    },
    /// Mail a payment link. Its row has the link and the address, sealed.
    MailPaymentLink {
        /// Which.
        link: PaymentLinkId,
    },
    /// The same as the version before wrote it, with the code in the outbox's own row, which is emptied once it is sent.
    SendSignInCode {
        /// To whom.
        to: EmailAddress,
        /// Eight digits.
        code: SignInCode,
    },
    /// Look at the trip when its payment token has ended.
    CheckDeadline {
        /// The visit.
        trip: TripId,
    },
    /// Look at a cart that has waited for a person long enough.
    CheckReview {
        /// The visit.
        trip: TripId,
    },
    /// Look at the trip when a cart should have come long ago.
    CheckEntry {
        /// The visit.
        trip: TripId,
    },
}

closed_list!(
    /// What a shopper is told of a refund.
    RefundNews {
        /// It was asked for, and a person looks at it.
        InReview = "in_review",
        /// It will be given.
        Approved = "approved",
        /// It was given.
        Refunded = "refunded",
        /// It will not be given.
        Declined = "declined",
    }
);

closed_list!(
    /// What a shopper is told of a payoff.
    PayoffNews {
        /// It is paid.
        Paid = "paid",
        /// The bank has taken it back.
        ChargedBack = "charged_back",
    }
);

/// Eight digits that let a shopper in. `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignInCode(pub String);

impl std::fmt::Debug for SignInCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInCode(…)")
    }
}

impl Effect {
    /// The name of its kind, as rows, metrics and lists have it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AdjustCharge { .. } => "adjust_charge",
            Self::CaptureCharge { .. } => "capture_charge",
            Self::CancelCharge { .. } => "cancel_charge",
            Self::RefundCharge { .. } => "refund_charge",
            Self::FetchTransactionalData { .. } => "fetch_transactional_data",
            Self::FetchShopperIdentity { .. } => "fetch_shopper_identity",
            Self::ReportPaymentStatus { .. } => "report_payment_status",
            Self::SendReceipt { .. } => "send_receipt",
            Self::SendDebtNotice { .. } => "send_debt_notice",
            Self::SendRefundNotice { .. } => "send_refund_notice",
            Self::SendDisputeNotice { .. } => "send_dispute_notice",
            Self::SendPayoffNotice { .. } => "send_payoff_notice",
            Self::CheckPayoff { .. } => "check_payoff",
            Self::MailSignInCode { .. } => "mail_sign_in_code",
            Self::MailPaymentLink { .. } => "mail_payment_link",
            Self::SendSignInCode { .. } => "send_sign_in_code",
            Self::CheckDeadline { .. } => "check_deadline",
            Self::CheckReview { .. } => "check_review",
            Self::CheckEntry { .. } => "check_entry",
        }
    }

    /// The visit it belongs to. `None` for what concerns a person only.
    #[must_use]
    pub fn trip(&self) -> Option<&TripId> {
        match self {
            Self::AdjustCharge { trip, .. }
            | Self::CaptureCharge { trip, .. }
            | Self::CancelCharge { trip, .. }
            | Self::RefundCharge { trip, .. }
            | Self::SendRefundNotice { trip, .. }
            | Self::SendDisputeNotice { trip, .. }
            | Self::FetchTransactionalData { trip, .. }
            | Self::FetchShopperIdentity { trip, .. }
            | Self::ReportPaymentStatus { trip, .. }
            | Self::SendReceipt { trip }
            | Self::SendDebtNotice { trip }
            | Self::CheckDeadline { trip }
            | Self::CheckReview { trip }
            | Self::CheckEntry { trip } => Some(trip),
            Self::SendPayoffNotice { .. }
            | Self::CheckPayoff { .. }
            | Self::MailSignInCode { .. }
            | Self::MailPaymentLink { .. }
            | Self::SendSignInCode { .. } => None,
        }
    }

    /// The API of Amazon's that it calls. `None` for mail and for looks at our own rows.
    #[must_use]
    pub fn api(&self) -> Option<Api> {
        match self {
            Self::AdjustCharge { .. } => Some(Api::AdjustCharge),
            Self::CaptureCharge { .. } => Some(Api::CaptureCharge),
            Self::CancelCharge { .. } => Some(Api::CancelCharge),
            Self::RefundCharge { .. } => Some(Api::RefundCharge),
            Self::FetchTransactionalData { .. } => Some(Api::GetTransactionalData),
            Self::FetchShopperIdentity { .. } => Some(Api::GetShopperIdentity),
            Self::ReportPaymentStatus { .. } => Some(Api::ReportPaymentStatus),
            Self::SendReceipt { .. }
            | Self::SendDebtNotice { .. }
            | Self::SendRefundNotice { .. }
            | Self::SendDisputeNotice { .. }
            | Self::SendPayoffNotice { .. }
            | Self::CheckPayoff { .. }
            | Self::MailSignInCode { .. }
            | Self::MailPaymentLink { .. }
            | Self::SendSignInCode { .. }
            | Self::CheckDeadline { .. }
            | Self::CheckReview { .. }
            | Self::CheckEntry { .. } => None,
        }
    }
}
