//! The real programs: what they log, what they count, and what they say when they cannot start.

use std::process::Output;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Api, Fault, demo_items};

use crate::canary::has_digits;
use crate::programs::Programs;

#[sqlx::test(migrations = "../migrations")]
async fn si_005_sec_002_no_log_has_an_address_or_a_card(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::prepare(connect).await;
    // Errors are where things slip out: each API that knows a person fails once.
    programs.twin.fault(Api::ShopperIdentity, Fault::ServiceException, 1);
    programs.twin.fault(Api::TransactionalData, Fault::ServiceException, 1);
    let paid = programs.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    programs.until_ended(paid, "captured").await;
    let owed = programs.twin.walk("insufficient", &demo_items(1)).await.unwrap().trip;
    programs.until_ended(owed, "uncollected").await;
    let form = [("email", "visa.shopper@example.com")];
    let asked =
        reqwest::Client::new().post(format!("http://{}/api/request_code", programs.addr)).form(&form).send().await;
    assert!(asked.unwrap().status().is_success());

    let log = programs.log_text();
    assert!(log.contains(&paid.to_string()) && log.contains("call failed"), "the log has what happened");
    for personal in ["@example.com", "visa.shopper"] {
        assert!(!log.contains(personal), "{personal} is in the log");
    }
    for digits in ["4242", "9995", "2030"] {
        assert!(!has_digits(&log, digits), "{digits} is in the log");
    }
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "one JSON object a line: {line}");
    }
    let attempts: Vec<String> = sqlx::query_scalar("SELECT request::text || coalesce(problem, '') FROM attempt")
        .fetch_all(&programs.database)
        .await
        .unwrap();
    assert!(attempts.iter().all(|it| !it.contains("@example.com") && !has_digits(it, "4242")), "{attempts:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn mon_002_rate_errors_and_latency_are_counted_per_api_in_and_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::prepare(connect).await;
    programs.twin.fault(Api::Adjust, Fault::ServiceException, 1);
    let trip = programs.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    programs.until_ended(trip, "captured").await;
    let unsigned = reqwest::Client::new().post(format!("http://{}/v1/order/purchases", programs.addr)).send().await;
    assert_eq!(unsigned.unwrap().status(), 401);

    let read = async |addr: &str| reqwest::get(format!("http://{addr}/metrics")).await.unwrap().text().await.unwrap();
    let (inside, outside) = (read(&programs.addr).await, read(&programs.metrics_addr).await);
    for line in [
        "storeside_connector_requests_total{connector=\"shopper_authorization\",status=\"200\"} 1",
        "storeside_connector_requests_total{connector=\"create_purchases\",status=\"201\"} 1",
        "storeside_connector_requests_total{connector=\"create_purchases\",status=\"401\"} 1",
        "storeside_connector_seconds_count{connector=\"create_purchases\"} 2",
    ] {
        assert!(inside.contains(line), "{line} is not in\n{inside}");
    }
    for api in ["capture_charge", "get_transactional_data", "get_shopper_identity", "report_payment_status"] {
        let line = format!("storeside_amazon_calls_total{{api=\"{api}\",outcome=\"ok\"}} 1");
        assert!(outside.contains(&line), "{line} is not in\n{outside}");
    }
    for line in [
        "storeside_amazon_calls_total{api=\"adjust_charge\",outcome=\"busy\"} 1",
        "storeside_amazon_calls_total{api=\"adjust_charge\",outcome=\"ok\"} 1",
        "storeside_amazon_call_seconds_count{api=\"adjust_charge\"} 2",
        "storeside_api_paused{api=\"adjust_charge\"} 0",
        "storeside_outbox_due{lane=\"own\"} 0",
        "storeside_alerts_open{kind=\"bad_debt\"} 0",
        "storeside_money_at_risk_minor{currency=\"USD\",within_hours=\"24\"} 0",
        "storeside_pickup_seconds_count ",
    ] {
        assert!(outside.contains(line), "{line} is not in\n{outside}");
    }
    let proxied =
        reqwest::Client::new().get(format!("http://{}/metrics", programs.addr)).header("x-forwarded-for", "192.0.2.1");
    assert_eq!(proxied.send().await.unwrap().status(), 404, "not for the public");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_wrong_setting_stops_the_start_with_its_name(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::with_nothing_running(connect).await;
    let fails = |command: &str, variable: &str, value: &str| {
        let Output { status, stderr, .. } = programs.command_piped(&[command]).env(variable, value).output().unwrap();
        assert!(!status.success(), "{variable}={value}");
        String::from_utf8(stderr).unwrap()
    };
    for (command, variable, value, said) in [
        ("serve", "STORESIDE_ADDR", "3000", "STORESIDE_ADDR must be an address and a port"),
        ("serve", "STORESIDE_SECRET_KEY", "", "STORESIDE_SECRET_KEY is not set"),
        ("serve", "STORESIDE_CLOCK", "soon", "STORESIDE_CLOCK must be an offset"),
        ("serve", "STORESIDE_GATE_BUDGET_MS", "soon", "STORESIDE_GATE_BUDGET_MS must be a number of milliseconds"),
        ("serve", "STORESIDE_DATA_DIR", "/proc/no-such-place", "check STORESIDE_DATA_DIR"),
        ("serve", "CONNECTOR_PRINCIPALS", "/no/such/file", "CONNECTOR_PRINCIPALS"),
        ("serve", "DATABASE_URL", "mysql://somewhere", "DATABASE_URL"),
        ("work", "JWO_PAYMENT_URL", "http://payments.example.com", "JWO_PAYMENT_URL"),
        ("work", "MAIL_URL", "pigeon://loft", "MAIL_URL"),
        ("work", "AWS_ACCESS_KEY_ID", "", "AWS_ACCESS_KEY_ID is not set"),
    ] {
        let message = fails(command, variable, value);
        assert!(message.contains(said), "{variable}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
    let taken = std::net::TcpListener::bind(&programs.addr).unwrap();
    let message = String::from_utf8(programs.command_piped(&["serve"]).output().unwrap().stderr).unwrap();
    drop(taken);
    let port = programs.addr.rsplit(':').next().unwrap();
    assert!(message.contains(&format!("port {port}")) && message.contains("STORESIDE_ADDR"), "{message}");
}

#[sqlx::test]
async fn a_database_without_tables_is_named_and_migrating_it_twice_is_harmless(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let programs = Programs::with_nothing_running(connect).await;
    let run = |command: &str| programs.command_piped(&[command]).output().unwrap();
    let message = String::from_utf8(run("seed").stderr).unwrap();
    assert!(message.contains("storeside migrate"), "{message}");
    for command in ["migrate", "migrate", "seed", "seed"] {
        let done = run(command);
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
