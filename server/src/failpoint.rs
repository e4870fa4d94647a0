//! Where a process can be told to die, so that a test can prove of every commit boundary that it may be the last line that ran.
//!
//! `STORESIDE_FAILPOINT=after_call:capture_charge` lets a process send itself SIGKILL the first time it gets there. The list is
//! closed and a test goes through all of it.
//!
//! **Invariant**: a release build never dies here, and `config` refuses the setting there and outside the demo.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use domain::attempt::Api;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Postgres, Transaction};

/// What is committed at once: of a call to Amazon, its claim, the record that it is about to be made, and its outcome; besides those,
/// every other decision about a visit's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// An effect of this API is taken under a lease.
    Claim(Api),
    /// A call is about to be made.
    Attempt(Api),
    /// What became of a call.
    Outcome(Api),
    /// A tap's decision.
    Gate,
    /// A cart and its price.
    Cart,
    /// An event of the feed, not looked at.
    EventStored,
    /// What an event means for its visit.
    EventApplied,
    /// Somebody asks for a refund.
    RefundRequested,
    /// A person decides about a refund.
    RefundDecided,
    /// A person changes a debt.
    DebtChanged,
    /// A visit without a cart is given up.
    EntryChecked,
    /// A cart in review has waited long enough.
    ReviewChecked,
    /// A visit's deadline is near, or over.
    DeadlineChecked,
    /// One effect is the probe of a paused API.
    ProbeClaimed,
    /// A probe lets another be it.
    ProbeReturned,
    /// A mail was sent.
    MailSent,
    /// The audit's chain is longer.
    AuditSealed,
}

/// A line that may be the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failpoint {
    /// Everything is written, nothing is committed.
    Before(Commit),
    /// It is committed; nobody has been told.
    After(Commit),
    /// Amazon has answered, and nothing of it is written.
    Answered(Api),
}

/// What this process dies at.
static ARMED: OnceLock<Failpoint> = OnceLock::new();

impl Commit {
    /// Those that are not about one API.
    const OTHERS: [Self; 14] = [
        Self::Gate,
        Self::Cart,
        Self::EventStored,
        Self::EventApplied,
        Self::RefundRequested,
        Self::RefundDecided,
        Self::DebtChanged,
        Self::EntryChecked,
        Self::ReviewChecked,
        Self::DeadlineChecked,
        Self::ProbeClaimed,
        Self::ProbeReturned,
        Self::MailSent,
        Self::AuditSealed,
    ];

    /// Its word, and the API where it is about one.
    const fn name(self) -> (&'static str, Option<Api>) {
        match self {
            Self::Claim(api) => ("claim", Some(api)),
            Self::Attempt(api) => ("attempt", Some(api)),
            Self::Outcome(api) => ("outcome", Some(api)),
            Self::Gate => ("gate", None),
            Self::Cart => ("cart", None),
            Self::EventStored => ("event_stored", None),
            Self::EventApplied => ("event_applied", None),
            Self::RefundRequested => ("refund_requested", None),
            Self::RefundDecided => ("refund_decided", None),
            Self::DebtChanged => ("debt_changed", None),
            Self::EntryChecked => ("entry_checked", None),
            Self::ReviewChecked => ("review_checked", None),
            Self::DeadlineChecked => ("deadline_checked", None),
            Self::ProbeClaimed => ("probe_claimed", None),
            Self::ProbeReturned => ("probe_returned", None),
            Self::MailSent => ("mail_sent", None),
            Self::AuditSealed => ("audit_sealed", None),
        }
    }
}

impl Failpoint {
    /// Every one of them: seven of each API, in the order in which a call meets them, and two of every other decision.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let around = |commit| [Self::Before(commit), Self::After(commit)];
        let of_call = |api: &Api| {
            let begun = [Commit::Claim(*api), Commit::Attempt(*api)].into_iter().flat_map(around);
            begun.chain([Self::Answered(*api)]).chain(around(Commit::Outcome(*api))).collect::<Vec<_>>()
        };
        Api::ALL.iter().flat_map(of_call).chain(Commit::OTHERS.into_iter().flat_map(around)).collect()
    }
}

impl fmt::Display for Failpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (moment, (word, api)) = match self {
            Self::Before(commit) => ("before", commit.name()),
            Self::After(commit) => ("after", commit.name()),
            Self::Answered(api) => ("after", ("call", Some(*api))),
        };
        write!(f, "{moment}_{word}")?;
        api.map_or(Ok(()), |api| write!(f, ":{api}"))
    }
}

/// A word that is in no list of failpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no failpoint; they are named like after_call:capture_charge or before_cart")]
pub struct UnknownFailpoint;

impl FromStr for Failpoint {
    type Err = UnknownFailpoint;
    fn from_str(word: &str) -> Result<Self, UnknownFailpoint> {
        Self::all().into_iter().find(|it| it.to_string() == word).ok_or(UnknownFailpoint)
    }
}

/// Can a process of this build die on purpose?
pub const IS_POSSIBLE: bool = cfg!(debug_assertions);

/// This process dies when it gets there. The first call counts.
pub fn arm(point: Failpoint) {
    // An error says that it is armed already.
    let _ = ARMED.set(point);
}

/// Dies here, if it was told to.
pub fn reach(point: Failpoint) {
    if IS_POSSIBLE && ARMED.get() == Some(&point) {
        tracing::error!(%point, "this process dies at its failpoint");
        // Nothing is flushed, closed or rolled back by us: what is left is what a power cut leaves.
        let _ = kill(Pid::this(), Signal::SIGKILL);
        loop {
            std::thread::park();
        }
    }
}

/// Commits, with a place to die on either side.
///
/// # Errors
///
/// A database that is away.
pub async fn commit(tx: Transaction<'_, Postgres>, it: Commit) -> Result<(), sqlx::Error> {
    reach(Failpoint::Before(it));
    tx.commit().await?;
    reach(Failpoint::After(it));
    Ok(())
}

/// Commits what several steps have written, each with its place to die on either side.
///
/// # Errors
///
/// A database that is away.
pub async fn commit_together(tx: Transaction<'_, Postgres>, these: &[Commit]) -> Result<(), sqlx::Error> {
    these.iter().copied().map(Failpoint::Before).for_each(reach);
    tx.commit().await?;
    these.iter().copied().map(Failpoint::After).for_each(reach);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_failpoint_has_a_name_of_its_own_and_is_read_back_from_it() {
        let all = Failpoint::all();
        assert_eq!(all.len(), 7 * Api::ALL.len() + 2 * Commit::OTHERS.len());
        let names: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), all.len(), "{names:?}");
        for point in all {
            assert_eq!(point.to_string().parse(), Ok(point));
        }
        for wrong in ["", "after_call", "after_call:teleport", "before_cart:capture_charge", "AFTER_CART"] {
            assert_eq!(wrong.parse::<Failpoint>(), Err(UnknownFailpoint), "{wrong}");
        }
    }

    #[test]
    fn who_is_not_armed_passes_every_failpoint() {
        Failpoint::all().into_iter().for_each(reach);
    }
}
