//! Rules as versions: imported or refused, published by a second person, rolled back, and kept by whoever began under them.

use domain::id::StoreId;
use server::command::Desk;
use server::command::import::{What, import_file};
use server::flow::import_rules::{Import, Imported};
use server::flow::publish_rules::{PublishRulesError, publish_rules, roll_back_rules};
use server::flow::verify_prices::verify_prices;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::CartLine;
use uuid::Uuid;

use crate::programs::Programs;
use crate::shop::{Shop, vault};

const CATALOG: &str = include_str!("../../../end2end/demo/catalog.csv");

fn store() -> StoreId {
    "TEST_STORE_001".parse().unwrap()
}

async fn import(shop: &Shop, by: &str, what: What, file: &str) -> Result<Imported, String> {
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    let (store, text) = (store(), file.to_owned());
    let import = Import { store: &store, source: "story.csv", by, dry_run: false };
    let outcome = import_file(&desk, import, what, std::io::Cursor::new(text), "story.csv".as_ref()).await;
    outcome.map_err(|error| error.to_string())
}

async fn publish(shop: &Shop, by: &str) -> Result<i64, PublishRulesError> {
    let now = shop.worker.clock.now();
    publish_rules(&shop.database, &store(), by, None, now).await.map(|id| id.0)
}

/// The demo's catalog with another price for sparkling water.
fn catalog_with_water_at(price: &str) -> String {
    CATALOG.replace("0.5 l,TEST_STORE_001,1.99,", &format!("0.5 l,TEST_STORE_001,{price},"))
}

async fn total(shop: &Shop, trip: Uuid) -> i64 {
    shop.number("SELECT total_minor FROM purchase WHERE trip_id = $1", trip).await
}

fn water() -> Vec<CartLine> {
    vec![CartLine::units("SKU-001", "1")]
}

/// Everything that is stored of the rules.
async fn rules_of(shop: &Shop) -> Vec<i64> {
    let mut counts = vec![];
    for table in ["rule_set", "rule_part", "catalog_item", "catalog_row", "promotion", "tax_rate"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        counts.push(sqlx::query_scalar(sql).fetch_one(&shop.database).await.unwrap());
    }
    counts
}

#[sqlx::test(migrations = "../migrations")]
async fn a_catalog_with_mistakes_is_refused_by_line_and_column_and_nothing_of_it_is_kept(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let before = rules_of(&shop).await;
    let heading = "item_sku,external_product_id,external_product_id_type,item_name,standard_price,product_tax_code,currency,sold_by,deposits\n";
    let rows = [
        (
            "A,036000291452,UPC,Tea,1.999,grocery,USD,unit,",
            "line 2, standard_price: 1.999 has more than the 2 decimal places of USD",
        ),
        ("B,,,Tea,1.99,grocery,EUR,unit,", "line 3, currency: \"EUR\" is not the store's currency, USD"),
        (
            "C,,,Tea,1.99,spirits,USD,unit,",
            "line 4, product_tax_code: the jurisdiction has no tax rate for the category spirits",
        ),
        ("D,,,,1.99,grocery,USD,unit,", "line 5, item_name: is empty"),
        ("E,,,Tea,1.99,grocery,USD,stone,", "line 6, sold_by: \"stone\" must be unit, lb, oz, kg or g"),
        ("F,,,Tea,-1.99,grocery,USD,unit,", "line 7, standard_price: the price must not be below zero"),
        ("A,,,Coffee,1.99,grocery,USD,unit,", ""),
        (
            "G,0036000291452,EAN,Coffee,1.99,grocery,USD,unit,Bottle",
            "line 9, deposits: \"Bottle\" is not like Bottle deposit=0.05",
        ),
        ("H,,,Tea,twelve,grocery,USD,unit,", "line 10, standard_price: \"twelve\" is not a number like 12.50"),
        (
            "I,,,Tea, half price,1.99,grocery,USD,unit,",
            "line 11: has 10 cells, and the heading has 9: is a comma not quoted?",
        ),
    ];
    let file = heading.to_owned() + &rows.map(|(row, _)| row).join("\n");
    let refused = import(&shop, "ann", What::Catalog, &file).await.unwrap_err();
    for (_, reason) in rows {
        assert!(refused.contains(reason), "{reason}\nis not in\n{refused}");
    }
    assert!(refused.contains("9 mistakes, nothing was imported"), "{refused}");

    let doubled = "A,036000291452,UPC,Tea,1,grocery,USD,unit,\nB,0036000291452,EAN,Ham,1,grocery,USD,unit,\nA,,,Jam,1,grocery,USD,unit,\n";
    let refused = import(&shop, "ann", What::Catalog, &(heading.to_owned() + doubled)).await.unwrap_err();
    assert!(refused.contains("line 3, external_product_id: line 2 has the number 0036000291452 already"), "{refused}");
    assert!(refused.contains("line 4, item_sku: line 2 has the number A already"), "{refused}");

    let misspelt = import(&shop, "ann", What::Catalog, "item_sku,item_name,price,product_tax_code\n").await;
    assert!(misspelt.unwrap_err().contains("story.csv"), "the heading is read first");
    assert!(import(&shop, "nobody", What::Catalog, CATALOG).await.unwrap_err().contains("nobody named nobody"));
    assert_eq!(rules_of(&shop).await, before);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn promotions_that_can_never_apply_or_contradict_and_taxes_that_overlap_are_refused_by_line(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let before = rules_of(&shop).await;
    let heading = "promotion_id,promotion_name,kind,percent,count,price,skus,categories,valid_from,valid_until,priority,exclusive\n";
    let cases = [
        ("a,A,percent,120,,,SKU-101,,,,,", "line 2, percent: the percentage must be above 0 and at most 100"),
        ("a,A,percent,10,,,SKU-9999,,,,,", "line 2, skus: the catalog has no article SKU-9999"),
        ("a,A,percent,10,,,,Cars,,,,", "line 2, categories: no article is in the category Cars"),
        ("a,A,multi_buy,,2,99,SKU-206,,,,,", "line 2, price: its price is not below what the dearest set costs anyway"),
        ("a,A,percent,10,,,SKU-101,,,2020-01-01T00:00:00Z,,", "line 2, valid_until: it has ended already"),
        (
            "a,A,percent,10,,,SKU-101,,2030-01-01T00:00:00Z,2029-01-01T00:00:00Z,,",
            "line 2, valid_until: it ends before it begins",
        ),
        (
            "a,A,percent,10,,,SKU-101,,,,,\na,B,percent,10,,,SKU-101,,,,,",
            "line 3, promotion_id: line 2 has the same promotion_id",
        ),
        ("a,A,percent,10,,,SKU-101,,,,,yes\nb,B,percent,20,,,SKU-101,,,,,yes", "line 3, exclusive: it contradicts a"),
        ("a,A,percent,10,2,,SKU-101,,,,,", "line 2, count: means nothing for percent: leave it empty"),
        ("a,A,multi_buy,,2,,SKU-206,,,,,", "line 2, price: is empty, and multi_buy needs it"),
        ("a,A,gift,,,,SKU-101,,,,,", "line 2, kind: \"gift\" must be one of percent, amount_off, bogo"),
    ];
    for (rows, reason) in cases {
        let refused = import(&shop, "ann", What::Promotions, &(heading.to_owned() + rows + "\n")).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}\nis not in\n{refused}");
    }
    let heading =
        "promotion_id,promotion_name,kind,percent,buy,get,skus,get_skus,get_categories,weekdays,from_time,until_time\n";
    let cases = [
        ("a,A,percent,10,,,SKU-101,,,mon|funday,,", "line 2, weekdays: \"funday\" must be one of mon, tue, wed"),
        ("a,A,percent,10,,,SKU-101,,,,9:00,", "line 2, from_time: \"9:00\" is not a time of day like 17:30"),
        ("a,A,percent,10,,,SKU-101,,,,22:00,02:00", "line 2, until_time: its hours end before they begin"),
        ("a,A,percent,10,,,SKU-101,SKU-206,,,,", "line 2, get_skus: means nothing for percent: leave it empty"),
        ("a,A,buy_get_other,50,1,1,SKU-101,,,,,", "line 2, get_skus: is empty, and buy_get_other needs it"),
        ("a,A,buy_get_other,50,1,1,SKU-207,SKU-207,,,,", "line 2, get_skus: SKU-207 is among the articles to buy and"),
        ("a,A,buy_get_other,50,1,1,SKU-207,SKU-9999,,,,", "line 2, get_skus: the catalog has no article SKU-9999"),
        ("a,A,buy_get_other,50,1,1,SKU-207,,Cars,,,", "line 2, get_categories: no article is in the category Cars"),
    ];
    for (rows, reason) in cases {
        let refused = import(&shop, "ann", What::Promotions, &(heading.to_owned() + rows + "\n")).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}\nis not in\n{refused}");
    }
    let heading = "jurisdiction,product_tax_code,tax_name,percent,included\n";
    let cases = [
        ("US-NY,grocery,State,4,no\nUS-NY,grocery,State,5,no", "line 3, tax_name: overlaps line 2"),
        (
            "US-NY,grocery,City,4,no\nUS-NY,grocery,State,5,yes",
            "line 3, included: the category has rates that are included",
        ),
        ("US-NY,grocery,State,-4,no", "line 2, percent: the percentage must be between 0 and 1000"),
        ("US-NY,grocery,State,4.123456,no", "line 2, percent: the percentage has more than 5 decimal places"),
        ("US-NY,grocery,State,,no", "line 2, percent: is empty"),
    ];
    for (rows, reason) in cases {
        let refused = import(&shop, "ann", What::Taxes, &(heading.to_owned() + rows + "\n")).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}\nis not in\n{refused}");
    }
    assert_eq!(rules_of(&shop).await, before);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_draft_is_published_by_a_second_person_and_visits_under_way_keep_the_rules_they_began_with(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    assert!(matches!(publish(&shop, "ben").await, Err(PublishRulesError::NoDraft)));
    let imported = import(&shop, "ann", What::Catalog, &catalog_with_water_at("2.99")).await.unwrap();
    assert_eq!((imported.changes.catalog.changed, imported.changes.catalog.added), (1, 0));
    // Another file by another person: both have had a hand in the draft now.
    let taxes =
        include_str!("../../../end2end/demo/taxes.csv").replace("beverage,Sales tax,8.875", "beverage,Sales tax,10");
    import(&shop, "ben", What::Taxes, &taxes).await.unwrap();
    for author in ["ann", "ben"] {
        assert!(matches!(publish(&shop, author).await, Err(PublishRulesError::SamePerson(_))), "{author}");
    }
    assert!(matches!(publish(&shop, "nobody").await, Err(PublishRulesError::UnknownStaff(_))));
    let paid = shop.twin.walk("visa", &water()).await.unwrap().trip;
    assert_eq!(total(&shop, paid).await, 217, "a draft prices nothing");

    let under_way = shop.twin.tap("visa").await.unwrap();
    shop.pass(time::Duration::MINUTE).await;
    server::flow::staff::add_staff(&shop.database, "cleo", shop.worker.clock.now()).await.unwrap();
    let yesterday = shop.worker.clock.now() - time::Duration::DAY;
    let now = shop.worker.clock.now();
    let past = publish_rules(&shop.database, &store(), "cleo", Some(yesterday), now).await;
    assert!(matches!(past, Err(PublishRulesError::InThePast)));
    publish(&shop, "cleo").await.unwrap();
    shop.pass(time::Duration::MINUTE).await;
    shop.twin.send_cart(&under_way, &water()).await.unwrap();
    assert_eq!(total(&shop, under_way.trip).await, 217, "it began under the old rules");
    let later = shop.twin.walk("visa", &water()).await.unwrap().trip;
    assert_eq!(total(&shop, later).await, 329, "2.99 and 10 %");
    let actors: Vec<String> = sqlx::query_scalar(
        "SELECT actor || ' ' || action FROM audit_entry WHERE action LIKE 'rules_%' ORDER BY audit_entry_id",
    )
    .fetch_all(&shop.database)
    .await
    .unwrap();
    assert_eq!(actors, ["ann rules_imported", "ben rules_imported", "cleo rules_published"]);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rollback_brings_the_earlier_rules_back_in_one_step_and_edits_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let roll_back = async || roll_back_rules(&shop.database, &store(), "ann", None, shop.worker.clock.now()).await;
    assert!(matches!(roll_back().await, Err(PublishRulesError::NothingToRestore)));
    for price in ["2.99", "3.99"] {
        import(&shop, "ann", What::Catalog, &catalog_with_water_at(price)).await.unwrap();
        publish(&shop, "ben").await.unwrap();
        shop.pass(time::Duration::MINUTE).await;
    }
    for expected in [326, 217] {
        assert!(roll_back().await.unwrap().scheduled.is_empty());
        shop.pass(time::Duration::MINUTE).await;
        let trip = shop.twin.walk("visa", &water()).await.unwrap().trip;
        assert_eq!(total(&shop, trip).await, expected);
    }
    // What two people have agreed on for later is told, and comes all the same.
    import(&shop, "ann", What::Catalog, &catalog_with_water_at("4.99")).await.unwrap();
    let (now, later) = (shop.worker.clock.now(), shop.worker.clock.now() + time::Duration::hours(2));
    let scheduled = publish_rules(&shop.database, &store(), "ben", Some(later), now).await.unwrap();
    let first = shop.number("SELECT min(rule_set_id) FROM rule_set WHERE $1 = ''", "").await;
    let to = Some(domain::catalog::RuleSetId(first));
    let again = roll_back_rules(&shop.database, &store(), "ann", to, shop.worker.clock.now()).await.unwrap();
    assert_eq!(again.restored.0, first);
    let seconds: Vec<_> = again.scheduled.iter().map(|(id, from)| (*id, from.unix_timestamp())).collect();
    assert_eq!(seconds, [(scheduled, later.unix_timestamp())]);
    shop.pass(time::Duration::hours(3)).await;
    let trip = shop.twin.walk("visa", &water()).await.unwrap().trip;
    assert_eq!(total(&shop, trip).await, 543, "4.99 and 8.875 %");
    let articles = shop.number("SELECT count(DISTINCT rule_part_id) FROM catalog_item WHERE $1 = ''", "").await;
    assert_eq!(articles, 4, "a rollback copies no article");
    let edited = sqlx::query("UPDATE rule_set SET in_force_from = in_force_from + interval '1 hour'");
    let refused = edited.execute(&shop.database).await.unwrap_err();
    assert!(refused.to_string().contains("is published"), "{refused}");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn verify_prices_finds_a_changed_row_and_tells_an_older_reckoning_apart(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let lines = vec![CartLine::units("SKU-236", "3"), CartLine::units("SKU-206", "2"), CartLine::units("SKU-001", "1")];
    let [good, bad] = [shop.twin.walk("visa", &lines).await.unwrap(), shop.twin.walk("visa", &lines).await.unwrap()];
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences.len()), (2, 0), "{:?}", verified.differences);

    let tamper = "UPDATE purchase_line SET price_minor = price_minor - 1 WHERE line_no = 3
            AND purchase_id = (SELECT purchase_id FROM purchase WHERE trip_id = $1)";
    sqlx::query(tamper).bind(bad.trip.to_string()).execute(&shop.database).await.unwrap();
    let found = verify_prices(&shop.database, || ()).await.unwrap().differences;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].trip.as_str(), found[0].older_engine), (bad.trip.to_string().as_str(), None));
    assert_eq!(found[0].what, ["line 3 price: 1.98 USD stored, 1.99 USD priced again"]);

    sqlx::query("UPDATE purchase SET engine_version = 0").execute(&shop.database).await.unwrap();
    let found = verify_prices(&shop.database, || ()).await.unwrap().differences;
    assert_eq!(found.iter().map(|it| it.older_engine).collect::<Vec<_>>(), [Some(0)], "{} is the same", good.trip);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_commands_of_the_rules_say_what_they_did_and_refuse_in_words(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::with_nothing_running(connect).await;
    let run = |arguments: &[&str]| {
        let output = programs.command_piped(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    assert!(run(&["seed"]).0);
    let exported = programs.folder.join("catalog.csv");
    let exported = exported.to_str().unwrap();
    assert!(run(&["export", "catalog", "--out", exported]).0);
    assert_eq!(std::fs::read_to_string(exported).unwrap(), CATALOG, "what is exported is what was imported");
    let (done, said, _) = run(&["import", "catalog", exported, "--as", "ann", "--dry-run"]);
    assert!(done && said.contains("Nothing differs."), "{said}");
    std::fs::write(exported, catalog_with_water_at("2.99")).unwrap();
    let (done, said, _) = run(&["import", "catalog", exported, "--as", "ann"]);
    assert!(done && said.contains("~ SKU-001  Sparkling water 0.5 l  1.99 USD → 2.99 USD"), "{said}");
    assert!(run(&["rules", "diff"]).1.contains("1 changed"));
    let (done, _, why) = run(&["rules", "publish", "--as", "ann"]);
    assert!(!done && why.contains("a second person must publish it"), "{why}");
    assert!(run(&["rules", "publish", "--as", "ben"]).0);
    let (done, said, _) = run(&["rules", "rollback", "--as", "ben"]);
    assert!(done && said.contains("with everything of 1.") && !said.contains("all the same"), "{said}");
    assert!(run(&["import", "catalog", exported, "--as", "ann"]).0);
    assert!(run(&["rules", "publish", "--as", "ben", "--from", "2035-12-01T06:00:00Z"]).0);
    let (done, said, _) = run(&["rules", "rollback", "--as", "ben", "--to", "1"]);
    let told = "was published for 2035-12-01T06:00:00Z and comes into force then all the same.";
    assert!(done && said.contains(told) && said.contains("roll back with --to 1 then"), "{said}");
    let listed = run(&["rules", "list"]).1;
    assert!(listed.contains("ben brought back 1") && listed.contains("drafted by ann, published by ben"), "{listed}");

    let cart = programs.folder.join("cart.json");
    let line = r#"{"id":"SKU-206","type":"SKU","quantity":{"value":"2","unit":"unit"}}"#;
    std::fs::write(&cart, format!(r#"{{"cartItems":[{line}]}}"#)).unwrap();
    let (done, said, why) = run(&["price", "--explain", cart.to_str().unwrap()]);
    assert!(done && said.contains("Cookies: buy one, get one free") && said.contains("total 2.45 USD"), "{said}{why}");
    let (done, said, _) = run(&["verify", "prices"]);
    assert!(done && said.contains("0 purchases priced again, 0 differ."), "{said}");
    assert!(run(&["bad-cart", "list"]).1.contains("No bad carts."));
    assert!(run(&["staff", "add", "dan"]).0 && !run(&["staff", "add", "dan"]).0);
}
