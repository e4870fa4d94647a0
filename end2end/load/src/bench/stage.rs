//! A stage for one bench: a PostgreSQL that flushes, Storeside's programs and the twin, all of them gone afterwards.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{Instant, sleep};

use super::rows;
use crate::target::{Gateway, Target};

/// What the gateway in front shows on this stage.
const GATEWAY_SECRET: &str = "a-secret-of-the-bench-gateway";

/// The role that the gateway speaks for.
const GATEWAY_ROLE: &str = "arn:aws:iam::123456789012:role/bench-gateway";

/// The demo's store, which `storeside seed` makes.
pub const STORE: &str = "TEST_STORE_001";

/// The ports for programs of a stage begin here …
const FIRST_PORT: u32 = 20_000;

/// … and are so many.
const PORTS: u32 = 12_000;

/// How long a program may take to answer for the first time.
const START_WAIT: Duration = Duration::from_secs(30);

/// What the README asks of a server for a store. After each checkpoint every page is written whole once, so that they should be rare.
const AS_IN_PRODUCTION: [&str; 4] = [
    "ALTER SYSTEM SET shared_buffers = '1GB'",
    "ALTER SYSTEM SET max_wal_size = '8GB'",
    "ALTER SYSTEM SET min_wal_size = '2GB'",
    "ALTER SYSTEM SET checkpoint_timeout = '15min'",
];

/// A server that has run for a day writes its log into files that are there; a new one makes each of them first, which takes longer than
/// ten commits.
const HAS_RUN: [&str; 3] = [
    "DO $$ BEGIN FOR written IN 1..100 LOOP
        PERFORM pg_logical_emit_message(false, 'bench', 'a file of the log'); PERFORM pg_switch_wal();
    END LOOP; END $$",
    "CHECKPOINT",
    "CHECKPOINT",
];

/// Where the programs are, and what they may use.
#[derive(Debug, Clone, clap::Args)]
pub struct Programs {
    /// The program `storeside`, built with the release profile.
    #[arg(long)]
    pub storeside: PathBuf,
    /// The program `twin`, built with the release profile.
    #[arg(long)]
    pub twin: PathBuf,
    /// A folder that may be made, and is removed at the end. Its disk is what is measured.
    #[arg(long, default_value = ".data/bench")]
    pub folder: PathBuf,
    /// Measure in this database, which is left there, instead of one of the stage's own.
    #[arg(long)]
    pub database_url: Option<String>,
}

/// Everything that runs.
#[derive(Debug)]
pub struct Stage {
    programs: Programs,
    folder: PathBuf,
    /// The database, for superusers.
    pub database_url: String,
    running: Vec<Child>,
    serving: Vec<(String, u32)>,
    twin_url: Option<String>,
    workers: Vec<(String, u32)>,
}

impl Stage {
    /// The database with the demo store in it, and nothing else running.
    ///
    /// # Errors
    ///
    /// When something of it cannot be started; says what.
    pub async fn open(programs: &Programs) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&programs.folder)?;
        let folder = programs.folder.canonicalize()?;
        std::fs::create_dir_all(folder.join("mail"))?;
        let mut stage = Self {
            programs: programs.clone(),
            folder,
            database_url: programs.database_url.clone().unwrap_or_default(),
            running: vec![],
            serving: vec![],
            twin_url: None,
            workers: vec![],
        };
        if programs.database_url.is_none() {
            stage.database_url = stage.storeside(&["database", "start"])?.trim().to_owned();
            let database = rows::connect(&stage.database_url).await?;
            for setting in AS_IN_PRODUCTION {
                rows::run(&database, setting).await?;
            }
            database.close().await;
            stage.storeside(&["database", "stop"])?;
            stage.database_url = stage.storeside(&["database", "start"])?.trim().to_owned();
            let database = rows::connect(&stage.database_url).await?;
            for sql in HAS_RUN {
                rows::run(&database, sql).await?;
            }
            database.close().await;
        }
        stage.storeside(&["migrate"])?;
        stage.storeside(&["seed"])?;
        Ok(stage)
    }

    /// Runs a command of Storeside's to its end. What it printed.
    ///
    /// # Errors
    ///
    /// When it fails, with what it said.
    pub fn storeside(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.program(&self.programs.storeside, &format!("storeside {}", arguments[0]))?;
        let output = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        if !output.status.success() {
            bail!("`storeside {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// So many more processes that answer.
    ///
    /// # Errors
    ///
    /// When one does not start.
    pub async fn serve(&mut self, processes: usize) -> anyhow::Result<()> {
        for _ in 0..processes {
            let addr = free_addr()?;
            let mut command = self.program(&self.programs.storeside, "serve")?;
            let child = command.arg("serve").env("STORESIDE_ADDR", &addr).spawn()?;
            let url = format!("http://{addr}");
            self.serving.push((url.clone(), child.id()));
            self.running.push(child);
            until_ready(&format!("{url}/health/ready")).await?;
        }
        Ok(())
    }

    /// Amazon, played by the twin, which knows where the first process is that answers.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn play_amazon(&mut self) -> anyhow::Result<String> {
        let (addr, mail) = (free_addr()?, free_addr()?);
        let (storeside, _) = self.serving.first().context("nothing serves yet")?;
        let mut command = self.program(&self.programs.twin, "twin")?;
        command.args(["serve", "--addr", &addr, "--smtp-addr", &mail, "--storeside-url", storeside]);
        command.env("TWIN_MAIL_DIR", self.folder.join("twin-mail"));
        self.running.push(command.spawn()?);
        let url = format!("http://{addr}");
        until_ready(&format!("{url}/control/cards")).await?;
        self.twin_url = Some(url.clone());
        Ok(url)
    }

    /// So many more workers.
    ///
    /// # Errors
    ///
    /// When one does not start.
    pub async fn work(&mut self, processes: usize) -> anyhow::Result<()> {
        for _ in 0..processes {
            let addr = free_addr()?;
            let mut command = self.program(&self.programs.storeside, "work")?;
            let child = command.args(["work", "--metrics-addr", &addr]).spawn()?;
            let url = format!("http://{addr}/metrics");
            self.workers.push((url.clone(), child.id()));
            self.running.push(child);
            until_ready(&url).await?;
        }
        Ok(())
    }

    /// A command of Storeside's that is run beside others; what it says goes to a log of this name.
    ///
    /// # Errors
    ///
    /// When the program is not there.
    pub fn storeside_command(&self, log: &str) -> anyhow::Result<Command> {
        self.program(&self.programs.storeside, log)
    }

    /// Ends the workers; what they had in hand stays under their leases.
    pub fn stop_workers(&mut self) {
        let workers: Vec<u32> = self.workers.drain(..).map(|(_, pid)| pid).collect();
        for child in self.running.iter_mut().filter(|it| workers.contains(&it.id())) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Storeside's processes as a target.
    ///
    /// # Errors
    ///
    /// When nothing serves.
    pub fn target(&self) -> anyhow::Result<Target> {
        let urls: Vec<String> = self.serving.iter().map(|(url, _)| url.clone()).collect();
        let gateway = Gateway { secret: GATEWAY_SECRET.to_owned(), caller_arn: GATEWAY_ROLE.to_owned() };
        Target::new(&urls, STORE, gateway)
    }

    /// The processes of Storeside's, for their memory.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.serving.iter().chain(&self.workers).map(|(_, pid)| *pid).collect()
    }

    /// Where the workers' numbers are.
    #[must_use]
    pub fn metrics(&self) -> Vec<String> {
        self.workers.iter().map(|(url, _)| url.clone()).collect()
    }

    /// The folder of mails.
    #[must_use]
    pub fn mails(&self) -> PathBuf {
        self.folder.join("mail")
    }

    /// The stage's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn program(&self, path: &Path, log: &str) -> anyhow::Result<Command> {
        let path = path.canonicalize().with_context(|| format!("{} is not built", path.display()))?;
        let principals = self.folder.join("principals.json");
        let both = ["shopper_authorization", "create_purchases"];
        let twins = serde_json::json!({
            "access_key_id": "AKIDAMAZONDEMO", "secret_access_key": "amazon-demo-secret",
            "role_arn": "arn:aws:iam::123456789012:role/amazon-jwo-demo", "connectors": both,
        });
        let gateways = serde_json::json!({ "role_arn": GATEWAY_ROLE, "connectors": both });
        if !principals.exists() {
            std::fs::write(&principals, serde_json::json!([twins, gateways]).to_string())?;
        }
        let file = |name: &str| File::options().create(true).append(true).open(self.folder.join(name));
        let mut command = Command::new(path);
        let twin = self.twin_url.clone().unwrap_or_else(|| "http://127.0.0.1:9".to_owned());
        let own = [
            ("DATABASE_URL", self.database_url.clone()),
            ("STORESIDE_DATA_DIR", self.folder.display().to_string()),
            ("STORESIDE_PUBLIC_URL", "http://127.0.0.1".to_owned()),
            ("STORESIDE_SECRET_KEY", "a key for the benches that is long enough for anyone".to_owned()),
            ("STORESIDE_DEMO", "1".to_owned()),
            ("STORESIDE_TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
            ("CONNECTOR_PRINCIPALS", principals.display().to_string()),
            ("CONNECTOR_GATEWAY_SECRET", GATEWAY_SECRET.to_owned()),
            ("JWO_PAYMENT_URL", twin.clone()),
            ("JWO_FEEDBACK_URL", twin.clone()),
            ("JWO_IDENTITY_URL", twin),
            ("AWS_ACCESS_KEY_ID", "AKIDSTORESIDEDEMO".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "storeside-demo-secret".to_owned()),
            ("MAIL_URL", format!("file:{}", self.folder.join("mail").display())),
            ("MAIL_FROM", "bench@example.com".to_owned()),
        ];
        command.env_clear().envs(own);
        for kept in ["PATH", "HOME", "STORESIDE_PG_BIN", "RUST_LOG"] {
            command.envs(std::env::var(kept).map(|value| (kept, value)));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file(&format!("{log}.log"))?);
        Ok(command)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for mut program in self.running.drain(..) {
            let _ = program.kill();
            let _ = program.wait();
        }
        if self.programs.database_url.is_none() && self.storeside(&["database", "forget"]).is_ok() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// An address on which nothing listens, and that nobody is given twice. Not one of those that the system gives to whoever asks for any
/// (from 32768 on): it would give it to the next one while a program that was told of it is still starting.
///
/// # Errors
///
/// When 12,000 ports are all taken.
pub fn free_addr() -> anyhow::Result<String> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Processes begin at different places.
    let first = std::process::id().wrapping_mul(37);
    for _ in 0..PORTS {
        let number = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let addr = format!("127.0.0.1:{}", FIRST_PORT + number);
        if TcpListener::bind(&addr).is_ok() {
            return Ok(addr);
        }
    }
    bail!("no port from {FIRST_PORT} on is free")
}

async fn until_ready(url: &str) -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let give_up_at = Instant::now() + START_WAIT;
    let http = reqwest::Client::builder().no_proxy().build()?;
    while Instant::now() < give_up_at {
        if http.get(url).send().await.is_ok_and(|it| it.status().is_success()) {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    bail!("{url} did not answer within {} s: the logs are in the bench's folder", START_WAIT.as_secs())
}
