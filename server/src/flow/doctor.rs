//! Is everything set up? Asks each neighbour whether it lets us in, and our own addresses whether they let Amazon in. No call of these
//! does anything: the ones to Amazon are about a trip that nobody knows, those to us have an empty body.
//!
//! What the store must have before it can operate is a list of Amazon's (seed "Required Configurations"); what of it cannot be seen
//! from here is said to be so.

mod neighbour;
mod own;

use domain::id::StoreId;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::client::amazon::AmazonSettings;
use crate::client::mail::MailSettings;
pub use crate::flow::doctor::own::{OwnSettings, Principal};
use crate::store;

/// What was found out about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The thing.
    pub subject: String,
    /// How it is.
    pub verdict: Verdict,
}

/// How a thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it must be, and how that shows.
    Fine(String),
    /// Not as it must be, and what to do about it.
    Wrong {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// It cannot be seen from here, or is left out; where to look.
    Unseen(String),
}

impl Finding {
    /// As it must be.
    #[must_use]
    pub fn fine(subject: &str, how: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), verdict: Verdict::Fine(how.into()) }
    }

    /// Not as it must be.
    #[must_use]
    pub fn wrong(subject: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), verdict: Verdict::Wrong { what: what.into(), remedy: remedy.into() } }
    }

    /// Not to be seen from here.
    #[must_use]
    pub fn unseen(subject: &str, look: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), verdict: Verdict::Unseen(look.into()) }
    }
}

/// What is asked about. A setting that cannot be used is told by whoever read it, and what needs it is not asked.
#[derive(Debug)]
pub struct Checkup {
    /// The database, or why there is none and what to do.
    pub database: Result<PgPool, (String, String)>,
    /// How Amazon is called.
    pub amazon: Option<AmazonSettings>,
    /// How mail leaves.
    pub mail: Option<MailSettings>,
    /// How Amazon calls us.
    pub own: OwnSettings,
}

/// Everything that can be found out, in the order of Amazon's list.
pub async fn examine(checkup: &Checkup, now: OffsetDateTime) -> Vec<Finding> {
    let (database, stores) = examine_database(checkup).await;
    let store = stores.first().cloned();
    let (amazon, own, mail) = tokio::join!(
        neighbour::examine_amazon(checkup.amazon.as_ref(), store.as_ref(), now),
        own::examine(&checkup.own, now),
        neighbour::examine_mail(checkup.mail.as_ref()),
    );
    let merchant_portal = "only Amazon's Merchant Portal shows it";
    let catalog =
        "prices come from files here (`storeside import`), and Amazon's Catalog API is not called: ask Amazon";
    let mut findings = vec![database];
    findings.extend(amazon.clock);
    findings.push(Finding::unseen("AWS Account Allowlisting (Catalog API)", catalog));
    findings.push(Finding::unseen("Merchant Portal, Catalog API", merchant_portal));
    findings.push(Finding::unseen("SNS Subscription (Catalog Notifications)", catalog));
    for (name, connector) in [("Shopper Authorization Connector", own.gate), ("Ordering Connector", own.carts)] {
        findings.extend(connector);
        findings.push(Finding::unseen(&format!("Merchant Portal, {name}"), merchant_portal));
    }
    findings.extend(amazon.apis);
    let processor = match checkup.own.takes_online_payments {
        true => "STRIPE_SECRET_KEY is set; whether Stripe takes it shows at the first payment",
        false => "STRIPE_SECRET_KEY is not set: nobody can pay online, only at the till (`storeside debt pay`)",
    };
    findings.push(Finding::unseen("Payment Processor", processor));
    findings.push(own.events);
    findings.push(mail);
    findings
}

async fn examine_database(checkup: &Checkup) -> (Finding, Vec<StoreId>) {
    let subject = "Database";
    let database = match &checkup.database {
        Ok(database) => database,
        Err((what, remedy)) => return (Finding::wrong(subject, what, remedy), vec![]),
    };
    let listed = async { store::settings::list_ids(&mut *database.acquire().await?).await };
    match listed.await {
        Ok(stores) if stores.is_empty() => {
            let remedy = "`storeside seed` makes the demo's";
            (Finding::wrong(subject, "it is migrated, and has no store", remedy), vec![])
        }
        Ok(stores) => {
            let names: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
            (Finding::fine(subject, format!("it is migrated, and has {}", names.join(", "))), stores)
        }
        Err(_) => {
            let remedy = "see the server's own log; then ask again";
            (Finding::wrong(subject, "it answers, and cannot be read", remedy), vec![])
        }
    }
}
