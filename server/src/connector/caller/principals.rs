//! The principals file: who may call what. Read at the start and again whenever it changes, so that a key is added or
//! withdrawn without a restart.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Deserialize;

use crate::connector::Connector;
use crate::log::chain;
use crate::secret::Secret;

/// What the file should hold, for whoever has to mend it.
const EXPECTED: &str = "expected [{\"access_key_id\", \"secret_access_key\", \"role_arn\", \"connectors\": \
    [\"shopper_authorization\", \"create_purchases\"]}, …]; an entry without keys allows a caller that comes through the \
    gateway";

/// Why the principals file cannot be used. Holds nothing that the file says: it has secrets in it.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalsError {
    /// Not there, or not for us to read.
    #[error("CONNECTOR_PRINCIPALS: cannot read {path}; {EXPECTED}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not the JSON it should be.
    #[error("CONNECTOR_PRINCIPALS: {path}, line {line}, at {field}: not as it should be; {EXPECTED}")]
    Misshapen {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Where in the JSON, like `[1].connectors[0]`.
        field: String,
    },
    /// JSON of the right shape with an entry that makes no sense.
    #[error("CONNECTOR_PRINCIPALS: {path}, entry [{index}]: {problem}; {EXPECTED}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// Counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// An AWS principal's name. A session of an assumed role goes by the name of its role, and a role by its name without
/// path, since the session's ARN has none: `arn:aws:sts::123456789012:assumed-role/Gate/i-1` and
/// `arn:aws:iam::123456789012:role/jwo/Gate` are both `arn:aws:iam::123456789012:role/Gate`. Role names are unique
/// within an account.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn(String);

impl Arn {
    /// Reads `arn:partition:service:region:account:resource`; `None` for anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.trim().splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = parts.as_slice() else { return None };
        let role = match (service, resource.split_once('/')) {
            ("sts", Some(("assumed-role", name_and_session))) => name_and_session.split_once('/').map(|(name, _)| name),
            ("iam", Some(("role", path_and_name))) => path_and_name.rsplit('/').next(),
            _ => None,
        };
        match role {
            Some("") => None,
            Some(name) => Some(Self(format!("arn:{partition}:iam::{account}:role/{name}"))),
            None if resource.is_empty() || partition.is_empty() || service.is_empty() => None,
            None => Some(Self(format!("arn:{partition}:{service}:{region}:{account}:{resource}"))),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One caller.
#[derive(Debug)]
pub(super) struct Principal {
    pub(super) arn: Arn,
    pub(super) connectors: Vec<Connector>,
    access_key: Option<AccessKey>,
}

#[derive(Debug)]
struct AccessKey {
    id: String,
    secret: Secret,
}

/// What one reading of the file said.
#[derive(Debug, Default)]
pub(super) struct Principals(Vec<Principal>);

impl Principals {
    /// The principal with this access key, and the key's secret half.
    pub(super) fn by_key(&self, access_key_id: &str) -> Option<(&Principal, &Secret)> {
        let keyed = self.0.iter().filter_map(|it| it.access_key.as_ref().map(|key| (it, key)));
        keyed.filter(|(_, key)| key.id == access_key_id).map(|(it, key)| (it, &key.secret)).next()
    }

    /// May whoever goes by `arn` call `connector`?
    pub(super) fn allows(&self, arn: &Arn, connector: Connector) -> bool {
        self.0.iter().any(|it| it.arn == *arn && it.connectors.contains(&connector))
    }
}

/// The file and what it said when it was last right.
#[derive(Debug)]
pub(super) struct PrincipalsFile {
    path: Option<PathBuf>,
    last: Mutex<Reading>,
}

#[derive(Debug)]
struct Reading {
    /// Of the file that was read last, right or broken.
    stamp: Option<Stamp>,
    principals: Arc<Principals>,
}

/// Changes when the file does.
type Stamp = (SystemTime, u64);

impl PrincipalsFile {
    /// Reads the file; without one nobody is allowed.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, PrincipalsError> {
        // Taken before reading: a change in between is then found at the next look.
        let stamp = path.as_ref().and_then(stamp);
        let principals = path.as_ref().map(read).transpose()?.unwrap_or_default();
        Ok(Self { path, last: Mutex::new(Reading { stamp, principals: Arc::new(principals) }) })
    }

    /// Who may call now. A file that has become unusable changes nothing, and is told once.
    pub(super) fn current(&self) -> Arc<Principals> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.path {
            let stamp = stamp(path);
            if stamp != last.stamp {
                last.stamp = stamp;
                match read(path) {
                    Ok(principals) => last.principals = Arc::new(principals),
                    Err(error) => tracing::error!(
                        error = chain(&error),
                        "the principals file has become unusable; what it said before stays in force"
                    ),
                }
            }
        }
        Arc::clone(&last.principals)
    }
}

fn stamp(path: &PathBuf) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    role_arn: String,
    connectors: Vec<Connector>,
}

fn read(path: &PathBuf) -> Result<Principals, PrincipalsError> {
    let text = std::fs::read(path).map_err(|source| PrincipalsError::Unreadable { path: path.clone(), source })?;
    let misshapen = |line, field| PrincipalsError::Misshapen { path: path.clone(), line, field };
    let mut json = serde_json::Deserializer::from_slice(&text);
    let entries: Vec<Entry> = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| misshapen(error.inner().line(), error.path().to_string()))?;
    json.end().map_err(|error| misshapen(error.line(), "the end".to_owned()))?;
    let mut principals: Vec<Principal> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let principal = principal(entry, &principals);
        principals.push(principal.map_err(|problem| PrincipalsError::Entry { path: path.clone(), index, problem })?);
    }
    Ok(Principals(principals))
}

fn principal(entry: Entry, others: &[Principal]) -> Result<Principal, &'static str> {
    let arn = Arn::new(&entry.role_arn).ok_or("role_arn is not an ARN, like arn:aws:iam::123456789012:role/Name")?;
    if entry.connectors.is_empty() {
        return Err("connectors is empty");
    }
    let filled = |text: Option<String>| text.filter(|it| !it.trim().is_empty());
    let access_key = match (filled(entry.access_key_id), filled(entry.secret_access_key)) {
        (Some(id), Some(secret)) => Some(AccessKey { id, secret: Secret::new(secret) }),
        (None, None) => None,
        (Some(_), None) => return Err("access_key_id comes without secret_access_key"),
        (None, Some(_)) => return Err("secret_access_key comes without access_key_id"),
    };
    let taken = |key: &AccessKey| others.iter().filter_map(|it| it.access_key.as_ref()).any(|it| it.id == key.id);
    if access_key.as_ref().is_some_and(taken) {
        return Err("access_key_id is in another entry too");
    }
    Ok(Principal { arn, connectors: entry.connectors, access_key })
}
