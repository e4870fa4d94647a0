//! The test cards of the card network.

use serde::{Deserialize, Serialize};

/// How a shopper identifies at the gate (`gateAuthenticationEvent.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GateType {
    CreditCard,
    AmazonOne,
    MobileWallet,
}

impl GateType {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::CreditCard => "CREDIT_CARD",
            Self::AmazonOne => "AMAZON_ONE",
            Self::MobileWallet => "MOBILE_WALLET",
        }
    }
}

/// How often a card's issuer answers PENDING to the adjusts of one trip before it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    Never,
    Times(u32),
    Forever,
}

/// A payment instrument and how its issuer behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What tests and the command line call it.
    pub name: String,
    /// Amazon's id of the payment instrument (`shopperIdentity.id`).
    pub instrument: String,
    /// As in transactional data: `VISA`, `MASTERCARD`, `AMEX`.
    pub brand: String,
    pub last_four: String,
    /// Two digits.
    pub expiry_month: String,
    /// Four digits.
    pub expiry_year: String,
    /// What the shopper registered at the receipt kiosk, if anything.
    pub email: Option<String>,
    /// The most the issuer authorizes for one trip, in minor units of the trip's currency.
    pub limit_minor: i64,
    pub gate_type: GateType,
    /// Amazon recommends denial at the gate when any is listed (`shopperRisks`), unless `recommended` says otherwise.
    pub risks: Vec<String>,
    /// What Amazon recommends at the gate whatever the risks.
    #[serde(default)]
    pub recommended: Option<bool>,
    /// The hold that Amazon recommends instead of the one it asks about, in minor units (an `ADJUST` condition).
    #[serde(default)]
    pub recommended_hold_minor: Option<i64>,
    pub pending: Pending,
}

impl Card {
    /// An approved Visa with this name, to be changed with struct update syntax.
    #[must_use]
    pub fn visa_named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            instrument: format!("shopper-{name}-0001"),
            brand: "VISA".to_owned(),
            last_four: "4242".to_owned(),
            expiry_month: "12".to_owned(),
            expiry_year: "2030".to_owned(),
            email: Some(format!("{name}.shopper@example.com")),
            limit_minor: 1_000_000,
            gate_type: GateType::CreditCard,
            risks: Vec::new(),
            recommended: None,
            recommended_hold_minor: None,
            pending: Pending::Never,
        }
    }

    /// The application id of the card's brand, as EMV readers report it (`applicationId`).
    /// Source: EFTLab's list of registered AIDs, <https://www.eftlab.com/knowledge-base/complete-list-of-application-identifiers-aid>.
    pub(crate) fn application_id(&self) -> &'static str {
        match self.brand.as_str() {
            "MASTERCARD" => "A0000000041010",
            "AMEX" => "A00000002501",
            _ => "A0000000031010",
        }
    }

    fn branded(mut self, brand: &str, last_four: &str) -> Self {
        self.brand = brand.to_owned();
        self.last_four = last_four.to_owned();
        self
    }

    fn risky(mut self, risk: &str) -> Self {
        self.risks = vec![risk.to_owned()];
        self
    }
}

/// The cards every twin starts with: one for each outcome that Storeside must know.
#[must_use]
pub fn demo_cards() -> Vec<Card> {
    let visa = Card::visa_named;
    vec![
        visa("visa"),
        visa("mastercard").branded("MASTERCARD", "4444"),
        visa("amex").branded("AMEX", "0005"),
        Card { limit_minor: 0, ..visa("insufficient").branded("VISA", "9995") },
        Card { limit_minor: 500, ..visa("partial").branded("VISA", "3063") },
        Card { expiry_year: "2020".to_owned(), ..visa("expired").branded("VISA", "0069").risky("ExpiredCard") },
        visa("invalid").branded("VISA", "0002").risky("InvalidCard"),
        Card { pending: Pending::Times(2), ..visa("pending").branded("VISA", "7726") },
        Card { pending: Pending::Forever, ..visa("pending-forever").branded("VISA", "7734") },
        Card { gate_type: GateType::AmazonOne, ..visa("amazon-one").branded("VISA", "1881") },
        Card { gate_type: GateType::MobileWallet, email: None, ..visa("wallet").branded("MASTERCARD", "8210") },
    ]
}
