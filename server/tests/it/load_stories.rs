//! Many at once, in a short form: what `make soak` does for a quarter of an hour, and how long each API takes. Nothing here is judged
//! by the clock, since other tests run beside it; `make bench` and `make soak` judge.

use std::sync::Arc;

use load::arrival::Spread;
use load::bench::soak::MIX;
use load::memory::Watch;
use load::operation::{Bought, Crowd, Operation};
use load::report::milliseconds;
use load::run::{Rates, Soak, burst, open_loop, soak};
use load::shopper::sign_in;
use load::target::{Gateway, Target};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::watch;
use uuid::Uuid;

use crate::programs::until;
use crate::shop::{GATEWAY_ROLE, GATEWAY_SECRET, Shop};

/// What a gate says that could not answer in time, by its contract: tests run many at once, and this is no measurement.
const TRY_AGAIN: u16 = 503;

/// Everything that trips set going, the looks in hours left out.
const UNDONE: &str = "SELECT count(*) FROM outbox
    WHERE state IN ('waiting', 'claimed') AND kind NOT IN ('check_entry', 'check_deadline') AND $1 = ''";

fn target(shop: &Shop) -> Target {
    let gateway = Gateway { secret: GATEWAY_SECRET.to_owned(), caller_arn: GATEWAY_ROLE.to_owned() };
    Target::new(std::slice::from_ref(&shop.url), "TEST_STORE_001", gateway).unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn pf_001_many_mixed_operations_at_once_fail_nowhere_and_every_cent_is_accounted_for(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let mut bought = vec![];
    for _ in 0..3 {
        let trip = shop.twin.walk("visa", &twin::demo_items(1)).await.unwrap().trip.to_string();
        bought.push(Bought { trip, refund: Uuid::new_v4(), minor: 217 });
    }
    shop.settle().await;
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(server::worker::run(shop.worker.clone(), stopped));
    let target = target(&shop);
    let cookie = sign_in(&target, "visa.shopper@example.com", shop.twin.mail_dir()).await.unwrap();
    let crowd =
        Crowd::new("crowd-", 20).walking(&target, &shop.twin.url()).await.unwrap().signed_in(cookie).returning(bought);
    let mut memory = Watch::of(&[std::process::id()]);
    let plan = Soak { mix: MIX.to_vec(), at_once: 10, seconds: 12, brake: Default::default() };
    let report = soak(&target, Arc::new(crowd), &plan, &mut memory).await.unwrap();
    println!("{report}\n{:?}", memory.judge(std::time::Duration::ZERO));
    assert_eq!(report.failures_but(TRY_AGAIN), 0, "{report}");
    assert!(report.count() > 20, "{report}");
    until("everything that the trips set going is done", async || shop.number(UNDONE, "").await == 0).await;
    stop.send_replace(true);
    working.await.unwrap();
    assert!(shop.number("SELECT count(*) FROM trip WHERE state = 'captured' AND $1 = ''", "").await > 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pf_002_how_long_each_api_takes_is_measured(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let target = target(&shop);
    let crowd = Arc::new(Crowd::new("card-", 50));
    let per_second = vec![(Operation::Tap, 8), (Operation::Cart, 5), (Operation::Page, 5)];
    let rates = Rates { per_second, seconds: 3, spread: Spread::Even, seed: 0 };
    let report = open_loop(&target, crowd, &rates).await.unwrap();
    assert_eq!(report.failures_but(TRY_AGAIN), 0, "{report}");
    assert_eq!(report.count(), 54);
    for operation in [Operation::Tap, Operation::Cart, Operation::Page] {
        println!("{}: p99 {}", operation.name(), milliseconds(report.latencies(operation).p99()));
    }
    // The carts above are of trips that Amazon knows nothing of; these are whole.
    sqlx::query("UPDATE outbox SET state = 'dropped', ended_at = created_at, due_at = NULL WHERE state = 'waiting'")
        .execute(&shop.database)
        .await
        .unwrap();
    for _ in 0..5 {
        shop.twin.walk("visa", &twin::demo_items(2)).await.unwrap();
        shop.twin.walk("insufficient", &twin::demo_items(2)).await.unwrap();
        shop.settle().await;
    }
    let slowest: Vec<(String, i32)> =
        sqlx::query_as("SELECT api, percentile_disc(0.99) WITHIN GROUP (ORDER BY duration_ms) FROM attempt GROUP BY 1")
            .fetch_all(&shop.database)
            .await
            .unwrap();
    for (api, p99_ms) in &slowest {
        println!("{api}: p99 {p99_ms} ms");
    }
    for api in
        ["adjust_charge", "capture_charge", "get_transactional_data", "get_shopper_identity", "report_payment_status"]
    {
        assert!(slowest.iter().any(|(it, _)| it == api), "{api} is not among {slowest:?}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pf_002_a_failure_under_load_is_counted_by_its_status(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let gateway = Gateway { secret: "another secret".to_owned(), caller_arn: GATEWAY_ROLE.to_owned() };
    let stranger = Target::new(std::slice::from_ref(&shop.url), "TEST_STORE_001", gateway).unwrap();
    let report = burst(&stranger, Arc::new(Crowd::new("card-", 1)), Operation::Tap, 20).await;
    assert_eq!((report.count(), report.failures()), (20, 20), "{report}");
    assert!(report.to_string().contains("401: 20"), "{report}");
    assert_eq!(shop.number("SELECT count(*) FROM gate_decision WHERE $1 = ''", "").await, 0);
    shop.close().await;
}
