//! Signing in by a code that is mailed, to the address that was typed or to that of a loyalty account. What is asked for somebody whom
//! nobody knows looks the same from outside.

use domain::effect::{Effect, SignInCode};
use domain::id::{EmailAddress, LoyaltyNumber, OutboxId, ShopperId, SignInCodeId};
use sqlx::{PgConnection, PgPool};
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::store::{self, StoreError};
use crate::vault::{BlindIndex, Vault};

/// How long a code is good.
pub const CODE_LIFE: Duration = Duration::minutes(10);

/// Answers a code bears.
pub const CODE_TRIES: i32 = 5;

/// The window of the budgets.
const BUDGET_WINDOW: Duration = Duration::hours(1);

/// Codes an address may be sent in one window.
const CODES_PER_ADDRESS: i32 = 5;

/// Codes a network may ask for in one window.
const CODES_PER_NETWORK: i32 = 60;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong, used, over, or nobody's: one answer for all.
    #[error("the code is not right")]
    WrongCode,
    /// Too many codes were asked for from this network.
    #[error("too many codes were asked for")]
    TooMany,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SignInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Who asks for a code.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// Whoever has this address.
    Address(&'a EmailAddress),
    /// The owner of this loyalty account: the code goes to the address on file.
    Member(&'a LoyaltyNumber),
}

impl Asker<'_> {
    /// What codes for them are counted by.
    fn subject(&self, vault: &Vault) -> BlindIndex {
        match self {
            Self::Address(email) => vault.index("address", email.expose()),
            Self::Member(number) => vault.index("loyalty_number", number.as_str()),
        }
    }

    /// Whose code it is. A member is a shopper as soon as they ask.
    async fn find(
        &self,
        conn: &mut PgConnection,
        vault: &Vault,
        now: OffsetDateTime,
    ) -> Result<Option<ShopperId>, StoreError> {
        let member = match self {
            Self::Address(email) => {
                if let Some(known) = store::shopper::find(&mut *conn, vault, email).await? {
                    return Ok(Some(known));
                }
                let is_member = store::loyalty_account::is_members(&mut *conn, vault, email, now).await?;
                is_member.then(|| (*email).clone())
            }
            Self::Member(number) => store::loyalty_account::email(&mut *conn, vault, number, now).await?,
        };
        match member {
            Some(email) => store::shopper::find_or_insert(conn, vault, &email, now).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Sends a code to an address that is known, and to nobody else. Gives the name under which the browser that asked, and no
/// other, may answer. `code` is eight digits of chance.
///
/// An address past its budget is not written to any more, and its owner is not told here: whoever asks learns nothing.
///
/// # Errors
///
/// `TooMany` for a network past its budget.
pub async fn request_code(
    db: &PgPool,
    vault: &Vault,
    asker: Asker<'_>,
    network: &str,
    code: SignInCode,
    now: OffsetDateTime,
) -> Result<Uuid, SignInError> {
    let mut tx = db.begin().await?;
    let window = window_of(now, BUDGET_WINDOW);
    let from_network =
        store::budget::spend(&mut tx, "code_network", vault.index("network", network).bytes(), window).await?;
    if from_network > CODES_PER_NETWORK {
        tx.commit().await?;
        return Err(SignInError::TooMany);
    }
    let to_address = store::budget::spend(&mut tx, "code_address", asker.subject(vault).bytes(), window).await?;
    let known = asker.find(&mut tx, vault, now).await?;
    let shopper = known.filter(|_| to_address <= CODES_PER_ADDRESS);
    let hmac = vault.index("code", &code.0);
    let id = store::sign_in_code::insert(&mut tx, shopper, hmac.bytes(), CODE_TRIES, now + CODE_LIFE).await?;
    // For nobody as well, so that no time and no statement tells: a mail to nobody is dropped.
    store::sign_in_code::save_code(&mut tx, vault, id, &code).await?;
    let mail = Effect::MailSignInCode { code: SignInCodeId(id) };
    store::outbox::push(&mut tx, &mail, now, Some(now + CODE_LIFE), now).await?;
    tx.commit().await?;
    Ok(id)
}

/// Takes a browser's answer. Each answer spends one of the code's tries, the right one too.
///
/// # Errors
///
/// `WrongCode` for everything that does not let in.
pub async fn answer_code(
    db: &PgPool,
    vault: &Vault,
    id: Uuid,
    code: &str,
    now: OffsetDateTime,
) -> Result<ShopperId, SignInError> {
    let mut tx = db.begin().await?;
    let spent = store::sign_in_code::spend_try(&mut tx, id, now).await?;
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let right = spent.as_ref().is_some_and(|row| is_right(vault, &row.code_hmac, &digits));
    let shopper = match spent.and_then(|row| row.shopper) {
        Some(shopper) if right && store::sign_in_code::mark_used(&mut tx, id, now).await? => Ok(shopper),
        Some(_) | None => Err(SignInError::WrongCode),
    };
    tx.commit().await?;
    shopper
}

/// A code that was asked for before the key changed is right under the key of then.
fn is_right(vault: &Vault, kept: &[u8], digits: &str) -> bool {
    vault.indexes("code", digits).iter().fold(false, |right, it| right | bool::from(it.as_slice().ct_eq(kept)))
}

/// A code to mail, and to whom. `None`: it is over.
///
/// # Errors
///
/// A database that is away.
pub async fn code_mail(
    db: &PgPool,
    vault: &Vault,
    id: SignInCodeId,
    now: OffsetDateTime,
) -> Result<Option<(EmailAddress, SignInCode)>, StoreError> {
    store::sign_in_code::unsent(&mut *db.acquire().await?, vault, id, now).await
}

/// Forgets a code when the effect that mails it has ended.
///
/// # Errors
///
/// A database that is away. The code is over in minutes whatever happens.
pub async fn forget_code(db: &PgPool, effect: OutboxId, id: SignInCodeId) -> Result<(), StoreError> {
    store::sign_in_code::forget_sent(&mut *db.acquire().await?, effect, id).await
}

/// When the window of this length began in which `now` is.
pub(super) fn window_of(now: OffsetDateTime, window: Duration) -> OffsetDateTime {
    let seconds = now.unix_timestamp() - now.unix_timestamp().rem_euclid(window.whole_seconds());
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::backend::SignInCode as Typed;

    #[test]
    fn the_page_says_how_long_a_code_is_good_and_how_many_answers_it_bears() {
        assert_eq!(CODE_LIFE, Duration::minutes(Typed::VALID_FOR_MINUTES.into()));
        assert_eq!(CODE_TRIES, i32::try_from(Typed::TRIES_MAX).unwrap());
    }
}
