//! A real worker that is suspended past its lease: others do its work, and when it wakes it sends nothing.

use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Api, Fault, demo_items};

use crate::programs::{Programs, until};

fn signal(program: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(program.id()).unwrap()), signal).unwrap();
}

/// The worker that [`Programs::prepare`] has started.
fn first_worker(programs: &Programs) -> &Child {
    &programs.running[1]
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_that_sleeps_through_the_answer_of_a_capture_charges_nobody_twice_when_it_wakes(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut programs = Programs::prepare(connect).await;
    programs.twin.fault(Api::Capture, Fault::Delay(Duration::from_millis(800)), 1);
    let trip = programs.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    until("the capture is out", async || programs.twin.truth().count(Api::Capture, trip) == 1).await;
    signal(first_worker(&programs), Signal::SIGSTOP);
    programs.pass_leases();
    programs.start_worker();
    programs.until_ended(trip, "captured").await;

    signal(first_worker(&programs), Signal::SIGCONT);
    until("the sleeper has kept what it was told", async || {
        let outcome = sqlx::query_scalar("SELECT outcome FROM attempt WHERE api = 'capture_charge' AND trip_id = $1");
        let outcome: String = outcome.bind(trip.to_string()).fetch_one(&programs.database).await.unwrap();
        outcome == "answered"
    })
    .await;
    programs.until_ended(trip, "captured").await;
    let truth = programs.twin.truth();
    assert_eq!((truth.trip(trip).capture_calls, &truth.trip(trip).captures_minor[..]), (1, &[217][..]));
    assert_eq!(truth.trip(trip).feedback.len(), 1, "and Amazon hears of it once");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_worker_that_sleeps_with_a_row_in_its_hand_holds_nobody_up_and_sends_nothing_when_it_wakes(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut programs = Programs::prepare(connect).await;
    signal(first_worker(&programs), Signal::SIGSTOP);
    let trip = programs.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    let mut holder = programs.database.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM trip WHERE trip_id = $1 FOR UPDATE")
        .bind(trip.to_string())
        .execute(&mut *holder)
        .await
        .unwrap();
    signal(first_worker(&programs), Signal::SIGCONT);
    until("the worker waits for the trip, about to call", async || {
        let waiting = "SELECT count(*) > 0 FROM pg_stat_activity
            WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
        sqlx::query_scalar(waiting).fetch_one(&programs.database).await.unwrap()
    })
    .await;
    signal(first_worker(&programs), Signal::SIGSTOP);
    // Now the sleeper's connection has the trip, in a transaction that nobody will end.
    holder.rollback().await.unwrap();
    programs.pass_leases();
    programs.start_worker();
    programs.until_ended(trip, "captured").await;
    let log = programs.log_text();
    assert!(!log.contains("effect not finished"), "the other worker has met no error: {log}");

    signal(first_worker(&programs), Signal::SIGCONT);
    until("the sleeper has given up", async || programs.log_text().contains("effect not finished")).await;
    let truth = programs.twin.truth();
    assert_eq!((truth.trip(trip).adjust_calls, truth.trip(trip).capture_calls), (1, 1));
    assert_eq!(truth.trip(trip).captures_minor, [217]);
}
