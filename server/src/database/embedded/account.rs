use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, chown, geteuid};
use tokio::process::Command;

use super::{EmbeddedError, Result};

/// Tried in this order when this program runs as root. `nobody` exists everywhere.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The account PostgreSQL runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// This program's own, which is not root.
    Own,
    /// Another one, because this program is root.
    Lesser { uid: Uid, gid: Gid },
}

impl Account {
    /// The owner of `cluster` where there is one already, so that whoever made it stays able to use it.
    pub(super) fn choose(cluster: &Path) -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self::Own);
        }
        if let Ok(it) = cluster.metadata()
            && it.uid() != 0
        {
            return Ok(Self::Lesser { uid: Uid::from_raw(it.uid()), gid: Gid::from_raw(it.gid()) });
        }
        let mut known = CANDIDATES.into_iter().filter_map(|name| User::from_name(name).ok().flatten());
        let user = known.next().ok_or(EmbeddedError::NoAccount)?;
        Ok(Self::Lesser { uid: user.uid, gid: user.gid })
    }

    /// Makes `command` run as this account. Its supplementary groups are dropped with the rest.
    pub(super) fn run_as(self, command: &mut Command) {
        if let Self::Lesser { uid, gid } = self {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
    }

    /// Makes this account the owner of `path`.
    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Lesser { uid, gid } => Ok(chown(path, Some(uid), Some(gid))?),
        }
    }

    pub(super) fn owns(self, path: &Path) -> bool {
        let uid = match self {
            Self::Own => geteuid(),
            Self::Lesser { uid, .. } => uid,
        };
        path.symlink_metadata().is_ok_and(|it| it.is_dir() && it.uid() == uid.as_raw())
    }

    /// Whether this account may pass through `dir` and every folder above it.
    pub(super) fn can_reach(self, dir: &Path) -> bool {
        let Self::Lesser { uid, gid } = self else { return true };
        dir.ancestors().all(|folder| {
            folder.metadata().is_ok_and(|it| {
                let bit = match () {
                    () if it.uid() == uid.as_raw() => 0o100,
                    () if it.gid() == gid.as_raw() => 0o010,
                    () => 0o001,
                };
                it.mode() & bit != 0
            })
        })
    }
}
