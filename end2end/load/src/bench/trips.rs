//! Whole trips: tapped, priced, adjusted, captured, reported, with their card facts and their receipt. Beside them, pgbench with the
//! same transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::PgPool;
use tokio::time::Instant;

use super::baseline::{self, Plan};
use super::gate::checked;
use super::recording::{Recorder, Script};
use super::rows;
use super::stage::Stage;
use super::verdict::Verdict;
use crate::arrival::Spread;
use crate::memory::Watch;
use crate::operation::{Crowd, Operation};
use crate::report::per_second;
use crate::run::{Rates, Soak, open_loop, soak};
use crate::shopper::walk;
use crate::target::Target;

/// Complete trips a second that are aimed at.
const TRIPS_PER_SECOND: u64 = 100;

/// Others may use this machine: what misses its target is measured again, so often at most, and the best round counts.
const ROUNDS: u32 = 3;

/// Of calls, and of effects, how many in a thousand are within their time.
const WITHIN_PER_MILLE: u64 = 990;

/// Of pgbench's, in thousandths.
const OF_BASELINE_PER_MILLE: u64 = 400;

/// Shoppers who walk at once.
const WALKERS: usize = 24;

/// Connections of pgbench for whole trips.
const CLIENTS: u32 = 24;

/// Cards that take part: each is known after its first trip, as in a store with regulars.
const CARDS: u64 = 200;

/// What their names begin with.
const CARD_PREFIX: &str = "walker-";

/// Effects of trips that are not done yet. The two that only look whether a trip was forgotten come hours later.
const UNDONE: &str =
    "SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting' AND kind NOT IN ('check_entry', 'check_deadline'))
    + (SELECT count(*) FROM outbox WHERE state = 'claimed')";

/// Of these, what can be done now or is being done, counted so often that all that waits is not read for it.
const BEFORE_US: &str = "SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting' AND due_at <= now() AND lane = ANY (ARRAY[
    'adjust_charge', 'cancel_charge', 'capture_charge', 'get_transactional_data', 'get_shopper_identity', 'report_payment_status', 'own']))
    + (SELECT count(*) FROM outbox WHERE state = 'claimed')";

/// See [`brake_when_behind`].
const UNDONE_MAX: i64 = 64;

/// Trips that are captured and told to Amazon.
const COMPLETE: &str = "SELECT count(*) FROM trip WHERE state = 'captured' AND EXISTS (
    SELECT 1 FROM outbox WHERE outbox.trip_id = trip.trip_id AND kind = 'report_payment_status' AND outbox.state = 'done')
    AND EXISTS (SELECT 1 FROM card_facts WHERE card_facts.trip_id = trip.trip_id)";

/// Trips a second that leave the processors room.
const TRIPS_WITH_ROOM: u32 = 20;

/// Effects a second that are looked at, for how fast they are picked up.
const EFFECTS_PER_SECOND: u32 = 500;

/// Measures whole trips.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &mut Stage, twin: &str, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (target, database) = (stage.target()?, rows::connect(&stage.database_url).await?);
    let crowd = Arc::new(Crowd::new(CARD_PREFIX, CARDS).walking(&target, twin).await?);
    let brake = Arc::new(AtomicBool::new(false));
    let walks = |seconds| Soak { mix: vec![Operation::Walk], at_once: WALKERS, seconds, brake: Arc::clone(&brake) };
    // Each card's first trip, after which it is known whose it is.
    soak(&target, Arc::clone(&crowd), &walks(5), &mut Watch::of(&[])).await?;
    drain(&database).await?;
    // As autovacuum does within a minute of a table's first rows: else every plan is made for tables that are empty.
    rows::run(&database, "ANALYZE").await?;
    let script = trip_script(&target, twin, &database).await?;

    let mut own = 0;
    for _ in 0..ROUNDS {
        own = own.max(calls(stage, &target, &crowd, &database, seconds, verdict).await?);
        if own >= WITHIN_PER_MILLE {
            break;
        }
    }
    let found = format!("{} of calls to Amazon took us at most 10 ms of our own, at least 99 %", percent(own));
    verdict.judge(own >= WITHIN_PER_MILLE, &found);

    let braking = tokio::spawn(brake_when_behind(database.clone(), Arc::clone(&brake)));
    let mut ours = 0;
    for _ in 0..ROUNDS {
        let done = full_load((stage, &target, &database), Arc::clone(&crowd), &walks(seconds), verdict).await?;
        ours = ours.max(done);
        if ours >= TRIPS_PER_SECOND {
            break;
        }
    }
    braking.abort();
    verdict.judge(ours >= TRIPS_PER_SECOND, &format!("{ours} complete trips a second, at least {TRIPS_PER_SECOND}"));

    let mut picked = 0;
    for _ in 0..ROUNDS {
        picked = picked.max(pickup(stage, &database, verdict).await?);
        if picked >= WITHIN_PER_MILLE {
            break;
        }
    }
    let found = format!("{} were with a worker within 25 ms, at least 99 %", percent(picked));
    verdict.judge(picked >= WITHIN_PER_MILLE, &found);

    stage.stop_workers();
    let plan = |seconds| Plan {
        url: &stage.database_url,
        folder: stage.folder(),
        clients: CLIENTS,
        rate: None,
        seconds,
        wakes: false,
    };
    baseline::run(&plan(3), &script)?;
    let baseline = baseline::run(&plan(seconds), &script)?;
    verdict.say(&format!(
        "  pgbench, the same trip's {} statements in {} transactions: {} trips a second, {}",
        script.statements,
        script.commits,
        baseline.per_ten_seconds / 10,
        baseline.latencies
    ));
    let per_mille = ours.saturating_mul(10_000) / baseline.per_ten_seconds.max(1);
    let found = format!("{}.{} % of pgbench's trips a second, at least 40 %", per_mille / 10, per_mille % 10);
    verdict.judge(per_mille >= OF_BASELINE_PER_MILLE, &found);
    Ok(())
}

/// As many trips as there is room for. How many were complete in a second.
async fn full_load(
    (stage, target, database): (&Stage, &Target, &PgPool),
    crowd: Arc<Crowd>,
    walks: &Soak,
    verdict: &mut Verdict,
) -> anyhow::Result<u64> {
    let before = Numbers::read(stage, database).await?;
    let began = Instant::now();
    let report = soak(target, crowd, walks, &mut Watch::of(&[])).await?;
    drain(database).await?;
    let took = began.elapsed();
    let after = Numbers::read(stage, database).await?;
    let trips = after.complete.abs_diff(before.complete);
    verdict.say(&format!("Whole trips, {WALKERS} shoppers at once for {} s:", walks.seconds));
    verdict.say(&report.to_string());
    let commits = after.commits.abs_diff(before.commits).saturating_mul(10) / trips.max(1);
    verdict.say(&format!(
        "  {trips} complete trips until the last was done after {} ms; {}.{} transactions of the database a trip",
        took.as_millis(),
        commits / 10,
        commits % 10
    ));
    verdict.judge(report.failures() == 0, "no walk failed");
    let (effects, within) = after.pickup.since(&before.pickup, "0.025");
    verdict.say(&format!(
        "  at this full load {} of {effects} effects were picked up within 25 ms of being due",
        percent(within)
    ));
    Ok(per_second(trips, took))
}

/// Shoppers wait while the workers have this much before them: else the gate, which is never kept waiting, would take the processors,
/// answer too late, and every tap be written twice.
async fn brake_when_behind(database: PgPool, brake: Arc<AtomicBool>) {
    while let Ok(undone) = rows::number(&database, BEFORE_US).await {
        brake.store(undone > UNDONE_MAX, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Everything that trips set going is done.
async fn drain(database: &PgPool) -> anyhow::Result<()> {
    let done = rows::until_none(database, UNDONE, Duration::from_secs(120)).await?;
    done.context("the workers did not get done with what was asked for within two minutes")?;
    Ok(())
}

/// The transactions of one trip, from its tap to its receipt.
async fn trip_script(target: &Target, twin: &str, database: &PgPool) -> anyhow::Result<Script> {
    let card = format!("{CARD_PREFIX}00000000");
    let recorder = Recorder::begin(database).await?;
    let story = walk(target, twin, &card, 3).await?;
    drain(database).await?;
    let recording = recorder.end(database).await?;
    let (Some(trip), Some(event)) = (story["trip"].as_str(), story["gate_event"].as_str()) else {
        bail!("the twin told no story: {story}");
    };
    let ids = [trip, event];
    let instrument = format!("shopper-{card}-0001");
    checked(recording.about(&ids).script(&ids, &instrument, CARDS))
}

/// What is counted elsewhere, at one moment.
struct Numbers {
    complete: u64,
    commits: u64,
    own: Buckets,
    pickup: Buckets,
}

impl Numbers {
    async fn read(stage: &Stage, database: &PgPool) -> anyhow::Result<Self> {
        let mut page = String::new();
        let http = reqwest::Client::builder().no_proxy().build()?;
        for url in stage.metrics() {
            page += &http.get(url).send().await?.text().await?;
            page.push('\n');
        }
        let commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
        Ok(Self {
            complete: rows::number(database, COMPLETE).await?.unsigned_abs(),
            commits: rows::number(database, commits).await?.unsigned_abs(),
            own: Buckets::of(&page, "storeside_call_own_seconds"),
            pickup: Buckets::of(&page, "storeside_pickup_seconds"),
        })
    }
}

/// The counts of a Prometheus histogram: of all, and of those that took no longer than a bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Buckets(Vec<(String, u64)>);

impl Buckets {
    fn of(page: &str, name: &str) -> Self {
        let mut counts: Vec<(String, u64)> = vec![];
        for line in page.lines() {
            let Some(rest) = line.strip_prefix(name).and_then(|it| it.strip_prefix("_bucket{")) else { continue };
            let Some((labels, count)) = rest.split_once("} ") else { continue };
            let Some((_, bound)) = labels.split_once("le=\"") else { continue };
            let (bound, count) = (bound.trim_end_matches('"').to_owned(), count.parse().unwrap_or(0));
            match counts.iter_mut().find(|(it, _)| *it == bound) {
                Some((_, sum)) => *sum += count,
                None => counts.push((bound, count)),
            }
        }
        Self(counts)
    }

    fn at(&self, bound: &str) -> u64 {
        self.0.iter().find(|(it, _)| it == bound).map_or(0, |(_, count)| *count)
    }

    /// How many came since, and how many in a thousand of them took no longer than `bound`.
    fn since(&self, before: &Self, bound: &str) -> (u64, u64) {
        let all = self.at("+Inf").saturating_sub(before.at("+Inf"));
        let within = self.at(bound).saturating_sub(before.at(bound));
        (all, within.saturating_mul(1000) / all.max(1))
    }
}

/// What a call costs of our own, while there is room: at full load everything waits for the processors. In a thousand calls, how many
/// cost 10 ms at most.
async fn calls(
    stage: &Stage,
    target: &Target,
    crowd: &Arc<Crowd>,
    database: &PgPool,
    seconds: u32,
    verdict: &mut Verdict,
) -> anyhow::Result<u64> {
    let before = Numbers::read(stage, database).await?;
    let per_second = vec![(Operation::Walk, TRIPS_WITH_ROOM)];
    let rates = Rates { per_second, seconds, spread: Spread::Poisson, seed: 3 };
    let report = open_loop(target, Arc::clone(crowd), &rates).await?;
    drain(database).await?;
    let after = Numbers::read(stage, database).await?;
    verdict.say(&format!("Whole trips, {TRIPS_WITH_ROOM} a second for {seconds} s:"));
    verdict.say(&report.to_string());
    let (effects, picked) = after.pickup.since(&before.pickup, "0.025");
    verdict.say(&format!("  {} of {effects} effects were picked up within 25 ms of being due", percent(picked)));
    let (calls, within) = after.own.since(&before.own, "0.01");
    verdict.say(&format!("  {} of {calls} calls to Amazon took us at most 10 ms of our own", percent(within)));
    Ok(within)
}

fn percent(per_mille: u64) -> String {
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// Effects that look at our own rows only, put in at a fixed rate: how soon does a worker have them?
/// In a thousand, how many within 25 ms.
async fn pickup(stage: &Stage, database: &PgPool, verdict: &mut Verdict) -> anyhow::Result<u64> {
    const SECONDS: u32 = 10;
    let trips = rows::texts(database, "SELECT trip_id FROM trip WHERE state = 'captured' LIMIT 1000").await?;
    let before = Numbers::read(stage, database).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / EFFECTS_PER_SECOND);
    // A late one is put in at once, so that the rate holds.
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut under_way = tokio::task::JoinSet::new();
    for trip in trips.iter().cycle().take(usize::try_from(EFFECTS_PER_SECOND * SECONDS)?) {
        tick.tick().await;
        let (database, trip) = (database.clone(), trip.clone());
        under_way.spawn(async move {
            let due = time::OffsetDateTime::now_utc();
            let push = sqlx::query(
                "INSERT INTO outbox (outbox_id, kind, lane, trip_id, payload, state, due_at, created_at)
                 VALUES ($1, 'check_entry', 'own', $2, jsonb_build_object('kind', 'check_entry', 'trip', $2), 'waiting', $3, $3)",
            );
            push.bind(uuid::Uuid::new_v4()).bind(trip).bind(due).execute(&database).await
        });
    }
    while let Some(pushed) = under_way.join_next().await {
        pushed??;
    }
    let undone = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'claimed') AND kind = 'check_entry' AND due_at < created_at + interval '1 second'";
    rows::until_none(database, undone, Duration::from_secs(60)).await?.context("effects were left waiting")?;
    let after = Numbers::read(stage, database).await?;
    let (effects, within) = after.pickup.since(&before.pickup, "0.025");
    let (_, quick) = after.pickup.since(&before.pickup, "0.01");
    verdict.say(&format!("Pickup, {EFFECTS_PER_SECOND} effects a second for {SECONDS} s:"));
    verdict.say(&format!(
        "  {} of {effects} were with a worker within 25 ms, {} within 10 ms",
        percent(within),
        percent(quick)
    ));
    Ok(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_summed_over_labels_and_processes_and_told_since() {
        let page = "# TYPE x_seconds histogram\n\
            x_seconds_bucket{api=\"a\",le=\"0.01\"} 3\nx_seconds_bucket{api=\"a\",le=\"+Inf\"} 5\n\
            x_seconds_bucket{api=\"b\",le=\"0.01\"} 4\nx_seconds_bucket{api=\"b\",le=\"+Inf\"} 5\nx_seconds_sum 9\n";
        let before = Buckets::of(page, "x_seconds");
        assert_eq!((before.at("0.01"), before.at("+Inf")), (7, 10));
        let after = Buckets(vec![("0.01".to_owned(), 107), ("+Inf".to_owned(), 210)]);
        assert_eq!(after.since(&before, "0.01"), (200, 500));
        assert_eq!(Buckets::of(page, "y_seconds"), Buckets::default());
    }
}
