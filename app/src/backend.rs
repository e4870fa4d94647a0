//! The one door from the pages to the server: everything a shopper can ask of Storeside, and the values pages are made of.
//!
//! The server makes one backend for each request and gives it to the pages as context. The session, the browser's network
//! and the clock are inside it, never in the trait; nothing here says who asks.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::id::{DisputeId, EmailAddress, LoyaltyNumber, PayoffId, RefundId, TripId};
use domain::money::Money;
use domain::reason::DebtCause;
use domain::receipt::{Held, Merchant, Receipt};
use domain::sign_in::CardClaim;
use leptos::prelude::use_context;
use time::OffsetDateTime;

use self::find::{ReceiptMail, TripList, TripSearch};
use self::privacy::Erasure;
use crate::error::UiError;

mod contact;
pub mod dispute;
pub mod find;
pub mod privacy;
pub mod refund;
pub mod ways;

pub use self::contact::Contact;
use self::dispute::{DisputeForm, DisputePage, DisputeWish, OwedDispute};
use self::refund::{RefundCheck, RefundForm, RefundPage, RefundWish, ReturnChoice};
pub use self::ways::SignedIn;
use self::ways::{LinkToken, OpenSession, SessionName, StoreChoice};

/// What a shopper can ask. Without a session, everything below `sign_out` answers [`UiError::NotSignedIn`].
#[async_trait]
pub trait ShopperBackend: Send + Sync + 'static {
    /// Whoever this session is of; `None` when nobody is signed in.
    async fn who(&self) -> Result<Option<SignedIn>, UiError>;

    /// Whom to ask, every store by its name. Needs no session.
    async fn contacts(&self) -> Result<Vec<Contact>, UiError>;

    /// Mails a sign-in code if the address is known, bound to this browser. The answer, and the time it takes, are the same
    /// for an unknown address.
    async fn request_code(&self, email: EmailAddress) -> Result<(), UiError>;

    /// Mails a sign-in code to the address on file of a loyalty account, like [`ShopperBackend::request_code`].
    async fn request_code_by_number(&self, number: LoyaltyNumber) -> Result<(), UiError>;

    /// Signs this browser in with the code it asked for. [`UiError::BadCode`] for every kind of miss.
    async fn sign_in(&self, code: SignInCode) -> Result<(), UiError>;

    /// The stores one may have been in, by name.
    async fn stores(&self) -> Result<Vec<StoreChoice>, UiError>;

    /// Signs this browser in by facts of a card. Every kind of miss is one, and takes the same time.
    async fn sign_in_by_card(&self, claim: CardClaim) -> Result<SignedIn, UiError>;

    /// Uses a payment link up and signs this browser in for its visit. [`UiError::LinkGone`] for every kind of miss.
    async fn open_link(&self, token: LinkToken) -> Result<(), UiError>;

    /// Ends this session. Nothing to do is fine.
    async fn sign_out(&self) -> Result<(), UiError>;

    /// The sessions of whoever is signed in, the newest first.
    async fn sessions(&self) -> Result<Vec<OpenSession>, UiError>;

    /// Ends one of them. [`UiError::NotFound`] also for somebody else's.
    async fn end_session(&self, name: SessionName) -> Result<(), UiError>;

    /// Ends all of them, this one as well.
    async fn end_sessions(&self) -> Result<(), UiError>;

    /// Has whoever is signed in proven it in the last ten minutes, by signing in or by [`ShopperBackend::confirm`]? Asked before what
    /// cannot be undone.
    async fn is_fresh(&self) -> Result<bool, UiError>;

    /// Mails a code to the address of whoever is signed in. [`UiError::NotFound`] without an address: they sign in again.
    async fn request_confirmation(&self) -> Result<(), UiError>;

    /// Takes that code.
    async fn confirm(&self, code: SignInCode) -> Result<(), UiError>;

    /// The viewer's trips that were looked for, the latest first, a page of them.
    async fn trips(&self, search: TripSearch) -> Result<TripList, UiError>;

    /// The viewer's trip whose payment has this number on the card's statement. [`UiError::NoMatch`] when there is none.
    async fn find_payment(&self, statement_number: String) -> Result<TripId, UiError>;

    /// To whom the receipt of a trip can be mailed. [`UiError::NotFound`] also for another shopper's.
    async fn receipt_mail(&self, trip: TripId) -> Result<ReceiptMail, UiError>;

    /// Mails the receipt of a trip to the address on file. [`UiError::NoAddress`] where none is known.
    async fn send_receipt(&self, trip: TripId) -> Result<(), UiError>;

    /// One trip. [`UiError::NotFound`] also for another shopper's.
    async fn trip(&self, id: TripId) -> Result<TripPage, UiError>;

    /// Can the viewer's data be erased now?
    async fn erasure(&self) -> Result<Erasure, UiError>;

    /// Erases what is personal of the viewer and signs out everywhere. [`UiError::Changed`] when [`ShopperBackend::erasure`] says
    /// anything but ready by now.
    async fn erase_data(&self) -> Result<(), UiError>;

    /// What the shopper owes.
    async fn balance(&self) -> Result<Balance, UiError>;

    /// What would be paid for these trips. Nothing happens.
    async fn check_payoff(&self, trips: Vec<TripId>) -> Result<PayoffCheck, UiError>;

    /// Where these trips are paid, for who sees no trip all that is owed in the currency of `agreed`: an address of the payment processor's, or of ours where they are paid already.
    /// [`UiError::Changed`] where they cost another amount than `agreed` by now.
    async fn pay(&self, trips: Vec<TripId>, agreed: Money) -> Result<String, UiError>;

    /// How a payoff stands. [`UiError::NotFound`] also for another shopper's.
    async fn payoff(&self, id: PayoffId) -> Result<PayoffPage, UiError>;

    /// What of a trip can come back, or why nothing can. [`UiError::NotFound`] also for another shopper's.
    async fn refund_form(&self, trip: TripId) -> Result<RefundForm, UiError>;

    /// What this would come to. Nothing happens.
    async fn check_refund(&self, trip: TripId, choice: ReturnChoice) -> Result<RefundCheck, UiError>;

    /// Asks for a refund, once for each id. [`UiError::RefundChanged`] where it comes to another amount than was agreed by now.
    async fn ask_refund(&self, wish: RefundWish) -> Result<RefundId, UiError>;

    /// How a refund stands. [`UiError::NotFound`] also for another shopper's.
    async fn refund(&self, id: RefundId) -> Result<RefundPage, UiError>;

    /// What of a trip can be disputed, or why nothing can. [`UiError::NotFound`] also for another shopper's.
    async fn dispute_form(&self, trip: TripId) -> Result<DisputeForm, UiError>;

    /// Opens a dispute, once for each id.
    async fn open_dispute(&self, wish: DisputeWish) -> Result<DisputeId, UiError>;

    /// How a dispute stands. [`UiError::NotFound`] also for another shopper's.
    async fn dispute(&self, id: DisputeId) -> Result<DisputePage, UiError>;

    /// What does not work just now, for everybody. Needs no session.
    async fn delays(&self) -> Result<Delays, UiError>;
}

/// The backend of this request.
///
/// # Errors
///
/// [`UiError::Unexpected`] where the server gave none.
pub fn backend() -> Result<Arc<dyn ShopperBackend>, UiError> {
    use_context().ok_or(UiError::Unexpected)
}

/// What does not work just now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delays {
    /// Mails are late.
    pub mail: bool,
    /// Cards are charged late.
    pub charges: bool,
}

/// A sign-in code: eight digits. Secret: `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInCode(String);

impl SignInCode {
    /// Digits in a code.
    pub const DIGITS: usize = 8;
    /// Minutes from the mail until a code is too old.
    pub const VALID_FOR_MINUTES: u32 = 10;
    /// Wrong tries until a code is used up.
    pub const TRIES_MAX: u32 = 5;

    /// Takes what a person typed: blanks and dashes between the digits do not matter.
    ///
    /// # Errors
    ///
    /// [`UiError::BadCode`] for anything but eight digits.
    pub fn new(typed: &str) -> Result<Self, UiError> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let right = digits.len() == Self::DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        if right { Ok(Self(digits)) } else { Err(UiError::BadCode) }
    }

    /// The digits, to compare with what was mailed and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignInCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInCode(…)")
    }
}

/// One line of "your trips".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripSummary {
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// `None` while there is no purchase.
    pub total: Option<Money>,
    /// How far the trip is.
    pub status: TripStatus,
    /// Like `VISA ending in 1234`; `None` until Amazon has told.
    pub card_name: Option<String>,
    /// What is still held on the card.
    pub held: Option<Held>,
}

/// How far a trip is, in the words a list needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripStatus {
    /// No purchase yet.
    Coming,
    /// Priced; the card is being charged.
    InProgress,
    /// Everything was taken from the card.
    Paid,
    /// Something is owed.
    Owed,
    /// Nothing is charged.
    NoCharge,
}

/// What there is to say of one trip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TripPage {
    /// There is a purchase.
    Receipt(Box<Receipt>),
    /// We know of the visit; its purchase has not come yet.
    Coming(Visit),
    /// Over without a purchase: nothing was taken, the hold is released.
    NoPurchase(Visit),
}

/// A visit without a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The visit.
    pub trip: TripId,
    /// Whose store.
    pub merchant: Merchant,
    /// When it began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// What is still held on the card; `None` when nothing is, or it is not known.
    pub held: Option<Held>,
}

/// What a shopper owes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    /// The sum of `debts`, one amount for each currency; empty when nothing is owed.
    pub total: Vec<Money>,
    /// Only trips with something outstanding, the oldest first. None though something is owed: whoever asks may pay, and see no trip.
    pub debts: Vec<OwedTrip>,
    /// Can it be paid here?
    pub can_pay: bool,
}

/// What is owed for one trip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedTrip {
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Where to ask and to pay: an address or a telephone number of the store.
    pub contact: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// What is owed, more than nothing.
    pub outstanding: Money,
    /// Why.
    pub cause: DebtCause,
    /// Lines of the purchase.
    pub items: u32,
    /// Whole days since it is owed.
    pub days: u32,
    /// What the shopper said of it last.
    pub dispute: Option<OwedDispute>,
}

/// What a shopper agrees to before paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoffCheck {
    /// The trips, the oldest first.
    pub trips: Vec<OwedTrip>,
    /// Their sum.
    pub total: Money,
}

/// How a payoff stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoffPage {
    /// Its reference.
    pub id: PayoffId,
    /// What is or was to be paid.
    pub amount: Money,
    /// For which trips, the oldest first.
    pub trips: Vec<PayoffTrip>,
    /// How far it is.
    pub progress: PayoffProgress,
    /// What is still owed, one amount for each currency; empty when nothing is.
    pub remaining: Vec<Money>,
    /// What the gate of each store would say now.
    pub gates: Vec<PayoffGate>,
}

/// A trip that a payoff pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoffTrip {
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Where to ask.
    pub contact: String,
    /// When the visit began, in the offset the page shows.
    pub started_at: OffsetDateTime,
    /// What is paid for it.
    pub amount: Money,
}

/// How far a payoff is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoffProgress {
    /// Nobody can say just now whether it is paid.
    Waiting,
    /// Not paid; it still can be.
    Unpaid {
        /// Where.
        address: String,
        /// Was a card declined?
        is_declined: bool,
    },
    /// Not paid, and it cannot be any more.
    Over,
    /// Paid.
    Paid,
    /// Paid, and the bank has taken it back.
    ChargedBack,
}

/// What the gate of a store would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoffGate {
    /// The store's name.
    pub store_name: String,
    /// Would it open?
    pub opens: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_eight_digits_however_they_are_typed() {
        for typed in ["12345678", " 1234 5678 ", "1234-5678"] {
            assert_eq!(SignInCode::new(typed).unwrap().expose(), "12345678", "{typed}");
        }
        for typed in ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨"] {
            assert_eq!(SignInCode::new(typed), Err(UiError::BadCode), "{typed}");
        }
    }

    #[test]
    fn a_code_cannot_be_printed() {
        assert_eq!(format!("{:?}", SignInCode::new("12345678").unwrap()), "SignInCode(…)");
    }
}
