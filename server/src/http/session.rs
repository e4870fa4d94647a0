//! Sessions of the portal in our own table. The id in the cookie is stored hashed, and times come from the injected clock.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result, SessionStore};
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::clock::Clock;
use crate::store::session::{SessionHash, SessionRow};
use crate::store::{self, StoreError};

/// A session without a request for this long is over.
pub const IDLE: Duration = Duration::minutes(15);

/// A session is over after this long whatever happens.
pub const ABSOLUTE: Duration = Duration::hours(2);

/// The table `session` as tower-sessions wants it.
#[derive(Debug, Clone)]
pub struct Sessions {
    database: PgPool,
    clock: Clock,
}

/// The layer that reads and writes the cookie. Over HTTPS the cookie is bound to this host and never sent without TLS.
#[must_use]
pub fn layer(database: PgPool, clock: Clock, is_https: bool) -> SessionManagerLayer<Sessions> {
    let name = if is_https { "__Host-storeside" } else { "storeside" };
    SessionManagerLayer::new(Sessions { database, clock })
        .with_name(name)
        .with_secure(is_https)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(IDLE))
        // Every request counts as activity, not only one that changes the session.
        .with_always_save(true)
}

impl Sessions {
    async fn conn(&self) -> Result<PoolConnection<Postgres>> {
        self.database.acquire().await.map_err(|error| backend(&error))
    }

    /// tower-sessions reckons by the machine's clock; what is left of a session is the same by ours.
    fn row(&self, record: &Record) -> Result<SessionRow> {
        let left = record.expiry_date - OffsetDateTime::now_utc();
        let content = serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
        Ok(SessionRow { content, expires_at: self.clock.now() + left })
    }
}

/// What a session is stored by.
pub(super) fn hash(id: Id) -> SessionHash {
    Sha256::digest(id.0.to_be_bytes()).into()
}

fn backend(error: &(dyn std::error::Error + 'static)) -> Error {
    tracing::error!(error, "a session could not be read or written");
    Error::Backend("the database is away".to_owned())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let row = self.row(record)?;
        let mut conn = self.conn().await?;
        while !store::session::insert(&mut conn, &hash(record.id), &row).await.map_err(|it| backend(&it))? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let row = self.row(record)?;
        let saved = store::session::save(&mut *self.conn().await?, &hash(record.id), &row).await;
        saved.map(drop).map_err(|it| backend(&it))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.clock.now();
        let found = store::session::get(&mut *self.conn().await?, &hash(*id), now).await;
        let found: Option<SessionRow> = found.map_err(|error: StoreError| backend(&error))?;
        let record = |row: SessionRow| {
            let data = serde_json::from_value(row.content).map_err(|error| Error::Decode(error.to_string()))?;
            Ok(Record { id: *id, data, expiry_date: OffsetDateTime::now_utc() + (row.expires_at - now) })
        };
        found.map(record).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        store::session::delete(&mut *self.conn().await?, &hash(*id)).await.map_err(|it| backend(&it))
    }
}
