//! The table `line_identification`: what people found bad lines to be.

use std::collections::BTreeMap;

use domain::id::{Sku, TripId};
use domain::identification::Identification;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};

/// Who found it, and why.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The person.
    pub by: &'a str,
    /// For auditors.
    pub reason: &'a str,
    /// When.
    pub at: OffsetDateTime,
    /// Could nothing be charged any more? Then it is no part of the purchase.
    pub late: bool,
}

/// Keeps what a line is; a later finding takes the place of an earlier one.
pub async fn save(
    conn: &mut PgConnection,
    trip: &TripId,
    line_no: u32,
    found: &Identification,
    said: Said<'_>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO line_identification (trip_id, line_no, sku, quantity, unit, late, identified_by, reason, identified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT ON CONSTRAINT line_identification_pk
         DO UPDATE SET sku = $3, quantity = $4, unit = $5, late = $6, identified_by = $7, reason = $8, identified_at = $9",
        trip.as_str(),
        i32::try_from(line_no).unwrap_or(i32::MAX),
        found.sku().map(Sku::as_str),
        found.quantity(),
        found.unit(),
        said.late,
        said.by,
        said.reason,
        said.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The lines of a visit's cart that were identified before it was charged, and as what: these are part of the purchase.
pub async fn list(conn: &mut PgConnection, trip: &TripId) -> Result<BTreeMap<u32, Identification>> {
    let all = list_all(conn, trip).await?.into_iter();
    Ok(all.filter(|(_, (_, late))| !late).map(|(line_no, (found, _))| (line_no, found)).collect())
}

/// All lines of a visit's cart that were identified, as what, and whether that was too late to charge them.
pub async fn list_all(conn: &mut PgConnection, trip: &TripId) -> Result<BTreeMap<u32, (Identification, bool)>> {
    let rows = sqlx::query!(
        "SELECT line_no, sku, quantity, unit, late FROM line_identification WHERE trip_id = $1",
        trip.as_str(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| {
        let line_no = read(u32::try_from(row.line_no), "line_identification.line_no")?;
        let sku = read(row.sku.as_deref().map(Sku::new).transpose(), "line_identification.sku")?;
        let found = Identification::new(sku, row.quantity, row.unit);
        Ok((line_no, (read(found, "line_identification")?, row.late)))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use domain::identification::Identification;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_trip, assert_refused, decimal, id, run};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn what_a_line_is_reads_back_and_a_late_finding_is_no_part_of_the_purchase(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let others = "INSERT INTO cart (trip_id, request_id, ended_at, auth_events, items, items_sha256, received_at)
             SELECT trip_id, gen_random_uuid(), started_at, '[]', '[]', decode(repeat('00', 32), 'hex'), started_at FROM trip";
        run(&mut conn, others).await.unwrap();
        run(&mut conn, "INSERT INTO staff (name, added_at) SELECT 'ann', started_at FROM trip").await.unwrap();
        let said = Said { by: "ann", reason: "seen on the video", at: NOW, late: false };
        let tea = Identification::new(Some(id("tea")), None, None).unwrap();
        let weighed = Identification::new(None, Some(decimal("1.5")), Some("lb".to_owned())).unwrap();
        save(&mut conn, &trip, 2, &weighed, said).await.unwrap();
        save(&mut conn, &trip, 2, &tea, said).await.unwrap();
        save(&mut conn, &trip, 5, &weighed, Said { late: true, ..said }).await.unwrap();
        assert_eq!(list(&mut conn, &trip).await.unwrap(), [(2, tea.clone())].into());
        let all = [(2, (tea, false)), (5, (weighed, true))];
        assert_eq!(list_all(&mut conn, &trip).await.unwrap(), all.into());
        let changes = [
            ("quantity = 0", "line_identification_quantity"),
            ("unit = ''", "line_identification_unit"),
            ("sku = NULL, quantity = NULL, unit = NULL", "line_identification_says_something"),
        ];
        assert_refused(&mut conn, "line_identification", &changes).await;
    }
}
