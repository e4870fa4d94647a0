//! The gate without its database: stopped, suspended, slow. Who is known to owe stays out, the rest gets the store's default, and
//! every answer becomes a row, once, when the database is back.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use server::clock::Clock;
use server::flow::seal_audit::seal_audit;
use server::flow::verify::Told;
use server::flow::verify_audit::verify_audit;
use server::flow::verify_money::verify_money;
use time::OffsetDateTime;
use twin::{Tap, demo_items};
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::programs::{Programs, until};

/// Taps while the database is away; every fourth is a debtor's.
const TAPS: usize = 200;

/// Taps of one story, as many as any failure is tried with.
const FEW: usize = 40;

/// The programs on a cluster of their own, reached by the way that can be slow, and a shopper who owes.
async fn prepare() -> (Cluster, Programs) {
    let cluster = Cluster::start().await;
    let mut programs = Programs::with_nothing_running(cluster.connect.clone()).await;
    programs.set("DATABASE_URL", &cluster.slow_url());
    programs.set("STORESIDE_GATE_BUDGET_MS", "60");
    assert!(programs.command(&["seed"]).status().unwrap().success());
    programs.start().await;
    let trip = programs.twin.walk("insufficient", &demo_items(1)).await.unwrap().trip;
    until("the debt is there and every tap is a row", async || {
        number(&programs, "SELECT count(*) FROM debt WHERE instrument_id IS NOT NULL").await == 1
    })
    .await;
    programs.until_ended(trip, "uncollected").await;
    until_known(&programs, 1).await;
    (cluster, programs)
}

/// Until the gate has heard who owes.
async fn until_known(programs: &Programs, owing: u32) {
    let line = format!("storeside_gate_owing_known {owing}\n");
    until("the gate has heard who owes", async || {
        let url = format!("http://{}/metrics", programs.addr);
        let Ok(answer) = reqwest::get(url).await else { return false };
        answer.text().await.is_ok_and(|text| text.contains(&line))
    })
    .await;
}

async fn number(programs: &Programs, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&programs.database).await.unwrap()
}

/// Taps one after the other, and says how long they took.
async fn tap_many(programs: &Programs, what: &str, count: usize) -> Vec<Tap> {
    let (mut taps, mut times) = (vec![], vec![]);
    for number in 0..count {
        let started = Instant::now();
        let tap = programs.twin.tap(if number % 4 == 0 { "insufficient" } else { "visa" }).await.unwrap();
        times.push(started.elapsed());
        assert_eq!((tap.answer.status, tap.answer.tries), (200, 1), "{what}, tap {number}: {:?}", tap.answer.body);
        taps.push(tap);
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!("{what}: {count} taps, p50 {:?}, p90 {:?}, p99 {:?}, max {:?}", at(50), at(90), at(99), at(100));
    taps
}

/// Debtors stayed out, the others came in.
fn assert_debtors_stayed_out(taps: &[Tap]) {
    for (number, tap) in taps.iter().enumerate() {
        assert_eq!(tap.admitted(), number % 4 != 0, "tap {number}: {:?}", tap.answer.body);
    }
}

/// Every one of these taps is a row with the answer that was sent, and with everything that belongs to it; once.
async fn assert_kept(programs: &Programs, taps: &[Tap]) {
    let ids: Vec<String> = taps.iter().map(|tap| tap.gate_event.to_string()).collect();
    until("every tap is a row", async || {
        let count = sqlx::query_scalar("SELECT count(*) FROM gate_decision WHERE gate_event_id = ANY($1)").bind(&ids);
        let count: i64 = count.fetch_one(&programs.database).await.unwrap();
        usize::try_from(count).unwrap() == taps.len()
    })
    .await;
    for tap in taps {
        let kept = "SELECT authorized,
                (SELECT count(*) FROM trip WHERE trip.trip_id = gate_decision.trip_id),
                (SELECT count(*) FROM outbox WHERE outbox.trip_id = gate_decision.trip_id AND kind = 'check_entry'),
                (SELECT count(*) FROM audit_entry WHERE action = 'entry_denied' AND detail->>'gate_event' = gate_event_id)
            FROM gate_decision WHERE gate_event_id = $1";
        let kept: (bool, i64, i64, i64) =
            sqlx::query_as(kept).bind(tap.gate_event.to_string()).fetch_one(&programs.database).await.unwrap();
        let is_in = tap.admitted();
        let wanted = (is_in, i64::from(is_in), i64::from(is_in), i64::from(!is_in));
        assert_eq!(kept, wanted, "authorized, trips, checks and denials of {}", tap.gate_event);
    }
}

/// Of these taps, how many were decided without the database.
async fn replayed(programs: &Programs, taps: &[Tap]) -> usize {
    let ids: Vec<String> = taps.iter().map(|tap| tap.gate_event.to_string()).collect();
    let count = "SELECT count(*) FROM gate_decision WHERE gate_event_id = ANY($1) AND replayed_at IS NOT NULL";
    let count: i64 = sqlx::query_scalar(count).bind(&ids).fetch_one(&programs.database).await.unwrap();
    usize::try_from(count).unwrap()
}

/// The alert counts every tap that was decided without the database, and says since when.
async fn assert_alert_counts_all(programs: &Programs) {
    let (times, since): (i32, OffsetDateTime) = sqlx::query_as(
        "SELECT times, opened_at FROM alert WHERE kind = 'decided_without_records' AND subject = 'TEST_STORE_001'",
    )
    .fetch_one(&programs.database)
    .await
    .unwrap();
    let (count, first): (i64, OffsetDateTime) =
        sqlx::query_as("SELECT count(*), min(decided_at) FROM gate_decision WHERE replayed_at IS NOT NULL")
            .fetch_one(&programs.database)
            .await
            .unwrap();
    assert_eq!((i64::from(times), since), (count, first));
}

/// The end: the laws hold, and no decision waits in a file.
async fn close(mut programs: Programs, cluster: Cluster) {
    let folder = programs.folder.join("data/gate-journal");
    until("only the empty file of the one that runs is left", async || {
        let url = format!("http://{}/metrics", programs.addr);
        let Ok(answer) = reqwest::get(url).await else { return false };
        let is_empty = answer.text().await.is_ok_and(|text| text.contains("storeside_gate_journal_waiting 0\n"));
        is_empty && std::fs::read_dir(&folder).unwrap().count() == 1
    })
    .await;
    for program in programs.running.drain(..) {
        kill(Pid::from_raw(i32::try_from(program.id()).unwrap()), Signal::SIGTERM).unwrap();
        let ended = program.wait_with_output().unwrap().status;
        // One that has only just begun may not listen for the signal yet, and is ended by it.
        assert!(ended.success() || ended.signal() == Some(Signal::SIGTERM as i32), "{ended}");
    }
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let mut violations = vec![];
    let verified = verify_money(&programs.database, |told| {
        if let Told::Found(violation) = told {
            violations.push(violation.to_string());
        }
    });
    verified.await.unwrap();
    assert_eq!(violations, [""; 0], "the law of money");
    let later = Clock::System.now() + time::Duration::days(3);
    seal_audit(&programs.database, later).await.unwrap();
    let verified = verify_audit(&programs.database, None, later, |told| {
        if let Told::Found(violation) = told {
            panic!("{violation}");
        }
    });
    verified.await.unwrap();
    programs.database.close().await;
    drop(programs);
    cluster.forget().await;
}

/// An empty cart of a visit.
fn cart(trip: Uuid) -> Value {
    json!({
        "requestId": Uuid::new_v4(), "idempotentShoppingTripId": trip, "storeId": "TEST_STORE_001",
        "shoppingTrip": {
            "startTime": "2026-01-01T09:00:00Z", "endTime": "2026-01-01T09:01:00Z",
            "authEvents": [{ "id": Uuid::new_v4(), "timestamp": "2026-01-01T09:00:00Z", "payloadType": "FINANCIAL" }],
        },
        "cartItems": [],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fa_016_with_the_database_stopped_or_suspended_debtors_stay_out_and_all_is_kept_once_it_is_back() {
    let (cluster, programs) = prepare().await;

    cluster.stop().await;
    let mut taps = tap_many(&programs, "stopped", TAPS).await;
    assert_debtors_stayed_out(&taps);
    for tap in [&taps[0], &taps[1]] {
        let again = programs.twin.repeat_tap(tap).await.unwrap();
        assert_eq!(again.answer.body, tap.answer.body, "the same tap gets the same answer");
    }
    let ready = reqwest::get(format!("http://{}/health/ready", programs.addr)).await.unwrap();
    assert_eq!(ready.status(), 503);
    let told: Value = ready.json().await.unwrap();
    assert_eq!(told["gate"]["decides_from"], "the balances known last", "{told}");
    assert!(told["gate"]["decisions_waiting"].as_u64().unwrap() >= 200, "{told}");
    let refused = programs.post("/v1/order/purchases", &cart(taps[1].trip)).await;
    assert_eq!(refused.status(), 503, "never a 201 that cannot be kept");
    assert!(refused.headers().contains_key("retry-after"));
    cluster.start_again().await;
    assert_kept(&programs, &taps).await;
    assert_eq!(replayed(&programs, &taps).await, TAPS);
    assert_alert_counts_all(&programs).await;

    cluster.suspend();
    let suspended = tap_many(&programs, "suspended", TAPS).await;
    cluster.resume();
    assert_debtors_stayed_out(&suspended);
    assert_kept(&programs, &suspended).await;
    assert!(replayed(&programs, &suspended).await > TAPS - 5, "all but some whose commit was under way");
    taps.extend(suspended);
    assert_alert_counts_all(&programs).await;

    until("a tap is decided by rows again", async || {
        let tap = programs.twin.tap("visa").await.unwrap();
        replayed(&programs, std::slice::from_ref(&tap)).await == 0 && {
            let rows = sqlx::query_scalar("SELECT count(*) FROM gate_decision WHERE gate_event_id = $1");
            rows.bind(tap.gate_event.to_string()).fetch_one(&programs.database).await.unwrap_or(0_i64) == 1
        }
    })
    .await;
    until("nothing waits", async || {
        let waiting = reqwest::get(format!("http://{}/health/ready", programs.addr)).await.unwrap();
        waiting.status() == 200
    })
    .await;
    assert_kept(&programs, &taps).await;
    close(programs, cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fa_016_a_slow_database_never_makes_two_answers_and_what_was_sent_is_what_is_kept() {
    let (cluster, programs) = prepare().await;
    // What the rows say and what the default says differ for everybody who owes nothing.
    run(&programs, "UPDATE store SET away_default = 'deny'").await;
    run(&programs, "UPDATE debt SET counts_at_gate = false").await;
    until_known(&programs, 0).await;
    let mut taps = vec![];
    // From fast enough through just too slow to far too slow: some commits are under way when the gate stops waiting for them.
    for delay_ms in [0, 1, 2, 3, 4, 6, 200] {
        cluster.delay(Duration::from_millis(delay_ms));
        taps.extend(tap_many(&programs, &format!("{delay_ms} ms slower each way"), FEW).await);
    }
    cluster.delay(Duration::ZERO);
    assert_kept(&programs, &taps).await;
    let without = replayed(&programs, &taps).await;
    assert!(without >= FEW, "the last ones, at least, did not wait: {without}");
    assert_alert_counts_all(&programs).await;
    assert_eq!(number(&programs, "SELECT count(*) FROM alert WHERE kind = 'gate_answers_differ'").await, 0);
    let late = taps.last().unwrap();
    assert!(!late.admitted(), "the store's default is to deny");
    let reason = "SELECT reason FROM gate_decision WHERE gate_event_id = $1";
    let reason: String =
        sqlx::query_scalar(reason).bind(late.gate_event.to_string()).fetch_one(&programs.database).await.unwrap();
    assert_eq!(reason, "records_away");
    close(programs, cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fa_016_a_gate_that_is_killed_while_it_writes_and_while_it_replays_loses_and_doubles_nothing() {
    let (cluster, mut programs) = prepare().await;
    cluster.suspend();
    let taps = {
        let (killed, tapping) = (
            async {
                tokio::time::sleep(Duration::from_millis(400)).await;
                programs.running[0].id()
            },
            async {
                let mut answered = vec![];
                // One after the other until nobody answers any more.
                while let Ok(Ok(tap)) = tokio::time::timeout(Duration::from_secs(2), programs.twin.tap("visa")).await
                    && tap.answer.status == 200
                {
                    answered.push(tap);
                    if answered.len() == FEW {
                        kill(Pid::from_raw(i32::try_from(programs.running[0].id()).unwrap()), Signal::SIGKILL).unwrap();
                    }
                }
                answered
            },
        );
        let (_, taps) = tokio::join!(killed, tapping);
        taps
    };
    assert!(taps.len() >= FEW);
    cluster.resume();
    programs.kill();
    // A record that was only half on its way to the disk.
    for file in std::fs::read_dir(programs.folder.join("data/gate-journal")).unwrap() {
        let mut file = std::fs::File::options().append(true).open(file.unwrap().path()).unwrap();
        std::io::Write::write_all(&mut file, &[200, 1, 0, 0, 7, 7]).unwrap();
    }
    for _ in 0..3 {
        programs.start().await;
        programs.kill();
    }
    programs.start().await;
    assert_kept(&programs, &taps).await;
    assert_alert_counts_all(&programs).await;
    until("the dead process's file is gone", async || {
        std::fs::read_dir(programs.folder.join("data/gate-journal")).unwrap().count() <= 1
    })
    .await;
    close(programs, cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fa_016_if_008_balances_follow_payments_and_what_is_too_old_gives_way_to_the_default() {
    let (cluster, mut programs) = prepare().await;
    run(&programs, "UPDATE store SET away_default = 'admit', balance_age_max_minutes = 30").await;
    // Heard of in the order in which it happened: who hears of the debt's change has heard of the store's.
    run(&programs, "UPDATE debt SET counts_at_gate = false").await;
    until_known(&programs, 0).await;
    run(&programs, "UPDATE debt SET counts_at_gate = true").await;
    until_known(&programs, 1).await;

    cluster.suspend();
    let owing = programs.twin.tap("insufficient").await.unwrap();
    assert!(!owing.admitted(), "who is known to owe stays out, whatever the default");
    programs.twin.set_clock_offset(3600).unwrap();
    let too_old = programs.twin.tap("insufficient").await.unwrap();
    assert!(too_old.admitted(), "an hour ago is too long: nobody knows what is owed now");
    cluster.resume();
    assert_kept(&programs, &[owing.clone(), too_old.clone()]).await;
    let as_of = "SELECT balances_as_of IS NOT NULL FROM gate_decision WHERE gate_event_id = $1";
    for (tap, is_known) in [(&owing, true), (&too_old, false)] {
        let known: bool =
            sqlx::query_scalar(as_of).bind(tap.gate_event.to_string()).fetch_one(&programs.database).await.unwrap();
        assert_eq!(known, is_known);
    }

    assert!(programs.command(&["staff", "add", "erin"]).status().unwrap().success());
    let trip: String = sqlx::query_scalar("SELECT trip_id FROM debt").fetch_one(&programs.database).await.unwrap();
    let outstanding = number(&programs, "SELECT outstanding_minor FROM debt").await;
    let amount = format!("{}.{:02}", outstanding / 100, outstanding % 100);
    let pay = ["debt", "pay", &trip, &amount, "--means", "in_store", "--reference", "till-1"];
    let pay = programs.command_piped(&[&pay[..], &["--as", "erin", "--reason", "paid at the till"]].concat()).output();
    let pay = pay.unwrap();
    assert!(pay.status.success(), "{}", String::from_utf8_lossy(&pay.stderr));
    until_known(&programs, 0).await;
    cluster.stop().await;
    assert!(programs.twin.tap("insufficient").await.unwrap().admitted(), "who has paid comes in, at once");
    cluster.start_again().await;
    programs.kill();
    programs.start().await;
    close(programs, cluster).await;
}

async fn run(programs: &Programs, sql: &'static str) {
    sqlx::query(sql).execute(&programs.database).await.unwrap();
}
