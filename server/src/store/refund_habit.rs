//! What an instrument brought back before, over all its visits and stores: a look over `refund`, `refund_line` and `trip`.

use domain::id::{InstrumentId, Sku, TripId};
use domain::money::{Currency, Money};
use domain::refund::{COUNTED_FOR, Habits, WATCHED_FOR};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// What it brought back until now, `trip` and its `articles` being asked about. Refunds that were declined do not count.
pub async fn habits(
    conn: &mut PgConnection,
    instrument: &InstrumentId,
    (trip, currency): (&TripId, Currency),
    articles: &[Sku],
    now: OffsetDateTime,
) -> Result<Habits> {
    let articles: Vec<String> = articles.iter().map(|sku| sku.as_str().to_owned()).collect();
    let since = now.saturating_sub(WATCHED_FOR);
    let recent = super::refund::count_recent(&mut *conn, instrument, now.saturating_sub(COUNTED_FOR)).await?;
    let row = sqlx::query!(
        r#"WITH returned AS (
             SELECT refund_id, trip_id, amount_minor, refund.currency FROM refund JOIN trip USING (trip_id)
             WHERE instrument_id = $1 AND requested_at > $2 AND kind = 'goods' AND refund.state <> 'declined')
           SELECT (SELECT count(DISTINCT trip_id) FROM returned WHERE trip_id <> $3) AS "trips!",
             (SELECT count(DISTINCT trip_id) FROM returned JOIN refund_line USING (refund_id)
                JOIN purchase_line USING (purchase_id, line_no)
              WHERE trip_id <> $3 AND sku = ANY($4)) AS "same_article!",
             (SELECT coalesce(sum(amount_minor), 0)::bigint FROM returned WHERE currency = $5) AS "refunded!",
             (SELECT coalesce(sum(total_minor), 0)::bigint FROM trip
              WHERE instrument_id = $1 AND started_at > $2 AND currency = $5) AS "bought!""#,
        instrument.as_str(),
        since,
        trip.as_str(),
        &articles,
        currency.code(),
    );
    let row = row.fetch_one(conn).await?;
    let count = |it: i64| u32::try_from(it).unwrap_or(u32::MAX);
    Ok(Habits {
        recent,
        same_article: count(row.same_article),
        trips: count(row.trips),
        refunded: Money::new(row.refunded, currency),
        bought: Money::new(row.bought, currency),
    })
}
