//! The names things go by. A value of these types has been checked once and is right from then on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest id Amazon's contracts allow, in characters (Create Purchases and Payment Service pages, "string <= 255").
pub const ID_CHARS_MAX: usize = 255;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given, or only blanks.
    #[error("must not be empty")]
    Empty,
    /// More than [`ID_CHARS_MAX`] characters.
    #[error("must have at most 255 characters")]
    TooLong,
    /// A character outside the allowed set.
    #[error("has a character that is not allowed")]
    Character,
    /// Not a UUID.
    #[error("must be a UUID")]
    NotUuid,
    /// A UUID, and not a random one.
    #[error("must be a UUID of version 4")]
    NotVersion4,
}

fn checked(text: &str, allowed: fn(char) -> bool) -> Result<String, IdError> {
    if text.trim().is_empty() {
        return Err(IdError::Empty);
    }
    if text.chars().count() > ID_CHARS_MAX {
        return Err(IdError::TooLong);
    }
    if !text.chars().all(allowed) {
        return Err(IdError::Character);
    }
    Ok(text.to_owned())
}

/// `^[0-9a-zA-Z_-]+$`: store and trip ids on the Payment Service pages.
fn is_payment_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Ids whose alphabet no page states: anything a person could print.
fn is_printable(c: char) -> bool {
    !c.is_control()
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $allowed:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            ///
            /// Refuses an empty, too long or ill-spelled text.
            pub fn new(text: &str) -> Result<Self, IdError> {
                checked(text, $allowed).map(Self)
            }

            /// The id as its owner writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// One store, as Amazon names it at onboarding (`storeId`; Capture Charge page, body parameters).
    StoreId,
    is_payment_id_char
);
text_id!(
    /// One visit: `idempotentShoppingTripId` in Create Purchases, `shoppingTripId` everywhere else (Capture Charge page).
    TripId,
    is_payment_id_char
);
text_id!(
    /// Amazon's id for a payment instrument: `shopperIdentity.id` at the gate (Shopper Authorization page).
    InstrumentId,
    is_printable
);
text_id!(
    /// One tap at a gate: `gateAuthenticationEvent.id` (Shopper Authorization page).
    GateEventId,
    is_printable
);
text_id!(
    /// One event of the event feed: `id` of the envelope, the same on every delivery (EventBridge, "Event structure").
    PaymentEventId,
    is_printable
);
text_id!(
    /// The number of a loyalty account, as the retailer's own programme has it; it comes back as `scanResult.id` of a cart whose
    /// shopper scanned a code (Create Purchases page).
    LoyaltyNumber,
    is_printable
);
text_id!(
    /// The retailer's own article number: `item_sku` of the catalog (Upload Catalog page).
    Sku,
    is_printable
);

text_id!(
    /// Amazon's number for a movement of money, by which its reports name it: `reconciliationId` (Refund and Get Transactional
    /// Data pages).
    ReconciliationId,
    is_printable
);

text_id!(
    /// One visit to Stripe's payment page: `id` of a Checkout Session (Stripe API, "The Checkout Session object").
    CheckoutSessionId,
    is_payment_id_char
);
text_id!(
    /// A payment at Stripe: `id` of a Payment Intent, which a session, a charge and a dispute all name (Stripe API).
    PaymentIntentId,
    is_payment_id_char
);
text_id!(
    /// A cardholder's dispute at Stripe: `id` of a Dispute (Stripe API, "The Dispute object").
    StripeDisputeId,
    is_payment_id_char
);
text_id!(
    /// One event of Stripe's, the same on every delivery: `id` of an Event (Stripe API, "The Event object").
    StripeEventId,
    is_payment_id_char
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::NotUuid)
            }
        }
    };
}

uuid_id!(
    /// Our priced cart; what Create Purchases answers as `purchaseId`.
    PurchaseId
);
uuid_id!(
    /// What was not collected for one trip.
    DebtId
);
uuid_id!(
    /// A person who can sign in to the portal.
    ShopperId
);
uuid_id!(
    /// A code for signing in that somebody asked for.
    SignInCodeId
);
uuid_id!(
    /// A link to pay that staff handed out. Not what is in the link: that is secret.
    PaymentLinkId
);
uuid_id!(
    /// One payment towards debts, from the wish on; also Stripe's idempotency key and `client_reference_id`, for its whole life.
    PayoffId
);
uuid_id!(
    /// One dispute of a debt, by the shopper.
    DisputeId
);
uuid_id!(
    /// One effect waiting in the outbox.
    OutboxId
);
uuid_id!(
    /// One call to Amazon, recorded before it is made.
    AttemptId
);

/// One refund, from the wish to the money; also the `refundRequestId` by which Amazon knows it, for its whole life: there is no
/// second key for the same intent.
///
/// Always a UUID of version 4, written in lower case: `^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$`
/// (Refund page) refuses version 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct RefundId(Uuid);

impl RefundId {
    /// Checks `id`.
    ///
    /// # Errors
    ///
    /// Refuses a UUID that is not of version 4.
    pub fn new(id: Uuid) -> Result<Self, IdError> {
        let is_v4 = id.get_version_num() == 4 && id.get_variant() == uuid::Variant::RFC4122;
        if is_v4 { Ok(Self(id)) } else { Err(IdError::NotVersion4) }
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for RefundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for RefundId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(Uuid::parse_str(text).map_err(|_| IdError::NotUuid)?)
    }
}

impl TryFrom<Uuid> for RefundId {
    type Error = IdError;
    fn try_from(id: Uuid) -> Result<Self, IdError> {
        Self::new(id)
    }
}

impl From<RefundId> for Uuid {
    fn from(id: RefundId) -> Self {
        id.0
    }
}

/// An e-mail address that Amazon's identity API or an import gave us. Never printed whole: `Debug` shows `j•••@e•••.com`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Longest address in characters (Get Shopper Identity page: `shopperEmail` <= 128).
pub const EMAIL_CHARS_MAX: usize = 128;

/// Not an address we can write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address")]
pub struct NotAnEmail;

impl EmailAddress {
    /// Trims and lowers `text`, and checks it against `^[A-Z0-9a-z._%+-]+@[A-Za-z0-9.-]+[.]+[A-Za-z]+$`
    /// (Get Shopper Identity page, `shopperEmail`).
    ///
    /// # Errors
    ///
    /// Refuses anything else, and more than [`EMAIL_CHARS_MAX`] characters.
    pub fn new(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim().to_lowercase();
        let (local, host) = text.split_once('@').ok_or(NotAnEmail)?;
        let (name, top) = host.rsplit_once('.').ok_or(NotAnEmail)?;
        let local_ok = !local.is_empty() && local.chars().all(|c| c.is_ascii_alphanumeric() || "._%+-".contains(c));
        let name_ok = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
        let top_ok = !top.is_empty() && top.chars().all(|c| c.is_ascii_alphabetic());
        let short_enough = text.len() <= EMAIL_CHARS_MAX;
        if local_ok && name_ok && top_ok && short_enough { Ok(Self(text)) } else { Err(NotAnEmail) }
    }

    /// The whole address, for the envelope of a mail and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a page may show: `j•••@e•••.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, host) = self.0.split_once('@').unwrap_or_default();
        let (name, top) = host.rsplit_once('.').unwrap_or_default();
        let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
        format!("{}•••@{}•••.{top}", first(local), first(name))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = NotAnEmail;
    fn try_from(text: String) -> Result<Self, NotAnEmail> {
        Self::new(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_id_keeps_to_amazons_alphabet_and_length() {
        assert_eq!(TripId::new(""), Err(IdError::Empty));
        assert_eq!(TripId::new("   "), Err(IdError::Empty));
        assert_eq!(TripId::new("a b"), Err(IdError::Character));
        assert_eq!(TripId::new("'; drop table trip"), Err(IdError::Character));
        assert_eq!(TripId::new(&"x".repeat(256)), Err(IdError::TooLong));
        assert!(TripId::new(&"x".repeat(255)).is_ok());
        assert!(TripId::new("550e8400-e29b-41d4-a716-446655440000").is_ok());
    }

    #[test]
    fn a_refunds_id_is_a_uuid_of_version_4_in_lower_case() {
        let id = RefundId::from_str("550E8400-E29B-41D4-A716-446655440000").unwrap();
        assert_eq!(id.to_string(), "550e8400-e29b-41d4-a716-446655440000");
        for text in ["01939a5c-6d2e-7000-8000-000000000000", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(RefundId::from_str(text), Err(IdError::NotVersion4), "{text}");
        }
        assert_eq!(RefundId::from_str("550e8400"), Err(IdError::NotUuid));
    }

    #[test]
    fn an_instrument_id_may_be_anything_printable() {
        assert!(InstrumentId::new("amzn1.payment/ä#1").is_ok());
        assert_eq!(InstrumentId::new("a\nb"), Err(IdError::Character));
    }

    #[test]
    fn an_address_cannot_be_printed_whole() {
        let address = EmailAddress::new(" Jane.Doe@Example.com ").unwrap();
        assert_eq!(address.expose(), "jane.doe@example.com");
        assert_eq!(address.masked(), "j•••@e•••.com");
        assert_eq!(format!("{address:?}"), "EmailAddress(j•••@e•••.com)");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "@", "a@", "@b.com", "a@b", "a b@c.com", "a@b.c0m", &format!("{}@b.com", "a".repeat(130))] {
            assert_eq!(EmailAddress::new(text), Err(NotAnEmail), "{text}");
        }
    }
}
