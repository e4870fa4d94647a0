//! `storeside verify money`: is every cent where it must be?

use anyhow::bail;

use super::{Watched, say};
use crate::command::Desk;
use crate::flow::verify_money::verify_money;

pub(super) async fn run(desk: &Desk) -> anyhow::Result<()> {
    let mut watched = Watched::start();
    let verified = verify_money(&desk.database, |told| watched.tell(told)).await;
    watched.finish();
    let verified = verified?;
    say(&format!("{} trips verified, {} violations.", verified.trips, verified.violations));
    if verified.violations > 0 {
        bail!("the law of money does not hold: {} violations", verified.violations);
    }
    Ok(())
}
