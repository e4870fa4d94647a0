//! The thread that writes: everything that waits goes to the disk in one go.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;

use super::file::JournalFile;
use super::{JournalError, frame};

/// Records that are written in one go at most.
const BATCH: usize = 1_000;

/// What the thread is asked for.
#[derive(Debug)]
pub(super) enum Order {
    /// A record.
    Append { payload: Vec<u8>, done: Done },
    /// The files so far. What is written from here on goes to `next`, which was made meanwhile, so that no tap waits for it.
    Take { next: JournalFile, done: oneshot::Sender<Vec<JournalFile>> },
    /// Nothing more.
    End { done: oneshot::Sender<()> },
}

type Done = oneshot::Sender<Result<(), JournalError>>;

/// The files of one process.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    bytes_max: u64,
    /// Records that are written and not taken.
    waiting: Arc<AtomicU64>,
    /// `None`: the last one could not be written to, or was taken.
    file: Option<JournalFile>,
    file_bytes: u64,
    /// Files that are not written to any more.
    closed: Vec<JournalFile>,
    closed_bytes: u64,
}

impl Writer {
    pub(super) fn new(folder: &Path, bytes_max: u64, waiting: Arc<AtomicU64>) -> io::Result<Self> {
        let (folder, file) = (folder.to_owned(), Some(JournalFile::create(folder)?));
        Ok(Self { folder, bytes_max, waiting, file, file_bytes: 0, closed: vec![], closed_bytes: 0 })
    }

    /// Works until nobody can ask any more.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            let mut records = vec![];
            for order in std::iter::once(first).chain(orders.try_iter().take(BATCH)) {
                match order {
                    Order::Append { payload, done } => records.push((payload, done)),
                    Order::Take { next, done } => {
                        self.write(std::mem::take(&mut records));
                        // Whoever asked and is gone drops the files, and the next one takes them over.
                        let _ = done.send(self.take(next));
                    }
                    Order::End { done } => {
                        self.write(std::mem::take(&mut records));
                        self.end();
                        let _ = done.send(());
                        return;
                    }
                }
            }
            self.write(records);
        }
        self.end();
    }

    fn end(&mut self) {
        // Whoever ends in peace leaves no empty file behind.
        if let Some(file) = self.file.take_if(|_| self.file_bytes == 0) {
            let _ = file.remove();
        }
    }

    fn write(&mut self, records: Vec<(Vec<u8>, Done)>) {
        let (mut framed, mut waiting) = (vec![], vec![]);
        for (payload, done) in records {
            let room = self.bytes_max.saturating_sub(self.file_bytes + self.closed_bytes);
            match frame::wrap(&payload) {
                Some(record) if u64::try_from(framed.len() + record.len()).is_ok_and(|bytes| bytes <= room) => {
                    framed.extend_from_slice(&record);
                    waiting.push(done);
                }
                Some(_) | None => tell(done, Err(JournalError::Full)),
            }
        }
        if waiting.is_empty() {
            return;
        }
        let written = self.append(&framed).map_err(Arc::new);
        self.waiting.fetch_add(u64::try_from(waiting.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        for done in waiting {
            tell(done, written.clone().map_err(JournalError::Disk));
        }
    }

    fn append(&mut self, framed: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => JournalFile::create(&self.folder)?,
        };
        let appended = file.append(framed);
        self.file_bytes += u64::try_from(framed.len()).unwrap_or(u64::MAX);
        self.file = Some(file);
        if appended.is_err() {
            // What is on the disk now nobody knows: a whole record must not come to lie behind a torn one.
            self.close();
        }
        appended
    }

    fn close(&mut self) {
        self.closed.extend(self.file.take());
        self.closed_bytes += std::mem::take(&mut self.file_bytes);
    }

    fn take(&mut self, next: JournalFile) -> Vec<JournalFile> {
        if self.file_bytes > 0 {
            self.close();
        }
        if self.file.is_none() {
            self.file = Some(next);
        } else {
            // The one there is is empty as well.
            let _ = next.remove();
        }
        self.closed_bytes = 0;
        self.waiting.store(0, Ordering::Relaxed);
        std::mem::take(&mut self.closed)
    }
}

fn tell(done: Done, written: Result<(), JournalError>) {
    // Who asked may be gone: the record is there all the same.
    let _ = done.send(written);
}
