//! The APIs that Amazon hosts and the twin plays.

use serde::{Deserialize, Serialize};

/// One API of Amazon, by the name that control and truth use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    Adjust,
    Capture,
    Cancel,
    Refund,
    TransactionalData,
    PaymentStatus,
    ShopperIdentity,
}

impl Api {
    /// Every API, in the order a trip meets them.
    pub const ALL: [Self; 7] = [
        Self::Adjust,
        Self::Capture,
        Self::Cancel,
        Self::TransactionalData,
        Self::ShopperIdentity,
        Self::PaymentStatus,
        Self::Refund,
    ];

    /// The path Amazon hosts it at, always by POST.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Adjust => "/v1/adjust/charge",
            Self::Capture => "/v1/capture/charge",
            Self::Cancel => "/v1/cancel/charge",
            Self::Refund => "/v1/refund",
            Self::TransactionalData => "/v1/payment/transactional-data",
            Self::PaymentStatus => "/v1/feedback/payment-status",
            Self::ShopperIdentity => "/v1/identity/shopper",
        }
    }

    /// The name used in control requests and in the truth.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Adjust => "adjust",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::TransactionalData => "transactional_data",
            Self::PaymentStatus => "payment_status",
            Self::ShopperIdentity => "shopper_identity",
        }
    }
}
