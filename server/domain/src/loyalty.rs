//! Who is a member.

use crate::id::{EmailAddress, LoyaltyNumber};

/// A loyalty account as the retailer's list has it. The least that prices and signing in need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoyaltyAccount {
    /// Its number, unique in the list.
    pub number: LoyaltyNumber,
    /// Where its owner can be written to; `None`: unknown.
    pub email: Option<EmailAddress>,
    /// Is its owner no member any more?
    pub ended: bool,
}
