//! Follows the whole chain over the audit and tells where it does not hold.

use domain::audit::{Break, Chain, Head};
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use super::verify::Told;
use crate::store::{self, StoreError};

/// Rows read at once.
const PAGE: i64 = 2_000;

/// A row that waits for its seal longer than this is told: the sealer looks every few seconds.
const SEALED_WITHIN: Duration = Duration::minutes(10);

/// What is wrong with the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditViolation {
    /// The chain does not hold.
    #[error(transparent)]
    Chain(Break),
    /// Nobody sealed a row in time, or its seal is gone.
    #[error("audit row {entry}, recorded {recorded_at}, has no seal")]
    Unsealed {
        /// The row.
        entry: i64,
        /// When it was written.
        recorded_at: OffsetDateTime,
    },
    /// A row was deleted before it was sealed.
    #[error("audit row {0} is gone: it was never sealed")]
    Vanished(i64),
    /// The chain is shorter than it was.
    #[error("the chain ends at seal {last}: it reached seal {kept} when that head was printed")]
    TailCut {
        /// The number that was kept.
        kept: i64,
        /// The last there is.
        last: i64,
    },
    /// The chain was made anew.
    #[error("seal {} is {is} and was {} when that head was printed: the chain was rewritten", was.no, was.hash)]
    Rewritten {
        /// The head that was kept.
        was: Head,
        /// The hash that stands there now.
        is: domain::audit::SealHash,
    },
}

/// What a verification came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditVerified {
    /// How far the chain reaches: to be kept elsewhere, and given back the next time.
    pub head: Head,
    /// How many violations were told.
    pub violations: u64,
}

/// Verifies the audit. `kept` is the head that an earlier run printed: without it, a tail that was cut cannot be seen.
///
/// # Errors
///
/// A database that is away.
pub async fn verify_audit(
    db: &PgPool,
    kept: Option<Head>,
    now: OffsetDateTime,
    mut tell: impl FnMut(Told<AuditViolation>),
) -> Result<AuditVerified, StoreError> {
    let mut conn = db.acquire().await?;
    let head = store::audit_seal::get_head(&mut conn).await?;
    let mut violations = 0_u64;
    let mut counted = |told: Told<AuditViolation>| {
        violations = violations.saturating_add(u64::from(matches!(told, Told::Found(_))));
        tell(told);
    };
    if let Some(violation) = check_kept(&mut conn, kept, head).await? {
        counted(Told::Found(violation));
    }
    follow_chain(&mut conn, head, &mut counted).await?;
    find_unsealed(&mut conn, head, now, &mut counted).await?;
    Ok(AuditVerified { head, violations })
}

async fn check_kept(
    conn: &mut PgConnection,
    kept: Option<Head>,
    head: Head,
) -> Result<Option<AuditViolation>, StoreError> {
    let Some(kept) = kept.filter(|it| it.no > 0) else { return Ok(None) };
    if kept.no > head.no {
        return Ok(Some(AuditViolation::TailCut { kept: kept.no, last: head.no }));
    }
    // A seal that is missing in the middle is told by the chain itself.
    let there = store::audit_seal::get(conn, kept.no).await?;
    let other = there.filter(|it| it.hash != kept.hash);
    Ok(other.map(|it| AuditViolation::Rewritten { was: kept, is: it.hash }))
}

/// From the first seal to `head`. What is sealed meanwhile is for the next run.
async fn follow_chain(
    conn: &mut PgConnection,
    head: Head,
    tell: &mut impl FnMut(Told<AuditViolation>),
) -> Result<(), StoreError> {
    let last_entry = store::audit_seal::entry_bounds(&mut *conn, 0).await?.map_or(0, |(_, last)| last);
    let of = count(head.no.saturating_add(last_entry));
    let (mut chain, mut from) = (Chain::default(), 1);
    while from <= head.no {
        let end = from.saturating_add(PAGE).min(head.no.saturating_add(1));
        for seal in store::audit_seal::list(&mut *conn, from..end).await? {
            if let Some(broken) = chain.follow(&seal) {
                tell(Told::Found(AuditViolation::Chain(broken)));
            }
        }
        from = end;
        tell(Told::Step { done: count(end), of });
    }
    Ok(())
}

async fn find_unsealed(
    conn: &mut PgConnection,
    head: Head,
    now: OffsetDateTime,
    tell: &mut impl FnMut(Told<AuditViolation>),
) -> Result<(), StoreError> {
    let before = now.saturating_sub(SEALED_WITHIN);
    let mut next = 0;
    // From row to row, since numbers may be missing by the million.
    while let Some((first, last)) = store::audit_seal::entry_bounds(&mut *conn, next).await? {
        next = first.saturating_add(PAGE);
        for (entry, recorded_at) in store::audit_seal::list_entries_without(&mut *conn, first..next, before).await? {
            tell(Told::Found(AuditViolation::Unsealed { entry, recorded_at }));
        }
        let done = head.no.saturating_add(next.min(last));
        tell(Told::Step { done: count(done), of: count(head.no.saturating_add(last)) });
    }
    let mut after = 0;
    loop {
        let vanished = store::audit_seal::list_vanished(&mut *conn, after, PAGE).await?;
        let Some(last) = vanished.last() else { return Ok(()) };
        after = *last;
        for entry in vanished {
            tell(Told::Found(AuditViolation::Vanished(entry)));
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
