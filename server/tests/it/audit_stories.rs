//! The audit's chain: everything that is done is sealed once, and whoever changes the past is found.

use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::audit::{Break, Head, SealHash};
use serde_json::json;
use server::database::pool_options;
use server::flow::read_audit::read_audit;
use server::flow::seal_audit::{SEALED_WITHIN, audit_head, seal_audit, watch_seals};
use server::flow::verify::Told;
use server::flow::verify_audit::{AuditVerified, AuditViolation, verify_audit};
use server::store::audit::{self, AuditEntry};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use twin::demo_items;

use crate::programs::{Programs, until};
use crate::shop::Shop;

const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

/// Long enough for every row to be sealed.
const LATER: OffsetDateTime = datetime!(2026-11-21 10:00 UTC);

/// An audit of five rows, sealed; connections as the program has them, and one that may do anything.
async fn sealed_audit(connect: PgConnectOptions) -> (PgPool, PgConnection) {
    let database = pool_options().connect_with(connect.clone()).await.unwrap();
    for subject in ["trip-1", "trip-2", "trip-3", "trip-4", "trip-5"] {
        write(&database, subject, NOW).await;
    }
    assert_eq!(seal_audit(&database, NOW).await.unwrap(), 5);
    let mut owner = PgConnection::connect_with(&connect).await.unwrap();
    owner.execute("SET session_replication_role = replica").await.unwrap();
    (database, owner)
}

async fn write(database: &PgPool, subject: &str, at: OffsetDateTime) {
    let entry = AuditEntry { actor: "worker", action: "trip_moved", subject, detail: json!({"to": "captured"}) };
    audit::insert(&mut database.acquire().await.unwrap(), entry, at).await.unwrap();
}

async fn verified(database: &PgPool, kept: Option<Head>) -> (AuditVerified, Vec<AuditViolation>) {
    let mut found = vec![];
    let verified = verify_audit(database, kept, LATER, |told| {
        if let Told::Found(violation) = told {
            found.push(violation);
        }
    });
    let verified = verified.await.unwrap();
    assert_eq!(verified.violations, found.len() as u64);
    (verified, found)
}

async fn violations(database: &PgPool) -> Vec<AuditViolation> {
    verified(database, None).await.1
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_that_wait_too_long_for_their_seal_are_told_once_until_somebody_seals_them(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (database, _) = sealed_audit(connect).await;
    let open = async || -> Vec<(String, String, i32)> {
        let sql = "SELECT kind, subject, times FROM alert WHERE closed_at IS NULL";
        sqlx::query_as(sql).fetch_all(&database).await.unwrap()
    };
    watch_seals(&database, NOW + Duration::days(1)).await.unwrap();
    assert_eq!(open().await, [], "everything is sealed");
    write(&database, "trip-6", NOW).await;
    watch_seals(&database, NOW + SEALED_WITHIN).await.unwrap();
    assert_eq!(open().await, [], "it may wait so long");
    let late = NOW + SEALED_WITHIN + Duration::SECOND;
    for _ in 0..3 {
        watch_seals(&database, late).await.unwrap();
    }
    assert_eq!(open().await, [("audit_unsealed".to_owned(), "audit".to_owned(), 1)]);
    assert_eq!(seal_audit(&database, late).await.unwrap(), 1);
    watch_seals(&database, late).await.unwrap();
    assert_eq!(open().await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_audit_that_nobody_touched_verifies_and_so_does_an_empty_one(_: PgPoolOptions, connect: PgConnectOptions) {
    let empty = pool_options().connect_with(connect.clone()).await.unwrap();
    let (nothing, found) = verified(&empty, None).await;
    assert_eq!((nothing.head, found), (Head::beginning(), vec![]));
    let (database, _) = sealed_audit(connect).await;
    let (first, found) = verified(&database, Some(nothing.head)).await;
    assert_eq!((first.head.no, found), (5, vec![]));
    write(&database, "trip-6", LATER).await;
    assert_eq!(seal_audit(&database, LATER).await.unwrap(), 1);
    assert_eq!(verified(&database, Some(first.head)).await.1, [], "an earlier head holds for ever");
    assert_eq!(seal_audit(&database, LATER).await.unwrap(), 0, "nothing is sealed twice");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_edit_of_a_row_or_a_seal_is_found_and_named(_: PgPoolOptions, connect: PgConnectOptions) {
    let (database, mut owner) = sealed_audit(connect).await;
    let entry: i64 = sqlx::query_scalar("SELECT audit_entry_id FROM audit_seal WHERE seal_no = 3")
        .fetch_one(&database)
        .await
        .unwrap();
    let changed = |no, entry| AuditViolation::Chain(Break::Changed { no, entry });
    for (edit, undo) in [
        ("actor = 'ben'", "actor = 'worker'"),
        ("action = 'trip_seen'", "action = 'trip_moved'"),
        ("subject = 'trip-4'", "subject = 'trip-3'"),
        (r#"detail = '{"to": "cancelled"}'"#, r#"detail = '{"to": "captured"}'"#),
        (
            "recorded_at = recorded_at + interval '1 microsecond'",
            "recorded_at = recorded_at - interval '1 microsecond'",
        ),
    ] {
        let update = |what| AssertSqlSafe(format!("UPDATE audit_entry SET {what} WHERE audit_entry_id = {entry}"));
        owner.execute(update(edit)).await.unwrap();
        assert_eq!(violations(&database).await, [changed(3, entry)], "{edit}");
        owner.execute(update(undo)).await.unwrap();
        assert_eq!(violations(&database).await, [], "{undo}");
    }
    owner.execute("UPDATE audit_seal SET sealed_at = sealed_at + interval '1 second' WHERE seal_no = 3").await.unwrap();
    assert_eq!(violations(&database).await, [changed(3, entry)]);
    owner.execute("UPDATE audit_seal SET sealed_at = sealed_at - interval '1 second', sha256 = sha256(sha256) WHERE seal_no = 3").await.unwrap();
    assert_eq!(violations(&database).await, [changed(3, entry), changed(4, entry + 1)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_that_changed_places_are_found(_: PgPoolOptions, connect: PgConnectOptions) {
    let (database, mut owner) = sealed_audit(connect).await;
    let entries: Vec<i64> = sqlx::query_scalar("SELECT audit_entry_id FROM audit_seal ORDER BY seal_no")
        .fetch_all(&database)
        .await
        .unwrap();
    // Through a number that is free, since each row has one seal.
    for (no, entry) in [(2, -1), (4, entries[1]), (2, entries[3])] {
        let swap = format!("UPDATE audit_seal SET audit_entry_id = {entry} WHERE seal_no = {no}");
        owner.execute(AssertSqlSafe(swap)).await.unwrap();
    }
    let changed = |no, entry| AuditViolation::Chain(Break::Changed { no, entry });
    assert_eq!(violations(&database).await, [changed(2, entries[3]), changed(4, entries[1])]);
}

#[sqlx::test(migrations = "../migrations")]
async fn deleted_rows_and_seals_are_found_wherever_they_were(_: PgPoolOptions, connect: PgConnectOptions) {
    let (database, mut owner) = sealed_audit(connect).await;
    let entries: Vec<i64> = sqlx::query_scalar("SELECT audit_entry_id FROM audit_seal ORDER BY seal_no")
        .fetch_all(&database)
        .await
        .unwrap();
    let unsealed = |entry| AuditViolation::Unsealed { entry, recorded_at: NOW };
    let mut tx = owner.begin().await.unwrap();
    let delete = format!("DELETE FROM audit_entry WHERE audit_entry_id = {}", entries[1]);
    tx.execute(AssertSqlSafe(delete.clone())).await.unwrap();
    tx.execute("DELETE FROM audit_seal WHERE seal_no = 4").await.unwrap();
    tx.commit().await.unwrap();
    let deleted = AuditViolation::Chain(Break::Deleted { no: 2, entry: entries[1] });
    let cut = AuditViolation::Chain(Break::Cut { from: 4, to: 4 });
    assert_eq!(violations(&database).await, [deleted, cut, unsealed(entries[3])]);

    // A row that goes together with its seal: the number is missing.
    owner.execute("DELETE FROM audit_seal WHERE seal_no = 2").await.unwrap();
    let first_cut = AuditViolation::Chain(Break::Cut { from: 2, to: 2 });
    assert_eq!(violations(&database).await, [first_cut, cut, unsealed(entries[3])]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cut_tail_is_found_by_a_head_that_was_kept_and_by_nothing_else(_: PgPoolOptions, connect: PgConnectOptions) {
    let (database, mut owner) = sealed_audit(connect).await;
    let kept = audit_head(&database).await.unwrap();
    owner
        .execute(
            "DELETE FROM audit_entry WHERE audit_entry_id IN (SELECT audit_entry_id FROM audit_seal WHERE seal_no > 3)",
        )
        .await
        .unwrap();
    owner.execute("DELETE FROM audit_seal WHERE seal_no > 3").await.unwrap();
    assert_eq!(violations(&database).await, [], "why the command says so where no head is given");
    let cut = AuditViolation::TailCut { kept: 5, last: 3 };
    assert_eq!(verified(&database, Some(kept)).await.1, [cut]);

    // Grown again past where it was, it has another hash there.
    for subject in ["trip-6", "trip-7", "trip-8"] {
        write(&database, subject, NOW).await;
    }
    seal_audit(&database, NOW).await.unwrap();
    assert_eq!(violations(&database).await, []);
    let found = verified(&database, Some(kept)).await.1;
    assert!(matches!(found[..], [AuditViolation::Rewritten { was, .. }] if was == kept), "{found:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_chain_that_was_made_anew_is_found_by_a_head_that_was_kept(_: PgPoolOptions, connect: PgConnectOptions) {
    let (database, mut owner) = sealed_audit(connect).await;
    let kept = audit_head(&database).await.unwrap();
    // Who may change everything reckons the whole chain again after an edit.
    owner.execute("UPDATE audit_entry SET actor = 'ben' WHERE subject = 'trip-2'").await.unwrap();
    owner.execute("INSERT INTO audit_unsealed SELECT audit_entry_id FROM audit_seal").await.unwrap();
    owner.execute("DELETE FROM audit_seal").await.unwrap();
    assert_eq!(seal_audit(&database, NOW).await.unwrap(), 5);
    assert_eq!(violations(&database).await, []);
    assert!(matches!(verified(&database, Some(kept)).await.1[..], [AuditViolation::Rewritten { .. }]));
    let nobodys = Head { no: 2, hash: SealHash([0; 32]) };
    assert!(matches!(verified(&database, Some(nobodys)).await.1[..], [AuditViolation::Rewritten { .. }]));
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_that_wait_too_long_or_vanish_before_their_seal_are_found(_: PgPoolOptions, connect: PgConnectOptions) {
    let (database, mut owner) = sealed_audit(connect).await;
    write(&database, "trip-6", NOW).await;
    write(&database, "trip-7", LATER).await;
    let entry: i64 = sqlx::query_scalar("SELECT max(audit_entry_id) FROM audit_entry WHERE subject = 'trip-6'")
        .fetch_one(&database)
        .await
        .unwrap();
    let unsealed = AuditViolation::Unsealed { entry, recorded_at: NOW };
    assert_eq!(violations(&database).await, [unsealed], "and the newest is not late yet");

    // Taken off the list of those that wait: not even then is it forgotten.
    owner.execute(AssertSqlSafe(format!("DELETE FROM audit_unsealed WHERE audit_entry_id = {entry}"))).await.unwrap();
    assert_eq!(seal_audit(&database, LATER).await.unwrap(), 1);
    assert_eq!(violations(&database).await, [unsealed]);

    write(&database, "trip-8", LATER).await;
    owner.execute("DELETE FROM audit_entry WHERE subject IN ('trip-6', 'trip-8')").await.unwrap();
    assert_eq!(violations(&database).await, [AuditViolation::Vanished(entry + 2)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn everything_that_many_write_while_several_seal_is_sealed_once(_: PgPoolOptions, connect: PgConnectOptions) {
    const WRITERS: usize = 16;
    const ROWS: usize = 60;
    let database = pool_options().max_connections(24).connect_with(connect).await.unwrap();
    let writing = std::sync::Arc::new(AtomicBool::new(true));
    let mut sealers = JoinSet::new();
    for _ in 0..4 {
        let (database, writing) = (database.clone(), writing.clone());
        sealers.spawn(async move {
            let mut sealed = 0;
            while writing.load(Ordering::Acquire) {
                sealed += seal_audit(&database, NOW).await.unwrap();
                tokio::task::yield_now().await;
            }
            sealed
        });
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let database = database.clone();
        writers.spawn(async move {
            for row in 0..ROWS {
                // Some transactions have two rows, some end before others that began earlier, some are given up.
                let mut tx = database.begin().await.unwrap();
                let (first, second) = (format!("trip-{writer}-{row}"), format!("trip-{writer}-{row}-b"));
                let entry = |subject| AuditEntry {
                    actor: "worker",
                    action: "trip_moved",
                    subject,
                    detail: json!({"row": row}),
                };
                audit::insert(&mut tx, entry(&first), NOW).await.unwrap();
                tokio::task::yield_now().await;
                audit::insert(&mut tx, entry(&second), NOW).await.unwrap();
                match row % 5 {
                    0 => tx.rollback().await.unwrap(),
                    _ => tx.commit().await.unwrap(),
                }
            }
        });
    }
    writers.join_all().await;
    writing.store(false, Ordering::Release);
    let meanwhile: u64 = sealers.join_all().await.into_iter().sum();
    let left = seal_audit(&database, NOW).await.unwrap();
    let committed = (WRITERS * ROWS / 5 * 4 * 2) as u64;
    assert_eq!(meanwhile + left, committed, "each once");
    assert!(meanwhile > 0, "sealing goes on while others write");
    let (verified, found) = verified(&database, None).await;
    assert_eq!((verified.head.no as u64, found), (committed, vec![]));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_shop_does_in_a_day_is_sealed_and_can_be_read_by_trip(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect.clone()).await;
    let paid = shop.twin.walk("visa", &demo_items(3)).await.unwrap();
    let owed = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap();
    shop.settle().await;
    shop.twin.tap("insufficient").await.unwrap();
    shop.pass(Duration::hours(47)).await;
    let mut actions = vec![];
    for trip in [paid.trip, owed.trip] {
        read_audit(&shop.database, &trip.to_string(), |row| actions.push(row.action)).await.unwrap();
    }
    assert!(actions.iter().filter(|it| *it == "trip_moved").count() >= 4, "{actions:?}");
    assert!(actions.iter().any(|it| it == "debt_incurred"), "{actions:?}");

    // Nobody has sealed for two days, and that shows; then somebody does, and then it is changed.
    let now = shop.worker.clock.now();
    let ignore = |_: Told<AuditViolation>| {};
    assert!(verify_audit(&shop.database, None, now, ignore).await.unwrap().violations > 0);
    let sealed = seal_audit(&shop.database, now).await.unwrap();
    let clean = verify_audit(&shop.database, None, now, ignore).await.unwrap();
    assert_eq!((clean.head.no as u64, clean.violations), (sealed, 0));
    let mut owner = PgConnection::connect_with(&connect).await.unwrap();
    let refused = owner.execute("UPDATE audit_entry SET actor = 'ben' WHERE action = 'debt_incurred'").await;
    assert!(refused.is_err(), "the trigger stands before the chain");
    owner.execute("SET session_replication_role = replica").await.unwrap();
    owner.execute("UPDATE audit_entry SET actor = 'ben' WHERE action = 'debt_incurred'").await.unwrap();
    assert_eq!(verify_audit(&shop.database, None, now, ignore).await.unwrap().violations, 1);
    owner.execute("UPDATE audit_entry SET actor = 'worker' WHERE action = 'debt_incurred'").await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_program_seals_while_it_works_logs_the_head_and_its_command_fails_on_a_changed_row(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let programs = Programs::prepare(connect).await;
    let trip = programs.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    programs.until_ended(trip, "captured").await;
    until("everything is sealed", async || {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM audit_unsealed").fetch_one(&programs.database).await.unwrap();
        left == 0
    })
    .await;
    assert!(programs.log_text().contains("seal.sha256"), "the head is in the log");

    let run = |arguments: &[&str]| {
        let Output { status, stdout, stderr } = programs.command_piped(arguments).output().unwrap();
        (status.success(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
    };
    let (well, said) = run(&["verify", "audit"]);
    assert!(well && said.contains("--head"), "it says what it cannot see: {said}");
    let head = said.lines().find_map(|line| line.strip_prefix("Head: ")).unwrap();
    let (well, said) = run(&["verify", "audit", "--head", head]);
    assert!(well && said.contains("still holds"), "{said}");
    let (_, said) = run(&["audit", "list", "--subject", &trip.to_string()]);
    assert!(said.contains("trip_moved") && said.contains("\"to\":\"captured\""), "{said}");
    let (well, said) = run(&["verify", "audit", "--head", "12:soon"]);
    assert!(!well && said.contains("64 hexadecimal digits"), "{said}");

    let mut owner = programs.database.acquire().await.unwrap();
    owner.execute("SET session_replication_role = replica").await.unwrap();
    let changed = "UPDATE audit_entry SET actor = 'ben' WHERE action = 'trip_moved' AND detail ->> 'to' = 'captured'
        RETURNING audit_entry_id";
    let entry: i64 = sqlx::query_scalar(changed).fetch_one(&mut *owner).await.unwrap();
    let (well, said) = run(&["verify", "audit", "--head", head]);
    assert!(!well && said.contains(&format!("audit row {entry} is not what was sealed")), "{said}");
}
