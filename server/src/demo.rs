//! `storeside demo`: the whole store on one machine, as `make run` shows it.
//!
//! Starts what is missing (the embedded PostgreSQL, the twin that plays the outside world, `serve` and `work`), each as a program of
//! its own with its own log, waits until they answer, and stops exactly those again: on Ctrl-C, on SIGTERM, and when one of them
//! dies. Nothing here is needed in production.

mod child;
mod leftover;
mod settings;
mod welcome;

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use self::child::Child;
use self::settings::Settings;
pub use self::settings::{EnvFileError, load_env_file};
use crate::database::embedded::{self, Durability};

const READY_WAIT: Duration = Duration::from_secs(90);
const STOP_WAIT: Duration = Duration::from_secs(60);

/// Runs the demo until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// When a port is taken, something does not get ready, or one of the programs ends by itself. Everything is stopped by then.
pub async fn run() -> anyhow::Result<()> {
    let settings = Settings::load(Path::new("."))?;
    let mut demo = Demo::claim(settings)?;
    let outcome = tokio::select! {
        outcome = demo.play() => outcome,
        interrupted = interruption() => interrupted,
    };
    let stopped = demo.stop().await;
    outcome.and(stopped)
}

/// Stops the demo that runs on the same data folder, and whatever an earlier one left behind when it was killed.
///
/// # Errors
///
/// When the demo does not end in time.
pub async fn stop() -> anyhow::Result<()> {
    let data_dir = Settings::load(Path::new("."))?.data_dir;
    let Ok(mut lock) = File::options().read(true).write(true).open(data_dir.join(LOCK)) else {
        return leftover::stop_all(&data_dir).await;
    };
    if lock.try_lock().is_err() {
        let mut note = String::new();
        lock.read_to_string(&mut note)?;
        let pid = note
            .lines()
            .next()
            .and_then(|it| it.parse().ok())
            .context("the lock of the running demo names no process")?;
        say(&format!("Stopping the demo (process {pid}) …"));
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        let give_up_at = Instant::now() + STOP_WAIT;
        while lock.try_lock().is_err() {
            ensure!(Instant::now() < give_up_at, "the demo (process {pid}) did not stop");
            sleep(Duration::from_millis(100)).await;
        }
    }
    leftover::stop_all(&data_dir).await
}

/// Locked while a demo runs. Its first line is the demo's process id, its second says who started the database.
const LOCK: &str = "demo.lock";
const OUR_DATABASE: &str = "started the database";

#[derive(Debug)]
struct Demo {
    settings: Settings,
    lock: File,
    /// In the order they were started.
    children: Vec<Child>,
    /// Whether the embedded database was started by this demo, or by one that was killed before it could stop it.
    owns_database: bool,
}

impl Demo {
    fn claim(settings: Settings) -> anyhow::Result<Self> {
        let path = settings.data_dir.join(LOCK);
        let mut lock = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "a demo runs on {} already: stop it with `make stop`, or set STORESIDE_DATA_DIR to another folder",
                settings.data_dir.display()
            ),
            Err(TryLockError::Error(err)) => {
                return Err(err).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let mut note = String::new();
        lock.read_to_string(&mut note)?;
        let mut demo = Self { settings, lock, children: Vec::new(), owns_database: note.contains(OUR_DATABASE) };
        demo.write_note()?;
        Ok(demo)
    }

    fn write_note(&mut self) -> std::io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.rewind()?;
        writeln!(self.lock, "{}", std::process::id())?;
        if self.owns_database { writeln!(self.lock, "{OUR_DATABASE}") } else { Ok(()) }
    }

    /// Returns only when something went wrong.
    async fn play(&mut self) -> anyhow::Result<()> {
        leftover::stop_all(&self.settings.data_dir).await?;
        for (name, addr) in self.settings.addresses() {
            check_free(name, addr)?;
        }
        let binary = std::env::current_exe()?;
        let twin = binary.with_file_name("twin");
        ensure!(twin.is_file(), "{} is missing: build it with `cargo build -p twin`", twin.display());

        self.start_database().await?;
        self.run_to_end(&binary, "migrate").await?;
        self.run_to_end(&binary, "seed").await?;
        self.start(&twin, "twin", &["serve"])?;
        self.wait_until_ready(self.settings.twin_addr, "/").await?;
        self.start(&binary, "serve", &["serve"])?;
        let metrics_addr = self.settings.work_metrics_addr().to_string();
        self.start(&binary, "work", &["work", "--metrics-addr", &metrics_addr])?;
        self.wait_until_ready(self.settings.addr, "/health/ready").await?;

        let cards = child::output(&twin, &["cards", "--twin", &format!("http://{}", self.settings.twin_addr)]).await?;
        say(&welcome::text(&self.settings, &twin, &cards));
        loop {
            self.check_alive()?;
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn start_database(&mut self) -> anyhow::Result<()> {
        if self.settings.get("DATABASE_URL").is_some() {
            say("  database   the one DATABASE_URL names");
            return Ok(());
        }
        say("  database   an embedded PostgreSQL …");
        let pg_bin = self.settings.get("STORESIDE_PG_BIN").map(PathBuf::from);
        // Before it is started, so that whoever follows after a SIGKILL in between knows whose it is.
        let was_ours = std::mem::replace(&mut self.owns_database, true);
        self.write_note()?;
        let database =
            embedded::ensure_running(&self.settings.data_dir, pg_bin.as_deref(), Durability::Durable).await?;
        self.owns_database = database.started || was_ours;
        self.write_note()?;
        self.settings.set("DATABASE_URL", database.url);
        Ok(())
    }

    async fn run_to_end(&mut self, binary: &Path, command: &'static str) -> anyhow::Result<()> {
        self.start(binary, command, &[command])?;
        let mut child = self.children.pop().context("it was just started")?;
        let status = child.wait().await?;
        ensure!(status.success(), "`storeside {command}` failed ({status}):\n{}", child.log_tail());
        Ok(())
    }

    fn start(&mut self, binary: &Path, name: &'static str, arguments: &[&str]) -> anyhow::Result<()> {
        say(&format!("  {name:<10} {}", self.settings.log_path(name).display()));
        self.children.push(Child::start(binary, name, arguments, &self.settings)?);
        Ok(())
    }

    async fn wait_until_ready(&mut self, addr: SocketAddr, path: &str) -> anyhow::Result<()> {
        let give_up_at = Instant::now() + READY_WAIT;
        while !child::answers(addr, path).await {
            self.check_alive()?;
            ensure!(
                Instant::now() < give_up_at,
                "http://{addr}{path} did not answer 200 within {} s; the logs are in {}",
                READY_WAIT.as_secs(),
                self.settings.log_dir().display()
            );
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    fn check_alive(&mut self) -> anyhow::Result<()> {
        for child in &mut self.children {
            if let Some(status) = child.ended()? {
                bail!("{} ended by itself ({status}). The last lines of its log:\n{}", child.name, child.log_tail());
            }
        }
        Ok(())
    }

    /// The last started first, so that nobody misses what it leans on. Goes on after an error: everything gets its chance.
    async fn stop(mut self) -> anyhow::Result<()> {
        if self.owns_database || !self.children.is_empty() {
            say("\nStopping …");
        }
        let mut outcome = Ok(());
        while let Some(child) = self.children.pop() {
            outcome = outcome.and(child.stop().await);
        }
        if self.owns_database {
            match embedded::stop(&self.settings.data_dir).await {
                Ok(_) => self.owns_database = false,
                Err(err) => outcome = outcome.and(Err(err.into())),
            }
        }
        self.write_note()?;
        outcome
    }
}

/// Resolves on Ctrl-C and on SIGTERM, which are the ordinary ends of a demo.
async fn interruption() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn check_free(setting: &str, addr: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(addr) {
        Ok(_) => Ok(()),
        Err(err) if err.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {} is in use: stop the program that listens there, or choose another with {setting}={}:{}",
            addr.port(),
            addr.ip(),
            addr.port().wrapping_add(100)
        ),
        Err(err) => Err(err).with_context(|| format!("cannot listen on {addr} ({setting})")),
    }
}

/// For the person at the terminal. Whoever reads it may be gone; what was started must be stopped all the same.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Makes the folder and gives its canonical path.
fn make_dir(path: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(path)
        .and_then(|()| path.canonicalize())
        .with_context(|| format!("cannot make {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_the_setting_that_changes_it() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap();
        let said = check_free("STORESIDE_ADDR", addr).unwrap_err().to_string();
        assert!(said.contains(&addr.port().to_string()) && said.contains("STORESIDE_ADDR="), "{said}");
        drop(taken);
        check_free("STORESIDE_ADDR", addr).unwrap();
    }
}
