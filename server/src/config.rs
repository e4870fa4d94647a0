//! Every setting, read once at the start. `.env.sample` is the mirror of this file.
//!
//! All mistakes are told at once, one line each, with the name of the variable and what was expected.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::client::amazon::AmazonSettings;
use crate::client::mail::MailSettings;
use crate::client::stripe::{API_URL_DEFAULT, StripeSettings};
use crate::clock::Clock;
use crate::connector::caller::CallerSettings;
use crate::failpoint::{self, Failpoint, UnknownFailpoint};
use crate::flow::doctor::OwnSettings;
use crate::http::event_feed::EventKeys;
use crate::log::chain;
use crate::rate::Rate;
use crate::secret::Secret;
use crate::secrets::Secrets;
use crate::vault::Vault;

/// Shortest `STORESIDE_SECRET_KEY`, in characters.
const KEY_CHARS_MIN: usize = 32;

/// What the gate may wait for the database, in milliseconds: of the 100 in which it answers the disk needs some.
const GATE_BUDGET_MS: &str = "60";
const GATE_BUDGET_MS_MAX: u64 = 60_000;

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong and what was expected. Never the value: it may be a secret.
    pub problem: String,
}

/// Settings that cannot be used. Printed one a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Mistake>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(|it| format!("{} {}", it.variable, it.problem)).collect();
        write!(f, "{}", lines.join("\n"))
    }
}

/// What every command needs.
#[derive(Debug, Clone)]
pub struct BaseConfig {
    /// `DATABASE_URL`. `None`: the embedded PostgreSQL.
    pub database_url: Option<Secret>,
    /// `STORESIDE_DATA_DIR`: what this machine keeps.
    pub data_dir: PathBuf,
    /// `STORESIDE_PG_BIN`: the folder of the embedded PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// `STORESIDE_CLOCK`.
    pub clock: Clock,
    /// `STORESIDE_SECRET_KEY`, for the commands that read or write what is personal. `None`: it is not set.
    pub vault: Option<Vault>,
    /// `STORESIDE_FAILPOINT`: where this process dies on purpose.
    pub failpoint: Option<Failpoint>,
}

/// What `storeside serve` needs.
#[derive(Debug)]
pub struct ServeConfig {
    /// `STORESIDE_ADDR`.
    pub addr: SocketAddr,
    /// `STORESIDE_PUBLIC_URL`, without a slash at the end.
    pub public_url: String,
    /// `STORESIDE_SECRET_KEY`.
    pub vault: Vault,
    /// `STORESIDE_TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<IpNet>,
    /// `STORESIDE_GATE_BUDGET_MS`: how long the database may take for one tap, before the gate decides from what it knew last.
    pub gate_budget: Duration,
    /// `CONNECTOR_…`.
    pub callers: CallerSettings,
    /// `EVENT_FEED_API_KEY`. None: the event feed answers that it is not set up.
    pub event_keys: EventKeys,
    /// `EVENT_FEED_RATE_LIMIT`.
    pub event_rate: Rate,
    /// `STRIPE_…`. `None`: nobody can pay online.
    pub stripe: Option<StripeSettings>,
    /// `STRIPE_WEBHOOK_SECRET`. `None`: Stripe's webhook answers that it is not set up.
    pub stripe_webhook: Option<Secret>,
    /// `LEPTOS_SITE_ROOT`: the files for browsers, as `make site` builds them.
    pub site_root: String,
}

/// What `storeside work` needs.
#[derive(Debug)]
pub struct WorkConfig {
    /// `STORESIDE_PUBLIC_URL`, for links in mails.
    pub public_url: String,
    /// `STORESIDE_SECRET_KEY`.
    pub vault: Vault,
    /// `JWO_…` and `AWS_…`.
    pub amazon: AmazonSettings,
    /// `STRIPE_…`. `None`: nobody can pay online.
    pub stripe: Option<StripeSettings>,
    /// `MAIL_…`.
    pub mail: MailSettings,
}

/// Where variables come from: the environment, or a test's own list.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads variables and collects what is wrong with them. An empty variable counts as unset.
struct Reader<'a> {
    get: Variables<'a>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn optional(&self, variable: &str) -> Option<String> {
        (self.get)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn wrong(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.mistakes.push(Mistake { variable, problem: problem.into() });
    }

    /// A variable that must be there. An empty text stands for a missing one: the mistake is noted, and nothing starts.
    fn required(&mut self, variable: &'static str, expected: &str) -> String {
        self.optional(variable).unwrap_or_else(|| {
            self.wrong(variable, format!("is not set: expected {expected}"));
            String::new()
        })
    }

    fn or(&self, variable: &str, default: &str) -> String {
        self.optional(variable).unwrap_or_else(|| default.to_owned())
    }

    fn public_url(&mut self) -> String {
        let url = self.required("STORESIDE_PUBLIC_URL", "the portal's address, like https://shop.example.com");
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            self.wrong("STORESIDE_PUBLIC_URL", "must begin with https:// (or http:// on this machine)");
        }
        url.trim_end_matches('/').to_owned()
    }

    fn failpoint(&mut self) -> Option<Failpoint> {
        let word = self.optional("STORESIDE_FAILPOINT")?;
        if !failpoint::IS_POSSIBLE || self.optional("STORESIDE_DEMO").as_deref() != Some("1") {
            let problem = "kills this process on purpose: only in a debug build and together with STORESIDE_DEMO=1";
            self.wrong("STORESIDE_FAILPOINT", problem);
            return None;
        }
        word.parse().map_err(|unknown: UnknownFailpoint| self.wrong("STORESIDE_FAILPOINT", unknown.to_string())).ok()
    }

    fn secrets(&mut self, variable: &'static str) -> Secrets {
        Secrets::parse(&self.or(variable, "")).unwrap_or_else(|problem| {
            self.wrong(variable, chain(&problem));
            Secrets::default()
        })
    }

    fn rate(&mut self, variable: &'static str, default: Rate) -> Rate {
        let Some(text) = self.optional(variable) else { return default };
        Rate::parse(&text).unwrap_or_else(|problem| {
            self.wrong(variable, problem.to_string());
            default
        })
    }

    fn stripe(&self) -> Option<StripeSettings> {
        let secret_key = Secret::new(self.optional("STRIPE_SECRET_KEY")?);
        Some(StripeSettings { api_url: self.or("STRIPE_API_URL", API_URL_DEFAULT), secret_key, timeout: None })
    }

    /// Without word of payments, a shopper who does not come back stays denied until somebody looks.
    fn stripe_webhook(&mut self) -> Option<Secret> {
        let secret = self.optional("STRIPE_WEBHOOK_SECRET");
        if secret.is_none() && self.optional("STRIPE_SECRET_KEY").is_some() {
            self.wrong("STRIPE_WEBHOOK_SECRET", "is not set: expected with STRIPE_SECRET_KEY, like whsec_…");
        }
        secret.map(Secret::new)
    }

    fn end<T>(self, config: T) -> Result<T, ConfigError> {
        if self.mistakes.is_empty() { Ok(config) } else { Err(ConfigError(self.mistakes)) }
    }
}

/// Reads what every command needs.
///
/// # Errors
///
/// Every mistake.
pub fn base(get: Variables<'_>) -> Result<BaseConfig, ConfigError> {
    let mut reader = Reader { get, mistakes: vec![] };
    let clock = match reader.optional("STORESIDE_CLOCK") {
        None => Clock::System,
        Some(_) if reader.optional("STORESIDE_DEMO").as_deref() != Some("1") => {
            reader.wrong(
                "STORESIDE_CLOCK",
                "moves the clock, and with it deadlines: only together with STORESIDE_DEMO=1",
            );
            Clock::System
        }
        Some(text) => Clock::parse(&text).unwrap_or_else(|problem| {
            reader.wrong("STORESIDE_CLOCK", problem.to_string());
            Clock::System
        }),
    };
    let failpoint = reader.failpoint();
    let config = BaseConfig {
        database_url: reader.optional("DATABASE_URL").map(Secret::new),
        data_dir: reader.or("STORESIDE_DATA_DIR", ".data").into(),
        pg_bin: reader.optional("STORESIDE_PG_BIN").map(PathBuf::from),
        clock,
        vault: reader.optional("STORESIDE_SECRET_KEY").map(|_| vault(&mut reader)),
        failpoint,
    };
    reader.end(config)
}

fn vault(reader: &mut Reader<'_>) -> Vault {
    let text = reader.required("STORESIDE_SECRET_KEY", "at least 32 characters of chance");
    let keys: Vec<&str> = text.split(',').map(str::trim).collect();
    if !text.is_empty() && keys.iter().any(|key| key.chars().count() < KEY_CHARS_MIN) {
        reader.wrong(
            "STORESIDE_SECRET_KEY",
            "is too short: expected at least 32 characters of chance, or several such keys with commas between, the newest first",
        );
    }
    Vault::new(&keys.into_iter().map(Secret::new).collect::<Vec<_>>())
}

/// Reads what `storeside serve` needs.
///
/// # Errors
///
/// Every mistake.
pub fn serve(get: Variables<'_>) -> Result<ServeConfig, ConfigError> {
    let mut reader = Reader { get, mistakes: vec![] };
    let addr = reader.or("STORESIDE_ADDR", "127.0.0.1:3000").parse().unwrap_or_else(|_| {
        reader.wrong("STORESIDE_ADDR", "must be an address and a port, like 127.0.0.1:3000");
        SocketAddr::from(([127, 0, 0, 1], 3000))
    });
    let proxies = reader.or("STORESIDE_TRUSTED_PROXIES", "");
    let config = ServeConfig {
        addr,
        public_url: reader.public_url(),
        vault: vault(&mut reader),
        trusted_proxies: trusted_proxies(&mut reader, &proxies),
        gate_budget: gate_budget(&mut reader),
        callers: CallerSettings {
            principals: reader.optional("CONNECTOR_PRINCIPALS").map(PathBuf::from),
            gateway_secrets: reader.secrets("CONNECTOR_GATEWAY_SECRET"),
            sigv4_service: reader.or("CONNECTOR_SIGV4_SERVICE", "execute-api"),
            sigv4_region: reader.or("CONNECTOR_SIGV4_REGION", "us-east-1"),
            rate: reader.rate("CONNECTOR_RATE_LIMIT", Rate::CONNECTOR),
        },
        event_keys: EventKeys(reader.secrets("EVENT_FEED_API_KEY")),
        event_rate: reader.rate("EVENT_FEED_RATE_LIMIT", Rate::EVENT_FEED),
        stripe: reader.stripe(),
        stripe_webhook: reader.stripe_webhook(),
        site_root: reader.or("LEPTOS_SITE_ROOT", "target/site"),
    };
    reader.end(config)
}

fn gate_budget(reader: &mut Reader<'_>) -> Duration {
    let text = reader.or("STORESIDE_GATE_BUDGET_MS", GATE_BUDGET_MS);
    let budget = text.parse().ok().filter(|ms| (1..=GATE_BUDGET_MS_MAX).contains(ms));
    Duration::from_millis(budget.unwrap_or_else(|| {
        reader.wrong("STORESIDE_GATE_BUDGET_MS", "must be a number of milliseconds from 1 to 60000, like 60");
        1
    }))
}

fn trusted_proxies(reader: &mut Reader<'_>, text: &str) -> Vec<IpNet> {
    let mut proxies = vec![];
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let network = word.parse::<IpNet>().or_else(|_| word.parse::<std::net::IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => proxies.push(network),
            Err(_) => {
                let problem =
                    format!("has {word:?}: expected addresses or networks with commas between, like 10.0.0.0/8");
                reader.wrong("STORESIDE_TRUSTED_PROXIES", problem);
            }
        }
    }
    proxies
}

/// Reads the portal's address: what a command prints that sends shoppers there.
///
/// # Errors
///
/// Where it is not set, or is no address.
pub fn public_url(get: Variables<'_>) -> Result<String, ConfigError> {
    let mut reader = Reader { get, mistakes: vec![] };
    let url = reader.public_url();
    reader.end(url)
}

/// How Amazon calls us, as far as it can be read: a doctor goes on where `serve` would not start.
#[must_use]
pub fn own(get: Variables<'_>) -> OwnSettings {
    let reader = Reader { get, mistakes: vec![] };
    let first = |variable| Secrets::parse(&reader.or(variable, "")).ok().and_then(|it| it.first());
    OwnSettings {
        public_url: reader.or("STORESIDE_PUBLIC_URL", "").trim_end_matches('/').to_owned(),
        principals: reader.optional("CONNECTOR_PRINCIPALS").map(PathBuf::from),
        gateway_secret: first("CONNECTOR_GATEWAY_SECRET"),
        sigv4_service: reader.or("CONNECTOR_SIGV4_SERVICE", "execute-api"),
        sigv4_region: reader.or("CONNECTOR_SIGV4_REGION", "us-east-1"),
        event_key: first("EVENT_FEED_API_KEY"),
        takes_online_payments: reader.optional("STRIPE_SECRET_KEY").is_some(),
    }
}

/// Where Stripe is, for a command. `None`: nobody can pay online.
#[must_use]
pub fn stripe(get: Variables<'_>) -> Option<StripeSettings> {
    Reader { get, mistakes: vec![] }.stripe()
}

/// Reads what `storeside work` needs.
///
/// # Errors
///
/// Every mistake.
pub fn work(get: Variables<'_>) -> Result<WorkConfig, ConfigError> {
    let mut reader = Reader { get, mistakes: vec![] };
    let url = "an address of Amazon's, like https://REGION.payments.amazonphysicalstores.com";
    let config = WorkConfig {
        public_url: reader.public_url(),
        vault: vault(&mut reader),
        amazon: AmazonSettings {
            payment_url: reader.required("JWO_PAYMENT_URL", url),
            feedback_url: reader.required("JWO_FEEDBACK_URL", url),
            identity_url: reader.required("JWO_IDENTITY_URL", url),
            sigv4_service: reader.or("JWO_SIGV4_SERVICE", "execute-api"),
            sigv4_region: reader.or("JWO_SIGV4_REGION", "us-east-1"),
            access_key_id: reader.required("AWS_ACCESS_KEY_ID", "the id of the key that Amazon has allowlisted"),
            secret_access_key: Secret::new(reader.required("AWS_SECRET_ACCESS_KEY", "the key's secret")),
            session_token: reader.optional("AWS_SESSION_TOKEN").map(Secret::new),
            timeout: AmazonSettings::TIMEOUT_DEFAULT,
        },
        stripe: reader.stripe(),
        mail: MailSettings {
            url: Secret::new(reader.required("MAIL_URL", "smtps://USER:PASSWORD@HOST, smtp://… or file:FOLDER")),
            from: reader.required("MAIL_FROM", "an address, like receipts@example.com"),
        },
    };
    reader.end(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes<T>(read: fn(Variables<'_>) -> Result<T, ConfigError>, set: &[(&str, &str)]) -> Vec<&'static str> {
        let get = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        read(&get).err().map_or(vec![], |error| error.0.iter().map(|it| it.variable).collect())
    }

    #[test]
    fn every_mistake_is_told_at_once_by_the_name_of_its_variable() {
        let set = [
            ("STORESIDE_ADDR", "3000"),
            ("STORESIDE_SECRET_KEY", "short"),
            ("STORESIDE_TRUSTED_PROXIES", "10.0.0.0/8, me"),
        ];
        let wanted = ["STORESIDE_ADDR", "STORESIDE_PUBLIC_URL", "STORESIDE_SECRET_KEY", "STORESIDE_TRUSTED_PROXIES"];
        assert_eq!(mistakes(serve, &set), wanted);
        assert_eq!(mistakes(work, &[]).len(), 9);
    }

    #[test]
    fn a_moved_clock_is_refused_outside_the_demo() {
        assert_eq!(mistakes(base, &[("STORESIDE_CLOCK", "3600")]), ["STORESIDE_CLOCK"]);
        assert_eq!(mistakes(base, &[("STORESIDE_CLOCK", "3600"), ("STORESIDE_DEMO", "1")]), [] as [&str; 0]);
        assert_eq!(mistakes(base, &[("STORESIDE_CLOCK", "soon"), ("STORESIDE_DEMO", "1")]), ["STORESIDE_CLOCK"]);
    }

    #[test]
    fn a_process_dies_on_purpose_only_in_the_demo_and_at_a_known_place() {
        let demo = ("STORESIDE_DEMO", "1");
        assert_eq!(mistakes(base, &[("STORESIDE_FAILPOINT", "after_cart")]), ["STORESIDE_FAILPOINT"]);
        assert_eq!(mistakes(base, &[("STORESIDE_FAILPOINT", "after_cart"), demo]), [] as [&str; 0]);
        assert_eq!(mistakes(base, &[("STORESIDE_FAILPOINT", "after_lunch"), demo]), ["STORESIDE_FAILPOINT"]);
    }

    #[test]
    fn payoffs_are_offered_with_both_secrets_and_not_with_one() {
        let told = |set: &[(&str, &str)]| mistakes(serve, set).contains(&"STRIPE_WEBHOOK_SECRET");
        assert!(!told(&[]), "not offered at all");
        assert!(told(&[("STRIPE_SECRET_KEY", "sk_test_1")]));
        assert!(!told(&[("STRIPE_SECRET_KEY", "sk_test_1"), ("STRIPE_WEBHOOK_SECRET", "whsec_1")]));
    }

    #[test]
    fn callers_and_the_event_feed_have_no_secret_or_one_or_two_and_no_short_one() {
        let [one, two] = ["a-key-of-16-char", "another-key-of-16"];
        for variable in ["EVENT_FEED_API_KEY", "CONNECTOR_GATEWAY_SECRET"] {
            let told = |keys: &str| mistakes(serve, &[(variable, keys)]).contains(&variable);
            for fine in ["", one, &format!("{one}, {two}"), &format!("{one},")] {
                assert!(!told(fine), "{variable}={fine}");
            }
            for wrong in ["short", &format!("{one},short"), &format!("{one},{two},{one}"), "file:/no/such/file"] {
                assert!(told(wrong), "{variable}={wrong}");
            }
        }
    }

    #[test]
    fn a_rate_that_is_none_is_told() {
        for variable in ["CONNECTOR_RATE_LIMIT", "EVENT_FEED_RATE_LIMIT"] {
            let told = |rate: &str| mistakes(serve, &[(variable, rate)]).contains(&variable);
            assert_eq!([told(""), told("10/20"), told("10"), told("0/0")], [false, false, true, true]);
        }
    }

    #[test]
    fn a_secret_key_may_be_several_the_newest_first_and_none_of_them_short() {
        let told = |keys: &str| mistakes(work, &[("STORESIDE_SECRET_KEY", keys)]).contains(&"STORESIDE_SECRET_KEY");
        let [one, two] = ["k".repeat(32), "l".repeat(40)];
        for fine in [&one, &format!("{two},{one}"), &format!("{two}, {one}")] {
            assert!(!told(fine), "{fine}");
        }
        for wrong in ["", "short", &format!("{one},"), &format!("{one},short")] {
            assert!(told(wrong), "{wrong}");
        }
        let get = |name: &str| (name == "STORESIDE_SECRET_KEY").then(|| one.clone());
        assert!(base(&get).unwrap().vault.is_some() && base(&|_| None).unwrap().vault.is_none());
    }

    #[test]
    fn a_message_never_repeats_a_secret() {
        let get = |name: &str| (name == "STORESIDE_SECRET_KEY").then(|| "hunter2".to_owned());
        let message = serve(&get).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("STORESIDE_SECRET_KEY") && !message.contains("hunter2"), "{message}");
    }
}
