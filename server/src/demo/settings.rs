use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use anyhow::Context as _;

/// Settings whose demo value others repeat (`JWO_PAYMENT_URL` holds the twin's address, `MAIL_URL` a folder of the data folder):
/// where one of these is changed, the sample values that repeat it follow.
const REPEATED: [(&str, &str); 4] = [
    ("STORESIDE_ADDR", "127.0.0.1:3000"),
    ("TWIN_ADDR", "127.0.0.1:4000"),
    ("TWIN_SMTP_ADDR", "127.0.0.1:4025"),
    ("STORESIDE_DATA_DIR", ".data"),
];

/// Why a settings file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EnvFileError {
    #[error("cannot read {path}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path}:{line}: expected NAME=value, a comment or nothing", path = path.display())]
    NotASetting { path: PathBuf, line: usize },
}

/// Reads a file of `NAME=value` lines. A value may be in single or double quotes; `#` starts a comment line.
///
/// # Errors
///
/// When the file cannot be read, or a line is something else.
pub fn load_env_file(path: &Path) -> Result<Vec<(String, String)>, EnvFileError> {
    let text = fs::read_to_string(path).map_err(|source| EnvFileError::Unreadable { path: path.into(), source })?;
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, it)| !it.is_empty() && !it.starts_with('#'));
    lines.map(|(line, it)| parse(it).ok_or_else(|| EnvFileError::NotASetting { path: path.into(), line })).collect()
}

fn parse(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let name = name.trim();
    let plain = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    plain.then(|| (name.to_owned(), quoted.unwrap_or(value).to_owned()))
}

/// What the demo and its programs are told.
#[derive(Debug)]
pub(super) struct Settings {
    values: BTreeMap<String, String>,
    pub(super) addr: SocketAddr,
    pub(super) twin_addr: SocketAddr,
    twin_smtp_addr: SocketAddr,
    /// Canonical.
    pub(super) data_dir: PathBuf,
}

impl Settings {
    /// The environment wins over `.env`, which wins over `.env.sample`; both files are in `dir` and may be absent.
    pub(super) fn load(dir: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| match load_env_file(&dir.join(name)) {
            Err(EnvFileError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        };
        Self::merge(read(".env.sample")?, read(".env")?, |name| env::var(name).ok())
    }

    fn merge(
        sample: Vec<(String, String)>,
        own: Vec<(String, String)>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let own: BTreeMap<String, String> = own.into_iter().collect();
        let chosen = |name: &str| environment(name).or_else(|| own.get(name).cloned()).filter(|it| !it.is_empty());

        let mut values: BTreeMap<String, String> = sample.into_iter().collect();
        for (name, usual) in REPEATED {
            let Some(chosen) = chosen(name) else { continue };
            for value in values.values_mut() {
                *value = value.replace(usual, &chosen);
            }
        }
        let named: Vec<String> = values.keys().chain(own.keys()).cloned().collect();
        let repeated = REPEATED.iter().map(|(name, usual)| ((*name).to_owned(), (*usual).to_owned()));
        for (name, usual) in repeated {
            values.entry(name).or_insert(usual);
        }
        for name in named
            .iter()
            .map(String::as_str)
            .chain(REPEATED.map(|(name, _)| name))
            .chain(["DATABASE_URL", "STORESIDE_PG_BIN"])
        {
            if let Some(chosen) = chosen(name) {
                values.insert(name.to_owned(), chosen);
            }
        }
        values.retain(|_, value| !value.is_empty());

        let data_dir = super::make_dir(Path::new(&values["STORESIDE_DATA_DIR"]))?;
        values.insert("STORESIDE_DATA_DIR".to_owned(), data_dir.display().to_string());
        let addr = |name: &str| {
            values[name].parse().with_context(|| format!("{name} must be an address and a port, as 127.0.0.1:3000"))
        };
        let (addr, twin_addr, twin_smtp_addr) = (addr("STORESIDE_ADDR")?, addr("TWIN_ADDR")?, addr("TWIN_SMTP_ADDR")?);
        let mut settings = Self { values, addr, twin_addr, twin_smtp_addr, data_dir };
        settings.tell_the_twin(chosen);
        Ok(settings)
    }

    /// What only the twin reads.
    fn tell_the_twin(&mut self, chosen: impl Fn(&str) -> Option<String>) {
        let mut usual = vec![
            ("TWIN_STORESIDE_URL", format!("http://{}", self.addr)),
            ("TWIN_MAIL_DIR", self.data_dir.join("mail").display().to_string()),
            // As Amazon does: a moment after it happened, which may be before or after the answer was worked on.
            ("TWIN_EVENTS", "after".to_owned()),
        ];
        if let Some(file) = self.get("STORESIDE_CLOCK").and_then(|it| it.strip_prefix("file:")) {
            usual.push(("TWIN_CLOCK_FILE", file.to_owned()));
        }
        for (name, value) in usual {
            self.set(name, chosen(name).unwrap_or(value));
        }
    }

    /// `None` also for an empty value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &String)> {
        self.values.iter()
    }

    /// Every address something is going to listen on, with the setting that changes it.
    pub(super) fn addresses(&self) -> [(&'static str, SocketAddr); 4] {
        [
            ("STORESIDE_ADDR", self.addr),
            ("STORESIDE_ADDR", self.work_metrics_addr()),
            ("TWIN_ADDR", self.twin_addr),
            ("TWIN_SMTP_ADDR", self.twin_smtp_addr),
        ]
    }

    /// One port above the portal's.
    pub(super) fn work_metrics_addr(&self) -> SocketAddr {
        SocketAddr::new(self.addr.ip(), self.addr.port().wrapping_add(1))
    }

    pub(super) fn log_dir(&self) -> PathBuf {
        self.data_dir.join("log")
    }

    pub(super) fn log_path(&self, name: &str) -> PathBuf {
        self.log_dir().join(format!("{name}.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn data_dir() -> String {
        env::temp_dir().join("storeside-settings-test").display().to_string()
    }

    #[test]
    fn the_environment_wins_over_the_own_file_which_wins_over_the_sample() {
        let sample = pairs(&[("A", "sample"), ("B", "sample"), ("C", "sample")]);
        let own = pairs(&[("B", "own"), ("C", "own")]);
        let settings = Settings::merge(sample, own, |name| match name {
            "C" => Some("environment".to_owned()),
            "STORESIDE_DATA_DIR" => Some(data_dir()),
            _ => None,
        });
        let settings = settings.unwrap();
        assert_eq!(["A", "B", "C"].map(|it| settings.get(it).unwrap()), ["sample", "own", "environment"]);
    }

    #[test]
    fn a_moved_twin_moves_what_the_sample_says_about_it() {
        let sample = pairs(&[("JWO_PAYMENT_URL", "http://127.0.0.1:4000"), ("MAIL_URL", "file:.data/mail")]);
        let settings = Settings::merge(sample, Vec::new(), |name| match name {
            "TWIN_ADDR" => Some("127.0.0.1:4100".to_owned()),
            "STORESIDE_ADDR" => Some("127.0.0.1:3100".to_owned()),
            "STORESIDE_DATA_DIR" => Some(data_dir()),
            _ => None,
        });
        let settings = settings.unwrap();
        assert_eq!(settings.get("JWO_PAYMENT_URL"), Some("http://127.0.0.1:4100"));
        assert_eq!(settings.get("TWIN_STORESIDE_URL"), Some("http://127.0.0.1:3100"));
        assert_eq!(settings.get("MAIL_URL"), Some(format!("file:{}/mail", data_dir()).as_str()));
    }

    #[test]
    fn an_empty_value_is_no_value() {
        let environment = |name: &str| (name == "STORESIDE_DATA_DIR").then(data_dir);
        let settings = Settings::merge(pairs(&[("DATABASE_URL", "")]), Vec::new(), environment).unwrap();
        assert_eq!(settings.get("DATABASE_URL"), None);
    }

    #[test]
    fn a_line_is_a_name_a_value_and_perhaps_quotes() {
        let read = |line| parse(line).map(|(name, value)| format!("{name}|{value}"));
        assert_eq!(read("A=b=c").as_deref(), Some("A|b=c"));
        assert_eq!(read("export A_1 = \"b c\"").as_deref(), Some("A_1|b c"));
        assert_eq!(read("A='it''s'").as_deref(), Some("A|it''s"));
        assert_eq!(read("A="), Some("A|".to_owned()));
        assert_eq!([read("no value"), read("=b"), read("1A=b"), read("A B=c")], [const { None }; 4]);
    }

    #[test]
    fn a_bad_line_is_named_by_file_and_number() {
        let file = env::temp_dir().join(format!("storeside-bad-env-{}", std::process::id()));
        fs::write(&file, "# fine\nA=1\n\nnonsense\n").unwrap();
        let said = load_env_file(&file).unwrap_err().to_string();
        fs::remove_file(&file).unwrap();
        assert!(said.starts_with(&format!("{}:4:", file.display())), "{said}");
    }
}
