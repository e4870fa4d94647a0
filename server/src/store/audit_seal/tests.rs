//! Rows of the chain.

use serde_json::json;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;

use super::super::audit::{self, AuditEntry};
use super::super::fixture::{self, NOW, refusal};
use super::*;

async fn write(conn: &mut PgConnection, subject: &str) {
    let entry =
        AuditEntry { actor: "gate", action: "entry_denied", subject, detail: json!({"b": [1, null], "a": 815}) };
    audit::insert(conn, entry, NOW).await.unwrap();
}

/// Seals all that waits.
async fn seal(conn: &mut PgConnection, now: OffsetDateTime) -> Vec<(i64, Head)> {
    let mut head = get_head(&mut *conn).await.unwrap();
    let rows = list_unsealed(&mut *conn, 100).await.unwrap();
    let seals: Vec<_> = rows
        .iter()
        .map(|row| {
            head = head.seal(row, now);
            (row.id, head)
        })
        .collect();
    insert(conn, &seals, now).await.unwrap();
    seals
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_is_sealed_reads_back_with_its_row_and_waits_no_longer(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    assert_eq!(get_head(&mut conn).await.unwrap(), Head::beginning());
    assert_eq!(entry_bounds(&mut conn, 0).await.unwrap(), None);
    for subject in ["card-1", "card-2", "card-3"] {
        write(&mut conn, subject).await;
    }
    assert_eq!(list_unsealed(&mut conn, 2).await.unwrap().len(), 2, "no more than were asked for");
    let seals = seal(&mut conn, NOW).await;
    assert_eq!(list_unsealed(&mut conn, 100).await.unwrap(), []);
    assert_eq!(get_head(&mut conn).await.unwrap(), seals[2].1);
    assert_eq!(get(&mut conn, 2).await.unwrap(), Some(seals[1].1));
    assert_eq!(get(&mut conn, 4).await.unwrap(), None);

    let kept = list(&mut conn, 1..4).await.unwrap();
    assert_eq!(kept.iter().map(|it| (it.entry, it.head)).collect::<Vec<_>>(), seals);
    let row = kept[1].row.as_ref().unwrap();
    assert_eq!(
        (row.subject.as_str(), &row.detail, row.recorded_at),
        ("card-2", &json!({"b": [1, null], "a": 815}), NOW)
    );
    assert_eq!(list(&mut conn, 2..3).await.unwrap(), kept[1..2]);
    let bounds = entry_bounds(&mut conn, 0).await.unwrap();
    assert_eq!(bounds, Some((seals[0].0, seals[2].0)));
    assert_eq!(entry_bounds(&mut conn, seals[2].0 + 1).await.unwrap(), None);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_row_that_commits_after_a_later_one_was_sealed_waits_for_its_own_seal(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let pool = fixture::pool(database).await;
    let (mut slow, mut quick) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let mut open = slow.begin().await.unwrap();
    write(&mut open, "first-to-have-a-number").await;
    write(&mut quick, "first-to-commit").await;
    let before = seal(&mut quick, NOW).await;
    assert_eq!(before.len(), 1, "what is not committed is not seen, and nobody waits for it");
    open.commit().await.unwrap();
    let after = seal(&mut quick, NOW).await;
    assert_eq!(after.len(), 1);
    assert!(after[0].0 < before[0].0, "the smaller number comes later in the chain");
    assert_eq!((before[0].1.no, after[0].1.no), (1, 2));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_row_that_is_rolled_back_waits_for_nothing(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let mut open = conn.begin().await.unwrap();
    write(&mut open, "card-1").await;
    open.rollback().await.unwrap();
    assert_eq!(fixture::count(&mut conn, "audit_unsealed").await, 0);
    assert_eq!(seal(&mut conn, NOW).await, []);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn one_at_a_time_seals_until_its_transaction_ends(_: PgPoolOptions, database: PgConnectOptions) {
    let pool = fixture::pool(database).await;
    let (mut one, mut other) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let mut first = one.begin().await.unwrap();
    assert!(try_lock(&mut first).await.unwrap());
    let mut second = other.begin().await.unwrap();
    assert!(!try_lock(&mut second).await.unwrap());
    first.rollback().await.unwrap();
    assert!(try_lock(&mut second).await.unwrap());
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_row_is_sealed_once_under_a_number_of_its_own(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    write(&mut conn, "card-1").await;
    write(&mut conn, "card-2").await;
    let seals = seal(&mut conn, NOW).await;
    let (entry, head) = seals[0];
    let again = |no, entry| [(entry, Head { no, ..head })];
    assert_eq!(refusal(insert(&mut conn, &again(3, entry), NOW).await), "audit_seal_once");
    assert_eq!(refusal(insert(&mut conn, &again(1, entry), NOW).await), "audit_seal_pk");
    assert_eq!(refusal(insert(&mut conn, &again(0, entry), NOW).await), "audit_seal_no");
    assert_eq!(refusal(insert(&mut conn, &again(3, entry + 100), NOW).await), "audit_seal_entry");
    let short = "INSERT INTO audit_seal SELECT 3, audit_entry_id, '\\x00', sealed_at FROM audit_seal WHERE seal_no = 1";
    assert_eq!(refusal(fixture::run(&mut conn, short).await), "audit_seal_hash_length");

    // A sealed row that is put back among those that wait does not stop the sealer.
    fixture::run(&mut conn, "INSERT INTO audit_unsealed SELECT audit_entry_id FROM audit_seal").await.unwrap();
    write(&mut conn, "card-3").await;
    assert_eq!(seal(&mut conn, NOW).await.len(), 1);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn rows_that_nobody_sealed_are_listed_by_age_and_rows_that_are_gone_by_number(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database.clone()).await;
    for subject in ["card-1", "card-2", "card-3"] {
        write(&mut conn, subject).await;
    }
    let (first, last) = entry_bounds(&mut conn, 0).await.unwrap().unwrap();
    assert_eq!(list_entries_without(&mut conn, first..last + 1, NOW).await.unwrap(), [], "not old enough");
    let later = NOW + Duration::SECOND;
    let listed = list_entries_without(&mut conn, first + 1..last + 1, later).await.unwrap();
    assert_eq!(listed, [(first + 1, NOW), (last, NOW)]);
    assert_eq!(list_vanished(&mut conn, 0, 10).await.unwrap(), [0; 0]);

    let mut owner = PgConnection::connect_with(&database).await.unwrap();
    let delete =
        format!("SET session_replication_role = replica; DELETE FROM audit_entry WHERE audit_entry_id = {first}");
    fixture::run(&mut owner, &delete).await.unwrap();
    assert_eq!(list_vanished(&mut conn, 0, 10).await.unwrap(), [first]);
    assert_eq!(list_vanished(&mut conn, first, 10).await.unwrap(), [0; 0]);
    seal(&mut conn, NOW).await;
    assert_eq!(list_entries_without(&mut conn, 0..i64::MAX, later).await.unwrap(), []);
}
