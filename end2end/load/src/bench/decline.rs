//! From a decline to the closed gate, and from a payment to the open one, with several processes.

use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::Instant;

use super::rows;
use super::stage::{STORE, Stage};
use super::verdict::Verdict;
use crate::body::{self, Visit};
use crate::report::{Latencies, milliseconds};
use crate::shopper::walk_with;
use crate::target::Target;

/// Shoppers who are declined and pay, one after the other.
const SHOPPERS: u32 = 60;

/// How often the database is asked whether it is committed.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a person at the till is called.
const STAFF: &str = "bench";

/// Measures how soon the gate knows.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, twin: &str, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (target, database) = (stage.target()?, rows::connect(&stage.database_url).await?);
    stage.storeside(&["staff", "add", STAFF])?;
    let (mut denied, mut admitted) = (Latencies::new(), Latencies::new());
    for number in 0..SHOPPERS {
        let name = format!("declined-{number}");
        let trip = walk_with(&target, twin, &json!({ "name": name, "limit_minor": 300 }), 3).await?;
        let instrument = format!("shopper-{name}-0001");
        until_committed(&database, "SELECT count(*) FROM debt WHERE trip_id = $1 AND status = 'open'", &trip).await?;
        denied.record(until_answer(&target, &instrument, false).await?);
        let paying = pay(stage, &database, &trip).await?;
        until_committed(&database, "SELECT count(*) FROM debt WHERE trip_id = $1 AND status = 'settled'", &trip)
            .await?;
        admitted.record(until_answer(&target, &instrument, true).await?);
        paying.join().map_err(|_| anyhow::anyhow!("the payment was broken off"))??;
    }
    verdict
        .say(&format!("{SHOPPERS} shoppers who are declined and pay at the till, {} processes:", stage.pids().len()));
    let found = |what: &str, found: &Latencies, target: u64| {
        let (p99, max) = (milliseconds(found.p99()), milliseconds(found.max()));
        format!("{what}: p99 {p99}, slowest {max}, at most {target} ms")
    };
    let is_within = |found: &Latencies, target| found.p99() <= Duration::from_millis(target);
    verdict.judge(is_within(&denied, 100), &found("decline committed → next tap denied", &denied, 100));
    verdict.judge(is_within(&admitted, 250), &found("payment committed → next tap admitted", &admitted, 250));
    Ok(())
}

type Paying = std::thread::JoinHandle<anyhow::Result<()>>;

/// Pays the whole debt at the till, as staff do, beside what is measured.
async fn pay(stage: &Stage, database: &PgPool, trip: &str) -> anyhow::Result<Paying> {
    let owed = rows::number_of(database, "SELECT outstanding_minor FROM debt WHERE trip_id = $1", trip).await?;
    let mut command = stage.storeside_command("till")?;
    let amount = format!("{}.{:02}", owed / 100, owed % 100);
    command.args([
        "debt",
        "pay",
        trip,
        &amount,
        "--reference",
        trip,
        "--as",
        STAFF,
        "--reason",
        "paid in cash at the till",
    ]);
    Ok(std::thread::spawn(move || {
        let status = command.status()?;
        if status.success() { Ok(()) } else { bail!("the payment was refused: see till.log") }
    }))
}

/// Waits until others can see it.
async fn until_committed(database: &PgPool, sql: &'static str, trip: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    while rows::number_of(database, sql, trip).await? == 0 {
        if began.elapsed() > PATIENCE {
            bail!("trip {trip}: waited in vain for {sql}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Taps until the gate answers so. How long that took.
async fn until_answer(target: &Target, instrument: &str, admitted: bool) -> anyhow::Result<Duration> {
    let began = Instant::now();
    loop {
        let visit = Visit::of(instrument);
        let response = target.connector(body::GATE, body::tap(STORE, &visit)).send().await?;
        let answer: Value = response.error_for_status()?.json().await?;
        if answer["shopperAuthorized"] == Value::Bool(admitted) {
            return Ok(began.elapsed());
        }
        if began.elapsed() > PATIENCE {
            bail!("the gate never answered {admitted} for {instrument}");
        }
    }
}
