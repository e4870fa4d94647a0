//! The tables `cart` and `cart_conflict`: what Amazon sent.

use domain::cart::{Cart, CartReceived};
use domain::id::{PurchaseId, TripId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::Result;

/// SHA-256 of a cart's lines in their stored form: two carts are the same when these are.
pub type CartHash = [u8; 32];

/// What was answered to the first cart of a trip.
#[derive(Debug)]
pub struct AnsweredCart {
    /// Of its lines.
    pub hash: Vec<u8>,
    /// What it became. `None` for an empty cart.
    pub purchase: Option<PurchaseId>,
}

/// The first cart of a trip and its answer.
pub async fn get(conn: &mut PgConnection, trip: &TripId) -> Result<Option<AnsweredCart>> {
    let row = sqlx::query!(
        r#"SELECT cart.items_sha256, purchase.purchase_id AS "purchase_id?" FROM cart LEFT JOIN purchase USING (trip_id)
           WHERE cart.trip_id = $1"#,
        trip.as_str(),
    );
    let row = row.fetch_optional(conn).await?;
    Ok(row.map(|row| AnsweredCart { hash: row.items_sha256, purchase: row.purchase_id.map(PurchaseId) }))
}

/// The lines of a trip's first cart.
pub async fn get_items(conn: &mut PgConnection, trip: &TripId) -> Result<Option<Cart>> {
    let items =
        sqlx::query_scalar!(r#"SELECT items AS "items: Json<Cart>" FROM cart WHERE trip_id = $1"#, trip.as_str());
    Ok(items.fetch_optional(conn).await?.map(|cart| cart.0))
}

/// Keeps the first cart of a trip.
pub async fn insert(conn: &mut PgConnection, cart: &CartReceived, hash: &CartHash, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO cart (trip_id, request_id, ended_at, auth_events, items, items_sha256, device_id, payment_source_id, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        cart.trip.as_str(),
        cart.request_id,
        cart.ended_at,
        Json(&cart.auth_events) as _,
        Json(&cart.cart) as _,
        &hash[..],
        cart.device,
        cart.payment_source,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps a cart that differs from the first one. Once per different cart.
pub async fn insert_conflict(
    conn: &mut PgConnection,
    cart: &CartReceived,
    hash: &CartHash,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO cart_conflict (trip_id, items_sha256, request_id, items, received_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT cart_conflict_pk DO NOTHING",
        cart.trip.as_str(),
        &hash[..],
        cart.request_id,
        Json(&cart.cart) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::cart::{AuthEvent, ExternalIdentifier, IdentifierKind, PayloadKind, Scan};
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use uuid::Uuid;

    use super::super::fixture::{self, NOW, add_trip, id, refusal};
    use super::super::purchase;
    use super::*;

    fn received(trip: &str) -> CartReceived {
        let identifier = ExternalIdentifier { kind: IdentifierKind::Ean8, id: "96385074".to_owned() };
        let mut item = fixture::cart_item("tea");
        item.external_identifiers = vec![identifier];
        let scan = Scan { id: "scan-1".to_owned(), kind: "SHOPPER".to_owned() };
        let event = AuthEvent {
            id: id("tap-1"),
            at: Some(NOW),
            location: Some("ENTRY".to_owned()),
            payload_kind: PayloadKind::ScanCode,
            scan: Some(scan),
        };
        CartReceived {
            request_id: Uuid::from_u128(1),
            trip: id(trip),
            store: fixture::store().id,
            started_at: NOW,
            ended_at: NOW + time::Duration::minutes(20),
            auth_events: vec![event],
            cart: Cart { items: vec![item, fixture::cart_item("ham")] },
            instrument: None,
            device: Some("device-1".to_owned()),
            payment_source: None,
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_cart_reads_back_with_its_lines_and_its_purchase(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        assert!(get(&mut conn, &trip).await.unwrap().is_none());
        assert!(get_items(&mut conn, &trip).await.unwrap().is_none());
        let cart = received("trip-1");
        insert(&mut conn, &cart, &[7; 32], NOW).await.unwrap();
        let answered = get(&mut conn, &trip).await.unwrap().unwrap();
        assert_eq!((answered.hash, answered.purchase), (vec![7; 32], None));
        assert_eq!(get_items(&mut conn, &trip).await.unwrap(), Some(cart.cart.clone()));
        let events: Json<Vec<AuthEvent>> =
            sqlx::query_scalar("SELECT auth_events FROM cart").fetch_one(&mut conn).await.unwrap();
        assert_eq!(events.0, cart.auth_events);

        let purchase = fixture::purchase(fixture::add_rule_set(&mut conn).await);
        let purchase_id = PurchaseId(Uuid::from_u128(2));
        purchase::insert(&mut conn, purchase_id, &trip, &purchase, fixture::occasion(), NOW).await.unwrap();
        assert_eq!(get(&mut conn, &trip).await.unwrap().unwrap().purchase, Some(purchase_id));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_second_cart_is_no_cart_but_a_conflict_and_once_per_different_one(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        add_trip(&mut conn, "trip-1").await;
        let cart = received("trip-1");
        assert_eq!(refusal(insert_conflict(&mut conn, &cart, &[1; 32], NOW).await), "cart_conflict_cart");
        insert(&mut conn, &cart, &[1; 32], NOW).await.unwrap();
        assert_eq!(refusal(insert(&mut conn, &cart, &[2; 32], NOW).await), "cart_pk");
        for hash in [[2; 32], [2; 32], [3; 32]] {
            insert_conflict(&mut conn, &cart, &hash, NOW).await.unwrap();
        }
        assert_eq!(fixture::count(&mut conn, "cart_conflict").await, 2);
        assert_eq!(get(&mut conn, &cart.trip).await.unwrap().unwrap().hash, vec![1; 32], "the first one stays");
        assert_eq!(refusal(insert(&mut conn, &received("trip-2"), &[1; 32], NOW).await), "cart_trip");
        fixture::assert_refused(&mut conn, "cart", &[("items_sha256 = ''", "cart_hash_length")]).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn of_two_carts_at_once_one_is_the_first(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        add_trip(&mut pool.acquire().await.unwrap(), "trip-1").await;
        let kept = fixture::race(&pool, 6, |mut conn| async move {
            insert(&mut conn, &received("trip-1"), &[1; 32], NOW).await.is_ok()
        });
        assert_eq!(kept.await.into_iter().filter(|kept| *kept).count(), 1);
    }
}
