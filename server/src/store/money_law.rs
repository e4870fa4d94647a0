//! The law of money over the tables of trips, debts and the ledger: what breaks it. Each question is one statement, so that it sees
//! every row at the same moment while others go on writing.

use std::ops::RangeInclusive;

use domain::id::TripId;
use domain::law::{MoneyLaw, MoneyViolation};
use sqlx::PgConnection;

use super::{Result, StoreError, read};

/// How much there is to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The number of the first ledger transaction, and of the last.
    pub transactions: Option<(i64, i64)>,
    /// How many trips.
    pub trips: i64,
}

/// Until this transaction ends or this is called again: plans for questions over very many rows, made for the range that is asked for,
/// each worked on by one process.
///
/// `grouped`: the rows fall into nearly as many groups. The planner, which cannot know that, would take them for a few hundred and keep
/// all of them in memory: they are sorted instead.
pub async fn expect_many_rows(conn: &mut PgConnection, grouped: bool) -> Result<()> {
    sqlx::query!(
        "SELECT set_config('work_mem', '64MB', true) AS memory, set_config('jit', 'off', true) AS jit,
             set_config('plan_cache_mode', 'force_custom_plan', true) AS plans,
             set_config('max_parallel_workers_per_gather', '0', true) AS workers,
             set_config('enable_hashagg', $1, true) AS groups, set_config('enable_nestloop', $1, true) AS lookups",
        if grouped { "off" } else { "on" },
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// How much there is to verify now.
pub async fn extent(conn: &mut PgConnection) -> Result<Extent> {
    let row = sqlx::query!(
        r#"SELECT min(ledger_transaction_id) AS first, max(ledger_transaction_id) AS last, (SELECT count(*) FROM trip) AS "trips!"
           FROM ledger_transaction"#,
    );
    let row = row.fetch_one(conn).await?;
    Ok(Extent { transactions: row.first.zip(row.last), trips: row.trips })
}

/// The next trips after `after`, `limit` at most: the last of them, and how many they are. `None`: there are no more.
pub async fn next_page(conn: &mut PgConnection, after: &str, limit: i64) -> Result<Option<(TripId, i64)>> {
    let page = sqlx::query!(
        r#"SELECT max(trip_id) AS last, count(*) AS "count!"
           FROM (SELECT trip_id FROM trip WHERE trip_id > $1 ORDER BY trip_id LIMIT $2) page"#,
        after,
        limit,
    );
    let page = page.fetch_one(conn).await?;
    page.last.map(|last| Ok((read(TripId::new(&last), "trip.trip_id")?, page.count))).transpose()
}

/// Ledger transactions with these numbers that do not add up, or that have lost their entries; and entries that have lost their
/// transaction.
pub async fn list_of_transactions(
    conn: &mut PgConnection,
    numbers: RangeInclusive<i64>,
) -> Result<Vec<MoneyViolation>> {
    let rows = sqlx::query!(
        r#"SELECT ledger_transaction_id AS "id!", posting.found IS NOT NULL AND entries.total IS NOT NULL AS "complete!",
               coalesce(entries.total, 0)::bigint AS "total!"
           FROM (SELECT ledger_transaction_id, true AS found FROM ledger_transaction
                 WHERE ledger_transaction_id BETWEEN $1 AND $2) posting
           FULL JOIN (SELECT ledger_transaction_id, sum(amount_minor) AS total FROM ledger_entry
                      WHERE ledger_transaction_id BETWEEN $1 AND $2 GROUP BY 1) entries USING (ledger_transaction_id)
           WHERE posting.found IS NULL OR entries.total IS NULL OR entries.total <> 0 ORDER BY 1"#,
        numbers.start(),
        numbers.end(),
    );
    let mut violations = vec![];
    for row in rows.fetch_all(conn).await? {
        let subject = format!("ledger transaction {}", row.id);
        if !row.complete {
            violations.push(violation(MoneyLaw::Complete, subject.clone(), 1, 0));
        }
        if row.total != 0 {
            violations.push(violation(MoneyLaw::Balanced, subject, 0, row.total));
        }
    }
    Ok(violations)
}

/// The laws of a trip, in the order in which [`list_of_trips`] asks for them.
const OF_TRIP: [MoneyLaw; 22] = [
    MoneyLaw::OwnTrip,
    MoneyLaw::OneCurrency,
    MoneyLaw::Conserved,
    MoneyLaw::TotalIsPriced,
    MoneyLaw::PurchaseIsPriced,
    MoneyLaw::TaxIsPriced,
    MoneyLaw::DepositsArePriced,
    MoneyLaw::InFlightByState,
    MoneyLaw::SuspenseByState,
    MoneyLaw::CapturedByState,
    MoneyLaw::RecoveredByState,
    MoneyLaw::DebtConserved,
    MoneyLaw::DebtIncurred,
    MoneyLaw::DebtPaid,
    MoneyLaw::DebtRecovered,
    MoneyLaw::DebtCredited,
    MoneyLaw::DebtWrittenOff,
    MoneyLaw::ReceivableOfTrip,
    MoneyLaw::UnresolvedOfTrip,
    MoneyLaw::RefundedAtMost,
    MoneyLaw::RefundedAsApproved,
    MoneyLaw::CreditAtMost,
];

/// What breaks the law among the trips after `after` up to `last`: their rows, debts, purchases and entries.
///
/// What a bank took back after a refund was given does not make that refund too much: `taken` is without chargebacks.
/// `booked` is every entry beside the trip that it is of, `books` sums a trip's entries by what they mean, `said` puts what must be
/// beside what is, law by law; only what differs is taken apart, since nearly nothing does.
///
/// Sorting is most of the work. `COLLATE "C"` compares bytes instead of asking the language what order they have, and `OFFSET 0` makes
/// the rows narrow before they are sorted, not after.
pub async fn list_of_trips(conn: &mut PgConnection, after: &str, last: &TripId) -> Result<Vec<MoneyViolation>> {
    let laws: Vec<String> = OF_TRIP.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        r#"WITH booked AS (
             SELECT visit.trip_id COLLATE "C" AS trip_id, account, kind, amount_minor,
               entry.trip_id <> visit.trip_id OR posting.store_id <> visit.store_id AS is_strange,
               posting.currency <> visit.currency AS is_other_currency
             FROM trip visit LEFT JOIN ledger_transaction posting ON posting.trip_id = visit.trip_id
                 LEFT JOIN ledger_entry entry USING (ledger_transaction_id)
             WHERE visit.trip_id > $1 AND visit.trip_id <= $2 OFFSET 0),
           books AS (
             SELECT trip_id,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'trip_in_flight' AND kind = 'priced'), 0) AS priced,
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'tax_payable' AND kind = 'priced'), 0) AS tax,
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'deposits_payable' AND kind = 'priced'), 0) AS deposits,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'trip_in_flight'), 0) AS in_flight,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'card_clearing' AND kind IN ('captured', 'capture_reversed')), 0) AS captured,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'card_clearing' AND kind IN ('debt_recovered', 'debt_recovery_reversed')), 0) AS late,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'capture_suspense'), 0) AS suspended,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'shopper_receivable'), 0) AS receivable,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'unresolved_receivable'), 0) AS unresolved,
               coalesce(sum(amount_minor) FILTER (WHERE kind = 'debt_incurred' AND account LIKE '%receivable'), 0) AS incurred,
               coalesce(-sum(amount_minor) FILTER (WHERE kind IN ('debt_paid', 'debt_payment_reversed', 'debt_charged_back', 'debt_charge_restored') AND account LIKE '%receivable'), 0) AS paid,
               coalesce(-sum(amount_minor) FILTER (WHERE kind IN ('debt_recovered', 'debt_recovery_reversed') AND account LIKE '%receivable'), 0) AS recovered,
               coalesce(-sum(amount_minor) FILTER (WHERE kind = 'debt_credited' AND account LIKE '%receivable'), 0) AS credited,
               coalesce(-sum(amount_minor) FILTER (WHERE kind IN ('debt_written_off', 'debt_reopened') AND account LIKE '%receivable'), 0) AS written_off,
               coalesce(sum(amount_minor) FILTER (WHERE account IN ('card_clearing', 'payoff_clearing', 'external_payments') AND kind NOT IN ('refund_done', 'refund_by_hand', 'debt_charged_back', 'debt_charge_restored')), 0) AS taken,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'refund_clearing' AND kind IN ('refund_done', 'refund_by_hand')), 0) AS refunded,
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'refund_clearing' AND kind NOT IN ('refund_done', 'refund_by_hand')), 0) AS approved,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'shopper_credit'), 0) AS credit,
               count(*) FILTER (WHERE is_strange) AS strangers,
               count(*) FILTER (WHERE is_other_currency) AS other_currency
             FROM booked GROUP BY trip_id),
           said AS (
             SELECT trip.trip_id, ARRAY[
               0, 0, priced, coalesce(trip.total_minor, 0),
               CASE WHEN trip.total_minor IS NULL AND priced = 0 THEN 0 ELSE coalesce(purchase.total_minor, 0) END,
               CASE WHEN priced = 0 THEN 0 ELSE coalesce(purchase.tax_minor + purchase.tax_included_minor, 0) END,
               CASE WHEN priced = 0 THEN 0 ELSE coalesce(purchase.deposits_minor, 0) END,
               CASE WHEN state IN ('adjusting', 'capturing', 'capture_unknown') THEN trip.total_minor ELSE 0 END,
               CASE WHEN state = 'capture_unconfirmed' THEN trip.total_minor ELSE 0 END,
               CASE WHEN state IN ('captured', 'partly_captured') THEN capture_minor ELSE 0 END,
               CASE WHEN state = 'recovered' THEN capture_minor ELSE 0 END,
               coalesce(incurred_minor, 0), coalesce(incurred_minor, 0), coalesce(paid_minor, 0), coalesce(recovered_minor, 0),
               coalesce(credited_minor, 0), coalesce(written_off_minor, 0),
               CASE WHEN debt.instrument_id IS NULL THEN 0 ELSE outstanding_minor END,
               CASE WHEN debt.instrument_id IS NULL THEN coalesce(outstanding_minor, 0) ELSE 0 END,
               least(refunded, taken), least(refunded, approved), least(credit, 0)]::bigint[] AS expected, ARRAY[
               strangers,
               other_currency + coalesce((purchase.currency <> trip.currency)::int, 0) + coalesce((debt.currency <> trip.currency)::int, 0),
               in_flight + captured + incurred + suspended, priced, priced, tax, deposits, in_flight, suspended, captured, late,
               coalesce(outstanding_minor + paid_minor + recovered_minor + credited_minor + written_off_minor, 0),
               incurred, paid, recovered, credited, written_off, receivable, unresolved, refunded, refunded, credit]::bigint[] AS found
             FROM trip JOIN books ON books.trip_id = trip.trip_id COLLATE "C"
                 LEFT JOIN purchase ON purchase.trip_id = trip.trip_id LEFT JOIN debt ON debt.trip_id = trip.trip_id
             WHERE trip.trip_id > $1 AND trip.trip_id <= $2)
           SELECT trip_id, law.word AS "word!", law.expected AS "expected!", law.found AS "found!"
           FROM said CROSS JOIN LATERAL unnest($3::text[], said.expected, said.found) AS law (word, expected, found)
           WHERE said.expected <> said.found AND law.expected <> law.found ORDER BY trip_id, law.word"#,
        after,
        last.as_str(),
        &laws,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let law = row.word.parse().map_err(|_| StoreError::Corrupt("money law"))?;
        Ok(violation(law, format!("trip {}", row.trip_id), row.expected, row.found))
    });
    rows.collect()
}

/// Trips after `after` of which more than one capture was answered with success, and the last of them.
pub async fn list_captured_again(
    conn: &mut PgConnection,
    after: &str,
    limit: i64,
) -> Result<(Vec<MoneyViolation>, Option<String>)> {
    let rows = sqlx::query!(
        r#"SELECT trip_id, count(*) AS "times!" FROM attempt
           WHERE trip_id > $1 AND api = 'capture_charge' AND outcome = 'answered'
           GROUP BY trip_id HAVING count(*) > 1 ORDER BY trip_id LIMIT $2"#,
        after,
        limit,
    );
    let rows = rows.fetch_all(conn).await?;
    let last = rows.last().map(|row| row.trip_id.clone());
    let violations =
        rows.into_iter().map(|row| violation(MoneyLaw::CapturedOnce, format!("trip {}", row.trip_id), 1, row.times));
    Ok((violations.collect(), last))
}

/// Instruments after `after` from which another sum is receivable than is outstanding of their debts, and the last of them.
pub async fn list_of_instruments(
    conn: &mut PgConnection,
    after: &str,
    limit: i64,
) -> Result<(Vec<MoneyViolation>, Option<String>)> {
    let rows = sqlx::query!(
        r#"SELECT instrument_id AS "instrument!", currency AS "currency!", coalesce(owed, 0)::bigint AS "owed!",
               coalesce(booked, 0)::bigint AS "booked!"
           FROM (SELECT instrument_id, currency, sum(outstanding_minor) AS owed FROM debt
                 WHERE instrument_id > $1 GROUP BY 1, 2) debts
           FULL JOIN (SELECT entry.instrument_id, posting.currency, sum(amount_minor) AS booked
                      FROM ledger_entry entry JOIN ledger_transaction posting USING (ledger_transaction_id)
                      WHERE entry.instrument_id > $1 AND account = 'shopper_receivable' GROUP BY 1, 2) books
               USING (instrument_id, currency)
           WHERE coalesce(owed, 0) <> coalesce(booked, 0) ORDER BY 1, 2 LIMIT $2"#,
        after,
        limit,
    );
    let rows = rows.fetch_all(conn).await?;
    let last = rows.last().map(|row| row.instrument.clone());
    let violations = rows.into_iter().map(|row| {
        let subject = format!("instrument {} in {}", row.instrument, row.currency);
        violation(MoneyLaw::ReceivableOfInstrument, subject, row.owed, row.booked)
    });
    Ok((violations.collect(), last))
}

fn violation(law: MoneyLaw, subject: String, expected: i64, found: i64) -> MoneyViolation {
    MoneyViolation { law, subject, expected, found }
}
