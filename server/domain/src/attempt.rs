//! One call to Amazon: what was sent, and what is known of its outcome.

use crate::reason::closed_list;

pub mod rule;

closed_list!(
    /// Amazon's APIs that we call.
    Api {
        /// `POST /v1/adjust/charge`.
        AdjustCharge = "adjust_charge",
        /// `POST /v1/capture/charge`.
        CaptureCharge = "capture_charge",
        /// `POST /v1/cancel/charge`.
        CancelCharge = "cancel_charge",
        /// `POST /v1/refund`.
        RefundCharge = "refund_charge",
        /// `POST /v1/payment/transactional-data`.
        GetTransactionalData = "get_transactional_data",
        /// `POST /v1/identity/shopper`.
        GetShopperIdentity = "get_shopper_identity",
        /// `POST /v1/feedback/payment-status`.
        ReportPaymentStatus = "report_payment_status",
    }
);

closed_list!(
    /// What is known of a call. It is recorded as `sent` before it is made, so that a crash leaves `sent`, never nothing.
    AttemptOutcome {
        /// About to be made, made, or lost with the one who made it.
        Sent = "sent",
        /// Answered with what was asked for.
        Answered = "answered",
        /// Answered with a refusal that a repeat would not change.
        Refused = "refused",
        /// Answered with "later": 429, or a failure on Amazon's side.
        Busy = "busy",
        /// Surely never reached Amazon.
        NotSent = "not_sent",
        /// Perhaps reached Amazon; no answer came.
        NoAnswer = "no_answer",
    }
);
