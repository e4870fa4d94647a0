//! What happens again and again, by the program's clock, whoever asks for it or not. Every process may be at it: what only one may
//! do at a time, its flow locks.

use std::time::Duration as Pause;

use time::{Duration, OffsetDateTime};
use tokio::sync::watch;

use super::Worker;
use crate::flow::erase::forget_personal;
use crate::flow::forget_events::forget_events;
use crate::flow::payoff::match_daily;
use crate::flow::seal_audit::{audit_head, seal_audit, watch_seals};
use crate::log::chain;
use crate::store::StoreError;

/// How often the clock is looked at.
const LOOK_EVERY: Pause = Pause::from_millis(500);

/// One thing that happens again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chore {
    /// What the audit has gathered is chained.
    SealAudit,
    /// The head of the audit's chain goes to the log, where who changes the database cannot change it as well.
    LogAuditHead,
    /// A person hears of audit rows that wait too long for their seal.
    WatchSeals,
    /// Events of the feed that are long over are forgotten.
    ForgetEvents,
    /// Our payoffs are matched with Stripe's balance.
    MatchPayoffs,
    /// Cards and addresses that stores have kept long enough are forgotten.
    ForgetPersonal,
}

impl Chore {
    const ALL: [Self; 6] = [
        Self::SealAudit,
        Self::LogAuditHead,
        Self::WatchSeals,
        Self::ForgetEvents,
        Self::MatchPayoffs,
        Self::ForgetPersonal,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::SealAudit => "seal_audit",
            Self::LogAuditHead => "log_audit_head",
            Self::WatchSeals => "watch_seals",
            Self::ForgetEvents => "forget_events",
            Self::MatchPayoffs => "match_payoffs",
            Self::ForgetPersonal => "forget_personal",
        }
    }

    fn every(self) -> Duration {
        match self {
            Self::SealAudit => Duration::seconds(2),
            Self::LogAuditHead | Self::ForgetEvents => Duration::hours(1),
            Self::WatchSeals => Duration::minutes(1),
            Self::MatchPayoffs | Self::ForgetPersonal => Duration::days(1),
        }
    }

    async fn run(self, worker: &Worker) -> Result<(), StoreError> {
        match self {
            Self::SealAudit => {
                let sealed = seal_audit(&worker.database, worker.clock.now()).await?;
                metrics::counter!("storeside_audit_sealed_total").increment(sealed);
            }
            Self::LogAuditHead => {
                let head = audit_head(&worker.database).await?;
                tracing::info!(seal.no = head.no, seal.sha256 = %head.hash, "the audit's chain reaches here");
            }
            Self::WatchSeals => watch_seals(&worker.database, worker.clock.now()).await?,
            Self::ForgetEvents => {
                let forgotten = forget_events(&worker.database, worker.clock.now()).await?;
                metrics::counter!("storeside_events_forgotten_total").increment(forgotten);
            }
            Self::ForgetPersonal => {
                let (cards, shoppers) = forget_personal(&worker.database, &worker.vault, worker.clock.now()).await?;
                metrics::counter!("storeside_personal_forgotten_total", "part" => "cards").increment(cards);
                metrics::counter!("storeside_personal_forgotten_total", "part" => "shoppers").increment(shoppers);
            }
            Self::MatchPayoffs => match_daily(&worker.database, &worker.checkout, worker.clock.now()).await?,
        }
        Ok(())
    }
}

/// When each chore was done last, by the program's clock.
#[derive(Debug, Default)]
struct Schedule {
    last: [Option<OffsetDateTime>; Chore::ALL.len()],
}

impl Schedule {
    /// The chores that are due at `now`, which are taken as done.
    fn take_due(&mut self, now: OffsetDateTime) -> Vec<Chore> {
        let chores = Chore::ALL.into_iter().zip(&mut self.last);
        let due = chores.filter_map(|(chore, last)| {
            // A clock that was put back starts anew.
            let is_due = last.is_none_or(|last| now < last || now - last >= chore.every());
            is_due.then(|| {
                *last = Some(now);
                chore
            })
        });
        due.collect()
    }
}

/// Does what is due until `stop` turns true.
pub async fn run(worker: Worker, mut stop: watch::Receiver<bool>) {
    let mut schedule = Schedule::default();
    while !*stop.borrow() {
        for chore in schedule.take_due(worker.clock.now()) {
            if let Err(error) = chore.run(&worker).await {
                // It comes again soon.
                tracing::error!(chore = chore.name(), error = chain(&error), "a chore was not finished");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

    #[test]
    fn a_chore_is_due_at_once_and_again_after_its_time() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.take_due(NOW), Chore::ALL);
        assert_eq!(schedule.take_due(NOW + Duration::milliseconds(1_999)), []);
        assert_eq!(schedule.take_due(NOW + Duration::seconds(2)), [Chore::SealAudit]);
        assert_eq!(schedule.take_due(NOW + Duration::seconds(3)), []);
        assert_eq!(schedule.take_due(NOW + Duration::hours(46)), Chore::ALL, "once, however long it was");
        assert_eq!(schedule.take_due(NOW + Duration::hours(46)), []);
    }

    #[test]
    fn a_clock_that_is_put_back_stops_nothing() {
        let mut schedule = Schedule::default();
        schedule.take_due(NOW);
        assert_eq!(schedule.take_due(NOW - Duration::hours(46)), Chore::ALL);
        assert_eq!(schedule.take_due(NOW - Duration::hours(46)), []);
    }
}
