//! Visits as lists show them.

use domain::id::{InstrumentId, TripId};
use domain::money::Money;
use domain::receipt::CardFacts;
use sqlx::PgConnection;
use time::OffsetDateTime;
use time::macros::datetime;

use super::super::viewer::Reach;
use super::super::{Result, card_facts, read};
use super::{Columns, TripRow};
use crate::vault::Vault;

/// A visit as a list shows it.
#[derive(Debug, Clone)]
pub struct ListedTrip {
    /// The visit.
    pub row: TripRow,
    /// The store's name.
    pub store_name: String,
    /// What is still owed for it.
    pub outstanding: Money,
    /// The card, once Amazon has told.
    pub card: Option<CardFacts>,
}

/// Before every visit and after it. Bounds that are always there can be looked up in the index, whatever plan is kept for the query.
const EARLIEST: OffsetDateTime = datetime!(1970-01-01 00:00 UTC);
const LATEST: OffsetDateTime = datetime!(9999-12-31 00:00 UTC);

/// Which visits to list.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Begun at this moment or later.
    pub from: Option<OffsetDateTime>,
    /// Begun before this moment.
    pub until: Option<OffsetDateTime>,
    /// After this one in the list: its beginning and its name.
    pub after: Option<(OffsetDateTime, TripId)>,
}

/// The visits within reach that are wanted, the newest first, at most `limit`. Each instrument's newest are looked up in the index by
/// instrument, so that the cost does not grow with how many visits there are.
pub async fn list(
    conn: &mut PgConnection,
    vault: &Vault,
    reach: &Reach,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<ListedTrip>> {
    let (after_at, after_id) = wanted.after.as_ref().map_or((LATEST, ""), |(at, id)| (*at, id.as_str()));
    let rows = sqlx::query!(
        r#"SELECT trip.trip_id, trip.store_id, trip.instrument_id, trip.currency, trip.state, trip.total_minor,
               trip.capture_minor, trip.capture_doubts, trip.capture_failed, trip.cause, trip.adjust_minor,
               trip.adjust_ceiling_minor, trip.adjust_held_minor, trip.adjust_calls, trip.skipped_adjust,
               trip.hold_minor, trip.started_at, trip.deadline_at,
               store.merchant_name, coalesce(debt.outstanding_minor, 0) AS "outstanding_minor!",
               card_facts.brand AS "brand?", card_facts.tail AS "tail?", card_facts.sealed AS "sealed?"
           FROM (
               SELECT found.trip_id FROM (
                   SELECT theirs.trip_id, theirs.started_at FROM unnest($1::text[]) AS mine (instrument_id) CROSS JOIN LATERAL (
                       SELECT trip_id, started_at FROM trip WHERE trip.instrument_id = mine.instrument_id
                           AND started_at >= $3 AND started_at < $4 AND started_at <= $5 AND (started_at, trip_id) < ($5, $6)
                       ORDER BY started_at DESC, trip_id DESC LIMIT $7) theirs
                   UNION
                   SELECT trip_id, started_at FROM trip WHERE trip_id = ANY($2)
                       AND started_at >= $3 AND started_at < $4 AND (started_at, trip_id) < ($5, $6)) found
               ORDER BY found.started_at DESC, found.trip_id DESC LIMIT $7) page
           JOIN trip USING (trip_id) JOIN store USING (store_id)
           LEFT JOIN debt ON debt.trip_id = trip.trip_id LEFT JOIN card_facts ON card_facts.trip_id = trip.trip_id
           ORDER BY trip.started_at DESC, trip.trip_id DESC"#,
        reach.instruments(),
        reach.trips(),
        wanted.from.unwrap_or(EARLIEST),
        wanted.until.unwrap_or(LATEST),
        after_at,
        after_id,
        limit,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let columns = Columns {
            trip_id: row.trip_id,
            store_id: row.store_id,
            instrument_id: row.instrument_id,
            currency: row.currency,
            state: row.state,
            total_minor: row.total_minor,
            capture_minor: row.capture_minor,
            capture_doubts: row.capture_doubts,
            capture_failed: row.capture_failed,
            cause: row.cause,
            adjust_minor: row.adjust_minor,
            adjust_ceiling_minor: row.adjust_ceiling_minor,
            adjust_held_minor: row.adjust_held_minor,
            adjust_calls: row.adjust_calls,
            skipped_adjust: row.skipped_adjust,
            hold_minor: row.hold_minor,
            started_at: row.started_at,
            deadline_at: row.deadline_at,
        };
        let trip = columns.parse()?;
        let outstanding = Money::new(row.outstanding_minor, trip.currency);
        let card = opened(vault, &trip.id, row.sealed, row.brand, row.tail)?;
        Ok(ListedTrip { row: trip, store_name: row.merchant_name, outstanding, card })
    });
    rows.collect()
}

/// What a list shows of a card; the version before wrote brand and last digits as they are.
fn opened(
    vault: &Vault,
    trip: &TripId,
    sealed: Option<Vec<u8>>,
    brand: Option<String>,
    tail: Option<String>,
) -> Result<Option<CardFacts>> {
    match sealed {
        Some(sealed) => card_facts::open(vault, trip, sealed).map(Some),
        None if brand.is_some() || tail.is_some() => Ok(Some(CardFacts { brand, tail, ..CardFacts::default() })),
        None => Ok(None),
    }
}

/// The instruments within reach whose card is known, each with what its newest visit told of it.
pub async fn list_cards(
    conn: &mut PgConnection,
    vault: &Vault,
    reach: &Reach,
) -> Result<Vec<(InstrumentId, CardFacts)>> {
    let rows = sqlx::query!(
        r#"SELECT mine.instrument_id AS "instrument_id!", newest.trip_id, newest.sealed, newest.brand, newest.tail
           FROM unnest($1::text[]) AS mine (instrument_id) CROSS JOIN LATERAL (
               SELECT trip_id, started_at, sealed, brand, tail FROM trip JOIN card_facts USING (trip_id)
               WHERE trip.instrument_id = mine.instrument_id ORDER BY started_at DESC LIMIT 1) newest
           ORDER BY newest.started_at DESC"#,
        reach.instruments(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    let cards = rows.map(|row| {
        let trip = read(TripId::new(&row.trip_id), "card_facts.trip_id")?;
        let instrument = read(InstrumentId::new(&row.instrument_id), "trip.instrument_id")?;
        Ok(opened(vault, &trip, row.sealed, row.brand, row.tail)?.map(|card| (instrument, card)))
    });
    cards.filter_map(Result::transpose).collect()
}

/// The newest visit within reach whose payment has this number on the card's statement.
pub async fn find_by_statement(
    conn: &mut PgConnection,
    vault: &Vault,
    reach: &Reach,
    number: &str,
) -> Result<Option<TripId>> {
    let found = sqlx::query_scalar!(
        "SELECT trip_id FROM card_facts JOIN trip USING (trip_id)
         WHERE (statement_index = ANY($1) OR card_statement_transaction_id = $2)
             AND (trip.instrument_id = ANY($3) OR trip_id = ANY($4)) ORDER BY trip.started_at DESC LIMIT 1",
        &card_facts::statement_indexes(vault, number),
        number,
        reach.instruments(),
        reach.trips(),
    );
    found.fetch_optional(conn).await?.map(|id| read(TripId::new(&id), "card_facts.trip_id")).transpose()
}
