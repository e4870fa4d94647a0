//! Links to pay for one visit: in the mail about its debt, and for those whom nobody knows, as their bank said no at once, so that Amazon
//! told nothing of their card. Then staff finds the visit by store and time, and mails the link or hands it over.

use domain::effect::Effect;
use domain::id::{EmailAddress, OutboxId, PaymentLinkId, TripId};
use domain::money::Money;
use domain::receipt::Merchant;
use domain::viewer::Viewer;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::advance::settings_of;
use super::sign_in::window_of;
use super::staff::{Person, UnknownStaff};
use crate::secret::Secret;
use crate::store::audit::AuditEntry;
use crate::store::payment_link::{PaymentLinkRow, TokenHash};
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// How long a link is good.
pub const LINK_LIFE: Duration = Duration::days(7);

/// Links that one network may try in [`TRIES_WINDOW`]. They cannot be guessed; this only spares the database.
const TRIES: i32 = 60;

/// See [`TRIES`].
const TRIES_WINDOW: Duration = Duration::hours(1);

/// Why no link was made.
#[derive(Debug, thiserror::Error)]
pub enum SendLinkError {
    /// Nobody of this name.
    #[error(transparent)]
    Staff(#[from] UnknownStaff),
    /// There is no such visit.
    #[error("there is no trip {0}")]
    NoTrip(TripId),
    /// There is nothing to pay.
    #[error("nothing is owed for trip {0}: a link is made only for what is owed")]
    NothingOwed(TripId),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SendLinkError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Where a link leads.
#[must_use]
pub fn link_address(public_url: &str, token: &Secret) -> String {
    format!("{public_url}/link/{}", token.expose())
}

/// Makes a link to a visit for which something is owed. With an address it is mailed there, else whoever asked hands it over: the token is
/// given once and kept nowhere.
///
/// # Errors
///
/// See [`SendLinkError`].
pub async fn send_link(
    db: &PgPool,
    vault: &Vault,
    trip: &TripId,
    to: Option<&EmailAddress>,
    person: Person<'_>,
    now: OffsetDateTime,
) -> Result<Secret, SendLinkError> {
    let mut tx = db.begin().await?;
    person.check(&mut tx).await??;
    if store::trip::get(&mut tx, trip).await?.is_none() {
        return Err(SendLinkError::NoTrip(trip.clone()));
    }
    if !is_owed(&mut tx, trip).await? {
        return Err(SendLinkError::NothingOwed(trip.clone()));
    }
    // Two times 122 bits of the operating system's chance.
    let token = Secret::new(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()));
    let row = row(&token, trip, now);
    let (id, expires_at) = (row.id, row.expires_at);
    store::payment_link::insert(&mut tx, vault, &row, to.map(|to| (to, &token))).await?;
    if to.is_some() {
        store::outbox::push(&mut tx, &Effect::MailPaymentLink { link: id }, now, Some(expires_at), now).await?;
    }
    let detail = json!({ "link": id.to_string(), "is_mailed": to.is_some(), "reason": person.reason });
    let entry = AuditEntry { actor: person.by, action: "payment_link_made", subject: trip.as_str(), detail };
    store::audit::insert(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(token)
}

/// The link that goes with the mail about a debt. It is made of the mail's own effect, so that a mail that is sent again has the same one.
/// `None`: nothing is owed any more.
///
/// # Errors
///
/// A database that is away.
pub async fn notice_link(
    db: &PgPool,
    vault: &Vault,
    mail: OutboxId,
    trip: &TripId,
    now: OffsetDateTime,
) -> Result<Option<Secret>, StoreError> {
    let mut conn = db.acquire().await?;
    if !is_owed(&mut conn, trip).await? {
        return Ok(None);
    }
    let made = vault.index("payment link of a mail", &mail.to_string());
    let token = Secret::new(made.bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    store::payment_link::insert(&mut conn, vault, &row(&token, trip, now), None).await?;
    Ok(Some(token))
}

async fn is_owed(conn: &mut PgConnection, trip: &TripId) -> Result<bool, StoreError> {
    Ok(store::debt::outstanding_of_trip(conn, trip).await?.is_some_and(Money::is_positive))
}

fn row<'a>(token: &Secret, trip: &'a TripId, now: OffsetDateTime) -> PaymentLinkRow<'a> {
    let id = PaymentLinkId(Uuid::new_v4());
    PaymentLinkRow { id, hash: hash(token.expose()), trip, created_at: now, expires_at: now.saturating_add(LINK_LIFE) }
}

/// Why a link opened nothing.
#[derive(Debug, thiserror::Error)]
pub enum UseLinkError {
    /// Unknown, used or over: one answer for all.
    #[error("the link opens nothing any more")]
    Gone,
    /// Too many were tried from this network.
    #[error("too many links were tried")]
    TooMany,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for UseLinkError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Uses a link up. Of two who use it at once one is let in.
///
/// # Errors
///
/// See [`UseLinkError`].
pub async fn use_link(
    db: &PgPool,
    vault: &Vault,
    token: &str,
    network: &str,
    now: OffsetDateTime,
) -> Result<Viewer, UseLinkError> {
    let mut tx = db.begin().await?;
    let network = vault.index("network", network);
    let window = window_of(now, TRIES_WINDOW);
    let tried = store::budget::spend(&mut tx, "link_network", network.bytes(), window).await?;
    if tried > TRIES {
        return Err(UseLinkError::TooMany);
    }
    let trip = store::payment_link::take(&mut tx, &hash(token), now).await?;
    if let Some(trip) = &trip {
        let entry =
            AuditEntry { actor: "shopper", action: "payment_link_used", subject: trip.as_str(), detail: json!({}) };
        store::audit::insert(&mut tx, entry, now).await?;
    }
    tx.commit().await?;
    trip.map(Viewer::Visit).ok_or(UseLinkError::Gone)
}

/// A link to mail.
#[derive(Debug)]
pub struct LinkMail {
    /// To whom.
    pub to: EmailAddress,
    /// What is in the link.
    pub token: Secret,
    /// Whose store the visit was to.
    pub merchant: Merchant,
    /// When it began.
    pub started_at: OffsetDateTime,
}

/// A link to mail. `None`: it was used, or is over.
///
/// # Errors
///
/// A database that is away.
pub async fn link_mail(
    db: &PgPool,
    vault: &Vault,
    id: PaymentLinkId,
    now: OffsetDateTime,
) -> Result<Option<LinkMail>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(link) = store::payment_link::unsent(&mut conn, vault, id, now).await? else { return Ok(None) };
    let Some(row) = store::trip::get(&mut conn, &link.trip).await? else { return Ok(None) };
    let merchant = settings_of(&mut conn, &row).await?.merchant;
    Ok(Some(LinkMail { to: link.to, token: link.token, merchant, started_at: row.started_at }))
}

/// Forgets what is in a link when the effect that mails it has ended.
///
/// # Errors
///
/// A database that is away. It stays sealed then.
pub async fn forget_link(db: &PgPool, effect: OutboxId, id: PaymentLinkId) -> Result<(), StoreError> {
    store::payment_link::forget_sent(&mut *db.acquire().await?, effect, id).await
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}
