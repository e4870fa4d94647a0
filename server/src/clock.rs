//! The one clock. Tests and the demo move it, so that 46 hours pass at once; nothing else asks the machine for the time.

use std::path::PathBuf;

use time::{Duration, OffsetDateTime};

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// The machine's and a fixed offset.
    Offset(Duration),
    /// The machine's and an offset in seconds that is read anew from a file each time. An unreadable file is no offset.
    File(PathBuf),
}

/// `STORESIDE_CLOCK` is neither a number of seconds nor `file:PATH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an offset in whole seconds, like 3600, or file:PATH")]
pub struct NotAClock;

impl Clock {
    /// Reads the setting.
    ///
    /// # Errors
    ///
    /// Refuses what is neither form.
    pub fn parse(text: &str) -> Result<Self, NotAClock> {
        match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(_) => Err(NotAClock),
            None => text.trim().parse().map(|seconds| Self::Offset(Duration::seconds(seconds))).map_err(|_| NotAClock),
        }
    }

    /// The time, in whole microseconds: that is what a row keeps, so that what is read back is equal.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let offset = match self {
            Self::System => Duration::ZERO,
            Self::Offset(offset) => *offset,
            Self::File(path) => {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                Duration::seconds(text.trim().parse().unwrap_or(0))
            }
        };
        let now = OffsetDateTime::now_utc().saturating_add(offset);
        now.replace_nanosecond(now.nanosecond() / 1_000 * 1_000).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_moves_the_clock_while_it_runs() {
        let path = std::env::temp_dir().join(format!("storeside-clock-{}", uuid::Uuid::new_v4()));
        let clock = Clock::parse(&format!("file:{}", path.display())).unwrap();
        let before = clock.now();
        std::fs::write(&path, "165600\n").unwrap();
        assert!(clock.now() - before >= Duration::hours(46));
        std::fs::remove_file(path).unwrap();
        assert!(clock.now() - before < Duration::hours(1));
    }

    #[test]
    fn what_is_no_clock_is_refused() {
        for text in ["", "soon", "file:", "1.5"] {
            assert!(Clock::parse(text).is_err(), "{text}");
        }
    }
}
