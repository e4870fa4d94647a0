//! The commands that ask a running twin.

use std::{fmt, process::ExitCode};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use twin::{Card, WalkOrder};

/// Where the running twin is.
#[derive(Debug, clap::Args)]
pub(crate) struct Address {
    /// The running twin.
    #[arg(long, env = "TWIN_URL", default_value = "http://127.0.0.1:4000")]
    twin: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WalkArgs {
    #[command(flatten)]
    address: Address,
    /// A card of `twin cards`.
    #[arg(long, default_value = "visa")]
    card: String,
    /// How many items of the demo catalogue to take, one each.
    #[arg(long, default_value_t = 3)]
    items: usize,
    /// Take nothing.
    #[arg(long, conflicts_with = "items")]
    empty: bool,
    /// Another store than the twin's own.
    #[arg(long)]
    store: Option<String>,
    /// Send the very same gate event twice.
    #[arg(long)]
    repeat_tap: bool,
    /// Send the very same cart twice.
    #[arg(long)]
    repeat_cart: bool,
}

/// Why a command failed; each kind has its own exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: something went wrong on the way.
    Other(anyhow::Error),
    /// 3: no twin answers there.
    NotRunning { url: String },
    /// 4: the twin refused what was asked: no such card, for example.
    Refused(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Other(_) => ExitCode::FAILURE,
            Self::NotRunning { .. } => ExitCode::from(3),
            Self::Refused(_) => ExitCode::from(4),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(error) => write!(f, "{error:#}"),
            Self::NotRunning { url } => write!(f, "no twin is running at {url}; start one with `twin serve`"),
            Self::Refused(why) => write!(f, "{why}"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Other(error.into())
    }
}

pub(crate) async fn walk(args: &WalkArgs) -> Result<(), Failure> {
    let order = WalkOrder {
        card: args.card.clone(),
        items: if args.empty { 0 } else { args.items },
        lines: Vec::new(),
        store: args.store.clone(),
        hold_minor: None,
        repeat_tap: args.repeat_tap,
        repeat_cart: args.repeat_cart,
    };
    let client = client()?;
    let url = args.address.at("/control/walk");
    let walked: Walked = ask(client.post(&url).json(&order), &args.address).await?;
    for (step, said) in (1..).zip(&walked.steps) {
        println!("{step}. {said}");
    }
    Ok(())
}

/// The part of a walk that is printed.
#[derive(Debug, Deserialize)]
struct Walked {
    steps: Vec<String>,
}

pub(crate) async fn cards(address: &Address) -> Result<(), Failure> {
    let cards: Vec<Card> = ask(client()?.get(address.at("/control/cards")), address).await?;
    println!("{:<16} {:<10} {:<5} {:<8} {:<36} risks", "card", "brand", "last4", "expires", "e-mail");
    for card in cards {
        let Card { name, brand, last_four, expiry_month, expiry_year, email, risks, .. } = card;
        let expires = format!("{expiry_month}/{expiry_year}");
        let email = email.unwrap_or_default();
        println!("{name:<16} {brand:<10} {last_four:<5} {expires:<8} {email:<36} {}", risks.join(", "));
    }
    Ok(())
}

pub(crate) async fn truth(address: &Address) -> Result<(), Failure> {
    let truth: Value = ask(client()?.get(address.at("/control/truth")), address).await?;
    println!("{truth:#}");
    Ok(())
}

impl Address {
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.twin.trim_end_matches('/'))
    }
}

fn client() -> Result<reqwest::Client, Failure> {
    // An error means that a provider is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

async fn ask<T: DeserializeOwned>(request: reqwest::RequestBuilder, address: &Address) -> Result<T, Failure> {
    let sent = request.send().await;
    let response = sent.map_err(|error| match error.is_connect() {
        true => Failure::NotRunning { url: address.twin.clone() },
        false => error.into(),
    })?;
    if response.status().is_success() {
        return Ok(response.json().await?);
    }
    let client_error = response.status().is_client_error();
    let body: Value = response.json().await.unwrap_or_default();
    let why = body["error"].as_str().unwrap_or("the twin gave no reason").to_owned();
    if client_error { Err(Failure::Refused(why)) } else { Err(Failure::Other(anyhow::anyhow!(why))) }
}
