//! What holds for the schema as a whole.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::{Api, AttemptOutcome};
use domain::audit::Head;
use domain::debt::{Debt, DebtStatus, DebtStory};
use domain::id::DebtId;
use domain::ledger::{Account, Entry, Subject};
use domain::money::{Currency, Rounding};
use domain::pricing::{BadLineCause, PromotionPolicy, RoundingLevel};
use domain::reason::DebtCause;
use domain::refund::{RefundKind, RefundReason};
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::debt_event::DebtTold;
use super::fixture::{self, NO_PERMISSION, NOW, refusal, refusal_code, usd};
use super::rule_part::PartKind;
use super::{audit, audit_seal, debt, debt_event, ledger, settings};

/// Tables that nobody may change, each with a column that a change could name.
const INSERT_ONLY: [(&str, &str); 5] = [
    ("ledger_transaction", "kind"),
    ("ledger_entry", "account"),
    ("audit_entry", "action"),
    ("debt_event", "kind"),
    ("audit_seal", "sha256"),
];

/// Writes one row at least into each of the insert-only tables.
async fn add_ledger_and_audit(conn: &mut PgConnection) {
    let trip = fixture::add_trip(conn, "trip-1").await;
    let entry = |account, minor| Entry { account, subject: Subject::Trip(trip.id.clone()), amount: usd(minor) };
    let entries = [entry(Account::TripInFlight, 100), entry(Account::Sales, -100)];
    let mut tx = conn.begin().await.unwrap();
    let posting = ledger::Posting { store: &trip.store, currency: Currency::USD, trip: &trip.id, kind: "priced" };
    ledger::post(&mut tx, posting, &entries, NOW).await.unwrap();
    let entry = audit::AuditEntry { actor: "cart", action: "priced", subject: "trip-1", detail: json!({"total": 100}) };
    audit::insert(&mut tx, entry, NOW).await.unwrap();
    let row = audit_seal::list_unsealed(&mut tx, 1).await.unwrap().remove(0);
    audit_seal::insert(&mut tx, &[(row.id, Head::beginning().seal(&row, NOW))], NOW).await.unwrap();
    let (id, debt) = (DebtId(Uuid::new_v4()), Debt::incur(usd(100), DebtCause::SystemError).unwrap());
    debt::insert(&mut tx, id, &trip.id, None, &debt, NOW).await.unwrap();
    let told = DebtTold { story: DebtStory::Incurred, amount: usd(100), by: "worker", reason: None, reference: None };
    debt_event::insert(&mut tx, id, &told, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

/// Every way to change or lose what a table has.
fn changes(table: &str, column: &str) -> [String; 3] {
    [
        format!("UPDATE {table} SET {column} = {column}"),
        format!("DELETE FROM {table}"),
        format!("TRUNCATE {table} CASCADE"),
    ]
}

async fn counts(conn: &mut PgConnection) -> Vec<i64> {
    let mut counts = vec![];
    for (table, _) in INSERT_ONLY {
        counts.push(fixture::count(conn, table).await);
    }
    counts
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_program_has_no_permission_to_change_ledger_or_audit(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    add_ledger_and_audit(&mut conn).await;
    for (table, column) in INSERT_ONLY {
        for change in changes(table, column) {
            assert_eq!(refusal_code(fixture::run(&mut conn, &change).await), NO_PERMISSION, "{change}");
        }
    }
    assert_eq!(counts(&mut conn).await, [1, 2, 1, 1, 1]);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn not_even_the_owner_of_the_tables_changes_ledger_or_audit(_: PgPoolOptions, database: PgConnectOptions) {
    let mut owner = PgConnection::connect_with(&database).await.unwrap();
    add_ledger_and_audit(&mut owner).await;
    for (table, column) in INSERT_ONLY {
        for change in changes(table, column) {
            let refused = refusal(fixture::run(&mut owner, &change).await);
            assert_eq!(refused, format!("{table}_insert_only"), "{change}");
        }
    }
    assert_eq!(counts(&mut owner).await, [1, 2, 1, 1, 1]);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_program_may_write_every_table_and_only_insert_where_nothing_changes(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let rows = sqlx::query_as(
        "SELECT tablename::text, coalesce(string_agg(privilege_type, ' ' ORDER BY privilege_type), '')
         FROM pg_tables LEFT JOIN information_schema.role_table_grants
             ON table_schema = schemaname AND table_name = tablename AND grantee = 'storeside_app'
         WHERE schemaname = 'public' GROUP BY tablename",
    );
    let granted: BTreeMap<String, String> = rows.fetch_all(&mut conn).await.unwrap().into_iter().collect();
    assert!(granted.len() > 20, "the tables were not found: {granted:?}");
    for (table, privileges) in granted {
        let expected = match table.as_str() {
            "_sqlx_migrations" => "",
            // Written once, with its refund; its own tests try to change it.
            "refund_line" => "INSERT SELECT",
            it if INSERT_ONLY.iter().any(|(table, _)| *table == it) => "INSERT SELECT",
            _ => "DELETE INSERT SELECT UPDATE",
        };
        assert_eq!(privileges, expected, "{table}");
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn no_default_and_no_function_reads_the_clock_of_the_database(_: PgPoolOptions, database: PgConnectOptions) {
    const CLOCKS: &str = r"\m(now|current_(date|time|timestamp)|local(time|timestamp)|(clock|statement|transaction)_timestamp|timeofday)\M";
    let mut conn = fixture::connect(database).await;
    // The migrator's own table is not ours.
    let codes: Vec<(String, String)> = sqlx::query_as(
        "SELECT adrelid::regclass::text, pg_get_expr(adbin, adrelid) FROM pg_attrdef
         WHERE adrelid <> '_sqlx_migrations'::regclass
         UNION ALL SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint
         UNION ALL SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    for known in ["outbox", "trip_state", "refuse_change", "ledger_must_balance"] {
        assert!(codes.iter().any(|(name, _)| name == known), "{known} was not found");
    }
    for (name, code) in codes {
        let reads_clock: bool =
            sqlx::query_scalar("SELECT $1 ~* $2").bind(&code).bind(CLOCKS).fetch_one(&mut conn).await.unwrap();
        assert!(!reads_clock, "{name}: {code}");
    }
    let found: bool =
        sqlx::query_scalar("SELECT 'DEFAULT now()' ~* $1").bind(CLOCKS).fetch_one(&mut conn).await.unwrap();
    assert!(found, "the pattern finds a clock where there is one");
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> BTreeSet<String> {
    all.iter().map(|it| word(*it).to_owned()).collect()
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_closed_list_has_the_same_words_in_its_type_and_in_its_check(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let roundings = [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown];
    let lists = [
        ("store_gate_strategy", words(GateStrategy::ALL, GateStrategy::as_str)),
        ("store_feedback", words(FeedbackPolicy::ALL, FeedbackPolicy::as_str)),
        ("store_bad_cart", words(BadCartPolicy::ALL, BadCartPolicy::as_str)),
        ("store_decline", words(DeclinePolicy::ALL, DeclinePolicy::as_str)),
        ("store_rounding", words(&roundings, settings::rounding_word)),
        ("store_rounding_level", words(RoundingLevel::ALL, RoundingLevel::as_str)),
        ("store_promotion_policy", words(PromotionPolicy::ALL, PromotionPolicy::as_str)),
        ("rule_part_kind", words(&PartKind::ALL, PartKind::as_str)),
        ("trip_cause", words(DebtCause::ALL, DebtCause::as_str)),
        ("debt_cause", words(DebtCause::ALL, DebtCause::as_str)),
        ("debt_status", words(DebtStatus::ALL, DebtStatus::as_str)),
        ("debt_event_kind", words(DebtStory::ALL, DebtStory::as_str)),
        ("bad_line_cause", words(BadLineCause::ALL, BadLineCause::as_str)),
        ("ledger_entry_account", words(Account::ALL, Account::as_str)),
        ("attempt_api", words(Api::ALL, Api::as_str)),
        ("refund_kind", words(RefundKind::ALL, RefundKind::as_str)),
        ("refund_reason_code", words(RefundReason::ALL, RefundReason::as_str)),
        ("attempt_outcome", words(AttemptOutcome::ALL, AttemptOutcome::as_str)),
    ];
    for (constraint, expected) in lists {
        let sql = format!(
            "SELECT (regexp_matches(pg_get_constraintdef(oid), '''([^'']+)''', 'g'))[1] FROM pg_constraint
             WHERE conname = '{constraint}'"
        );
        let checked: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut conn).await.unwrap();
        assert_eq!(checked.into_iter().collect::<BTreeSet<_>>(), expected, "{constraint}");
    }
}
