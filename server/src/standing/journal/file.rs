//! One file of the journal, held by a lock that ends with its process.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{Written, frame};

/// A file that may have records.
const ENDING: &str = "journal";

/// A file that its process has not locked yet, and that nobody looks at.
const ENDING_NEW: &str = "new";

/// A file that could not be replayed whole. It is left for a person.
const ENDING_KEPT: &str = "kept";

/// A file with decisions that wait for the database.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    path: PathBuf,
}

/// What a file says.
#[derive(Debug)]
pub struct Contents {
    /// Its decisions, in the order in which they were made.
    pub records: Vec<Written>,
    /// Bytes behind the last whole record that are no record cut short. One that was being written when its process died was never
    /// answered, and is no damage.
    pub damaged_bytes: usize,
}

impl JournalFile {
    /// Makes an empty file. It is locked before it gets the name by which others look for abandoned ones.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let name = Uuid::new_v4().to_string();
        let (new, path) = (folder.join(&name).with_extension(ENDING_NEW), folder.join(&name).with_extension(ENDING));
        let file = File::options().create_new(true).read(true).write(true).open(&new)?;
        file.lock()?;
        fs::rename(&new, &path)?;
        sync_folder(folder)?;
        Ok(Self { file, path })
    }

    /// Takes a file over, unless another process holds it.
    fn adopt(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            // Another process has just replayed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file, path })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Adds records and waits until they are on the disk.
    pub(super) fn append(&mut self, framed: &[u8]) -> io::Result<()> {
        self.file.write_all(framed)?;
        self.file.sync_data()
    }

    /// Everything that is in it.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&mut self) -> io::Result<Contents> {
        let mut bytes = vec![];
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        let found = frame::read(&bytes);
        let damaged_bytes = if found.is_torn { 0 } else { found.rest_bytes };
        Ok(Contents { records: found.records, damaged_bytes })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Removes it: every record is in a row now.
    ///
    /// # Errors
    ///
    /// When it is still there. Replaying it again changes nothing.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Puts it aside for a person, under a name that nobody replays.
    ///
    /// # Errors
    ///
    /// When it still has its name.
    pub fn set_aside(self) -> io::Result<PathBuf> {
        let path = self.path.with_extension(ENDING_KEPT);
        fs::rename(&self.path, &path)?;
        Ok(path)
    }
}

/// Takes over every file in `folder` that nobody holds. Files of this process are held by it.
pub(super) fn adopt_all(folder: &Path) -> io::Result<Vec<JournalFile>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == ENDING) {
            files.extend(JournalFile::adopt(path)?);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
