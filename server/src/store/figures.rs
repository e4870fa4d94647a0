//! Sums over many rows, for those who watch the business: what was sold and given back of late, and what is owed and why.
//!
//! Every group has a row, also one without anything in it: a number that was one and is none must be told, too.

use domain::debt::DebtStatus;
use domain::reason::DebtCause;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// The carts priced since some moment, in one currency. Amounts in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// The currency's code.
    pub currency: String,
    /// Carts of which every line was priced.
    pub whole: i64,
    /// Carts with lines that could not be priced.
    pub incomplete: i64,
    /// Lines that were priced.
    pub lines: i64,
    /// Lines that could not be.
    pub bad_lines: i64,
    /// Before promotions.
    pub price: i64,
    /// What promotions took off.
    pub promotions: i64,
    /// Tax on top.
    pub tax: i64,
    /// Deposits and fees.
    pub deposits: i64,
    /// What shoppers were to pay.
    pub total: i64,
}

/// What was sold since then, for each currency that any store has.
pub async fn sales_since(conn: &mut PgConnection, since: OffsetDateTime) -> Result<Vec<Sales>> {
    let rows = sqlx::query_as!(
        Sales,
        r#"SELECT every.currency AS "currency!", count(sold.total_minor) FILTER (WHERE bad = 0) AS "whole!",
               count(sold.total_minor) FILTER (WHERE bad > 0) AS "incomplete!",
               coalesce(sum(good), 0)::bigint AS "lines!", coalesce(sum(bad), 0)::bigint AS "bad_lines!",
               coalesce(sum(price_minor), 0)::bigint AS "price!", coalesce(sum(promotions_minor), 0)::bigint AS "promotions!",
               coalesce(sum(tax_minor), 0)::bigint AS "tax!", coalesce(sum(deposits_minor), 0)::bigint AS "deposits!",
               coalesce(sum(total_minor), 0)::bigint AS "total!"
           FROM (SELECT DISTINCT currency FROM store) every LEFT JOIN (
               SELECT purchase.*,
                   (SELECT count(*) FROM purchase_line line WHERE line.purchase_id = purchase.purchase_id) AS good,
                   (SELECT count(*) FROM bad_line line WHERE line.purchase_id = purchase.purchase_id) AS bad
               FROM purchase WHERE priced_at > $1) sold USING (currency)
           GROUP BY every.currency ORDER BY every.currency"#,
        since,
    );
    Ok(rows.fetch_all(conn).await?)
}

/// Refunds asked for since some moment, in one currency and one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunds {
    /// The currency's code.
    pub currency: String,
    /// Where they are.
    pub state: String,
    /// How many.
    pub count: i64,
    /// Of how much in all, in minor units.
    pub amount: i64,
}

/// The states of a refund, as its rows have them.
const REFUND_STATES: [&str; 7] = ["in_review", "waiting", "sending", "by_hand", "refunded", "credited", "declined"];

/// What was asked back since then, for each currency and each state.
pub async fn refunds_since(conn: &mut PgConnection, since: OffsetDateTime) -> Result<Vec<Refunds>> {
    let states: Vec<String> = REFUND_STATES.iter().map(|it| (*it).to_owned()).collect();
    let rows = sqlx::query_as!(
        Refunds,
        r#"SELECT every.currency AS "currency!", every.state AS "state!", count(refund_id) AS "count!",
               coalesce(sum(amount_minor), 0)::bigint AS "amount!"
           FROM (SELECT DISTINCT currency, state FROM store CROSS JOIN unnest($2::text[]) AS known(state)) every
           LEFT JOIN refund ON refund.currency = every.currency AND refund.state = every.state AND requested_at > $1
           GROUP BY 1, 2 ORDER BY 1, 2"#,
        since,
        &states,
    );
    Ok(rows.fetch_all(conn).await?)
}

/// Every debt there ever was, of one currency, cause and status. Amounts in minor units; what was incurred is the sum of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debts {
    /// The currency's code.
    pub currency: String,
    /// Why.
    pub cause: String,
    /// How they stand.
    pub status: String,
    /// How many.
    pub count: i64,
    /// What was not collected.
    pub incurred: i64,
    /// Of that, what was collected since: paid by shoppers, or by late captures.
    pub settled: i64,
    /// What need not be paid, since goods came back.
    pub credited: i64,
    /// What was given up.
    pub written_off: i64,
    /// What is still owed.
    pub outstanding: i64,
}

/// All debts by currency, cause and status.
pub async fn debts(conn: &mut PgConnection) -> Result<Vec<Debts>> {
    let causes: Vec<String> = DebtCause::ALL.iter().map(|it| it.as_str().to_owned()).collect();
    let statuses: Vec<String> = DebtStatus::ALL.iter().map(|it| it.as_str().to_owned()).collect();
    let rows = sqlx::query_as!(
        Debts,
        r#"SELECT every.currency AS "currency!", every.cause AS "cause!", every.status AS "status!", count(debt_id) AS "count!",
               coalesce(sum(incurred_minor), 0)::bigint AS "incurred!",
               coalesce(sum(paid_minor + recovered_minor), 0)::bigint AS "settled!",
               coalesce(sum(credited_minor), 0)::bigint AS "credited!",
               coalesce(sum(written_off_minor), 0)::bigint AS "written_off!",
               coalesce(sum(outstanding_minor), 0)::bigint AS "outstanding!"
           FROM (SELECT DISTINCT currency, cause, status FROM store CROSS JOIN unnest($1::text[]) AS one(cause)
               CROSS JOIN unnest($2::text[]) AS other(status)) every
           LEFT JOIN debt USING (currency, cause, status) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"#,
        &causes,
        &statuses,
    );
    Ok(rows.fetch_all(conn).await?)
}

#[cfg(test)]
mod tests {
    use domain::refund::Refund;
    use sqlx::PgPool;

    use super::super::fixture::add_store;
    use super::*;

    #[sqlx::test(migrations = "../migrations")]
    async fn a_shop_where_nothing_has_happened_has_every_number_and_all_are_nothing(db: PgPool) {
        let mut conn = db.acquire().await.unwrap();
        assert!(debts(&mut conn).await.unwrap().is_empty(), "no store, no currency");
        add_store(&mut conn).await;
        let since = OffsetDateTime::UNIX_EPOCH;
        let sales = sales_since(&mut conn, since).await.unwrap();
        assert_eq!((sales.len(), sales[0].whole, sales[0].total), (1, 0, 0));
        assert_eq!(debts(&mut conn).await.unwrap().len(), DebtCause::ALL.len() * DebtStatus::ALL.len());
        let refunds = refunds_since(&mut conn, since).await.unwrap();
        assert!(refunds.iter().all(|it| it.count == 0));
        assert!(refunds.iter().any(|it| it.state == Refund::InReview.name()));
        assert_eq!(refunds.len(), REFUND_STATES.len());
    }
}
