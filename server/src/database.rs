//! The database: the pool the program works with, the migrations, and the embedded PostgreSQL for when there is no other.

pub mod embedded;

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};

use self::embedded::{Durability, EmbeddedError};
use crate::secret::Secret;

/// The program works as this role: it may not touch what is insert-only.
const TAKE_ROLE: &str = "SET ROLE storeside_app";

/// Connections of one process.
const CONNECTIONS_MAX: u32 = 32;

/// How long a request waits for a free connection before it says "try again".
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that was used so recently is not asked first whether it still is one: each answer and each step of a trip takes one.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long a transaction of ours may do nothing: it holds rows that others need, and whoever has it is dead or suspended.
const IDLE_IN_TRANSACTION: (&str, &str) = ("idle_in_transaction_session_timeout", "10s");

/// For the connections of workers, who need not be told of what they ask for themselves.
const WAKES_NOBODY: (&str, &str) = ("storeside.wakes", "off");

/// For the connections of workers, whose few statements come again and again: each is planned once. PostgreSQL would plan the longest of
/// them anew each time, which takes longer than running them.
const PLANS_ONCE: (&str, &str) = ("plan_cache_mode", "force_generic_plan");

/// Everything in `migrations/`.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Why there is no database to work with.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// `DATABASE_URL`. Not repeated: it may have a password.
    #[error("DATABASE_URL must be a PostgreSQL address, like postgres://user:password@host:5432/storeside")]
    Url(#[source] sqlx::Error),
    /// Nobody answers there.
    #[error("the database cannot be reached: check DATABASE_URL, and that PostgreSQL runs there")]
    Away(#[source] sqlx::Error),
    /// The tables are missing or older than this program.
    #[error("the database is not migrated: run `storeside migrate`")]
    NotMigrated,
    /// A migration failed.
    #[error("a migration failed, and nothing of it was kept")]
    Migrate(#[source] MigrateError),
    /// No embedded PostgreSQL.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
}

/// The address to connect to: the given one, or that of the embedded PostgreSQL, which is started when nobody has.
///
/// # Errors
///
/// Says why the embedded one cannot be started.
pub async fn address(
    url: Option<&Secret>,
    data_dir: &Path,
    pg_bin: Option<&Path>,
) -> Result<PgConnectOptions, DatabaseError> {
    let url = match url {
        Some(url) => url.expose().to_owned(),
        None => embedded::ensure_running(data_dir, pg_bin, Durability::Durable).await?.url,
    };
    url.parse().map_err(DatabaseError::Url)
}

/// A pool whose every connection works as the role `storeside_app`.
///
/// # Errors
///
/// `Away` when nobody answers, `NotMigrated` when the tables are not this program's.
pub async fn connect(options: PgConnectOptions) -> Result<PgPool, DatabaseError> {
    let mut conn = PgConnection::connect_with(&options).await.map_err(DatabaseError::Away)?;
    check_migrated(&mut conn).await?;
    conn.close().await.map_err(DatabaseError::Away)?;
    pool_options().connect_with(options.options([IDLE_IN_TRANSACTION])).await.map_err(DatabaseError::Away)
}

/// An address for workers: what they put into the outbox wakes nobody, since they look for more whenever they have finished something.
#[must_use]
pub fn for_workers(options: PgConnectOptions) -> PgConnectOptions {
    options.options([WAKES_NOBODY, PLANS_ONCE])
}

/// Two connections that are made when they are wanted, for the one who listens to what changes at the gate.
#[must_use]
pub fn own_pool(options: PgConnectOptions) -> PgPool {
    pool_options().max_connections(2).connect_lazy_with(options)
}

/// How the pool is made; story tests make theirs the same way.
#[must_use]
pub fn pool_options() -> PgPoolOptions {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(ACQUIRE_TIMEOUT);
    options
        .after_connect(|conn, _| {
            Box::pin(async move {
                conn.execute(TAKE_ROLE).await?;
                Ok(())
            })
        })
        .test_before_acquire(false)
        .before_acquire(|conn, met| {
            Box::pin(async move {
                if met.idle_for >= TRUSTED_FOR {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}

/// A database that is newer than this program is fine: the next version's migrations only add.
async fn check_migrated(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    let applied: Result<Vec<i64>, _> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(conn).await;
    let applied = applied.map_err(|_| DatabaseError::NotMigrated)?;
    let all = MIGRATOR.iter().all(|migration| applied.contains(&migration.version));
    if all { Ok(()) } else { Err(DatabaseError::NotMigrated) }
}

/// Applies what is missing, as the user of the address. How many migrations there are in all.
///
/// # Errors
///
/// Says which migration failed.
pub async fn migrate(options: &PgConnectOptions) -> Result<usize, DatabaseError> {
    let mut conn = PgConnection::connect_with(options).await.map_err(DatabaseError::Away)?;
    MIGRATOR.run_direct(None, &mut conn, false).await.map_err(DatabaseError::Migrate)?;
    Ok(MIGRATOR.iter().count())
}

#[cfg(test)]
mod tests;
