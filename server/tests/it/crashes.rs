//! One little scenario, during which one of the real programs dies at a failpoint of its own and is started again.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use server::failpoint::{Commit, Failpoint};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use twin::{Api, Card, CartLine, Fault, Pending, Telling, demo_items};
use uuid::Uuid;

use crate::programs::Programs;

/// No step of a scenario takes longer.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where nothing happens for so long, time passes: what waits for a lease or a later try is due then.
const STUCK_AFTER: Duration = Duration::from_millis(1500);

const SIGKILL: i32 = 9;

/// Who meets a failpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The server, the first of the programs that run.
    Serve,
    /// The worker, the second.
    Work,
    /// What somebody types.
    Command,
}

fn role(point: Failpoint) -> Role {
    let (Failpoint::Before(commit) | Failpoint::After(commit)) = point else { return Role::Work };
    match commit {
        Commit::Gate | Commit::Cart | Commit::EventStored | Commit::EventApplied => Role::Serve,
        Commit::RefundRequested | Commit::RefundDecided | Commit::DebtChanged => Role::Command,
        Commit::Claim(_)
        | Commit::Attempt(_)
        | Commit::Outcome(_)
        | Commit::EntryChecked
        | Commit::ReviewChecked
        | Commit::DeadlineChecked
        | Commit::ProbeClaimed
        | Commit::ProbeReturned
        | Commit::MailSent
        | Commit::AuditSealed => Role::Work,
    }
}

/// Which scenario meets a failpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// One visit is paid and a line of it given back, one is declined and paid at the till.
    Pays,
    /// One visit meets a pause, one is left without a cart, one waits for a person, and one is never decided by its bank.
    Waits,
}

impl Scenario {
    pub(crate) fn of(point: Failpoint) -> Self {
        let (Failpoint::Before(commit) | Failpoint::After(commit)) = point else { return Self::Pays };
        match commit {
            Commit::EntryChecked
            | Commit::ReviewChecked
            | Commit::DeadlineChecked
            | Commit::ProbeClaimed
            | Commit::ProbeReturned => Self::Waits,
            _ => Self::Pays,
        }
    }
}

/// A program that is going to die by itself; a story that ends before takes it along.
struct Doomed(Child);

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the death and starts the same program again, unarmed.
async fn follow(mut doomed: Doomed, mut again: Command) -> Child {
    loop {
        if let Some(status) = doomed.0.try_wait().unwrap() {
            assert_eq!(status.signal(), Some(SIGKILL), "it did not die of its failpoint: {status}");
            return again.spawn().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One run of a scenario.
pub(crate) struct Run<'a> {
    programs: &'a mut Programs,
    point: Option<Failpoint>,
    /// The program's place among those that run, and whoever starts it again.
    doomed: Option<(usize, JoinHandle<Child>)>,
    has_died: bool,
    name: String,
}

impl<'a> Run<'a> {
    /// Arms the program that meets this failpoint, in place of the one that runs.
    pub(crate) async fn begin(programs: &'a mut Programs, point: Option<Failpoint>) -> Self {
        let name = format!("{}", Uuid::new_v4().simple());
        let place = point.map(role).and_then(|role| match role {
            Role::Serve => Some(0),
            Role::Work => Some(1),
            Role::Command => None,
        });
        let mut run = Self { programs, point, doomed: None, has_died: false, name };
        if let (Some(point), Some(place)) = (point, place) {
            drop(Doomed(run.programs.running.remove(place)));
            let command = |programs: &Programs| if place == 0 { programs.command(&["serve"]) } else { programs.work() };
            let doomed = Doomed(armed(command(run.programs), point).spawn().unwrap());
            run.doomed = Some((place, tokio::spawn(follow(doomed, command(run.programs)))));
            if place == 0 {
                run.programs.until_ready().await;
            }
        }
        run
    }

    /// What the books and the twin say in the end. A program that was to die and did not fails here.
    pub(crate) async fn end(mut self, scenario: Scenario) -> Vec<String> {
        let telling = match self.point {
            Some(Failpoint::Before(it) | Failpoint::After(it))
                if matches!(it, Commit::EventStored | Commit::EventApplied) =>
            {
                Telling::AfterMs(0)
            }
            _ => Telling::Never,
        };
        self.programs.twin.tell_events(telling);
        let trips = match scenario {
            Scenario::Pays => self.pays().await,
            Scenario::Waits => self.waits().await,
        };
        if let Some((place, follower)) = self.doomed.take() {
            assert!(follower.is_finished(), "no program has met its failpoint");
            self.programs.running.insert(place, follower.await.unwrap());
            self.programs.until_ready().await;
        }
        let mut said = vec![];
        for (name, trip) in &trips {
            said.push(format!(
                "{name}: {}; {}",
                books(&self.programs.database, *trip).await,
                truth(self.programs, *trip)
            ));
            forget_what_waits(&self.programs.database, *trip).await;
        }
        said
    }

    async fn pays(&mut self) -> Vec<(&'static str, Uuid)> {
        let (paid, declined) = (self.card("paid", 1_000_000), self.card("declined", 0));
        let paid = self.programs.twin.walk(paid.as_str(), &demo_items(3)).await.unwrap().trip;
        self.until_quiet(paid, "captured").await;
        let trip = paid.to_string();
        let request =
            ["refund", "request", &trip, "1=1", "--code", "DAMAGED_ITEM", "--as", "ann", "--reason", "it was broken"];
        let is_asked = "SELECT count(*) FROM refund WHERE trip_id = $1";
        self.person(Commit::RefundRequested, &request, is_asked, paid).await;
        let id: Uuid = sqlx::query_scalar("SELECT refund_id FROM refund WHERE trip_id = $1")
            .bind(&trip)
            .fetch_one(&self.programs.database)
            .await
            .unwrap();
        let id = id.to_string();
        let approve = ["refund", "approve", &id, "--as", "ben", "--reason", "seen on the video"];
        let is_decided = "SELECT count(*) FROM refund WHERE trip_id = $1 AND state <> 'in_review'";
        self.person(Commit::RefundDecided, &approve, is_decided, paid).await;
        let is_refunded = "SELECT count(*) FROM refund WHERE trip_id = $1 AND state = 'refunded'";
        self.until_one("the refund is given", is_refunded, paid).await;
        self.until_quiet(paid, "captured").await;

        let declined = self.programs.twin.walk(declined.as_str(), &demo_items(2)).await.unwrap().trip;
        self.until_quiet(declined, "uncollected").await;
        let (trip, till) = (declined.to_string(), format!("till-{}", self.name));
        let pay = ["debt", "pay", &trip, "10.32", "--reference", &till, "--as", "ann", "--reason", "paid at the till"];
        let is_paid = "SELECT count(*) FROM debt WHERE trip_id = $1 AND outstanding_minor = 0";
        self.person(Commit::DebtChanged, &pay, is_paid, declined).await;
        self.until_quiet(declined, "uncollected").await;
        vec![("paid", paid), ("declined", declined)]
    }

    async fn waits(&mut self) -> Vec<(&'static str, Uuid)> {
        self.programs.twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
        let [throttled, left, odd] = ["throttled", "left", "odd"].map(|name| self.card(name, 1_000_000));
        let throttled = self.programs.twin.walk(throttled.as_str(), &demo_items(1)).await.unwrap().trip;
        let is_throttled = "SELECT count(*) FROM attempt WHERE trip_id = $1 AND outcome = 'busy'";
        self.until_one("Amazon wants a pause", is_throttled, throttled).await;
        self.programs.pass(601);
        self.until_quiet(throttled, "captured").await;

        let left = self.programs.twin.tap(left.as_str()).await.unwrap().trip;
        let lines = [demo_items(1), vec![CartLine::units("SKU-OF-NOBODY", "1")]].concat();
        let odd = self.programs.twin.walk(odd.as_str(), &lines).await.unwrap().trip;
        let name = format!("undecided-{}", self.name);
        self.programs.twin.put_card(Card { pending: Pending::Forever, ..Card::visa_named(&name) });
        let undecided = self.programs.twin.walk(name.as_str(), &demo_items(1)).await.unwrap().trip;
        // 13 hours after they came, 25, 43, half an hour before the token ends, and after that.
        self.programs.pass(13 * 3600);
        self.until_quiet(left, "cancelled").await;
        self.programs.pass(12 * 3600);
        self.until_quiet(odd, "captured").await;
        self.programs.pass(18 * 3600);
        let is_near = "SELECT count(*) FROM alert WHERE kind = 'deadline_near' AND subject = $1";
        self.until_one("a person is told", is_near, undecided).await;
        self.programs.pass(9060);
        let is_given_up =
            "SELECT count(*) FROM outbox WHERE trip_id = $1 AND kind = 'adjust_charge' AND state = 'exhausted'";
        self.until_one("nobody asks any more", is_given_up, undecided).await;
        self.programs.pass(3600);
        self.until_quiet(undecided, "uncollected").await;
        vec![("throttled", throttled), ("left", left), ("odd", odd), ("undecided", undecided)]
    }

    /// A card that nobody has used.
    fn card(&self, name: &str, limit_minor: i64) -> String {
        let card = Card { limit_minor, ..Card::visa_named(&format!("{name}-{}", self.name)) };
        let name = card.name.clone();
        self.programs.twin.put_card(card);
        name
    }

    /// Somebody types this; where it dies, looks whether it is done, and types it again where it is not.
    async fn person(&mut self, commit: Commit, words: &[&str], is_done: &'static str, trip: Uuid) {
        let mine = |point: &Failpoint| [Failpoint::Before(commit), Failpoint::After(commit)].contains(point);
        if let Some(point) = self.point.filter(mine) {
            let status = armed(self.programs.command(words), point).status().unwrap();
            assert_eq!(status.signal(), Some(SIGKILL), "{words:?}: {status}");
            let is_done = count(&self.programs.database, is_done, trip).await == 1;
            assert_eq!(is_done, point == Failpoint::After(commit), "{point}: all of it or nothing");
            if is_done {
                return;
            }
        }
        let output = self.programs.command_piped(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The visit is there, and nothing is left to do for it.
    async fn until_quiet(&mut self, trip: Uuid, state: &'static str) {
        // After a decline, Amazon is asked for card facts again and again that it may never have.
        let left = "SELECT count(*) FROM outbox JOIN trip USING (trip_id) WHERE trip_id = $1 AND outbox.state IN ('waiting', 'claimed')
            AND kind NOT IN ('check_deadline', 'check_entry', 'check_review')
            AND NOT (kind = 'fetch_transactional_data' AND trip.state = 'uncollected')";
        self.until(&format!("{trip} is {state} and quiet"), async |programs| {
            let now: Option<String> = sqlx::query_scalar("SELECT state FROM trip WHERE trip_id = $1")
                .bind(trip.to_string())
                .fetch_optional(&programs.database)
                .await
                .unwrap();
            now.as_deref() == Some(state) && count(&programs.database, left, trip).await == 0
        })
        .await;
    }

    async fn until_one(&mut self, what: &str, sql: &'static str, trip: Uuid) {
        self.until(what, async |programs| count(&programs.database, sql, trip).await == 1).await;
    }

    async fn until(&mut self, what: &str, is_so: impl AsyncFn(&Programs) -> bool) {
        let (end, mut still) = (Instant::now() + PATIENCE, Instant::now());
        while !is_so(self.programs).await {
            assert!(Instant::now() < end, "{:?}: waited in vain until {what}", self.point.map(|it| it.to_string()));
            let dies_now = !self.has_died && self.doomed.as_ref().is_some_and(|(_, follower)| follower.is_finished());
            if dies_now || still.elapsed() > STUCK_AFTER {
                self.has_died |= dies_now;
                self.programs.pass_leases();
                still = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }
}

fn armed(mut command: Command, point: Failpoint) -> Command {
    command.env("STORESIDE_FAILPOINT", point.to_string());
    command
}

async fn count(database: &PgPool, sql: &'static str, trip: Uuid) -> i64 {
    sqlx::query_scalar(sql).bind(trip.to_string()).fetch_one(database).await.unwrap()
}

/// The state, the balance of each account, the debt, what was given back, and what a crash must not double or lose.
async fn books(database: &PgPool, trip: Uuid) -> String {
    let sql = "SELECT trip.state
        || '; ' || coalesce((SELECT string_agg(account || ' ' || amount, ', ' ORDER BY account) FROM (
            SELECT account, sum(amount_minor) AS amount FROM ledger_entry JOIN ledger_transaction posting USING (ledger_transaction_id)
            WHERE posting.trip_id = $1 GROUP BY 1 HAVING sum(amount_minor) <> 0) balance), 'nothing booked')
        || '; debt ' || coalesce((SELECT cause || ' ' || status || ' ' || incurred_minor || ' ' || outstanding_minor FROM debt
            WHERE trip_id = $1), 'none')
        || '; refunds ' || coalesce((SELECT string_agg(state || ' ' || card_minor || ' ' || credit_minor, ', ') FROM refund
            WHERE trip_id = $1), 'none')
        || '; purchases ' || (SELECT count(*) FROM purchase WHERE trip_id = $1)
        || ', facts ' || (SELECT count(*) FROM card_facts WHERE trip_id = $1)
        || ', exhausted ' || (SELECT count(*) FROM outbox WHERE trip_id = $1 AND state = 'exhausted')
        FROM trip WHERE trip_id = $1";
    sqlx::query_scalar(sql).bind(trip.to_string()).fetch_one(database).await.unwrap()
}

/// What really happened to the card, what Amazon was told last, and to how many mails that led.
fn truth(programs: &Programs, trip: Uuid) -> String {
    let truth = programs.twin.truth();
    let trip = truth.trip(trip);
    let refunds: Vec<_> = trip.refunds.iter().map(|it| it.amount_minor).collect();
    let told = trip.feedback.last().map(|it| (it.total_minor, it.settled_minor));
    let mails = programs.twin.mails().unwrap();
    // A mail that was sent twice by a sender who died in between is one mail: both have the same id.
    let about: std::collections::BTreeSet<_> =
        mails.iter().filter(|mail| mail.text.contains(&trip.id.to_string())).map(|mail| &mail.subject).collect();
    format!(
        "charged {:?}, given back {refunds:?}, held {}, cancelled {}, told {told:?}, {} kinds of mail",
        trip.captures_minor,
        trip.hold_minor,
        trip.cancelled,
        about.len()
    )
}

/// What would wait for days must not meet the next run's failpoint.
async fn forget_what_waits(database: &PgPool, trip: Uuid) {
    let forget = "UPDATE outbox SET state = 'dropped', due_at = NULL, claimed_until = NULL, ended_at = created_at
        WHERE trip_id = $1 AND state IN ('waiting', 'claimed')";
    sqlx::query(forget).bind(trip.to_string()).execute(database).await.unwrap();
}
