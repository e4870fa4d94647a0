//! Ways in, and sessions, in the words of pages.

use app::backend::ways::{LinkToken, OpenSession, SessionName, StoreChoice};
use app::backend::{SignInCode, SignedIn};
use app::error::{CardProblem, UiError};
use domain::effect;
use domain::sign_in::CardClaim;
use domain::viewer::Viewer;
use time::OffsetDateTime;
use uuid::Uuid;

use super::privacy::FRESH_FOR;
use super::{ASKED, CONFIRMING, Portal, SIGNED_IN, SignedInAt, sign_in_error, unavailable};
use crate::flow::payment_link::{UseLinkError, use_link};
use crate::flow::sessions;
use crate::flow::shopper as flow;
use crate::flow::sign_in::{Asker, answer_code, request_code};
use crate::flow::sign_in_card::{CardSignInError, sign_in_card, stores};
use crate::http::session::{IDLE, hash};

impl Portal {
    /// Whoever this session is of.
    pub(super) async fn signed_in_as(&self) -> Result<Option<SignedIn>, UiError> {
        let Some(viewer) = self.viewer().await? else { return Ok(None) };
        let shopper = match viewer {
            Viewer::Shopper(shopper) => shopper,
            Viewer::Card(_) => return Ok(Some(SignedIn::Card)),
            Viewer::Visit(_) => return Ok(Some(SignedIn::Visit)),
            Viewer::Debtor(_) => return Ok(Some(SignedIn::Debtor)),
        };
        let email = flow::email(&self.state.database, &self.state.vault, shopper).await;
        Ok(email.map_err(|it| unavailable(&it))?.map(|email| SignedIn::Email { masked: email.masked() }))
    }

    /// A new session for whoever was found. What an earlier user of this browser left is not taken along.
    pub(super) async fn let_in(&self, viewer: Viewer) -> Result<(), UiError> {
        let made_room = sessions::end_oldest_sessions(&self.state.database, &viewer).await;
        made_room.map_err(|it| unavailable(&it))?;
        self.session.flush().await.map_err(|_| UiError::Unavailable)?;
        let signed_in = SignedInAt { viewer, at: self.now().unix_timestamp(), confirmed_at: None };
        self.session.insert(SIGNED_IN, signed_in).await.map_err(|_| UiError::Unavailable)
    }

    /// Names a code by chance of the operating system's.
    async fn send_code(&self, asker: Asker<'_>) -> Result<Uuid, UiError> {
        let digits = format!("{:08}", rand::random_range(0..100_000_000_u32));
        let code = effect::SignInCode(digits);
        let now = self.now();
        let asked = request_code(&self.state.database, &self.state.vault, asker, &self.network, code, now).await;
        asked.map_err(|error| sign_in_error(&error))
    }

    pub(super) async fn was_proven_lately(&self) -> Result<bool, UiError> {
        let signed_in = self.signed_in_at().await?.ok_or(UiError::NotSignedIn)?;
        let proven_at = signed_in.confirmed_at.unwrap_or(signed_in.at);
        Ok(self.now().unix_timestamp() - proven_at < FRESH_FOR.whole_seconds())
    }

    pub(super) async fn ask_again(&self) -> Result<(), UiError> {
        let Viewer::Shopper(shopper) = self.signed_in().await? else { return Err(UiError::NotFound) };
        let email = flow::email(&self.state.database, &self.state.vault, shopper).await;
        let email = email.map_err(|it| unavailable(&it))?.ok_or(UiError::NotFound)?;
        let id = self.send_code(Asker::Address(&email)).await?;
        self.session.insert(CONFIRMING, id).await.map_err(|_| UiError::Unavailable)
    }

    pub(super) async fn take_confirmation(&self, code: &SignInCode) -> Result<(), UiError> {
        let mut signed_in = self.signed_in_at().await?.ok_or(UiError::NotSignedIn)?;
        let asked: Option<Uuid> = self.session.get(CONFIRMING).await.map_err(|_| UiError::Unavailable)?;
        let (id, now) = (asked.ok_or(UiError::BadCode)?, self.now());
        let answered = answer_code(&self.state.database, &self.state.vault, id, code.expose(), now).await;
        let shopper = answered.map_err(|error| sign_in_error(&error))?;
        if signed_in.viewer != Viewer::Shopper(shopper) {
            return Err(UiError::BadCode);
        }
        signed_in.confirmed_at = Some(now.unix_timestamp());
        self.session.cycle_id().await.map_err(|_| UiError::Unavailable)?;
        self.session.insert(SIGNED_IN, signed_in).await.map_err(|_| UiError::Unavailable)
    }

    pub(super) async fn ask(&self, asker: Asker<'_>) -> Result<(), UiError> {
        let id = self.send_code(asker).await?;
        // A new id for whoever was here before: what an earlier user of this browser left is not taken along.
        self.session.cycle_id().await.map_err(|_| UiError::Unavailable)?;
        self.session.insert(ASKED, id).await.map_err(|_| UiError::Unavailable)
    }

    pub(super) async fn store_choices(&self) -> Result<Vec<StoreChoice>, UiError> {
        let stores = stores(&self.state.database).await.map_err(|it| unavailable(&it))?;
        Ok(stores.into_iter().map(|(id, name)| StoreChoice { id, name }).collect())
    }

    pub(super) async fn claim(&self, claim: &CardClaim) -> Result<SignedIn, UiError> {
        let (db, vault) = (&self.state.database, &self.state.vault);
        let found = sign_in_card(db, vault, claim, &self.network, self.now()).await;
        let viewer = found.map_err(|error| card_error(&error))?;
        let who = if matches!(viewer, Viewer::Debtor(_)) { SignedIn::Debtor } else { SignedIn::Card };
        self.let_in(viewer).await?;
        Ok(who)
    }

    pub(super) async fn use_link(&self, token: &LinkToken) -> Result<(), UiError> {
        let (db, vault) = (&self.state.database, &self.state.vault);
        let used = use_link(db, vault, token.expose(), &self.network, self.now()).await;
        let viewer = used.map_err(|error| match error {
            UseLinkError::Gone => UiError::LinkGone,
            UseLinkError::TooMany => UiError::TooManyTries,
            UseLinkError::Store(error) => unavailable(&error),
        })?;
        self.let_in(viewer).await
    }

    pub(super) async fn own_sessions(&self) -> Result<Vec<OpenSession>, UiError> {
        let viewer = self.signed_in().await?;
        let found = sessions::list_sessions(&self.state.database, &viewer, self.now()).await;
        let this = self.session.id().map(hash);
        let moment = |at| OffsetDateTime::from_unix_timestamp(at).map_err(|_| UiError::Unexpected);
        let sessions = found.map_err(|it| unavailable(&it))?.into_iter().map(|it| {
            Ok(OpenSession {
                is_this: Some(it.hash) == this,
                name: SessionName(it.hash),
                signed_in_at: moment(it.signed_in_at)?,
                used_at: it.expires_at - IDLE,
            })
        });
        sessions.collect()
    }

    pub(super) async fn end_own_session(&self, name: SessionName) -> Result<(), UiError> {
        let viewer = self.signed_in().await?;
        if self.session.id().map(hash) == Some(name.0) {
            return self.session.flush().await.map_err(|_| UiError::Unavailable);
        }
        let ended = sessions::end_session(&self.state.database, &viewer, &name.0).await;
        if ended.map_err(|it| unavailable(&it))? { Ok(()) } else { Err(UiError::NotFound) }
    }

    pub(super) async fn end_own_sessions(&self) -> Result<(), UiError> {
        let viewer = self.signed_in().await?;
        sessions::end_sessions(&self.state.database, &viewer).await.map_err(|it| unavailable(&it))?;
        self.session.flush().await.map_err(|_| UiError::Unavailable)
    }
}

fn card_error(error: &CardSignInError) -> UiError {
    match error {
        CardSignInError::NoMatch => UiError::Card(CardProblem::NoMatch),
        CardSignInError::AskStatement => UiError::Card(CardProblem::AskStatement),
        CardSignInError::TooMany => UiError::TooManyTries,
        CardSignInError::Store(error) => unavailable(error),
    }
}
