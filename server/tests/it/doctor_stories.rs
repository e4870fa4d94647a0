//! `storeside doctor`, with everything right and with each thing wrong.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::programs::Programs;

/// What the store must have before it can operate (seed "Required Configurations"), as the doctor calls it.
const REQUIRED: [&str; 15] = [
    "AWS Account Allowlisting (Catalog API)",
    "Merchant Portal, Catalog API",
    "SNS Subscription (Catalog Notifications)",
    "Shopper Authorization Connector, ARN Allowlisting",
    "Merchant Portal, Shopper Authorization Connector",
    "Shopper Authorization Connector, Connectivity Test",
    "Ordering Connector, ARN Allowlisting",
    "Merchant Portal, Ordering Connector",
    "Ordering Connector, Connectivity Test",
    "Payment Service, Adjust Charge",
    "Refund API",
    "Report Payment Status",
    "Get Transactional Data",
    "Get Shopper Identity",
    "Payment Processor",
];

/// A deployment in which everything is right.
async fn prepare(connect: PgConnectOptions) -> Programs {
    let mut programs = Programs::with_nothing_running(connect).await;
    programs.set("EVENT_FEED_API_KEY", "demo-event-feed-key");
    assert!(programs.command(&["seed"]).status().unwrap().success());
    programs.start().await;
    programs
}

/// What the doctor says with other settings than those that run, and whether it is content.
async fn ask(programs: &Programs, other: &[(&str, &str)]) -> (bool, String) {
    let mut doctor = programs.command_piped(&["doctor"]);
    doctor.envs(other.iter().copied());
    // The twin, which it asks, is in this program.
    let output = tokio::task::spawn_blocking(move || doctor.output()).await.unwrap().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_deployment_that_is_set_up_passes_with_a_line_for_each_required_configuration(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let programs = prepare(connect).await;
    let (is_content, said) = ask(&programs, &[]).await;
    assert!(is_content && !said.contains("WRONG"), "{said}");
    for name in REQUIRED.into_iter().chain(["Database", "Clock", "Mail", "Event feed"]) {
        assert!(said.lines().any(|line| line[7..].starts_with(name)), "{name} is not in\n{said}");
    }
    for checked in
        ["by the gateway: is let in", "signed: is let in", "a stranger: is turned away", "told UnknownShoppingTrip"]
    {
        assert!(said.contains(checked), "{checked} is not in\n{said}");
    }
    assert!(said.contains("-      Payment Processor: "), "what is not there is said plainly\n{said}");
    let truth = programs.twin.truth();
    assert!(truth.trips.is_empty(), "no call did anything");
}

#[sqlx::test(migrations = "../migrations")]
async fn whatever_is_wrong_is_named_with_what_to_do_and_fails_the_command(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = prepare(connect).await;
    for (variable, value, found) in [
        (
            "CONNECTOR_GATEWAY_SECRET",
            "not-the-secret-of-the-gateway",
            "Connectivity Test, by the gateway: is turned away",
        ),
        ("CONNECTOR_SIGV4_REGION", "eu-west-1", "Connectivity Test, signed: is turned away"),
        (
            "CONNECTOR_PRINCIPALS",
            "/no/such/file",
            "ARN Allowlisting: CONNECTOR_PRINCIPALS: /no/such/file cannot be read",
        ),
        ("CONNECTOR_PRINCIPALS", "", "ARN Allowlisting: CONNECTOR_PRINCIPALS is not set"),
        ("STORESIDE_PUBLIC_URL", "http://127.0.0.1:1", "Connectivity Test, a stranger: our address does not answer"),
        ("EVENT_FEED_API_KEY", "not-the-key-of-the-feed", "Event feed: is turned away"),
        ("AWS_SECRET_ACCESS_KEY", "not-the-key", "Payment Service, Capture Charge: we are not let in"),
        ("JWO_PAYMENT_URL", "http://127.0.0.1:1", "Refund API: Amazon could not be reached"),
        ("JWO_FEEDBACK_URL", "http://127.0.0.1:1", "Report Payment Status: Amazon could not be reached"),
        ("JWO_IDENTITY_URL", "http://payments.example.com", "JWO_IDENTITY_URL must begin with https://"),
        ("STORESIDE_CLOCK", "7200", "Clock: it differs from Amazon's by 7"),
        ("MAIL_URL", "file:/proc/no-such-place", "Mail: the mail could not be sent"),
        ("MAIL_URL", "smtp://127.0.0.1:1", "Mail: the mail could not be sent"),
        ("MAIL_URL", "pigeon://loft", "Mail: MAIL_URL must be"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none", "Database: the database cannot be reached"),
        ("STORESIDE_SECRET_KEY", "short", "STORESIDE_SECRET_KEY: is too short"),
    ] {
        let (is_content, said) = ask(&programs, &[(variable, value)]).await;
        let line = said.lines().find(|line| line.contains(found));
        assert!(
            line.is_some_and(|line| line.starts_with("WRONG") && line.contains(". Do: ")),
            "{variable}={value}:\n{said}"
        );
        assert!(!is_content && !said.contains("panicked"), "{variable}={value}:\n{said}");
        for secret in ["amazon-demo-secret", "a-secret-of-the-gateway", "not-the-", "storeside-demo-secret"] {
            assert!(!said.contains(secret), "{variable}={value} shows {secret}:\n{said}");
        }
    }
}

#[sqlx::test]
async fn a_database_without_tables_or_without_a_store_is_told(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::with_nothing_running(connect).await;
    let (is_content, said) = ask(&programs, &[]).await;
    assert!(!is_content && said.contains("is not migrated") && said.contains("Do: `storeside migrate`"), "{said}");
    assert!(programs.command(&["migrate"]).status().unwrap().success());
    let (is_content, said) = ask(&programs, &[]).await;
    assert!(!is_content && said.contains("it is migrated, and has no store"), "{said}");
}
