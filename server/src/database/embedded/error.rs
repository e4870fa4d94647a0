use std::io;
use std::path::{Path, PathBuf};

/// Why there is no embedded database. The message says what to do; the source says what the system answered.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// A file or folder could not be made, read or removed.
    #[error("cannot use {path}: check that this account may write there, or set STORESIDE_DATA_DIR to another folder", path = path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// The lock was not let go in time.
    #[error(
        "another program has held {lock} for minutes: stop it, or set STORESIDE_DATA_DIR to another folder",
        lock = lock.display()
    )]
    Busy { lock: PathBuf },
    /// Root, and nobody to run the server as.
    #[error(
        "PostgreSQL refuses to run as root and this system has no account `postgres` or `nobody` to run it as: add one \
         (`useradd --system postgres`), run as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    /// An ordinary user, after root.
    #[error(
        "the database was made by root and lives in {place}: run this as root, or forget it with `sudo make reset`",
        place = place.display()
    )]
    BelongsToRoot { place: PathBuf },
    /// None of the places has PostgreSQL.
    #[error(
        "no PostgreSQL 15 or newer found: run `make setup`, or set STORESIDE_PG_BIN to the folder of initdb, pg_ctl and \
         postgres, or set DATABASE_URL; looked in {}", searched.join(", ")
    )]
    NoBinaries { searched: Vec<String> },
    /// Only PostgreSQL of another major version is there; its files are not compatible.
    #[error(
        "the database in the data folder was made by PostgreSQL {cluster}, which was not found (found: {}): set \
         STORESIDE_PG_BIN to that version's folder, or forget the data with `make reset`", found.join(", ")
    )]
    OtherVersion { cluster: u32, found: Vec<String> },
    /// Root, and the programs are where the lesser account cannot go.
    #[error(
        "the account PostgreSQL must run as cannot reach its programs in {dir}, and they cannot be copied without the folders \
         lib and share beside them: set STORESIDE_PG_BIN to a folder every account can read",
        dir = dir.display()
    )]
    BinariesOutOfReach { dir: PathBuf },
    /// Somebody else made the folder the socket would be in.
    #[error("{path} exists and is not a folder of the database's account: remove it", path = path.display())]
    SocketFolderTaken { path: PathBuf },
    /// A program of PostgreSQL could not be executed.
    #[error("{program} could not be started", program = program.display())]
    NotStarted { program: PathBuf, source: io::Error },
    /// A program of PostgreSQL said no; `output` is what it said.
    #[error("{program} failed: {output}", program = program.display())]
    Failed { program: PathBuf, output: String },
    /// A program of PostgreSQL was ended because it took too long.
    #[error("{program} took longer than {seconds} s", program = program.display())]
    TooSlow { program: PathBuf, seconds: u64 },
    /// The server was just started, yet does not answer.
    #[error("PostgreSQL started but does not answer: read {log}", log = log.display())]
    NotAnswering { log: PathBuf, source: sqlx::Error },
    /// A server runs on the files, yet does not answer.
    #[error(
        "PostgreSQL (process {pid}) runs but does not answer: stop it with `storeside database stop` and try again"
    )]
    Stuck { pid: i32 },
    /// The server survived both ways of asking it to stop.
    #[error("PostgreSQL (process {pid}) did not stop when asked to")]
    WillNotStop { pid: i32 },
}

impl EmbeddedError {
    /// For `map_err` after an operation on `path`.
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Folder { path, source }
    }
}
