//! The pages' one door to the server: who asks is found out here, once per request.

use std::path::PathBuf;
use std::sync::Arc;

use app::backend::dispute::{DisputeForm, DisputePage, DisputeWish};
use app::backend::find::{ReceiptMail, TripList, TripSearch};
use app::backend::privacy::Erasure;
use app::backend::refund::{RefundCheck, RefundForm, RefundPage, RefundWish, ReturnChoice};
use app::backend::ways::{LinkToken, OpenSession, SessionName, StoreChoice};
use app::backend::{
    Balance, Contact, Delays, PayoffCheck, PayoffPage, ShopperBackend, SignInCode, SignedIn, TripPage, Visit,
};
use app::error::UiError;
use async_trait::async_trait;
use domain::id::{DisputeId, EmailAddress, LoyaltyNumber, PayoffId, RefundId, TripId};
use domain::money::{Currency, Money};
use domain::receipt::Merchant;
use domain::sign_in::CardClaim;
use domain::viewer::Viewer;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::OffsetDateTime;
use tower_sessions::Session;
use uuid::Uuid;

use super::session::ABSOLUTE;
use crate::clock::Clock;
use crate::flow::delays::delays;
use crate::flow::erase::{check_erasure, erase};
use crate::flow::find_trips::{find_payment, find_trips};
use crate::flow::mail_receipt::{mail_receipt, receipt_address};
use crate::flow::payoff::{self, Checkout, StartPayoff, Started};
use crate::flow::read_receipt::TripPaper;
use crate::flow::shopper as flow;
use crate::flow::sign_in::{Asker, SignInError, answer_code};
use crate::log::chain;
use crate::store::StoreError;
use crate::vault::Vault;

mod dispute;
pub mod files;
mod pay;
mod privacy;
mod refund;
mod trips;
mod ways;

/// Who is signed in, in the session.
const SIGNED_IN: &str = "signed_in";

/// The code this browser asked for, in the session.
const ASKED: &str = "asked";

/// The code by which this session is confirmed, in the session.
const CONFIRMING: &str = "confirming";

/// What every request's backend shares.
#[derive(Debug, Clone)]
pub struct PortalState {
    /// The database.
    pub database: PgPool,
    /// The injected clock.
    pub clock: Clock,
    /// Seals and opens what is personal, and hashes what is counted.
    pub vault: Vault,
    /// Where payoffs are paid.
    pub checkout: Checkout,
    /// While this file is there, the portal is closed, and says what is in it.
    pub maintenance_file: PathBuf,
    /// Peers that may speak for their clients.
    pub trusted_proxies: Arc<[IpNet]>,
}

/// One request's backend.
#[derive(Debug)]
pub struct Portal {
    state: PortalState,
    session: Session,
    network: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SignedInAt {
    viewer: Viewer,
    at: i64,
    /// When the viewer last showed by a code that it is still them.
    #[serde(default)]
    confirmed_at: Option<i64>,
}

impl Portal {
    /// The backend of the request whose head is `parts`.
    #[must_use]
    pub fn of(state: &PortalState, session: Session, parts: &http::request::Parts) -> Self {
        let network = super::network::of(parts, &state.trusted_proxies);
        Self { state: state.clone(), session, network }
    }

    fn now(&self) -> OffsetDateTime {
        self.state.clock.now()
    }

    async fn viewer(&self) -> Result<Option<Viewer>, UiError> {
        Ok(self.signed_in_at().await?.map(|it| it.viewer))
    }

    async fn signed_in_at(&self) -> Result<Option<SignedInAt>, UiError> {
        let found: Option<SignedInAt> = self.session.get(SIGNED_IN).await.map_err(|_| UiError::Unavailable)?;
        let Some(signed_in) = found else { return Ok(None) };
        let age = self.now().unix_timestamp() - signed_in.at;
        if age >= ABSOLUTE.whole_seconds() {
            self.session.flush().await.map_err(|_| UiError::Unavailable)?;
            return Ok(None);
        }
        Ok(Some(signed_in))
    }

    async fn signed_in(&self) -> Result<Viewer, UiError> {
        self.viewer().await?.ok_or(UiError::NotSignedIn)
    }

    /// Who sees no visit chooses none: all of one currency are paid.
    async fn all_owed(&self, viewer: &Viewer, currency: Currency) -> Result<Vec<TripId>, UiError> {
        let debts = flow::owed(&self.state.database, viewer).await.map_err(|it| unavailable(&it))?;
        Ok(debts.into_iter().filter(|it| it.outstanding.currency() == currency).map(|it| it.trip).collect())
    }

    async fn answer(&self, code: &SignInCode) -> Result<(), UiError> {
        let asked: Option<Uuid> = self.session.get(ASKED).await.map_err(|_| UiError::Unavailable)?;
        let id = asked.ok_or(UiError::BadCode)?;
        let now = self.now();
        let answered = answer_code(&self.state.database, &self.state.vault, id, code.expose(), now).await;
        let shopper = answered.map_err(|error| sign_in_error(&error))?;
        self.let_in(Viewer::Shopper(shopper)).await
    }
}

fn sign_in_error(error: &SignInError) -> UiError {
    match error {
        SignInError::WrongCode => UiError::BadCode,
        SignInError::TooMany => UiError::TooManyTries,
        SignInError::Store(error) => unavailable(error),
    }
}

fn unavailable(error: &StoreError) -> UiError {
    tracing::error!(error = chain(error), "a page could not be answered");
    match error {
        StoreError::Query(_) => UiError::Unavailable,
        StoreError::Corrupt(_) => UiError::Unexpected,
    }
}

#[async_trait]
impl ShopperBackend for Portal {
    async fn who(&self) -> Result<Option<SignedIn>, UiError> {
        self.signed_in_as().await
    }

    async fn contacts(&self) -> Result<Vec<Contact>, UiError> {
        let merchants = flow::merchants(&self.state.database).await.map_err(|it| unavailable(&it))?;
        let contact = |it: Merchant| Contact { store_name: it.name, address: it.address, contact: it.contact };
        Ok(merchants.into_iter().map(contact).collect())
    }

    async fn request_code(&self, email: EmailAddress) -> Result<(), UiError> {
        self.ask(Asker::Address(&email)).await
    }

    async fn request_code_by_number(&self, number: LoyaltyNumber) -> Result<(), UiError> {
        self.ask(Asker::Member(&number)).await
    }

    async fn sign_in(&self, code: SignInCode) -> Result<(), UiError> {
        self.answer(&code).await
    }

    async fn stores(&self) -> Result<Vec<StoreChoice>, UiError> {
        self.store_choices().await
    }

    async fn sign_in_by_card(&self, claim: CardClaim) -> Result<SignedIn, UiError> {
        self.claim(&claim).await
    }

    async fn open_link(&self, token: LinkToken) -> Result<(), UiError> {
        self.use_link(&token).await
    }

    async fn sign_out(&self) -> Result<(), UiError> {
        self.session.flush().await.map_err(|_| UiError::Unavailable)
    }

    async fn sessions(&self) -> Result<Vec<OpenSession>, UiError> {
        self.own_sessions().await
    }

    async fn end_session(&self, name: SessionName) -> Result<(), UiError> {
        self.end_own_session(name).await
    }

    async fn end_sessions(&self) -> Result<(), UiError> {
        self.end_own_sessions().await
    }

    async fn is_fresh(&self) -> Result<bool, UiError> {
        self.was_proven_lately().await
    }

    async fn request_confirmation(&self) -> Result<(), UiError> {
        self.ask_again().await
    }

    async fn confirm(&self, code: SignInCode) -> Result<(), UiError> {
        self.take_confirmation(&code).await
    }

    async fn trips(&self, search: TripSearch) -> Result<TripList, UiError> {
        let viewer = self.signed_in().await?;
        if pay::is_debtor(&viewer) {
            return Err(UiError::NotFound);
        }
        let find = trips::find(search);
        let found = find_trips(&self.state.database, &self.state.vault, &viewer, &find).await;
        found.map(trips::list).map_err(|it| unavailable(&it))
    }

    async fn find_payment(&self, statement_number: String) -> Result<TripId, UiError> {
        let viewer = self.signed_in().await?;
        let found = find_payment(&self.state.database, &self.state.vault, &viewer, &statement_number).await;
        found.map_err(|it| unavailable(&it))?.ok_or(UiError::NoMatch)
    }

    async fn receipt_mail(&self, trip: TripId) -> Result<ReceiptMail, UiError> {
        let viewer = self.signed_in().await?;
        let address = receipt_address(&self.state.database, &self.state.vault, &viewer, &trip).await;
        address.map(|it| trips::mail_to(&viewer, it)).map_err(|it| trips::not_mailed(&it))
    }

    async fn send_receipt(&self, trip: TripId) -> Result<(), UiError> {
        let viewer = self.signed_in().await?;
        let mailed = mail_receipt(&self.state.database, &self.state.vault, &viewer, &trip, self.now()).await;
        mailed.map_err(|it| trips::not_mailed(&it))
    }

    async fn trip(&self, id: TripId) -> Result<TripPage, UiError> {
        let viewer = self.signed_in().await?;
        let found = flow::trip(&self.state.database, &self.state.vault, &viewer, &id, self.now()).await;
        match found.map_err(|it| unavailable(&it))?.ok_or(UiError::NotFound)? {
            TripPaper::Receipt(receipt) => Ok(TripPage::Receipt(receipt)),
            TripPaper::NoPurchase { merchant, started_at, held, is_over } => {
                let visit = Visit { trip: id, merchant, started_at, held };
                Ok(if is_over { TripPage::NoPurchase(visit) } else { TripPage::Coming(visit) })
            }
        }
    }

    async fn erasure(&self) -> Result<Erasure, UiError> {
        let viewer = self.signed_in().await?;
        let checked = check_erasure(&self.state.database, &viewer).await;
        let is_fresh = self.is_fresh().await?;
        privacy::erasure(checked, is_fresh)
    }

    async fn erase_data(&self) -> Result<(), UiError> {
        let viewer = self.signed_in().await?;
        if !self.is_fresh().await? {
            return Err(UiError::Changed);
        }
        let erased = erase(&self.state.database, &self.state.vault, &viewer, self.now()).await;
        erased.map_err(|it| privacy::not_erased(&it))?;
        self.session.flush().await.map_err(|_| UiError::Unavailable)
    }

    async fn balance(&self) -> Result<Balance, UiError> {
        let viewer = self.signed_in().await?;
        let debts = flow::owed(&self.state.database, &viewer).await.map_err(|it| unavailable(&it))?;
        let mut balance = pay::balance(&viewer, debts, self.state.checkout.is_offered(), self.now())?;
        dispute::mark(&self.state, &mut balance.debts).await?;
        Ok(balance)
    }

    async fn check_payoff(&self, trips: Vec<TripId>) -> Result<PayoffCheck, UiError> {
        let viewer = self.signed_in().await?;
        if pay::is_debtor(&viewer) {
            return Err(UiError::NotFound);
        }
        let (chosen, total) =
            payoff::check(&self.state.database, &viewer, &trips).await.map_err(|it| pay::refused(&it))?;
        let debts = flow::owed(&self.state.database, &viewer).await.map_err(|it| unavailable(&it))?;
        let chosen = debts.into_iter().filter(|debt| chosen.iter().any(|it| it.trip == debt.trip));
        let now = self.now();
        Ok(PayoffCheck { trips: chosen.map(|debt| pay::owed(debt, now)).collect(), total })
    }

    async fn pay(&self, trips: Vec<TripId>, agreed: Money) -> Result<String, UiError> {
        let viewer = self.signed_in().await?;
        let trips = if pay::is_debtor(&viewer) { self.all_owed(&viewer, agreed.currency()).await? } else { trips };
        let wish = StartPayoff { viewer: &viewer, trips: &trips, agreed };
        let started = payoff::start(&self.state.database, &self.state.checkout, &wish, self.now()).await;
        match started.map_err(|it| pay::refused(&it))? {
            Started::Pay(address) => Ok(address),
            Started::Paid(id) => Ok(format!("/payoff/{id}")),
        }
    }

    async fn payoff(&self, id: PayoffId) -> Result<PayoffPage, UiError> {
        let viewer = self.signed_in().await?;
        let shown = payoff::show(&self.state.database, &self.state.checkout, &viewer, id, self.now()).await;
        let shown = shown.map_err(|it| unavailable(&it))?.ok_or(UiError::NotFound)?;
        Ok(pay::page(&viewer, shown))
    }

    async fn refund_form(&self, trip: TripId) -> Result<RefundForm, UiError> {
        let viewer = self.signed_in().await?;
        refund::form(&self.state, &viewer, trip, self.now()).await
    }

    async fn check_refund(&self, trip: TripId, choice: ReturnChoice) -> Result<RefundCheck, UiError> {
        let viewer = self.signed_in().await?;
        refund::check(&self.state, &viewer, &trip, choice, self.now()).await
    }

    async fn ask_refund(&self, wish: RefundWish) -> Result<RefundId, UiError> {
        let viewer = self.signed_in().await?;
        refund::ask(&self.state, &viewer, wish, self.now()).await
    }

    async fn refund(&self, id: RefundId) -> Result<RefundPage, UiError> {
        let viewer = self.signed_in().await?;
        refund::show(&self.state, &viewer, id).await
    }

    async fn dispute_form(&self, trip: TripId) -> Result<DisputeForm, UiError> {
        let viewer = self.signed_in().await?;
        dispute::form(&self.state, &viewer, trip, self.now()).await
    }

    async fn open_dispute(&self, wish: DisputeWish) -> Result<DisputeId, UiError> {
        let viewer = self.signed_in().await?;
        dispute::open(&self.state, &viewer, wish, self.now()).await
    }

    async fn dispute(&self, id: DisputeId) -> Result<DisputePage, UiError> {
        let viewer = self.signed_in().await?;
        dispute::show(&self.state, &viewer, id).await
    }

    async fn delays(&self) -> Result<Delays, UiError> {
        let late = delays(&self.state.database).await.map_err(|it| unavailable(&it))?;
        Ok(Delays { mail: late.mail, charges: late.charges })
    }
}
