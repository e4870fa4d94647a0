//! Proves the law of money over everything there is: the ledger, each trip with its debt, each instrument.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use domain::id::TripId;
use domain::law::MoneyViolation;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::verify::Told;
use crate::store::StoreError;
use crate::store::money_law::{self, Extent};

/// Ledger transactions in one question.
const TRANSACTIONS: i64 = 100_000;

/// Trips in one question: so many that reading whole tables is quicker than looking each trip up.
const TRIPS: i64 = 200_000;

/// Violations read at once, of those that are asked for over everything.
const TOLD: i64 = 1_000;

/// Questions asked at a time: one sorts while another reads.
const AT_ONCE: u32 = 2;

/// What a verification came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyVerified {
    /// Trips that were looked at.
    pub trips: u64,
    /// How many violations were told.
    pub violations: u64,
}

/// One question over a part of what there is.
#[derive(Debug, Clone)]
enum Question {
    /// Do these ledger transactions add up?
    Transactions { first: i64, last: i64 },
    /// Do the trips after one up to another, `count` of them, agree with their debts, purchases and entries?
    Trips { after: String, last: TripId, count: i64 },
    /// Is from each instrument receivable what it owes?
    Instruments,
    /// Was a trip captured more than once?
    Captures,
}

/// What came of one question: its number, how far it brings us, and what breaks the law there.
type Answer = (usize, i64, Result<Vec<MoneyViolation>, StoreError>);

/// The questions that nobody has asked yet, with their numbers.
type Open = Arc<Mutex<VecDeque<(usize, Question)>>>;

/// Verifies the law of money. Others go on writing meanwhile: each trip is seen as it is at one moment, together with its debt and
/// its entries. Two questions are asked at a time, each on a connection of its own; violations are told in the order of the questions.
///
/// # Errors
///
/// A database that is away.
pub async fn verify_money(
    db: &PgPool,
    mut tell: impl FnMut(Told<MoneyViolation>),
) -> Result<MoneyVerified, StoreError> {
    let (extent, questions) = questions(db).await?;
    let trips = questions.iter().map(Question::trips).fold(0_u64, u64::saturating_add);
    let open: Open = Arc::new(Mutex::new(questions.into_iter().enumerate().collect()));
    let (answer, mut answers) = mpsc::unbounded_channel();
    let mut asking = JoinSet::new();
    for _ in 0..AT_ONCE.min(db.options().get_max_connections()) {
        asking.spawn(ask_all(db.clone(), Arc::clone(&open), answer.clone()));
    }
    drop(answer);
    let mut tally = Tally::new(extent, &mut tell);
    let (mut early, mut next) = (BTreeMap::new(), 0_usize);
    while let Some((number, steps, violations)) = answers.recv().await {
        early.insert(number, (steps, violations?));
        while let Some((steps, violations)) = early.remove(&next) {
            tally.found(violations);
            tally.step(steps);
            next = next.saturating_add(1);
        }
    }
    while let Some(asked) = asking.join_next().await {
        asked.map_err(|_| StoreError::Corrupt("questions that were broken off"))??;
    }
    Ok(MoneyVerified { trips, violations: tally.violations })
}

/// Asks one question after the other until there are none. Nothing is written: the transaction only keeps settings, and each question in
/// it sees what is committed by then.
async fn ask_all(db: PgPool, open: Open, answer: mpsc::UnboundedSender<Answer>) -> Result<(), StoreError> {
    let mut conn = db.begin().await?;
    loop {
        let question = open.lock().await.pop_front();
        let Some((number, question)) = question else { return Ok(()) };
        let steps = question.steps();
        let violations = ask(&mut conn, question).await;
        if answer.send((number, steps, violations)).is_err() {
            return Ok(());
        }
    }
}

/// Everything there is to ask, and how much that is.
async fn questions(db: &PgPool) -> Result<(Extent, VecDeque<Question>), StoreError> {
    let mut conn = db.acquire().await?;
    let extent = money_law::extent(&mut conn).await?;
    let mut questions = VecDeque::new();
    if let Some((mut first, end)) = extent.transactions {
        while first <= end {
            let last = first.saturating_add(TRANSACTIONS.saturating_sub(1)).min(end);
            questions.push_back(Question::Transactions { first, last });
            first = last.saturating_add(1);
        }
    }
    let mut after = String::new();
    while let Some((last, count)) = money_law::next_page(&mut conn, &after, TRIPS).await? {
        let before = std::mem::replace(&mut after, last.as_str().to_owned());
        questions.push_back(Question::Trips { after: before, last, count });
    }
    questions.extend([Question::Instruments, Question::Captures]);
    Ok((extent, questions))
}

impl Question {
    /// Trips that it is about.
    fn trips(&self) -> u64 {
        match self {
            Self::Trips { count: trips, .. } => count(*trips),
            Self::Transactions { .. } | Self::Instruments | Self::Captures => 0,
        }
    }

    /// How far it brings us.
    fn steps(&self) -> i64 {
        match self {
            Self::Transactions { first, last } => last.saturating_sub(*first),
            Self::Trips { count, .. } => *count,
            Self::Instruments | Self::Captures => 0,
        }
    }
}

/// What breaks the law there.
async fn ask(conn: &mut PgConnection, question: Question) -> Result<Vec<MoneyViolation>, StoreError> {
    money_law::expect_many_rows(&mut *conn, matches!(question, Question::Trips { .. })).await?;
    match question {
        Question::Transactions { first, last } => money_law::list_of_transactions(conn, first..=last).await,
        Question::Trips { after, last, .. } => money_law::list_of_trips(conn, &after, &last).await,
        Question::Instruments => verify_instruments(conn).await,
        Question::Captures => verify_captures(conn).await,
    }
}

/// How far it is, and how much was found.
struct Tally<'a, F> {
    done: u64,
    of: u64,
    violations: u64,
    tell: &'a mut F,
}

impl<'a, F: FnMut(Told<MoneyViolation>)> Tally<'a, F> {
    fn new(extent: Extent, tell: &'a mut F) -> Self {
        let transactions = extent.transactions.map_or(0, |(first, last)| last.saturating_sub(first));
        Self { done: 0, of: count(transactions.saturating_add(extent.trips)), violations: 0, tell }
    }

    fn found(&mut self, violations: Vec<MoneyViolation>) {
        for violation in violations {
            self.violations = self.violations.saturating_add(1);
            (self.tell)(Told::Found(violation));
        }
    }

    fn step(&mut self, done: i64) {
        self.done = self.done.saturating_add(count(done));
        (self.tell)(Told::Step { done: self.done.min(self.of), of: self.of });
    }
}

async fn verify_instruments(conn: &mut PgConnection) -> Result<Vec<MoneyViolation>, StoreError> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let (violations, last) = money_law::list_of_instruments(&mut *conn, &after, TOLD).await?;
        all.extend(violations);
        let Some(last) = last else { return Ok(all) };
        after = last;
    }
}

async fn verify_captures(conn: &mut PgConnection) -> Result<Vec<MoneyViolation>, StoreError> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let (violations, last) = money_law::list_captured_again(&mut *conn, &after, TOLD).await?;
        all.extend(violations);
        let Some(last) = last else { return Ok(all) };
        after = last;
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
