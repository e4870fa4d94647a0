//! Members: who is one by the retailer's list, and what their carts cost.

use serde_json::{Value, json};
use server::command::Desk;
use server::command::import::import_loyalty_file;
use server::flow::import_loyalty::{ImportedLoyalty, LoyaltyImport};
use server::flow::verify_prices::verify_prices;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::pricing_stories::{after, cart, send, sums};
use crate::shop::{CARTS, Shop, vault};

async fn import(shop: &Shop, file: &str, dry_run: bool) -> Result<ImportedLoyalty, String> {
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    let import = LoyaltyImport { source: "members.csv", by: "ann", dry_run };
    let file = std::io::Cursor::new(file.to_owned());
    let outcome = import_loyalty_file(&desk, import, file, "members.csv".as_ref()).await;
    outcome.map_err(|error| error.to_string())
}

/// Ground coffee, which members get for 7.99 instead of 9.99, by people who scanned these codes.
fn coffee(shop: &Shop, scans: &[(&str, &str)]) -> Value {
    let mut cart = cart(&[("SKU-282", "SKU", "1", "unit")]);
    (cart["shoppingTrip"]["startTime"], cart["shoppingTrip"]["endTime"]) = (json!(after(shop)), json!(after(shop)));
    let events = scans.iter().map(|(id, kind)| {
        json!({ "id": Uuid::new_v4(), "payloadType": "FINANCIAL", "scanResult": { "id": id, "type": kind } })
    });
    cart["shoppingTrip"]["authEvents"].as_array_mut().unwrap().extend(events);
    cart
}

/// What promotions took off a cart, and the account that it was priced for.
async fn off(shop: &Shop, cart: &Value) -> (i64, Option<String>) {
    let trip = send(shop, cart).await;
    let account = shop.text("SELECT loyalty_number FROM loyalty_visit WHERE trip_id = $1", &trip).await;
    (sums(shop, &trip).await.1, account)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_member_gets_members_prices_and_an_unknown_code_is_no_mistake(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let file = "loyalty_number,email\nL-100,jane@example.com\nL-200,\n";
    let imported = import(&shop, file, false).await.unwrap();
    assert_eq!(imported, ImportedLoyalty { rows: 2, added: 2, changed: 0, ended: 0 });
    let (member, nobody) = ((200, Some("L-100".to_owned())), (0, None));
    for (scans, expected) in [
        (&[("L-100", "SHOPPER")][..], &member),
        (&[("L-100", "LOYALTY")], &member),
        (&[("guest", "SHOPPER"), ("L-100", "SHOPPER")], &member),
        (&[], &nobody),
        (&[("L-999", "SHOPPER")], &nobody),
        (&[("L-100", "ASSOCIATE")], &nobody),
        (&[("l-100", "SHOPPER")], &nobody),
    ] {
        assert_eq!(&off(&shop, &coffee(&shop, scans)).await, expected, "{scans:?}");
    }
    let stored = "SELECT count(*) FROM purchase WHERE member AND $1 = ''";
    assert_eq!(shop.number(stored, "").await, 3, "what counted is kept with the purchase");

    // It ends between two visits of the same person; the purchases of before stay what they were.
    let ended = import(&shop, "loyalty_number,email,ended\nL-100,jane@example.com,yes\n", false).await.unwrap();
    assert_eq!((ended.ended, ended.added), (1, 0));
    assert_eq!(off(&shop, &coffee(&shop, &[("L-100", "SHOPPER")])).await, nobody);
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences), (8, vec![]));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_visit_that_began_before_the_account_is_nobodys_and_a_repeated_cart_links_it_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let before = coffee(&shop, &[("L-100", "SHOPPER")]);
    shop.jump(time::Duration::minutes(5));
    import(&shop, "loyalty_number,email\nL-100,\n", false).await.unwrap();
    assert_eq!(off(&shop, &before).await, (0, None));
    let again = coffee(&shop, &[("L-100", "SHOPPER")]);
    let trip = send(&shop, &again).await;
    assert_eq!(send(&shop, &again).await, trip);
    let mut other = again.clone();
    other["cartItems"][0]["quantity"]["value"] = json!("2");
    assert_eq!(shop.call(CARTS, &other).await.0, 201);
    assert_eq!(shop.number("SELECT count(*) FROM loyalty_visit WHERE trip_id = $1", &trip).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_list_with_mistakes_is_refused_by_line_and_column_and_without_anybodys_address(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let file =
        "loyalty_number,email,ended\nL-1,jane@example.com,\n,x@example.com,\nL-2,jane(at)example,\nL-3,,maybe\nL-1,,\n";
    let refused = import(&shop, file, false).await.unwrap_err();
    for told in [
        "4 mistakes, nothing was imported",
        "members.csv: line 3, loyalty_number: is empty",
        "line 4, email: is not an e-mail address",
        "line 5, ended: \"maybe\" must be yes or no",
        "line 6, loyalty_number: line 2 has the same number",
    ] {
        assert!(refused.contains(told), "{told}\nis not in\n{refused}");
    }
    assert!(!refused.contains("jane"), "{refused}");
    assert!(import(&shop, "loyalty_number\nL-1\n", false).await.unwrap_err().contains("members.csv"));
    let dry = import(&shop, "loyalty_number,email\nL-1,\n", true).await.unwrap();
    assert_eq!(dry.added, 1);
    for table in ["loyalty_account", "loyalty_row"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let kept: i64 = sqlx::query_scalar(sql).fetch_one(&shop.database).await.unwrap();
        assert_eq!(kept, 0, "{table}");
    }
    let audited = "SELECT count(*) FROM audit_entry WHERE action = 'loyalty_imported' AND $1 = ''";
    assert_eq!(shop.number(audited, "").await, 0);
    import(&shop, "loyalty_number,email\nL-1,jane@example.com\n", false).await.unwrap();
    let said = "SELECT actor || ' ' || detail::text FROM audit_entry WHERE action = $1";
    let said = shop.text(said, "loyalty_imported").await.unwrap();
    assert!(said.starts_with("ann ") && said.contains("\"added\": 1") && !said.contains("jane"), "{said}");
    shop.close().await;
}
