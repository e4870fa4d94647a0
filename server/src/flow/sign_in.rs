//! Signing in by a code that is mailed. What is asked for an address that nobody has looks the same from outside.

use domain::effect::{Effect, SignInCode};
use domain::id::{EmailAddress, ShopperId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::PgPool;
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::secret::Secret;
use crate::store::{self, StoreError};

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
    key: &Secret,
    email: &EmailAddress,
    network: &str,
    code: SignInCode,
    now: OffsetDateTime,
) -> Result<Uuid, SignInError> {
    let mut tx = db.begin().await?;
    let window = window_of(now);
    let from_network = store::budget::spend(&mut tx, "code_network", &keyed(key, "network", network), window).await?;
    if from_network > CODES_PER_NETWORK {
        tx.commit().await?;
        return Err(SignInError::TooMany);
    }
    let to_address =
        store::budget::spend(&mut tx, "code_address", &keyed(key, "address", email.expose()), window).await?;
    let known = store::shopper::find(&mut tx, email).await?;
    let shopper = known.filter(|_| to_address <= CODES_PER_ADDRESS);
    let id = store::sign_in_code::insert(&mut tx, shopper, &keyed(key, "code", &code.0), CODE_TRIES, now + CODE_LIFE)
        .await?;
    if shopper.is_some() {
        let mail = Effect::SendSignInCode { to: email.clone(), code };
        store::outbox::push(&mut tx, &mail, now, Some(now + CODE_LIFE), now).await?;
    }
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
    key: &Secret,
    id: Uuid,
    code: &str,
    now: OffsetDateTime,
) -> Result<ShopperId, SignInError> {
    let mut tx = db.begin().await?;
    let spent = store::sign_in_code::spend_try(&mut tx, id, now).await?;
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let right = spent.as_ref().is_some_and(|row| row.code_hmac.ct_eq(&keyed(key, "code", &digits)).into());
    let shopper = match spent.and_then(|row| row.shopper) {
        Some(shopper) if right && store::sign_in_code::mark_used(&mut tx, id, now).await? => Ok(shopper),
        Some(_) | None => Err(SignInError::WrongCode),
    };
    tx.commit().await?;
    shopper
}

fn window_of(now: OffsetDateTime) -> OffsetDateTime {
    let seconds = now.unix_timestamp() - now.unix_timestamp().rem_euclid(BUDGET_WINDOW.whole_seconds());
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(now)
}

/// A keyed hash, so that a stolen table tells no address and no code.
fn keyed(key: &Secret, what: &str, fact: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(what.as_bytes());
    mac.update(&[0]);
    mac.update(fact.as_bytes());
    mac.finalize().into_bytes().to_vec()
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
