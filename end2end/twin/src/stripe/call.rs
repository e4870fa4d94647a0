//! The calls that Stripe takes here.

use serde::{Deserialize, Serialize};

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StripeCall {
    CreateSession,
    RetrieveSession,
    ExpireSession,
    RetrievePayment,
    RetrieveCharge,
    ListBalance,
}

impl StripeCall {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateSession => "create_session",
            Self::RetrieveSession => "retrieve_session",
            Self::ExpireSession => "expire_session",
            Self::RetrievePayment => "retrieve_payment",
            Self::RetrieveCharge => "retrieve_charge",
            Self::ListBalance => "list_balance",
        }
    }
}
