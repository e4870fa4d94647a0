//! The table `canary`: visits that nobody made.

use domain::id::{InstrumentId, TripId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// Marks a visit. `false`: it is marked already.
pub async fn insert(conn: &mut PgConnection, trip: &TripId, now: OffsetDateTime) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO canary (trip_id, created_at) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT canary_pk DO NOTHING",
        trip.as_str(),
        now,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Every marked visit.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<TripId>> {
    let ids = sqlx::query_scalar!("SELECT trip_id FROM canary ORDER BY created_at, trip_id").fetch_all(conn).await?;
    ids.iter().map(|id| read(TripId::new(id), "canary.trip_id")).collect()
}

/// A marked visit of this card. `None` also for no card at all.
pub async fn of_card(conn: &mut PgConnection, card: Option<&InstrumentId>) -> Result<Option<TripId>> {
    let id = sqlx::query_scalar!(
        "SELECT canary.trip_id FROM canary JOIN trip USING (trip_id) WHERE trip.instrument_id = $1 LIMIT 1",
        card.map(InstrumentId::as_str),
    );
    id.fetch_optional(conn).await?.map(|id| read(TripId::new(&id), "canary.trip_id")).transpose()
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_trip, id};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_marked_visit_is_found_by_its_card(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await;
        let card = trip.instrument.as_ref();
        assert_eq!(of_card(&mut conn, card).await.unwrap(), None);
        assert!(insert(&mut conn, &trip.id, NOW).await.unwrap());
        assert!(!insert(&mut conn, &trip.id, NOW).await.unwrap());
        assert_eq!(of_card(&mut conn, card).await.unwrap(), Some(trip.id.clone()));
        assert_eq!(of_card(&mut conn, Some(&id("card-2"))).await.unwrap(), None);
        assert_eq!(of_card(&mut conn, None).await.unwrap(), None);
        assert_eq!(list(&mut conn).await.unwrap(), [trip.id]);
        assert_eq!(fixture::refusal(insert(&mut conn, &id("trip-2"), NOW).await), "canary_trip");
    }
}
