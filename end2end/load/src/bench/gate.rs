//! The gate and the carts, beside pgbench.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use sqlx::PgPool;

use super::baseline::{self, Plan};
use super::recording::{Recorder, Script};
use super::rows;
use super::stage::{STORE, Stage};
use super::verdict::Verdict;
use crate::arrival::Spread;
use crate::body::{self, Visit};
use crate::operation::{Crowd, Operation};
use crate::report::{Report, milliseconds};
use crate::run::{Rates, burst, open_loop};
use crate::target::Target;

/// Taps a second.
const TAPS_PER_SECOND: u32 = 500;

/// Carts a second.
const CARTS_PER_SECOND: u32 = 300;

/// Cards that take part.
pub(super) const CARDS: u64 = 10_000;

/// What their ids begin with.
pub(super) const CARD_PREFIX: &str = "bench-card-";

/// Connections of pgbench: as many as a process of Storeside's has.
const CLIENTS: u32 = 32;

/// Before anything counts: statements are prepared, and caches are filled.
const WARM_UP_SECONDS: u32 = 3;

/// Measures the gate and the carts.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (target, database) = (stage.target()?, rows::connect(&stage.database_url).await?);
    taps(stage, &target, &database, seconds, verdict).await?;
    at_once(&target, verdict).await;
    carts(stage, &target, &database, seconds, verdict).await
}

async fn taps(
    stage: &Stage,
    target: &Target,
    database: &PgPool,
    seconds: u32,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    verdict.say(&format!("Gate, {TAPS_PER_SECOND} taps a second for {seconds} s, each committed and flushed:"));
    let script = tap_script(target, database).await?;
    let report = rated(target, Operation::Tap, TAPS_PER_SECOND, seconds).await?;
    verdict.say(&report.to_string());
    let baseline = beside(stage, &script, TAPS_PER_SECOND, seconds, verdict)?;
    let (ours, theirs) = (report.latencies(Operation::Tap).p99(), baseline);
    verdict.judge(report.failures() == 0, "no tap failed");
    verdict.judge(
        ours <= theirs.saturating_mul(2),
        &format!(
            "p99 {} is at most twice pgbench's {} ({})",
            milliseconds(ours),
            milliseconds(theirs),
            ratio(ours, theirs)
        ),
    );
    Ok(())
}

async fn at_once(target: &Target, verdict: &mut Verdict) {
    let crowd = Arc::new(Crowd::new(CARD_PREFIX, CARDS));
    let mut slowest = Duration::ZERO;
    let mut failures = 0;
    for _ in 0..5 {
        let report = burst(target, Arc::clone(&crowd), Operation::Tap, 100).await;
        slowest = slowest.max(report.latencies(Operation::Tap).max());
        failures += report.failures();
    }
    verdict.say("100 taps at the same instant, five times:");
    let found =
        format!("the slowest of all was answered after {}, at most 150 ms; {failures} failed", milliseconds(slowest));
    verdict.judge(failures == 0 && slowest <= Duration::from_millis(150), &found);
}

async fn carts(
    stage: &Stage,
    target: &Target,
    database: &PgPool,
    seconds: u32,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    verdict.say(&format!(
        "Create Purchases, {CARTS_PER_SECOND} carts a second for {seconds} s, each committed and flushed:"
    ));
    let script = cart_script(target, database).await?;
    let report = rated(target, Operation::Cart, CARTS_PER_SECOND, seconds).await?;
    verdict.say(&report.to_string());
    let baseline = beside(stage, &script, CARTS_PER_SECOND, seconds, verdict)?;
    let ours = report.latencies(Operation::Cart).p99();
    verdict.judge(report.failures() == 0, "no cart failed");
    let found = format!(
        "p99 {} is at most 25 ms, or no more than pgbench's {} ({})",
        milliseconds(ours),
        milliseconds(baseline),
        ratio(ours, baseline)
    );
    verdict.judge(ours <= Duration::from_millis(25) || ours <= baseline, &found);
    Ok(())
}

/// So many of one operation a second, after a warm-up that does not count.
pub(super) async fn rated(target: &Target, operation: Operation, rate: u32, seconds: u32) -> anyhow::Result<Report> {
    let crowd = Arc::new(Crowd::new(CARD_PREFIX, CARDS));
    let rates = |seconds, seed| Rates { per_second: vec![(operation, rate)], seconds, spread: Spread::Poisson, seed };
    open_loop(target, Arc::clone(&crowd), &rates(WARM_UP_SECONDS, 1)).await?;
    open_loop(target, crowd, &rates(seconds, 2)).await
}

/// pgbench with the same statements at the same rate. Its p99.
fn beside(stage: &Stage, script: &Script, rate: u32, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<Duration> {
    let plan = |seconds| Plan {
        url: &stage.database_url,
        folder: stage.folder(),
        clients: CLIENTS,
        rate: Some(rate),
        seconds,
        wakes: true,
    };
    baseline::run(&plan(WARM_UP_SECONDS), script)?;
    let baseline = baseline::run(&plan(seconds), script)?;
    verdict.say(&format!(
        "  pgbench, the same {} statements in {} transactions: {}",
        script.statements, script.commits, baseline.latencies
    ));
    Ok(baseline.latencies.p99())
}

/// The statements of a tap that opens the gate.
pub(super) async fn tap_script(target: &Target, database: &PgPool) -> anyhow::Result<Script> {
    let visit = Visit::of(&format!("{CARD_PREFIX}00000000"));
    let recorder = Recorder::begin(database).await?;
    send(target, body::GATE, body::tap(STORE, &visit), 200).await?;
    let recording = recorder.end(database).await?;
    let ids = [visit.trip.as_str(), &visit.gate_event];
    checked(recording.about(&ids).script(&ids, &visit.instrument, CARDS))
}

/// The statements of a cart.
async fn cart_script(target: &Target, database: &PgPool) -> anyhow::Result<Script> {
    let visit = Visit::of(&format!("{CARD_PREFIX}00000000"));
    let recorder = Recorder::begin(database).await?;
    send(target, body::CARTS, body::cart(STORE, &visit), 201).await?;
    let recording = recorder.end(database).await?;
    let ids = [visit.trip.as_str(), &visit.gate_event];
    checked(recording.about(&ids).script(&ids, &visit.instrument, CARDS))
}

/// A recording in which nothing is found would be a baseline of nothing.
pub(super) fn checked(script: Script) -> anyhow::Result<Script> {
    if script.commits == 0 || script.statements < 3 {
        bail!("the statements were not found in PostgreSQL's log");
    }
    Ok(script)
}

async fn send(target: &Target, path: &str, body: String, expected: u16) -> anyhow::Result<()> {
    let response = target.connector(path, body).send().await?;
    let status = response.status().as_u16();
    if status != expected {
        bail!("{path} answered {status}: {}", response.text().await?);
    }
    // What the answer set going is logged a moment later.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(())
}

/// `1.4 times`.
pub(super) fn ratio(ours: Duration, theirs: Duration) -> String {
    let tenths = ours.as_micros().saturating_mul(10) / theirs.as_micros().max(1);
    format!("{}.{} times", tenths / 10, tenths % 10)
}
