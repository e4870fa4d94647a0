//! What Amazon says a shopper took.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::id::{GateEventId, InstrumentId, LoyaltyNumber, StoreId, TripId};

/// Longest `quantity.value` in characters (Create Purchases test page, case 3.25).
pub const QUANTITY_CHARS_MAX: usize = 10;

/// What [`CartItem::id`] is (Create Purchases page, `cartItems[].type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CartItemKind {
    /// The retailer's own article number.
    Sku,
    /// A barcode; the article is found through its identifiers.
    Scancode,
}

/// A number system of articles (catalog page and Create Purchases page).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IdentifierKind {
    /// Universal Product Code.
    Upc,
    /// European Article Number, 13 digits.
    Ean,
    /// European Article Number, 8 digits.
    Ean8,
    /// Global Trade Item Number, 14 digits.
    Gtin,
    /// Price Look-Up number.
    Plu,
    /// International Standard Book Number.
    Isbn,
}

impl IdentifierKind {
    /// Every one of them.
    pub const ALL: [Self; 6] = [Self::Upc, Self::Ean, Self::Ean8, Self::Gtin, Self::Plu, Self::Isbn];
}

/// One more name of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalIdentifier {
    /// The number system.
    pub kind: IdentifierKind,
    /// The number.
    pub id: String,
}

/// How much of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// Never negative. Zero is possible, and makes the line a bad one.
    pub value: Decimal,
    /// As Amazon wrote it: `unit`, `lb`, or something new.
    pub unit: String,
}

/// One line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartItem {
    /// Article number or barcode, by `kind`.
    pub id: String,
    /// What `id` is.
    pub kind: CartItemKind,
    /// How much.
    pub quantity: Quantity,
    /// More names of the article.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_identifiers: Vec<ExternalIdentifier>,
    /// Amazon's name for this line, unique within a cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_item_id: Option<String>,
}

/// Everything a shopper took on one trip. Empty when nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The lines, as sent.
    pub items: Vec<CartItem>,
}

/// How somebody of a group came in (Create Purchases page, `authEvents[].payloadType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PayloadKind {
    /// With a card.
    Financial,
    /// With a code on a screen.
    ScanCode,
}

/// Whom a scanned code stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// The id we gave when the code was resolved.
    pub id: String,
    /// `SHOPPER`, or another word that no page lists.
    pub kind: String,
}

impl Scan {
    /// The loyalty account that the code may stand for: of a shopper, or of any kind that has the word loyalty in it. Not of an
    /// associate, nor of a shopper with cash: how those are spelled no page says, that they exist the test plan does (cases 1.10
    /// to 1.12).
    #[must_use]
    pub fn loyalty_number(&self) -> Option<LoyaltyNumber> {
        let is_member = self.kind == "SHOPPER" || self.kind.split('_').any(|word| word == "LOYALTY");
        if is_member { LoyaltyNumber::new(&self.id).ok() } else { None }
    }
}

/// One person's way in. A group trip has several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthEvent {
    /// Names the tap or scan; equals the gate event's id as far as is known.
    pub id: GateEventId,
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    pub at: Option<OffsetDateTime>,
    /// `ENTRY`, `EXIT` or `MANUAL_IN_STORE`.
    pub location: Option<String>,
    /// With what.
    pub payload_kind: PayloadKind,
    /// Whom the code stands for, where one was scanned.
    pub scan: Option<Scan>,
}

/// One request of Create Purchases, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartReceived {
    /// New for every request, repeated ones too.
    pub request_id: Uuid,
    /// The visit, and the key under which a repeated request gets the first answer.
    pub trip: TripId,
    /// Where.
    pub store: StoreId,
    /// When the visit began: its prices and taxes count, and the payment token's life.
    pub started_at: OffsetDateTime,
    /// When it ended; never before it began.
    pub ended_at: OffsetDateTime,
    /// Who came in, at least one.
    pub auth_events: Vec<AuthEvent>,
    /// What they took.
    pub cart: Cart,
    /// The instrument, when Amazon names it here too.
    pub instrument: Option<InstrumentId>,
    /// `shopperDeviceId`.
    pub device: Option<String>,
    /// `paymentSource.id`.
    pub payment_source: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_names_a_loyalty_account_unless_it_is_of_another_kind() {
        for (kind, id, number) in [
            ("SHOPPER", "L-1", Some("L-1")),
            ("LOYALTY", "L-1", Some("L-1")),
            ("LOYALTY_SHOPPER", "L-1", Some("L-1")),
            ("CASH_SHOPPER", "L-1", None),
            ("ASSOCIATE", "L-1", None),
            ("DISLOYALTY", "L-1", None),
            ("SHOPPER", "", None),
        ] {
            let scan = Scan { id: id.to_owned(), kind: kind.to_owned() };
            assert_eq!(scan.loyalty_number().as_ref().map(LoyaltyNumber::as_str), number, "{kind} {id}");
        }
    }
}
