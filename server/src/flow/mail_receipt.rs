//! Mailing a receipt once more, to the address on file and to no other.

use domain::effect::Effect;
use domain::id::{EmailAddress, TripId};
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use crate::store::audit::AuditEntry;
use crate::store::instrument::Identity;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Mails about one visit that may be asked for in an hour.
pub const MAILS_PER_TRIP: i32 = 5;

/// The window of that budget.
const WINDOW: Duration = Duration::hours(1);

/// Why nothing is mailed.
#[derive(Debug, thiserror::Error)]
pub enum MailReceiptError {
    /// There is no such receipt within reach.
    #[error("there is no such receipt")]
    NotFound,
    /// Nobody's address is known.
    #[error("no address is known")]
    NoAddress,
    /// It was mailed often enough for now.
    #[error("it was mailed often enough for now")]
    TooMany,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MailReceiptError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Where the receipt of a visit is mailed to. `None`: nobody's address is known.
///
/// # Errors
///
/// `NotFound` for a visit out of reach.
pub async fn receipt_address(
    db: &PgPool,
    vault: &Vault,
    viewer: &Viewer,
    trip: &TripId,
) -> Result<Option<EmailAddress>, MailReceiptError> {
    address(&mut *db.acquire().await?, vault, viewer, trip).await
}

async fn address(
    conn: &mut PgConnection,
    vault: &Vault,
    viewer: &Viewer,
    trip: &TripId,
) -> Result<Option<EmailAddress>, MailReceiptError> {
    let reach = store::viewer::reach(&mut *conn, viewer).await?;
    if !store::trip::is_within(&mut *conn, trip, &reach).await? {
        return Err(MailReceiptError::NotFound);
    }
    let row = store::trip::get(&mut *conn, trip).await?.ok_or(MailReceiptError::NotFound)?;
    let Some(instrument) = &row.instrument else { return Ok(None) };
    let Identity::Known(shopper) = store::instrument::identity_at(&mut *conn, instrument, row.started_at).await? else {
        return Ok(None);
    };
    Ok(store::shopper::email(conn, vault, shopper).await?)
}

/// Puts the mail into the outbox. One that waits there already is enough.
///
/// # Errors
///
/// See [`MailReceiptError`]. Nothing is mailed then.
pub async fn mail_receipt(
    db: &PgPool,
    vault: &Vault,
    viewer: &Viewer,
    trip: &TripId,
    now: OffsetDateTime,
) -> Result<(), MailReceiptError> {
    let mut tx = db.begin().await?;
    address(&mut tx, vault, viewer, trip).await?.ok_or(MailReceiptError::NoAddress)?;
    if store::purchase::get_by_trip(&mut tx, trip).await?.is_none() {
        return Err(MailReceiptError::NotFound);
    }
    let subject = vault.index("receipt_mail", trip.as_str());
    let spent = store::budget::spend(&mut tx, "receipt_mail", subject.bytes(), window_of(now)).await?;
    if spent > MAILS_PER_TRIP {
        tx.commit().await?;
        return Err(MailReceiptError::TooMany);
    }
    let mail = Effect::SendReceipt { trip: trip.clone() };
    if !store::outbox::live(&mut tx, mail.kind(), trip).await?.waiting {
        store::outbox::push(&mut tx, &mail, now, None, now).await?;
    }
    let entry = AuditEntry {
        actor: &viewer.to_string(),
        action: "receipt_mailed_again",
        subject: trip.as_str(),
        detail: json!({ "effect": mail.kind() }),
    };
    store::audit::insert(&mut tx, entry, now).await?;
    Ok(tx.commit().await?)
}

fn window_of(now: OffsetDateTime) -> OffsetDateTime {
    let seconds = now.unix_timestamp() - now.unix_timestamp().rem_euclid(WINDOW.whole_seconds());
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(now)
}
