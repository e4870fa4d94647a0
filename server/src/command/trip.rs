//! `storeside trip`: what happened to a visit.

use anyhow::bail;
use domain::id::{InstrumentId, TripId};

use super::{Desk, moment_text, say};
use crate::flow::show_trip::show_trip;

/// The words after `storeside trip`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Its state, and everything that happened to it, the oldest first. Amounts in minor units; nothing personal.
    Show {
        /// The visit.
        trip: TripId,
    },
}

/// Does what was asked.
///
/// # Errors
///
/// A visit that is not there; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    let Command::Show { trip } = command;
    let Some((row, story)) = show_trip(&desk.database, trip).await? else { bail!("there is no trip {trip}") };
    let amount = |amount: Option<domain::money::Money>| amount.map_or_else(|| "none".to_owned(), |it| it.to_string());
    say(&format!("{}  {}  {}", row.id, row.store, row.state.name()));
    say(&format!("  begun {}, payment token until {}", moment_text(row.started_at), moment_text(row.deadline_at)));
    say(&format!(
        "  hold {}, total {}, captured {}",
        amount(row.hold),
        amount(row.state.total()),
        amount(row.state.captured())
    ));
    say(&format!("  instrument {}", row.instrument.as_ref().map_or_else(|| "unknown".to_owned(), masked)));
    for happened in story {
        say(&format!("{}  {:<7}  {}", moment_text(happened.at), happened.part, happened.line));
    }
    Ok(())
}

/// Enough to tell two apart, and not enough to look somebody up.
fn masked(instrument: &InstrumentId) -> String {
    let text: Vec<char> = instrument.as_str().chars().collect();
    let shown = text.len().min(8) / 2;
    format!("…{}", text[text.len() - shown..].iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_is_never_shown_whole() {
        for (id, shown) in [("amzn1.instrument.ABCDEFGH", "…EFGH"), ("abcd", "…cd"), ("a", "…")] {
            assert_eq!(masked(&InstrumentId::new(id).unwrap()), shown);
        }
    }
}
