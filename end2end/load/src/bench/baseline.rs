//! pgbench with the statements that the programs sent: what this PostgreSQL on this machine can do at best.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use super::recording::Script;
use crate::report::Latencies;

/// How pgbench is run.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The database.
    pub url: &'a str,
    /// A folder for the script and pgbench's log.
    pub folder: &'a Path,
    /// Connections.
    pub clients: u32,
    /// Runs of the script a second, spread as people come. `None`: as many as it can.
    pub rate: Option<u32>,
    /// For how long.
    pub seconds: u32,
    /// Do its effects wake workers, as those of the programs that answer do?
    pub wakes: bool,
}

/// What pgbench came to.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Of each run of the script; with a rate, from the moment at which it should have begun.
    pub latencies: Latencies,
    /// Runs of the script in ten seconds.
    pub per_ten_seconds: u64,
}

/// Runs pgbench.
///
/// # Errors
///
/// When there is no pgbench, or a statement fails.
pub fn run(plan: &Plan<'_>, script: &Script) -> anyhow::Result<Baseline> {
    let path = plan.folder.join("pgbench.sql");
    std::fs::write(&path, &script.text)?;
    let prefix = plan.folder.join("pgbench_log");
    remove_logs(&prefix);
    let mut command = Command::new("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--log", "--jobs=2"]);
    command.arg(format!("--log-prefix={}", prefix.display())).arg(format!("--file={}", path.display()));
    command.arg(format!("--client={}", plan.clients)).arg(format!("--time={}", plan.seconds));
    if let Some(rate) = plan.rate {
        command.arg(format!("--rate={rate}"));
    }
    for (name, value) in &script.defined {
        command.arg("-D").arg(format!("{name}={value}"));
    }
    let wakes = if plan.wakes { "on" } else { "off" };
    command.env("PGOPTIONS", format!("-c role=storeside_app -c storeside.wakes={wakes}"));
    let output = command.arg(plan.url).stdin(Stdio::null()).output();
    let output = output.context("pgbench is not installed: it comes with PostgreSQL's server (Debian: postgresql)")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || errors.contains("ERROR:") {
        bail!("pgbench failed: {}", errors.lines().take(10).collect::<Vec<_>>().join("\n"));
    }
    let latencies = logged(&prefix)?;
    remove_logs(&prefix);
    let per_ten_seconds = latencies.count().saturating_mul(10) / u64::from(plan.seconds.max(1));
    Ok(Baseline { latencies, per_ten_seconds })
}

/// The log has a line for each run: `client run latency_us script epoch_s us …`.
fn logged(prefix: &Path) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::new();
    for path in logs(prefix) {
        for line in std::fs::read_to_string(path)?.lines() {
            let micros = line.split(' ').nth(2).and_then(|it| it.parse().ok());
            latencies.record(Duration::from_micros(micros.context("a line of pgbench's log")?));
        }
    }
    if latencies.count() == 0 {
        bail!("pgbench logged nothing");
    }
    Ok(latencies)
}

fn logs(prefix: &Path) -> Vec<std::path::PathBuf> {
    let Some(folder) = prefix.parent() else { return vec![] };
    let name = prefix.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path());
    files.filter(|it| it.file_name().and_then(|it| it.to_str()).is_some_and(|it| it.starts_with(name))).collect()
}

fn remove_logs(prefix: &Path) {
    for path in logs(prefix) {
        let _ = std::fs::remove_file(path);
    }
}
