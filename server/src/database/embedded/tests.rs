//! These start real servers, each in a folder of its own, and stop them.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A data folder that is removed, with its server, by [`Self::close`].
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("storeside-test-{name}-{}", std::process::id()));
        Self(dir)
    }

    async fn start(&self) -> EmbeddedDatabase {
        ensure_running(&self.0, None, Durability::Fast).await.unwrap()
    }

    fn server_pid(&self) -> i32 {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }

    fn cluster(&self) -> PathBuf {
        Place::choose(&self.0.canonicalize().unwrap()).unwrap().cluster
    }

    async fn close(self) {
        forget(&self.0).await.unwrap();
        fs::remove_dir_all(&self.0).unwrap();
    }
}

async fn ask(url: &str, sql: &'static str) -> i64 {
    let mut conn = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
}

#[tokio::test]
async fn callers_at_the_same_moment_share_one_server() {
    let scratch = Scratch::new("race");
    let (one, two) = tokio::join!(scratch.start(), scratch.start());
    assert!(one.started != two.started, "exactly one starts it");
    assert_eq!(ask(&two.url, "SELECT count(*) FROM pg_database WHERE datname = 'storeside'").await, 1);
    scratch.close().await;
}

#[tokio::test]
async fn a_killed_server_starts_again_with_its_rows() {
    let scratch = Scratch::new("killed");
    let database = ensure_running(&scratch.0, None, Durability::Durable).await.unwrap();
    let mut conn = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept (n bigint); INSERT INTO kept VALUES (7)").execute(&mut conn).await.unwrap();

    let pid = nix::unistd::Pid::from_raw(scratch.server_pid());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();

    assert!(scratch.start().await.started);
    assert_eq!(ask(&database.url, "SELECT n FROM kept").await, 7);
    scratch.close().await;
}

#[tokio::test]
async fn a_pid_file_that_names_another_program_is_no_obstacle() {
    let scratch = Scratch::new("reused-pid");
    scratch.start().await;
    let lock = scratch.cluster().join("postmaster.pid");
    let before = fs::read_to_string(&lock).unwrap();
    assert_eq!(stop(&scratch.0).await.unwrap(), StopOutcome::Stopped);

    // As after a reboot: the number is alive, and is ours.
    let ours = before.replacen(&before[..before.find('\n').unwrap()], &std::process::id().to_string(), 1);
    fs::write(&lock, ours).unwrap();

    assert_eq!(stop(&scratch.0).await.unwrap(), StopOutcome::WasNotRunning, "this test is still alive");
    assert!(scratch.start().await.started);
    scratch.close().await;
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_begun_again() {
    let scratch = Scratch::new("half-made");
    let cluster = {
        fs::create_dir_all(&scratch.0).unwrap();
        scratch.cluster()
    };
    fs::create_dir_all(cluster.with_extension("unfinished").join("base")).unwrap();
    assert!(scratch.start().await.started);
    scratch.close().await;
}

#[tokio::test]
async fn stopping_and_forgetting_what_never_was_is_fine() {
    let scratch = Scratch::new("never");
    assert_eq!(stop(&scratch.0).await.unwrap(), StopOutcome::WasNotRunning);
    forget(&scratch.0).await.unwrap();
}

#[tokio::test]
async fn a_folder_without_the_programs_is_named() {
    let scratch = Scratch::new("no-binaries");
    let wrong = std::env::temp_dir().join("no-such-postgresql");
    let err = ensure_running(&scratch.0, Some(&wrong), Durability::Fast).await.unwrap_err();
    assert!(
        matches!(&err, EmbeddedError::NoBinaries { searched } if searched[0].ends_with("no-such-postgresql")),
        "{err}"
    );
    assert!(err.to_string().contains("STORESIDE_PG_BIN"), "{err}");
    fs::remove_dir_all(&scratch.0).unwrap();
}

#[tokio::test]
async fn files_of_another_version_are_left_alone() {
    let scratch = Scratch::new("other-version");
    let cluster = {
        fs::create_dir_all(&scratch.0).unwrap();
        scratch.cluster()
    };
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let err = ensure_running(&scratch.0, None, Durability::Fast).await.unwrap_err();
    assert!(matches!(err, EmbeddedError::OtherVersion { cluster: 9, .. }), "{err}");
    scratch.close().await;
}
