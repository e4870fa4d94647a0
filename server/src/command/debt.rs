//! `storeside debt`: what was not collected, and what people do about it.

use anyhow::{Context, bail};
use domain::debt::{Debt, DebtAge, DebtStatus, PaymentMeans};
use domain::dispute::Dispute;
use domain::id::{InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use rust_decimal::Decimal;
use time::Duration;

use super::{Desk, moment_text, reason, say};
use crate::flow::dispute::newest_disputes;
use crate::flow::settle_debt::{
    DebtChange, DebtFilter, Decider, balance, confirm_capture, debt_history, list_debts, settle_debt,
};

/// Debts that are listed when nobody says how many.
const LISTED: i64 = 200;

/// The words after `storeside debt`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Debts, the oldest first, with their age and cause.
    List {
        /// Of one store.
        #[arg(long)]
        store: Option<StoreId>,
        /// In one status: open, settled, written_off.
        #[arg(long)]
        status: Option<DebtStatus>,
        /// Only those older than so many days.
        #[arg(long, value_name = "DAYS")]
        older_than: Option<i64>,
        /// At most so many.
        #[arg(long, default_value_t = LISTED)]
        limit: i64,
    },
    /// What happened to the debt of a trip, from its birth on.
    History {
        /// The visit.
        trip: TripId,
    },
    /// What an instrument owes over all trips and stores.
    Balance {
        /// Amazon's id of the instrument.
        instrument: InstrumentId,
    },
    /// Count a payment that was taken at a till or by telephone.
    Pay {
        /// The visit.
        trip: TripId,
        /// How much, like 12.99.
        amount: Decimal,
        /// In what currency.
        #[arg(long, default_value = "USD")]
        currency: Currency,
        /// How: in_store or by_phone.
        #[arg(long, default_value = "in_store")]
        means: PaymentMeans,
        /// The till's own number of the payment: the same one counts once.
        #[arg(long)]
        reference: String,
        /// Who, and why.
        #[command(flatten)]
        who: Who,
    },
    /// Take a counted payment back: it bounced, or was charged back.
    Reverse {
        /// The visit.
        trip: TripId,
        /// How much, like 12.99.
        amount: Decimal,
        /// In what currency.
        #[arg(long, default_value = "USD")]
        currency: Currency,
        /// How it had been paid: in_store or by_phone.
        #[arg(long, default_value = "in_store")]
        means: PaymentMeans,
        /// Who, and why.
        #[command(flatten)]
        who: Who,
    },
    /// Give up what is outstanding. Above the store's limit a second --as is asked for.
    WriteOff(Change),
    /// Do not give it up after all.
    Reopen(Change),
    /// Let the shopper in all the same.
    Clear(Change),
    /// Count a late cart's debt at the gate.
    Confirm(Change),
    /// Say what became of a capture that nobody could confirm in time.
    Capture {
        /// The visit.
        trip: TripId,
        /// Was the money taken?
        #[arg(long, value_name = "yes|no")]
        taken: Answer,
        /// Who, and why.
        #[command(flatten)]
        who: Who,
    },
}

/// Yes or no, spelled out: nobody should answer this by leaving something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Answer {
    /// It was.
    Yes,
    /// It was not.
    No,
}

/// A change that needs no more than who and why.
#[derive(Debug, clap::Args)]
pub struct Change {
    /// The visit.
    trip: TripId,
    /// Who, and why.
    #[command(flatten)]
    who: Who,
}

/// Who decides, and why.
#[derive(Debug, clap::Args)]
pub struct Who {
    /// Who says so; twice where two people are asked for.
    #[arg(long = "as", value_name = "STAFF", required = true)]
    by: Vec<String>,
    /// Why, for auditors.
    #[arg(long)]
    reason: String,
}

impl Who {
    pub(super) fn decider(&self) -> anyhow::Result<Decider<'_>> {
        let reason = reason(&self.reason)?;
        match &self.by[..] {
            [by] => Ok(Decider { by, second: None, reason }),
            [by, second] => Ok(Decider { by, second: Some(second), reason }),
            _ => bail!("--as names one person, or two"),
        }
    }
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { store, status, older_than, limit } => {
            let before = older_than.map(|days| desk.now.saturating_sub(Duration::days(days)));
            list(desk, DebtFilter { store: store.clone(), status: *status, before, limit: *limit }).await
        }
        Command::History { trip } => history(desk, trip).await,
        Command::Balance { instrument } => show_balance(desk, instrument).await,
        Command::Pay { trip, amount, currency, means, reference, who } => {
            if *means == PaymentMeans::Online {
                bail!("an online payment counts itself: --means is in_store or by_phone");
            }
            if !(1..=100).contains(&reference.chars().count()) {
                bail!("--reference must have 1 to 100 characters");
            }
            let amount = money(*amount, *currency)?;
            change(desk, trip, DebtChange::Pay { amount, means: *means, reference }, who).await
        }
        Command::Reverse { trip, amount, currency, means, who } => {
            if *means == PaymentMeans::Online {
                bail!("an online payment is taken back by its dispute alone: --means is in_store or by_phone");
            }
            let amount = money(*amount, *currency)?;
            change(desk, trip, DebtChange::ReversePayment { amount, means: *means }, who).await
        }
        Command::WriteOff(Change { trip, who }) => change(desk, trip, DebtChange::WriteOff, who).await,
        Command::Reopen(Change { trip, who }) => change(desk, trip, DebtChange::Reopen, who).await,
        Command::Clear(Change { trip, who }) => change(desk, trip, DebtChange::Clear, who).await,
        Command::Confirm(Change { trip, who }) => change(desk, trip, DebtChange::Confirm, who).await,
        Command::Capture { trip, taken, who } => {
            let was_taken = *taken == Answer::Yes;
            let state = confirm_capture(&desk.database, trip, was_taken, who.decider()?, desk.now).await?;
            say(&format!("{trip}: {}.", state.name().replace('_', " ")));
            Ok(())
        }
    }
}

async fn change(desk: &Desk, trip: &TripId, change: DebtChange<'_>, who: &Who) -> anyhow::Result<()> {
    let Debt { outstanding, status, counts_at_gate, .. } =
        settle_debt(&desk.database, trip, change, who.decider()?, desk.now).await?;
    let gate = if counts_at_gate { "counts at the gate" } else { "does not count at the gate" };
    say(&format!("{trip}: {}, {outstanding} outstanding, {gate}.", status.as_str().replace('_', " ")));
    Ok(())
}

async fn list(desk: &Desk, filter: DebtFilter) -> anyhow::Result<()> {
    let debts = list_debts(&desk.database, &filter).await?;
    if debts.is_empty() {
        say("No such debts.");
    }
    let trips: Vec<TripId> = debts.iter().map(|debt| debt.trip.clone()).collect();
    let disputes = newest_disputes(&desk.database, &trips).await?;
    for debt in debts {
        let is_disputed = disputes.get(&debt.trip).is_some_and(|it| it.state == Dispute::Open);
        let disputed = if is_disputed { "  disputed" } else { "" };
        let age = DebtAge::of(desk.now - debt.incurred_at);
        let who = debt.instrument.map_or_else(|| "nobody known".to_owned(), |it| it.to_string());
        let gate = if debt.counts_at_gate { "" } else { "  does not count at the gate" };
        say(&format!(
            "{}  {}  {who}  {} of {}  {}  {}  {age} days{gate}{disputed}",
            debt.trip, debt.store, debt.outstanding, debt.incurred, debt.cause, debt.status
        ));
    }
    Ok(())
}

async fn history(desk: &Desk, trip: &TripId) -> anyhow::Result<()> {
    let lines = debt_history(&desk.database, trip).await?;
    if lines.is_empty() {
        bail!("trip {trip} has no debt: `storeside debt list` shows all");
    }
    for line in lines {
        let why = line.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let story = line.story.as_str().replace('_', " ");
        say(&format!("{}  {story}  {}  by {}{why}", moment_text(line.at), line.amount, line.by));
    }
    Ok(())
}

async fn show_balance(desk: &Desk, instrument: &InstrumentId) -> anyhow::Result<()> {
    let balances = balance(&desk.database, instrument).await?;
    if balances.is_empty() {
        say("This instrument never owed anything.");
    }
    for it in balances {
        say(&format!(
            "{} outstanding in {} debts, {} written off; {} counts at the gate.",
            it.outstanding, it.open_debts, it.written_off, it.at_gate
        ));
    }
    Ok(())
}

fn money(amount: Decimal, currency: Currency) -> anyhow::Result<Money> {
    Money::from_decimal(amount, currency).with_context(|| format!("{amount} is not an amount in {currency}"))
}
