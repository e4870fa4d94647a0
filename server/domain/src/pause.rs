//! When one of Amazon's APIs is left alone by the whole fleet: because Amazon asked for it, or because it does not answer.
//!
//! The time is up for everyone at once, so that one call goes first, as a probe; only its answer opens the way for the rest.

use time::{Duration, OffsetDateTime};

use crate::outbox::{Fence, LEASE};

/// Failures in a row, of all workers together, that trip the breaker.
///
/// One effect that fails for ever, waiting 1, 2, 4 … seconds less up to half, fails at most eight times in [`STREAK_SPAN`]: a
/// single trip that Amazon chokes on never stops the others. An API that is down meets ten within a moment of any traffic
/// worth stopping, and costs each effect at most a few of its tries.
pub const FAILURES_MAX: u32 = 10;

/// How long ago the first of such failures may be. Slower failures are no outage: each is repeated by itself.
pub const STREAK_SPAN: Duration = Duration::seconds(60);

/// How long the breaker leaves an API alone first; each probe that fails doubles it.
pub const TRIPPED_FIRST: Duration = Duration::seconds(30);

/// The longest that the breaker leaves an API alone. Amazon may ask for more.
pub const TRIPPED_MAX: Duration = Duration::minutes(10);

/// Whether one of Amazon's APIs may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Everyone may call.
    Flowing {
        /// Failures since the last answer, if there are any.
        streak: Option<Streak>,
    },
    /// Amazon asked to be left alone: nobody may call before then, and one probe first after that.
    Asked {
        /// Not before then.
        until: OffsetDateTime,
    },
    /// The breaker tripped: as if Amazon had asked.
    Tripped {
        /// Not before then.
        until: OffsetDateTime,
        /// How often in a row, this time included; at least 1.
        trips: u32,
    },
    /// One call is out to see whether the API works again; nobody else may call.
    Probing {
        /// Names the probe: an answer to an earlier one says nothing.
        fence: Fence,
        /// When its caller is taken for dead and another may probe.
        until: OffsetDateTime,
        /// How often in a row the breaker had tripped; 0 after a pause that Amazon asked for.
        trips: u32,
    },
}

/// Failures without an answer between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    /// How many, at least 1 and below [`FAILURES_MAX`].
    pub failures: u32,
    /// When the first of them was.
    pub since: OffsetDateTime,
}

/// What a call says about its API. What it says about its trip is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It works: it answered, be it with a refusal.
    Works,
    /// 429, or 503 with a time: leave it alone for so long.
    Wait(Duration),
    /// A failure on Amazon's side, or no answer, or no connection.
    Fails,
}

/// What happened to an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseEvent {
    /// A call came back.
    Called {
        /// With what.
        answer: Answer,
        /// The number of the probe that it was. `None`: an ordinary call.
        probe: Option<Fence>,
    },
    /// A worker has something to send and would be the probe, under this number, which none had before.
    ProbeWanted(Fence),
    /// The probe had nothing to send after all.
    ProbeReturned(Fence),
    /// A person says that it may be called.
    Lifted,
}

/// Why an event was refused. Each is an expected outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    /// There is nothing to probe or to lift.
    #[error("the API is not paused")]
    NotPaused,
    /// The pause is not over.
    #[error("the pause is not over")]
    NotYet,
    /// Another is the probe.
    #[error("another call is probing the API")]
    ProbeOut,
}

impl Pause {
    /// Everyone may call, and nothing has failed.
    pub const FLOWING: Self = Self::Flowing { streak: None };

    /// May a call be made: because nothing is paused, or because it is the probe of this number?
    #[must_use]
    pub fn lets_call(self, probe: Option<Fence>) -> bool {
        match self {
            Self::Flowing { .. } => true,
            Self::Asked { .. } | Self::Tripped { .. } => false,
            Self::Probing { fence, .. } => probe == Some(fence),
        }
    }

    /// Decides what `event` does at `now`. No `_` arm: a new state or event must be decided here to compile.
    ///
    /// Only the probe's own answer ends a pause: a call that was out before it began says nothing about now. A request to wait is
    /// obeyed whoever brings it, and never shortens a longer one.
    ///
    /// # Errors
    ///
    /// [`PauseError`]: nothing changes.
    pub fn apply(self, event: PauseEvent, now: OffsetDateTime) -> Result<Self, PauseError> {
        match event {
            PauseEvent::Called { answer: Answer::Works, probe } => Ok(self.worked(probe)),
            PauseEvent::Called { answer: Answer::Wait(wait), .. } => Ok(self.asked(now.saturating_add(wait))),
            PauseEvent::Called { answer: Answer::Fails, probe } => Ok(self.failed(probe, now)),
            PauseEvent::ProbeWanted(fence) => self.probe(fence, now),
            PauseEvent::ProbeReturned(fence) => Ok(self.returned(fence, now)),
            PauseEvent::Lifted => match self {
                Self::Flowing { .. } => Err(PauseError::NotPaused),
                Self::Asked { .. } | Self::Tripped { .. } | Self::Probing { .. } => Ok(Self::FLOWING),
            },
        }
    }

    fn worked(self, probe: Option<Fence>) -> Self {
        match self {
            Self::Flowing { .. } => Self::FLOWING,
            Self::Asked { .. } | Self::Tripped { .. } => self,
            Self::Probing { fence, .. } if probe == Some(fence) => Self::FLOWING,
            Self::Probing { .. } => self,
        }
    }

    fn asked(self, asked: OffsetDateTime) -> Self {
        match self {
            Self::Flowing { .. } | Self::Probing { .. } => Self::Asked { until: asked },
            Self::Asked { until } | Self::Tripped { until, .. } => Self::Asked { until: until.max(asked) },
        }
    }

    fn failed(self, probe: Option<Fence>, now: OffsetDateTime) -> Self {
        match self {
            Self::Flowing { streak } => {
                let streak = streak.filter(|it| now <= it.since.saturating_add(STREAK_SPAN));
                let Streak { failures, since } = streak.unwrap_or(Streak { failures: 0, since: now });
                let failures = failures.saturating_add(1);
                if failures < FAILURES_MAX {
                    Self::Flowing { streak: Some(Streak { failures, since }) }
                } else {
                    tripped(1, now)
                }
            }
            Self::Asked { .. } | Self::Tripped { .. } => self,
            Self::Probing { fence, trips, .. } if probe == Some(fence) => tripped(trips.saturating_add(1), now),
            Self::Probing { .. } => self,
        }
    }

    fn probe(self, fence: Fence, now: OffsetDateTime) -> Result<Self, PauseError> {
        let (over_at, trips, refusal) = match self {
            Self::Flowing { .. } => return Err(PauseError::NotPaused),
            Self::Asked { until } => (until, 0, PauseError::NotYet),
            Self::Tripped { until, trips } => (until, trips, PauseError::NotYet),
            Self::Probing { until, trips, .. } => (until, trips, PauseError::ProbeOut),
        };
        if now < over_at { Err(refusal) } else { Ok(Self::Probing { fence, until: now.saturating_add(LEASE), trips }) }
    }

    fn returned(self, returned: Fence, now: OffsetDateTime) -> Self {
        match self {
            Self::Probing { fence, trips: 0, .. } if fence == returned => Self::Asked { until: now },
            Self::Probing { fence, trips, .. } if fence == returned => Self::Tripped { until: now, trips },
            Self::Flowing { .. } | Self::Asked { .. } | Self::Tripped { .. } | Self::Probing { .. } => self,
        }
    }

    /// May an ordinary call be made?
    #[must_use]
    pub fn is_flowing(&self) -> bool {
        matches!(self, Self::Flowing { .. })
    }

    /// When a probe may go, or another in the place of one that is out. `None`: nothing is paused.
    #[must_use]
    pub fn probe_at(&self) -> Option<OffsetDateTime> {
        match *self {
            Self::Flowing { .. } => None,
            Self::Asked { until } | Self::Tripped { until, .. } | Self::Probing { until, .. } => Some(until),
        }
    }

    /// The spelling of the state in rows, metrics and lists.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Flowing { .. } => "flowing",
            Self::Asked { .. } => "asked",
            Self::Tripped { .. } => "tripped",
            Self::Probing { .. } => "probing",
        }
    }
}

fn tripped(trips: u32, now: OffsetDateTime) -> Pause {
    let doublings = trips.saturating_sub(1).min(30);
    let wait = TRIPPED_FIRST.saturating_mul(1_i32.checked_shl(doublings).unwrap_or(i32::MAX)).min(TRIPPED_MAX);
    Pause::Tripped { until: now.saturating_add(wait), trips }
}

#[cfg(test)]
mod tests;
