//! What the business reads: numbers of `/metrics` that come from the rows, against what really happened.

use domain::debt::PaymentMeans;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use server::flow::settle_debt::{DebtChange, Decider, settle_debt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Card, CartLine, Fault, Times, Visit, demo_items};
use uuid::Uuid;

use crate::refunds::{ask, decide, lines, trip_id};
use crate::shop::Shop;

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

const ANN: Decider<'static> = Decider { by: "ann", second: None, reason: "the shopper came to the desk" };

/// The page's lines. A story and its shop share one thread, so that no other story's numbers are on its page.
async fn page(shop: &Shop, recorder: &PrometheusRecorder) -> Vec<String> {
    let guard = metrics::set_default_local_recorder(recorder);
    let page = shop.http.get(format!("{}/metrics", shop.url)).send().await.unwrap();
    drop(guard);
    assert_eq!(page.status(), 200);
    recorder.handle().render().lines().map(str::to_owned).collect()
}

fn assert_has(page: &[String], wanted: &[String]) {
    for line in wanted {
        assert!(page.contains(line), "{line} is not in\n{}", page.join("\n"));
    }
}

/// The sum of the numbers of one metric whose labels have all of these.
fn sum(page: &[String], metric: &str, labels: &[&str]) -> i64 {
    let of_metric = page.iter().filter(|line| line.starts_with(&format!("{metric}{{")));
    let chosen = of_metric.filter(|line| labels.iter().all(|label| line.contains(label)));
    chosen.map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()).sum()
}

fn debts(cause: &str, status: &str, count: u32) -> String {
    format!("storeside_debts{{currency=\"USD\",cause=\"{cause}\",status=\"{status}\"}} {count}")
}

fn debt_minor(cause: &str, status: &str, part: &str, minor: i64) -> String {
    format!("storeside_debt_minor{{currency=\"USD\",cause=\"{cause}\",status=\"{status}\",part=\"{part}\"}} {minor}")
}

async fn change(shop: &Shop, trip: Uuid, change: DebtChange<'_>) {
    settle_debt(&shop.database, &trip_id(trip), change, ANN, shop.worker.clock.now()).await.unwrap();
}

fn paid(minor: i64, reference: &str) -> DebtChange<'_> {
    let amount = domain::money::Money::new(minor, domain::money::Currency::USD);
    DebtChange::Pay { amount, means: PaymentMeans::InStore, reference }
}

/// One debt of each of four causes.
async fn debtors(shop: &Shop) -> [Uuid; 4] {
    let declined = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    sqlx::query("UPDATE store SET decline = 'capture_authorized'").execute(&shop.database).await.unwrap();
    shop.twin.put_card(Card { limit_minor: 300, ..Card::visa_named("little") });
    let partial = shop.twin.walk(Visit::of("little").holding_minor(300), &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    shop.twin.fault(Api::Capture, Fault::ServiceException, Times::Always);
    let failed = shop.twin.walk("mastercard", &demo_items(1)).await.unwrap().trip;
    shop.pass(Duration::hours(3)).await;
    shop.twin.clear_faults(Api::Capture);
    let tap = shop.twin.tap("amex").await.unwrap();
    shop.jump(Duration::hours(47));
    shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    shop.settle().await;
    [declined, partial, failed, tap.trip]
}

#[sqlx::test(migrations = "../migrations")]
async fn pp_011_bad_debt_is_counted_by_its_cause_and_by_how_it_stands(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, recorder) = (Shop::open(connect).await, PrometheusBuilder::new().build_recorder());
    let [declined, partial, failed, expired] = debtors(&shop).await;
    let before = page(&shop, &recorder).await;
    assert_has(
        &before,
        &[
            debts("payment_declined", "open", 1),
            debts("partial_capture", "open", 1),
            debts("capture_failed", "open", 1),
            debts("preauth_expired", "open", 1),
            debts("capture_declined", "open", 0),
        ],
    );
    let owed = TOTAL + (TOTAL - 300) + 217 + 217;
    assert_eq!(sum(&before, "storeside_debt_minor", &["part=\"outstanding\""]), owed);
    assert_eq!(sum(&before, "storeside_debt_minor", &["part=\"settled\""]), 0);

    change(&shop, declined, paid(500, "till-1")).await;
    change(&shop, partial, paid(TOTAL - 300, "till-2")).await;
    change(&shop, expired, DebtChange::WriteOff).await;
    shop.settle().await;
    let after = page(&shop, &recorder).await;
    assert_has(
        &after,
        &[
            debts("payment_declined", "open", 1),
            debt_minor("payment_declined", "open", "settled", 500),
            debt_minor("payment_declined", "open", "outstanding", TOTAL - 500),
            debts("partial_capture", "open", 0),
            debts("partial_capture", "settled", 1),
            debt_minor("partial_capture", "settled", "outstanding", 0),
            debts("preauth_expired", "written_off", 1),
            debt_minor("preauth_expired", "written_off", "written_off", 217),
            debt_minor("preauth_expired", "open", "incurred", 0),
            debts("capture_failed", "open", 1),
        ],
    );
    let parts = ["incurred", "settled", "credited", "written_off", "outstanding"];
    let sums = parts.map(|part| sum(&after, "storeside_debt_minor", &[&format!("part=\"{part}\"")]));
    // The recovery rate is settled of incurred.
    assert_eq!(sums, [owed, 500 + TOTAL - 300, 0, 217, TOTAL - 500 + 217]);
    let receivable =
        "SELECT sum(amount_minor)::bigint FROM ledger_entry WHERE account = 'shopper_receivable' AND $1 = ''";
    assert_eq!(shop.number(receivable, "").await, sums[4], "and that is what the books say");
    let truth = shop.twin.truth();
    for (trip, settled) in [(declined, 500), (partial, TOTAL), (failed, 0)] {
        assert_eq!(truth.trip(trip).feedback.last().map(|it| it.settled_minor), Some(settled), "Amazon was told");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn mon_001_how_many_carts_could_be_priced_and_how_many_lines_could_not_is_counted(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, recorder) = (Shop::open(connect).await, PrometheusBuilder::new().build_recorder());
    shop.twin.walk("visa", &demo_items(3)).await.unwrap();
    shop.twin.walk("amex", &[]).await.unwrap();
    let odd =
        [demo_items(2), vec![CartLine::units("SKU-OF-NOBODY", "1"), CartLine::units("AND-ANOTHER", "2")]].concat();
    shop.twin.walk("mastercard", &odd).await.unwrap();
    shop.settle().await;
    let count = |metric: &str, priced: &str, count: i64| {
        format!("{metric}{{currency=\"USD\",priced=\"{priced}\",last_hours=\"24\"}} {count}")
    };
    let now = page(&shop, &recorder).await;
    assert_has(
        &now,
        &[
            count("storeside_purchases", "whole", 1),
            count("storeside_purchases", "incomplete", 1),
            count("storeside_cart_lines", "yes", 5),
            count("storeside_cart_lines", "no", 2),
        ],
    );
    // Every price that was charged is the one that the rules give today, too: the discrepancies of `storeside verify prices`.
    let verified = server::flow::verify_prices::verify_prices(&shop.database, || {}).await.unwrap();
    assert_eq!((verified.checked, verified.differences), (2, vec![]));
    shop.pass(Duration::hours(25)).await;
    let later = page(&shop, &recorder).await;
    assert_has(&later, &[count("storeside_cart_lines", "no", 0), count("storeside_purchases", "whole", 0)]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn mon_003_revenue_discounts_refunds_and_bad_debt_are_counted_to_the_cent(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, recorder) = (Shop::open(connect).await, PrometheusBuilder::new().build_recorder());
    // Cookies, buy one and get one free: 4.50 less 2.25, and 0.20 tax.
    let cookies = shop.twin.walk("visa", &[CartLine::units("SKU-206", "2")]).await.unwrap().trip;
    let lunch = shop.twin.walk("mastercard", &demo_items(2)).await.unwrap().trip;
    let owed = shop.twin.walk("insufficient", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    assert_eq!(shop.twin.truth().trip(cookies).captures_minor, [245]);
    ask(&shop, lunch, lines(&[(1, 1)])).await.unwrap();
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 0").execute(&shop.database).await.unwrap();
    let refund = ask(&shop, cookies, crate::refunds::everything()).await.unwrap();
    decide(&shop, refund.id, server::flow::decide_refund::Decision::Decline, "ben").await.unwrap();
    shop.settle().await;
    let now = page(&shop, &recorder).await;
    let part = |part: &str, minor: i64| {
        format!("storeside_sales_minor{{currency=\"USD\",part=\"{part}\",last_hours=\"24\"}} {minor}")
    };
    let refunds = |metric: &str, state: &str, number: i64| {
        format!("{metric}{{currency=\"USD\",state=\"{state}\",last_hours=\"24\"}} {number}")
    };
    assert_has(
        &now,
        &[
            part("price", 450 + 948 + 199),
            part("promotions", 225),
            part("tax", 20 + 84 + 18),
            part("total", 245 + TOTAL + 217),
            refunds("storeside_refunds", "refunded", 1),
            refunds("storeside_refunds_minor", "refunded", 217),
            refunds("storeside_refunds", "declined", 1),
            refunds("storeside_refunds_minor", "declined", 245),
            refunds("storeside_refunds", "in_review", 0),
            debt_minor("payment_declined", "open", "outstanding", 217),
        ],
    );
    let sold = "SELECT -sum(amount_minor)::bigint FROM ledger_entry
        WHERE account IN ('sales', 'tax_payable', 'deposits_payable') AND amount_minor < 0 AND $1 = ''";
    assert_eq!(shop.number(sold, "").await, 245 + TOTAL + 217, "as the books say");
    assert_eq!(shop.state(owed).await, "uncollected");
    shop.pass(Duration::hours(25)).await;
    assert_has(&page(&shop, &recorder).await, &[part("total", 0), refunds("storeside_refunds", "refunded", 0)]);
    shop.close().await;
}
