//! The PostgreSQL that Storeside brings along, used when `DATABASE_URL` is unset.
//!
//! A private cluster that listens on a unix socket only: started by whoever needs it first, under a lock, and left running until
//! somebody asks for [`stop`]. PostgreSQL refuses to run as root, so as root it runs as an unprivileged account, with its binaries
//! and its files where that account can reach them. Linux only: whether a server is alive is read from `/proc`.

mod account;
mod binaries;
mod cluster;
mod error;
mod place;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, sleep, timeout};

use self::binaries::Binaries;
use self::cluster::Cluster;
pub use self::error::EmbeddedError;
use self::place::Place;

/// The database inside the cluster, and the role that owns everything in it.
const NAME: &str = "storeside";
/// Only part of the socket's name, because nothing listens on the network.
const PORT: u16 = 5432;
const LOCK_WAIT: Duration = Duration::from_secs(180);
const CONNECT_WAIT: Duration = Duration::from_secs(5);

type Result<T, E = EmbeddedError> = std::result::Result<T, E>;

/// How much a power cut may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// PostgreSQL's own defaults: what is committed is on the disk.
    Durable,
    /// Nothing is flushed. For tests, whose rows nobody needs after a crash.
    Fast,
}

/// An embedded database that answered.
#[derive(Debug, Clone)]
pub struct EmbeddedDatabase {
    /// A connection URL that sqlx and libpq understand.
    pub url: String,
    /// Whether this call started the server; `false` when it was running already.
    pub started: bool,
}

/// What [`stop`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopOutcome {
    Stopped,
    WasNotRunning,
}

/// Starts the cluster of `data_dir` unless it runs already, making it first where there is none, and waits until it answers.
///
/// Any number of callers may do this at once. `pg_bin` is the folder of `initdb`, `pg_ctl` and `postgres`, searched for when
/// `None`. `durability` only counts for the caller that starts the server.
///
/// # Errors
///
/// Every [`EmbeddedError`] says what is wrong and what to do about it.
pub async fn ensure_running(
    data_dir: &Path,
    pg_bin: Option<&Path>,
    durability: Durability,
) -> Result<EmbeddedDatabase> {
    let data_dir = place::make_data_dir(data_dir)?;
    let _lock = lock(&data_dir).await?;
    let place = Place::choose(&data_dir)?;
    let url = place.url();
    if create_database(&place).await.is_ok() {
        return Ok(EmbeddedDatabase { url, started: false });
    }

    let cluster = Cluster::at(&place);
    let binaries = Binaries::find(&data_dir, pg_bin, cluster.major()?)?.reachable_by(place.account)?;
    place.prepare()?;
    if cluster.major()?.is_none() {
        cluster.initialise(&binaries).await?;
    }
    cluster.start(&binaries, durability).await?;
    create_database(&place).await.map_err(|source| EmbeddedError::NotAnswering { log: cluster.log(), source })?;
    Ok(EmbeddedDatabase { url, started: true })
}

/// Stops the cluster of `data_dir` and waits until it is gone. Open connections are closed, what is committed stays.
///
/// # Errors
///
/// When the folder cannot be read, or the server outlives both a fast and an immediate shutdown.
pub async fn stop(data_dir: &Path) -> Result<StopOutcome> {
    let Ok(data_dir) = data_dir.canonicalize() else { return Ok(StopOutcome::WasNotRunning) };
    let _lock = lock(&data_dir).await?;
    Cluster::at(&Place::choose(&data_dir)?).stop().await
}

/// Stops the cluster of `data_dir` and removes it with everything in it, also where it lives outside `data_dir`.
///
/// # Errors
///
/// As [`stop`], and when a folder cannot be removed.
pub async fn forget(data_dir: &Path) -> Result<()> {
    let Ok(data_dir) = data_dir.canonicalize() else { return Ok(()) };
    let _lock = lock(&data_dir).await?;
    let place = Place::choose(&data_dir)?;
    Cluster::at(&place).stop().await?;
    place.remove()
}

/// The address of the cluster of `data_dir`, whether it runs or not.
///
/// # Errors
///
/// When `data_dir` cannot be made or read.
pub fn url(data_dir: &Path) -> Result<String> {
    Ok(Place::choose(&place::make_data_dir(data_dir)?)?.url())
}

impl Place {
    fn url(&self) -> String {
        format!("postgres://{NAME}@localhost:{PORT}/{NAME}?host={}", self.sockets.display())
    }
}

/// Makes the database unless it is there. Also the question whether the server answers at all.
async fn create_database(place: &Place) -> Result<(), sqlx::Error> {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(&place.sockets)
        .port(PORT)
        .username(NAME)
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging();
    let connecting = timeout(CONNECT_WAIT, PgConnection::connect_with(&options));
    let mut conn = connecting.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(NAME);
    if known.fetch_optional(&mut conn).await?.is_none() {
        sqlx::raw_sql("CREATE DATABASE storeside").execute(&mut conn).await?;
    }
    conn.close().await
}

/// Held until the returned file is dropped, by this program or by the kernel when the program dies.
async fn lock(data_dir: &Path) -> Result<File> {
    let path = data_dir.join("database.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(EmbeddedError::folder(&path))?;
    let give_up_at = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < give_up_at => sleep(Duration::from_millis(50)).await,
            Err(TryLockError::WouldBlock) => return Err(EmbeddedError::Busy { lock: path }),
            Err(TryLockError::Error(source)) => return Err(EmbeddedError::Folder { path, source }),
        }
    }
}

#[cfg(test)]
mod tests;
