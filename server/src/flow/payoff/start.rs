//! A shopper asks to pay: the payoff is committed, Stripe is asked for a page, and the browser goes there.

use domain::alert::AlertKind;
use domain::effect::Effect;
use domain::id::{PayoffId, TripId};
use domain::money::Money;
use domain::payoff::{
    Allocation, AllocationError, CREATED_LASTS, OwedDebt, Payoff, PayoffEvent, SESSION_LASTS, allocate,
};
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::look::LOOK_FIRST;
use super::tell::{Teller, Told, tell};
use super::{Checkout, PayoffRow, observe};
use crate::client::stripe::{NewSession, Session, StripeClient, StripeError};
use crate::store::audit::AuditEntry;
use crate::store::{self, StoreError};

/// How often payoffs may stand in the way of one wish before it is given up: more would be two browsers at war.
const ROUNDS: usize = 4;

const SHOPPER: &str = "shopper";

/// What a shopper wants.
#[derive(Debug)]
pub struct StartPayoff<'a> {
    /// Who.
    pub viewer: &'a Viewer,
    /// Which trips.
    pub trips: &'a [TripId],
    /// What the page that was agreed to said they cost.
    pub agreed: Money,
}

/// Why nothing can be paid now. Nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Payoffs are not set up here.
    #[error("nobody can pay online here: STRIPE_SECRET_KEY is not set")]
    NotOffered,
    /// These trips cannot be paid so.
    #[error(transparent)]
    Refused(#[from] AllocationError),
    /// What is owed has changed since the shopper looked.
    #[error("what is owed has changed")]
    Changed,
    /// Stripe gives no page now; trying again helps.
    #[error("Stripe gives no payment page now")]
    Unavailable,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for StartError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Where a shopper goes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Started {
    /// To the payment page.
    Pay(String),
    /// To the answer: it is paid already.
    Paid(PayoffId),
}

/// A trip on the page where the shopper checks what will be paid.
#[derive(Debug, Clone)]
pub struct CheckedTrip {
    /// The visit.
    pub trip: TripId,
    /// What is paid for it.
    pub amount: Money,
}

/// What a payoff of these trips would pay. Nothing is kept.
///
/// # Errors
///
/// See [`StartError`].
pub async fn check(db: &PgPool, viewer: &Viewer, trips: &[TripId]) -> Result<(Vec<CheckedTrip>, Money), StartError> {
    let owed = owed(&mut *db.acquire().await?, viewer).await?;
    let (allocations, total) = allocate(&owed, trips)?;
    Ok((allocations.into_iter().map(|it| CheckedTrip { trip: it.trip, amount: it.amount }).collect(), total))
}

/// Finds or makes the page on which these trips are paid. The same trips lead to the same page, however often they are asked for; others
/// end the pages before, so that no two can be paid; so does somebody else who may pay for one of the same trips.
///
/// # Errors
///
/// See [`StartError`].
pub async fn start(
    db: &PgPool,
    checkout: &Checkout,
    wish: &StartPayoff<'_>,
    now: OffsetDateTime,
) -> Result<Started, StartError> {
    let stripe = checkout.stripe.as_ref().ok_or(StartError::NotOffered)?;
    for _ in 0..ROUNDS {
        match plan(db, wish, now).await? {
            Plan::Go(url) => return Ok(Started::Pay(url)),
            Plan::Ask(row) => return ask(db, stripe, &checkout.public_url, &row, now).await,
            Plan::EndFirst(rows) => {
                for row in &rows {
                    end(db, stripe, row, now).await?;
                }
            }
            Plan::LookAgain => {}
        }
    }
    Err(StartError::Unavailable)
}

enum Plan {
    Go(String),
    Ask(Box<PayoffRow>),
    EndFirst(Vec<PayoffRow>),
    /// Somebody was faster.
    LookAgain,
}

async fn plan(db: &PgPool, wish: &StartPayoff<'_>, now: OffsetDateTime) -> Result<Plan, StartError> {
    let mut tx = db.begin().await?;
    let owed = owed(&mut tx, wish.viewer).await?;
    let (allocations, total) = allocate(&owed, wish.trips)?;
    if total != wish.agreed {
        return Err(StartError::Changed);
    }
    let payer = wish.viewer.payer();
    let trips: Vec<&str> = allocations.iter().map(|it| it.trip.as_str()).collect();
    let mut open = vec![];
    for live in store::payoff::lock_live(&mut tx, &payer, &trips).await? {
        let held = store::payoff::allocations(&mut tx, &live).await?;
        let is_same = live.viewer == payer && held.iter().map(|it| &it.allocation).eq(allocations.iter());
        match (&live.state, &live.url) {
            (Payoff::Open { .. }, Some(url)) if is_same && now < live.expires_at => return Ok(Plan::Go(url.clone())),
            (Payoff::Created, _) if is_same && now < live.created_at + CREATED_LASTS => {
                return Ok(Plan::Ask(Box::new(live)));
            }
            (Payoff::Created, _) => abandon(&mut tx, live, now).await?,
            _ => open.push(live),
        }
    }
    if !open.is_empty() {
        return Ok(Plan::EndFirst(open));
    }
    let Some(row) = create(&mut tx, payer, total, &allocations, now).await? else { return Ok(Plan::LookAgain) };
    tx.commit().await?;
    Ok(Plan::Ask(Box::new(row)))
}

async fn owed(conn: &mut PgConnection, viewer: &Viewer) -> Result<Vec<OwedDebt>, StoreError> {
    let reach = store::viewer::reach_debts(&mut *conn, viewer).await?;
    store::payoff::owed(conn, &reach).await
}

/// Nobody was given its page, if there is one.
async fn abandon(conn: &mut PgConnection, mut live: PayoffRow, now: OffsetDateTime) -> Result<(), StoreError> {
    let step = live.state.apply(live.amount, PayoffEvent::Abandoned);
    live.state = step.map_err(|_| StoreError::Corrupt("payoff.state"))?.payoff;
    store::payoff::save(conn, &live, now).await
}

async fn create(
    conn: &mut PgConnection,
    viewer: Viewer,
    total: Money,
    allocations: &[Allocation],
    now: OffsetDateTime,
) -> Result<Option<PayoffRow>, StoreError> {
    let row = PayoffRow {
        id: PayoffId(Uuid::new_v4()),
        viewer,
        amount: total,
        state: Payoff::Created,
        url: None,
        created_at: now,
        expires_at: now.saturating_add(SESSION_LASTS),
        paid_at: None,
    };
    if !store::payoff::insert(&mut *conn, &row, allocations).await? {
        return Ok(None);
    }
    let look = Effect::CheckPayoff { payoff: row.id };
    store::outbox::push(&mut *conn, &look, now.saturating_add(LOOK_FIRST), None, now).await?;
    let trips: Vec<&str> = allocations.iter().map(|it| it.trip.as_str()).collect();
    let detail = json!({ "amount_minor": total.minor(), "currency": total.currency().code(), "trips": trips });
    let subject = row.id.to_string();
    let entry = AuditEntry { actor: SHOPPER, action: "payoff_asked_for", subject: &subject, detail };
    store::audit::insert(conn, entry, now).await?;
    Ok(Some(row))
}

/// The page of a committed payoff. Asked again with the same row, Stripe gives the same page.
async fn ask(
    db: &PgPool,
    stripe: &StripeClient,
    public_url: &str,
    row: &PayoffRow,
    now: OffsetDateTime,
) -> Result<Started, StartError> {
    let back = format!("{public_url}/payoff/{}", row.id);
    let new = NewSession {
        payoff: row.id,
        amount: row.amount,
        name: "Unpaid trips".to_owned(),
        success_url: back.clone(),
        cancel_url: back,
        expires_at: row.expires_at,
    };
    match stripe.create_session(&new).await {
        Ok(session) => opened(db, stripe, row.id, &session, now).await,
        Err(problem) => {
            failed(db, row.id, &problem, now).await?;
            Err(StartError::Unavailable)
        }
    }
}

async fn opened(
    db: &PgPool,
    stripe: &StripeClient,
    id: PayoffId,
    session: &Session,
    now: OffsetDateTime,
) -> Result<Started, StartError> {
    let event = PayoffEvent::SessionOpened(session.id.clone());
    tell(db, id, event, Teller { by: SHOPPER, url: session.url.as_deref() }, now).await?;
    let row = store::payoff::get(&mut *db.acquire().await?, id).await?.ok_or(StartError::Unavailable)?;
    match (&row.state, row.url) {
        (Payoff::Open { .. }, Some(url)) => Ok(Started::Pay(url)),
        // The webhook was faster than the answer.
        (Payoff::Paid(_), _) => Ok(Started::Paid(id)),
        _ => {
            // Given up meanwhile: nobody has this page's address, and nobody shall.
            if let Err(problem) = stripe.expire_session(&session.id).await {
                tracing::warn!(payoff.id = %id, problem = %problem, "a page that nobody was given ends by itself");
            }
            Err(StartError::Unavailable)
        }
    }
}

/// Only what surely did not happen is given up at once: else the same call with the same key must be possible again.
async fn failed(db: &PgPool, id: PayoffId, problem: &StripeError, now: OffsetDateTime) -> Result<(), StoreError> {
    if let StripeError::Misconfigured(_) = problem {
        store::alert::open(&mut *db.acquire().await?, AlertKind::AccessDenied, "stripe", now).await?;
    }
    if !problem.is_in_doubt() {
        tell(db, id, PayoffEvent::Abandoned, Teller { by: SHOPPER, url: None }, now).await?;
    }
    Ok(())
}

/// Ends the page of a payoff that is not wanted any more. One that was paid in this very moment is counted.
async fn end(db: &PgPool, stripe: &StripeClient, row: &PayoffRow, now: OffsetDateTime) -> Result<(), StartError> {
    let Payoff::Open { session } = &row.state else { return Ok(()) };
    let ended = match stripe.expire_session(session).await {
        Ok(ended) => Ok(ended),
        // Over or paid already: it says so itself.
        Err(StripeError::Refused { .. }) => stripe.session(session).await,
        Err(problem) => Err(problem),
    };
    let ended = ended.map_err(|_| StartError::Unavailable)?;
    match observe(db, row.id, &ended, SHOPPER, now).await? {
        Told::Moved | Told::Unchanged => Ok(()),
        Told::TooEarly | Told::Refused | Told::Unknown => Err(StartError::Unavailable),
    }
}
