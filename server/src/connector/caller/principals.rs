//! The principals file: who may call what. Read at the start and again whenever it changes, so that a key is added or
//! withdrawn without a restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::connector::Connector;
use crate::reread::Reread;
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// Everybody who is listed now. Without a file that is nobody.
#[derive(Debug)]
pub(super) struct PrincipalsFile(Option<Reread<Principals, PrincipalsError>>);

impl PrincipalsFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, PrincipalsError> {
        Ok(Self(path.map(|path| Reread::open(path, read)).transpose()?))
    }

    /// Who may call now.
    pub(super) fn current(&self) -> Arc<Principals> {
        self.0.as_ref().map_or_else(Arc::default, Reread::current)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    role_arn: String,
    connectors: Vec<Connector>,
}

fn read(path: &Path) -> Result<Principals, PrincipalsError> {
    let text = std::fs::read(path).map_err(|source| PrincipalsError::Unreadable { path: path.to_owned(), source })?;
    let misshapen = |line, field| PrincipalsError::Misshapen { path: path.to_owned(), line, field };
    let mut json = serde_json::Deserializer::from_slice(&text);
    let entries: Vec<Entry> = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| misshapen(error.inner().line(), error.path().to_string()))?;
    json.end().map_err(|error| misshapen(error.line(), "the end".to_owned()))?;
    let mut principals: Vec<Principal> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let principal = principal(entry, &principals);
        let entry = |problem| PrincipalsError::Entry { path: path.to_owned(), index, problem };
        principals.push(principal.map_err(entry)?);
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
