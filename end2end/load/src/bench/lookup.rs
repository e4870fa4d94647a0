//! Receipts looked up among ten million visits; and sign-in by card, whose answers must still take no longer than they always do.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use sqlx::PgPool;

use super::rows;
use super::sign_in;
use super::stage::Stage;
use super::verdict::Verdict;
use crate::arrival::Spread;
use crate::operation::{Crowd, Operation};
use crate::report::milliseconds;
use crate::run::{Rates, open_loop};
use crate::shopper;

const CARD: &str = "owner";

/// Receipts read a second.
const RECEIPTS_PER_SECOND: u32 = 50;

/// How long a lookup may take, at the 99th percentile.
const TARGET: Duration = Duration::from_millis(20);

/// Gives a million of the visits that are there the purchase of one real visit, and another million card facts that nobody can read;
/// fifty of the cards are the reader's own.
const FILL: &str = "
    WITH real AS (SELECT * FROM purchase LIMIT 1), made AS (
        INSERT INTO purchase SELECT filled.* FROM real, generate_series(0, 999999) no, jsonb_populate_record(
            null::purchase, to_jsonb(real) || jsonb_build_object(
                'purchase_id', gen_random_uuid(), 'trip_id', 'filled-trip-' || lpad(no::text, 8, '0'))) filled
        RETURNING purchase_id)
    INSERT INTO purchase_line SELECT made.purchase_id, line_no, sku, name, quantity, unit, unit_price_minor, price_minor, tax_minor,
        line_item_id, discount_minor, tax_included_minor, deposit_minor, taxes, applied, explanation
    FROM made, (SELECT * FROM purchase_line WHERE purchase_id = (SELECT purchase_id FROM real)) line;
    INSERT INTO card_facts (trip_id, sealed, card_index, statement_index, fetched_at)
        SELECT 'filled-trip-' || lpad(no::text, 8, '0'), '\\x00'::bytea, sha256(('card ' || no)::bytea), sha256(('statement ' || no)::bytea), now()
        FROM generate_series(1000000, 1999999) no;
    UPDATE instrument SET identity_asked_at = now(), shopper_id = (SELECT shopper_id FROM shopper)
        WHERE instrument_id IN (SELECT 'filled-card-' || lpad(no::text, 8, '0') FROM generate_series(0, 49) no);";

const FILLED: [&str; 4] = ["purchase", "purchase_line", "card_facts", "instrument"];

/// Fills up what the gate's bench has filled, and reads.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, twin: &str, seconds: u32, verdict: &mut Verdict) -> anyhow::Result<()> {
    let (target, database) = (stage.target()?, rows::connect(&stage.database_url).await?);
    shopper::walk_with(&target, twin, &json!({ "name": CARD }), 3).await?;
    let known = "SELECT 1 - count(*) FROM shopper";
    rows::until_none(&database, known, Duration::from_secs(20)).await?.context("Amazon told no address")?;
    fill(&database).await?;
    let cookie = shopper::sign_in(&target, &format!("{CARD}.shopper@example.com"), &stage.mails()).await?;
    let pages: Vec<String> = (0..50).map(|no| format!("/trips/filled-trip-{no:08}")).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let crowd = Arc::new(Crowd::new(CARD, 1).signed_in(cookie).reading(&pages));
    let per_second = vec![(Operation::Page, RECEIPTS_PER_SECOND)];
    let rates = Rates { per_second, seconds, spread: Spread::Poisson, seed: 1 };
    open_loop(&target, Arc::clone(&crowd), &Rates { seconds: 3, ..rates.clone() }).await?;
    let report = open_loop(&target, crowd, &rates).await?;
    verdict.say(&format!("Receipts among ten million visits, {RECEIPTS_PER_SECOND} a second for {seconds} s:"));
    verdict.say(&report.to_string());
    verdict.judge(report.failures() == 0, "no page failed");
    let p99 = report.latencies(Operation::Page).p99();
    verdict.judge(p99 <= TARGET, &format!("p99 {} is at most {}", milliseconds(p99), milliseconds(TARGET)));
    sign_in::measure(stage, twin, verdict).await
}

async fn fill(database: &PgPool) -> anyhow::Result<()> {
    eprintln!("  purchase, purchase_line, card_facts: a million visits each, some minutes");
    rows::run(database, FILL).await?;
    rows::settle(database, &FILLED).await
}
