//! One store's settings: what differs from store to store.

use time::Duration;

use crate::id::StoreId;
use crate::money::{Currency, Money};
use crate::pricing::PricingSettings;
use crate::reason::closed_list;
use crate::receipt::Merchant;
use crate::refund::RefundRules;

closed_list!(
    /// Who decides at the gate (risk overview page; seed "Bad Debt Enforcement at Entry").
    GateStrategy {
        /// Our own debt records decide about debt; other risks by Amazon's recommendation and the store's rules.
        CustomerManaged = "customer_managed",
        /// Denied if either of the two denies.
        AmazonRecommendation = "amazon_recommendation",
        /// Amazon's recommendation is echoed.
        AmazonManaged = "amazon_managed",
    }
);

closed_list!(
    /// When Amazon is told what became of a payment.
    FeedbackPolicy {
        /// Only where Amazon keeps the balance, which is to say not under `customer_managed`.
        WhereAmazonKeepsTheBalance = "where_amazon_keeps_the_balance",
        /// After every outcome.
        Always = "always",
    }
);

closed_list!(
    /// What becomes of a cart with lines that could not be identified.
    BadCartPolicy {
        /// Charge what was recognised, now.
        ChargeRecognised = "charge_recognised",
        /// Wait for a person, up to the review limit.
        HoldForReview = "hold_for_review",
    }
);

closed_list!(
    /// What to do when Adjust Charge is declined (seed "Verification Process": three options).
    DeclinePolicy {
        /// The whole total becomes a debt.
        DebtInFull = "debt_in_full",
        /// Capture what Amazon says is authorized, the rest becomes a debt.
        CaptureAuthorized = "capture_authorized",
        /// Ask for 75, 50, 25 percent, capture the first that holds, the rest becomes a debt.
        Ladder = "ladder",
        /// Halve the way between what is held and what was declined, a few times; recovers more than the ladder.
        Bisect = "bisect",
    }
);

/// A store's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Amazon's name for it.
    pub id: StoreId,
    /// What receipts print, and whom a shopper asks.
    pub merchant: Merchant,
    /// The one currency it sells in.
    pub currency: Currency,
    /// Who decides at the gate.
    pub gate_strategy: GateStrategy,
    /// A balance strictly below it still opens the gate. `None`: any positive balance denies.
    pub debt_threshold: Option<Money>,
    /// When Amazon is told of outcomes.
    pub feedback: FeedbackPolicy,
    /// Bad carts.
    pub bad_cart: BadCartPolicy,
    /// Declined adjustments.
    pub decline: DeclinePolicy,
    /// How carts are priced.
    pub pricing: PricingSettings,
    /// How long a bad cart may wait for a person; then what was recognised is charged.
    pub review_limit: Duration,
    /// How long after the start of a trip its payment token lives; typically 46 hours (seed "Considerations").
    pub token_life: Duration,
    /// Is it proven that Amazon takes a repeated capture of one trip for the first one? Only then is a capture repeated whose
    /// answer was lost.
    pub capture_repeat_is_safe: bool,
    /// Is it proven that Get Transactional Data answers 200 only after a capture? Only then does it witness one.
    pub transactional_data_proves_capture: bool,
    /// Is a total that is held already, to the cent, captured without asking Adjust Charge first? What Amazon refuses then is adjusted
    /// and captured.
    pub skips_adjust: bool,
    /// Refunds.
    pub refund: RefundRules,
}

impl Store {
    /// Must Amazon be told what became of a payment?
    #[must_use]
    pub fn reports_feedback(&self) -> bool {
        match (self.feedback, self.gate_strategy) {
            (FeedbackPolicy::Always, _) => true,
            (FeedbackPolicy::WhereAmazonKeepsTheBalance, GateStrategy::CustomerManaged) => false,
            (
                FeedbackPolicy::WhereAmazonKeepsTheBalance,
                GateStrategy::AmazonRecommendation | GateStrategy::AmazonManaged,
            ) => true,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn demo_store() -> Store {
        Store {
            id: StoreId::new("TEST_STORE_001").unwrap(),
            merchant: Merchant {
                name: "Demo Store".to_owned(),
                address: "1 Market Street".to_owned(),
                tax_number: "12-3456789".to_owned(),
                contact: "help@example.com".to_owned(),
            },
            currency: Currency::USD,
            gate_strategy: GateStrategy::CustomerManaged,
            debt_threshold: None,
            feedback: FeedbackPolicy::Always,
            bad_cart: BadCartPolicy::ChargeRecognised,
            decline: DeclinePolicy::DebtInFull,
            pricing: PricingSettings::plain("US-NY"),
            review_limit: Duration::hours(24),
            token_life: Duration::hours(46),
            capture_repeat_is_safe: true,
            transactional_data_proves_capture: true,
            skips_adjust: false,
            refund: RefundRules::plain(Currency::USD),
        }
    }

    #[test]
    fn feedback_goes_out_where_amazon_keeps_the_balance_or_where_it_is_asked_for() {
        use {FeedbackPolicy::*, GateStrategy::*};
        let table = [
            (WhereAmazonKeepsTheBalance, CustomerManaged, false),
            (WhereAmazonKeepsTheBalance, AmazonRecommendation, true),
            (WhereAmazonKeepsTheBalance, AmazonManaged, true),
            (Always, CustomerManaged, true),
        ];
        for (feedback, gate_strategy, reports) in table {
            assert_eq!(Store { feedback, gate_strategy, ..demo_store() }.reports_feedback(), reports);
        }
    }
}
