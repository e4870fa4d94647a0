//! How a payoff stands, for its page, its mail and its list.

use domain::id::{EmailAddress, PayoffId};
use domain::money::Money;
use domain::payoff::Payoff;
use domain::viewer::Viewer;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::{Checkout, PayoffRow, observe};
use crate::flow::ask_gate::ask_gate;
use crate::store::payoff::PaidTrip;
use crate::store::{self, StoreError};
use crate::vault::Vault;

const RETURN_PAGE: &str = "return_page";

/// What the gate of one store would say to the card of a trip that was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSays {
    /// The store's name.
    pub store_name: String,
    /// Would it open?
    pub opens: bool,
}

/// A payoff as its page shows it.
#[derive(Debug, Clone)]
pub struct ShownPayoff {
    /// The payoff.
    pub row: PayoffRow,
    /// What it pays.
    pub trips: Vec<PaidTrip>,
    /// Was the last card declined? Known only while it is open.
    pub is_declined: bool,
    /// Stripe did not answer just now: it may be paid all the same.
    pub is_uncertain: bool,
    /// What is still owed, a currency each.
    pub remaining: Vec<Money>,
    /// The gate's own answer, a store each.
    pub gates: Vec<GateSays>,
}

/// A viewer's payoff, asked for at Stripe where nobody has told yet. `None` also when it is somebody else's: from outside the two look
/// alike.
///
/// # Errors
///
/// A database that is away.
pub async fn show(
    db: &PgPool,
    checkout: &Checkout,
    viewer: &Viewer,
    id: PayoffId,
    now: OffsetDateTime,
) -> Result<Option<ShownPayoff>, StoreError> {
    let payer = viewer.payer();
    let found = store::payoff::get(&mut *db.acquire().await?, id).await?.filter(|it| it.viewer == payer);
    let Some(mut row) = found else { return Ok(None) };
    let (mut is_declined, mut is_uncertain) = (false, row.state == Payoff::Created);
    if let (Payoff::Open { session }, Some(stripe)) = (&row.state, &checkout.stripe) {
        match stripe.session(session).await {
            Ok(session) => {
                is_declined = session.is_declined;
                observe(db, id, &session, RETURN_PAGE, now).await?;
                let fresh = store::payoff::get(&mut *db.acquire().await?, id).await?;
                row = fresh.ok_or(StoreError::Corrupt("payoff.payoff_id"))?;
            }
            Err(_) => is_uncertain = true,
        }
    }
    let mut conn = db.acquire().await?;
    let trips = store::payoff::paid_trips(&mut conn, &row).await?;
    let remaining = remaining(&mut conn, &payer).await?;
    let gates = gates(&mut conn, &trips, now).await?;
    Ok(Some(ShownPayoff { row, trips, is_declined, is_uncertain, remaining, gates }))
}

async fn remaining(conn: &mut PgConnection, viewer: &Viewer) -> Result<Vec<Money>, StoreError> {
    let mut sums: Vec<Money> = vec![];
    let reach = store::viewer::reach_debts(&mut *conn, viewer).await?;
    for owed in store::payoff::owed(conn, &reach).await? {
        match sums.iter_mut().find(|sum| sum.currency() == owed.outstanding.currency()) {
            Some(sum) => *sum = sum.checked_add(owed.outstanding).map_err(|_| StoreError::Corrupt("debt amounts"))?,
            None => sums.push(owed.outstanding),
        }
    }
    Ok(sums)
}

/// A store opens where it does so for every card of the paid trips.
async fn gates(conn: &mut PgConnection, trips: &[PaidTrip], now: OffsetDateTime) -> Result<Vec<GateSays>, StoreError> {
    let mut gates: Vec<(&PaidTrip, GateSays)> = vec![];
    for trip in trips {
        let Some(instrument) = &trip.instrument else { continue };
        let Some(decision) = ask_gate(&mut *conn, &trip.store, instrument, now).await? else { continue };
        match gates.iter_mut().find(|(known, _)| known.store == trip.store) {
            Some((_, says)) => says.opens &= decision.authorized,
            None => {
                let says = GateSays { store_name: trip.store_name.clone(), opens: decision.authorized };
                gates.push((trip, says));
            }
        }
    }
    Ok(gates.into_iter().map(|(_, says)| says).collect())
}

/// What a mail about a payoff says.
#[derive(Debug, Clone)]
pub struct PayoffMail {
    /// To whom.
    pub to: EmailAddress,
    /// How it stands.
    pub shown: ShownPayoff,
}

/// The mail about a payoff. `None`: there is nobody to write to.
///
/// # Errors
///
/// A database that is away.
pub async fn payoff_mail(
    db: &PgPool,
    vault: &Vault,
    id: PayoffId,
    now: OffsetDateTime,
) -> Result<Option<PayoffMail>, StoreError> {
    let mut conn = db.acquire().await?;
    let Some(row) = store::payoff::get(&mut conn, id).await? else { return Ok(None) };
    let Some(to) = store::viewer::email(&mut conn, vault, &row.viewer).await? else { return Ok(None) };
    let trips = store::payoff::paid_trips(&mut conn, &row).await?;
    let remaining = remaining(&mut conn, &row.viewer).await?;
    let gates = gates(&mut conn, &trips, now).await?;
    let shown = ShownPayoff { row, trips, is_declined: false, is_uncertain: false, remaining, gates };
    Ok(Some(PayoffMail { to, shown }))
}

/// Payoffs, the newest first; of one state, where one is named.
///
/// # Errors
///
/// A database that is away.
pub async fn list(db: &PgPool, state: Option<&str>, limit: i64) -> Result<Vec<PayoffRow>, StoreError> {
    store::payoff::list(&mut *db.acquire().await?, state, limit).await
}
