//! Somebody asks for a refund: the rules, and the refund with its lines, under the visit's lock.

use std::pin::Pin;

use domain::id::{PurchaseId, RefundId, Sku, TripId};
use domain::money::Money;
use domain::note::Note;
use domain::refund::amount::{Choice, Expected, RefundLine, RefundParts, expected};
use domain::refund::{
    Asked, Refund, RefundEvent, RefundKind, RefundReason, RefundRefusal, ReviewReason, Split, Verdict, check,
    review_reasons,
};
use domain::store::Store;
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::advance::settings_of;
use super::move_refund::{Place, RefundMover, case, funds, move_refund, tell};
use super::staff::{UnknownStaff, check_staff};
use crate::failpoint::{self, Commit};
use crate::store::audit::AuditEntry;
use crate::store::refund::RefundRow;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// The actor where the store's limits decide.
const RULES: &str = "rules";

/// Why there is no refund.
#[derive(Debug, thiserror::Error)]
pub enum RequestRefundError {
    /// There is no such visit, or it is somebody else's: from outside the two look alike.
    #[error("there is no purchase of this trip")]
    NotFound,
    /// Nobody of this name works here.
    #[error(transparent)]
    UnknownStaff(#[from] UnknownStaff),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] RefundRefusal),
    /// It comes to another amount than was agreed to.
    #[error("it comes to another amount by now")]
    Changed,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RequestRefundError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Requester<'a> {
    /// Whoever may see the visit.
    Viewer(&'a Viewer),
    /// A person who works here.
    Staff(&'a str),
}

/// What is given back.
#[derive(Debug, Clone)]
pub enum Wish {
    /// What goods cost.
    Goods(Choice),
    /// What was taken beyond what was owed.
    Credit,
}

/// A shopper's own words, and what seals them.
#[derive(Debug, Clone, Copy)]
pub struct NoteToSeal<'a> {
    /// The words.
    pub note: &'a Note,
    /// What seals them.
    pub vault: &'a Vault,
}

/// A refund that is asked for. Whoever asks makes the id beforehand: asking twice with the same one is asking once.
#[derive(Debug, Clone)]
pub struct RefundOrder<'a> {
    /// Its id, for life.
    pub id: RefundId,
    /// The visit.
    pub trip: &'a TripId,
    /// What.
    pub wish: Wish,
    /// Why, in Amazon's words.
    pub reason: RefundReason,
    /// Why, in their own; of people who work here.
    pub because: Option<&'a str>,
    /// What a shopper adds.
    pub note: Option<NoteToSeal<'a>>,
    /// What it was said to come to, where somebody agreed to that.
    pub agreed: Option<Money>,
    /// Who.
    pub by: Requester<'a>,
}

/// What would be given back, before anybody asks for it.
#[derive(Debug, Clone)]
pub struct ExpectedRefund {
    /// Which goods. Empty for a credit.
    pub lines: Vec<RefundLine>,
    /// The whole amount.
    pub amount: Money,
    /// What of it is goods, tax and deposits.
    pub parts: RefundParts,
    /// How it would be given, as things stand.
    pub split: Split,
    /// Will a person look at it first?
    pub verdict: Verdict,
    /// Why. Empty where nobody has to.
    pub review: Vec<ReviewReason>,
}

/// What a refund would come to. Nothing is written.
///
/// # Errors
///
/// See [`RequestRefundError`].
pub async fn expect_refund(
    db: &PgPool,
    trip: &TripId,
    wish: &Wish,
    by: Requester<'_>,
    now: OffsetDateTime,
) -> Result<ExpectedRefund, RequestRefundError> {
    let mut tx = db.begin().await?;
    let row = lock_trip(&mut tx, trip, by).await?;
    let settings = settings_of(&mut tx, &row).await?;
    Ok(reckon(&mut tx, &settings, &row, wish, now).await?.refund)
}

/// Asks for a refund. Within the store's limits it is approved at once; else a person looks at it.
///
/// # Errors
///
/// See [`RequestRefundError`]. Nothing has changed then.
pub async fn request_refund(
    db: &PgPool,
    order: &RefundOrder<'_>,
    now: OffsetDateTime,
) -> Result<RefundRow, RequestRefundError> {
    let mut tx = db.begin().await?;
    let row = lock_trip(&mut tx, order.trip, order.by).await?;
    if let Some(known) = store::refund::get(&mut tx, order.id).await? {
        // Asked twice: a second click, or a page that was sent again.
        return if known.trip == row.id { Ok(known) } else { Err(RequestRefundError::NotFound) };
    }
    let settings = settings_of(&mut tx, &row).await?;
    let reckoned = reckon(&mut tx, &settings, &row, &order.wish, now).await?;
    if order.agreed.is_some_and(|agreed| agreed != reckoned.refund.amount) {
        return Err(RequestRefundError::Changed);
    }
    let mut refund = open(&mut tx, &row, &reckoned, order, now).await?;
    if reckoned.refund.verdict == Verdict::Automatic {
        let place = Place { row: &row, settings: &settings };
        let event = approval(&mut tx, place, refund.kind, now).await?;
        let mover = RefundMover { by: RULES, reason: None, at: now };
        let moved = move_refund(&mut tx, place, &mut refund, event, mover).await?;
        moved.map_err(|_| StoreError::Corrupt("a refund that the rules approve and refuse"))?;
    }
    failpoint::commit(tx, Commit::RefundRequested).await?;
    Ok(refund)
}

/// What was taken beyond what was owed is given back, once a person agrees. While another refund of the visit is open, the
/// alert of the credit alone says so.
pub(super) async fn open_credit(
    conn: &mut PgConnection,
    row: &TripRow,
    by: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let settings = settings_of(&mut *conn, row).await?;
    let id = RefundId::new(Uuid::new_v4()).map_err(|_| StoreError::Corrupt("refund.refund_id"))?;
    let order = RefundOrder {
        id,
        trip: &row.id,
        wish: Wish::Credit,
        reason: RefundReason::Other,
        because: Some("more was taken than was owed"),
        note: None,
        agreed: None,
        by: Requester::Staff(by),
    };
    match reckon(&mut *conn, &settings, row, &order.wish, now).await {
        Ok(reckoned) => open(conn, row, &reckoned, &order, now).await.map(drop),
        Err(RequestRefundError::Store(error)) => Err(error),
        Err(refused) => {
            tracing::warn!(trip.id = %row.id, problem = %refused, "a credit waits for a person to ask for its refund");
            Ok(())
        }
    }
}

/// The money that was the shopper's was taken back by the bank: its refund is not given, if nobody has approved it. One that is
/// approved finds that out when it is due.
///
/// Boxed, since declining moves a refund, and a refund may move a debt.
pub(super) fn withdraw_credit<'a>(
    conn: &'a mut PgConnection,
    row: &'a TripRow,
    by: &'a str,
    now: OffsetDateTime,
) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>> {
    Box::pin(async move {
        let Some(id) = store::refund::open_of_trip(&mut *conn, &row.id).await? else { return Ok(()) };
        let Some(mut refund) = store::refund::lock(&mut *conn, id).await? else { return Ok(()) };
        if refund.kind == RefundKind::Credit && refund.state == Refund::InReview {
            let settings = settings_of(&mut *conn, row).await?;
            let mover = RefundMover { by, reason: Some("the bank took the money back"), at: now };
            let place = Place { row, settings: &settings };
            let moved = move_refund(conn, place, &mut refund, RefundEvent::Declined, mover).await?;
            moved.map_err(|_| StoreError::Corrupt("a refund in review that cannot be declined"))?;
        }
        Ok(())
    })
}

pub(super) async fn lock_trip(
    conn: &mut PgConnection,
    trip: &TripId,
    by: Requester<'_>,
) -> Result<TripRow, RequestRefundError> {
    match by {
        Requester::Staff(name) => check_staff(&mut *conn, name).await??,
        Requester::Viewer(viewer) => {
            let reach = store::viewer::reach(&mut *conn, viewer).await?;
            if !store::trip::is_within(&mut *conn, trip, &reach).await? {
                return Err(RequestRefundError::NotFound);
            }
        }
    }
    store::trip::lock(conn, trip).await?.ok_or(RequestRefundError::NotFound)
}

/// What a wish comes to, and of which purchase.
pub(super) struct Reckoned {
    refund: ExpectedRefund,
    kind: RefundKind,
    purchase: Option<PurchaseId>,
}

pub(super) async fn reckon(
    conn: &mut PgConnection,
    settings: &Store,
    row: &TripRow,
    wish: &Wish,
    now: OffsetDateTime,
) -> Result<Reckoned, RequestRefundError> {
    let mut articles: Vec<(u32, Sku)> = vec![];
    let (kind, purchase, goods) = match wish {
        Wish::Goods(choice) => {
            let stored = store::purchase::get_by_trip(&mut *conn, &row.id).await?;
            let (id, purchase) = stored.ok_or(RequestRefundError::NotFound)?;
            articles.extend(purchase.lines.iter().map(|line| (line.line_no, line.sku.clone())));
            let returned = store::refund_line::returned(&mut *conn, &row.id).await?;
            (RefundKind::Goods, Some(id), expected(&purchase, &returned, choice))
        }
        Wish::Credit => {
            let amount = store::refund::taken(&mut *conn, &row.id, row.currency).await?.credit;
            let parts = RefundParts::nothing(row.currency);
            (RefundKind::Credit, None, Ok(Expected { lines: vec![], amount, parts }))
        }
    };
    let mut asked = asked(&mut *conn, row, kind, now).await?;
    // Too late, or one at a time: that says more than what is wrong with a line.
    let Expected { lines, amount, parts } = match goods {
        Ok(goods) => goods,
        Err(refusal) => {
            asked.amount = Money::zero(row.currency);
            let early = check(&asked, &settings.refund).err().filter(|it| *it != RefundRefusal::Nothing);
            return Err(early.unwrap_or(refusal).into());
        }
    };
    asked.amount = amount;
    if let Some(instrument) = &row.instrument {
        articles.retain(|(line_no, _)| lines.iter().any(|line| line.line_no == *line_no));
        let articles: Vec<Sku> = articles.into_iter().map(|(_, sku)| sku).collect();
        let trip = (&row.id, row.currency);
        asked.habits = Some(store::refund_habit::habits(conn, instrument, trip, &articles, now).await?);
    }
    let verdict = check(&asked, &settings.refund)?;
    let review = review_reasons(&asked, &settings.refund).map_err(RefundRefusal::from)?;
    let funds = asked.funds.ok_or(RefundRefusal::NotCharged)?;
    let split = Split::of(amount, funds).map_err(|_| RefundRefusal::MoreThanTaken)?;
    Ok(Reckoned { refund: ExpectedRefund { lines, amount, parts, split, verdict, review }, kind, purchase })
}

/// What the rules must know, the amount and what came back before excepted.
async fn asked(
    conn: &mut PgConnection,
    row: &TripRow,
    kind: RefundKind,
    now: OffsetDateTime,
) -> Result<Asked, StoreError> {
    let nothing = Money::zero(row.currency);
    let is_charged = row.state.captured().is_some();
    let written_off = store::debt::lock(&mut *conn, &row.id).await?.map_or(nothing, |held| held.debt.written_off);
    Ok(Asked {
        kind,
        amount: nothing,
        started_at: row.started_at,
        funds: if is_charged { Some(funds(&mut *conn, row, kind).await?) } else { None },
        written_off,
        open: store::refund::open_of_trip(conn, &row.id).await?,
        habits: None,
        now,
    })
}

/// Writes a refund that was asked for, to be decided.
async fn open(
    conn: &mut PgConnection,
    row: &TripRow,
    reckoned: &Reckoned,
    order: &RefundOrder<'_>,
    now: OffsetDateTime,
) -> Result<RefundRow, StoreError> {
    let ExpectedRefund { lines, amount, parts, verdict, review, .. } = &reckoned.refund;
    let requested_by = match order.by {
        Requester::Viewer(viewer) => viewer.to_string(),
        Requester::Staff(name) => name.to_owned(),
    };
    let refund = RefundRow {
        id: order.id,
        trip: row.id.clone(),
        store: row.store.clone(),
        kind: reckoned.kind,
        reason: order.reason,
        amount: *amount,
        parts: *parts,
        state: Refund::InReview,
        requested_by,
        requested_because: order.because.map(str::to_owned),
        decided_by: None,
        decided_because: None,
        requested_at: now,
        decided_at: None,
        ended_at: None,
    };
    store::refund::insert(&mut *conn, &refund).await?;
    store::refund_review::keep_reasons(&mut *conn, refund.id, review).await?;
    if let Some(NoteToSeal { note, vault }) = order.note {
        store::refund_review::keep_note(&mut *conn, vault, refund.id, note).await?;
    }
    if let Some(purchase) = reckoned.purchase {
        store::refund_line::insert(&mut *conn, refund.id, purchase, lines).await?;
    }
    record(&mut *conn, &refund, (lines, review), now).await?;
    let step = Refund::ask(*verdict, case(&refund));
    tell(conn, &refund, &Refund::InReview, step, now).await?;
    Ok(refund)
}

/// An approval now: where the money is, and how long to wait for the word that the capture went through.
pub(super) async fn approval(
    conn: &mut PgConnection,
    place: Place<'_>,
    kind: RefundKind,
    now: OffsetDateTime,
) -> Result<RefundEvent, StoreError> {
    let funds = funds(&mut *conn, place.row, kind).await?;
    let until = match is_confirmed(&mut *conn, place).await? {
        true => None,
        false => {
            let taken_at = store::refund::last_taken_at(conn, &place.row.id).await?.unwrap_or(now);
            Some(taken_at.saturating_add(place.settings.refund.after)).filter(|until| *until > now)
        }
    };
    Ok(RefundEvent::Approved { funds, until })
}

/// Has a witness said that the visit's capture went through? The event feed, or what Amazon only has after a capture.
async fn is_confirmed(conn: &mut PgConnection, place: Place<'_>) -> Result<bool, StoreError> {
    let witnessed = place.settings.transactional_data_proves_capture
        && store::card_facts::exists(&mut *conn, &place.row.id).await?;
    Ok(witnessed || store::trip::is_capture_confirmed(conn, &place.row.id).await?)
}

async fn record(
    conn: &mut PgConnection,
    refund: &RefundRow,
    (lines, review): (&[RefundLine], &[ReviewReason]),
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let lines: Vec<_> = lines.iter().map(|line| json!({ "line": line.line_no, "quantity": line.quantity })).collect();
    let detail = json!({
        "trip": refund.trip.as_str(),
        "kind": refund.kind.as_str(),
        "reason_code": refund.reason.as_str(),
        "amount_minor": refund.amount.minor(),
        "currency": refund.amount.currency().code(),
        "lines": lines,
        "reason": refund.requested_because,
        "review": review,
    });
    let subject = refund.id.to_string();
    let entry = AuditEntry { actor: &refund.requested_by, action: "refund_requested", subject: &subject, detail };
    store::audit::insert(conn, entry, now).await
}
