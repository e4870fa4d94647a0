//! `storeside gate`: who stays out, who comes in all the same, and what was decided.

use anyhow::Context;
use domain::gate::GateList;
use domain::id::{GateEventId, InstrumentId, StoreId};

use super::{By, Desk, moment, moment_text, say};
use crate::flow::gate_lists::{Place, list_places, put_on_list, take_off_lists};
use crate::flow::show_gate::{ShownDecision, show_decision, show_store};

mod sign;

/// Places that are listed when nobody says how many.
const LISTED: i64 = 200;

/// The words after `storeside gate`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Keep an instrument out until a moment.
    Block(Listing),
    /// Let an instrument in until a moment, whatever it owes and whatever Amazon says of it.
    Allow(Listing),
    /// Take an instrument off both lists.
    Clear {
        /// Amazon's id of the instrument.
        instrument: InstrumentId,
        /// Where it was put on the list for one store only.
        #[arg(long)]
        store: Option<StoreId>,
        /// Who, and why.
        #[command(flatten)]
        by: By,
    },
    /// Who is on a list, those whose time ends first in front.
    List {
        /// Of one instrument.
        instrument: Option<InstrumentId>,
        /// At most so many.
        #[arg(long, default_value_t = LISTED)]
        limit: i64,
    },
    /// What was decided about a tap, by which rule, and what the shopper may be told.
    Show {
        /// Amazon's id of the gate event.
        event: GateEventId,
    },
    /// A sign for beside the gate: the portal's address as text and as a QR code, as SVG.
    Sign {
        /// Of which store.
        #[arg(long)]
        store: Option<StoreId>,
    },
}

/// A place on a list.
#[derive(Debug, clap::Args)]
pub struct Listing {
    /// Amazon's id of the instrument.
    instrument: InstrumentId,
    /// Until when, like 2026-12-01T06:00:00Z.
    #[arg(long, value_name = "TIME")]
    until: String,
    /// At one store only; else at every store.
    #[arg(long)]
    store: Option<StoreId>,
    /// Who, and why.
    #[command(flatten)]
    by: By,
}

/// Finds the portal's address when it is needed.
pub type Portal<'a> = &'a (dyn Fn() -> anyhow::Result<String> + Sync);

/// Does what was asked.
///
/// # Errors
///
/// What the flows say; a database that is away.
pub async fn run(desk: &Desk, portal: Portal<'_>, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Block(listing) => put(desk, listing, GateList::Block).await,
        Command::Allow(listing) => put(desk, listing, GateList::Allow).await,
        Command::Clear { instrument, store, by } => {
            let place = Place { instrument, store: store.as_ref() };
            take_off_lists(&desk.database, place, by.person()?, desk.now).await?;
            say(&format!("{instrument} is on no list {} any more.", at(store.as_ref())));
            Ok(())
        }
        Command::List { instrument, limit } => list(desk, instrument.as_ref(), *limit).await,
        Command::Show { event } => {
            let shown = show_decision(&desk.database, event).await?;
            let shown = shown.with_context(|| format!("no tap with the gate event {event} was decided"))?;
            show(event, &shown, &portal()?);
            Ok(())
        }
        Command::Sign { store } => {
            let id = desk.store(store.as_ref()).await?;
            let store = show_store(&desk.database, &id).await?;
            let store = store.with_context(|| format!("the store {id} is not served here"))?;
            say(&sign::svg(&store.merchant, &portal()?)?);
            Ok(())
        }
    }
}

async fn put(desk: &Desk, listing: &Listing, list: GateList) -> anyhow::Result<()> {
    let Listing { instrument, until, store, by } = listing;
    let until = moment(until)?;
    let place = Place { instrument, store: store.as_ref() };
    put_on_list(&desk.database, place, list, until, by.person()?, desk.now).await?;
    let does = match list {
        GateList::Block => "stays out",
        GateList::Allow => "comes in",
    };
    say(&format!("{instrument} {does} {} until {}.", at(store.as_ref()), moment_text(until)));
    Ok(())
}

fn at(store: Option<&StoreId>) -> String {
    store.map_or_else(|| "at every store".to_owned(), |store| format!("at {store}"))
}

async fn list(desk: &Desk, instrument: Option<&InstrumentId>, limit: i64) -> anyhow::Result<()> {
    let places = list_places(&desk.database, instrument, limit, desk.now).await?;
    if places.is_empty() {
        say("Nobody is on a list.");
    }
    for place in places {
        let (until, at) = (moment_text(place.until), at(place.store.as_ref()));
        say(&format!("{}\t{}\t{at}\tuntil {until}\tby {}: {}", place.list, place.instrument, place.by, place.reason));
    }
    Ok(())
}

fn show(event: &GateEventId, shown: &ShownDecision, portal: &str) {
    let decision = &shown.decision;
    let opened = if decision.authorized { "APPROVED" } else { "DENIED" };
    let rule = if decision.rule.is_empty() { "not kept" } else { &decision.rule };
    let part = decision.rules_part.map_or_else(String::new, |part| format!(" (rules of part {part})"));
    say(&format!("{event}\t{opened}\t{}\t{}", shown.store, moment_text(shown.decided_at)));
    say(&format!("  reason: {}, rule: {rule}{part}", decision.reason));
    say(&format!("  instrument: {}, outstanding: {}", shown.instrument, shown.outstanding));
    let hold = decision.adjusted_hold.map_or_else(String::new, |hold| format!(", to be placed: {hold}"));
    say(&format!("  hold asked about: {}{hold}", shown.hold));
    say(&format!("  risks: {}", if decision.risks.is_empty() { "none".to_owned() } else { decision.risks.join(", ") }));
    match (decision.override_kind, decision.is_override) {
        (Some(kind), _) => say(&format!("  differs from Amazon's recommendation: {kind}")),
        (None, true) => say("  differs from Amazon's recommendation"),
        (None, false) => say("  as Amazon recommended"),
    }
    match &decision.notice {
        Some(notice) => say(&format!("  the shopper may be told: {} {portal}{}", notice.text, notice.path)),
        None => say("  the shopper need not be told anything"),
    }
}
