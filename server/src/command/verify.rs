//! `storeside verify`: do our records still say the same?

use std::fmt::Display;
use std::time::Duration;

use anyhow::bail;
use domain::audit::Head;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Desk, say};
use crate::flow::verify::Told;
use crate::flow::verify_prices::{count_purchases, verify_prices};

mod audit;
mod money;

/// The words after `storeside verify`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Price every stored cart again and report what comes out differently.
    Prices,
    /// Prove that every cent of every trip, debt and instrument is where it must be.
    Money,
    /// Follow the chain over the audit and report what was changed, deleted, moved or never sealed.
    Audit {
        /// The head that an earlier run printed, so that a tail that was cut since then is seen.
        #[arg(long, value_name = "NO:HASH")]
        head: Option<Head>,
    },
}

/// Verifies, and fails when something differs that no newer reckoning explains.
///
/// # Errors
///
/// A difference; a database that is away.
pub async fn run(desk: &Desk, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Prices => prices(desk).await,
        Command::Money => money::run(desk).await,
        Command::Audit { head } => audit::run(desk, *head).await,
    }
}

/// Progress on a terminal, and violations as they are found.
struct Watched {
    bar: ProgressBar,
}

impl Watched {
    fn start() -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed} {eta}");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        // One question may take the database some seconds: nobody should think that it hangs.
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar }
    }

    fn tell(&mut self, told: Told<impl Display>) {
        match told {
            Told::Step { done, of } => {
                self.bar.set_length(of);
                self.bar.set_position(done);
            }
            Told::Found(violation) => self.bar.suspend(|| say(&violation.to_string())),
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

async fn prices(desk: &Desk) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}");
    let bar = ProgressBar::new(count_purchases(&desk.database).await?)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let found = verify_prices(&desk.database, || bar.inc(1)).await;
    bar.finish_and_clear();
    let found = found?;
    for difference in &found.differences {
        let why = match difference.older_engine {
            Some(version) => format!("priced by version {version} of the reckoning; today's differs"),
            None => "DIFFERS".to_owned(),
        };
        say(&format!("{}: {why}", difference.trip));
        for what in &difference.what {
            say(&format!("  {what}"));
        }
    }
    let unexplained = found.differences.iter().filter(|it| it.older_engine.is_none()).count();
    say(&format!("{} purchases priced again, {} differ.", found.checked, found.differences.len()));
    if unexplained > 0 {
        bail!("{unexplained} purchases are not what their cart and rules make of them");
    }
    Ok(())
}
