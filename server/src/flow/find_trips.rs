//! A viewer's visits: a page of them, those that are looked for, and the one that a line on a card statement is about.

use domain::id::{InstrumentId, TripId};
use domain::viewer::Viewer;
use sqlx::PgPool;

use crate::store::trip::listed::{self, ListedTrip, Wanted};
use crate::store::{self, StoreError};
use crate::vault::Vault;

/// Visits on a page.
pub const PAGE: usize = 20;

/// What a card is called in a hash that stands in an address.
const CARD: &str = "card in an address";

/// Bytes of such a hash: enough to tell one person's cards apart.
const CARD_BYTES: usize = 8;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct FindTrips {
    /// When, and where in the list.
    pub wanted: Wanted,
    /// Paid with the card of this hash, as [`FoundCard::key`] has it.
    pub card: Option<String>,
}

/// A card that visits were paid with.
#[derive(Debug, Clone)]
pub struct FoundCard {
    /// A hash: sixteen hexadecimal digits.
    pub key: String,
    /// Like `VISA ending in 1234`.
    pub name: String,
}

/// A page of visits.
#[derive(Debug, Clone)]
pub struct FoundTrips {
    /// The newest first.
    pub trips: Vec<ListedTrip>,
    /// Are there older ones?
    pub has_more: bool,
    /// Every card of the viewer's that is known.
    pub cards: Vec<FoundCard>,
}

/// A page of a viewer's visits.
///
/// # Errors
///
/// A database that is away.
pub async fn find_trips(
    db: &PgPool,
    vault: &Vault,
    viewer: &Viewer,
    find: &FindTrips,
) -> Result<FoundTrips, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    let cards = listed::list_cards(&mut conn, vault, &reach).await?;
    let named = |(id, card): (InstrumentId, _)| {
        let card: domain::receipt::CardFacts = card;
        Some(FoundCard { key: key(vault, id.as_str()), name: card.name()? })
    };
    let cards = cards.into_iter().filter_map(named).collect();
    let reach = match &find.card {
        Some(card) => reach.narrowed(card, |id| key(vault, id)),
        None => reach,
    };
    let one_more = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut trips = listed::list(&mut conn, vault, &reach, &find.wanted, one_more).await?;
    let has_more = trips.len() > PAGE;
    trips.truncate(PAGE);
    Ok(FoundTrips { trips, has_more, cards })
}

fn key(vault: &Vault, instrument: &str) -> String {
    vault.index(CARD, instrument).bytes()[..CARD_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The viewer's visit whose payment has this number on the card's statement.
///
/// # Errors
///
/// A database that is away.
pub async fn find_payment(
    db: &PgPool,
    vault: &Vault,
    viewer: &Viewer,
    number: &str,
) -> Result<Option<TripId>, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    listed::find_by_statement(&mut conn, vault, &reach, number).await
}
