//! What a shopper waits for, and what it weighs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use reqwest::header::{ACCEPT_ENCODING, COOKIE};
use serde_json::json;

use super::rows;
use super::stage::Stage;
use super::verdict::Verdict;
use crate::arrival::Spread;
use crate::operation::{Crowd, Operation};
use crate::report::milliseconds;
use crate::run::{Rates, open_loop};
use crate::shopper::{sign_in, walk_with};
use crate::target::Target;

/// Receipts read a second.
const RECEIPTS_PER_SECOND: u32 = 200;

/// What a receipt and its style sheet weigh at most, uncompressed.
const BYTES_MAX: usize = 40_000;

const CARD: &str = "reader";

/// Somebody walks once, signs in, and reads the receipt again and again.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, twin: &str, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (target, database) = (stage.target()?, rows::connect(&stage.database_url).await?);
    let trip = walk_with(&target, twin, &json!({ "name": CARD }), 3).await?;
    let known = "SELECT 1 - count(*) FROM shopper";
    rows::until_none(&database, known, Duration::from_secs(20)).await?.context("Amazon told no address")?;
    let cookie = sign_in(&target, &format!("{CARD}.shopper@example.com"), &stage.mails()).await?;

    let page = format!("/trips/{trip}");
    let crowd = Arc::new(Crowd::new(CARD, 1).signed_in(cookie.clone()).reading(&[&page]));
    let rates = |seconds| Rates {
        per_second: vec![(Operation::Page, RECEIPTS_PER_SECOND)],
        seconds,
        spread: Spread::Poisson,
        seed: 1,
    };
    open_loop(&target, Arc::clone(&crowd), &rates(3)).await?;
    let report = open_loop(&target, crowd, &rates(seconds)).await?;
    verdict.say(&format!("A receipt, {RECEIPTS_PER_SECOND} times a second for {seconds} s, whole:"));
    verdict.say(&report.to_string());
    verdict.judge(report.failures() == 0, "no page failed");
    let p99 = report.latencies(Operation::Page).p99();
    verdict.judge(p99 <= Duration::from_millis(40), &format!("p99 {} is at most 40 ms", milliseconds(p99)));
    weigh(&target, &page, &cookie, verdict).await
}

/// The page and its style sheet, as a browser without a cache gets them.
async fn weigh(target: &Target, page: &str, cookie: &str, verdict: &mut Verdict) -> anyhow::Result<()> {
    let get = |path: &str| {
        let request = target.http().get(format!("{}{path}", target.url())).header(COOKIE, cookie);
        request.header("accept", "text/html").header(ACCEPT_ENCODING, "identity").send()
    };
    let html = get(page).await?.error_for_status()?.text().await?;
    let style = html
        .split("href=\"")
        .find(|it| it.starts_with("/pkg/") && it.split('"').next().is_some_and(|it| it.ends_with(".css")));
    let style = style.and_then(|it| it.split('"').next()).context("the receipt names no style sheet")?;
    let css = get(style).await?.error_for_status()?.bytes().await?.len();
    let found =
        format!("a receipt of 3 lines has {} bytes, its style sheet {css}: together at most {BYTES_MAX}", html.len());
    verdict.judge(html.len() + css <= BYTES_MAX, &found);
    Ok(())
}
