//! Many at once for a long time: nothing fails, and memory stays flat (test plan, PF-001).

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use uuid::Uuid;

use super::rows;
use super::stage::Stage;
use super::verdict::Verdict;
use crate::memory::Watch;
use crate::operation::{Bought, Crowd, Operation};
use crate::run::{Soak, soak};
use crate::shopper::{sign_in, walk};

/// Operations under way at any moment.
pub const AT_ONCE: usize = 500;

/// Of twenty: eleven taps, four visits with everything that follows them, four pages, a refund.
pub const MIX: [Operation; 20] = [
    Operation::Tap,
    Operation::Tap,
    Operation::Walk,
    Operation::Tap,
    Operation::Page,
    Operation::Tap,
    Operation::Tap,
    Operation::Walk,
    Operation::Tap,
    Operation::Page,
    Operation::Tap,
    Operation::Refund,
    Operation::Walk,
    Operation::Tap,
    Operation::Page,
    Operation::Tap,
    Operation::Tap,
    Operation::Walk,
    Operation::Tap,
    Operation::Page,
];

/// What a process may hold at most.
const RESIDENT_KIB_MAX: u64 = 300 * 1024;

/// How far it may go up or down once it has settled.
const DRIFT_PER_MILLE_MAX: u64 = 50;

/// Cards that take part.
const CARDS: u64 = 200;

/// Trips of who is signed in, of each of which something is brought back.
const TRIPS: usize = 100;

/// The first article of the demo with its tax, in cents.
const ARTICLE_MINOR: i64 = 217;

/// What their names begin with.
const CARD_PREFIX: &str = "soaked-";

/// Soaks the stage.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, twin: &str, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (target, database) = (stage.target()?, rows::connect(&stage.database_url).await?);
    let crowd = Crowd::new(CARD_PREFIX, CARDS).walking(&target, twin).await?;
    let card = format!("{CARD_PREFIX}{:08}", 0);
    let mut bought = vec![];
    for _ in 0..TRIPS {
        let trip = walk(&target, twin, &card, 1).await?["trip"].as_str().context("the twin told no trip")?.to_owned();
        bought.push(Bought { trip, refund: Uuid::new_v4(), minor: ARTICLE_MINOR });
    }
    let charged = "SELECT count(*) FROM trip WHERE state <> 'captured'";
    rows::until_none(&database, charged, Duration::from_secs(60)).await?.context("the trips were not charged")?;
    let known = "SELECT 1 - count(*) FROM shopper";
    rows::until_none(&database, known, Duration::from_secs(20)).await?.context("Amazon told no address")?;
    let cookie = sign_in(&target, &format!("{card}.shopper@example.com"), &stage.mails()).await?;
    let mut watch = Watch::of(&stage.pids());
    let plan = Soak { mix: MIX.to_vec(), at_once: AT_ONCE, seconds, brake: Default::default() };
    let report = soak(&target, Arc::new(crowd.signed_in(cookie).returning(bought)), &plan, &mut watch).await?;
    verdict.say(&format!("{AT_ONCE} operations at once for {seconds} s:"));
    verdict.say(&report.to_string());
    verdict.judge(report.failures() == 0, "none failed");
    // The first third of a run is for caches and pools to fill: five minutes of fifteen.
    let settled = Duration::from_secs(u64::from(seconds / 3));
    for held in watch.judge(settled) {
        let (most, drift) = (held.most_kib / 1024, held.drift_per_mille);
        let found = format!(
            "process {} held {most} MiB at most, 300 allowed; ± {}.{} % after {} s, 5 % allowed",
            held.pid,
            drift / 10,
            drift % 10,
            settled.as_secs()
        );
        verdict.judge(held.most_kib <= RESIDENT_KIB_MAX && drift <= DRIFT_PER_MILLE_MAX, &found);
    }
    Ok(())
}
