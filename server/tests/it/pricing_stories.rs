//! What carts cost, over HTTP, by the demo's rules.

use std::time::Instant;

use serde_json::{Value, json};
use server::command::Desk;
use server::command::import::{What, import_file};
use server::flow::export_catalog::export_catalog;
use server::flow::import_rules::Import;
use server::flow::price_cart::PriceCartError;
use server::flow::seed_demo::demo_store;
use server::flow::verify_prices::verify_prices;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::shop::{CARTS, Shop, vault};

/// A cart of `(id, kind, value, unit)`.
pub(crate) fn cart(lines: &[(&str, &str, &str, &str)]) -> Value {
    let items: Vec<Value> = lines
        .iter()
        .map(|(id, kind, value, unit)| json!({ "id": id, "type": kind, "quantity": { "value": value, "unit": unit } }))
        .collect();
    cart_of(items)
}

fn cart_of(items: Vec<Value>) -> Value {
    json!({
        "requestId": Uuid::new_v4(),
        "idempotentShoppingTripId": Uuid::new_v4(),
        "storeId": "TEST_STORE_001",
        "shoppingTrip": {
            "startTime": "2026-11-21T17:00:00Z", "endTime": "2026-11-21T17:09:39Z",
            "authEvents": [
                { "id": Uuid::new_v4(), "timestamp": "2026-11-21T17:00:00Z", "location": "ENTRY", "payloadType": "FINANCIAL" }
            ]
        },
        "cartItems": items,
    })
}

/// Sends a cart, which must be taken. Its trip.
pub(crate) async fn send(shop: &Shop, cart: &Value) -> String {
    let (status, body) = shop.call(CARTS, cart).await;
    assert_eq!(status, 201, "{body}");
    assert!(body["purchaseId"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
    cart["idempotentShoppingTripId"].as_str().unwrap().to_owned()
}

/// Price, promotions, tax, deposits and total of a trip's purchase, in cents.
pub(crate) async fn sums(shop: &Shop, trip: &str) -> (i64, i64, i64, i64, i64) {
    sqlx::query_as(
        "SELECT price_minor, promotions_minor, tax_minor, deposits_minor, total_minor FROM purchase WHERE trip_id = $1",
    )
    .bind(trip)
    .fetch_one(&shop.database)
    .await
    .unwrap()
}

/// `(line, sku, unit, price, discount, tax)` of each line.
async fn lines(shop: &Shop, trip: &str) -> Vec<(i32, String, String, i64, i64, i64)> {
    sqlx::query_as(
        "SELECT line_no, sku, line.unit, line.price_minor, line.discount_minor, line.tax_minor
         FROM purchase_line line JOIN purchase USING (purchase_id) WHERE trip_id = $1 ORDER BY line_no",
    )
    .bind(trip)
    .fetch_all(&shop.database)
    .await
    .unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn op_001_cp_014_a_single_item_without_promotion_costs_its_catalog_price(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = send(&shop, &cart(&[("SKU-001", "SKU", "1.0", "unit")])).await;
    assert_eq!(sums(&shop, &trip).await, (199, 0, 18, 0, 217));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_002_cp_005_cp_010_cp_011_a_cart_of_many_items_gets_every_promotion_and_is_taxed_after_them(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let cart = cart(&[
        ("SKU-236", "SKU", "3", "unit"),
        ("SKU-206", "SKU", "2", "unit"),
        ("SKU-296", "SKU", "1", "unit"),
        ("SKU-196", "SKU", "1", "unit"),
    ]);
    let trip = send(&shop, &cart).await;
    let expected = [
        (1, "SKU-236", 447, 47, 36),
        (2, "SKU-206", 450, 225, 20),
        (3, "SKU-296", 349, 100, 22),
        (4, "SKU-196", 599, 150, 0),
    ];
    let priced: Vec<_> =
        lines(&shop, &trip).await.into_iter().map(|(no, sku, _, p, d, t)| (no, sku, p, d, t)).collect();
    assert_eq!(priced, expected.map(|(no, sku, p, d, t)| (no, sku.to_owned(), p, d, t)));
    assert_eq!(sums(&shop, &trip).await, (1845, 522, 78, 15, 1416));
    let explained = "SELECT explanation::text || (SELECT string_agg(line.explanation::text, '') FROM purchase_line line
            WHERE line.purchase_id = purchase.purchase_id) FROM purchase WHERE trip_id = $1";
    let explained = shop.text(explained, &trip).await.unwrap();
    for said in ["Three sodas for 4.00", "Cookies: buy one, get one free", "MCTD surcharge", "NY bottle deposit"] {
        assert!(explained.contains(said), "{said}: {explained}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_003_a_weighed_item_is_priced_in_its_own_unit_whatever_the_cart_measured_in(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for (value, unit) in [("0.5", "kg"), ("500", "g")] {
        let trip = send(&shop, &cart(&[("SKU-166", "SKU", value, unit)])).await;
        assert_eq!(
            lines(&shop, &trip).await,
            [(1, "SKU-166".to_owned(), "lb".to_owned(), 1322, 55, 0)],
            "{value} {unit}"
        );
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_004_op_005_op_006_an_item_is_found_by_every_number_it_has_and_keeps_its_line_item_id(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let further = |kind: &str, id: &str| json!([{ "id": id, "type": kind }]);
    let quantity = json!({ "value": "1", "unit": "unit" });
    let items = vec![
        json!({ "id": "085000001486", "type": "SCANCODE", "quantity": quantity, "lineItemId": "line-7" }),
        json!({ "id": "0085000001486", "type": "SCANCODE", "quantity": quantity }),
        json!({ "id": "4000000001485", "type": "SCANCODE", "quantity": quantity }),
        json!({ "id": "old", "type": "SKU", "quantity": quantity, "externalIdentifiers": further("UPC", "085000001486") }),
        json!({ "id": "old", "type": "SKU", "quantity": quantity, "externalIdentifiers": further("GTIN", "00085000001486") }),
    ];
    let trip = send(&shop, &cart_of(items)).await;
    let found = lines(&shop, &trip).await;
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|(_, sku, ..)| sku == "SKU-148"), "{found:?}");
    // Buy four, the fifth half price: five lines of one article count together.
    assert_eq!(found.iter().map(|line| line.4).sum::<i64>(), 80);
    let line_item =
        "SELECT line_item_id FROM purchase_line JOIN purchase USING (purchase_id) WHERE trip_id = $1 AND line_no = 1";
    assert_eq!(shop.text(line_item, &trip).await.as_deref(), Some("line-7"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn op_010_if_016_an_unknown_item_is_kept_and_told_and_the_rest_is_priced_with_its_promotions(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let lines = [("nobody-knows", "SKU", "1", "unit"), ("SKU-206", "SKU", "2", "unit"), ("SKU-207", "SKU", "1", "lb")];
    let trip = send(&shop, &cart(&lines)).await;
    assert_eq!(sums(&shop, &trip).await, (450, 225, 20, 0, 245));
    let bad: Vec<(i32, String)> = sqlx::query_as(
        "SELECT line_no, cause FROM bad_line JOIN purchase USING (purchase_id) WHERE trip_id = $1 ORDER BY line_no",
    )
    .bind(&trip)
    .fetch_all(&shop.database)
    .await
    .unwrap();
    assert_eq!(bad, [(1, "unknown_item".to_owned()), (3, "unknown_unit".to_owned())]);
    assert_eq!(shop.alerts("bad_cart", &trip).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pf_004_sixty_items_with_stacked_promotions_are_answered_within_two_seconds(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    // Twenty promotions on everything in the cart, all of them stacked.
    let mut file = "promotion_id,promotion_name,kind,percent,categories,priority\n".to_owned();
    for number in 1..=20 {
        file.push_str(&format!("stack-{number},Stacked {number},percent,1,Drinks|Bakery|Household,{number}\n"));
    }
    publish(&shop, What::Promotions, file).await;
    let sold = "SELECT sku FROM catalog_item WHERE category IN ('Drinks', 'Bakery', 'Household') AND sold_by = 'unit'";
    let mut skus: Vec<String> = sqlx::query_scalar(sold).fetch_all(&shop.database).await.unwrap();
    skus.sort();
    skus.dedup();
    let mut items: Vec<(&str, &str, &str, &str)> = skus.iter().map(|sku| (sku.as_str(), "SKU", "2", "unit")).collect();
    items.extend(items.clone());
    items.truncate(60);
    assert_eq!(items.len(), 60, "the demo has enough articles");
    let mut cart = cart(&items);
    cart["shoppingTrip"]["startTime"] = json!(after(&shop));
    cart["shoppingTrip"]["endTime"] = json!(after(&shop));
    let began = Instant::now();
    let trip = send(&shop, &cart).await;
    let took = began.elapsed();
    assert!(took.as_secs() < 2, "{took:?}");
    let applied = "SELECT jsonb_array_length(applied)::bigint FROM purchase WHERE trip_id = $1";
    assert_eq!(shop.number(applied, &trip).await, 20);
    shop.close().await;
}

/// A moment at which what was published just now is in force, as Amazon writes it.
pub(crate) fn after(shop: &Shop) -> String {
    let at = shop.worker.clock.now() + time::Duration::MINUTE;
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

/// Imports a file as ann and publishes it as ben.
async fn publish(shop: &Shop, what: What, file: String) {
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    let store = "TEST_STORE_001".parse().unwrap();
    let import = Import { store: &store, source: "story.csv", by: "ann", dry_run: false };
    import_file(&desk, import, what, std::io::Cursor::new(file), "story.csv".as_ref()).await.unwrap();
    server::flow::publish_rules::publish_rules(&shop.database, &store, "ben", None, desk.now).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn cp_014_comp_002_every_article_is_charged_the_price_that_the_export_says(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let store = "TEST_STORE_001".parse().unwrap();
    let mut exported = vec![];
    export_catalog::<PriceCartError>(&shop.database, &store, shop.worker.clock.now(), |item| {
        exported.push((item.sku.to_string(), item.sold_by.as_str(), item.unit_price.minor()));
        Ok(())
    })
    .await
    .unwrap();
    assert!(exported.len() >= 200);
    for some in exported.chunks(50) {
        let items: Vec<_> = some.iter().map(|(sku, unit, _)| (sku.as_str(), "SKU", "1", *unit)).collect();
        let trip = send(&shop, &cart(&items)).await;
        let priced = lines(&shop, &trip).await;
        let charged: Vec<_> = priced.into_iter().map(|(_, sku, unit, price, ..)| (sku, unit, price)).collect();
        let said: Vec<_> = some.iter().map(|(sku, unit, price)| (sku.clone(), (*unit).to_owned(), *price)).collect();
        assert_eq!(charged, said);
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cart_that_cannot_be_priced_at_all_is_taken_and_waits_for_a_person(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let dear = "item_sku,item_name,standard_price,product_tax_code\nSKU-005,A diamond,9000000000000.00,general\n";
    publish(&shop, What::Promotions, "promotion_id,promotion_name,kind\n".to_owned()).await;
    shop.pass(time::Duration::MINUTE).await;
    publish(&shop, What::Catalog, dear.to_owned()).await;
    let mut huge = cart(&[("SKU-005", "SKU", "9999999999", "unit"), ("SKU-001", "SKU", "1", "unit")]);
    huge["shoppingTrip"]["startTime"] = json!(after(&shop));
    huge["shoppingTrip"]["endTime"] = json!(after(&shop));
    let huge = send(&shop, &huge).await;
    let bare = domain::store::Store { id: "BARE".parse().unwrap(), ..demo_store().unwrap() };
    let mut conn = shop.database.acquire().await.unwrap();
    assert!(server::store::settings::insert(&mut conn, &bare, shop.worker.clock.now()).await.unwrap());
    drop(conn);
    let mut unpriced = cart(&[("SKU-001", "SKU", "1", "unit")]);
    unpriced["storeId"] = json!("BARE");
    let unpriced = send(&shop, &unpriced).await;
    for trip in [&huge, &unpriced] {
        assert_eq!(sums(&shop, trip).await, (0, 0, 0, 0, 0));
        assert_eq!(shop.state(trip.parse().unwrap()).await, "in_review");
        assert!(shop.alerts("bad_cart", trip).await > 0);
    }
    let cause =
        "SELECT min(cause) || ' ' || count(*) FROM bad_line JOIN purchase USING (purchase_id) WHERE trip_id = $1";
    assert_eq!(shop.text(cause, &huge).await.as_deref(), Some("too_large 2"));
    assert_eq!(shop.text(cause, &unpriced).await.as_deref(), Some("unknown_item 1"));
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences.len()), (2, 0), "{:?}", verified.differences);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_deposit_is_booked_apart_from_what_the_store_earns(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &[twin::CartLine::units("SKU-236", "2.0")]).await.unwrap();
    shop.settle().await;
    let accounts = "SELECT string_agg(account || ' ' || amount, ', ' ORDER BY account) FROM (
        SELECT entry.account, sum(amount_minor) AS amount FROM ledger_entry entry JOIN ledger_transaction posting USING (ledger_transaction_id)
        WHERE posting.trip_id = $1 GROUP BY 1 HAVING sum(amount_minor) <> 0) balance";
    // Two cans at 1.49, 8.875 % on them, and 0.05 of deposit each.
    let wanted = "card_clearing 334, deposits_payable -10, sales -298, tax_payable -26";
    assert_eq!(shop.text(accounts, walk.trip).await.as_deref(), Some(wanted));
    assert_eq!(shop.twin.truth().trip(walk.trip).captures_minor, [334]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_recognised_is_charged_when_a_bad_cart_has_waited_long_enough(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET bad_cart = 'hold_for_review'").execute(&shop.database).await.unwrap();
    let lines = [twin::CartLine::units("SKU-001", "1.0"), twin::CartLine::units("UNKNOWN-SKU-999", "1.0")];
    let walk = shop.twin.walk("visa", &lines).await.unwrap();
    shop.pass(time::Duration::hours(23)).await;
    assert_eq!(shop.state(walk.trip).await, "in_review");
    assert_eq!(shop.twin.truth().trip(walk.trip).adjust_calls, 0, "nothing is charged before");
    shop.pass(time::Duration::hours(2)).await;
    assert_eq!(shop.state(walk.trip).await, "captured");
    assert_eq!(shop.twin.truth().trip(walk.trip).captures_minor, [217]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn promotions_of_a_weekday_and_on_other_articles_are_imported_and_priced_by_when_the_visit_began(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let file = "promotion_id,promotion_name,kind,percent,buy,get,categories,skus,get_skus,weekdays,from_time,until_time\n\
        water,Water for two cookies,buy_get_other,100,2,1,,SKU-206,SKU-001,,,\n\
        happy,Happy hour,percent,50,,,Soda,,,\"tue,wed\",17:00,19:00\n";
    publish(&shop, What::Promotions, file.to_owned()).await;
    let off = async |at: &str, lines: &[(&str, &str, &str, &str)]| {
        let mut cart = cart(lines);
        (cart["shoppingTrip"]["startTime"], cart["shoppingTrip"]["endTime"]) = (json!(at), json!(at));
        sums(&shop, &send(&shop, &cart).await).await.1
    };
    let soda = [("SKU-236", "SKU", "2", "unit")];
    // 2096-12-04 is a Tuesday.
    assert_eq!(off("2096-12-04T17:00:00Z", &soda).await, 149);
    assert_eq!(off("2096-12-05T12:30:00-05:00", &soda).await, 149, "17:30 in UTC");
    assert_eq!(off("2096-12-04T19:00:00Z", &soda).await, 0);
    assert_eq!(off("2096-12-06T18:00:00Z", &soda).await, 0);
    let both = [("SKU-206", "SKU", "3", "unit"), ("SKU-001", "SKU", "2", "unit")];
    assert_eq!(off(&after(&shop), &both).await, 199, "one water for two cookies, and none for the third");
    assert_eq!(off(&after(&shop), &both[1..]).await, 0);
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences.len()), (6, 0), "{:?}", verified.differences);
    shop.close().await;
}
