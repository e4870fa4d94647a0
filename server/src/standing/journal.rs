//! Decisions that were made while Postgres was away, on this machine's disk before they are answered, until a row keeps them.
//!
//! A folder with files, each of one process and locked by it. A file that nobody holds belonged to a process that died: whoever finds
//! it takes it over. What is written at the same moment reaches the disk together, so that the disk's pace bounds the wait and not
//! the number of taps.

mod file;
mod frame;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use domain::gate::{GateDecision, GateRequest};
use domain::money::Money;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::oneshot;

pub use self::file::{Contents, JournalFile};
use self::writer::{Order, Writer};

/// The folder within `STORESIDE_DATA_DIR`.
const FOLDER: &str = "gate-journal";

/// Bytes that one process keeps at most: about a hundred thousand decisions, which is three minutes of 500 a second.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One decision as it is written down. Files of the version before are replayed by the next one: add optional fields only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// What was asked.
    pub request: GateRequest,
    /// What was answered.
    pub decision: GateDecision,
    /// What the instrument was thought to owe.
    pub outstanding: Money,
    /// As of when that was known. `None`: the decision rests on no balance.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub balances_as_of: Option<OffsetDateTime>,
    /// When it was decided.
    #[serde(with = "time::serde::rfc3339")]
    pub decided_at: OffsetDateTime,
}

/// Why a decision is not on the disk.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder cannot be used.
    #[error("the gate's journal cannot be kept in {folder}: check STORESIDE_DATA_DIR, and that it may be written to")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The disk said no.
    #[error("a decision could not be written to the gate's journal")]
    Disk(#[source] Arc<std::io::Error>),
    /// There is no room left.
    #[error("the gate's journal has reached {BYTES_MAX} bytes")]
    Full,
    /// The program ends.
    #[error("the gate's journal is closed")]
    Closed,
}

/// The journal of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    orders: mpsc::Sender<Order>,
    folder: PathBuf,
    waiting: Arc<AtomicU64>,
}

impl Journal {
    /// Makes the folder in `data_dir` and a file in it, and starts writing.
    ///
    /// # Errors
    ///
    /// Names a folder that cannot be used.
    pub fn open(data_dir: &Path) -> Result<Self, JournalError> {
        Self::open_with(data_dir, BYTES_MAX)
    }

    fn open_with(data_dir: &Path, bytes_max: u64) -> Result<Self, JournalError> {
        let folder = data_dir.join(FOLDER);
        let refused = |source| JournalError::Folder { folder: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(refused)?;
        let waiting = Arc::<AtomicU64>::default();
        let writer = Writer::new(&folder, bytes_max, Arc::clone(&waiting)).map_err(refused)?;
        let (orders, received) = mpsc::channel();
        let spawned = std::thread::Builder::new().name("gate-journal".to_owned()).spawn(move || writer.run(&received));
        spawned.map_err(refused)?;
        Ok(Self { orders, folder, waiting })
    }

    /// Puts a decision on the disk. It may be sent when this returns.
    ///
    /// # Errors
    ///
    /// When it is not surely there. It may be, all the same.
    pub async fn append(&self, written: &Written) -> Result<(), JournalError> {
        let (done, told) = oneshot::channel();
        let payload = serde_json::to_vec(written).map_err(|error| JournalError::Disk(Arc::new(error.into())))?;
        self.orders.send(Order::Append { payload, done }).map_err(|_| JournalError::Closed)?;
        told.await.map_err(|_| JournalError::Closed)?
    }

    /// How many decisions this process has written and nobody has [taken](Self::take).
    #[must_use]
    pub fn count_waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Takes every file that is to be replayed: those of this process, which goes on in a new one, and those of processes that died.
    /// They stay locked as long as the values live.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub async fn take(&self) -> Result<Vec<JournalFile>, JournalError> {
        let mut files = vec![];
        if self.count_waiting() > 0 {
            let next = self.on_disk(JournalFile::create).await?;
            let (done, told) = oneshot::channel();
            self.orders.send(Order::Take { next, done }).map_err(|_| JournalError::Closed)?;
            files = told.await.map_err(|_| JournalError::Closed)?;
        }
        files.extend(self.on_disk(file::adopt_all).await?);
        Ok(files)
    }

    /// Ends the writing: nothing is taken any more, and an empty file is removed.
    pub async fn end(&self) {
        let (done, told) = oneshot::channel();
        if self.orders.send(Order::End { done }).is_ok() {
            // An error says that it has ended already.
            let _ = told.await;
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let folder = self.folder.clone();
        let worked = tokio::task::spawn_blocking(move || work(&folder)).await;
        let worked = worked.map_err(|_| JournalError::Closed)?;
        worked.map_err(|source| JournalError::Folder { folder: self.folder.clone(), source })
    }
}

#[cfg(test)]
mod tests;
