//! One cart of one visit: priced, kept and answered, once.

use domain::alert::AlertKind;
use domain::cart::{CartReceived, Scan};
use domain::id::{InstrumentId, PurchaseId};
use domain::pricing::{Occasion, Purchase};
use domain::store::{BadCartPolicy, Store};
use domain::trip::{CartVerdict, Trip, TripEvent};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::advance::{Parts, Said, advance};
use super::price_cart::{price_by, version_at};
use crate::failpoint::{self, Commit};
use crate::store::cart::{AnsweredCart, CartHash};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Why a cart was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveCartError {
    /// We do not serve this store.
    #[error("this store is not served here")]
    UnknownStore,
    /// The visit is another store's.
    #[error("the trip belongs to another store")]
    TripOfAnotherStore,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ReceiveCartError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Prices a cart and starts its payment. `None`: an empty cart, which has no purchase. A repeated request gets the first
/// answer; so does a different cart under the same trip, which is kept for a person.
///
/// # Errors
///
/// See [`ReceiveCartError`]. Nothing is kept of a cart that was refused.
pub async fn receive_cart(
    db: &PgPool,
    cart: &CartReceived,
    now: OffsetDateTime,
) -> Result<Option<PurchaseId>, ReceiveCartError> {
    let mut tx = db.begin().await?;
    let settings = store::settings::get(&mut tx, &cart.store).await?.ok_or(ReceiveCartError::UnknownStore)?;
    if let Some(instrument) = &cart.instrument {
        // The instrument first, then the visit: the order in which a tap takes them.
        store::instrument::insert(&mut tx, instrument, now).await?;
    }
    let mut row = lock_or_begin(&mut tx, cart, &settings, now).await?;
    if row.store != cart.store {
        return Err(ReceiveCartError::TripOfAnotherStore);
    }
    let hash = hash_of(cart);
    if let Some(first) = store::cart::get(&mut tx, &cart.trip).await? {
        note_difference(&mut tx, cart, &hash, &first, now).await?;
        tx.commit().await?;
        return Ok(first.purchase);
    }
    resolve_instrument(&mut tx, &mut row, cart).await?;
    if row.state != Trip::Entered {
        store::alert::close(&mut tx, AlertKind::CartMissing, cart.trip.as_str(), now).await?;
    }
    row.deadline_at = row.deadline_at.min(cart.started_at.saturating_add(settings.token_life));
    row.started_at = cart.started_at;
    store::cart::insert(&mut tx, cart, &hash, now).await?;
    let member = member(&mut tx, cart).await?;
    let occasion = Occasion { at: cart.started_at, member };
    let purchase = price(&mut tx, cart, &settings, occasion, now).await?;
    let verdict = verdict(&purchase, cart, &settings);
    let purchase_id = if cart.cart.items.is_empty() {
        None
    } else {
        let id = PurchaseId(Uuid::new_v4());
        store::purchase::insert(&mut tx, id, &cart.trip, &purchase, occasion, now).await?;
        Some(id)
    };
    if !purchase.bad_lines.is_empty() {
        store::alert::open(&mut tx, AlertKind::BadCart, cart.trip.as_str(), now).await?;
    }
    let said = Said { by: "cart", parts: Some(Parts::of(&purchase)?), at: now };
    advance(&mut tx, &settings, &mut row, TripEvent::CartPriced(verdict), said).await?;
    failpoint::commit(tx, Commit::Cart).await?;
    count(cart, &purchase, verdict);
    Ok(purchase_id)
}

/// The visit, locked; begun now when the gate never saw it.
async fn lock_or_begin(
    conn: &mut PgConnection,
    cart: &CartReceived,
    settings: &Store,
    now: OffsetDateTime,
) -> Result<TripRow, StoreError> {
    if let Some(row) = store::trip::lock(&mut *conn, &cart.trip).await? {
        return Ok(row);
    }
    let unseen = TripRow {
        id: cart.trip.clone(),
        store: cart.store.clone(),
        instrument: None,
        currency: settings.currency,
        state: Trip::Entered,
        hold: None,
        started_at: cart.started_at,
        deadline_at: cart.started_at.saturating_add(settings.token_life),
    };
    if store::trip::insert(&mut *conn, &unseen, now).await? {
        tracing::info!(trip.id = %cart.trip, "a cart for a trip that the gate did not see");
    }
    store::trip::lock(conn, &cart.trip).await?.ok_or(StoreError::Corrupt("a trip that was just written"))
}

/// Links the visit to a card: by the gate's call for this trip, else by the tap that the cart names, else by the instrument
/// that the cart names. What `paymentSource` means is not documented: it counts only where it is an instrument that we know.
async fn resolve_instrument(conn: &mut PgConnection, row: &mut TripRow, cart: &CartReceived) -> Result<(), StoreError> {
    if row.instrument.is_some() {
        return Ok(());
    }
    let events: Vec<String> = cart.auth_events.iter().map(|event| event.id.to_string()).collect();
    let tapped = store::gate_decision::find_instrument(&mut *conn, &events).await?;
    row.instrument = tapped.or_else(|| cart.instrument.clone());
    if let (None, Some(source)) = (&row.instrument, &cart.payment_source)
        && let Ok(source) = InstrumentId::new(source)
        && store::instrument::exists(conn, &source).await?
    {
        row.instrument = Some(source);
    }
    Ok(())
}

/// Did somebody of the visit scan the code of an account that was live when it began? A number that nobody has is no mistake: how
/// Amazon fills the field is not documented.
async fn member(conn: &mut PgConnection, cart: &CartReceived) -> Result<bool, StoreError> {
    let scans = cart.auth_events.iter().filter_map(|event| event.scan.as_ref());
    let numbers: Vec<_> = scans.filter_map(Scan::loyalty_number).collect();
    if numbers.is_empty() {
        return Ok(false);
    }
    let Some(number) = store::loyalty_account::find_live(&mut *conn, &numbers, cart.started_at).await? else {
        tracing::info!(trip.id = %cart.trip, "a scanned code that is no loyalty account of ours");
        return Ok(false);
    };
    store::loyalty_account::insert_visit(conn, &cart.trip, &number).await?;
    Ok(true)
}

/// By the rules in force when the visit began.
async fn price(
    conn: &mut PgConnection,
    cart: &CartReceived,
    settings: &Store,
    occasion: Occasion,
    now: OffsetDateTime,
) -> Result<Purchase, StoreError> {
    let version = version_at(&mut *conn, &cart.store, occasion.at, now).await?;
    price_by(conn, settings, &version, &cart.cart, occasion).await
}

/// A bad cart whose policy is to charge what was recognised waits for a person all the same when nothing was.
fn verdict(purchase: &Purchase, cart: &CartReceived, settings: &Store) -> CartVerdict {
    let is_bad = !purchase.bad_lines.is_empty();
    match settings.bad_cart {
        _ if cart.cart.items.is_empty() => CartVerdict::NothingToPay,
        BadCartPolicy::HoldForReview if is_bad => CartVerdict::NeedsReview,
        BadCartPolicy::HoldForReview | BadCartPolicy::ChargeRecognised if purchase.total.is_positive() => {
            CartVerdict::Payable(purchase.total)
        }
        BadCartPolicy::ChargeRecognised if is_bad => CartVerdict::NeedsReview,
        BadCartPolicy::HoldForReview | BadCartPolicy::ChargeRecognised => CartVerdict::NothingToPay,
    }
}

/// Of the cart's lines as they are stored. The order counts; what Amazon may add to a request later does not.
fn hash_of(cart: &CartReceived) -> CartHash {
    // Plain values with string keys: they always have a JSON form.
    let canonical = serde_json::to_vec(&cart.cart).unwrap_or_default();
    Sha256::digest(canonical).into()
}

async fn note_difference(
    conn: &mut PgConnection,
    cart: &CartReceived,
    hash: &CartHash,
    first: &AnsweredCart,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if first.hash == hash {
        return Ok(());
    }
    store::cart::insert_conflict(&mut *conn, cart, hash, now).await?;
    store::alert::open(conn, AlertKind::CartDiffers, cart.trip.as_str(), now).await
}

fn count(cart: &CartReceived, purchase: &Purchase, verdict: CartVerdict) {
    let verdict = match verdict {
        CartVerdict::Payable(_) => "payable",
        CartVerdict::NothingToPay => "nothing_to_pay",
        CartVerdict::NeedsReview => "needs_review",
    };
    metrics::counter!("storeside_carts_total", "verdict" => verdict).increment(1);
    tracing::info!(
        trip.id = %cart.trip,
        verdict,
        lines = purchase.lines.len(),
        bad_lines = purchase.bad_lines.len(),
        total = %purchase.total,
        "cart priced"
    );
}
