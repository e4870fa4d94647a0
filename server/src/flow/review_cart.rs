//! Bad carts: what people find out about them, before anything is charged and too late.

use std::collections::BTreeMap;

use domain::alert::AlertKind;
use domain::cart::Cart;
use domain::id::TripId;
use domain::identification::{Identification, identified};
use domain::money::Money;
use domain::pricing::{BadLine, BadLineCause, Purchase};
use domain::store::Store;
use domain::trip::{CartVerdict, Trip, TripEvent};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::advance::{Parts, Said, advance, settings_of};
use super::book_loss::book_loss;
use super::price_cart::price_by;
use super::staff::{Person, UnknownStaff};
use crate::failpoint::{self, Commit};
use crate::store::audit::AuditEntry;
use crate::store::purchase::{BadCart, StoredPurchase};
use crate::store::trip::TripRow;
use crate::store::{self, StoreError, line_identification};

/// Why a bad cart stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ReviewCartError {
    /// There is no such visit, or it has no purchase.
    #[error("there is no bad cart of this trip")]
    NotFound,
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// The visit has been charged, or is being charged: there is no second capture, and nothing was said that would be a loss.
    #[error(
        "the cart is not in review any more (the trip is {0}): nothing more can be charged; say what its lines are to book them as a loss"
    )]
    TooLate(&'static str),
    /// The payment token has ended, and nothing was said that would be a loss.
    #[error(
        "the trip's payment token has ended: nothing can be charged any more; say what its lines are to book them as a loss"
    )]
    DeadlinePassed,
    /// The cart has no such line.
    #[error("the cart has no line {0} that could not be priced")]
    NoSuchLine(u32),
    /// The rules of the visit cannot price what it was said to be.
    #[error("line {} still cannot be priced: {}", .0.line_no, what_to_do(.0))]
    StillBad(Box<BadLine>),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ReviewCartError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What is wrong with a line as a person described it, and how to put it right.
fn what_to_do(bad: &BadLine) -> String {
    let (id, quantity) = (&bad.item.id, &bad.item.quantity);
    match bad.cause {
        BadLineCause::UnknownItem => {
            format!(
                "no article of the visit's rules is {id}: say which one it is with --sku (`storeside export catalog` lists them)"
            )
        }
        BadLineCause::UnknownUnit => {
            let sent = &quantity.unit;
            format!("{id} is not sold by {sent:?}: say --unit (unit for pieces, or lb, oz, kg, g) and --quantity in it")
        }
        BadLineCause::ZeroQuantity => {
            "its quantity is zero: say how much it was with --quantity, or leave the line out and it stays uncharged"
                .to_owned()
        }
        BadLineCause::FractionOfPiece => {
            let value = quantity.value.normalize();
            format!("{id} is sold by the piece, and {value} is no whole number: say how many with --quantity")
        }
        BadLineCause::UnknownTax => {
            format!(
                "the store's jurisdiction has no tax rate for {id} in the visit's rules: leave the line out, it stays uncharged"
            )
        }
        BadLineCause::TooLarge => "the cart would cost more than can be counted: say a smaller --quantity".to_owned(),
    }
}

const fn said(person: Person<'_>, at: OffsetDateTime) -> line_identification::Said<'_> {
    line_identification::Said { by: person.by, reason: person.reason, at, late: false }
}

/// Carts with lines that could not be priced, the nearest deadline first.
///
/// # Errors
///
/// A database that is away.
pub async fn list_bad_carts(db: &PgPool) -> Result<Vec<BadCart>, StoreError> {
    store::purchase::list_bad_carts(&mut *db.acquire().await?).await
}

/// What came of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewed {
    /// The cart is charged so much.
    Charged(Money),
    /// Nothing more can be charged, and the shopper never will be: the store's loss.
    Lost {
        /// Booked now; nothing where it was known before, or where the cart costs no more than was charged.
        booked: Money,
        /// In all.
        lost: Money,
    },
}

/// Prices a cart in review again, with what a person found lines of it to be, and charges it. Lines that nobody could identify stay
/// uncharged. Where nothing can be charged any more, what was found is booked as the store's loss.
///
/// # Errors
///
/// See [`ReviewCartError`]. Nothing has changed then.
pub async fn price_bad_cart(
    db: &PgPool,
    trip: &TripId,
    found: &BTreeMap<u32, Identification>,
    reviewer: Person<'_>,
    now: OffsetDateTime,
) -> Result<Reviewed, ReviewCartError> {
    let mut tx = db.begin().await?;
    let review = lock(&mut tx, trip, reviewer).await?;
    let is_bad = |line_no| review.stored.purchase.bad_lines.iter().any(|bad| bad.line_no == line_no);
    if let Some(line_no) = found.keys().find(|line_no| !is_bad(**line_no)) {
        return Err(ReviewCartError::NoSuchLine(*line_no));
    }
    let reviewed = match review.check_open(now) {
        Ok(()) => charge(&mut tx, review, found, reviewer, now).await?,
        Err(error) if found.is_empty() => return Err(error),
        Err(_) => lose(&mut tx, review, found, reviewer, now).await?,
    };
    tx.commit().await?;
    Ok(reviewed)
}

async fn charge(
    conn: &mut PgConnection,
    review: Review,
    found: &BTreeMap<u32, Identification>,
    reviewer: Person<'_>,
    now: OffsetDateTime,
) -> Result<Reviewed, ReviewCartError> {
    let Review { settings, mut row, stored, cart } = review;
    save(&mut *conn, &row.id, found, line_identification::Said { late: false, ..said(reviewer, now) }).await?;
    let all = line_identification::list(&mut *conn, &row.id).await?;
    let again = reprice(&mut *conn, &settings, &row, &stored, &identified(&cart, &all)).await?;
    refuse_still_bad(&again, found)?;
    store::purchase::replace(&mut *conn, stored.id, &again, now).await?;
    audit(&mut *conn, "bad_cart_priced", &row.id, reviewer, (&stored.purchase, &again), now).await?;
    decide(conn, &settings, &mut row, &again, reviewer.by, now).await?;
    Ok(Reviewed::Charged(again.total))
}

/// The purchase stays what the shopper was charged; what it would have been is the measure of the loss.
async fn lose(
    conn: &mut PgConnection,
    review: Review,
    found: &BTreeMap<u32, Identification>,
    reviewer: Person<'_>,
    now: OffsetDateTime,
) -> Result<Reviewed, ReviewCartError> {
    let Review { settings, row, stored, cart } = review;
    let before = line_identification::list_all(&mut *conn, &row.id).await?;
    save(&mut *conn, &row.id, found, line_identification::Said { late: true, ..said(reviewer, now) }).await?;
    let after = line_identification::list_all(&mut *conn, &row.id).await?;
    let all = after.iter().map(|(line_no, (it, _))| (*line_no, it.clone())).collect();
    let known = reprice(&mut *conn, &settings, &row, &stored, &identified(&cart, &all)).await?;
    refuse_still_bad(&known, found)?;
    let charged = row.state.total().map(|_| &stored.purchase);
    let (booked, lost) = book_loss(&mut *conn, &row, &known, charged, now).await?;
    if before != after {
        audit(&mut *conn, "bad_cart_lost", &row.id, reviewer, (&stored.purchase, &known), now).await?;
    }
    if known.bad_lines.is_empty() {
        store::alert::close(conn, AlertKind::BadCart, row.id.as_str(), now).await?;
    }
    Ok(Reviewed::Lost { booked: booked.total, lost: lost.total })
}

async fn save(
    conn: &mut PgConnection,
    trip: &TripId,
    found: &BTreeMap<u32, Identification>,
    said: line_identification::Said<'_>,
) -> Result<(), StoreError> {
    for (line_no, it) in found {
        line_identification::save(&mut *conn, trip, *line_no, it, said).await?;
    }
    Ok(())
}

/// Lets a cart in review go: nothing is charged, the hold is released.
///
/// # Errors
///
/// See [`ReviewCartError`]. Nothing has changed then.
pub async fn release_bad_cart(
    db: &PgPool,
    trip: &TripId,
    reviewer: Person<'_>,
    now: OffsetDateTime,
) -> Result<(), ReviewCartError> {
    let mut tx = db.begin().await?;
    let review = lock(&mut tx, trip, reviewer).await?;
    review.check_open(now)?;
    let Review { settings, mut row, stored, .. } = review;
    let purchases = (&stored.purchase, &stored.purchase);
    audit(&mut tx, "bad_cart_released", trip, reviewer, purchases, now).await?;
    let said = Said { by: reviewer.by, parts: None, at: now };
    advance(&mut tx, &settings, &mut row, TripEvent::Reviewed(CartVerdict::NothingToPay), said).await?;
    Ok(tx.commit().await?)
}

/// The time for a person is over: the lines that were recognised are charged, as they were priced when the cart came. A visit that is
/// not in review any more does not mind.
///
/// # Errors
///
/// A database that is away.
pub async fn check_review(db: &PgPool, trip: &TripId, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let Some(mut row) = store::trip::lock(&mut tx, trip).await? else { return Ok(()) };
    let stored = store::purchase::get_with_occasion(&mut tx, trip).await?;
    let (Trip::InReview, Some(stored)) = (row.state, stored) else { return Ok(()) };
    let settings = settings_of(&mut tx, &row).await?;
    decide(&mut tx, &settings, &mut row, &stored.purchase, "review", now).await?;
    Ok(failpoint::commit(tx, Commit::ReviewChecked).await?)
}

struct Review {
    settings: Store,
    row: TripRow,
    stored: StoredPurchase,
    cart: Cart,
}

impl Review {
    /// Can something still be charged?
    fn check_open(&self, now: OffsetDateTime) -> Result<(), ReviewCartError> {
        if self.row.state != Trip::InReview {
            return Err(ReviewCartError::TooLate(self.row.state.name()));
        }
        if now >= self.row.deadline_at {
            return Err(ReviewCartError::DeadlinePassed);
        }
        Ok(())
    }
}

/// A cart that was priced once, its visit locked.
async fn lock(conn: &mut PgConnection, trip: &TripId, reviewer: Person<'_>) -> Result<Review, ReviewCartError> {
    reviewer.check(&mut *conn).await??;
    let row = store::trip::lock(&mut *conn, trip).await?.ok_or(ReviewCartError::NotFound)?;
    let stored = store::purchase::get_with_occasion(&mut *conn, trip).await?.ok_or(ReviewCartError::NotFound)?;
    let cart = store::cart::get_items(&mut *conn, trip).await?.ok_or(ReviewCartError::NotFound)?;
    Ok(Review { settings: settings_of(conn, &row).await?, row, stored, cart })
}

/// What a person named must be priced now.
fn refuse_still_bad(again: &Purchase, found: &BTreeMap<u32, Identification>) -> Result<(), ReviewCartError> {
    match again.bad_lines.iter().find(|bad| found.contains_key(&bad.line_no)) {
        Some(bad) => Err(ReviewCartError::StillBad(Box::new(bad.clone()))),
        None => Ok(()),
    }
}

/// By the rules, settings and occasion of the first time.
async fn reprice(
    conn: &mut PgConnection,
    settings: &Store,
    row: &TripRow,
    stored: &StoredPurchase,
    cart: &Cart,
) -> Result<Purchase, StoreError> {
    let settings = Store { pricing: stored.purchase.settings.clone(), ..settings.clone() };
    let version = store::rule_set::get(&mut *conn, &row.store, stored.purchase.rule_set).await?;
    let version = version.ok_or(StoreError::Corrupt("purchase.rule_set_id"))?;
    price_by(conn, &settings, &version, cart, stored.occasion).await
}

async fn decide(
    conn: &mut PgConnection,
    settings: &Store,
    row: &mut TripRow,
    purchase: &Purchase,
    by: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let verdict = match purchase.total.is_positive() {
        true => CartVerdict::Payable(purchase.total),
        false => CartVerdict::NothingToPay,
    };
    if purchase.bad_lines.is_empty() {
        store::alert::close(&mut *conn, AlertKind::BadCart, row.id.as_str(), now).await?;
    } else {
        store::alert::open(&mut *conn, AlertKind::BadCart, row.id.as_str(), now).await?;
    }
    advance(conn, settings, row, TripEvent::Reviewed(verdict), Said { by, parts: Some(Parts::of(purchase)?), at: now })
        .await
        .map(drop)
}

async fn audit(
    conn: &mut PgConnection,
    action: &'static str,
    trip: &TripId,
    reviewer: Person<'_>,
    (before, after): (&Purchase, &Purchase),
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let detail = json!({
        "reason": reviewer.reason,
        "total_minor_before": before.total.minor(),
        "total_minor": after.total.minor(),
        "bad_lines_before": before.bad_lines.len(),
        "bad_lines": after.bad_lines.len(),
    });
    let entry = AuditEntry { actor: reviewer.by, action, subject: trip.as_str(), detail };
    store::audit::insert(conn, entry, now).await
}
