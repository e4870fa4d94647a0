//! The mail sink: what was sent by SMTP, or written by Storeside itself, as files in one folder.

mod smtp;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use mail_parser::MessageParser;
use uuid::Uuid;

pub(crate) use smtp::serve;

/// One message, as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The name of its file in the mail folder.
    pub file: String,
    pub at: SystemTime,
    /// The addresses it is to, without names.
    pub to: Vec<String>,
    pub subject: String,
    /// The text part, decoded.
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct MailFolder {
    path: PathBuf,
    /// Goes with the twin.
    temporary: bool,
}

impl MailFolder {
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, (PathBuf, io::Error)> {
        let temporary = path.is_none();
        let path = path.unwrap_or_else(|| std::env::temp_dir().join(format!("twin-mail-{}", Uuid::new_v4())));
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(Self { path, temporary }),
            Err(error) => Err((path, error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn keep(&self, message: &[u8]) -> io::Result<()> {
        // Renamed into place, so that the list never meets half a message.
        let name = Uuid::new_v4().to_string();
        let fresh = self.path.join(format!("{name}.new"));
        fs::write(&fresh, message)?;
        fs::rename(fresh, self.path.join(format!("{name}.eml")))
    }

    pub(crate) fn list(&self) -> io::Result<Vec<Mail>> {
        let mut mails = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            if file.ends_with(".eml") {
                mails.push(read(file, entry.metadata()?.modified()?, &fs::read(entry.path())?));
            }
        }
        mails.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.file.cmp(&b.file)));
        Ok(mails)
    }
}

impl Drop for MailFolder {
    fn drop(&mut self) {
        if self.temporary {
            // Left behind, it is an empty folder among other temporary ones.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

fn read(file: String, at: SystemTime, bytes: &[u8]) -> Mail {
    let Some(message) = MessageParser::default().parse(bytes) else {
        let text = String::from_utf8_lossy(bytes).into_owned();
        return Mail { file, at, to: Vec::new(), subject: String::new(), text };
    };
    let to = message.to().into_iter().flat_map(|to| to.iter()).filter_map(|to| to.address());
    Mail {
        at,
        to: to.map(str::to_owned).collect(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
        file,
    }
}
