//! Carts with lines that nobody could price: what people find out about them, in time and too late.

use std::collections::BTreeMap;

use domain::id::TripId;
use domain::identification::Identification;
use domain::money::{Currency, Money};
use server::flow::review_cart::{
    ReviewCartError, Reviewed, check_review, list_bad_carts, price_bad_cart, release_bad_cart,
};
use server::flow::staff::Person;
use server::flow::verify_prices::verify_prices;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::CartLine;
use uuid::Uuid;

use crate::programs::Programs;
use crate::shop::Shop;

type Found = BTreeMap<u32, Identification>;

fn said(sku: Option<&str>, quantity: Option<&str>, unit: Option<&str>) -> Identification {
    let quantity = quantity.map(|it| it.parse().unwrap());
    Identification::new(sku.map(|it| it.parse().unwrap()), quantity, unit.map(str::to_owned)).unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn charged(minor: i64) -> Reviewed {
    Reviewed::Charged(usd(minor))
}

async fn total(shop: &Shop, trip: Uuid) -> i64 {
    shop.number("SELECT total_minor FROM purchase WHERE trip_id = $1", trip).await
}

/// A store that holds bad carts, and one such cart: two cookies and something unknown.
async fn held_cart(shop: &Shop) -> (Uuid, TripId) {
    sqlx::query("UPDATE store SET bad_cart = 'hold_for_review'").execute(&shop.database).await.unwrap();
    let lines = [CartLine::units("SKU-206", "2"), CartLine::units("nobody-knows", "1")];
    let trip = shop.twin.walk("visa", &lines).await.unwrap().trip;
    assert_eq!(shop.state(trip).await, "in_review");
    shop.settle().await;
    assert_eq!(shop.twin.charges(trip), 0);
    (trip, trip.to_string().parse().unwrap())
}

const ANN: Person<'static> = Person { by: "ann", reason: "seen on the video" };

#[sqlx::test(migrations = "../migrations")]
async fn a_bad_cart_is_priced_by_a_person_and_charged_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let (trip, id) = held_cart(&shop).await;
    let now = shop.worker.clock.now();
    let found = |line_no: u32, sku: &str| BTreeMap::from([(line_no, said(Some(sku), None, None))]);
    let price = async |found: &Found| price_bad_cart(&shop.database, &id, found, ANN, now).await;
    assert!(matches!(price(&found(1, "SKU-001")).await, Err(ReviewCartError::NoSuchLine(1))));
    let unknown = price(&found(2, "SKU-9999")).await.unwrap_err().to_string();
    assert!(
        unknown.contains("line 2 still cannot be priced: no article of the visit's rules is SKU-9999"),
        "{unknown}"
    );
    let stranger = Person { by: "nobody", ..ANN };
    let refused = price_bad_cart(&shop.database, &id, &found(2, "SKU-001"), stranger, now).await;
    assert!(matches!(refused, Err(ReviewCartError::UnknownStaff(_))));
    assert_eq!(list_bad_carts(&shop.database).await.unwrap().len(), 1, "nothing has changed so far");

    // The third cookie: with it, one of two is still free.
    assert_eq!(price(&found(2, "SKU-001")).await.unwrap(), charged(245 + 217));
    assert!(matches!(price(&found(2, "SKU-001")).await, Err(ReviewCartError::NoSuchLine(2))), "it is charged by now");
    assert!(matches!(price(&BTreeMap::new()).await, Err(ReviewCartError::TooLate("adjusting"))));
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "captured");
    assert_eq!(shop.twin.charges(trip), 1);
    assert!(list_bad_carts(&shop.database).await.unwrap().is_empty());
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences), (1, vec![]), "what a person found is part of the replay");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_bad_cart_is_let_go_or_charged_as_recognised_at_its_limit_and_never_after_its_deadline(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let (released, id) = held_cart(&shop).await;
    release_bad_cart(&shop.database, &id, ANN, shop.worker.clock.now()).await.unwrap();
    shop.settle().await;
    assert_eq!((shop.state(released).await.as_str(), shop.twin.charges(released)), ("cancelled", 0));
    assert_eq!(shop.alerts("revenue_lost", released).await, 1);

    let (limited, id) = held_cart(&shop).await;
    check_review(&shop.database, &id, shop.worker.clock.now()).await.unwrap();
    check_review(&shop.database, &id, shop.worker.clock.now()).await.unwrap();
    shop.settle().await;
    assert_eq!((shop.state(limited).await.as_str(), total(&shop, limited).await), ("captured", 245));

    let (late, id) = held_cart(&shop).await;
    let after = shop.worker.clock.now() + time::Duration::hours(47);
    let refused = price_bad_cart(&shop.database, &id, &BTreeMap::new(), ANN, after).await;
    assert!(matches!(refused, Err(ReviewCartError::DeadlinePassed)));
    assert_eq!(shop.state(late).await, "in_review");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_corrects_quantity_and_unit_and_a_bad_correction_changes_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    sqlx::query("UPDATE store SET bad_cart = 'hold_for_review'").execute(&shop.database).await.unwrap();
    let line = |sku: &str, value: &str, unit: &str| CartLine { unit: unit.to_owned(), ..CartLine::units(sku, value) };
    // Ham in a unit that nobody knows, water of which there is none, and two cookies.
    let lines = [line("SKU-166", "0.5", "slab"), line("SKU-001", "0.0", "unit"), line("SKU-206", "2", "unit")];
    let trip = shop.twin.walk("visa", &lines).await.unwrap().trip;
    shop.settle().await;
    let (id, now): (TripId, _) = (trip.to_string().parse().unwrap(), shop.worker.clock.now());
    let price = async |found: &[(u32, Identification)]| {
        price_bad_cart(&shop.database, &id, &found.iter().cloned().collect(), ANN, now).await
    };
    for (line_no, found, told) in [
        (
            1,
            said(None, None, Some("unit")),
            "line 1 still cannot be priced: SKU-166 is not sold by \"unit\": say --unit",
        ),
        (1, said(None, Some("2"), None), "SKU-166 is not sold by \"slab\": say --unit"),
        (2, said(None, None, Some("unit")), "line 2 still cannot be priced: its quantity is zero: say how much"),
        (2, said(None, Some("1.5"), None), "SKU-001 is sold by the piece, and 1.5 is no whole number"),
        (2, said(Some("SKU-9999"), Some("1"), None), "no article of the visit's rules is SKU-9999"),
        (3, said(None, Some("9"), None), "the cart has no line 3 that could not be priced"),
    ] {
        let refused = price(&[(line_no, found)]).await.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    let stored = "SELECT (SELECT count(*) FROM line_identification) + (SELECT count(*) FROM bad_line) FROM trip WHERE trip_id = $1";
    assert_eq!((shop.number(stored, trip).await, shop.state(trip).await.as_str()), (2, "in_review"));

    // 1.5 lb at 11.99 is 17.99, less 0.50 a pound; two waters at 1.99 and 8.875 %.
    let corrected = [(1, said(None, Some("1.5"), Some("LB"))), (2, said(None, Some("2"), None))];
    assert_eq!(price(&corrected).await.unwrap(), charged(245 + 1724 + 433));
    shop.settle().await;
    assert_eq!((shop.state(trip).await.as_str(), shop.twin.charges(trip)), ("captured", 1));
    let sent = "SELECT items #>> '{items,0,quantity,unit}' FROM cart WHERE trip_id = $1";
    assert_eq!(shop.text(sent, trip).await.as_deref(), Some("slab"), "the cart stays as it was sent");
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences), (1, vec![]), "the correction is part of the replay");
    shop.close().await;
}

/// `account amount`, for every account of a visit's postings of this kind that has moved, in the order of their names.
async fn lost(shop: &Shop, trip: Uuid) -> String {
    let accounts = "SELECT string_agg(account || ' ' || amount, ', ' ORDER BY account) FROM (
        SELECT account, sum(amount_minor) AS amount FROM ledger_entry JOIN ledger_transaction posting USING (ledger_transaction_id)
        WHERE posting.trip_id = $1 AND kind = 'bad_cart_lost' GROUP BY 1 HAVING sum(amount_minor) <> 0) balance";
    shop.text(accounts, trip).await.unwrap_or_default()
}

#[sqlx::test(migrations = "../migrations")]
async fn if_016_a_line_identified_after_the_capture_is_the_stores_loss_and_never_charged(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    // The demo charges what it recognises at once: two cookies, of which one is free.
    let lines =
        [CartLine::units("SKU-206", "2"), CartLine::units("nobody-knows", "1"), CartLine::units("nor-this", "2")];
    let trip = shop.twin.walk("visa", &lines).await.unwrap().trip;
    shop.settle().await;
    assert_eq!((shop.state(trip).await.as_str(), total(&shop, trip).await), ("captured", 245));
    let (id, now): (TripId, _) = (trip.to_string().parse().unwrap(), shop.worker.clock.now());
    let price = async |found: &[(u32, Identification)]| {
        price_bad_cart(&shop.database, &id, &found.iter().cloned().collect(), ANN, now).await
    };
    let is = |sku: &str| said(Some(sku), None, None);
    assert!(matches!(price(&[]).await, Err(ReviewCartError::TooLate("captured"))));
    assert!(matches!(price(&[(1, is("SKU-001"))]).await, Err(ReviewCartError::NoSuchLine(1))));
    assert!(matches!(price(&[(2, is("SKU-9999"))]).await, Err(ReviewCartError::StillBad(_))));
    assert_eq!(lost(&shop, trip).await, "", "nothing has changed so far");

    // One water, 1.99 and 0.18 tax.
    let water = Reviewed::Lost { booked: usd(217), lost: usd(217) };
    assert_eq!(price(&[(2, is("SKU-001"))]).await.unwrap(), water);
    assert_eq!(lost(&shop, trip).await, "bad_cart_loss 217, sales -199, tax_payable -18");
    let listed = list_bad_carts(&shop.database).await.unwrap();
    assert_eq!(listed[0].bad_lines.iter().map(|it| it.line_no).collect::<Vec<_>>(), [3]);
    // Said twice, it is booked once, and told once.
    assert_eq!(price(&[(2, is("SKU-001"))]).await.unwrap(), Reviewed::Lost { booked: usd(0), lost: usd(217) });
    // Two cans at 1.49 with 0.05 deposit each; then it turns out that the second line was a can as well.
    let cans = Reviewed::Lost { booked: usd(334), lost: usd(551) };
    assert_eq!(price(&[(3, is("SKU-236"))]).await.unwrap(), cans);
    let three = price(&[(2, is("SKU-236"))]).await.unwrap();
    // Three for 4.00 instead of a water and two cans: 4.00, 0.36 tax, 0.15 deposits.
    assert_eq!(three, Reviewed::Lost { booked: usd(451 - 551), lost: usd(451) });
    assert_eq!(lost(&shop, trip).await, "bad_cart_loss 451, deposits_payable -15, sales -400, tax_payable -36");

    assert!(list_bad_carts(&shop.database).await.unwrap().is_empty());
    shop.settle().await;
    assert_eq!((shop.twin.charges(trip), total(&shop, trip).await), (1, 245), "the shopper pays what was charged");
    assert_eq!(shop.number("SELECT count(*) FROM debt WHERE trip_id = $1", trip).await, 0);
    let audited = "SELECT count(*) FROM audit_entry WHERE subject = $1 AND action = 'bad_cart_lost' AND actor = 'ann'";
    assert_eq!(shop.number(audited, trip).await, 3);
    assert_eq!(
        shop.number("SELECT count(*) FROM alert WHERE subject = $1 AND kind = 'bad_cart' AND closed_at IS NULL", trip)
            .await,
        0
    );
    let verified = verify_prices(&shop.database, || ()).await.unwrap();
    assert_eq!((verified.checked, verified.differences), (1, vec![]), "the purchase stays what was charged");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_can_no_longer_be_charged_is_lost_whatever_became_of_the_visit(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let lines = [CartLine::units("SKU-206", "2"), CartLine::units("nobody-knows", "1")];
    let found: Found = [(2, said(Some("SKU-001"), None, None))].into();
    let lose = async |trip: Uuid| {
        let id = trip.to_string().parse().unwrap();
        price_bad_cart(&shop.database, &id, &found, ANN, shop.worker.clock.now()).await.unwrap()
    };
    // A debt stays what it is: the shopper does not owe for what nobody saw.
    let owed = shop.twin.walk("insufficient", &lines).await.unwrap().trip;
    shop.settle().await;
    assert_eq!(lose(owed).await, Reviewed::Lost { booked: usd(217), lost: usd(217) });
    assert_eq!(shop.number("SELECT outstanding_minor FROM debt WHERE trip_id = $1", owed).await, 245);
    // Let go by a person: nothing was charged, so that all of it is lost once it is known.
    let (released, id) = held_cart(&shop).await;
    release_bad_cart(&shop.database, &id, ANN, shop.worker.clock.now()).await.unwrap();
    shop.settle().await;
    assert_eq!(lost(&shop, released).await, "");
    assert_eq!(lose(released).await, Reviewed::Lost { booked: usd(462), lost: usd(462) });
    // Nobody looked in time: what was recognised is lost at the deadline, the rest when it is known.
    let (late, id) = held_cart(&shop).await;
    shop.jump(time::Duration::hours(47));
    let now = shop.worker.clock.now();
    assert_eq!(server::flow::check_deadline::check_deadline(&shop.database, &id, now).await.unwrap(), None);
    assert_eq!(lost(&shop, late).await, "bad_cart_loss 245, sales -225, tax_payable -20");
    assert_eq!(lose(late).await, Reviewed::Lost { booked: usd(217), lost: usd(462) });
    shop.settle().await;
    assert_eq!((shop.twin.charges(released), shop.twin.charges(late)), (0, 0));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_command_says_what_came_of_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::with_nothing_running(connect.clone()).await;
    let shop = Shop::open(connect).await;
    let (_, held) = held_cart(&shop).await;
    let run = |arguments: &str| {
        let held = held.as_str();
        let words: Vec<&str> =
            arguments.split_whitespace().map(|word| if word == "TRIP" { held } else { word }).collect();
        let reason = ["--as", "ann", "--reason", "seen on the video"];
        let output = programs.command_piped(&[&["bad-cart", "price"], &words[..], &reason].concat()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let (done, said) = run("TRIP --line 2 --sku SKU-166 --quantity 2");
    assert!(
        !done && said.contains("line 2 still cannot be priced: SKU-166 is not sold by \"unit\": say --unit"),
        "{said}"
    );
    let (done, said) = run("TRIP --line 2 --sku SKU-166 --unit bushel");
    assert!(!done && said.contains("line 2: \"bushel\" is no unit: write unit for pieces"), "{said}");
    let (done, said) = run("TRIP --line 2 --sku SKU-166 --quantity 1.5 --unit lb");
    assert!(done && said.contains("19.69 USD is being charged."), "{said}");
    shop.settle().await;
    sqlx::query("UPDATE store SET bad_cart = 'charge_recognised'").execute(&shop.database).await.unwrap();
    shop.close().await;
}
