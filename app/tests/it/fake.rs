//! A backend that answers what it was told to.

use app::backend::dispute::{DisputeForm, DisputePage, DisputeWish};
use app::backend::find::{CardChoice, ReceiptMail, TripList, TripPlace, TripSearch};
use app::backend::privacy::Erasure;
use app::backend::refund::{RefundCheck, RefundForm, RefundPage, RefundWish, ReturnChoice};
use app::backend::ways::{LinkToken, OpenSession, SessionName, StoreChoice};
use app::backend::{
    Balance, Contact, Delays, OwedTrip, PayoffCheck, PayoffPage, ShopperBackend, SignInCode, SignedIn, TripPage,
    TripStatus, TripSummary, Visit,
};
use app::error::{CardProblem, UiError};
use async_trait::async_trait;
use domain::id::{DisputeId, EmailAddress, LoyaltyNumber, PayoffId, RefundId, StoreId, TripId};
use domain::money::{Currency, Money};
use domain::pricing::AppliedPromotion;
use domain::promotion::PromotionId;
use domain::reason::DebtCause;
use domain::receipt::{CardFacts, Held, Merchant, PaymentProgress, Receipt, ReceiptLine, ReceiptTax};
use domain::sign_in::{CardClaim, Fact};
use time::OffsetDateTime;
use time::macros::datetime;

/// The one code that signs in.
pub(crate) const CODE: &str = "12345678";
pub(crate) const AT: OffsetDateTime = datetime!(2026-11-21 14:05 UTC);

#[derive(Clone, Default)]
pub(crate) struct Fake {
    pub(crate) signed_in: bool,
    pub(crate) trips: Vec<TripSummary>,
    pub(crate) next: Option<TripPlace>,
    pub(crate) cards: Vec<CardChoice>,
    pub(crate) mail: Option<ReceiptMail>,
    pub(crate) erasure: Option<Erasure>,
    pub(crate) page: Option<TripPage>,
    pub(crate) balance: Balance,
    pub(crate) payoff: Option<PayoffPage>,
    pub(crate) refund_form: Option<RefundForm>,
    pub(crate) refund_check: Option<RefundCheck>,
    pub(crate) refund: Option<RefundPage>,
    pub(crate) dispute_form: Option<DisputeForm>,
    pub(crate) dispute: Option<DisputePage>,
    pub(crate) delays: Delays,
    /// What sending a form is answered with, where it fails.
    pub(crate) refusing: Option<UiError>,
    /// What every question is answered with, when something is wrong.
    pub(crate) failing: Option<UiError>,
}

impl Fake {
    pub(crate) fn signed_in() -> Self {
        Self { signed_in: true, ..Self::default() }
    }

    fn working(&self) -> Result<(), UiError> {
        self.failing.map_or(Ok(()), Err)
    }

    fn session(&self) -> Result<(), UiError> {
        self.working()?;
        if self.signed_in { Ok(()) } else { Err(UiError::NotSignedIn) }
    }
}

#[async_trait]
impl ShopperBackend for Fake {
    async fn who(&self) -> Result<Option<SignedIn>, UiError> {
        self.working()?;
        Ok(self.signed_in.then(|| SignedIn::Email { masked: "j•••@e•••.com".to_owned() }))
    }

    async fn contacts(&self) -> Result<Vec<Contact>, UiError> {
        self.working()?;
        let Merchant { name, address, contact, .. } = merchant();
        Ok(vec![Contact { store_name: name, address, contact }])
    }

    async fn request_code(&self, _: EmailAddress) -> Result<(), UiError> {
        self.working()
    }

    async fn request_code_by_number(&self, _: LoyaltyNumber) -> Result<(), UiError> {
        self.working()
    }

    async fn stores(&self) -> Result<Vec<StoreChoice>, UiError> {
        self.working()?;
        Ok(vec![StoreChoice { id: StoreId::new("S1").unwrap(), name: "Corner Store".to_owned() }])
    }

    async fn sign_in_by_card(&self, claim: CardClaim) -> Result<SignedIn, UiError> {
        self.working()?;
        match (claim.tail.expose(), claim.last.fact()) {
            ("4242", Fact::Missing) => Ok(SignedIn::Debtor),
            ("4242", Fact::Total | Fact::Statement) => Ok(SignedIn::Card),
            _ => Err(UiError::Card(CardProblem::NoMatch)),
        }
    }

    async fn open_link(&self, _: LinkToken) -> Result<(), UiError> {
        self.working()
    }

    async fn sessions(&self) -> Result<Vec<OpenSession>, UiError> {
        self.session()?;
        let open =
            |name, is_this| OpenSession { name: SessionName([name; 32]), signed_in_at: AT, used_at: AT, is_this };
        Ok(vec![open(1, true), open(2, false)])
    }

    async fn end_session(&self, _: SessionName) -> Result<(), UiError> {
        self.session()
    }

    async fn end_sessions(&self) -> Result<(), UiError> {
        self.session()
    }

    async fn is_fresh(&self) -> Result<bool, UiError> {
        self.session()?;
        Ok(true)
    }

    async fn request_confirmation(&self) -> Result<(), UiError> {
        self.session()
    }

    async fn confirm(&self, code: SignInCode) -> Result<(), UiError> {
        self.session()?;
        if code.expose() == CODE { Ok(()) } else { Err(UiError::BadCode) }
    }

    async fn sign_in(&self, code: SignInCode) -> Result<(), UiError> {
        self.working()?;
        if code.expose() == CODE { Ok(()) } else { Err(UiError::BadCode) }
    }

    async fn sign_out(&self) -> Result<(), UiError> {
        self.working()
    }

    async fn trips(&self, search: TripSearch) -> Result<TripList, UiError> {
        self.session()?;
        let day = |it: &TripSummary| it.started_at.date();
        let wanted = |it: &&TripSummary| {
            search.from.is_none_or(|from| day(it) >= from) && search.to.is_none_or(|to| day(it) <= to)
        };
        let trips = self.trips.iter().filter(wanted).cloned().collect();
        Ok(TripList { trips, next: self.next.clone(), cards: self.cards.clone() })
    }

    async fn erasure(&self) -> Result<Erasure, UiError> {
        self.session()?;
        Ok(self.erasure.unwrap_or(Erasure::Ready))
    }

    async fn erase_data(&self) -> Result<(), UiError> {
        self.session()
    }

    async fn find_payment(&self, _: String) -> Result<TripId, UiError> {
        self.session()?;
        self.trips.first().map(|it| it.trip.clone()).ok_or(UiError::NoMatch)
    }

    async fn receipt_mail(&self, _: TripId) -> Result<ReceiptMail, UiError> {
        self.session()?;
        Ok(self.mail.clone().unwrap_or(ReceiptMail::Nobody))
    }

    async fn send_receipt(&self, _: TripId) -> Result<(), UiError> {
        self.session()?;
        if self.mail.is_some() { Ok(()) } else { Err(UiError::NoAddress) }
    }

    async fn trip(&self, _: TripId) -> Result<TripPage, UiError> {
        self.session()?;
        self.page.clone().ok_or(UiError::NotFound)
    }

    async fn balance(&self) -> Result<Balance, UiError> {
        self.session()?;
        Ok(self.balance.clone())
    }

    async fn check_payoff(&self, trips: Vec<TripId>) -> Result<PayoffCheck, UiError> {
        self.session()?;
        let chosen = self.balance.debts.iter().filter(|it| trips.contains(&it.trip)).cloned().collect::<Vec<_>>();
        let first = chosen.first().ok_or(UiError::NothingChosen)?;
        let total = Money::sum(first.outstanding.currency(), chosen.iter().map(|it| it.outstanding)).unwrap();
        Ok(PayoffCheck { trips: chosen, total })
    }

    async fn pay(&self, _: Vec<TripId>, _: Money) -> Result<String, UiError> {
        self.session()?;
        Ok("https://checkout.example/1".to_owned())
    }

    async fn payoff(&self, _: PayoffId) -> Result<PayoffPage, UiError> {
        self.session()?;
        self.payoff.clone().ok_or(UiError::NotFound)
    }

    async fn refund_form(&self, _: TripId) -> Result<RefundForm, UiError> {
        self.session()?;
        self.refund_form.clone().ok_or(UiError::NotFound)
    }

    async fn check_refund(&self, _: TripId, _: ReturnChoice) -> Result<RefundCheck, UiError> {
        self.session()?;
        self.refund_check.clone().ok_or(UiError::NotFound)
    }

    async fn ask_refund(&self, wish: RefundWish) -> Result<RefundId, UiError> {
        self.session()?;
        self.refusing.map_or(Ok(wish.id), Err)
    }

    async fn refund(&self, _: RefundId) -> Result<RefundPage, UiError> {
        self.session()?;
        self.refund.clone().ok_or(UiError::NotFound)
    }

    async fn dispute_form(&self, _: TripId) -> Result<DisputeForm, UiError> {
        self.session()?;
        self.dispute_form.clone().ok_or(UiError::NotFound)
    }

    async fn open_dispute(&self, wish: DisputeWish) -> Result<DisputeId, UiError> {
        self.session()?;
        self.refusing.map_or(Ok(wish.id), Err)
    }

    async fn dispute(&self, _: DisputeId) -> Result<DisputePage, UiError> {
        self.session()?;
        self.dispute.clone().ok_or(UiError::NotFound)
    }

    async fn delays(&self) -> Result<Delays, UiError> {
        self.working()?;
        Ok(self.delays)
    }
}

pub(crate) fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::USD)
}

pub(crate) fn trip_id(id: &str) -> TripId {
    TripId::new(id).unwrap()
}

pub(crate) fn merchant() -> Merchant {
    Merchant {
        name: "Corner Store".to_owned(),
        address: "500 Pine Street\nSeattle, WA 98101".to_owned(),
        tax_number: "91-1234567".to_owned(),
        contact: "+1 206 555 0100".to_owned(),
    }
}

pub(crate) fn card() -> CardFacts {
    CardFacts {
        brand: Some("VISA".to_owned()),
        tail: Some("1234".to_owned()),
        expiration_month: Some("11".to_owned()),
        expiration_year: Some("2031".to_owned()),
        pos_entry_mode: Some("EMV_9F39_07".to_owned()),
        card_statement_transaction_id: Some("P01-7741203-5512094-C038117".to_owned()),
        ..CardFacts::default()
    }
}

fn line(name: &str, quantity: &str, unit: &str, unit_price: i64, price: i64) -> ReceiptLine {
    ReceiptLine {
        name: name.to_owned(),
        quantity: quantity.parse().unwrap(),
        unit: unit.to_owned(),
        unit_price: usd(unit_price),
        price: usd(price),
        promotions: vec![],
    }
}

fn tax(name: &str, percent: &str, included: bool, amount: i64) -> ReceiptTax {
    let percent = percent.parse().unwrap();
    ReceiptTax { jurisdiction: "US-CO".into(), name: name.into(), percent, included, amount: usd(amount) }
}

/// "Two for one", on the water.
fn two_for_one() -> AppliedPromotion {
    AppliedPromotion { id: PromotionId("two".into()), name: "Two for one".into(), amount: usd(199) }
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        trip: trip_id("T-1"),
        merchant: merchant(),
        started_at: AT,
        lines: vec![
            ReceiptLine {
                promotions: vec![two_for_one()],
                ..line("Sparkling water, lime, 0.5 l", "2", "unit", 199, 398)
            },
            line("Turkey and avocado sandwich", "1", "unit", 849, 849),
            line("Bananas", "1.25", "lb", 79, 99),
            line("Birthday card", "1", "unit", 499, 499),
        ],
        unidentified: 0,
        price: usd(1845),
        promotions: vec![two_for_one()],
        discount: usd(199),
        taxes: vec![
            tax("State tax", "3", false, 40),
            tax("City tax", "10.250", false, 51),
            tax("Sugar tax", "1", true, 2),
        ],
        tax: usd(91),
        tax_included: usd(2),
        deposits: usd(20),
        total: usd(1757),
        captured: usd(1757),
        outstanding: usd(0),
        progress: PaymentProgress::Paid,
        card: Some(card()),
        refunds: vec![],
        held: None,
    }
}

pub(crate) fn summary(id: &str, total: Option<i64>, status: TripStatus) -> TripSummary {
    TripSummary {
        trip: trip_id(id),
        store_name: "Corner Store".to_owned(),
        started_at: AT,
        total: total.map(usd),
        status,
        card_name: Some("VISA ending in 1234".to_owned()),
        held: None,
    }
}

pub(crate) fn visit() -> Visit {
    Visit {
        trip: trip_id("T-1"),
        merchant: merchant(),
        started_at: AT,
        held: Some(Held { amount: usd(2500), until: AT + time::Duration::hours(46) }),
    }
}

pub(crate) fn debt(id: &str, cents: i64, cause: DebtCause) -> OwedTrip {
    OwedTrip {
        trip: trip_id(id),
        store_name: "Corner Store".to_owned(),
        contact: "+1 206 555 0100".to_owned(),
        started_at: AT,
        outstanding: usd(cents),
        cause,
        items: 2,
        days: 3,
        dispute: None,
    }
}
