//! What the gate goes by, as it was known last: the stores and their rules, who owes, and who is listed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::gate::{Listing, Standing};
use domain::id::{InstrumentId, StoreId};
use domain::money::Money;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::store::gate_away::{StoreGate, list_gates, list_listed, list_owed};
use crate::store::{StoreError, gate_away};

/// What is known of one tap's store and instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTap {
    /// The store's gate.
    pub gate: Arc<StoreGate>,
    /// What is known of the instrument; nothing where it neither owes nor is listed. When a debt was settled is not known here.
    pub standing: Standing,
    /// As of when that is known.
    pub as_of: OffsetDateTime,
}

/// Whether a tap's store is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It is.
    Known(Box<KnownTap>),
    /// It is not a store of ours.
    UnknownStore,
    /// Nothing was ever read.
    NothingKnown,
}

/// Everything that is known. One writer, the listener; any number of taps read.
#[derive(Debug, Default)]
pub struct LastKnown {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    stores: HashMap<StoreId, Arc<StoreGate>>,
    /// Whoever owes something or is listed.
    people: HashMap<InstrumentId, Person>,
    /// When the database last said that nothing is newer. `None`: never.
    as_of: Option<OffsetDateTime>,
}

#[derive(Debug, Default)]
struct Person {
    /// A currency each.
    owed: Vec<(Money, Vec<OffsetDateTime>)>,
    /// At which store; `None`: at every one.
    listed: Vec<(Option<StoreId>, Listing)>,
}

impl LastKnown {
    /// What is known of a store and an instrument.
    #[must_use]
    pub fn look(&self, store: &StoreId, instrument: &InstrumentId) -> Looked {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(as_of) = known.as_of else { return Looked::NothingKnown };
        let Some(gate) = known.stores.get(store) else { return Looked::UnknownStore };
        let mut standing = Standing::nothing(gate.settings.currency);
        if let Some(person) = known.people.get(instrument) {
            let owed = person.owed.iter().find(|(owed, _)| owed.currency() == gate.settings.currency);
            if let Some((outstanding, incidents)) = owed {
                (standing.outstanding, standing.incidents) = (*outstanding, incidents.clone());
            }
            let listed = person.listed.iter().filter(|(at, _)| at.as_ref().is_none_or(|at| at == store));
            standing.listed = listed.map(|(_, listing)| *listing).collect();
        }
        Looked::Known(Box::new(KnownTap { gate: Arc::clone(gate), standing, as_of }))
    }

    /// How many instruments are known to owe something.
    #[must_use]
    pub fn count_owing(&self) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.people.values().filter(|person| !person.owed.is_empty()).count()
    }

    /// As of when everything is known. `None`: nothing was ever read.
    #[must_use]
    pub fn as_of(&self) -> Option<OffsetDateTime> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).as_of
    }

    /// Reads everything anew. `now` is from before the question, so that what is said to be known is not younger than it is.
    ///
    /// # Errors
    ///
    /// A database that is away; what was known stays.
    pub async fn read_all(&self, conn: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
        let stores = read_stores(&mut *conn, now).await?;
        let people = read_people(conn, None, now).await?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { stores, people, as_of: Some(now) };
        Ok(())
    }

    /// Reads the stores and the rules anew that are in force at `now`.
    ///
    /// # Errors
    ///
    /// A database that is away; what was known stays.
    pub async fn read_rules(&self, conn: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
        let stores = read_stores(conn, now).await?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).stores = stores;
        Ok(())
    }

    /// Reads anew what some instruments owe and where they are listed.
    ///
    /// # Errors
    ///
    /// A database that is away; what was known stays.
    pub async fn read_some(
        &self,
        conn: &mut PgConnection,
        instruments: &[InstrumentId],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = instruments.iter().map(ToString::to_string).collect();
        let people = read_people(conn, Some(&ids), now).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for instrument in instruments {
            known.people.remove(instrument);
        }
        known.people.extend(people);
        Ok(())
    }

    /// The database was asked at `at` and had no news.
    pub fn confirm(&self, at: OffsetDateTime) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(as_of) = &mut known.as_of {
            *as_of = at;
        }
    }
}

async fn read_stores(
    conn: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<HashMap<StoreId, Arc<StoreGate>>, StoreError> {
    let gates = list_gates(conn, now).await?;
    Ok(gates.into_iter().map(|gate| (gate.settings.id.clone(), Arc::new(gate))).collect())
}

async fn read_people(
    conn: &mut PgConnection,
    only: Option<&[String]>,
    now: OffsetDateTime,
) -> Result<HashMap<InstrumentId, Person>, StoreError> {
    let mut people = HashMap::<InstrumentId, Person>::new();
    for gate_away::Owed { instrument, outstanding, incidents } in list_owed(&mut *conn, only).await? {
        people.entry(instrument).or_default().owed.push((outstanding, incidents));
    }
    for gate_away::Listed { instrument, store, listing } in list_listed(conn, only, now).await? {
        people.entry(instrument).or_default().listed.push((store, listing));
    }
    Ok(people)
}
