use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::binaries::Binaries;
use super::place::{self, Place};
use super::{Durability, EmbeddedError, NAME, PORT, Result, StopOutcome};

const PROGRAM_WAIT: Duration = Duration::from_secs(150);
/// Longer than recovery after a crash takes for a database of this size. Seconds, as `pg_ctl -t` wants it.
const START_WAIT_SECONDS: &str = "120";
/// Children of a server that was killed notice within moments.
const ORPHAN_WAIT: Duration = Duration::from_secs(10);
const STOP_WAIT: Duration = Duration::from_secs(30);

/// The files of a PostgreSQL server and, when it runs, the server.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    folder: &'a Path,
    sockets: &'a Path,
    account: Account,
}

impl<'a> Cluster<'a> {
    pub(super) fn at(place: &'a Place) -> Self {
        Self { folder: &place.cluster, sockets: &place.sockets, account: place.account }
    }

    /// The major version that made the files; `None` when there are none.
    pub(super) fn major(&self) -> Result<Option<u32>> {
        let path = self.folder.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(EmbeddedError::Folder { path, source }),
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Makes the files beside their place and renames them, so that a first start that was killed leaves nothing half-made.
    pub(super) async fn initialise(&self, binaries: &Binaries) -> Result<()> {
        let unfinished = self.folder.with_extension("unfinished");
        place::absent_is_fine(fs::remove_dir_all(&unfinished)).map_err(EmbeddedError::folder(&unfinished))?;
        place::make_private(&unfinished, self.account).map_err(EmbeddedError::folder(&unfinished))?;
        let mut initdb = Command::new(binaries.dir.join("initdb"));
        initdb.args(["--no-sync", "--no-instructions", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", NAME]);
        initdb.arg("-D").arg(&unfinished);
        self.run(initdb).await?;
        fs::rename(&unfinished, self.folder).map_err(EmbeddedError::folder(self.folder))
    }

    /// Starts the server and waits until it accepts connections. Safe after a SIGKILL or a reboot.
    pub(super) async fn start(&self, binaries: &Binaries, durability: Durability) -> Result<()> {
        if let Some(pid) = self.server_pid() {
            return Err(EmbeddedError::Stuck { pid });
        }
        self.clear_stale_locks().await?;
        let mut options = format!("-k {} -p {PORT} -c listen_addresses=''", self.sockets.display());
        if durability == Durability::Fast {
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off";
        }
        let mut pg_ctl = Command::new(binaries.dir.join("pg_ctl"));
        pg_ctl.args(["start", "--wait", "--silent", "--timeout", START_WAIT_SECONDS, "--options", &options]);
        pg_ctl.arg("--log").arg(self.log()).arg("-D").arg(self.folder);
        self.run(pg_ctl).await
    }

    /// Asks politely first; then without waiting for clients, which the write-ahead log makes safe.
    pub(super) async fn stop(&self) -> Result<StopOutcome> {
        let Some(pid) = self.server_pid() else { return Ok(StopOutcome::WasNotRunning) };
        // What they mean to the server: <https://www.postgresql.org/docs/15/server-shutdown.html>.
        for fast_then_immediate in [Signal::SIGINT, Signal::SIGQUIT] {
            // An error means that it is gone.
            let _ = kill(Pid::from_raw(pid), fast_then_immediate);
            if self.wait_until_unused(STOP_WAIT).await {
                return Ok(StopOutcome::Stopped);
            }
        }
        Err(EmbeddedError::WillNotStop { pid })
    }

    /// The server that runs on these files, if any. The pid file alone proves nothing: the number may be another program's by now.
    fn server_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.folder.join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        self.users().contains(&pid).then_some(pid)
    }

    /// PostgreSQL sees by itself that its lock files are stale, except when the number in them belongs to another program by now,
    /// or to a server that nobody has reaped: then it refuses to start. They are removed only when no program works in the
    /// folder, so never under the feet of an orphaned backend.
    async fn clear_stale_locks(&self) -> Result<()> {
        let locks = [self.folder.join("postmaster.pid"), self.sockets.join(format!(".s.PGSQL.{PORT}.lock"))];
        if locks.iter().any(|it| it.exists()) && self.wait_until_unused(ORPHAN_WAIT).await {
            for lock in &locks {
                place::absent_is_fine(fs::remove_file(lock)).map_err(EmbeddedError::folder(lock))?;
            }
        }
        Ok(())
    }

    async fn wait_until_unused(&self, patience: Duration) -> bool {
        let give_up_at = Instant::now() + patience;
        while !self.users().is_empty() {
            if Instant::now() >= give_up_at {
                return false;
            }
            sleep(Duration::from_millis(20)).await;
        }
        true
    }

    /// The programs whose working folder is the cluster: the server and its children.
    fn users(&self) -> Vec<i32> {
        let Ok(folder) = self.folder.canonicalize() else { return Vec::new() };
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter(|it| fs::read_link(it.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
            .filter_map(|it| it.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// Runs one of PostgreSQL's programs as the cluster's account, without this program's environment.
    async fn run(&self, mut command: Command) -> Result<()> {
        let program = PathBuf::from(command.as_std().get_program());
        self.account.run_as(&mut command);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/").kill_on_drop(true);
        command.stdin(std::process::Stdio::null());
        let output = match timeout(PROGRAM_WAIT, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(source)) => return Err(EmbeddedError::NotStarted { program, source }),
            Err(_) => return Err(EmbeddedError::TooSlow { program, seconds: PROGRAM_WAIT.as_secs() }),
        };
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(EmbeddedError::Failed { program, output: format!("{said}{}", self.log_tail()) })
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(8)..];
        if tail.is_empty() {
            String::new()
        } else {
            format!("\nThe last lines of {}:\n{}", self.log().display(), tail.join("\n"))
        }
    }
}
