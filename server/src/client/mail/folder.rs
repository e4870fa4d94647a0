//! Mail as files: one `.eml` each.

use std::path::{Path, PathBuf};

use tokio::fs;

use super::{Mail, MailError};

/// Longest part of a file's name that comes from the subject, in characters.
const SLUG_CHARS_MAX: usize = 40;

/// Made when the first mail comes.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().to_owned())
    }

    /// Writes `<effect>-<subject>.eml`, so that a mail sent twice is one file. The file appears whole or not at all.
    pub(super) async fn write(&self, mail: &Mail, message: &[u8]) -> Result<(), MailError> {
        let name = format!("{}-{}.eml", mail.effect, slug(&mail.subject));
        self.put(&name, message).await.map_err(|it| MailError::TryAgain { code: None, source: Some(Box::new(it)) })
    }

    /// Writes a file and takes it away again.
    pub(super) async fn check(&self) -> Result<(), MailError> {
        let path = self.0.join(format!(".{}.unfinished", uuid::Uuid::new_v4()));
        let tried = async {
            fs::create_dir_all(&self.0).await?;
            fs::write(&path, "").await?;
            fs::remove_file(&path).await
        };
        tried.await.map_err(|it| MailError::TryAgain { code: None, source: Some(Box::new(it)) })
    }

    async fn put(&self, name: &str, message: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.0).await?;
        let unfinished = self.0.join(format!(".{name}.unfinished"));
        fs::write(&unfinished, message).await?;
        fs::rename(&unfinished, self.0.join(name)).await
    }
}

/// Letters and digits of `subject` in lower case, everything between them one `-`.
fn slug(subject: &str) -> String {
    let spaced: String =
        subject.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join("-");
    let cut: String = joined.chars().take(SLUG_CHARS_MAX).collect();
    if cut.is_empty() { "mail".to_owned() } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_safe_file_name() {
        let cases = [("Your receipt, $25.99", "your-receipt-25-99"), ("../../etc/passwd", "etc-passwd"), ("…", "mail")];
        for (subject, want) in cases {
            assert_eq!(slug(subject), want);
        }
        assert_eq!(slug(&"x".repeat(100)).len(), SLUG_CHARS_MAX);
    }
}
