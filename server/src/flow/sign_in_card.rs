//! Signing in by facts of a card. Every try that is looked up runs the same statements, whether it is right or not, and a try that is
//! not looked up was refused before anybody knew.

use domain::alert::AlertKind;
use domain::id::{InstrumentId, StoreId};
use domain::money::Money;
use domain::sign_in::{Admission, CardClaim, Fact, LastFact, STATEMENT_WINDOW, Tried, WINDOW, admit};
use domain::viewer::Viewer;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use super::sign_in::window_of;
use crate::store::audit::AuditEntry;
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum CardSignInError {
    /// No card, or more than one: one answer for both, and for every fact that is wrong.
    #[error("the facts are not those of one card")]
    NoMatch,
    /// Too many misses from this network or about this card: later.
    #[error("too many tries")]
    TooMany,
    /// So much is guessed about this store that only the number on the statement counts.
    #[error("the number on the statement is needed")]
    AskStatement,
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CardSignInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The stores somebody may have been in, by name.
///
/// # Errors
///
/// A database that is away.
pub async fn stores(db: &PgPool) -> Result<Vec<(StoreId, String)>, StoreError> {
    store::settings::list_names(&mut *db.acquire().await?).await
}

/// Whom a claim lets in: the card, or only its debts where the last fact is missing.
///
/// # Errors
///
/// See [`CardSignInError`].
pub async fn sign_in_card(
    db: &PgPool,
    vault: &Vault,
    claim: &CardClaim,
    network: &str,
    now: OffsetDateTime,
) -> Result<Viewer, CardSignInError> {
    let mut tx = db.begin().await?;
    let tries = Tries::of(vault, claim, network, now);
    // What is refused here was not tried: the transaction takes its counts along.
    match tries.admission(&mut tx, claim.last.fact(), now).await? {
        Admission::Go => {}
        Admission::Wait => return Err(CardSignInError::TooMany),
        Admission::AskStatement => return Err(CardSignInError::AskStatement),
    }
    let total = claimed_total(&mut tx, claim).await?;
    let cards = store::card_facts::find_cards(&mut tx, vault, claim, total).await?;
    let card = match &cards[..] {
        [only] => Some(only),
        _ => None,
    };
    let viewer = card.map(|card| viewer(claim, card));
    tries.end(&mut tx, viewer.is_none().then_some(now)).await?;
    if let Some(canary) = store::canary::of_card(&mut tx, card).await? {
        store::alert::open(&mut tx, AlertKind::CanaryOpened, canary.as_str(), now).await?;
    }
    audit(&mut tx, claim, viewer.as_ref(), now).await?;
    tx.commit().await?;
    viewer.ok_or(CardSignInError::NoMatch)
}

fn viewer(claim: &CardClaim, card: &InstrumentId) -> Viewer {
    match claim.last {
        LastFact::Statement(_) | LastFact::Total(_) => Viewer::Card(card.clone()),
        LastFact::Missing => Viewer::Debtor(card.clone()),
    }
}

/// In the store's currency. `None` also for an amount that cannot be of it, which then is nobody's.
async fn claimed_total(conn: &mut PgConnection, claim: &CardClaim) -> Result<Option<Money>, StoreError> {
    let store = store::settings::get(conn, &claim.store).await?;
    Ok(match (&claim.last, store) {
        (LastFact::Total(total), Some(store)) => Money::from_decimal(*total, store.currency).ok(),
        _ => None,
    })
}

/// Nothing of the facts: only how strong they were, and whose they turned out to be.
async fn audit(
    conn: &mut PgConnection,
    claim: &CardClaim,
    viewer: Option<&Viewer>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let subject = viewer.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let detail = json!({ "store": claim.store.as_str(), "last_fact": claim.last.fact().as_str() });
    let entry = AuditEntry { actor: "shopper", action: "card_facts_tried", subject: &subject, detail };
    store::audit::insert(conn, entry, now).await
}

/// What counts a network's tries with numbers of statements.
const BY_STATEMENT: &str = "card_network_statement";

/// One row of `budget`.
struct Counted {
    kind: &'static str,
    subject: Vec<u8>,
    window: OffsetDateTime,
}

/// What a try is counted by, in the order in which the rows are locked.
struct Tries {
    network: Counted,
    card: Counted,
    store: Counted,
}

impl Tries {
    fn of(vault: &Vault, claim: &CardClaim, network: &str, now: OffsetDateTime) -> Self {
        let (kind, window): (_, Duration) = match claim.last.fact() {
            Fact::Statement => (BY_STATEMENT, STATEMENT_WINDOW),
            Fact::Total | Fact::Missing => ("card_network", WINDOW),
        };
        let counted = |kind, what, fact: &str, window| Counted {
            kind,
            subject: vault.index(what, fact).into_bytes(),
            window: window_of(now, window),
        };
        Self {
            network: counted(kind, "network", network, window),
            card: counted("card_facts", "card_tried", &store::card_facts::claimed_card(claim), WINDOW),
            store: counted("card_store", "store_tried", claim.store.as_str(), WINDOW),
        }
    }

    /// Guesses of numbers on statements say nothing of a card and a store, so they are not counted there.
    async fn admission(
        &self,
        conn: &mut PgConnection,
        fact: Fact,
        now: OffsetDateTime,
    ) -> Result<Admission, StoreError> {
        let network = self.network.lock(&mut *conn).await?;
        let card = self.card.lock(&mut *conn).await?;
        let store = self.store.lock(&mut *conn).await?;
        Ok(admit(fact, network, card, store, now))
    }

    async fn end(&self, conn: &mut PgConnection, missed_at: Option<OffsetDateTime>) -> Result<(), StoreError> {
        self.network.end(&mut *conn, missed_at).await?;
        let missed_at = missed_at.filter(|_| self.network.kind != BY_STATEMENT);
        self.card.end(&mut *conn, missed_at).await?;
        self.store.end(conn, missed_at).await
    }
}

impl Counted {
    async fn lock(&self, conn: &mut PgConnection) -> Result<Tried, StoreError> {
        store::budget::lock_try(conn, self.kind, &self.subject, self.window).await
    }

    async fn end(&self, conn: &mut PgConnection, missed_at: Option<OffsetDateTime>) -> Result<(), StoreError> {
        store::budget::end_try(conn, self.kind, &self.subject, self.window, missed_at).await
    }
}
