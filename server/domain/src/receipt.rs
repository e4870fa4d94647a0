//! What a shopper gets to read: built from the purchase, the card facts and what was collected.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::id::{ReconciliationId, RefundId, TripId};
use crate::label::Label;
use crate::money::{Money, MoneyError};
use crate::pricing::{AppliedPromotion, Purchase};

pub mod word;

/// Who sold: printed at the head of every receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    /// The name shoppers know.
    pub name: String,
    /// Street and town, as one would write them on a letter, lines separated by `\n`.
    pub address: String,
    /// The number the tax authority gave.
    pub tax_number: String,
    /// Where to ask: an address or a telephone number.
    pub contact: String,
}

/// What Get Transactional Data says of the card and the transaction. Every field may be absent: the page's answer table has no
/// column "Required".
///
/// Personal: `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardFacts {
    /// `brand`, like `VISA`.
    pub brand: Option<String>,
    /// `currency`.
    pub currency: Option<String>,
    /// `tail`: the last four digits.
    pub tail: Option<String>,
    /// `expirationDate.expirationMonth`.
    pub expiration_month: Option<String>,
    /// `expirationDate.expirationYear`.
    pub expiration_year: Option<String>,
    /// `posEntryMode`: EMV tag 9F39.
    pub pos_entry_mode: Option<String>,
    /// `authorizationResponseCode`.
    pub authorization_response_code: Option<String>,
    /// `cryptogramInformationData`: two hex digits.
    pub cryptogram_information_data: Option<String>,
    /// `panSequenceNumber`.
    pub pan_sequence_number: Option<String>,
    /// `applicationId`: the AID, in hex.
    pub application_id: Option<String>,
    /// `cardholderVerificationMethodResult`.
    pub cardholder_verification_method_result: Option<String>,
    /// `terminalId`.
    pub terminal_id: Option<String>,
    /// `reconciliationId`.
    pub reconciliation_id: Option<String>,
    /// `cardStatementTransactionId`: what the shopper finds on the card statement.
    pub card_statement_transaction_id: Option<String>,
}

impl fmt::Debug for CardFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardFacts(…)")
    }
}

impl CardFacts {
    /// How a person names the card: `VISA ending in 1234`. `None` when neither is known.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match (self.brand.as_deref(), self.tail.as_deref()) {
            (Some(brand), Some(tail)) => Some(format!("{brand} ending in {tail}")),
            (Some(brand), None) => Some(brand.to_owned()),
            (None, Some(tail)) => Some(format!("Card ending in {tail}")),
            (None, None) => None,
        }
    }

    /// What bookkeeping needs once the card itself is no one's business any more: by Amazon's number the payment is found again.
    #[must_use]
    pub fn reduced(&self) -> Self {
        Self {
            brand: self.brand.clone(),
            currency: self.currency.clone(),
            reconciliation_id: self.reconciliation_id.clone(),
            ..Self::default()
        }
    }

    /// `posEntryMode` in words a shopper knows. `None` for a mode the page does not list.
    ///
    /// Source: EMV book 4, tag 9F39; the five values of the Get Transactional Data page.
    #[must_use]
    pub fn entry_mode(&self) -> Option<&'static str> {
        match self.pos_entry_mode.as_deref()? {
            "EMV_9F39_02" | "EMV_9F39_90" => Some("Swiped"),
            "EMV_9F39_05" => Some("Chip"),
            "EMV_9F39_07" => Some("Contactless"),
            "EMV_9F39_80" => Some("Swiped after a chip error"),
            _ => None,
        }
    }
}

/// One article on a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// The article's name.
    pub name: String,
    /// How much of it, in `unit`.
    pub quantity: Decimal,
    /// `unit` for pieces, else the unit of weight.
    pub unit: String,
    /// The price of one `unit`.
    pub unit_price: Money,
    /// Quantity times unit price, before promotions.
    pub price: Money,
    /// What promotions took off, by name.
    pub promotions: Vec<AppliedPromotion>,
}

/// All tax of one rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptTax {
    /// Whose.
    pub jurisdiction: Label,
    /// Its name.
    pub name: Label,
    /// In percent: `8.875`.
    pub percent: Decimal,
    /// Is it part of the prices already?
    pub included: bool,
    /// The tax at that rate.
    pub amount: Money,
}

/// Money that is set aside on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How much.
    pub amount: Money,
    /// By when it is released at the latest.
    pub until: OffsetDateTime,
}

/// How far the money of a trip has come, in the words a receipt needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentProgress {
    /// Being charged; nothing to do for the shopper.
    InProgress,
    /// Everything was taken from the card.
    Paid,
    /// Something could not be taken.
    Owed,
    /// Nothing is charged; the hold on the card is released.
    NoCharge,
}

/// A refund, as a receipt shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRefund {
    /// By which the store finds it.
    pub reference: RefundId,
    /// When it was asked for.
    pub requested_at: OffsetDateTime,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub progress: RefundProgress,
    /// Amazon's number for it, once it is given back.
    pub reconciliation: Option<ReconciliationId>,
    /// Why it was declined, in the store's words.
    pub declined_because: Option<String>,
}

/// How far a refund is, in the words a shopper needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundProgress {
    /// A person looks at it.
    InReview,
    /// Approved; the money is on its way.
    OnItsWay,
    /// Given back.
    Refunded,
    /// Came off what was owed.
    Credited,
    /// Not given.
    Declined,
}

/// A receipt, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The visit.
    pub trip: TripId,
    /// Who sold.
    pub merchant: Merchant,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// What was taken, in the order of the cart.
    pub lines: Vec<ReceiptLine>,
    /// Things taken that could not be identified, and are therefore not charged.
    pub unidentified: u32,
    /// Sum of the lines, before promotions and added tax.
    pub price: Money,
    /// What each promotion took off in all.
    pub promotions: Vec<AppliedPromotion>,
    /// Sum of the promotions.
    pub discount: Money,
    /// One entry per tax rate, the lowest rate first; untaxed lines have none.
    pub taxes: Vec<ReceiptTax>,
    /// Sum of the taxes that are added to the price.
    pub tax: Money,
    /// Sum of the taxes that are part of the price.
    pub tax_included: Money,
    /// Deposits and fees.
    pub deposits: Money,
    /// `price − discount + tax + deposits`.
    pub total: Money,
    /// What was taken from the card.
    pub captured: Money,
    /// What is still owed.
    pub outstanding: Money,
    /// How far the payment is.
    pub progress: PaymentProgress,
    /// The card, once Amazon has told.
    pub card: Option<CardFacts>,
    /// What was asked back, the first one first.
    pub refunds: Vec<ReceiptRefund>,
    /// What is still held on the card, besides what was taken.
    #[serde(default)]
    pub held: Option<Held>,
}

/// What was collected of a purchase so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collected {
    /// Taken from the card.
    pub captured: Money,
    /// Still owed.
    pub outstanding: Money,
    /// How far the payment is.
    pub progress: PaymentProgress,
}

impl Receipt {
    /// The receipt with what is still held.
    #[must_use]
    pub fn with_held(self, held: Option<Held>) -> Self {
        Self { held, ..self }
    }

    /// The receipt with what was asked back.
    #[must_use]
    pub fn with_refunds(self, refunds: Vec<ReceiptRefund>) -> Self {
        Self { refunds, ..self }
    }

    /// Puts a receipt together.
    ///
    /// # Errors
    ///
    /// Only when the purchase's own parts do not add up in 64 bits, which its making rules out.
    pub fn of(
        trip: TripId,
        merchant: Merchant,
        started_at: OffsetDateTime,
        purchase: &Purchase,
        collected: Collected,
        card: Option<CardFacts>,
    ) -> Result<Self, MoneyError> {
        let lines = purchase.lines.iter().map(|line| ReceiptLine {
            name: line.name.clone(),
            quantity: line.quantity,
            unit: line.unit.clone(),
            unit_price: line.unit_price,
            price: line.price,
            promotions: line.applied.clone(),
        });
        Ok(Self {
            trip,
            merchant,
            started_at,
            lines: lines.collect(),
            unidentified: u32::try_from(purchase.bad_lines.len()).unwrap_or(u32::MAX),
            price: purchase.price,
            promotions: purchase.applied.clone(),
            discount: purchase.promotions,
            taxes: taxes_by_rate(purchase)?,
            tax: purchase.tax,
            tax_included: purchase.tax_included,
            deposits: purchase.deposits,
            total: purchase.total,
            captured: collected.captured,
            outstanding: collected.outstanding,
            progress: collected.progress,
            card,
            refunds: vec![],
            held: None,
        })
    }
}

fn taxes_by_rate(purchase: &Purchase) -> Result<Vec<ReceiptTax>, MoneyError> {
    let mut taxes: Vec<ReceiptTax> = vec![];
    let all = purchase.lines.iter().flat_map(|line| &line.taxes).filter(|tax| !tax.percent.is_zero());
    for tax in all {
        let known = taxes.iter_mut().find(|it| {
            (&it.jurisdiction, &it.name, it.percent, it.included)
                == (&tax.jurisdiction, &tax.name, tax.percent, tax.included)
        });
        match known {
            Some(it) => it.amount = it.amount.checked_add(tax.amount)?,
            None => taxes.push(ReceiptTax {
                jurisdiction: tax.jurisdiction.clone(),
                name: tax.name.clone(),
                percent: tax.percent,
                included: tax.included,
                amount: tax.amount,
            }),
        }
    }
    taxes.sort_by(|a, b| (a.percent, &a.jurisdiction, &a.name).cmp(&(b.percent, &b.jurisdiction, &b.name)));
    Ok(taxes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RuleSetId;
    use crate::id::Sku;
    use crate::money::Currency;
    use crate::pricing::{LineTax, PricingSettings, PurchaseLine};
    use crate::promotion::PromotionId;
    use crate::store::tests::demo_store;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn tax(name: &str, percent: i64, amount: i64) -> LineTax {
        let percent = Decimal::from(percent);
        LineTax { jurisdiction: "here".into(), name: name.into(), percent, included: false, amount: usd(amount) }
    }

    fn line(taxes: Vec<LineTax>) -> PurchaseLine {
        let sale = AppliedPromotion { id: PromotionId("sale".into()), name: "Sale".into(), amount: usd(20) };
        PurchaseLine {
            line_no: 1,
            sku: Sku::new("A").unwrap(),
            name: "Article".to_owned(),
            quantity: Decimal::ONE,
            unit: "unit".to_owned(),
            unit_price: usd(100),
            price: usd(100),
            discount: usd(20),
            tax: usd(0),
            tax_included: usd(0),
            deposit: usd(5),
            taxes,
            applied: vec![sale],
            explanation: vec![],
            line_item_id: None,
        }
    }

    #[test]
    fn comp_003_a_receipt_has_promotions_by_name_taxes_by_rate_and_deposits() {
        let lines = vec![
            line(vec![tax("State", 4, 3), tax("City", 5, 4)]),
            line(vec![tax("State", 4, 3)]),
            line(vec![tax("State", 0, 0)]),
        ];
        let sale = AppliedPromotion { id: PromotionId("sale".into()), name: "Sale".into(), amount: usd(60) };
        let purchase = Purchase {
            rule_set: RuleSetId(1),
            engine_version: 1,
            settings: PricingSettings::plain("here"),
            lines,
            bad_lines: vec![],
            price: usd(300),
            promotions: usd(60),
            tax: usd(10),
            tax_included: usd(0),
            deposits: usd(15),
            total: usd(265),
            applied: vec![sale.clone()],
            explanation: vec![],
        };
        let collected = Collected { captured: usd(265), outstanding: usd(0), progress: PaymentProgress::Paid };
        let trip = TripId::new("trip").unwrap();
        let at = OffsetDateTime::UNIX_EPOCH;
        let receipt = Receipt::of(trip, demo_store().merchant, at, &purchase, collected, None).unwrap();
        let taxes: Vec<_> = receipt.taxes.iter().map(|tax| (tax.name.as_str(), tax.amount)).collect();
        assert_eq!(taxes, [("State", usd(6)), ("City", usd(4))]);
        assert_eq!((receipt.promotions, receipt.lines[0].promotions[0].amount), (vec![sale], usd(20)));
        assert_eq!((receipt.discount, receipt.deposits, receipt.total), (usd(60), usd(15), usd(265)));
    }
}
