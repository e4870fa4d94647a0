use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use super::leftover::MARK;
use super::settings::Settings;

/// How long a program may take to finish what it is doing when asked to end.
const STOP_WAIT: Duration = Duration::from_secs(15);
const ANSWER_WAIT: Duration = Duration::from_secs(2);
const TAIL_LINES: usize = 15;

/// A program the demo started.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) name: &'static str,
    running: tokio::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts it in a group of its own, so that Ctrl-C at the terminal reaches only the demo, which then stops all in order.
    pub(super) fn start(
        binary: &Path,
        name: &'static str,
        arguments: &[&str],
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let log = settings.log_path(name);
        super::make_dir(&settings.log_dir())?;
        if log.exists() {
            fs::rename(&log, log.with_extension("previous.log"))?;
        }
        let output = File::create(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let mut program = Command::new(binary);
        program.args(arguments).envs(settings.all()).env(MARK, &settings.data_dir).process_group(0).kill_on_drop(true);
        program.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let running = program.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self { name, running, log })
    }

    /// `Some` once it has ended, however it ended.
    pub(super) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.running.try_wait()
    }

    pub(super) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.running.wait().await
    }

    /// Asks it to end, and ends it when it does not.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let Some(pid) = self.running.id() else { return Ok(()) };
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        if timeout(STOP_WAIT, self.running.wait()).await.is_err() {
            self.running.kill().await?;
            bail!("{} did not end within {} s and was killed", self.name, STOP_WAIT.as_secs());
        }
        Ok(())
    }

    pub(super) fn log_tail(&self) -> String {
        let text = fs::read(&self.log).map(|it| String::from_utf8_lossy(&it).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

/// What a program prints that ends by itself.
pub(super) async fn output(binary: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binary).args(arguments).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {} failed: {said}", binary.display(), arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a GET of `path` gets the status 200.
pub(super) async fn answers(addr: SocketAddr, path: &str) -> bool {
    timeout(ANSWER_WAIT, status_is_ok(addr, path)).await.is_ok_and(|it| it.unwrap_or(false))
}

async fn status_is_ok(addr: SocketAddr, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    Ok(&start == b"HTTP/1.1 200")
}
