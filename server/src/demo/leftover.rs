use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

/// Set for every program a demo starts; its value is the demo's data folder.
pub(super) const MARK: &str = "STORESIDE_DEMO_OF";

const STOP_WAIT: Duration = Duration::from_secs(15);

/// Stops the programs that a demo on the same folder left behind because it was killed itself. They carry its mark in their
/// environment, so nothing else can be meant.
pub(super) async fn stop_all(data_dir: &Path) -> anyhow::Result<()> {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let left = find(data_dir);
        if left.is_empty() {
            return Ok(());
        }
        super::say(&format!("Stopping what an earlier demo left running: {left:?}"));
        for pid in left {
            // An error means that it has just ended.
            let _ = kill(Pid::from_raw(pid), signal);
        }
        let give_up_at = Instant::now() + STOP_WAIT;
        while !find(data_dir).is_empty() && Instant::now() < give_up_at {
            sleep(Duration::from_millis(50)).await;
        }
    }
    let left = find(data_dir);
    ensure!(left.is_empty(), "these programs of an earlier demo do not end: {left:?}");
    Ok(())
}

fn find(data_dir: &Path) -> Vec<i32> {
    let mark = format!("{MARK}={}", data_dir.display());
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|it| {
        let environment = fs::read(it.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|it| it == mark.as_bytes())
    })
    .filter_map(|it| it.file_name().to_str()?.parse().ok())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_carries_the_mark_is_stopped() {
        let ours = std::env::temp_dir().join(format!("demo-a-{}", std::process::id()));
        let theirs = std::env::temp_dir().join(format!("demo-b-{}", std::process::id()));
        let sleeper = |dir: &Path| {
            tokio::process::Command::new("sleep").arg("60").env(MARK, dir).kill_on_drop(true).spawn().unwrap()
        };
        let (mut left, mut other) = (sleeper(&ours), sleeper(&theirs));

        // A program that has only just begun has no environment to read yet.
        for dir in [&ours, &theirs] {
            while find(dir).is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        }

        let (stopped, ended) = tokio::join!(stop_all(&ours), left.wait());

        stopped.unwrap();
        assert!(!ended.unwrap().success(), "it was stopped, it did not end by itself");
        assert_eq!(other.try_wait().unwrap(), None, "another demo's program still runs");
        other.kill().await.unwrap();
    }
}
