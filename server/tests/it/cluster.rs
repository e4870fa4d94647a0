//! A PostgreSQL of one story's own, that may be stopped, suspended and made slow.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use server::database;
use server::database::embedded::{self, Durability};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;
use uuid::Uuid;

/// The cluster, and a way to it that can be slow.
pub(crate) struct Cluster {
    folder: PathBuf,
    files: PathBuf,
    /// Straight to it.
    pub(crate) connect: PgConnectOptions,
    slow_url: String,
    delay_ms: Arc<AtomicU64>,
    _carrying: JoinSet<()>,
}

impl Cluster {
    /// Starts it, with all tables.
    pub(crate) async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("storeside-away-{}", Uuid::new_v4()));
        let started = embedded::ensure_running(&folder, None, Durability::Fast).await.unwrap();
        let connect: PgConnectOptions = started.url.parse().unwrap();
        database::migrate(&connect).await.unwrap();
        let mut conn = PgConnection::connect_with(&connect).await.unwrap();
        let files: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&mut conn).await.unwrap();
        conn.close().await.unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let slow_url = format!("postgres://storeside@127.0.0.1:{port}/storeside?sslmode=disable");
        let delay_ms = Arc::<AtomicU64>::default();
        let mut carrying = JoinSet::new();
        let socket = connect.get_socket().unwrap().join(format!(".s.PGSQL.{}", connect.get_port()));
        carrying.spawn(carry_all(listener, socket, Arc::clone(&delay_ms)));
        Self { folder, files: files.into(), connect, slow_url, delay_ms, _carrying: carrying }
    }

    /// The way that can be slow.
    pub(crate) fn slow_url(&self) -> String {
        self.slow_url.clone()
    }

    /// Every packet on the slow way takes so long, in each direction.
    pub(crate) fn delay(&self, by: Duration) {
        self.delay_ms.store(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Its programs do nothing from now on, and their connections stay open.
    pub(crate) fn suspend(&self) {
        // Until no new one was born meanwhile.
        let mut before = vec![];
        while before != self.programs() {
            before = self.programs();
            self.signal(Signal::SIGSTOP);
        }
    }

    /// They go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    pub(crate) async fn stop(&self) {
        embedded::stop(&self.folder).await.unwrap();
    }

    pub(crate) async fn start_again(&self) {
        embedded::ensure_running(&self.folder, None, Durability::Fast).await.unwrap();
    }

    /// Ends it for good.
    pub(crate) async fn forget(self) {
        embedded::forget(&self.folder).await.unwrap();
    }

    fn programs(&self) -> Vec<i32> {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let mut ours: Vec<i32> = all
            .filter(|it| std::fs::read_link(it.path().join("cwd")).is_ok_and(|cwd| cwd == self.files))
            .filter_map(|it| it.file_name().to_str()?.parse().ok())
            .collect();
        ours.sort_unstable();
        ours
    }

    fn signal(&self, signal: Signal) {
        for program in self.programs() {
            // One that has just ended needs no signal.
            let _ = kill(Pid::from_raw(program), signal);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A story that failed leaves no server behind.
        if self.files.exists() {
            self.signal(Signal::SIGKILL);
            let _ = std::fs::remove_dir_all(&self.files);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn carry_all(listener: TcpListener, socket: PathBuf, delay_ms: Arc<AtomicU64>) {
    let mut carrying = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (socket, delay_ms) = (socket.clone(), Arc::clone(&delay_ms));
        carrying.spawn(async move {
            // Nobody there: the connection ends, as if it had been refused.
            let Ok(server) = UnixStream::connect(socket).await else { return };
            carry_both(client, server, &delay_ms).await;
        });
    }
}

async fn carry_both(client: TcpStream, server: UnixStream, delay_ms: &AtomicU64) {
    client.set_nodelay(true).unwrap();
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = carry(from_client, to_server, delay_ms) => {}
        () = carry(from_server, to_client, delay_ms) => {}
    }
}

async fn carry(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, delay_ms: &AtomicU64) {
    let mut packet = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut packet).await {
        let delay = delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if to.write_all(&packet[..count]).await.is_err() {
            return;
        }
    }
}
