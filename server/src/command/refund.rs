//! `storeside refund`: what is given back, and who says so.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use domain::id::{ReconciliationId, RefundId, TripId};
use domain::refund::amount::{Choice, RefundLine};
use domain::refund::{Refund, RefundReason, ReviewReason, Split, Verdict};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Desk, moment_text, reason, say};
use crate::flow::decide_refund::{Decision, decide_refund};
use crate::flow::read_refund::{
    RefundPaper, RefundRow, Review, list_refunds, list_refunds_of_trip, refund_note, refund_paper, reviews,
};
use crate::flow::request_refund::{RefundOrder, Requester, Wish, expect_refund, request_refund};
use crate::flow::staff::Person;

/// The words after `storeside refund`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Those that are not finished, the oldest first.
    List {
        /// The finished ones as well, the newest first.
        #[arg(long)]
        all: bool,
        /// Only those of one visit.
        #[arg(long)]
        trip: Option<TripId>,
    },
    /// One refund, with its lines and its calls to Amazon.
    Show {
        /// The refund.
        refund: RefundId,
    },
    /// Ask for a refund. Within the store's limits it is given at once; else another person approves it.
    Request(Request),
    /// Give a refund that waits for a decision. Not by the one who asked for it.
    Approve(Decided),
    /// Do not give it. The shopper is told the reason.
    Decline(Decided),
    /// Say that you gave back what Amazon would not.
    ByHand {
        /// You looked in Amazon's reports: it has not given the money back as well.
        #[arg(long)]
        amazon_did_not: bool,
        /// Which, who, and why.
        #[command(flatten)]
        decided: Decided,
    },
    /// Say that Amazon's reports show it as given back.
    Found {
        /// Amazon's number for it.
        #[arg(long)]
        reconciliation_id: ReconciliationId,
        /// Which, who, and why.
        #[command(flatten)]
        decided: Decided,
    },
    /// Ask Amazon once more, with the same key: what is done already is not done twice.
    Retry(Decided),
}

/// A refund that is asked for.
#[derive(Debug, clap::Args)]
pub struct Request {
    /// The visit.
    trip: TripId,
    /// A line of the purchase and how much of it comes back, like 1=2.
    #[arg(value_name = "LINE=QUANTITY", required_unless_present_any = ["everything", "credit"])]
    lines: Vec<String>,
    /// Everything that has not come back before.
    #[arg(long, conflicts_with_all = ["lines", "credit"])]
    everything: bool,
    /// What was taken beyond what was owed.
    #[arg(long, conflicts_with = "lines")]
    credit: bool,
    /// One of DAMAGED_ITEM, EXPIRED_ITEM, UNWANTED_ITEM, JWO_TECH_ERROR, OTHER.
    #[arg(long, value_name = "CODE")]
    code: RefundReason,
    /// Only say what it would come to.
    #[arg(long)]
    dry_run: bool,
    /// Who asks.
    #[arg(long = "as", value_name = "STAFF")]
    by: String,
    /// Why, for auditors.
    #[arg(long)]
    reason: String,
}

/// Which refund, who says so, and why.
#[derive(Debug, clap::Args)]
pub struct Decided {
    /// The refund.
    refund: RefundId,
    /// Who says so.
    #[arg(long = "as", value_name = "STAFF")]
    by: String,
    /// Why, for auditors; of a refusal, the shopper reads it as well.
    #[arg(long)]
    reason: String,
}

/// Does what was asked.
///
/// # Errors
///
/// What the flow says; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { all, trip } => list(desk, *all, trip.as_ref()).await,
        Command::Show { refund } => show(desk, *refund).await,
        Command::Request(request) => ask(desk, request).await,
        Command::Approve(decided) => decide(desk, decided, Decision::Approve).await,
        Command::Decline(decided) => decide(desk, decided, Decision::Decline).await,
        Command::ByHand { amazon_did_not, decided } => {
            decide(desk, decided, Decision::DoneByHand { amazon_did_not: *amazon_did_not }).await
        }
        Command::Found { reconciliation_id, decided } => {
            decide(desk, decided, Decision::Found { reconciliation: reconciliation_id.clone() }).await
        }
        Command::Retry(decided) => decide(desk, decided, Decision::Retry).await,
    }
}

async fn list(desk: &Desk, all: bool, trip: Option<&TripId>) -> anyhow::Result<()> {
    let refunds = match trip {
        Some(trip) => list_refunds_of_trip(&desk.database, trip).await?,
        None => list_refunds(&desk.database, all).await?,
    };
    if refunds.is_empty() {
        say("No refunds.");
    }
    let ids: Vec<RefundId> = refunds.iter().map(|it| it.id).collect();
    let mut reviews = reviews(&desk.database, &ids).await?;
    for refund in &refunds {
        let at = moment_text(refund.requested_at);
        let RefundRow { id, trip, amount, requested_by, .. } = refund;
        let review = reviews.remove(id).unwrap_or_default();
        let note = if review.has_note { "  with a note" } else { "" };
        let because = review_words(&review).map(|words| format!("  looked at because: {words}")).unwrap_or_default();
        let stands = standing(&refund.state);
        say(&format!("{id}  {stands}  {amount}  trip {trip}  asked for by {requested_by} at {at}{because}{note}"));
    }
    Ok(())
}

async fn show(desk: &Desk, id: RefundId) -> anyhow::Result<()> {
    let paper = refund_paper(&desk.database, id).await?;
    let RefundPaper { refund, lines, attempts } = paper.with_context(|| format!("there is no refund {id}"))?;
    say(&format!("{id}  {}  {} of {}", standing(&refund.state), refund.kind, refund.amount));
    say(&format!("  trip {}  store {}  {}", refund.trip, refund.store, refund.reason));
    let because = refund.requested_because.as_deref().unwrap_or("no reason given");
    say(&format!("  asked for by {} at {}: {because}", refund.requested_by, moment_text(refund.requested_at)));
    let review = reviews(&desk.database, &[id]).await?.remove(&id).unwrap_or_default();
    if let Some(words) = review_words(&review) {
        say(&format!("  looked at because: {words}"));
    }
    if review.has_note
        && let Some(note) = refund_note(&desk.database, desk.vault()?, id).await?
    {
        note.expose().lines().for_each(|line| say(&format!("  the shopper adds: {line}")));
    }
    if let (Some(by), Some(at)) = (&refund.decided_by, refund.decided_at) {
        let because = refund.decided_because.as_deref().unwrap_or("within the store's limits");
        say(&format!("  decided by {by} at {}: {because}", moment_text(at)));
    }
    if let Some(Split { credit, card, elsewhere }) = refund.state.split() {
        say(&format!("  off the debt {credit}, to the card {card}, by hand {elsewhere}"));
    }
    if let Some(number) = refund.state.reconciliation() {
        say(&format!("  reconciliation id {number}"));
    }
    lines.iter().for_each(say_line);
    for attempt in attempts {
        let status = attempt.status.map(|it| format!(" {it}")).unwrap_or_default();
        let problem = attempt.problem.map(|it| format!(": {it}")).unwrap_or_default();
        say(&format!("  called at {}: {}{status}{problem}", moment_text(attempt.sent_at), attempt.outcome));
    }
    Ok(())
}

async fn ask(desk: &Desk, request: &Request) -> anyhow::Result<()> {
    let because = reason(&request.reason)?;
    let wish = match (request.credit, request.everything) {
        (true, _) => Wish::Credit,
        (false, true) => Wish::Goods(Choice::Everything),
        (false, false) => Wish::Goods(Choice::Lines(chosen(&request.lines)?)),
    };
    let by = Requester::Staff(&request.by);
    if request.dry_run {
        let expected = expect_refund(&desk.database, &request.trip, &wish, by, desk.now).await?;
        expected.lines.iter().for_each(say_line);
        let then = match expected.verdict {
            Verdict::Automatic => "it would be given at once",
            Verdict::Review => "another person would have to approve it",
        };
        say(&format!("{} would be given back; {then}. Nothing was changed.", expected.amount));
        return Ok(());
    }
    let id = RefundId::new(Uuid::new_v4())?;
    let order = RefundOrder {
        id,
        trip: &request.trip,
        wish,
        reason: request.code,
        because: Some(because),
        note: None,
        agreed: None,
        by,
    };
    let refund = request_refund(&desk.database, &order, desk.now).await?;
    say(&format!("{id}  {}  {}", standing(&refund.state), refund.amount));
    Ok(())
}

async fn decide(desk: &Desk, decided: &Decided, decision: Decision) -> anyhow::Result<()> {
    let reviewer = Person { by: &decided.by, reason: reason(&decided.reason)? };
    let refund = decide_refund(&desk.database, decided.refund, decision, reviewer, desk.now).await?;
    say(&format!("{}  {}  {}", refund.id, standing(&refund.state), refund.amount));
    Ok(())
}

fn say_line(line: &RefundLine) {
    let RefundLine { line_no, name, quantity, unit, amount, .. } = line;
    say(&format!(
        "  line {line_no}: {quantity} {unit} of {name}: {amount} (price {}, promotions {}, tax {}, tax included {}, deposit {})",
        line.price, line.promotions, line.tax, line.tax_included, line.deposit
    ));
}

/// Why a person must look. `None`: nobody must.
fn review_words(review: &Review) -> Option<String> {
    let words: Vec<&str> = review.reasons.iter().map(|reason| review_word(*reason)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn review_word(reason: ReviewReason) -> &'static str {
    match reason {
        ReviewReason::Credit => "more was taken than was owed",
        ReviewReason::OverLimit => "it is above the limit",
        ReviewReason::Frequent => "this card had many refunds in 30 days",
        ReviewReason::NobodyKnown => "nobody is known to have paid",
        ReviewReason::SameArticle => "the same article came back from other trips",
        ReviewReason::MostlyReturned => "much of what this card bought came back",
    }
}

/// Where it is, and what a person must do.
fn standing(refund: &Refund) -> String {
    match refund {
        Refund::InReview => "waits for a person".to_owned(),
        Refund::Waiting { until, .. } => {
            format!("waits for the capture's confirmation, until {} at most", moment_text(*until))
        }
        Refund::Sending { .. } => "Amazon is asked".to_owned(),
        Refund::ByHand { left, in_doubt: true, .. } => {
            format!("{left} to give back by hand, unless Amazon has: look in its reports first")
        }
        Refund::ByHand { left, .. } => format!("{left} to give back by hand"),
        Refund::Refunded { .. } => "given back".to_owned(),
        Refund::Credited { .. } => "came off the debt".to_owned(),
        Refund::Declined => "declined".to_owned(),
    }
}

fn chosen(lines: &[String]) -> anyhow::Result<BTreeMap<u32, Decimal>> {
    let mut chosen = BTreeMap::new();
    for text in lines {
        let (line_no, quantity) = text.split_once('=').with_context(|| format!("{text:?} is not like 1=2"))?;
        let line_no = line_no.parse().with_context(|| format!("{line_no:?} is not the number of a line"))?;
        let quantity = quantity.parse().with_context(|| format!("{quantity:?} is not a quantity"))?;
        if chosen.insert(line_no, quantity).is_some() {
            bail!("line {line_no} is named twice");
        }
    }
    Ok(chosen)
}
