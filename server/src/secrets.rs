//! What callers must show: one secret, or two while one follows the other.
//!
//! A setting holds them itself, with a comma between, or names a file that does, which is read again when it changes: the next
//! secret is put beside the old one, the callers move, the old one is taken out, and nothing is ever restarted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use subtle::{Choice, ConstantTimeEq};

use crate::reread::Reread;
use crate::secret::Secret;

/// Shortest secret in characters.
const CHARS_MIN: usize = 16;

/// One, and the one that follows it.
const SECRETS_MAX: usize = 2;

/// Why secrets cannot be used. Holds none of them.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Too short, or too many.
    #[error(
        "expected one secret of at least 16 characters, or two with a comma between while one follows the other; or \
         file:PATH of a file that holds them"
    )]
    Unfit,
    /// The file is not there, or not for us to read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Secrets that are valid now.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    /// Nothing is set up: nobody can show anything.
    #[default]
    None,
    Fixed(Arc<Vec<Secret>>),
    File(Arc<Reread<Vec<Secret>, SecretsError>>),
}

impl Secrets {
    /// Reads a setting: the secrets, or `file:PATH`. An empty one is no secret.
    ///
    /// # Errors
    ///
    /// Says what was expected. A file must be there and right at the start; an empty one is no secret.
    pub fn parse(setting: &str) -> Result<Self, SecretsError> {
        if let Some(path) = setting.trim().strip_prefix("file:") {
            return Ok(Self(Source::File(Arc::new(Reread::open(path.into(), read)?))));
        }
        let secrets = split(setting)?;
        Ok(Self(if secrets.is_empty() { Source::None } else { Source::Fixed(Arc::new(secrets)) }))
    }

    /// Is there none now?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current().is_empty()
    }

    /// Is `given` one of them? Every one is compared, whichever matches: the time taken says nothing about which.
    #[must_use]
    pub fn contains(&self, given: &[u8]) -> bool {
        let secrets = self.current();
        let found = secrets.iter().fold(Choice::from(0), |found, ours| found | given.ct_eq(ours.expose().as_bytes()));
        bool::from(found)
    }

    fn current(&self) -> Arc<Vec<Secret>> {
        match &self.0 {
            Source::None => Arc::default(),
            Source::Fixed(secrets) => Arc::clone(secrets),
            Source::File(file) => file.current(),
        }
    }
}

fn read(path: &Path) -> Result<Vec<Secret>, SecretsError> {
    let text = std::fs::read_to_string(path);
    split(&text.map_err(|source| SecretsError::Unreadable { path: path.to_owned(), source })?)
}

/// By commas or lines. An empty secret would be known to everybody, and is none.
fn split(text: &str) -> Result<Vec<Secret>, SecretsError> {
    let secrets: Vec<&str> = text.split([',', '\n']).map(str::trim).filter(|it| !it.is_empty()).collect();
    if secrets.len() > SECRETS_MAX || secrets.iter().any(|it| it.chars().count() < CHARS_MIN) {
        return Err(SecretsError::Unfit);
    }
    Ok(secrets.into_iter().map(Secret::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "the-old-secret-of-ours";
    const NEXT: &str = "the-next-secret-of-ours";

    #[test]
    fn either_of_two_secrets_is_known_and_nothing_else_is() {
        let both = Secrets::parse(&format!("{OLD}, {NEXT}")).unwrap();
        assert_eq!([both.contains(OLD.as_bytes()), both.contains(NEXT.as_bytes())], [true, true]);
        let wrong =
            ["", "the-old-secret-of-our", "the-old-secret-of-ourss", &OLD.to_uppercase(), &format!("{OLD},{NEXT}")];
        for given in wrong {
            assert!(!both.contains(given.as_bytes()), "{given}");
        }
    }

    #[test]
    fn no_secret_is_known_to_nobody() {
        for setting in ["", " ", ",", " , "] {
            let none = Secrets::parse(setting).unwrap();
            assert!(none.is_empty() && !none.contains(b"") && !none.contains(OLD.as_bytes()), "{setting:?}");
        }
        assert!(!Secrets::default().contains(b""));
    }

    #[test]
    fn what_is_too_short_or_too_much_is_refused_without_being_repeated() {
        for setting in ["hunter2", &format!("{OLD},hunter2"), &format!("{OLD},{NEXT},{OLD}"), "file:/no/such/file"] {
            let told = Secrets::parse(setting).unwrap_err().to_string();
            assert!(!told.contains("hunter2") && !told.contains(OLD), "{told}");
        }
    }

    #[test]
    fn sec_001_a_secret_is_replaced_in_its_file_while_both_are_valid_and_nothing_is_restarted() {
        let path = std::env::temp_dir().join(format!("storeside-secrets-{}", uuid::Uuid::new_v4()));
        // Written beside and moved into place, as an orchestrator mounts secrets.
        let write = |text: &str| {
            let beside = path.with_extension(uuid::Uuid::new_v4().to_string());
            std::fs::write(&beside, text).unwrap();
            std::fs::rename(beside, &path).unwrap();
        };
        write(OLD);
        let secrets = Secrets::parse(&format!("file:{}", path.display())).unwrap();
        let known = || [OLD, NEXT].map(|it| secrets.contains(it.as_bytes()));
        assert_eq!(known(), [true, false]);
        write(&format!("{OLD}\n{NEXT}\n"));
        assert_eq!(known(), [true, true], "both, while callers move");
        write(NEXT);
        assert_eq!(known(), [false, true], "the old one is withdrawn");
        write("short");
        assert_eq!(known(), [false, true], "a file that breaks changes nothing");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(known(), [false, true], "nor does one that is gone");
    }
}
