//! What a bench asks the database: only the questions that no answer over HTTP tells.

use std::time::Duration;

use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgPool};

/// A pool with the rights of the database's owner.
///
/// # Errors
///
/// When nobody answers there.
pub async fn connect(url: &str) -> anyhow::Result<PgPool> {
    let options: PgConnectOptions = url.parse().context("the database's address")?;
    Ok(PgPoolOptions::new().max_connections(8).connect_with(options.disable_statement_logging()).await?)
}

/// One number.
///
/// # Errors
///
/// What the database says.
pub async fn number(database: &PgPool, sql: &'static str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(sql).fetch_one(database).await?)
}

/// One number about something.
///
/// # Errors
///
/// What the database says.
pub async fn number_of(database: &PgPool, sql: &'static str, id: &str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(sql).bind(id).fetch_one(database).await?)
}

/// One text.
///
/// # Errors
///
/// What the database says.
pub async fn text(database: &PgPool, sql: &'static str) -> anyhow::Result<String> {
    Ok(sqlx::query_scalar(sql).fetch_one(database).await?)
}

/// A list of texts.
///
/// # Errors
///
/// What the database says.
pub async fn texts(database: &PgPool, sql: &'static str) -> anyhow::Result<Vec<String>> {
    Ok(sqlx::query_scalar(sql).fetch_all(database).await?)
}

/// Statements, one after the other.
///
/// # Errors
///
/// What the database says.
pub async fn run(database: &PgPool, sql: &'static str) -> anyhow::Result<()> {
    database.execute(sqlx::raw_sql(sql)).await?;
    Ok(())
}

/// Rows into a table, as COPY wants them: tabs between columns, a newline after each row.
///
/// # Errors
///
/// What the database says.
pub async fn copy(database: &PgPool, into: &str, rows: impl Iterator<Item = String> + Send) -> anyhow::Result<u64> {
    let mut conn = database.acquire().await?;
    let mut copying = conn.copy_in_raw(&format!("COPY {into} FROM STDIN")).await?;
    let mut block = String::with_capacity(BLOCK_BYTES * 2);
    let table = into.split(' ').next().unwrap_or_default();
    for (done, row) in (1..).zip(rows) {
        if done % PROGRESS_EVERY == 0 {
            eprintln!("  {table}: {done} rows");
        }
        block.push_str(&row);
        block.push('\n');
        if block.len() > BLOCK_BYTES {
            copying.send(block.as_bytes()).await?;
            block.clear();
        }
    }
    copying.send(block.as_bytes()).await?;
    Ok(copying.finish().await?)
}

/// A filled table is as one that has grown to that: with its statistics, and with nothing that the disk has still to write.
///
/// # Errors
///
/// What the database says.
pub async fn settle(database: &PgPool, tables: &[&str]) -> anyhow::Result<()> {
    for table in tables {
        eprintln!("  {table}: statistics");
        database.execute(sqlx::raw_sql(AssertSqlSafe(format!("VACUUM (ANALYZE) {table}")))).await?;
    }
    run(database, "CHECKPOINT").await?;
    tokio::time::sleep(WRITTEN_AFTER).await;
    Ok(())
}

/// How long the disk may take for what a checkpoint has handed to it.
const WRITTEN_AFTER: Duration = Duration::from_secs(10);

/// Rows after which a person hears how far a copy is.
const PROGRESS_EVERY: u64 = 1_000_000;

/// Bytes that are sent at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Waits until a count is zero. How long that took; `None`: it was not, within `patience`.
///
/// # Errors
///
/// What the database says.
pub async fn until_none(database: &PgPool, sql: &'static str, patience: Duration) -> anyhow::Result<Option<Duration>> {
    let began = tokio::time::Instant::now();
    while number(database, sql).await? > 0 {
        if began.elapsed() > patience {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(Some(began.elapsed()))
}
