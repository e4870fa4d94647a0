//! The twin's clock: real time plus an offset that may live in a file shared with Storeside.

use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime},
};

use time::OffsetDateTime;

/// Most the clock can be moved either way: ten years, so that every moment stays printable.
pub(crate) const OFFSET_SECONDS_MAX: i64 = 10 * 366 * 24 * 3600;

#[derive(Debug)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
    /// Holds one integer, the offset in seconds: what `STORESIDE_CLOCK=file:PATH` reads.
    file: Option<PathBuf>,
}

impl Clock {
    /// A missing file is made with offset 0, so that whoever shares it can read it at once.
    pub(crate) fn open(file: Option<PathBuf>) -> io::Result<Self> {
        let clock = Self { offset_seconds: AtomicI64::new(0), file };
        if clock.file.as_ref().is_some_and(|file| !file.exists()) {
            clock.set_offset_seconds(0)?;
        }
        Ok(clock)
    }

    /// Re-read at every call: Storeside's tools may move the shared clock too. An unreadable file keeps the last offset.
    pub(crate) fn offset_seconds(&self) -> i64 {
        let text = self.file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        if let Some(offset) = text.and_then(|text| text.trim().parse::<i64>().ok()) {
            self.offset_seconds.store(clamp(offset), Ordering::Relaxed);
        }
        self.offset_seconds.load(Ordering::Relaxed)
    }

    pub(crate) fn set_offset_seconds(&self, offset: i64) -> io::Result<()> {
        let offset = clamp(offset);
        if let Some(file) = &self.file {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            // Renamed into place, so that a reader never meets half a number.
            let fresh = file.with_extension("new");
            std::fs::write(&fresh, format!("{offset}\n"))?;
            std::fs::rename(&fresh, file)?;
        }
        self.offset_seconds.store(offset, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn system_time(&self) -> SystemTime {
        let offset = self.offset_seconds();
        let span = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 { SystemTime::now() - span } else { SystemTime::now() + span }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from(self.system_time())
    }
}

fn clamp(offset: i64) -> i64 {
    offset.clamp(-OFFSET_SECONDS_MAX, OFFSET_SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_file_moves_the_clock_both_ways() {
        let file = std::env::temp_dir().join(format!("twin-clock-{}", uuid::Uuid::new_v4()));
        let clock = Clock::open(Some(file.clone())).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "0\n");

        clock.set_offset_seconds(3600).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "3600\n");

        std::fs::write(&file, "7200").unwrap();
        assert_eq!(clock.offset_seconds(), 7200);
        std::fs::write(&file, "not a number").unwrap();
        assert_eq!(clock.offset_seconds(), 7200, "the last good offset stays");
        std::fs::remove_file(&file).unwrap();
    }
}
