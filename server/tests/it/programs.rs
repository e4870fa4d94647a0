//! The real programs on one database, started and killed at will, and the twin outside.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgPool};
use twin::{Api, DuplicateCapture, Fault, Settings, Twin, TwinOptions, demo_items};
use uuid::Uuid;

use crate::shop::GATEWAY_SECRET;

/// No step of a story takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A caller that the gateway in front of the connectors vouches for, by the twin's list.
const GATEWAY_ROLE: &str = "arn:aws:iam::123456789012:role/amazon-jwo-gateway-demo";

/// Both programs on one database, and the twin outside.
pub(crate) struct Programs {
    pub(crate) twin: Twin,
    pub(crate) database: PgPool,
    /// Where the worker's numbers are.
    pub(crate) metrics_addr: String,
    environment: Vec<(&'static str, String)>,
    pub(crate) addr: String,
    pub(crate) folder: PathBuf,
    pub(crate) running: Vec<Child>,
    clock_offset: i64,
}

impl Programs {
    /// Everything runs, with the demo store.
    pub(crate) async fn prepare(connect: PgConnectOptions) -> Self {
        let mut programs = Self::with_nothing_running(connect).await;
        assert!(programs.command(&["seed"]).status().unwrap().success());
        programs.start().await;
        programs
    }

    /// Only the twin runs.
    pub(crate) async fn with_nothing_running(connect: PgConnectOptions) -> Self {
        let folder = std::env::temp_dir().join(format!("storeside-killed-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let (addr, metrics_addr) = (free_addr(), free_addr());
        let clock = folder.join("clock");
        let twin = Twin::start(TwinOptions {
            storeside_url: Some(format!("http://{addr}")),
            clock_file: Some(clock.clone()),
            mail_dir: Some(folder.join("mail")),
            // A second charge is a second charge: whoever repeats a capture is found out.
            settings: Settings { duplicate_capture: DuplicateCapture::Charged, ..Settings::default() },
            tries_max: 100,
            retry_pause: Duration::from_millis(100),
            ..TwinOptions::for_tests()
        });
        let twin = twin.await.unwrap();
        let principals = concat!(env!("CARGO_MANIFEST_DIR"), "/../end2end/twin/principals.json");
        let environment = vec![
            ("DATABASE_URL", connect.to_url_lossy().to_string()),
            ("STORESIDE_ADDR", addr.clone()),
            ("STORESIDE_PUBLIC_URL", format!("http://{addr}")),
            ("STORESIDE_SECRET_KEY", "a key for stories that is long enough for anyone".to_owned()),
            ("STORESIDE_DATA_DIR", folder.join("data").display().to_string()),
            // As patient as a story must be on a busy machine. Stories about a gate without its rows set another.
            ("STORESIDE_GATE_BUDGET_MS", "10000".to_owned()),
            ("STORESIDE_DEMO", "1".to_owned()),
            ("STORESIDE_CLOCK", format!("file:{}", clock.display())),
            ("CONNECTOR_PRINCIPALS", principals.to_owned()),
            ("CONNECTOR_GATEWAY_SECRET", GATEWAY_SECRET.to_owned()),
            ("EVENT_FEED_API_KEY", "demo-event-feed-key".to_owned()),
            ("JWO_PAYMENT_URL", twin.url()),
            ("JWO_FEEDBACK_URL", twin.url()),
            ("JWO_IDENTITY_URL", twin.url()),
            ("AWS_ACCESS_KEY_ID", "AKIDSTORESIDEDEMO".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "storeside-demo-secret".to_owned()),
            ("MAIL_URL", format!("file:{}", folder.join("mail").display())),
            ("MAIL_FROM", "receipts@example.com".to_owned()),
        ];
        let database = PgPool::connect_with(connect).await.unwrap();
        Self { twin, database, environment, addr, metrics_addr, folder, running: vec![], clock_offset: 0 }
    }

    /// Another value for a setting, of what is started from now on.
    pub(crate) fn set(&mut self, variable: &'static str, value: &str) {
        self.environment.retain(|(name, _)| *name != variable);
        self.environment.push((variable, value.to_owned()));
    }

    /// A request to a connector, by the gateway's way in.
    pub(crate) async fn post(&self, path: &str, body: &serde_json::Value) -> reqwest::Response {
        let request = reqwest::Client::new().post(format!("http://{}{path}", self.addr)).json(body);
        let request = request.header("x-storeside-gateway-secret", GATEWAY_SECRET);
        request.header("x-storeside-caller-arn", GATEWAY_ROLE).send().await.unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_storeside"));
        command.args(arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// A command whose words are read, not kept.
    pub(crate) fn command_piped(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A command that is waited for: did it succeed, and what did it say on each of its outputs?
    pub(crate) fn says(&self, arguments: &[&str]) -> (bool, String, String) {
        let output = self.command_piped(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }

    /// What both have logged so far.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// The worker, on an address of its own.
    pub(crate) fn work(&self) -> Command {
        self.command(&["work", "--metrics-addr", &self.metrics_addr])
    }

    pub(crate) async fn start(&mut self) {
        self.running.push(self.command(&["serve"]).spawn().unwrap());
        self.running.push(self.work().spawn().unwrap());
        self.until_ready().await;
    }

    /// The server answers.
    pub(crate) async fn until_ready(&self) {
        let ready = format!("http://{}/health/ready", self.addr);
        until("storeside is ready", async || reqwest::get(&ready).await.is_ok_and(|it| it.status() == 200)).await;
    }

    /// SIGKILL to both, and time passes until what they held is free for others.
    pub(crate) fn kill(&mut self) {
        for mut program in self.running.drain(..) {
            program.kill().unwrap();
            program.wait().unwrap();
        }
        self.pass_leases();
    }

    /// Time passes until what anybody holds now is free for others.
    pub(crate) fn pass_leases(&mut self) {
        self.pass(61);
    }

    /// So many seconds pass.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.clock_offset += seconds;
        self.twin.set_clock_offset(self.clock_offset).unwrap();
    }

    /// One more worker.
    pub(crate) fn start_worker(&mut self) {
        self.running.push(self.command(&["work", "--metrics-addr", &free_addr()]).spawn().unwrap());
    }

    async fn state(&self, trip: Uuid) -> Option<String> {
        let state = sqlx::query_scalar("SELECT state FROM trip WHERE trip_id = $1").bind(trip.to_string());
        state.fetch_optional(&self.database).await.unwrap()
    }

    pub(crate) async fn until_ended(&self, trip: Uuid, state: &str) {
        // After a decline, Amazon is asked for card facts again and again that it may never have.
        let left = "SELECT count(*) FROM outbox WHERE trip_id = $1 AND state IN ('waiting', 'claimed')
            AND kind NOT IN ('check_deadline', 'check_entry') AND NOT (kind = 'fetch_transactional_data' AND $2 = 'uncollected')";
        until(&format!("trip {trip} is {state} and nothing is left to do"), async || {
            let left: i64 =
                sqlx::query_scalar(left).bind(trip.to_string()).bind(state).fetch_one(&self.database).await.unwrap();
            self.state(trip).await.as_deref() == Some(state) && left == 0
        })
        .await;
    }

    /// Kills both while Amazon is at work on this call, starts them again, and sees the visit end.
    pub(crate) async fn killed_during(
        &mut self,
        api: Api,
        fault: Fault,
        card: &str,
        items: usize,
        state: &str,
    ) -> Uuid {
        self.twin.fault(api, fault, 1);
        let before = self.twin.truth().calls.iter().filter(|call| call.api == api).count();
        let trip = self.twin.walk(card, &demo_items(items)).await.unwrap().trip;
        until(&format!("{api:?} is called"), async || {
            self.twin.truth().calls.iter().filter(|call| call.api == api).count() > before
        })
        .await;
        self.kill();
        self.start().await;
        self.until_ended(trip, state).await;
        trip
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        for mut program in self.running.drain(..) {
            let _ = program.kill();
            let _ = program.wait();
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let tail: Vec<_> = log.lines().rev().take(30).collect();
            eprintln!("{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_addr() -> String {
    load::bench::stage::free_addr().unwrap()
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
