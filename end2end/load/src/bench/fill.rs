//! The gate beside ten million rows: does it answer as quickly as with none?

use sqlx::PgPool;

use super::gate::rated;
use super::rows;
use super::stage::{STORE, Stage};
use super::verdict::Verdict;
use crate::operation::Operation;
use crate::report::{Latencies, milliseconds};

/// Cards that were seen before.
const INSTRUMENTS: u64 = 1_000_000;

/// Visits.
const TRIPS: u64 = 10_000_000;

/// Of these visits, how many have their tap still.
const TAPS: u64 = 4_500_000;

/// Of these visits, how many left a debt; of these, one in ten is open.
const DEBTS: u64 = 1_000_000;

/// Taps a second.
const TAPS_PER_SECOND: u32 = 500;

/// Rounds of each measurement: the best of them counts, since others may use this machine.
const ROUNDS: u32 = 3;

/// A moment for all rows.
const AT: &str = "2026-01-01 09:00:00+00";

/// Measures the gate, fills the tables, and measures again.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<()> {
    let database = rows::connect(&stage.database_url).await?;
    let before = taps(stage, seconds).await?;
    verdict.say(&format!("Gate, {TAPS_PER_SECOND} taps a second, empty tables: {before}"));
    let written = fill(&database).await?;
    verdict.say(&format!("  {written} rows written"));
    let after = taps(stage, seconds).await?;
    verdict.say(&format!("Gate, {TAPS_PER_SECOND} taps a second, full tables:  {after}"));
    let allowed = before.p99().saturating_mul(6) / 5;
    let found = format!("p99 {} is at most {}: 20 % more", milliseconds(after.p99()), milliseconds(allowed));
    verdict.judge(after.p99() <= allowed, &found);
    Ok(())
}

async fn taps(stage: &Stage, seconds: u32) -> anyhow::Result<Latencies> {
    let target = stage.target()?;
    let mut best: Option<Latencies> = None;
    for _ in 0..ROUNDS {
        let report = rated(&target, Operation::Tap, TAPS_PER_SECOND, seconds).await?;
        anyhow::ensure!(report.failures() == 0, "taps failed:\n{report}");
        let found = report.latencies(Operation::Tap);
        if best.as_ref().is_none_or(|it| found.p99() < it.p99()) {
            best = Some(found);
        }
    }
    Ok(best.unwrap_or_default())
}

/// Fills the tables; the database then has the statistics that it would have, had it grown to that. How many rows.
///
/// # Errors
///
/// What the database says.
pub async fn fill(database: &PgPool) -> anyhow::Result<u64> {
    let instruments = (0..INSTRUMENTS).map(|no| format!("{}\t{AT}", card(no)));
    let mut written = rows::copy(database, "instrument (instrument_id, first_seen_at)", instruments).await?;
    let trips = "trip (trip_id, store_id, instrument_id, currency, state, total_minor, capture_minor, cause, started_at, deadline_at, updated_at)";
    written += rows::copy(database, trips, (0..TRIPS).map(trip_row)).await?;
    let decisions =
        "gate_decision (gate_event_id, store_id, instrument_id, trip_id, gate_event_kind, hold_minor, currency,
        outstanding_minor, authorized, reason, is_override, decision, tapped_at, decided_at)";
    written += rows::copy(database, decisions, (0..TAPS).map(decision_row)).await?;
    let debts =
        "debt (debt_id, trip_id, instrument_id, currency, cause, status, incurred_minor, outstanding_minor, paid_minor,
        counts_at_gate, incurred_at, updated_at)";
    written += rows::copy(database, debts, (0..DEBTS).map(debt_row)).await?;
    rows::settle(database, &["instrument", "trip", "gate_decision", "debt"]).await?;
    Ok(written)
}

/// The cards that tap in the benches are among these: each tenth of the first thousand owes something.
fn card(number: u64) -> String {
    format!("filled-card-{number:08}")
}

fn owes(trip: u64) -> bool {
    trip < DEBTS
}

fn trip_row(no: u64) -> String {
    let card = card(no % INSTRUMENTS);
    let (state, captured, cause) =
        if owes(no) { ("uncollected", "\\N", "payment_declined") } else { ("captured", "1481", "\\N") };
    format!("filled-trip-{no:08}\t{STORE}\t{card}\tUSD\t{state}\t1481\t{captured}\t{cause}\t{AT}\t{AT}\t{AT}")
}

fn decision_row(no: u64) -> String {
    let card = card(no % INSTRUMENTS);
    let decision =
        r#"{"authorized": true, "adjusted_hold": null, "reason": "nothing_owed", "risks": [], "is_override": false}"#;
    format!(
        "filled-event-{no:08}\t{STORE}\t{card}\tfilled-trip-{no:08}\tCREDIT_CARD\t5000\tUSD\t0\tt\tnothing_owed\tf\t{decision}\t{AT}\t{AT}"
    )
}

fn debt_row(no: u64) -> String {
    let card = card(no % INSTRUMENTS);
    let (status, outstanding, paid) = if no.is_multiple_of(10) { ("open", 1481, 0) } else { ("settled", 0, 1481) };
    format!(
        "00000000-0000-4000-8000-{no:012}\tfilled-trip-{no:08}\t{card}\tUSD\tpayment_declined\t{status}\t1481\t{outstanding}\t{paid}\tt\t{AT}\t{AT}"
    )
}
