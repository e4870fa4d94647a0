//! A file that is read again whenever it changes: what can be replaced without a restart.

use std::error::Error;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::log::chain;

/// How a file becomes a value. An error must hold nothing that the file says: it is logged.
type Read<T, E> = fn(&Path) -> Result<T, E>;

/// The file and what it said when it was last right.
#[derive(Debug)]
pub struct Reread<T, E> {
    path: PathBuf,
    read: Read<T, E>,
    last: Mutex<Reading<T>>,
}

#[derive(Debug)]
struct Reading<T> {
    /// Of the file that was read last, right or broken.
    stamp: Option<Stamp>,
    value: Arc<T>,
}

/// Changes when the file does, or when another one takes its place.
type Stamp = (SystemTime, u64, u64);

impl<T, E: Error + 'static> Reread<T, E> {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn open(path: PathBuf, read: Read<T, E>) -> Result<Self, E> {
        // Taken before reading: a change in between is then found at the next look.
        let stamp = stamp(&path);
        let value = Arc::new(read(&path)?);
        Ok(Self { path, read, last: Mutex::new(Reading { stamp, value }) })
    }

    /// What the file says now. One that has become unusable changes nothing, and is told once.
    pub fn current(&self) -> Arc<T> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if stamp != last.stamp {
            last.stamp = stamp;
            match (self.read)(&self.path) {
                Ok(value) => last.value = Arc::new(value),
                Err(error) => tracing::error!(
                    error = chain(&error),
                    path = %self.path.display(),
                    "a file of settings has become unusable; what it said before stays in force"
                ),
            }
        }
        Arc::clone(&last.value)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len(), file.ino()))
}
