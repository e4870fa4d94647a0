//! `storeside verify audit`: was the past changed?

use anyhow::bail;
use domain::audit::Head;

use super::{Watched, say};
use crate::command::Desk;
use crate::flow::verify_audit::verify_audit;

pub(super) async fn run(desk: &Desk, kept: Option<Head>) -> anyhow::Result<()> {
    let mut watched = Watched::start();
    let verified = verify_audit(&desk.database, kept, desk.now, |told| watched.tell(told)).await;
    watched.finish();
    let verified = verified?;
    let head = verified.head;
    say(&format!("The chain reaches seal {}.", head.no));
    say(&format!("Head: {head}"));
    match kept {
        Some(kept) if verified.violations == 0 => say(&format!("It still holds what it held at seal {}.", kept.no)),
        Some(_) => {}
        None => say(
            "Keep this head elsewhere and give it back with --head: without one, a tail that was cut cannot be seen.",
        ),
    }
    if verified.violations > 0 {
        bail!("the audit was changed, or was not sealed: {} violations", verified.violations);
    }
    Ok(())
}
