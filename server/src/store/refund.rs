//! The table `refund`: what is given back for a trip, its state spread over columns that checks hold together.

use domain::id::{InstrumentId, ReconciliationId, RefundId, StoreId, TripId};
use domain::money::{Currency, Money};
use domain::refund::amount::RefundParts;
use domain::refund::{CardPart, Refund, RefundKind, RefundReason, Split};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, StoreError, read};

/// A refund as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    /// Its id, which is Amazon's key as well.
    pub id: RefundId,
    /// The visit.
    pub trip: TripId,
    /// The visit's store.
    pub store: StoreId,
    /// Goods or a credit.
    pub kind: RefundKind,
    /// Why, in Amazon's words.
    pub reason: RefundReason,
    /// What is given back in all.
    pub amount: Money,
    /// What of it is goods, tax and deposits.
    pub parts: RefundParts,
    /// Where it is.
    pub state: Refund,
    /// Who asked for it: a person who works here, `shopper:` and an id, or `worker`.
    pub requested_by: String,
    /// Why, in their words.
    pub requested_because: Option<String>,
    /// Who approved or declined it. `rules` where nobody had to look.
    pub decided_by: Option<String>,
    /// Why, in their words; the shopper reads why it was declined.
    pub decided_because: Option<String>,
    /// When it was asked for.
    pub requested_at: OffsetDateTime,
    /// When it was approved or declined.
    pub decided_at: Option<OffsetDateTime>,
    /// When nothing was left to do.
    pub ended_at: Option<OffsetDateTime>,
}

/// Columns of a row, as `query!` gives them.
struct Columns {
    refund_id: Uuid,
    trip_id: String,
    store_id: String,
    kind: String,
    reason_code: String,
    currency: String,
    amount_minor: i64,
    sales_minor: i64,
    tax_minor: i64,
    deposits_minor: i64,
    state: String,
    credit_minor: Option<i64>,
    card_minor: Option<i64>,
    elsewhere_minor: Option<i64>,
    by_hand_minor: Option<i64>,
    in_doubt: bool,
    waits_until: Option<OffsetDateTime>,
    card_paid: bool,
    reconciliation_id: Option<String>,
    requested_by: String,
    requested_because: Option<String>,
    decided_by: Option<String>,
    decided_because: Option<String>,
    requested_at: OffsetDateTime,
    decided_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
}

impl Columns {
    fn parse(self) -> Result<RefundRow> {
        let currency = read(Currency::new(&self.currency), "refund.currency")?;
        let money = |minor| Money::new(minor, currency);
        Ok(RefundRow {
            id: read(RefundId::new(self.refund_id), "refund.refund_id")?,
            trip: read(TripId::new(&self.trip_id), "refund.trip_id")?,
            store: read(StoreId::new(&self.store_id), "trip.store_id")?,
            kind: read(self.kind.parse(), "refund.kind")?,
            reason: read(self.reason_code.parse(), "refund.reason_code")?,
            amount: money(self.amount_minor),
            parts: RefundParts {
                sales: money(self.sales_minor),
                tax: money(self.tax_minor),
                deposits: money(self.deposits_minor),
            },
            state: self.state(currency)?,
            requested_by: self.requested_by,
            requested_because: self.requested_because,
            decided_by: self.decided_by,
            decided_because: self.decided_because,
            requested_at: self.requested_at,
            decided_at: self.decided_at,
            ended_at: self.ended_at,
        })
    }

    fn state(&self, currency: Currency) -> Result<Refund> {
        let amount = |minor: Option<i64>| {
            minor.map(|minor| Money::new(minor, currency)).ok_or(StoreError::Corrupt("refund amount"))
        };
        let split = || {
            let (credit, card) = (amount(self.credit_minor)?, amount(self.card_minor)?);
            Ok::<_, StoreError>(Split { credit, card, elsewhere: amount(self.elsewhere_minor)? })
        };
        let number = self.reconciliation_id.as_deref().map(ReconciliationId::new).transpose();
        let card = match self.card_paid {
            true => CardPart::Paid { reconciliation: read(number, "refund.reconciliation_id")? },
            false => CardPart::Unpaid,
        };
        Ok(match self.state.as_str() {
            "in_review" => Refund::InReview,
            "waiting" => Refund::Waiting {
                split: split()?,
                until: self.waits_until.ok_or(StoreError::Corrupt("refund.waits_until"))?,
            },
            "sending" => Refund::Sending { split: split()? },
            "by_hand" => {
                Refund::ByHand { split: split()?, left: amount(self.by_hand_minor)?, in_doubt: self.in_doubt, card }
            }
            "refunded" => Refund::Refunded { split: split()?, by_hand: amount(self.by_hand_minor)?, card },
            "credited" => Refund::Credited { split: split()? },
            "declined" => Refund::Declined,
            _ => return Err(StoreError::Corrupt("refund.state")),
        })
    }
}

/// One refund.
pub async fn get(conn: &mut PgConnection, id: RefundId) -> Result<Option<RefundRow>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT refund_id, trip_id, store_id, kind, reason_code, refund.currency, amount_minor, sales_minor, tax_minor, deposits_minor,
             refund.state, credit_minor, card_minor, elsewhere_minor, by_hand_minor, in_doubt, waits_until, card_paid, reconciliation_id,
             requested_by, requested_because, decided_by, decided_because, requested_at, decided_at, ended_at
         FROM refund JOIN trip USING (trip_id) WHERE refund_id = $1",
        id.uuid(),
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// One refund, locked until the transaction ends. The visit's row is locked before it, always.
pub async fn lock(conn: &mut PgConnection, id: RefundId) -> Result<Option<RefundRow>> {
    let row = sqlx::query_as!(
        Columns,
        "SELECT refund_id, trip_id, store_id, kind, reason_code, refund.currency, amount_minor, sales_minor, tax_minor, deposits_minor,
             refund.state, credit_minor, card_minor, elsewhere_minor, by_hand_minor, in_doubt, waits_until, card_paid, reconciliation_id,
             requested_by, requested_because, decided_by, decided_because, requested_at, decided_at, ended_at
         FROM refund JOIN trip USING (trip_id) WHERE refund_id = $1 FOR UPDATE OF refund",
        id.uuid(),
    );
    row.fetch_optional(conn).await?.map(Columns::parse).transpose()
}

/// A visit's refunds, the first one first.
pub async fn list_by_trip(conn: &mut PgConnection, trip: &TripId) -> Result<Vec<RefundRow>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT refund_id, trip_id, store_id, kind, reason_code, refund.currency, amount_minor, sales_minor, tax_minor, deposits_minor,
             refund.state, credit_minor, card_minor, elsewhere_minor, by_hand_minor, in_doubt, waits_until, card_paid, reconciliation_id,
             requested_by, requested_because, decided_by, decided_because, requested_at, decided_at, ended_at
         FROM refund JOIN trip USING (trip_id) WHERE trip_id = $1 ORDER BY requested_at, refund_id",
        trip.as_str(),
    );
    rows.fetch_all(conn).await?.into_iter().map(Columns::parse).collect()
}

/// Refunds of all visits, the oldest first, at most `limit`: those that are open, or those that are not as well, which begins with
/// the newest.
pub async fn list(conn: &mut PgConnection, open_only: bool, limit: i64) -> Result<Vec<RefundRow>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT refund_id, trip_id, store_id, kind, reason_code, refund.currency, amount_minor, sales_minor, tax_minor, deposits_minor,
             refund.state, credit_minor, card_minor, elsewhere_minor, by_hand_minor, in_doubt, waits_until, card_paid, reconciliation_id,
             requested_by, requested_because, decided_by, decided_because, requested_at, decided_at, ended_at
         FROM refund JOIN trip USING (trip_id) WHERE NOT $1 OR refund.state IN ('in_review', 'waiting', 'sending', 'by_hand')
         ORDER BY CASE WHEN $1 THEN requested_at END, requested_at DESC, refund_id LIMIT $2",
        open_only,
        limit,
    );
    rows.fetch_all(conn).await?.into_iter().map(Columns::parse).collect()
}

/// The refund of a visit that is not finished.
pub async fn open_of_trip(conn: &mut PgConnection, trip: &TripId) -> Result<Option<RefundId>> {
    let id = sqlx::query_scalar!(
        "SELECT refund_id FROM refund WHERE trip_id = $1 AND state IN ('in_review', 'waiting', 'sending', 'by_hand')",
        trip.as_str(),
    );
    id.fetch_optional(conn).await?.map(|id| read(RefundId::new(id), "refund.refund_id")).transpose()
}

/// How many refunds of goods of an instrument were asked for since then and not declined, over all stores.
pub async fn count_recent(conn: &mut PgConnection, instrument: &InstrumentId, since: OffsetDateTime) -> Result<u32> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM refund JOIN trip USING (trip_id)
           WHERE instrument_id = $1 AND requested_at > $2 AND kind = 'goods' AND refund.state <> 'declined'"#,
        instrument.as_str(),
        since,
    );
    Ok(u32::try_from(count.fetch_one(conn).await?).unwrap_or(u32::MAX))
}

/// Writes a refund that was just asked for.
pub async fn insert(conn: &mut PgConnection, row: &RefundRow) -> Result<()> {
    let currency = row.amount.currency();
    sqlx::query!(
        "INSERT INTO refund (refund_id, trip_id, kind, reason_code, currency, amount_minor, sales_minor, tax_minor, deposits_minor,
             state, requested_by, requested_because, requested_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'in_review', $10, $11, $12, $12)",
        row.id.uuid(),
        row.trip.as_str(),
        row.kind.as_str(),
        row.reason.as_str(),
        currency.code(),
        row.amount.minor(),
        row.parts.sales.minor(),
        row.parts.tax.minor(),
        row.parts.deposits.minor(),
        row.requested_by,
        row.requested_because,
        row.requested_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what an event changed.
pub async fn save(conn: &mut PgConnection, row: &RefundRow, now: OffsetDateTime) -> Result<()> {
    let split = row.state.split();
    let (by_hand, in_doubt, card) = match &row.state {
        Refund::ByHand { left, in_doubt, card, .. } => (Some(*left), *in_doubt, Some(card)),
        Refund::Refunded { by_hand, card, .. } => (Some(*by_hand), false, Some(card)),
        Refund::InReview
        | Refund::Waiting { .. }
        | Refund::Sending { .. }
        | Refund::Credited { .. }
        | Refund::Declined => (None, false, None),
    };
    let waits_until = match row.state {
        Refund::Waiting { until, .. } => Some(until),
        _ => None,
    };
    sqlx::query!(
        "UPDATE refund SET state = $2, credit_minor = $3, card_minor = $4, elsewhere_minor = $5, by_hand_minor = $6, in_doubt = $7,
             waits_until = $8, card_paid = $9, reconciliation_id = $10, decided_by = $11, decided_because = $12, decided_at = $13,
             ended_at = $14, updated_at = $15 WHERE refund_id = $1",
        row.id.uuid(),
        row.state.name(),
        split.map(|split| split.credit.minor()),
        split.map(|split| split.card.minor()),
        split.map(|split| split.elsewhere.minor()),
        by_hand.map(Money::minor),
        in_doubt,
        waits_until,
        matches!(card, Some(CardPart::Paid { .. })),
        row.state.reconciliation().map(ReconciliationId::as_str),
        row.decided_by,
        row.decided_because,
        row.decided_at,
        row.ended_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Where the money of a visit is, by the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Taken from the card and not given back to it.
    pub card: Money,
    /// Paid in another way, less what was given back so.
    pub elsewhere: Money,
    /// Taken beyond what was owed, and no refund of it approved.
    pub credit: Money,
}

/// Where the money of a visit is. The visit's row is locked, so that nothing moves meanwhile.
pub async fn taken(conn: &mut PgConnection, trip: &TripId, currency: Currency) -> Result<Taken> {
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(amount_minor) FILTER (WHERE account = 'card_clearing'), 0)::bigint AS "card!",
               coalesce(sum(amount_minor) FILTER (WHERE account IN ('external_payments', 'payoff_clearing')), 0)::bigint AS "elsewhere!",
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'shopper_credit'), 0)::bigint AS "credit!"
           FROM ledger_transaction JOIN ledger_entry USING (ledger_transaction_id) WHERE ledger_transaction.trip_id = $1"#,
        trip.as_str(),
    );
    let row = row.fetch_one(conn).await?;
    let money = |minor| Money::new(minor, currency);
    Ok(Taken { card: money(row.card), elsewhere: money(row.elsewhere), credit: money(row.credit) })
}

/// When money of a visit was last taken from its card, as far as the ledger knows.
pub async fn last_taken_at(conn: &mut PgConnection, trip: &TripId) -> Result<Option<OffsetDateTime>> {
    let at = sqlx::query_scalar!(
        "SELECT max(posted_at) FROM ledger_transaction WHERE trip_id = $1 AND kind IN ('captured', 'debt_recovered')",
        trip.as_str(),
    );
    Ok(at.fetch_one(conn).await?)
}

/// Did a try of this refund end so that Amazon may have done it all the same?
pub async fn is_in_doubt(conn: &mut PgConnection, trip: &TripId, id: RefundId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM attempt JOIN outbox USING (outbox_id)
           WHERE attempt.trip_id = $1 AND api = 'refund_charge' AND payload ->> 'refund' = $2
             AND (outcome IN ('sent', 'no_answer') OR (outcome = 'busy' AND status >= 500))) AS "found!""#,
        trip.as_str(),
        id.to_string(),
    );
    Ok(found.fetch_one(conn).await?)
}

#[cfg(test)]
mod tests;
