//! Everything that happened to one visit, in order, for people who look into it.

use domain::id::TripId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::super::Result;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: OffsetDateTime,
    /// What it is: `effect`, `attempt`, `debt`, `alert`, `ledger`, `audit`.
    pub part: String,
    /// In one line. Never personal: instruments and what calls contained are left out.
    pub line: String,
}

/// What happened to a visit, the oldest first.
pub async fn list(conn: &mut PgConnection, trip: &TripId) -> Result<Vec<Happened>> {
    let rows = sqlx::query_as!(
        Happened,
        r#"SELECT at AS "at!", part AS "part!", line AS "line!" FROM (
             SELECT created_at AS at, 1 AS place, 'effect' AS part,
                 concat_ws(' ', kind, outbox_id::text, 'is', state, 'after', tries, 'tries', '(' || last_problem || ')') AS line
             FROM outbox WHERE trip_id = $1
             UNION ALL
             SELECT sent_at, 2, 'attempt', concat_ws(' ', api, outcome, status, duration_ms || ' ms', '(' || problem || ')')
             FROM attempt WHERE trip_id = $1
             UNION ALL
             SELECT incurred_at, 3, 'debt', concat_ws(' ', cause, status, currency, incurred_minor, 'incurred,', outstanding_minor,
                 'outstanding (minor units)')
             FROM debt WHERE trip_id = $1
             UNION ALL
             SELECT opened_at, 4, 'alert', concat_ws(' ', kind, times || ' times', CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END)
             FROM alert WHERE subject = $1 OR subject IN (SELECT outbox_id::text FROM outbox WHERE trip_id = $1)
             UNION ALL
             SELECT posted_at, 5, 'ledger', concat_ws(' ', transaction.kind, transaction.currency,
                 string_agg(entry.account || ' ' || entry.amount_minor, ', ' ORDER BY entry.entry_no), '(minor units)')
             FROM ledger_transaction transaction JOIN ledger_entry entry USING (ledger_transaction_id)
             WHERE transaction.trip_id = $1 GROUP BY ledger_transaction_id
             UNION ALL
             SELECT recorded_at, 6, 'audit', concat_ws(' ', action, 'by', actor, (detail - 'instrument')::text)
             FROM audit_entry WHERE subject = $1 OR subject IN (SELECT outbox_id::text FROM outbox WHERE trip_id = $1)) happened
           ORDER BY at, place, line"#,
        trip.as_str(),
    );
    Ok(rows.fetch_all(conn).await?)
}
