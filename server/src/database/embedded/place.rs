//! Where an embedded database lives.
//!
//! Beside everything else in the data folder (`.data/postgres`) wherever that can be. As root the server runs as a lesser account,
//! which often cannot pass through the folders above a clone (`/root` is closed to it): then the cluster lives under
//! `/var/lib/storeside/`, and `.data/postgres.location` says so. The socket is under `/tmp`, in a folder of the account's own,
//! because the kernel allows a socket 107 bytes of path and a clone may be deeper than that.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::{EmbeddedError, Result};

/// For what an account that cannot reach the clone must be able to reach.
pub(super) const SHARED_ROOT: &str = "/var/lib/storeside";

/// The folders of one embedded database, and the account they belong to.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) account: Account,
    pub(super) cluster: PathBuf,
    pub(super) sockets: PathBuf,
    /// A text file that says where `cluster` is, when it is not in the data folder.
    sign: PathBuf,
}

impl Place {
    /// `data_dir` must be canonical: the names of the folders outside it are derived from it.
    pub(super) fn choose(data_dir: &Path) -> Result<Self> {
        let inside = data_dir.join("postgres");
        let sign = data_dir.join("postgres.location");
        let account = Account::choose(&inside)?;
        let cluster = match account {
            Account::Own => {
                if let Ok(place) = fs::read_to_string(&sign) {
                    return Err(EmbeddedError::BelongsToRoot { place: place.trim_end().into() });
                }
                inside
            }
            Account::Lesser { .. } if account.can_reach(data_dir) => inside,
            Account::Lesser { .. } => Path::new(SHARED_ROOT).join(readable_name(data_dir)).join("postgres"),
        };
        let sockets = Path::new("/tmp").join(format!("storeside-{}", short_hash(data_dir)));
        Ok(Self { account, cluster, sockets, sign })
    }

    /// Makes the folders around the cluster. The cluster's own folder is made by `initialise`.
    pub(super) fn prepare(&self) -> Result<()> {
        if let Some(home) = self.home_outside() {
            make_private(home, self.account).map_err(EmbeddedError::folder(home))?;
            fs::write(&self.sign, format!("{}\n", self.cluster.display()))
                .map_err(EmbeddedError::folder(&self.sign))?;
        }
        make_private(&self.sockets, self.account).map_err(EmbeddedError::folder(&self.sockets))?;
        // Anyone may make folders in /tmp: one that was there before must not be somebody else's trap.
        if !self.account.owns(&self.sockets) {
            return Err(EmbeddedError::SocketFolderTaken { path: self.sockets.clone() });
        }
        Ok(())
    }

    pub(super) fn remove(&self) -> Result<()> {
        let cluster = self.home_outside().unwrap_or(&self.cluster);
        for path in [cluster, &self.sockets] {
            absent_is_fine(fs::remove_dir_all(path)).map_err(EmbeddedError::folder(path))?;
        }
        absent_is_fine(fs::remove_file(&self.sign)).map_err(EmbeddedError::folder(&self.sign))
    }

    /// The folder under [`SHARED_ROOT`], when the cluster lives there.
    fn home_outside(&self) -> Option<&Path> {
        self.cluster.parent().filter(|home| home.starts_with(SHARED_ROOT))
    }
}

/// Makes the data folder and gives its canonical path.
pub(super) fn make_data_dir(data_dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(data_dir).map_err(EmbeddedError::folder(data_dir))?;
    data_dir.canonicalize().map_err(EmbeddedError::folder(data_dir))
}

/// Makes a folder that only `account` may enter, and the folders above it. One that exists is left as it is.
pub(super) fn make_private(path: &Path, account: Account) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => account.own(path),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(err) => Err(err),
    }
}

pub(super) fn absent_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The name of the folder that holds the data folder, for people, and a hash of the whole path, for uniqueness.
fn readable_name(data_dir: &Path) -> String {
    let clone = data_dir.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let plain: String = clone.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).take(40).collect();
    format!("{plain}-{}", short_hash(data_dir))
}

/// Twelve hexadecimal digits.
fn short_hash(path: &Path) -> String {
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    hash.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_fits_the_kernel_however_deep_the_clone_is() {
        let deep = PathBuf::from("/").join("d".repeat(200)).join("e".repeat(200)).join(".data");
        let socket = format!("/tmp/storeside-{}/.s.PGSQL.5432.lock", short_hash(&deep));
        assert!(socket.len() < 108, "{socket}");
    }

    #[test]
    fn two_clones_never_share_a_name() {
        let [one, two] = ["/home/a/storeside/.data", "/home/b/storeside/.data"].map(|it| readable_name(Path::new(it)));
        assert_ne!(one, two);
        assert!(one.starts_with("storeside-"), "{one}");
    }

    #[test]
    fn a_name_has_no_character_a_shell_or_a_url_would_read_differently() {
        let name = readable_name(Path::new("/home/ä b/My Shop & Co?/.data"));
        assert!(name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-'), "{name}");
    }
}
