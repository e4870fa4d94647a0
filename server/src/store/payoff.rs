//! The tables `payoff` and `payoff_allocation`: what is paid online, and what became of it.

use domain::id::{
    CheckoutSessionId, DebtId, InstrumentId, PaymentIntentId, PayoffId, ShopperId, StoreId, StripeDisputeId, TripId,
};
use domain::money::{Currency, Money};
use domain::payoff::{Allocation, Disputed, OurPayoff, OwedDebt, PaidBy, Payoff, Share};
use domain::viewer::Viewer;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::viewer::Reach;
use super::{Result, StoreError, read};

/// A payoff as it is stored.
#[derive(Debug, Clone)]
pub struct PayoffRow {
    /// Its id, which is its reference and Stripe's key.
    pub id: PayoffId,
    /// Who pays; a debtor as their card.
    pub viewer: Viewer,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: Payoff,
    /// Where it is paid, while it is open.
    pub url: Option<String>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When its session is over.
    pub expires_at: OffsetDateTime,
    /// When we heard that it is paid.
    pub paid_at: Option<OffsetDateTime>,
}

struct Raw {
    payoff_id: uuid::Uuid,
    shopper_id: Option<uuid::Uuid>,
    instrument_id: Option<String>,
    trip_id: Option<String>,
    currency: String,
    amount_minor: i64,
    state: String,
    session_id: Option<String>,
    session_url: Option<String>,
    payment_id: Option<String>,
    dispute_id: Option<String>,
    disputed_minor: Option<i64>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    paid_at: Option<OffsetDateTime>,
}

impl Raw {
    fn parse(self) -> Result<PayoffRow> {
        let currency = read(Currency::new(&self.currency), "payoff.currency")?;
        let session = || {
            let id = self.session_id.as_deref().ok_or(StoreError::Corrupt("payoff.session_id"))?;
            read(CheckoutSessionId::new(id), "payoff.session_id")
        };
        let by = || {
            let id = self.payment_id.as_deref().ok_or(StoreError::Corrupt("payoff.payment_id"))?;
            Ok::<_, StoreError>(PaidBy {
                session: session()?,
                payment: read(PaymentIntentId::new(id), "payoff.payment_id")?,
            })
        };
        let disputed = || {
            let id = self.dispute_id.as_deref().ok_or(StoreError::Corrupt("payoff.dispute_id"))?;
            let minor = self.disputed_minor.ok_or(StoreError::Corrupt("payoff.disputed_minor"))?;
            let dispute = read(StripeDisputeId::new(id), "payoff.dispute_id")?;
            Ok::<_, StoreError>(Disputed { dispute, amount: Money::new(minor, currency) })
        };
        let state = match self.state.as_str() {
            "created" => Payoff::Created,
            "abandoned" => Payoff::Abandoned,
            "open" => Payoff::Open { session: session()? },
            "expired" => Payoff::Expired { session: session()? },
            "paid" => Payoff::Paid(by()?),
            "disputed" => Payoff::Disputed(by()?, disputed()?),
            "lost" => Payoff::Lost(by()?, disputed()?),
            "won" => Payoff::Won(by()?, disputed()?),
            _ => return Err(StoreError::Corrupt("payoff.state")),
        };
        Ok(PayoffRow {
            id: PayoffId(self.payoff_id),
            viewer: viewer(self.shopper_id, self.instrument_id, self.trip_id)?,
            amount: Money::new(self.amount_minor, currency),
            state,
            url: self.session_url,
            created_at: self.created_at,
            expires_at: self.expires_at,
            paid_at: self.paid_at,
        })
    }
}

fn viewer(shopper: Option<uuid::Uuid>, instrument: Option<String>, trip: Option<String>) -> Result<Viewer> {
    match (shopper, instrument, trip) {
        (Some(id), None, None) => Ok(Viewer::Shopper(ShopperId(id))),
        (None, Some(id), None) => Ok(Viewer::Card(read(InstrumentId::new(&id), "payoff.instrument_id")?)),
        (None, None, Some(id)) => Ok(Viewer::Visit(read(TripId::new(&id), "payoff.trip_id")?)),
        _ => Err(StoreError::Corrupt("payoff.shopper_id")),
    }
}

/// A viewer in the three columns of which one is filled.
fn columns(viewer: &Viewer) -> (Option<uuid::Uuid>, Option<&str>, Option<&str>) {
    match viewer {
        Viewer::Shopper(id) => (Some(id.0), None, None),
        Viewer::Card(id) | Viewer::Debtor(id) => (None, Some(id.as_str()), None),
        Viewer::Visit(id) => (None, None, Some(id.as_str())),
    }
}

/// What is owed within reach, over all stores.
pub async fn owed(conn: &mut PgConnection, reach: &Reach) -> Result<Vec<OwedDebt>> {
    let rows = sqlx::query!(
        "SELECT debt_id, trip_id, currency, outstanding_minor FROM debt
         WHERE (instrument_id = ANY($1) OR trip_id = ANY($2)) AND outstanding_minor > 0 ORDER BY trip_id",
        reach.instruments(),
        reach.trips(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "debt.currency")?;
        Ok(OwedDebt {
            debt: DebtId(row.debt_id),
            trip: read(TripId::new(&row.trip_id), "debt.trip_id")?,
            outstanding: Money::new(row.outstanding_minor, currency),
        })
    });
    rows.collect()
}

/// Writes a payoff that was just asked for, with what it pays. `false`: somebody was faster, and another live payoff is theirs or has one
/// of these visits; the transaction is spent then.
pub async fn insert(conn: &mut PgConnection, row: &PayoffRow, allocations: &[Allocation]) -> Result<bool> {
    match insert_whole(conn, row, allocations).await {
        Ok(()) => Ok(true),
        Err(error) if error.constraint().is_some_and(|name| LIVE_ONCE.contains(&name)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What holds that nobody is led to pay twice.
const LIVE_ONCE: [&str; 4] =
    ["payoff_live_once", "payoff_live_once_by_card", "payoff_live_once_by_visit", "payoff_allocation_live_once"];

async fn insert_whole(conn: &mut PgConnection, row: &PayoffRow, allocations: &[Allocation]) -> Result<()> {
    let currency = row.amount.currency();
    let (shopper, instrument, trip) = columns(&row.viewer);
    sqlx::query!(
        "INSERT INTO payoff (payoff_id, shopper_id, instrument_id, trip_id, currency, amount_minor, state, created_at, expires_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'created', $7, $8, $7)",
        row.id.0,
        shopper,
        instrument,
        trip,
        currency.code(),
        row.amount.minor(),
        row.created_at,
        row.expires_at,
    )
    .execute(&mut *conn)
    .await?;
    for part in allocations {
        sqlx::query!(
            "INSERT INTO payoff_allocation (payoff_id, debt_id, trip_id, amount_minor) VALUES ($1, $2, $3, $4)",
            row.id.0,
            part.debt.0,
            part.trip.as_str(),
            part.amount.minor(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// A payoff.
pub async fn get(conn: &mut PgConnection, id: PayoffId) -> Result<Option<PayoffRow>> {
    let row = sqlx::query_as!(
        Raw,
        "SELECT payoff_id, shopper_id, instrument_id, trip_id, currency, amount_minor, state, session_id, session_url, payment_id, dispute_id,
             disputed_minor, created_at, expires_at, paid_at FROM payoff WHERE payoff_id = $1",
        id.0,
    );
    row.fetch_optional(conn).await?.map(Raw::parse).transpose()
}

/// A payoff, locked until the transaction ends. It is locked before the visits and debts that it pays, always.
pub async fn lock(conn: &mut PgConnection, id: PayoffId) -> Result<Option<PayoffRow>> {
    let row = sqlx::query_as!(
        Raw,
        "SELECT payoff_id, shopper_id, instrument_id, trip_id, currency, amount_minor, state, session_id, session_url, payment_id, dispute_id,
             disputed_minor, created_at, expires_at, paid_at FROM payoff WHERE payoff_id = $1 FOR UPDATE",
        id.0,
    );
    row.fetch_optional(conn).await?.map(Raw::parse).transpose()
}

/// The payoffs in the way of a new one, locked: that which this viewer may still pay, and those that anybody may for one of these visits.
pub async fn lock_live(conn: &mut PgConnection, viewer: &Viewer, trips: &[&str]) -> Result<Vec<PayoffRow>> {
    let (shopper, instrument, trip) = columns(viewer);
    let rows = sqlx::query_as!(
        Raw,
        "SELECT payoff_id, shopper_id, instrument_id, trip_id, currency, amount_minor, state, session_id, session_url, payment_id, dispute_id,
             disputed_minor, created_at, expires_at, paid_at
         FROM payoff WHERE state IN ('created', 'open') AND (shopper_id = $1 OR instrument_id = $2 OR trip_id = $3
             OR payoff_id IN (SELECT payoff_id FROM payoff_allocation WHERE is_live AND trip_id = ANY($4::text[])))
         ORDER BY payoff_id FOR UPDATE",
        shopper,
        instrument,
        trip,
        trips as &[&str],
    );
    rows.fetch_all(conn).await?.into_iter().map(Raw::parse).collect()
}

/// The payoff of a payment at Stripe.
pub async fn of_payment(conn: &mut PgConnection, payment: &PaymentIntentId) -> Result<Option<PayoffId>> {
    let row = sqlx::query_scalar!("SELECT payoff_id FROM payoff WHERE payment_id = $1", payment.as_str());
    Ok(row.fetch_optional(conn).await?.map(PayoffId))
}

/// Payoffs, the newest first; of one state, where one is named.
pub async fn list(conn: &mut PgConnection, state: Option<&str>, limit: i64) -> Result<Vec<PayoffRow>> {
    let rows = sqlx::query_as!(
        Raw,
        "SELECT payoff_id, shopper_id, instrument_id, trip_id, currency, amount_minor, state, session_id, session_url, payment_id, dispute_id,
             disputed_minor, created_at, expires_at, paid_at
         FROM payoff WHERE $1::text IS NULL OR state = $1 ORDER BY created_at DESC, payoff_id LIMIT $2",
        state,
        limit,
    );
    rows.fetch_all(conn).await?.into_iter().map(Raw::parse).collect()
}

/// Writes what an event changed. `url` is kept only while it is open.
pub async fn save(conn: &mut PgConnection, row: &PayoffRow, now: OffsetDateTime) -> Result<()> {
    let (session, disputed) = match &row.state {
        Payoff::Created | Payoff::Abandoned => (None, None),
        Payoff::Open { session } | Payoff::Expired { session } => (Some(session), None),
        Payoff::Paid(by) => (Some(&by.session), None),
        Payoff::Disputed(by, disputed) | Payoff::Lost(by, disputed) | Payoff::Won(by, disputed) => {
            (Some(&by.session), Some(disputed))
        }
    };
    let url = row.url.as_deref().filter(|_| matches!(row.state, Payoff::Open { .. }));
    sqlx::query!(
        "UPDATE payoff SET state = $2, session_id = $3, session_url = $4, payment_id = $5, dispute_id = $6, disputed_minor = $7,
             paid_at = $8, updated_at = $9 WHERE payoff_id = $1",
        row.id.0,
        row.state.name(),
        session.map(CheckoutSessionId::as_str),
        url,
        row.state.paid_by().map(|by| by.payment.as_str()),
        disputed.map(|it| it.dispute.as_str()),
        disputed.map(|it| it.amount.minor()),
        row.paid_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What one part of a payoff pays, and what became of it.
#[derive(Debug, Clone)]
pub struct AllocationRow {
    /// What it pays.
    pub allocation: Allocation,
    /// What became of it.
    pub share: Share,
}

/// The parts of a payoff, in the order in which their visits are locked.
pub async fn allocations(conn: &mut PgConnection, payoff: &PayoffRow) -> Result<Vec<AllocationRow>> {
    let rows = sqlx::query!(
        "SELECT debt_id, trip_id, amount_minor, settled_minor, surplus_minor, charged_back_minor, lost_minor
         FROM payoff_allocation WHERE payoff_id = $1",
        payoff.id.0,
    );
    let amount = |minor| Money::new(minor, payoff.amount.currency());
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let trip = read(TripId::new(&row.trip_id), "payoff_allocation.trip_id")?;
        Ok(AllocationRow {
            allocation: Allocation { debt: DebtId(row.debt_id), trip, amount: amount(row.amount_minor) },
            share: Share {
                settled: amount(row.settled_minor),
                surplus: amount(row.surplus_minor),
                charged_back: amount(row.charged_back_minor),
                lost: amount(row.lost_minor),
            },
        })
    });
    let mut rows = rows.collect::<Result<Vec<_>>>()?;
    // As the program orders texts, and not as the database's locale does.
    rows.sort_by(|a, b| a.allocation.trip.cmp(&b.allocation.trip));
    Ok(rows)
}

/// Writes what became of one part.
pub async fn save_share(conn: &mut PgConnection, payoff: PayoffId, trip: &TripId, share: &Share) -> Result<()> {
    sqlx::query!(
        "UPDATE payoff_allocation SET settled_minor = $3, surplus_minor = $4, charged_back_minor = $5, lost_minor = $6
         WHERE payoff_id = $1 AND trip_id = $2",
        payoff.0,
        trip.as_str(),
        share.settled.minor(),
        share.surplus.minor(),
        share.charged_back.minor(),
        share.lost.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A part of a payoff as a page and a mail show it.
#[derive(Debug, Clone)]
pub struct PaidTrip {
    /// The visit.
    pub trip: TripId,
    /// Its store.
    pub store: StoreId,
    /// The store's name.
    pub store_name: String,
    /// Whom to ask there.
    pub contact: String,
    /// Whose card it was.
    pub instrument: Option<InstrumentId>,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// How much of the payoff is for it.
    pub amount: Money,
}

/// The visits that a payoff pays, the oldest first.
pub async fn paid_trips(conn: &mut PgConnection, payoff: &PayoffRow) -> Result<Vec<PaidTrip>> {
    let rows = sqlx::query!(
        "SELECT trip.trip_id, trip.store_id, store.merchant_name, store.contact, debt.instrument_id, trip.started_at, amount_minor
         FROM payoff_allocation JOIN trip ON trip.trip_id = payoff_allocation.trip_id JOIN store USING (store_id)
             JOIN debt USING (debt_id)
         WHERE payoff_id = $1 ORDER BY trip.started_at, trip.trip_id",
        payoff.id.0,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        Ok(PaidTrip {
            trip: read(TripId::new(&row.trip_id), "trip.trip_id")?,
            store: read(StoreId::new(&row.store_id), "trip.store_id")?,
            store_name: row.merchant_name,
            contact: row.contact,
            instrument: row.instrument_id.map(|id| read(InstrumentId::new(&id), "debt.instrument_id")).transpose()?,
            started_at: row.started_at,
            amount: Money::new(row.amount_minor, payoff.amount.currency()),
        })
    });
    rows.collect()
}

/// Payoffs asked for from `from` on and before `until`, as they are matched with Stripe's balance.
pub async fn list_to_match(
    conn: &mut PgConnection,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<OurPayoff>> {
    let rows = sqlx::query!(
        r#"SELECT payoff.payoff_id, currency, payoff.amount_minor, payment_id, sum(charged_back_minor)::bigint AS "charged_back!"
           FROM payoff JOIN payoff_allocation USING (payoff_id) WHERE created_at >= $1 AND created_at < $2
           GROUP BY payoff.payoff_id ORDER BY created_at, payoff.payoff_id"#,
        from,
        until,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "payoff.currency")?;
        Ok(OurPayoff {
            id: PayoffId(row.payoff_id),
            payment: row.payment_id.map(|id| read(PaymentIntentId::new(&id), "payoff.payment_id")).transpose()?,
            amount: Money::new(row.amount_minor, currency),
            charged_back: Money::new(row.charged_back, currency),
        })
    });
    rows.collect()
}

/// What of a visit's takings is the shopper's and was not given back.
pub async fn shopper_credit(conn: &mut PgConnection, trip: &TripId, currency: Currency) -> Result<Money> {
    let row = sqlx::query_scalar!(
        r#"SELECT coalesce(-sum(amount_minor), 0)::bigint AS "credit!" FROM ledger_entry
           WHERE trip_id = $1 AND account = 'shopper_credit'"#,
        trip.as_str(),
    );
    Ok(Money::new(row.fetch_one(conn).await?, currency))
}
