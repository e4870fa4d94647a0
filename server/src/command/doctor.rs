//! `storeside doctor`: what was found out, a line each.

use anyhow::bail;
use time::OffsetDateTime;

use super::say;
use crate::flow::doctor::{Checkup, Finding, Verdict, examine};

/// Prints what the settings themselves said, and what the neighbours say.
///
/// # Errors
///
/// When anything is wrong.
pub async fn run(settings: Vec<Finding>, checkup: &Checkup, now: OffsetDateTime) -> anyhow::Result<()> {
    let mut findings = settings;
    findings.extend(examine(checkup, now).await);
    let mut wrong = 0_usize;
    for Finding { subject, verdict } in &findings {
        match verdict {
            Verdict::Fine(how) => say(&format!("ok     {subject}: {how}")),
            Verdict::Wrong { what, remedy } => {
                wrong += 1;
                say(&format!("WRONG  {subject}: {what}. Do: {remedy}"));
            }
            Verdict::Unseen(look) => say(&format!("-      {subject}: {look}")),
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} are not as they must be", findings.len());
    }
    Ok(())
}
